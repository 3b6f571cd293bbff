//! Stage 4: what the messages link to.

use super::{Investigation, Unread};
use crate::graph::{Edge, NodeRef, Seen};
use crate::link::Link;
use crate::model::RecordNumber;
use crate::source::msgraph::ChatMessage;

pub(super) fn run(run: &mut Investigation) {
    for unread in std::mem::take(&mut run.unread) {
        let links = unread.message.links();
        run.contains(&unread, links);
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
