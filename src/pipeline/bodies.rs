//! Puts the messages that Microsoft Graph returned into the investigation graph.

use super::context::Context;
use crate::graph::node::Message;
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::link;
use crate::model::{MessageId, Store};
use crate::source::msgraph::{ChatMessage, Recorded};

/// The number of characters of a message's text in its preview.
const PREVIEW: usize = 280;

/// A message that is in the graph, and whose links have not been extracted yet.
pub(super) struct MessageBody {
    pub(super) node: NodeRef,
    pub(super) message: Recorded<ChatMessage>,
}

/// Puts a message with this id into the graph, in its channel or chat.
pub(super) fn put(
    graph: &mut Graph,
    context: &Context,
    id: MessageId,
    message: &Recorded<ChatMessage>,
    place: NodeRef,
) -> NodeRef {
    let Recorded { record, value } = message;
    let (created, modified) = (value.created_date_time, value.last_modified_date_time);
    let node = Message {
        id,
        created,
        modified,
        deleted: value.deleted_date_time,
        edited: Some(value.last_edited_date_time.is_some()),
        subject: value.subject.clone(),
        importance: value.importance.clone(),
        preview: preview(value, context.settings.store),
        web_url: value.web_url.clone(),
    };
    let seen = Seen::between(*record, created, created.max(modified));
    let node = graph.put(node, seen);
    let posted = Edge::PostedIn { at: created };
    graph.link(node, posted, place, Seen::at(*record, created));
    node
}

fn preview(message: &ChatMessage, store: Store) -> Option<String> {
    let text = || link::visible_text(message.text());
    match store {
        Store::None => None,
        Store::Full => Some(text()),
        Store::Preview => Some(text().chars().take(PREVIEW).collect()),
    }
}
