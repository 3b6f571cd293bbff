//! What a part of a record names, read as the stages read it.

use std::cell::OnceCell;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::journal::Record;
use crate::link;
use crate::source::logs::{Device, Entity};
use crate::source::msgraph::{ChatMessage, Member, UserInfo};

/// A user by object id and UPN, in lower case. Either may be empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct UserName {
    pub(super) id: String,
    pub(super) upn: String,
}

impl UserName {
    fn new(id: &str, upn: &str) -> Self {
        Self {
            id: id.to_lowercase(),
            upn: upn.to_lowercase(),
        }
    }
}

/// A request in a log of connections, and where it went.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Connection {
    pub(super) request: String,
    pub(super) destination: String,
}

/// What a part names, or the request that brought it.
#[derive(Debug, Clone, Default)]
pub(super) struct Says {
    pub(super) users: Vec<UserName>,
    /// Devices by id and by name, in lower case; either may be empty.
    pub(super) hosts: Vec<(String, String)>,
    /// Teams, in lower case.
    pub(super) teams: Vec<String>,
    /// Channels and chats.
    pub(super) places: Vec<String>,
    /// The message that it is about, with its place.
    pub(super) message: Option<String>,
    /// The message that this one answers, with its place.
    pub(super) root: Option<String>,
    pub(super) alert: Option<String>,
    pub(super) connection: Option<Connection>,
    /// An indicator: its kind and its value.
    pub(super) indicator: Option<(String, String)>,
    /// `warning` or `open`, of SmartScreen's events.
    pub(super) event: Option<String>,
    /// It tells of a click.
    pub(super) click: bool,
    /// Urls as a log writes them.
    logged: Vec<String>,
    /// A message as Graph gives it, whose links are only sought when a url is.
    body: Option<Box<ChatMessage>>,
    /// The urls, once they were asked for.
    urls: OnceCell<Vec<Url>>,
}

impl Says {
    /// The urls that it names, unwrapped and normalised.
    pub(super) fn urls(&self) -> &[Url] {
        self.urls.get_or_init(|| {
            let logged = self.logged.iter();
            let logged = logged.filter_map(|raw| Some(link::canonical(raw)?.0));
            let linked = self.body.iter().flat_map(|message| message.links());
            logged.chain(linked.map(|link| link.url)).collect()
        })
    }
}

/// What the items of an answer of Graph are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    User,
    Team,
    Channel,
    Chat,
    Member,
    Message,
}

/// Where a part stands: what the request was about.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// What the request itself names.
    pub(super) subject: Says,
    kind: Option<Kind>,
    is_table: bool,
}

impl Place {
    pub(super) fn of(record: &Record) -> Self {
        match record.source.as_str() {
            "log_analytics" => Self {
                is_table: true,
                ..Self::default()
            },
            "graph" => Url::parse(&record.url).map_or_else(|_| Self::default(), |url| graph(&url)),
            _ => Self::default(),
        }
    }

    /// What a part names.
    pub(super) fn says(&self, part: &Value) -> Says {
        match self.kind {
            _ if self.is_table => row(part),
            None => Says::default(),
            Some(Kind::Message) => message(part, self.subject.places.first()),
            Some(Kind::User) => user(part),
            Some(Kind::Member) => member(part),
            Some(Kind::Team) => Says {
                teams: vec![text(part, "id").to_lowercase()],
                ..Says::default()
            },
            Some(Kind::Channel | Kind::Chat) => Says {
                places: vec![text(part, "id").to_owned()],
                ..Says::default()
            },
        }
    }
}

/// Reads the path of a request to Graph, as `chats/ID/members` or, in links to next pages, `chats('ID')/members`.
fn graph(url: &Url) -> Place {
    let mut place = Place::default();
    let mut collection = String::new();
    for segment in url.path().split('/') {
        let segment = percent_decode_str(segment).decode_utf8_lossy();
        let key = segment
            .split_once("('")
            .and_then(|(name, rest)| Some((name, rest.strip_suffix("')")?)));
        if let Some((name, id)) = key {
            place.take(&name.to_lowercase(), id);
            collection.clear();
            continue;
        }
        let name = segment.to_lowercase();
        let kind = match name.as_str() {
            "joinedteams" => Some(Kind::Team),
            "getallmessages" | "messages" => Some(Kind::Message),
            "members" => Some(Kind::Member),
            "chats" => Some(Kind::Chat),
            "users" | "teams" | "channels" => None,
            _ => {
                place.take(&collection, &segment);
                collection.clear();
                continue;
            }
        };
        if kind.is_some() {
            place.kind = kind;
        }
        collection = name;
    }
    place
}

impl Place {
    /// Takes note of an id in the path, and of what an object of that collection is.
    fn take(&mut self, collection: &str, id: &str) {
        match collection {
            "users" => {
                let (id, upn) = if id.contains('@') { ("", id) } else { (id, "") };
                self.subject.users.push(UserName::new(id, upn));
                self.kind = Some(Kind::User);
            }
            "teams" => {
                self.subject.teams.push(id.to_lowercase());
                self.kind = Some(Kind::Team);
            }
            "channels" => {
                self.subject.places.push(id.to_owned());
                self.kind = Some(Kind::Channel);
            }
            "chats" => {
                self.subject.places.push(id.to_owned());
                self.kind = Some(Kind::Chat);
            }
            _ => {}
        }
    }
}

/// A row of a query. What its columns mean stands at the head of each file in `kql/`.
fn row(row: &Value) -> Says {
    let cell = |name: &str| text(row, name).trim();
    let given = |name: &str| Some(cell(name).to_owned()).filter(|text| !text.is_empty());
    let mut says = Says {
        alert: given("alert_id"),
        event: given("kind").filter(|kind| matches!(kind.as_str(), "warning" | "open")),
        click: row.get("action").is_some() && row.get("clicked_through").is_some(),
        ..Says::default()
    };
    for (id, upn) in [
        ("object_id", "upn"),
        ("sender_id", "sender_upn"),
        ("", "user"),
    ] {
        says.user(cell(id), cell(upn));
    }
    if !cell("device_id").is_empty() || !cell("device_name").is_empty() {
        says.host(cell("device_id"), cell("device_name"));
    }
    says.teams
        .extend(given("team_id").map(|id| id.to_lowercase()));
    if let Some(channel) = given("channel_id") {
        says.message = given("message_id").map(|id| format!("{channel}/{id}"));
        says.places.push(channel);
    }
    if row.get("device_id").is_some() && row.get("events").is_some() {
        says.connection = Some(Connection {
            request: cell("url").to_owned(),
            destination: cell("destination").to_owned(),
        });
    } else {
        says.logged.extend(given("url"));
    }
    if row.get("confidence").is_some() {
        says.indicator = Some((cell("kind").to_owned(), cell("value").to_owned()));
    }
    if let Some(entities) = given("entities") {
        // What a table delivers as JSON is text; some pipelines make JSON of it.
        let entities: Value = serde_json::from_str(&entities).unwrap_or_default();
        says.entities(&entities);
    }
    says
}

impl Says {
    fn user(&mut self, id: &str, upn: &str) {
        if !id.is_empty() || !upn.is_empty() {
            self.users.push(UserName::new(id, upn));
        }
    }

    fn host(&mut self, device_id: &str, name: &str) {
        self.hosts
            .push((device_id.to_lowercase(), name.to_lowercase()));
    }

    fn entities(&mut self, entities: &Value) {
        for entity in Entity::all(entities) {
            if entity.is("url") {
                self.logged.push(entity.text("Url").to_owned());
            } else if entity.is("host") {
                if let Some(Device { id, name, .. }) = entity.device() {
                    self.host(id, &name);
                }
            } else if entity.is("account") {
                self.user(entity.text("AadUserId"), &entity.upn());
            }
        }
    }
}

/// A message, which a chat may have in the request alone.
fn message(item: &Value, chat: Option<&String>) -> Says {
    let Some(message) = read::<ChatMessage>(item) else {
        return Says::default();
    };
    let mut says = Says::default();
    let channel = message.channel_identity.as_ref();
    let channel = channel.and_then(|channel| channel.channel_id.clone());
    let told = Some(text(item, "chatId").to_owned()).filter(|chat| !chat.is_empty());
    if let Some(place) = channel.or_else(|| chat.cloned()).or(told) {
        let key = |id: &String| (!id.is_empty()).then(|| format!("{place}/{id}"));
        says.message = message.id.as_ref().and_then(key);
        says.root = message.reply_to_id.as_ref().and_then(key);
        says.places.push(place);
    }
    let team = message.channel_identity.as_ref();
    let team = team.and_then(|channel| channel.team_id.as_ref());
    says.teams.extend(team.map(|id| id.to_lowercase()));
    if let Some(from) = &message.from {
        let user = from.user.as_ref().and_then(|user| user.id.as_ref());
        let bot = from.application.as_ref().and_then(|bot| bot.id.as_ref());
        if let Some(id) = user.or(bot) {
            says.user(id, "");
        }
    }
    says.body = Some(Box::new(message));
    says
}

fn user(item: &Value) -> Says {
    let mut says = Says::default();
    if let Some(user) = read::<UserInfo>(item) {
        let upn = user.user_principal_name.unwrap_or_default();
        says.user(&user.id.unwrap_or_default(), &upn);
    }
    says
}

fn member(item: &Value) -> Says {
    let mut says = Says::default();
    if let Some(member) = read::<Member>(item) {
        let account = member.user_id.filter(|id| !id.is_empty());
        let id = account.or(member.anonymous_guest_id).unwrap_or_default();
        says.user(&id, "");
    }
    says
}

fn read<T: DeserializeOwned>(item: &Value) -> Option<T> {
    T::deserialize(item).ok()
}

fn text<'v>(item: &'v Value, name: &str) -> &'v str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}
