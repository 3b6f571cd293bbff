//! Microsoft Graph: users, teams, channels, chats and their messages.
//!
//! Lists are read to their last page. First pages and single objects are requested in `$batch` envelopes of twenty, but
//! every answer is a separate record, so a case does not depend on how an object was requested.

mod answer;
mod batch;
mod limits;
mod pages;
mod types;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use url::Url;

use self::answer::is_answer;
use crate::http::{Client, Failure};
use crate::journal::{Answer, Audience, Auth, Exchange, Limit, Request};
use crate::model::RecordNumber;
use crate::model::Source;
use crate::model::Window;
use crate::model::format_time;

pub use types::{ChannelInfo, ChatInfo, ChatMessage, Identity, Member, TeamInfo, UserInfo};

/// The key of this source in `requests` and in gaps.
pub const SOURCE: Source = Source::Graph;

/// The time limit for a request from its first attempt, including the waiting for throttling.
const DEADLINE: Duration = Duration::from_secs(15 * 60);
/// The number of messages on a page, which is the most that Microsoft Graph allows.
pub const PAGE: usize = 50;
/// The highest number of pages without an item in a row. A filtered list of messages has some: the service gives a page
/// for each stretch that it has searched, whether the filter left anything of it or not. With 50 messages in a stretch
/// this allows 10,000 in a row that are not wanted.
const MOST_EMPTY_PAGES: usize = 200;
/// How long after its creation a case can be resumed and still see the changes of its messages.
const FAR_OFF: TimeDelta = TimeDelta::days(366);
/// The largest answer, in bytes. A page holds at most 50 messages, and Teams limits each to about 100 KB with its cards
/// and attachments.
const LONGEST_ANSWER: usize = 64 << 20;

/// Microsoft Graph v1.0.
#[derive(Debug)]
pub struct Graph {
    client: Arc<Client>,
    base: Url,
}

/// A parsed answer, or one item of it, and the record that holds it.
#[derive(Debug, Clone)]
pub struct Recorded<T> {
    /// The number of the record.
    pub record: RecordNumber,
    /// The parsed answer or item.
    pub value: T,
}

/// Why something is missing. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Problem {
    #[error("{what}: access denied (HTTP {status}); grant the application {permission}")]
    Forbidden {
        what: &'static str,
        permission: &'static str,
        status: u16,
    },
    #[error("{what}: not found")]
    NotFound { what: &'static str },
    #[error("{what}: still throttled after 15 minutes; run the same command again later")]
    Throttled { what: &'static str },
    #[error("{what}: HTTP {status}{}", spaced(.code))]
    Refused {
        what: &'static str,
        status: u16,
        code: String,
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
}

impl Problem {
    /// The name of the source, if what is absent is absent since it is not permitted: `[gaps] accepted` can name it then.
    /// `None` for what went wrong.
    pub fn absence(&self) -> Option<&str> {
        matches!(self, Self::Forbidden { .. }).then_some(SOURCE.as_str())
    }
}

fn spaced(code: &str) -> String {
    if code.is_empty() {
        String::new()
    } else {
        format!(" {code}")
    }
}

/// A kind of object: its name in gaps, and the permission that reading it requires.
#[derive(Debug, Clone, Copy)]
struct Subject {
    what: &'static str,
    permission: &'static str,
}

const USERS: Subject = Subject {
    what: "users",
    permission: "User.Read.All",
};
const JOINED_TEAMS: Subject = Subject {
    what: "joined teams",
    permission: "Team.ReadBasic.All",
};
const TEAMS: Subject = Subject {
    what: "teams",
    permission: "Team.ReadBasic.All",
};
const CHANNELS: Subject = Subject {
    what: "channels",
    permission: "Channel.ReadBasic.All",
};
const CHANNEL_MESSAGES: Subject = Subject {
    what: "channel messages",
    permission: "ChannelMessage.Read.All",
};
const CHATS: Subject = Subject {
    what: "chats",
    permission: "Chat.Read.All",
};
const CHAT_MEMBERS: Subject = Subject {
    what: "chat members",
    permission: "Chat.Read.All",
};
const CHAT_MESSAGES: Subject = Subject {
    what: "chat messages",
    permission: "Chat.Read.All",
};

/// A list, as far as it could be read.
#[derive(Debug)]
pub struct List<T> {
    /// The items, each with the record of its page.
    pub items: Vec<Recorded<T>>,
    /// Why the list is incomplete; `None` when all of it was read.
    pub problem: Option<Problem>,
}

impl Graph {
    /// Microsoft Graph at this base url.
    pub fn new(client: Arc<Client>, endpoint: &Url) -> Self {
        let mut base = endpoint.clone();
        crate::model::url::append_path(&mut base, &["v1.0"]);
        Self { client, base }
    }

    /// Users by object id or UPN, in the order of `keys`.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn users(
        &self,
        keys: &[String],
    ) -> Result<Vec<Result<Recorded<UserInfo>, Problem>>, Failure> {
        let select = [(
            "$select",
            "id,userPrincipalName,displayName,mail,userType".to_owned(),
        )];
        let requests = keys
            .iter()
            .map(|key| self.get(&["users", key], &select, limits::other()))
            .collect();
        self.objects(requests, USERS).await
    }

    /// The teams that each of these users has joined.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn joined_teams(&self, users: &[String]) -> Result<Vec<List<TeamInfo>>, Failure> {
        let requests = users
            .iter()
            .map(|user| self.get(&["users", user, "joinedTeams"], &[], limits::teams()))
            .collect();
        self.lists(requests, JOINED_TEAMS).await
    }

    /// Teams by id, in the order of the ids.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn teams(
        &self,
        ids: &[String],
    ) -> Result<Vec<Result<Recorded<TeamInfo>, Problem>>, Failure> {
        let select = [("$select", "id,displayName".to_owned())];
        let requests = ids
            .iter()
            .map(|id| self.get(&["teams", id], &select, limits::team(id)))
            .collect();
        self.objects(requests, TEAMS).await
    }

    /// Channels by team id and channel id, in the order of the ids.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn channels(
        &self,
        ids: &[(String, String)],
    ) -> Result<Vec<Result<Recorded<ChannelInfo>, Problem>>, Failure> {
        let select = [("$select", "id,displayName,membershipType".to_owned())];
        let request = |(team, channel): &(String, String)| {
            self.get(
                &["teams", team, "channels", channel],
                &select,
                limits::channel(team, channel),
            )
        };
        self.objects(ids.iter().map(request).collect(), CHANNELS)
            .await
    }

    /// All messages and replies in the channels of a team that changed since `from`. `digest` is called with each on any
    /// thread, and `visit` with its results in the order of the list.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn team_messages<M: Send + 'static>(
        &self,
        team: &str,
        changed: Window,
        digest: impl Fn(Recorded<ChatMessage>) -> M + Clone + Send + 'static,
        mut visit: impl FnMut(M),
    ) -> Result<Option<Problem>, Failure> {
        let query = [
            ("$top", PAGE.to_string()),
            ("$filter", changed_between(changed)),
        ];
        let request = self.messages(
            &["teams", team, "channels", "getAllMessages"],
            &query,
            limits::all_messages(team),
        );
        self.pages(request, CHANNEL_MESSAGES, None, digest, &mut visit)
            .await
    }

    /// The rate limits for the pages of a team's messages, in requests a second: for one team, and for all teams
    /// together.
    pub fn message_rates(&self) -> (f64, f64) {
        let limits = limits::all_messages("");
        let rates = limits.iter().map(|limit| limit.rate);
        let (slowest, fastest) = rates.fold((f64::MAX, 0.0_f64), |(slowest, fastest), rate| {
            (slowest.min(rate), fastest.max(rate))
        });
        (slowest, fastest)
    }

    /// The chats of each of these users.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn chats(&self, users: &[String]) -> Result<Vec<List<ChatInfo>>, Failure> {
        let top = [("$top", PAGE.to_string())];
        let requests = users
            .iter()
            .map(|user| self.get(&["users", user, "chats"], &top, limits::chats_of(user)))
            .collect();
        self.lists(requests, CHATS).await
    }

    /// The members of each of these chats.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn chat_members(&self, chats: &[String]) -> Result<Vec<List<Member>>, Failure> {
        let requests = chats
            .iter()
            .map(|chat| self.get(&["chats", chat, "members"], &[], limits::chat(chat)))
            .collect();
        self.lists(requests, CHAT_MEMBERS).await
    }

    /// The messages of a chat that changed in this time. `digest` is called with each on any thread, and `visit` with
    /// its results in the order of the list.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn chat_messages<M: Send + 'static>(
        &self,
        chat: &str,
        changed: Window,
        digest: impl Fn(Recorded<ChatMessage>) -> M + Clone + Send + 'static,
        mut visit: impl FnMut(M),
    ) -> Result<Option<Problem>, Failure> {
        // The service ignores the filter unless $orderby has the same property.
        let query = [
            ("$top", PAGE.to_string()),
            ("$orderby", "lastModifiedDateTime desc".to_owned()),
            ("$filter", changed_between(changed)),
        ];
        let request = self.messages(
            &["chats", chat, "messages"],
            &query,
            limits::chat_messages(chat),
        );
        self.pages(request, CHAT_MESSAGES, None, digest, &mut visit)
            .await
    }

    fn get(&self, path: &[&str], query: &[(&str, String)], limits: Vec<Limit>) -> Request {
        let mut url = self.base.clone();
        crate::model::url::append_path(&mut url, path);
        if !query.is_empty() {
            // Microsoft Graph decodes both `+` and `%20` as a space in a query; `%20` is unambiguous.
            let encoded: Vec<_> = query
                .iter()
                .map(|(name, value)| format!("{name}={}", crate::model::url::encode(value)))
                .collect();
            url.set_query(Some(&encoded.join("&")));
        }
        Request {
            auth: Auth::Entra(Audience::Graph),
            limits,
            deadline: DEADLINE,
            longest_answer: LONGEST_ANSWER,
            is_answer,
            ..Request::get(SOURCE, url)
        }
    }

    fn messages(&self, path: &[&str], query: &[(&str, String)], limits: Vec<Limit>) -> Request {
        let mut request = self.get(path, query, limits);
        request
            .headers
            .push(("prefer", "include-unknown-enum-members".to_owned()));
        request
    }

    async fn objects<T: DeserializeOwned>(
        &self,
        requests: Vec<Request>,
        subject: Subject,
    ) -> Result<Vec<Result<Recorded<T>, Problem>>, Failure> {
        let exchanges = self.send_all(&requests).await?;
        Ok(exchanges
            .iter()
            .map(|exchange| object(exchange, subject))
            .collect())
    }

    async fn lists<T: DeserializeOwned + Send + 'static>(
        &self,
        requests: Vec<Request>,
        subject: Subject,
    ) -> Result<Vec<List<T>>, Failure> {
        let firsts = self.send_all(&requests).await?;
        let reads = requests
            .into_iter()
            .zip(firsts)
            .map(|(request, first)| async move {
                let mut items = Vec::new();
                let mut keep = |item| items.push(item);
                let same = |item: Recorded<T>| item;
                let problem = self
                    .pages(request, subject, Some(first), same, &mut keep)
                    .await?;
                Ok::<_, Failure>(List { items, problem })
            });
        futures::future::try_join_all(reads).await
    }
}

fn changed_between(window: Window) -> String {
    let (from, to) = (format_time(window.from), format_time(window.to));
    format!("lastModifiedDateTime gt {from} and lastModifiedDateTime lt {to}")
}

fn object<T: DeserializeOwned>(
    exchange: &Exchange,
    subject: Subject,
) -> Result<Recorded<T>, Problem> {
    let Subject { what, permission } = subject;
    match exchange.status() {
        Some(200) => match serde_json::from_str(exchange.body()) {
            Ok(value) => Ok(Recorded {
                record: exchange.record,
                value,
            }),
            Err(_) => Err(Problem::NotUnderstood { what }),
        },
        Some(404) => Err(Problem::NotFound { what }),
        Some(status @ (401 | 403)) => Err(Problem::Forbidden {
            what,
            permission,
            status,
        }),
        Some(429) => Err(Problem::Throttled { what }),
        Some(status) => Err(Problem::Refused {
            what,
            status,
            code: error_code(exchange.body()),
        }),
        None => match &exchange.answer {
            Answer::Nothing(reason) => Err(Problem::NoAnswer {
                what,
                reason: reason.to_string(),
            }),
            Answer::Response { .. } => Err(Problem::NotUnderstood { what }),
        },
    }
}

/// The code of an error, if it is a single word. No other text of the answer may become a part of a message.
fn error_code(body: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let code = body
        .pointer("/error/code")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    let plain = code
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if plain && code.len() <= 64 {
        code.to_owned()
    } else {
        String::new()
    }
}

/// The time range in which a message must have changed that was created or changed in the window. It may have changed
/// again after the window, until the case is resumed: a reaction is a change too. The end is far in the future, but
/// fixed for a case, since it is a part of the request that finds the record.
pub fn changed_since(window: Window, case_created: DateTime<Utc>) -> Window {
    let millisecond = TimeDelta::milliseconds(1);
    Window {
        from: window.from - millisecond,
        to: window.to.max(case_created) + FAR_OFF,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::journal::{Journal, JournalReader};

    #[test]
    fn an_answer_is_read_up_to_the_bound_of_this_source() {
        let folder = tempfile::tempdir().unwrap();
        let journal = JournalReader::open(folder.path(), "case", None).unwrap();
        let journal = Arc::new(Journal::Reader(journal));
        let client = Arc::new(Client::new(journal, None));
        let graph = Graph::new(client, &Url::parse("https://graph.microsoft.com").unwrap());
        let one = graph.get(&["users", "x"], &[], limits::other());
        let messages = graph.messages(&["chats", "x", "messages"], &[], limits::other());
        let envelope = graph.envelope(std::slice::from_ref(&one), 0..1);
        for request in [one, messages, envelope] {
            assert_eq!(request.longest_answer, 64 << 20);
        }
    }
}
