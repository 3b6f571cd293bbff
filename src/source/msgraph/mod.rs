//! Microsoft Graph: users, teams, channels, chats and their messages.
//!
//! Lists are read to their last page. First pages and single objects go in `$batch` envelopes of twenty, yet every
//! answer is a record of its own, so it makes no difference to a case how an object was fetched.

mod batch;
mod limits;
mod types;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::http::{Client, Failure};
use crate::journal::{Answer, Audience, Auth, Exchange, Limit, Request};
use crate::model::RecordNumber;
use crate::model::Source;
use crate::model::Window;
use crate::model::format_time;

pub use types::{ChannelInfo, ChatInfo, ChatMessage, Identity, Member, TeamInfo, UserInfo};

/// Key of this source in `requests` and in gaps.
pub const SOURCE: Source = Source::Graph;

/// Longest time for one request from its first turn on, waiting for throttles included.
const DEADLINE: Duration = Duration::from_secs(15 * 60);
/// Messages of a page, as many as Graph gives.
pub const PAGE: usize = 50;
/// How long after a case was made its messages may still change, and the case be gone on with.
const FAR_OFF: TimeDelta = TimeDelta::days(366);
/// Most pages of one list; 50 messages a page make this fifty million.
const MOST_PAGES: usize = 1_000_000;

/// Microsoft Graph v1.0.
#[derive(Debug)]
pub struct Graph {
    client: Arc<Client>,
    base: Url,
}

/// A parsed answer, or one item of it, and the record that holds it.
#[derive(Debug, Clone)]
pub struct Recorded<T> {
    /// Number of the record.
    pub record: RecordNumber,
    /// The answer.
    pub value: T,
}

/// Why something is missing. The text says what to do.
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
}

fn spaced(code: &str) -> String {
    if code.is_empty() {
        String::new()
    } else {
        format!(" {code}")
    }
}

/// What is asked for: its name in gaps and the permission it takes.
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

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    value: Vec<serde_json::Value>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// A list, as far as it could be read.
#[derive(Debug)]
pub struct List<T> {
    /// Its items, each with the record of its page.
    pub items: Vec<Recorded<T>>,
    /// What ended it before its end.
    pub problem: Option<Problem>,
}

impl Graph {
    /// Graph at that base url.
    pub fn new(client: Arc<Client>, endpoint: &Url) -> Self {
        let mut base = endpoint.clone();
        crate::model::url::append_path(&mut base, &["v1.0"]);
        Self { client, base }
    }

    /// Users by object id or UPN, in the order given.
    ///
    /// # Errors
    /// When nothing can be asked at all.
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

    /// Teams that each of these users has joined.
    ///
    /// # Errors
    /// When nothing can be asked at all.
    pub async fn joined_teams(&self, users: &[String]) -> Result<Vec<List<TeamInfo>>, Failure> {
        let requests = users
            .iter()
            .map(|user| self.get(&["users", user, "joinedTeams"], &[], limits::teams()))
            .collect();
        self.lists(requests, JOINED_TEAMS).await
    }

    /// Teams by id.
    ///
    /// # Errors
    /// When nothing can be asked at all.
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

    /// Channels by team and channel id.
    ///
    /// # Errors
    /// When nothing can be asked at all.
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

    /// All messages of all channels of a team, replies too, that changed since `from`. `visit` gets each.
    ///
    /// # Errors
    /// When nothing can be asked at all.
    pub async fn team_messages(
        &self,
        team: &str,
        changed: Window,
        mut visit: impl FnMut(Recorded<ChatMessage>),
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
        self.pages(request, CHANNEL_MESSAGES, None, &mut visit)
            .await
    }

    /// Requests a second that the pages of a team's messages may take: of one team, and of all together.
    pub fn message_rates(&self) -> (f64, f64) {
        let limits = limits::all_messages("");
        let rates = limits.iter().map(|limit| limit.rate);
        let (slowest, fastest) = rates.fold((f64::MAX, 0.0_f64), |(slowest, fastest), rate| {
            (slowest.min(rate), fastest.max(rate))
        });
        (slowest, fastest)
    }

    /// Chats of each of these users.
    ///
    /// # Errors
    /// When nothing can be asked at all.
    pub async fn chats(&self, users: &[String]) -> Result<Vec<List<ChatInfo>>, Failure> {
        let top = [("$top", PAGE.to_string())];
        let requests = users
            .iter()
            .map(|user| self.get(&["users", user, "chats"], &top, limits::chats_of(user)))
            .collect();
        self.lists(requests, CHATS).await
    }

    /// Members of each of these chats.
    ///
    /// # Errors
    /// When nothing can be asked at all.
    pub async fn chat_members(&self, chats: &[String]) -> Result<Vec<List<Member>>, Failure> {
        let requests = chats
            .iter()
            .map(|chat| self.get(&["chats", chat, "members"], &[], limits::chat(chat)))
            .collect();
        self.lists(requests, CHAT_MEMBERS).await
    }

    /// Messages of a chat that changed in that time. `visit` gets each.
    ///
    /// # Errors
    /// When nothing can be asked at all.
    pub async fn chat_messages(
        &self,
        chat: &str,
        changed: Window,
        mut visit: impl FnMut(Recorded<ChatMessage>),
    ) -> Result<Option<Problem>, Failure> {
        // Without the same property in $orderby the service ignores the filter.
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
        self.pages(request, CHAT_MESSAGES, None, &mut visit).await
    }

    fn get(&self, path: &[&str], query: &[(&str, String)], limits: Vec<Limit>) -> Request {
        let mut url = self.base.clone();
        crate::model::url::append_path(&mut url, path);
        if !query.is_empty() {
            // Graph takes `+` for a space in a query, and `%20` too; the latter is unambiguous.
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

    async fn lists<T: DeserializeOwned>(
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
                let problem = self
                    .pages(request, subject, Some(first), &mut |item| items.push(item))
                    .await?;
                Ok::<_, Failure>(List { items, problem })
            });
        futures::future::try_join_all(reads).await
    }

    /// Reads a list page by page. Its first page may be there already.
    async fn pages<T: DeserializeOwned>(
        &self,
        mut request: Request,
        subject: Subject,
        first: Option<Exchange>,
        visit: &mut impl FnMut(Recorded<T>),
    ) -> Result<Option<Problem>, Failure> {
        let what = subject.what;
        let mut seen = HashSet::new();
        let mut ready = first;
        let mut problem = None;
        while seen.len() < MOST_PAGES {
            if !seen.insert(request.url.clone()) {
                return Ok(Some(Problem::Loop { what }));
            }
            let exchange = match ready.take() {
                Some(exchange) => exchange,
                None => self.client.send(&request).await?,
            };
            let page: Page = match object(&exchange, subject) {
                Ok(Recorded { value, .. }) => value,
                Err(problem) => return Ok(Some(problem)),
            };
            for item in page.value {
                match serde_json::from_value(item) {
                    Ok(value) => visit(Recorded {
                        record: exchange.record,
                        value,
                    }),
                    // One item that makes no sense must not cost the others.
                    Err(_) => problem = Some(Problem::NotUnderstood { what }),
                }
            }
            let Some(next) = page.next else {
                return Ok(problem);
            };
            match Url::parse(&next) {
                Ok(next) if same_place(&next, &self.base) => request.url = next,
                Ok(next) => {
                    let host = next.host_str().unwrap_or_default().to_owned();
                    return Ok(Some(Problem::Elsewhere { what, host }));
                }
                Err(_) => return Ok(Some(Problem::NotUnderstood { what })),
            }
        }
        Ok(Some(Problem::Loop { what }))
    }
}

/// A token goes to the scheme, host and port of the endpoint, and nowhere else.
fn same_place(next: &Url, base: &Url) -> bool {
    next.scheme() == base.scheme()
        && next.host() == base.host()
        && next.port_or_known_default() == base.port_or_known_default()
        && next.username().is_empty()
        && next.password().is_none()
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

/// The code of an error, if it is one word: nothing else of the answer belongs into a message.
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

/// The time in which a message changed that was created or changed in the window. It may have changed since, and until
/// a case is gone on with: a reaction is a change. The end is far off, but always the same for a case, whose records
/// are found by it.
pub fn changed_since(window: Window, case_created: DateTime<Utc>) -> Window {
    let millisecond = TimeDelta::milliseconds(1);
    Window {
        from: window.from - millisecond,
        to: window.to.max(case_created) + FAR_OFF,
    }
}
