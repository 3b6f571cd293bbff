//! Rows of UrlClickEvents: who clicked which url, and what Safe Links did.

use super::counted::CountedEvents;
use super::people;
use super::urls::Urls;
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::source::logs::Row;

/// A click in the graph.
pub(super) struct Click {
    /// `None` when the log does not say.
    pub(super) user: Option<NodeRef>,
    pub(super) url: NodeRef,
}

/// Puts a click into the graph, unless its url is not a web url. A click that was counted before adds only its record
/// as evidence.
pub(super) fn put(
    graph: &mut Graph,
    urls: &mut Urls,
    counted: &mut CountedEvents,
    row: &Row,
) -> Option<Click> {
    let seen = Seen::at(row.record, row.time("time"));
    let url = urls.put_text(graph, row.text("url"), seen)?;
    let user = people::put_logged(graph, "", row.text("upn"), seen);
    if let Some(user) = user {
        let edge = Edge::Clicked {
            count: counted.add("click", row, 1),
            action: row.text("action").to_owned(),
            clicked_through: row.boolean("clicked_through"),
            ip: row.text("ip").to_owned(),
        };
        graph.link(user, edge, url, seen);
    }
    Some(Click { user, url })
}
