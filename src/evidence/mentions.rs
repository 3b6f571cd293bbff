//! Extracts the users, hosts, urls, messages and places that a part of a record mentions, in the same way as the
//! stages.

use std::cell::OnceCell;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::journal::Record;
use crate::link;
use crate::model::{MessageId, Source, TeamId};
use crate::source::logs::{Device, Entity, alert_id, evidence_entities};
use crate::source::msgraph::{ChatMessage, Member, UserInfo};

/// A user by object id and UPN, in lower case. Either may be empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct UserMention {
    pub(super) id: String,
    pub(super) upn: String,
}

impl UserMention {
    fn new(id: &str, upn: &str) -> Self {
        Self {
            id: id.to_lowercase(),
            upn: upn.to_lowercase(),
        }
    }
}

/// The kind of event in a row of DeviceEvents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum DeviceEvent {
    /// SmartScreen warned about a url.
    Warning,
    /// Teams opened a url.
    Open,
}

/// A logged request, and its destination.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Connection {
    pub(super) request: String,
    pub(super) destination: String,
}

/// A device by id and name, in lower case. Either may be empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HostMention {
    pub(super) id: String,
    pub(super) name: String,
}

/// Everything that a part of a record, or its request, mentions.
#[derive(Debug, Clone, Default)]
pub(super) struct Mentions {
    pub(super) users: Vec<UserMention>,
    pub(super) hosts: Vec<HostMention>,
    pub(super) teams: Vec<TeamId>,
    /// Ids of channels and chats.
    pub(super) places: Vec<String>,
    /// The message that the part is, or is about.
    pub(super) message: Option<MessageId>,
    /// The message to which this one is a reply.
    pub(super) root: Option<MessageId>,
    pub(super) alert: Option<String>,
    pub(super) connection: Option<Connection>,
    /// An indicator: its kind and its value.
    pub(super) indicator: Option<(String, String)>,
    /// The event, for a row of SmartScreen's table.
    pub(super) event: Option<DeviceEvent>,
    /// True for a row of UrlClickEvents.
    pub(super) click: bool,
    /// Urls as the log has them, not yet unwrapped.
    logged: Vec<String>,
    /// A message from Microsoft Graph. Its links are only extracted when a url is looked for.
    body: Option<Box<ChatMessage>>,
    /// The urls, computed on first use.
    urls: OnceCell<Vec<Url>>,
}

impl Mentions {
    /// The urls that the part mentions, unwrapped and normalised.
    pub(super) fn urls(&self) -> &[Url] {
        self.urls.get_or_init(|| {
            let logged = self.logged.iter();
            let logged = logged.filter_map(|raw| Some(link::canonical(raw)?.0));
            let linked = self.body.iter().flat_map(|message| message.links());
            logged.chain(linked.map(|link| link.url)).collect()
        })
    }
}

/// The type of the items in an answer of Microsoft Graph.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ItemKind {
    User,
    Team,
    Channel,
    Chat,
    Member,
    Message,
}

/// The context that the request of a record gives to the parts of its answer.
#[derive(Debug, Default)]
pub(super) struct RequestContext {
    /// What the request itself mentions.
    pub(super) subject: Mentions,
    /// The type of the items in the answer.
    items: Option<ItemKind>,
    is_table: bool,
}

impl RequestContext {
    pub(super) fn of(record: &Record) -> Self {
        match Source::parse(&record.source) {
            Some(Source::LogAnalytics | Source::Hunting) => Self {
                is_table: true,
                ..Self::default()
            },
            Some(Source::Graph) => {
                Url::parse(&record.url).map_or_else(|_| Self::default(), |url| graph(&url))
            }
            _ => Self::default(),
        }
    }

    /// Extracts what a part of the answer mentions, depending on the kind of request.
    pub(super) fn mentions(&self, part: &Value) -> Mentions {
        match self.items {
            _ if self.is_table => row(part),
            None => Mentions::default(),
            Some(ItemKind::Message) => message(part, self.subject.places.first()),
            Some(ItemKind::User) => user(part),
            Some(ItemKind::Member) => member(part),
            Some(ItemKind::Team) => Mentions {
                teams: vec![TeamId::from(text(part, "id"))],
                ..Mentions::default()
            },
            Some(ItemKind::Channel | ItemKind::Chat) => Mentions {
                places: vec![text(part, "id").to_owned()],
                ..Mentions::default()
            },
        }
    }
}

/// Parses the path of a request to Microsoft Graph: `chats/ID/members` or, in links to next pages,
/// `chats('ID')/members`.
fn graph(url: &Url) -> RequestContext {
    let mut context = RequestContext::default();
    let mut collection = String::new();
    for segment in url.path().split('/') {
        let segment = percent_decode_str(segment).decode_utf8_lossy();
        let key = segment
            .split_once("('")
            .and_then(|(name, rest)| Some((name, rest.strip_suffix("')")?)));
        if let Some((name, id)) = key {
            context.take(&name.to_lowercase(), id);
            collection.clear();
            continue;
        }
        let name = segment.to_lowercase();
        let items = match name.as_str() {
            "joinedteams" | "associatedteams" => Some(ItemKind::Team),
            "getallmessages" | "messages" => Some(ItemKind::Message),
            "members" => Some(ItemKind::Member),
            "chats" => Some(ItemKind::Chat),
            "users" | "teams" | "channels" => None,
            _ => {
                context.take(&collection, &segment);
                collection.clear();
                continue;
            }
        };
        if items.is_some() {
            context.items = items;
        }
        collection = name;
    }
    context
}

impl RequestContext {
    /// Records an id in the path, and the type of the objects in that collection.
    fn take(&mut self, collection: &str, id: &str) {
        match collection {
            "users" => {
                let (id, upn) = if id.contains('@') { ("", id) } else { (id, "") };
                self.subject.users.push(UserMention::new(id, upn));
                self.items = Some(ItemKind::User);
            }
            "teams" => {
                self.subject.teams.push(TeamId::from(id));
                self.items = Some(ItemKind::Team);
            }
            "channels" => {
                self.subject.places.push(id.to_owned());
                self.items = Some(ItemKind::Channel);
            }
            "chats" => {
                self.subject.places.push(id.to_owned());
                self.items = Some(ItemKind::Chat);
            }
            _ => {}
        }
    }
}

/// Extracts the mentions of a query's row. The head of each file in `kql/` describes its columns.
fn row(row: &Value) -> Mentions {
    let cell = |name: &str| text(row, name).trim();
    let given = |name: &str| Some(cell(name).to_owned()).filter(|text| !text.is_empty());
    let mut mentions = Mentions {
        alert: Some(alert_id(cell("alert_id"), cell("vendor_id")).to_owned())
            .filter(|id| !id.is_empty()),
        event: match cell("kind") {
            "warning" => Some(DeviceEvent::Warning),
            "open" => Some(DeviceEvent::Open),
            _ => None,
        },
        click: row.get("action").is_some() && row.get("clicked_through").is_some(),
        ..Mentions::default()
    };
    // A piece of evidence of an alert: its columns are entities.
    if row.get("alert_id").is_some() && row.get("fields").is_some() {
        mentions.entities(&evidence_entities(cell));
        return mentions;
    }
    for (id, upn) in [
        ("object_id", "upn"),
        ("sender_id", "sender_upn"),
        ("", "user"),
    ] {
        mentions.user(cell(id), cell(upn));
    }
    if !cell("device_id").is_empty() || !cell("device_name").is_empty() {
        mentions.host(cell("device_id"), cell("device_name"));
    }
    mentions.teams.extend(given("team_id").map(TeamId::from));
    if let Some(channel) = given("channel_id") {
        mentions.message = given("message_id").map(|id| MessageId::in_place(&channel, &id));
        mentions.places.push(channel);
    }
    if row.get("device_id").is_some() && row.get("events").is_some() {
        mentions.connection = Some(Connection {
            request: cell("url").to_owned(),
            destination: cell("destination").to_owned(),
        });
    } else {
        mentions.logged.extend(given("url"));
    }
    if row.get("confidence").is_some() {
        mentions.indicator = Some((cell("kind").to_owned(), cell("value").to_owned()));
    }
    if let Some(entities) = given("entities") {
        // The table delivers JSON as text, but some pipelines deliver it as JSON.
        let entities: Value = serde_json::from_str(&entities).unwrap_or_default();
        mentions.entities(&entities);
    }
    mentions
}

impl Mentions {
    fn user(&mut self, id: &str, upn: &str) {
        if !id.is_empty() || !upn.is_empty() {
            self.users.push(UserMention::new(id, upn));
        }
    }

    fn host(&mut self, device_id: &str, name: &str) {
        self.hosts.push(HostMention {
            id: device_id.to_lowercase(),
            name: name.to_lowercase(),
        });
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

/// Extracts the mentions of a message. The chat may be named in the request alone.
fn message(item: &Value, chat: Option<&String>) -> Mentions {
    let Some(message) = read::<ChatMessage>(item) else {
        return Mentions::default();
    };
    let mut mentions = Mentions::default();
    let channel = message.channel_identity.as_ref();
    let channel = channel.and_then(|channel| channel.channel_id.clone());
    let told = Some(text(item, "chatId").to_owned()).filter(|chat| !chat.is_empty());
    if let Some(place) = channel.or_else(|| chat.cloned()).or(told) {
        let key = |id: &String| (!id.is_empty()).then(|| MessageId::in_place(&place, id));
        mentions.message = message.id.as_ref().and_then(key);
        mentions.root = message.reply_to_id.as_ref().and_then(key);
        mentions.places.push(place);
    }
    let team = message.channel_identity.as_ref();
    let team = team.and_then(|channel| channel.team_id.as_ref());
    mentions
        .teams
        .extend(team.map(|id| TeamId::from(id.as_str())));
    if let Some(from) = &message.from {
        let user = from.user.as_ref().and_then(|user| user.id.as_ref());
        let bot = from.application.as_ref().and_then(|bot| bot.id.as_ref());
        if let Some(id) = user.or(bot) {
            mentions.user(id, "");
        }
    }
    mentions.body = Some(Box::new(message));
    mentions
}

fn user(item: &Value) -> Mentions {
    let mut mentions = Mentions::default();
    if let Some(user) = read::<UserInfo>(item) {
        let upn = user.user_principal_name.unwrap_or_default();
        mentions.user(&user.id.unwrap_or_default(), &upn);
    }
    mentions
}

fn member(item: &Value) -> Mentions {
    let mut mentions = Mentions::default();
    if let Some(member) = read::<Member>(item) {
        let account = member.user_id.filter(|id| !id.is_empty());
        let id = account.or(member.anonymous_guest_id).unwrap_or_default();
        mentions.user(&id, "");
    }
    mentions
}

fn read<T: DeserializeOwned>(item: &Value) -> Option<T> {
    T::deserialize(item).ok()
}

fn text<'v>(item: &'v Value, name: &str) -> &'v str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}
