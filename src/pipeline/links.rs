//! Stage 4, links: puts the links of messages into the graph, as the messages arrive.

use super::urls::Urls;
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::link::Link;

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
