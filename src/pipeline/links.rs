//! Stage 4: what the messages link to.

use super::{Investigation, Unread};
use crate::graph::{Edge, NodeRef, RecordNumber, Seen};
use crate::link::{self, Body, Link};
use crate::source::msgraph::ChatMessage;

pub(super) fn run(run: &mut Investigation) {
    for unread in std::mem::take(&mut run.unread) {
        let links = extract(&unread.message);
        run.contains(&unread, links);
    }
}

/// The links of a message; none of one that a service wrote.
pub(crate) fn extract(message: &ChatMessage) -> Vec<Link> {
    if is_system(message) {
        return Vec::new();
    }
    link::extract(body(message), &message.attachments)
}

/// Whether nobody wrote the message: somebody joined, the topic changed.
pub(super) fn is_system(message: &ChatMessage) -> bool {
    message
        .message_type
        .as_deref()
        .is_some_and(|kind| kind != "message")
}

/// The text of a message as Graph gives it.
pub(super) fn body(message: &ChatMessage) -> Body<'_> {
    let body = message.body.as_ref();
    let html = body
        .and_then(|body| body.content_type.as_deref())
        .is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
    Body {
        html,
        content: body.and_then(|body| body.content.as_deref()),
    }
}

impl Investigation {
    fn contains(&mut self, unread: &Unread, links: Vec<Link>) {
        self.contain(unread.node, unread.record, &unread.message, links);
    }

    /// Puts the links of a message into the graph.
    pub(super) fn contain(
        &mut self,
        node: NodeRef,
        record: RecordNumber,
        message: &ChatMessage,
        links: Vec<Link>,
    ) {
        let seen = Seen::at(record, message.created_date_time);
        for link in links {
            let url = self.url(link.url, seen);
            let edge = Edge::Contains {
                origin: link.origin.as_str(),
                text: link.text,
                raw: link.raw,
                wrapped_by: link
                    .wrapped_by
                    .iter()
                    .map(|wrapper| wrapper.as_str().to_owned())
                    .collect(),
                mismatch: link.mismatch,
            };
            self.graph.link(node, edge, url, seen);
        }
    }
}
