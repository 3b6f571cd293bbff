//! The cheapest request for each permission, and what its answer says of the permission.
//!
//! Graph checks the permission before it looks for what is asked for. So a team that nobody can have is *not found* with
//! the permission, and forbidden without it. That is a habit of the service and no promise of it: a refusal is read by its
//! words, and the claims of the token tell more.

use super::problem::{self, Problem, Subject};
use super::words::Words;
use super::{Graph, answer, limits};
use crate::http::Failure;
use crate::journal::{Answer, is_json};
use crate::journal::{Exchange, NoAnswer, Request};

/// The id of a team that nobody has.
const NO_TEAM: &str = "00000000-0000-0000-0000-000000000001";
/// The id of a channel that nobody has.
const NO_CHANNEL: &str = "19:probe@thread.tacv2";
/// The id of a chat that nobody has.
const NO_CHAT: &str = "19:probe@thread.v2";

/// What Graph lets the application do, judged by one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// The request was let in. `found` is false when Graph only could not make sense of what does not exist (HTTP 400),
    /// which it may say before it looks at the permission.
    LetIn {
        /// Whether it looked for what was asked for.
        found: bool,
    },
    /// Graph says that a permission is missing, in these words.
    Missing(String),
    /// Graph refuses and gives no reason. A missing permission looks like that, and so does a failure behind Graph.
    Unexplained(String),
    /// Graph says that a licence is missing, in these words.
    NotLicensed(String),
    /// Graph refuses for another reason than a missing permission: its code and words.
    Refused(String),
    /// Graph did not answer, for this reason.
    NoAnswer(String),
}

impl Graph {
    /// Asks for what only this application permission opens; `None` for a permission that has no such request.
    /// `adjust` sets the time limits of the request.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn probe(
        &self,
        permission: &str,
        adjust: impl FnOnce(Request) -> Request,
    ) -> Result<Option<(Right, Exchange)>, Failure> {
        let one = ("$top", "1".to_owned());
        let id = ("$select", "id".to_owned());
        let (subject, request) = match permission {
            "User.Read.All" => {
                let request = self.get(&["users"], &[one, id], limits::other());
                (Subject::USERS, request)
            }
            "Team.ReadBasic.All" => {
                let request = self.get(&["teams", NO_TEAM], &[id], limits::team(NO_TEAM));
                (Subject::TEAMS, request)
            }
            "Channel.ReadBasic.All" => {
                let path = ["teams", NO_TEAM, "channels"];
                let request = self.get(&path, &[id], limits::team(NO_TEAM));
                (Subject::CHANNELS, request)
            }
            "ChannelMessage.Read.All" => {
                let path = ["teams", NO_TEAM, "channels", NO_CHANNEL, "messages"];
                let limits = limits::channel_messages(NO_TEAM, NO_CHANNEL);
                let request = self.get(&path, &[one], limits);
                (Subject::CHANNEL_MESSAGES, request)
            }
            "Chat.Read.All" => {
                let path = ["chats", NO_CHAT, "messages"];
                let request = self.get(&path, &[one], limits::chat_messages(NO_CHAT));
                (Subject::CHAT_MESSAGES, request)
            }
            _ => return Ok(None),
        };
        let exchange = self.client.send(&adjust(request)).await?;
        Ok(Some((read(&exchange, subject), exchange)))
    }
}

fn read(exchange: &Exchange, subject: Subject) -> Right {
    let said = || Words::of(exchange).to_string();
    let Answer::Response { status, body, .. } = &exchange.answer else {
        return match &exchange.answer {
            Answer::Nothing(NoAnswer::Failed(why)) => Right::NoAnswer(why.clone()),
            Answer::Nothing(other) => Right::NoAnswer(other.to_string()),
            Answer::Response { .. } => Right::NoAnswer(String::new()),
        };
    };
    match status {
        200 if is_json(body) => Right::LetIn { found: true },
        404 if answer::is_error(body) => Right::LetIn { found: true },
        400 if answer::is_error(body) => Right::LetIn { found: false },
        403 => match problem::of_object(exchange, subject) {
            Problem::NotPermitted { .. } | Problem::NotInstalled { .. } => Right::Missing(said()),
            Problem::NotLicensed { .. } => Right::NotLicensed(said()),
            Problem::Unexplained { .. } => Right::Unexplained(said()),
            _ => Right::Refused(said()),
        },
        402 => Right::NotLicensed(said()),
        401 => Right::Refused(said()),
        200..=399 | 404 => Right::NoAnswer(format!(
            "HTTP {status}, and not what Graph sends: is there a proxy, or is [endpoints] graph wrong?"
        )),
        _ => Right::NoAnswer(said()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn right(status: u16, body: &str) -> Right {
        let exchange = Exchange {
            record: 1,
            at: "2026-11-28T09:00:00Z".parse().unwrap(),
            answer: Answer::Response {
                status,
                headers: BTreeMap::new(),
                body: body.to_owned(),
            },
        };
        read(&exchange, Subject::CHANNEL_MESSAGES)
    }

    fn error(code: &str, message: &str) -> String {
        serde_json::json!({"error": {"code": code, "message": message}}).to_string()
    }

    #[test]
    fn not_found_is_let_in_and_a_proxy_is_nobody() {
        let found = Right::LetIn { found: true };
        assert_eq!(right(200, r#"{"value":[]}"#), found);
        assert_eq!(right(404, &error("NotFound", "")), found);
        let unsure = Right::LetIn { found: false };
        assert_eq!(right(400, &error("BadRequest", "")), unsure);
        for (status, body) in [(200, "<html>"), (404, "<html>"), (302, ""), (404, "")] {
            assert!(
                matches!(right(status, body), Right::NoAnswer(_)),
                "{status}"
            );
        }
        assert_eq!(
            right(503, ""),
            Right::NoAnswer("HTTP 503".to_owned()),
            "no answer is no refusal"
        );
    }

    #[test]
    fn a_refusal_is_read_by_its_words() {
        let missing = "Missing role permissions on the request. API requires one of 'ChannelMessage.Read.All'. Roles on the request 'x'.";
        let is_missing =
            |right: Right| matches!(right, Right::Missing(said) if said.starts_with("HTTP 403"));
        assert!(is_missing(right(403, &error("Forbidden", missing))));
        let denied = error("Authorization_RequestDenied", "Insufficient privileges.");
        assert!(is_missing(right(403, &denied)));
        let unexplained = Right::Unexplained("HTTP 403 UnknownError".to_owned());
        assert_eq!(right(403, &error("UnknownError", "")), unexplained);
        let licence = error(
            "Forbidden",
            "Failed to get license information for the user.",
        );
        for licence in [
            right(403, &licence),
            right(402, &error("PaymentRequired", "x")),
        ] {
            assert!(matches!(licence, Right::NotLicensed(_)), "{licence:?}");
        }
        for (status, body) in [
            (
                403,
                &error("AccessDenied", "Exception in GetUserAppDefinitionsAsync"),
            ),
            (401, &error("InvalidAuthenticationToken", "x")),
        ] {
            assert!(matches!(right(status, body), Right::Refused(_)), "{body}");
        }
    }
}
