//! Stage 4, links: extracts the links of the messages.

use super::bodies::MessageBody;
use super::urls::Urls;
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::link::Link;

/// Extracts the links of the messages, and returns all urls so far.
pub(super) fn extract(graph: &mut Graph, mut urls: Urls, bodies: Vec<MessageBody>) -> Urls {
    for MessageBody { node, message } in bodies {
        let seen = Seen::at(message.record, message.value.created_date_time);
        put(graph, &mut urls, node, message.value.links(), seen);
    }
    urls
}

/// Puts the links of a message into the graph.
pub(super) fn put(
    graph: &mut Graph,
    urls: &mut Urls,
    message: NodeRef,
    links: Vec<Link>,
    seen: Seen,
) {
    for link in links {
        let url = urls.put(graph, link.url, seen);
        let wrappers = link.wrapped_by.iter();
        let edge = Edge::Contains {
            origin: link.origin.as_str(),
            text: link.text,
            raw: link.raw,
            wrapped_by: wrappers
                .map(|wrapper| wrapper.as_str().to_owned())
                .collect(),
            mismatch: link.mismatch,
            defanged: link.defanged,
        };
        graph.link(message, edge, url, seen);
    }
}
