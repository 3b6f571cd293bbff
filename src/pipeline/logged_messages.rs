//! Messages that Defender's tables tell of: MessageEvents, and the links of MessageUrlInfo.
//!
//! A row is a message with one of its links. What Microsoft Graph and Defender say of one message meets in one node,
//! since both give it the same id.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::defender_words::DefenderWords;
use super::people;
use super::urls::Urls;
use crate::graph::node::{Channel, Chat, Message, Team, User};
use crate::graph::schema::message;
use crate::graph::{Edge, Graph, LOG, NodeRef, Seen};
use crate::link::{self, MessageAddress};
use crate::model::{
    ChannelId, ChatId, ChatKind, MessageId, RecordNumber, TeamId, UserKind, parse_time,
};
use crate::source::logs::{
    Recipient, Row, is_in_channel, message_address, recipients, threats, told_id,
};

/// The `sources` of a message that one of Defender's tables names.
pub(super) const DEFENDER: &str = "defender";
/// An edit within this time of sending is no edit: the log writes the time of sending there.
const SAME_TIME: TimeDelta = TimeDelta::seconds(1);

/// The messages in rows of MessageEvents, by the ids of their nodes.
#[derive(Default)]
pub(super) struct LoggedMessages {
    by_id: BTreeMap<String, LoggedMessage>,
    /// The number of rows that do not tell which message they are about.
    pub(super) nameless: u64,
}

/// What the rows say of one message.
pub(super) struct LoggedMessage {
    address: MessageAddress,
    /// The row that was written last. The log writes a message again when it changes.
    newest: Row,
    records: Vec<RecordNumber>,
    /// Its links as the log has them, each with what was found of it.
    links: BTreeMap<String, LoggedLink>,
}

#[derive(Default)]
struct LoggedLink {
    threats: Vec<String>,
    records: Vec<RecordNumber>,
}

/// A message that was put into the graph.
pub(super) struct PutMessage {
    pub(super) node: NodeRef,
    pub(super) sender: Option<NodeRef>,
    pub(super) recipients: Vec<NodeRef>,
    /// When it was sent, with a record that says so.
    pub(super) sent: Seen,
    /// The id of the team, for a message in a channel of this tenant.
    pub(super) team: Option<TeamId>,
    /// The id by which Defender's tables name it.
    pub(super) defender_id: String,
}

impl LoggedMessages {
    /// Adds a row.
    pub(super) fn add(&mut self, row: Row) {
        let Some(address) = address(&row) else {
            self.nameless += 1;
            return;
        };
        let id = address.id().to_string();
        let url = row.text("url").to_owned();
        let threats = threats(row.text("url_threats"));
        let record = row.record;
        let message = match self.by_id.entry(id) {
            std::collections::btree_map::Entry::Vacant(place) => place.insert(LoggedMessage {
                address,
                newest: row,
                records: Vec::new(),
                links: BTreeMap::new(),
            }),
            std::collections::btree_map::Entry::Occupied(place) => {
                let message = place.into_mut();
                if message.newest.time("time") < row.time("time") {
                    message.newest = row;
                }
                message
            }
        };
        message.records.push(record);
        if !url.is_empty() {
            let link = message.links.entry(url).or_default();
            link.threats.extend(threats);
            link.records.push(record);
        }
    }

    /// Leaves only the messages for which `keep` says so, by the id that the log gives them and their normalised links.
    pub(super) fn retain(&mut self, keep: impl Fn(&str, &[url::Url]) -> bool) {
        self.by_id.retain(|_, message| {
            let links = message.links.keys();
            let links = links.filter_map(|text| Some(link::canonical(text)?.0));
            let links: Vec<url::Url> = links.collect();
            keep(message.newest.text("teams_message_id"), &links)
        });
    }

    /// Puts the messages into the graph, with their places, senders, recipients and links.
    pub(super) fn put(
        self,
        graph: &mut Graph,
        urls: &mut Urls,
        words: &mut DefenderWords,
    ) -> Vec<PutMessage> {
        let messages = self.by_id.into_values();
        messages
            .map(|message| message.put(graph, urls, words))
            .collect()
    }
}

impl LoggedMessage {
    /// The only message of rows that are all about one; `None` when they do not tell which.
    pub(super) fn of(row: Row) -> Option<Self> {
        let address = address(&row)?;
        Some(Self {
            address,
            records: vec![row.record],
            newest: row,
            links: BTreeMap::new(),
        })
    }

    /// The id of its node.
    pub(super) fn id(&self) -> MessageId {
        self.address.id()
    }

    /// When it was sent.
    pub(super) fn created(&self) -> Option<DateTime<Utc>> {
        created(&self.address.message, &self.newest)
    }

    /// True when it stands in a channel.
    pub(super) fn is_in_channel(&self) -> bool {
        is_in_channel(&self.address, self.newest.text("thread_type"))
    }

    /// True when it names a user among its recipients, by object id or address.
    pub(super) fn was_received_by(&self, id: &str, address: &str) -> bool {
        let is =
            |known: &str, wanted: &str| !wanted.is_empty() && known.eq_ignore_ascii_case(wanted);
        let recipients = recipients(self.newest.value("recipients"));
        let mut recipients = recipients.iter();
        recipients.any(|recipient| is(&recipient.id, id) || is(&recipient.address, address))
    }

    pub(super) fn put(
        self,
        graph: &mut Graph,
        urls: &mut Urls,
        words: &mut DefenderWords,
    ) -> PutMessage {
        let Self {
            address,
            newest: row,
            records,
            links,
        } = self;
        let created = created(&address.message, &row);
        let edited = parse_time(row.text("edited"));
        let is_edited = edited > created.map(|created| created + SAME_TIME);
        let changed = edited.filter(|_| is_edited);
        let seen = Seen::between(row.record, created, created.max(changed));
        let sent = Seen::at(row.record, created);
        let is_in_channel = is_in_channel(&address, row.text("thread_type"));
        let recipients = match is_in_channel {
            // Only the address of the team stands there.
            true => Vec::new(),
            false => recipients(row.value("recipients")),
        };
        let threats = threats(row.text("message_threats"));
        let message = Message {
            id: address.id(),
            created,
            edited: Some(is_edited),
            subject: text(&row, "subject"),
            sources: vec![DEFENDER.to_owned()],
            owned: row.flag("owned"),
            external: row.flag("external"),
            recipients: (!is_in_channel)
                .then(|| i64::try_from(recipients.len()).unwrap_or(i64::MAX)),
            threats: threats.clone(),
            ..Message::default()
        };
        let node = graph.put(message, seen);
        for record in records {
            graph.see(node, Seen::in_record(record));
        }
        // What became of it later may be known already.
        let is_delivered = graph.node(node).facts.has(message::DELIVERY);
        if let Some(delivery) = text(&row, "delivery").filter(|_| !is_delivered) {
            graph.set(node, message::DELIVERY, delivery);
        }
        let (place, team) = put_place(graph, &address, &row, is_in_channel);
        graph.link(node, Edge::PostedIn { at: created }, place, sent);
        if is_in_channel {
            put_root(graph, &address, &row, node, place, sent);
        }
        let sender = put_sender(graph, words, &row, sent);
        if let Some(sender) = sender {
            graph.link(sender, Edge::Sent { at: created }, node, sent);
        }
        let mut received = Vec::new();
        let sent_by = row.text("sender_upn").to_owned();
        for recipient in recipients {
            if !sent_by.is_empty() && recipient.address.eq_ignore_ascii_case(&sent_by) {
                continue;
            }
            let Some(user) = put_recipient(graph, words, recipient, sent) else {
                continue;
            };
            if sender != Some(user) {
                graph.link(user, Edge::Received { at: created }, node, sent);
                received.push(user);
            }
        }
        words.of_message(node, &threats, row.record);
        let mut held = Vec::new();
        for (raw, link) in links {
            let Some((url, wrapped_by)) = link::canonical(&raw) else {
                continue;
            };
            let url = urls.put(graph, url, sent);
            let wrappers = wrapped_by.iter();
            for record in link.records {
                let edge = Edge::Contains {
                    origin: LOG,
                    text: None,
                    raw: raw.clone(),
                    wrapped_by: wrappers
                        .clone()
                        .map(|wrapper| wrapper.as_str().to_owned())
                        .collect(),
                    mismatch: false,
                    defanged: false,
                };
                let seen = Seen::at(record, created);
                graph.link(node, edge, url, seen);
                graph.see(url, seen);
                words.of_url(url, &link.threats, record);
            }
            held.push(url);
        }
        words.holds(node, held);
        PutMessage {
            node,
            sender,
            recipients: received,
            sent,
            // That of another tenant cannot be read here.
            team: team.filter(|_| row.flag("owned") != Some(false)),
            defender_id: row.text("teams_message_id").to_owned(),
        }
    }
}

/// Puts a recipient of a message into the graph.
fn put_recipient(
    graph: &mut Graph,
    words: &mut DefenderWords,
    recipient: Recipient,
    seen: Seen,
) -> Option<NodeRef> {
    let Recipient { id, address, name } = recipient;
    let user = people::put_mail_sender(graph, &id, &address, seen)?;
    words.name(user, Some(name).filter(|name| !name.is_empty()));
    Some(user)
}

fn text(row: &Row, column: &str) -> Option<String> {
    let text = row.text(column);
    (!text.is_empty()).then(|| text.to_owned())
}

/// The address of the message that a row is about.
fn address(row: &Row) -> Option<MessageAddress> {
    message_address(|column| row.text(column))
}

/// When a message was sent. Its id is that time, while the log may have the time at which its row arrived.
fn created(id: &str, row: &Row) -> Option<DateTime<Utc>> {
    let milliseconds = (id.len() == 13).then(|| id.parse().ok()).flatten();
    let told = milliseconds.and_then(DateTime::from_timestamp_millis);
    told.or_else(|| row.time("time"))
}

/// Puts the channel with its team, or the chat, of a message into the graph.
fn put_place(
    graph: &mut Graph,
    address: &MessageAddress,
    row: &Row,
    is_in_channel: bool,
) -> (NodeRef, Option<TeamId>) {
    let seen = Seen::in_record(row.record);
    let name = text(row, "thread_name");
    if !is_in_channel {
        let chat = Chat {
            id: ChatId::from(address.thread.as_str()),
            kind: Some(chat_kind(&address.thread)),
            topic: name,
            owned: row.flag("owned"),
            external: row.flag("external"),
        };
        return (graph.put(chat, seen), None);
    }
    let channel = Channel {
        id: ChannelId::from(address.thread.as_str()),
        name,
        membership: None,
    };
    let channel = graph.put(channel, seen);
    let team = address.team.as_deref().map(TeamId::from);
    if let Some(id) = team.clone() {
        let team = Team {
            id,
            name: text(row, "team_name"),
        };
        let team = graph.put(team, seen);
        graph.link(team, Edge::HasChannel, channel, seen);
    }
    (channel, team)
}

/// The kind of a chat, as the form of its id shows.
fn chat_kind(thread: &str) -> ChatKind {
    if thread.ends_with("@unq.gbl.spaces") {
        ChatKind::OneOnOne
    } else if thread.starts_with("19:meeting_") {
        ChatKind::Meeting
    } else {
        ChatKind::Group
    }
}

/// Puts the first message of the thread of a reply into the graph; only its place is known.
fn put_root(
    graph: &mut Graph,
    address: &MessageAddress,
    row: &Row,
    reply: NodeRef,
    place: NodeRef,
    sent: Seen,
) {
    let Some(root) = address.root.as_deref() else {
        return;
    };
    let seen = Seen::in_record(row.record);
    let root = Message {
        id: MessageId::in_place(&address.thread, root),
        ..Message::default()
    };
    let root = graph.put(root, seen);
    graph.link(root, Edge::PostedIn { at: None }, place, seen);
    graph.link(reply, Edge::ReplyTo { at: sent.at }, root, sent);
}

/// Puts the sender of a message into the graph; `None` when the row names nobody.
fn put_sender(
    graph: &mut Graph,
    words: &mut DefenderWords,
    row: &Row,
    seen: Seen,
) -> Option<NodeRef> {
    let id = told_id(row.text("sender_id"));
    let user = people::put_mail_sender(graph, id, row.text("sender_upn"), seen)?;
    words.name(user, text(row, "sender_name"));
    let kind = row.text("sender_type");
    let kind = match kind {
        _ if kind.to_ascii_lowercase().starts_with("application") => Some(UserKind::Bot),
        _ if kind.eq_ignore_ascii_case("anonymous") => Some(UserKind::Anonymous),
        _ => None,
    };
    if let (Some(kind), false) = (kind, id.is_empty()) {
        let user = User {
            kind: Some(kind),
            ..User::by_id(id)
        };
        graph.put(user, Seen::default());
    }
    Some(user)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "logged_messages_tests.rs"]
pub(super) mod tests;
