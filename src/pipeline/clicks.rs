//! Rows of UrlClickEvents: who clicked which url, what Safe Links did, and where the click was led on to.

use std::collections::HashSet;

use url::Url;

use super::counted::CountedEvents;
use super::defender_words::DefenderWords;
use super::people;
use super::urls::Urls;
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::link;
use crate::source::logs::{Row, items, threats};

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
    words: &mut DefenderWords,
    counted: &mut CountedEvents,
    row: &Row,
) -> Option<Click> {
    let seen = Seen::at(row.record, row.time("time"));
    let url = urls.put_text(graph, row.text("url"), seen)?;
    words.of_url(url, &threats(row.text("threat_types")), row.record);
    let count = counted.add("click", row, 1);
    let user = people::put_logged(graph, "", row.text("upn"), seen);
    if let Some(user) = user {
        let edge = Edge::Clicked {
            count,
            action: row.text("action").to_owned(),
            clicked_through: row.boolean("clicked_through"),
            ip: row.text("ip").to_owned(),
        };
        graph.link(user, edge, url, seen);
    }
    let (mut visited, mut last) = (HashSet::new(), None);
    for step in chain(row) {
        let step = urls.put(graph, step, seen);
        let is_new = visited.insert(step);
        if let Some(from) = last.filter(|_| is_new) {
            graph.link(from, Edge::RedirectsTo { count }, step, seen);
        }
        last = Some(step);
    }
    Some(Click { user, url })
}

/// The urls through which a click was led, beginning with the one that was clicked. What is no web url is left out.
pub(super) fn chain(row: &Row) -> Vec<Url> {
    let items = items(row.value("chain"));
    let steps = items
        .iter()
        .filter_map(|item| Some(link::canonical(item.as_str()?)?.0));
    let clicked = link::canonical(row.text("url")).map(|(url, _)| url);
    let mut steps: Vec<Url> = steps.collect();
    if let Some(clicked) = clicked
        && steps.first() != Some(&clicked)
    {
        steps.insert(0, clicked);
    }
    steps
}
