//! Extracts the users, hosts, urls, messages and places that a part of a record mentions, in the same way as the
//! stages.

use std::cell::OnceCell;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::journal::Record;
use crate::link::{self, MessageAddress};
use crate::model::{MessageId, Source, TeamId};
use crate::source::logs::{
    Device, Entity, alert_id, evidence_entities, is_in_channel, message_address, recipients,
    threats, told_id,
};
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

/// What Defender found in a link, or in the whole message or click.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Threats {
    /// In the link that the row names.
    pub(super) of_url: Vec<String>,
    /// In the message, whichever of its links is meant.
    pub(super) of_message: Vec<String>,
}

/// An entity of an alert that is neither url, host nor account.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OtherEntity {
    /// The messages that its texts are ids of.
    pub(super) messages: Vec<MessageId>,
    /// Its texts, one of which can hold the id of a thread.
    pub(super) texts: Vec<String>,
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
    /// Senders, and all whose part is not told below.
    pub(super) users: Vec<UserMention>,
    /// Those who received the message.
    pub(super) recipients: Vec<UserMention>,
    /// Whoever reported the message.
    pub(super) reporters: Vec<UserMention>,
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
    pub(super) threats: Threats,
    /// The entities of an alert that can name a message or its thread.
    pub(super) entities: Vec<OtherEntity>,
    /// The urls through which a click was led, as the log has them, without the one that was clicked.
    chain: Vec<String>,
    /// The urls through which a click was led, computed on first use.
    steps: OnceCell<Vec<Url>>,
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

impl Mentions {
    /// All users, whatever their part.
    pub(super) fn everybody(&self) -> impl Iterator<Item = &UserMention> {
        let rest = self.recipients.iter().chain(&self.reporters);
        self.users.iter().chain(rest)
    }

    /// The urls through which a click was led, unwrapped and normalised, beginning with the one that was clicked; empty
    /// when it was led nowhere.
    pub(super) fn steps(&self) -> &[Url] {
        self.steps.get_or_init(|| {
            let led = self.chain.iter();
            let mut steps: Vec<Url> = led
                .filter_map(|raw| Some(link::canonical(raw)?.0))
                .collect();
            let clicked = self.urls().first();
            if let Some(clicked) = clicked
                && steps.first().is_some_and(|first| first != clicked)
            {
                steps.insert(0, clicked.clone());
            }
            steps
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
    if row.get("teams_message_id").is_some() {
        mentions.defender_message(row);
    } else {
        mentions.user(cell("object_id"), cell("upn"));
        mentions.user("", cell("user"));
        mentions.teams.extend(given("team_id").map(TeamId::from));
    }
    if mentions.click {
        mentions.threats.of_url = threats(cell("threat_types"));
        mentions.chain = texts(row.get("chain"));
    }
    if !cell("device_id").is_empty() || !cell("device_name").is_empty() {
        mentions.host(cell("device_id"), cell("device_name"));
    }
    if let Some(channel) = given("channel_id") {
        mentions.message = given("message_id").map(|id| MessageId::in_place(&channel, &id));
        mentions.places.push(channel);
    }
    if row.get("device_id").is_some() && row.get("events").is_some() {
        let mut request = cell("url").to_owned();
        let mut destination = cell("destination").to_owned();
        if request.is_empty() && destination.is_empty() {
            (request, destination) = link::extended_request(cell("extensions"));
        }
        mentions.connection = Some(Connection {
            request,
            destination,
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
    /// Extracts what a row about a message in Defender's tables mentions, but for its url.
    fn defender_message(&mut self, row: &Value) {
        let cell = |name: &str| text(row, name).trim();
        if row.get("reporter_id").is_some() {
            let reporter = UserMention::new(cell("reporter_id"), cell("reporter_upn"));
            self.reporters.push(reporter);
        }
        let Some(address) = message_address(cell) else {
            // Which message it is cannot be told, and the rest can.
            self.user(told_id(cell("sender_id")), cell("sender_upn"));
            let team = Some(cell("team_id")).filter(|team| !team.is_empty());
            self.teams.extend(team.map(TeamId::from));
            return;
        };
        let in_thread = |id: &str| MessageId::in_place(&address.thread, id);
        self.message = Some(in_thread(&address.message));
        // What was done to a message says nothing else of it.
        if row.get("thread_id").is_none() {
            return;
        }
        self.user(told_id(cell("sender_id")), cell("sender_upn"));
        match is_in_channel(&address, cell("thread_type")) {
            true => {
                self.root = address.root.as_deref().map(in_thread);
                self.teams.extend(address.team.as_deref().map(TeamId::from));
            }
            false => {
                let given = row.get("recipients").unwrap_or(&Value::Null);
                let received = recipients(given).into_iter();
                let received = received.map(|one| UserMention::new(&one.id, &one.address));
                self.recipients.extend(received);
            }
        }
        self.threats = Threats {
            of_url: threats(cell("url_threats")),
            of_message: threats(cell("message_threats")),
        };
        self.places.push(address.thread);
    }

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
            } else {
                self.other_entity(entity);
            }
        }
    }
}

impl Mentions {
    /// Adds an entity that can be a message of Teams.
    fn other_entity(&mut self, entity: Entity<'_>) {
        let texts: Vec<String> = entity.texts().map(str::to_owned).collect();
        let named = texts.iter();
        let named = named.filter_map(|text| MessageAddress::parse_any(text));
        let messages = named.map(|address| address.id());
        self.entities.push(OtherEntity {
            messages: messages.collect(),
            texts,
        });
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

/// A list of texts, or the JSON text of one.
fn texts(value: Option<&Value>) -> Vec<String> {
    let parsed: Option<Value> = value
        .and_then(Value::as_str)
        .and_then(|text| serde_json::from_str(text).ok());
    let list = parsed.as_ref().or(value).and_then(Value::as_array);
    let items = list.into_iter().flatten();
    items
        .filter_map(|item| Some(item.as_str()?.to_owned()))
        .collect()
}
