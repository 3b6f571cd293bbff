//! Messages that Microsoft Graph returned: their text is read once, as they arrive, and then dropped.

use std::mem::take;

use super::context::Context;
use super::urls::Urls;
use super::{links, people};
use crate::graph::node::Message;
use crate::graph::schema::{Given, message};
use crate::graph::{Edge, Graph, Label, NodeRef, Seen};
use crate::link::{self, Link};
use crate::model::{MessageId, Store};
use crate::source::msgraph::{ChatMessage, Recorded};

/// The `sources` of a message that Microsoft Graph gave.
pub(super) const GRAPH: &str = "graph";
/// The number of characters of a message's text in its preview.
const PREVIEW: usize = 280;

/// A message whose text was read.
pub(super) struct ReadMessage {
    /// The message, without its text and attachments.
    pub(super) message: Recorded<ChatMessage>,
    /// The start of its text, as far as it may be stored.
    preview: Option<String>,
    /// Its links.
    pub(super) links: Vec<Link>,
}

impl ReadMessage {
    /// Reads the text of a message.
    pub(super) fn of(mut message: Recorded<ChatMessage>, store: Store) -> Self {
        let preview = preview(&message.value, store);
        let links = message.value.links();
        message.value.body = None;
        drop(take(&mut message.value.attachments));
        Self {
            message,
            preview,
            links,
        }
    }

    /// Puts the message with this id into the graph, in its channel or chat. Its links are put by
    /// [`links::put`](super::links::put).
    pub(super) fn put(&mut self, graph: &mut Graph, id: MessageId, place: NodeRef) -> NodeRef {
        let Recorded { record, value } = &mut self.message;
        let (created, modified) = (value.created_date_time, value.last_modified_date_time);
        let node = Message {
            id,
            created,
            modified,
            deleted: value.deleted_date_time,
            edited: Some(value.last_edited_date_time.is_some()),
            subject: value.subject.take(),
            importance: value.importance.take(),
            preview: self.preview.take(),
            web_url: value.web_url.take(),
            sources: vec![GRAPH.to_owned()],
            ..Message::default()
        };
        let seen = Seen::between(*record, created, created.max(modified));
        // It is set at the end, and has its place from the beginning.
        let risky = Given::default().with(message::RISKY, false);
        let node = graph.put_with(node, risky, seen);
        let posted = Edge::PostedIn { at: created };
        graph.link(node, posted, place, Seen::at(*record, created));
        node
    }

    /// Puts the message into the graph, in its channel or chat with the id `thread`, with its sender, its links and, in
    /// a channel, the first message of its thread. Returns it and its sender.
    pub(super) fn put_whole(
        mut self,
        graph: &mut Graph,
        urls: &mut Urls,
        tenant: &str,
        thread: &str,
        place: NodeRef,
    ) -> (NodeRef, Option<NodeRef>) {
        let id = self.message.value.id.take().unwrap_or_default();
        let node = self.put(graph, MessageId::in_place(thread, &id), place);
        if graph.node(place).label == Label::Channel {
            self.put_root(graph, thread, &id, node, place);
        }
        let sent = self.sent();
        let sender = people::sender(&self.message.value, tenant);
        let sender = sender.map(|sender| sender.put(graph, sent));
        if let Some(sender) = sender {
            graph.link(sender, Edge::Sent { at: sent.at }, node, sent);
        }
        links::put(graph, urls, node, self.links, sent);
        (node, sender)
    }

    /// Puts the root of this reply into the graph. It is a node even if it is not listed; then only its channel is
    /// known.
    pub(super) fn put_root(
        &self,
        graph: &mut Graph,
        channel: &str,
        id: &str,
        reply: NodeRef,
        place: NodeRef,
    ) {
        let root = self.message.value.reply_to_id.as_deref();
        let Some(root) = root.filter(|root| !root.is_empty() && *root != id) else {
            return;
        };
        let replied = self.sent();
        let seen = Seen {
            at: None,
            until: None,
            ..replied
        };
        let root = Message {
            id: MessageId::in_place(channel, root),
            ..Message::default()
        };
        let root = graph.put(root, seen);
        graph.link(root, Edge::PostedIn { at: None }, place, seen);
        graph.link(reply, Edge::ReplyTo { at: replied.at }, root, replied);
    }

    /// The time at which it was sent, and its record.
    pub(super) fn sent(&self) -> Seen {
        Seen::at(self.message.record, self.message.value.created_date_time)
    }
}

/// The function that reads the text of each message, for use on any thread.
pub(super) fn reader(
    context: &Context,
) -> impl Fn(Recorded<ChatMessage>) -> ReadMessage + Clone + Send + 'static {
    let store = context.settings.store;
    move |message| ReadMessage::of(message, store)
}

fn preview(message: &ChatMessage, store: Store) -> Option<String> {
    let text = || link::visible_text(message.text());
    match store {
        Store::None => None,
        Store::Full => Some(text()),
        Store::Preview => Some(text().chars().take(PREVIEW).collect()),
    }
}
