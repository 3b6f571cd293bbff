//! Microsoft Graph: users, teams, channels, chats and their messages.
//!
//! Lists are read to their last page. First pages and single objects are requested in `$batch` envelopes of twenty, but
//! every answer is a separate record, so a case does not depend on how an object was requested.

mod answer;
mod batch;
mod chat;
mod limits;
mod organization;
mod pages;
mod probe;
mod problem;
mod reach;
mod types;
mod words;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use url::Url;

use self::problem::Subject;
use crate::http::{Client, Failure};
use crate::journal::{Audience, Auth, Exchange, Limit, Request};
use crate::model::Source;
use crate::model::Window;
use crate::model::format_time;
use crate::model::{Cloud, RecordNumber};

pub use chat::ChatRead;
pub use limits::ENVELOPE;
pub use organization::{organization, verified_domains};
pub use probe::Right;
pub use problem::Problem;
pub use reach::Reach;
pub use types::{ChannelInfo, ChatInfo, ChatMessage, Identity, Member, TeamInfo, UserInfo};

/// The key of this source in `requests` and in gaps.
pub const SOURCE: Source = Source::Graph;

/// What messages of channels are called in gaps.
pub const CHANNEL_MESSAGES: &str = Subject::CHANNEL_MESSAGES.what;
/// The messages of chats, as a problem with them names them.
pub const CHAT_MESSAGES: &str = Subject::CHAT_MESSAGES.what;

/// The time limit for a request from its first attempt, including the waiting for throttling.
const DEADLINE: Duration = Duration::from_secs(15 * 60);
/// The number of messages on a page, which is the most that Microsoft Graph allows.
pub const PAGE: usize = 50;
/// How long after its creation a case can be resumed and still see the changes of its messages.
const FAR_OFF: TimeDelta = TimeDelta::days(366);
/// The largest answer, in bytes. A page holds at most 50 messages, and Teams limits each to about 100 KB with its cards
/// and attachments.
const LONGEST_ANSWER: usize = 64 << 20;

/// Microsoft Graph v1.0.
#[derive(Debug)]
pub struct Graph {
    client: Arc<Client>,
    /// The same journal without a network, for pages that were fetched before they are read.
    journal: Client,
    base: Url,
    cloud: Cloud,
    reach: Reach,
}

/// A request, and why it is not sent unless its answer is on record.
type Asked = (Request, Result<(), Problem>);

/// A parsed answer, or one item of it, and the record that holds it.
#[derive(Debug, Clone)]
pub struct Recorded<T> {
    /// The number of the record.
    pub record: RecordNumber,
    /// The parsed answer or item.
    pub value: T,
}

/// The place of a channel message that is asked for singly.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct MessagePlace {
    pub team: String,
    pub channel: String,
    /// The first message of its thread, for a reply: a reply is found under it and nowhere else.
    pub root: Option<String>,
    pub id: String,
}

/// The place of a chat message that is asked for singly.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct ChatMessagePlace {
    pub chat: String,
    pub id: String,
}

/// The teams of a user.
#[derive(Debug)]
pub struct TeamsOf {
    /// The teams that the user is a member of.
    pub joined: List<TeamInfo>,
    /// Those, and the host teams of shared channels that the user is a member of; `None` in a cloud that does not serve
    /// it.
    pub associated: Option<List<TeamInfo>>,
}

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
        let journal = client.offline();
        Self {
            client,
            journal,
            base,
            cloud: Cloud::default(),
            reach: Reach::default(),
        }
    }

    /// The same for a token that may ask for this.
    #[must_use]
    pub fn within(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// The same in this cloud, which decides how chat messages are asked for.
    #[must_use]
    pub fn in_cloud(self, cloud: Cloud) -> Self {
        Self { cloud, ..self }
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
            .map(|key| {
                let request = self.get(&["users", key], &select, limits::other());
                (request, self.reach.user(key))
            })
            .collect();
        self.objects(requests, Subject::USERS).await
    }

    /// The teams of each of these users.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn teams_of(&self, users: &[String]) -> Result<Vec<TeamsOf>, Failure> {
        let joined =
            |user: &String| self.list(&["users", user, "joinedTeams"], &[], limits::teams());
        let associated = |user: &String| {
            let path = ["users", user, "teamwork", "associatedTeams"];
            self.list(&path, &[], limits::teams())
        };
        // Both lists of a user share an envelope.
        let mut requests = Vec::new();
        for user in users {
            let allowed = |subject| self.reach.teams_of(user, subject);
            let subject = Subject::JOINED_TEAMS;
            requests.push(((joined(user), allowed(subject)), subject));
            if self.has_associated_teams() {
                let subject = Subject::ASSOCIATED_TEAMS;
                requests.push(((associated(user), allowed(subject)), subject));
            }
        }
        let mut lists = self.lists(requests).await?.into_iter();
        let mut teams = Vec::new();
        while let Some(joined) = lists.next() {
            let associated = match self.has_associated_teams() {
                true => lists.next(),
                false => None,
            };
            teams.push(TeamsOf { joined, associated });
        }
        Ok(teams)
    }

    /// The teams that the person who is signed in has joined; `None` for an application, and when they are not known.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn own_teams(&self) -> Result<Option<Vec<Recorded<TeamInfo>>>, Failure> {
        let Some(person) = self.reach.person() else {
            return Ok(None);
        };
        let subject = Subject::JOINED_TEAMS;
        let path = ["users", person, "joinedTeams"];
        let request = self.list(&path, &[], limits::teams());
        let asked = (request, self.reach.teams_of(person, subject));
        let lists = self.lists(vec![(asked, subject)]).await?;
        let whole = lists.into_iter().find(|list| list.problem.is_none());
        Ok(whole.map(|list| list.items))
    }

    /// True for an application, which may read every chat, and when the person who is signed in is one of these users, by
    /// object id or UPN.
    pub fn may_read_chat_of<'k>(&self, users: impl Iterator<Item = &'k str>) -> bool {
        self.reach.is_among(users)
    }

    /// Whether this cloud serves associated teams. That of China does not.
    pub fn has_associated_teams(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        !host.ends_with(".chinacloudapi.cn")
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
            .map(|id| {
                let request = self.get(&["teams", id], &select, limits::team(id));
                (request, self.reach.team())
            })
            .collect();
        self.objects(requests, Subject::TEAMS).await
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
            let path = ["teams", team, "channels", channel];
            let request = self.get(&path, &select, limits::channel(team, channel));
            (request, self.reach.channel())
        };
        self.objects(ids.iter().map(request).collect(), Subject::CHANNELS)
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
        let path = ["teams", team, "channels", "getAllMessages"];
        let request = Request {
            is_answer: answer::is_page_of_some,
            ..with_all_types(self.list(&path, &query, limits::all_messages(team)))
        };
        if let Err(problem) = self.reach.messages_of_team()
            && self.journal.on_record(&request)?.is_none()
        {
            return Ok(Some(problem));
        }
        let subject = Subject::CHANNEL_MESSAGES;
        self.pages(request, subject, None, None, digest, &mut visit)
            .await
    }

    /// Single channel messages, in the order of the places.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn channel_messages(
        &self,
        places: &[MessagePlace],
    ) -> Result<Vec<Result<Recorded<ChatMessage>, Problem>>, Failure> {
        let requests = places
            .iter()
            .map(|place| (self.channel_message(place), self.reach.channel_message()));
        let requests = requests.collect();
        self.objects(requests, Subject::CHANNEL_MESSAGES).await
    }

    /// True when the journal has the answer to the request for a single channel message.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn has_on_record(&self, place: &MessagePlace) -> Result<bool, Failure> {
        let request = self.channel_message(place);
        Ok(self.journal.on_record(&request)?.is_some())
    }

    fn channel_message(&self, place: &MessagePlace) -> Request {
        let MessagePlace {
            team,
            channel,
            root,
            id,
        } = place;
        let of_channel = ["teams", team, "channels", channel, "messages"];
        let path = match root {
            Some(root) => [&of_channel[..], &[root, "replies", id]].concat(),
            None => [&of_channel[..], &[id]].concat(),
        };
        with_all_types(self.get(&path, &[], limits::channel_messages(team, channel)))
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
            .map(|user| {
                let limits = limits::chats_of(user);
                let request = self.list(&["users", user, "chats"], &top, limits);
                ((request, self.reach.chats_of(user)), Subject::CHATS)
            })
            .collect();
        self.lists(requests).await
    }

    /// Single chats, in the order of the ids.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn single_chats(
        &self,
        ids: &[String],
    ) -> Result<Vec<Result<Recorded<ChatInfo>, Problem>>, Failure> {
        let request = |id: &String| {
            let request = self.get(&["chats", id], &[], limits::chat(id));
            (request, self.reach.chat(Subject::CHATS))
        };
        let requests = ids.iter().map(request).collect();
        self.objects(requests, Subject::CHATS).await
    }

    /// Single chat messages, in the order of the places.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn single_chat_messages(
        &self,
        places: &[ChatMessagePlace],
    ) -> Result<Vec<Result<Recorded<ChatMessage>, Problem>>, Failure> {
        let request = |place: &ChatMessagePlace| {
            let ChatMessagePlace { chat, id } = place;
            let path = ["chats", chat, "messages", id];
            let request = with_all_types(self.get(&path, &[], limits::chat_messages(chat)));
            (request, self.reach.chat_messages())
        };
        let requests = places.iter().map(request).collect();
        self.objects(requests, Subject::CHAT_MESSAGES).await
    }

    /// The members of each of these chats.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn chat_members(&self, chats: &[String]) -> Result<Vec<List<Member>>, Failure> {
        let requests = chats
            .iter()
            .map(|chat| {
                let limits = limits::chat(chat);
                let request = Request {
                    is_answer: answer::is_page_of_some,
                    ..self.list(&["chats", chat, "members"], &[], limits)
                };
                let subject = Subject::CHAT_MEMBERS;
                ((request, self.reach.chat(subject)), subject)
            })
            .collect();
        self.lists(requests).await
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
            is_answer: answer::is_object,
            ..Request::get(SOURCE, url)
        }
    }

    /// The request for the first page of a list.
    fn list(&self, path: &[&str], query: &[(&str, String)], limits: Vec<Limit>) -> Request {
        Request {
            is_answer: answer::is_page,
            ..self.get(path, query, limits)
        }
    }

    async fn objects<T: DeserializeOwned>(
        &self,
        asked: Vec<Asked>,
        subject: Subject,
    ) -> Result<Vec<Result<Recorded<T>, Problem>>, Failure> {
        let answers = self.send_allowed(asked).await?.into_iter();
        let objects = answers.map(|(_, answer)| {
            let object = answer.and_then(|answer| object(&answer, subject));
            object.map_err(|problem| self.reach.explain(problem))
        });
        Ok(objects.collect())
    }

    async fn lists<T: DeserializeOwned + Send + 'static>(
        &self,
        lists: Vec<(Asked, Subject)>,
    ) -> Result<Vec<List<T>>, Failure> {
        let (asked, subjects): (Vec<Asked>, Vec<Subject>) = lists.into_iter().unzip();
        let firsts = self.send_allowed(asked).await?.into_iter();
        let reads = firsts
            .zip(subjects)
            .map(|((request, first), subject)| async move {
                let mut items = Vec::new();
                let problem = match first {
                    Ok(first) => {
                        let mut keep = |item| items.push(item);
                        let same = |item: Recorded<T>| item;
                        self.pages(request, subject, Some(first), None, same, &mut keep)
                            .await?
                    }
                    Err(problem) => Some(problem),
                };
                Ok::<_, Failure>(List { items, problem })
            });
        futures::future::try_join_all(reads).await
    }

    /// Sends the requests that may be sent. What is on record is taken whoever asks now: it was received by somebody who
    /// could have it. Returns each with its answer, or why it was not sent, in the same order.
    async fn send_allowed(
        &self,
        asked: Vec<Asked>,
    ) -> Result<Vec<(Request, Result<Exchange, Problem>)>, Failure> {
        let mut refused = Vec::with_capacity(asked.len());
        let mut allowed = Vec::new();
        for (request, may) in &asked {
            let problem = match may {
                Err(problem) if self.journal.on_record(request)?.is_none() => Some(problem.clone()),
                _ => {
                    allowed.push(request.clone());
                    None
                }
            };
            refused.push(problem);
        }
        let mut answers = self.send_all(&allowed).await?.into_iter();
        let mut all = Vec::with_capacity(asked.len());
        for ((request, _), problem) in asked.into_iter().zip(refused) {
            match problem {
                Some(problem) => all.push((request, Err(problem))),
                // Every request has an answer.
                None => all.extend(answers.next().map(|answer| (request, Ok(answer)))),
            }
        }
        Ok(all)
    }
}

/// Asks for messages of every type: without it, types that are newer than v1.0 have no name.
fn with_all_types(mut request: Request) -> Request {
    let prefer = ("prefer", "include-unknown-enum-members".to_owned());
    request.headers.push(prefer);
    request
}

fn changed_between(window: Window) -> String {
    let (from, to) = (format_time(window.from), format_time(window.to));
    format!("lastModifiedDateTime gt {from} and lastModifiedDateTime lt {to}")
}

/// A single object, or why it is missing.
fn object<T: DeserializeOwned>(
    exchange: &Exchange,
    subject: Subject,
) -> Result<Recorded<T>, Problem> {
    match exchange.status() {
        Some(200) if answer::is_object(&exchange.answer) => {
            match serde_json::from_str(exchange.body()) {
                Ok(value) => Ok(Recorded {
                    record: exchange.record,
                    value,
                }),
                Err(_) => Err(Problem::NotUnderstood { what: subject.what }),
            }
        }
        _ => Err(problem::of_object(exchange, subject)),
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
mod tests;
