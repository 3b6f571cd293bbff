//! Why something of Microsoft Graph is missing, and what to do about it.
//!
//! A refusal says more than its status: 403 may mean a missing permission, a missing licence, a resource that is closed or
//! belongs to another tenant, or a failure behind Graph. "Grant …" is advice for the first of them alone.

use std::time::{Duration, SystemTime};

use super::answer;
use super::words::Words;
use crate::http::{ASKED_TO_WAIT, retry_after};
use crate::journal::{Answer, Exchange, NoAnswer};
use crate::model::Source;

/// The highest number of pages without an item in a row. A filtered list of messages has some: the service gives a page
/// for each stretch that it has searched, whether the filter left anything of it or not. With 50 messages in a stretch
/// this allows 10,000 in a row that are not wanted.
pub(super) const MOST_EMPTY_PAGES: usize = 200;

/// Why something is missing. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Problem {
    #[error("{what}: not permitted (HTTP {status}); grant the application {permission}")]
    NotPermitted {
        what: &'static str,
        permission: &'static str,
        status: u16,
    },
    #[error(
        "{what}: refused without a reason ({said}), as when the application lacks {permission} or an administrator's consent to it, or when a service behind Graph fails; check the permission, then run the same command again"
    )]
    Unexplained {
        what: &'static str,
        permission: &'static str,
        said: String,
    },
    #[error(
        "{what}: not licensed ({said}); a licence for Teams is missing or used up, and no permission replaces it"
    )]
    NotLicensed { what: &'static str, said: String },
    #[error(
        "{what}: the application may read only the teams and chats that it is installed in, and this is none of them ({said}); install it there, or grant it {permission} for the whole tenant"
    )]
    NotInstalled {
        what: &'static str,
        permission: &'static str,
        said: String,
    },
    #[error(
        "{what}: closed to every application ({said}): blocked, or barred by its own list of rights; no permission opens it, so ask in Teams' admin centre what holds it closed"
    )]
    Closed { what: &'static str, said: String },
    #[error("{what}: belongs to another tenant, and only that one can read it ({said})")]
    Foreign { what: &'static str, said: String },
    #[error(
        "{what}: refused ({said}); Graph names no missing permission, so a service behind it may have failed: run the same command again later"
    )]
    Backend { what: &'static str, said: String },
    #[error(
        "{what}: the token was refused, and a new one too ({said}); check the application's sign-in, then run the same command again"
    )]
    TokenRefused { what: &'static str, said: String },
    #[error("{what}: not found")]
    NotFound { what: &'static str },
    #[error("{what}: no such list (HTTP 404), although its owner is named elsewhere; {may_mean}")]
    NoList {
        what: &'static str,
        may_mean: &'static str,
    },
    #[error(
        "{what}: the list broke off at a later page, and again when it was read anew ({said}); what was read so far is kept, and the same command reads it anew"
    )]
    BrokenOff { what: &'static str, said: String },
    #[error("{what}: {}; run the same command again later", waited(.asked))]
    Throttled {
        what: &'static str,
        /// The minutes that Graph asked to wait, when it said so.
        asked: Option<u64>,
    },
    #[error("{what}: {said}")]
    Refused {
        what: &'static str,
        status: u16,
        said: String,
    },
    #[error("{what}: no answer ({reason})")]
    NoAnswer { what: &'static str, reason: String },
    #[error("{what}: the answer is not what Graph sends")]
    NotUnderstood { what: &'static str },
    #[error("{what}: the next page is at another place than Graph ({host}); it was not followed")]
    Elsewhere { what: &'static str, host: String },
    #[error("{what}: the pages go round in a circle; what was read so far is kept")]
    Loop { what: &'static str },
    #[error(
        "{what}: {MOST_EMPTY_PAGES} empty pages in a row, with no end in sight; what was read so far is kept"
    )]
    EmptyPages { what: &'static str },
    #[error(
        "{what}: not asked for, since linktrail is signed in as a person, and Graph gives those of other people to an application only"
    )]
    OfOthers { what: &'static str },
    #[error(
        "{what}: not asked for, since the person who is signed in has not been granted {scope}"
    )]
    NoScope {
        what: &'static str,
        scope: &'static str,
    },
    #[error("{what}: not asked for, since the person who is signed in has not joined the team")]
    NotJoined { what: &'static str },
    #[error(
        "{what}: refused to the person who is signed in ({said}), as when they are no member; sign in as an application to have it"
    )]
    NotForPerson { what: &'static str, said: String },
    #[error(
        "{what}: not listed, since linktrail is signed in as a person, and Graph exports messages to an application only; each was asked for singly"
    )]
    OneByOne { what: &'static str },
}

fn waited(asked: &Option<u64>) -> String {
    match asked {
        Some(minutes) => format!(
            "throttled: Graph asked to wait {minutes} minutes, and no more than 15 are waited in all"
        ),
        None => "still throttled after 15 minutes".to_owned(),
    }
}

impl Problem {
    /// The name of the source, if what is absent is not permitted or not licensed: `[gaps] accepted` can name it then.
    /// `None` for what went wrong.
    pub fn absence(&self) -> Option<&str> {
        match self {
            Self::NotPermitted { .. } | Self::NotLicensed { .. } => Some(Source::Graph.as_str()),
            _ => None,
        }
    }

    /// True when it was not asked for, since the person who is signed in could not have it.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(
            self,
            Self::OfOthers { .. } | Self::NoScope { .. } | Self::NotJoined { .. }
        )
    }

    /// The source that does not give it.
    pub fn source(&self) -> Source {
        match self {
            Self::NoScope { what, .. } if *what == Subject::HUNTING.what => Source::Hunting,
            _ => Source::Graph,
        }
    }

    /// The same, when it was a person who asked: rights that an application would need are not what is missing.
    pub(super) fn for_person(self) -> Self {
        match self {
            Self::Unexplained { what, said, .. }
            | Self::NotInstalled { what, said, .. }
            | Self::Closed { what, said }
            | Self::Backend { what, said } => Self::NotForPerson { what, said },
            Self::NotPermitted { what, status, .. } => Self::NotForPerson {
                what,
                said: format!("HTTP {status}"),
            },
            other => other,
        }
    }

    /// What was not asked for and why, in a few words, for a list of such things.
    pub fn in_short(&self) -> String {
        match self {
            Self::OfOthers { what } => format!("{what} of other people"),
            Self::NoScope { what, scope } => format!("{what} (needs {scope})"),
            Self::NotJoined { what } => format!("{what} of teams that they have not joined"),
            problem => problem.to_string(),
        }
    }

    /// True when asking for the parts of the list singly would meet the same refusal.
    pub fn is_of_the_service(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status >= 500,
            Self::NotPermitted { .. }
            | Self::Unexplained { .. }
            | Self::NotLicensed { .. }
            | Self::NotInstalled { .. }
            | Self::Closed { .. }
            | Self::Foreign { .. }
            | Self::Backend { .. }
            | Self::TokenRefused { .. }
            | Self::Throttled { .. }
            | Self::NoAnswer { .. }
            | Self::OfOthers { .. }
            | Self::NoScope { .. }
            | Self::NotJoined { .. } => true,
            Self::NotFound { .. }
            | Self::NoList { .. }
            | Self::BrokenOff { .. }
            | Self::NotUnderstood { .. }
            | Self::Elsewhere { .. }
            | Self::Loop { .. }
            | Self::EmptyPages { .. }
            | Self::NotForPerson { .. }
            | Self::OneByOne { .. } => false,
        }
    }
}

/// A kind of object: its name in gaps, the permission that reading it requires, and what it may mean that there is no
/// list of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub(super) what: &'static str,
    pub(super) permission: &'static str,
    may_mean: &'static str,
}

impl Subject {
    /// Whether another tenant can own it. A user, and the lists of a user, belong to the tenant under investigation: the
    /// directory names the user.
    fn may_be_foreign(self) -> bool {
        let own = [Self::USERS, Self::JOINED_TEAMS, Self::ASSOCIATED_TEAMS];
        !own.iter().any(|own| own.what == self.what)
    }

    const SINGLE: &str = "";
    const NO_TEAMS: &str =
        "the account may be new, or without a licence for Teams; run the same command again later";

    pub(super) const USERS: Self = Self {
        what: "users",
        permission: "User.Read.All",
        may_mean: Self::SINGLE,
    };
    pub(super) const JOINED_TEAMS: Self = Self {
        what: "joined teams",
        permission: "Team.ReadBasic.All",
        may_mean: Self::NO_TEAMS,
    };
    pub(super) const ASSOCIATED_TEAMS: Self = Self {
        what: "associated teams",
        permission: "Team.ReadBasic.All",
        may_mean: Self::NO_TEAMS,
    };
    pub(super) const TEAMS: Self = Self {
        what: "teams",
        permission: "Team.ReadBasic.All",
        may_mean: Self::SINGLE,
    };
    pub(super) const CHANNELS: Self = Self {
        what: "channels",
        permission: "Channel.ReadBasic.All",
        may_mean: Self::SINGLE,
    };
    pub(super) const CHANNEL_MESSAGES: Self = Self {
        what: "channel messages",
        permission: "ChannelMessage.Read.All",
        may_mean: "the team may be deleted, archived or new, or `[endpoints] graph` is not Graph; run the same command again later",
    };
    pub(super) const CHATS: Self = Self {
        what: "chats",
        permission: "Chat.Read.All",
        may_mean: "the account may be new, or without a licence for Teams; run the same command again later",
    };
    pub(super) const CHAT_MEMBERS: Self = Self {
        what: "chat members",
        permission: "Chat.Read.All",
        may_mean: "the chat may be deleted; run the same command again later",
    };
    pub(super) const HUNTING: Self = Self {
        what: "advanced hunting",
        permission: "ThreatHunting.Read.All",
        may_mean: Self::SINGLE,
    };
    pub(super) const CHAT_MESSAGES: Self = Self {
        what: "chat messages",
        permission: "Chat.Read.All",
        may_mean: "the chat may be deleted; run the same command again later",
    };
}

/// Why a request for a single object, which failed, failed.
pub(super) fn of_object(exchange: &Exchange, subject: Subject) -> Problem {
    match exchange.status() {
        Some(404) if answer::is_object(&exchange.answer) => {
            Problem::NotFound { what: subject.what }
        }
        _ => refusal(exchange, subject),
    }
}

/// Why a request for the first page of a list, which failed, failed.
pub(super) fn of_list(exchange: &Exchange, subject: Subject) -> Problem {
    let Subject { what, may_mean, .. } = subject;
    match (exchange.status(), refusal(exchange, subject)) {
        (Some(404), foreign @ Problem::Foreign { .. }) => foreign,
        (Some(404), _) => Problem::NoList { what, may_mean },
        (_, problem) => problem,
    }
}

/// Why a request for a later page, which failed, failed.
pub(super) fn of_next_page(exchange: &Exchange, subject: Subject) -> Problem {
    match answer::is_token_refused(&exchange.answer) {
        true => Problem::BrokenOff {
            what: subject.what,
            said: Words::of(exchange).to_string(),
        },
        false => refusal(exchange, subject),
    }
}

fn refusal(exchange: &Exchange, subject: Subject) -> Problem {
    let Subject {
        what, permission, ..
    } = subject;
    let Some(status) = exchange.status() else {
        return match &exchange.answer {
            Answer::Nothing(NoAnswer::GivenUp(why)) if why.starts_with(ASKED_TO_WAIT) => {
                let minutes = why[ASKED_TO_WAIT.len()..].split(' ').next();
                let asked = minutes.and_then(|minutes| minutes.parse().ok());
                Problem::Throttled { what, asked }
            }
            Answer::Nothing(NoAnswer::GivenUp(reason)) => Problem::NoAnswer {
                what,
                reason: reason.clone(),
            },
            Answer::Nothing(reason) => Problem::NoAnswer {
                what,
                reason: reason.to_string(),
            },
            Answer::Response { .. } => Problem::NotUnderstood { what },
        };
    };
    let words = Words::of(exchange);
    let said = words.to_string();
    match status {
        200..=399 => Problem::NotUnderstood { what },
        401 => Problem::TokenRefused { what, said },
        402 => Problem::NotLicensed { what, said },
        403 | 404 if words.has(&FOREIGN) && subject.may_be_foreign() => {
            Problem::Foreign { what, said }
        }
        403 => forbidden(&words, said, what, permission),
        404 => Problem::NotUnderstood { what },
        429 => Problem::Throttled {
            what,
            asked: asked_minutes(exchange),
        },
        _ => {
            let wait = asked_minutes(exchange);
            let wait = wait.map(|minutes| format!("; Graph asked to wait {minutes} minutes"));
            let said = said + wait.unwrap_or_default().as_str();
            Problem::Refused { what, status, said }
        }
    }
}

const FOREIGN: [&str; 5] = [
    "not in this tenant",
    "another tenant",
    "different tenant",
    "tenant mismatch",
    "cross-tenant",
];
const NOT_PERMITTED: [&str; 6] = [
    "missing role permissions",
    "missing scope permissions",
    "api requires one of",
    "authorization_requestdenied",
    "insufficient privileges",
    "insufficientprivileges",
];
const NOT_INSTALLED: [&str; 2] = ["notenoughprivileges", "resource specific consent"];
const NOT_LICENSED: [&str; 2] = ["paymentrequired", "licens"];
const CLOSED: [&str; 2] = ["blocked", "aclcheckfailed"];

fn forbidden(words: &Words, said: String, what: &'static str, permission: &'static str) -> Problem {
    if words.has(&NOT_INSTALLED) {
        Problem::NotInstalled {
            what,
            permission,
            said,
        }
    } else if words.has(&NOT_PERMITTED) {
        Problem::NotPermitted {
            what,
            permission,
            status: 403,
        }
    } else if words.has(&NOT_LICENSED) {
        Problem::NotLicensed { what, said }
    } else if words.has(&CLOSED) {
        Problem::Closed { what, said }
    } else if words.say_nothing() {
        Problem::Unexplained {
            what,
            permission,
            said,
        }
    } else {
        Problem::Backend { what, said }
    }
}

/// The minutes that Graph asked to wait, when that is a minute or more. A date counts from when the answer came, so that a
/// replay says the same.
fn asked_minutes(exchange: &Exchange) -> Option<u64> {
    let text = exchange.header("retry-after")?;
    let asked = retry_after(text, SystemTime::from(exchange.at))?;
    let minutes = asked.as_secs().div_ceil(60);
    (asked >= Duration::from_secs(60)).then_some(minutes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::json;

    fn exchange(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Exchange {
            record: 1,
            at: "2026-10-02T10:00:00Z".parse().unwrap(),
            answer: Answer::Response {
                status,
                headers: headers.collect(),
                body: body.to_owned(),
            },
        }
    }

    fn text(status: u16, code: &str, message: &str) -> String {
        let body = json!({"error": {"code": code, "message": message}}).to_string();
        of_list(&exchange(status, &[], &body), Subject::CHANNEL_MESSAGES).to_string()
    }

    /// Each case is a refusal that Graph was seen to send.
    #[test]
    fn only_a_missing_permission_is_to_be_granted() {
        let missing = "Missing role permissions on the request. API requires one of 'ChannelMessage.Read.All'. Roles on the request 'x'.";
        for (status, code, message, start, grant) in [
            (403, "Forbidden", missing, "not permitted", true),
            (
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
                "not permitted",
                true,
            ),
            (403, "UnknownError", "", "refused without a reason", false),
            (
                403,
                "Forbidden",
                "Forbidden",
                "refused without a reason",
                false,
            ),
            (
                403,
                "AccessDenied",
                "UnknownError",
                "refused (HTTP 403 AccessDenied: \"UnknownError\")",
                false,
            ),
            (
                403,
                "AccessDenied",
                "Exception in GetUserAppDefinitionsAsync",
                "refused (HTTP 403",
                false,
            ),
            (
                403,
                "Forbidden",
                "Failed to get license information for the user. Ensure user has a valid Office365 license assigned to them.",
                "not licensed",
                false,
            ),
            (
                402,
                "PaymentRequired",
                "Evaluation capacity has been exceeded.",
                "not licensed",
                false,
            ),
            (
                403,
                "Forbidden",
                "The team is blocked by an administrator.",
                "closed",
                false,
            ),
            (
                403,
                "Forbidden",
                "AclCheckFailed-Make sure that the caller is in the roster",
                "closed",
                false,
            ),
            (
                403,
                "Forbidden",
                "The thread is not in this tenant.",
                "belongs to another tenant",
                false,
            ),
            (
                404,
                "NotFound",
                "The thread is not in this tenant.",
                "belongs to another tenant",
                false,
            ),
            (
                403,
                "Forbidden",
                "NotEnoughPrivileges: the app is not installed in the team",
                "the application may read only",
                true,
            ),
        ] {
            let text = text(status, code, message);
            let start = format!("channel messages: {start}");
            assert!(text.starts_with(&start), "{text}");
            assert_eq!(text.contains("grant"), grant, "{text}");
        }
    }

    #[test]
    fn the_code_inside_decides_too() {
        let body = json!({"error": {"code": "Forbidden", "message": "Forbidden",
            "innerError": {"code": "AclCheckFailed", "innererror": {"message": "x"}}}});
        let refused = exchange(403, &[], &body.to_string());
        let problem = of_object(&refused, Subject::CHAT_MESSAGES);
        assert!(matches!(problem, Problem::Closed { .. }), "{problem}");
    }

    #[test]
    fn equal_causes_have_equal_reasons() {
        let of = |team: &str| {
            let message = format!(
                "Failed for team {team} at https://graph.microsoft.com/x?token=secret,\n\u{202e}by mila@contoso.com \"now\""
            );
            text(403, "AccessDenied", &message)
        };
        let one = of("11111111-aaaa-4aaa-8aaa-111111111111");
        assert_eq!(one, of("22222222-bbbb-4bbb-8bbb-222222222222"));
        assert!(
            one.contains("\"Failed for team … at … by … 'now'\""),
            "{one}"
        );
        let long = text(403, "AccessDenied", &"word ".repeat(100));
        assert!(long.chars().count() < 400, "{long}");
    }

    #[test]
    fn a_long_wait_is_named() {
        let of = |status, wait: &[(&str, &str)]| {
            of_list(&exchange(status, wait, ""), Subject::CHATS).to_string()
        };
        let hour = "chats: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later";
        assert_eq!(of(429, &[("retry-after", "3600")]), hour);
        assert_eq!(
            of(429, &[("retry-after", "Fri, 02 Oct 2026 11:00:00 GMT")]),
            hour
        );
        let unsaid = "chats: still throttled after 15 minutes; run the same command again later";
        assert_eq!(of(429, &[]), unsaid);
        assert_eq!(of(429, &[("retry-after", "5")]), unsaid);
        let down = "chats: HTTP 503; Graph asked to wait 20 minutes";
        assert_eq!(of(503, &[("retry-after", "1200")]), down);
    }

    #[test]
    fn not_found_is_said_only_by_graph() {
        let graphs = json!({"error": {"code": "NotFound", "message": ""}}).to_string();
        let of = |body: &str| of_object(&exchange(404, &[], body), Subject::USERS);
        assert_eq!(of(&graphs), Problem::NotFound { what: "users" });
        assert_eq!(of("<html>"), Problem::NotUnderstood { what: "users" });
        assert_eq!(of(""), Problem::NotUnderstood { what: "users" });
    }
}
