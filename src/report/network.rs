//! The picture of who put which risky url where, whom it reached, and what came of it. Messages are not nodes here:
//! they are counted on the edges.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::elements::{Elements, Ref};
use super::json::shown;
use super::reach;
use super::view::View;
use crate::graph::property::{Count, Field};
use crate::graph::schema::{clicked, opened, redirects_to};
use crate::graph::{EdgeType, Label, NodeRef};

/// The highest number of nodes with which a picture is legible.
const MOST: usize = 500;

/// The kind of the edge from a url to who only received it.
const RECEIVED: &str = "received";

/// A neighbour of a node: the kind of the edge between them, its weight, and which one.
#[derive(Clone, Copy)]
struct Near<'g> {
    kind: &'static str,
    weight: u64,
    key: Key<'g>,
}

/// A node is identified by label and id, since its number in the graph can differ between runs.
type Key<'g> = (Label, &'g str);

#[derive(Debug, Serialize)]
pub(super) struct Network {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    left_out: usize,
}

#[derive(Debug, Serialize)]
struct Node {
    id: usize,
    kind: String,
    caption: String,
    risky: bool,
    /// A sender from outside.
    outside: bool,
    weight: u64,
    #[serde(rename = "ref")]
    element: Ref,
}

#[derive(Debug, Serialize)]
struct Edge {
    from: usize,
    to: usize,
    kind: &'static str,
    weight: u64,
}

#[derive(Default)]
struct Draft<'g> {
    nodes: BTreeMap<Key<'g>, NodeRef>,
    /// The number of messages by sender and url, by url and place, and by url and who received or reported them; the
    /// number of clicks by user and url, and by redirect.
    edges: BTreeMap<(Key<'g>, Key<'g>, &'static str), u64>,
    /// Who sent one of the messages.
    senders: BTreeSet<Key<'g>>,
}

impl<'g> Draft<'g> {
    fn node(&mut self, view: View<'g>, node: NodeRef) -> Key<'g> {
        let key = (view.label(node), view.id(node));
        self.nodes.insert(key, node);
        key
    }

    fn new(view: View<'g>) -> Self {
        let mut draft = Self::default();
        for url in view.risky_urls() {
            let of_url = draft.node(view, url);
            for message in view.graph.sources(url, EdgeType::Contains) {
                for sender in view.senders(message).into_iter().flatten() {
                    let sender = draft.node(view, sender);
                    draft.senders.insert(sender);
                    draft.add(sender, of_url, "sent", 1);
                }
                for reader in view.graph.sources(message, EdgeType::Received) {
                    let reader = draft.node(view, reader);
                    draft.add(of_url, reader, RECEIVED, 1);
                }
                for reporter in view.graph.sources(message, EdgeType::Reported) {
                    let reporter = draft.node(view, reporter);
                    draft.add(reporter, of_url, "reported", 1);
                }
                for place in view.graph.targets(message, EdgeType::PostedIn) {
                    let place = draft.node(view, place);
                    draft.add(of_url, place, "posted_in", 1);
                }
            }
            for (kind, count) in [
                (EdgeType::Opened, opened::COUNT),
                (EdgeType::Clicked, clicked::COUNT),
            ] {
                for who in view.graph.sources(url, kind) {
                    let times = draft.count(view, who, kind, url, count);
                    let who = draft.node(view, who);
                    draft.add(who, of_url, "clicked", times);
                }
            }
            let led = EdgeType::RedirectsTo;
            for to in view.graph.targets(url, led) {
                let times = draft.count(view, url, led, to, redirects_to::COUNT);
                let to = draft.node(view, to);
                draft.add(of_url, to, "redirects_to", times);
            }
            // What is malicious itself shows where it leads.
            let from = view.graph.sources(url, led).into_iter();
            for from in from.filter(|from| !view.risky(*from)) {
                let times = draft.count(view, from, led, url, redirects_to::COUNT);
                let from = draft.node(view, from);
                draft.add(from, of_url, "redirects_to", times);
            }
        }
        draft
    }

    fn add(&mut self, from: Key<'g>, to: Key<'g>, kind: &'static str, weight: u64) {
        *self.edges.entry((from, to, kind)).or_default() += weight;
    }

    /// The number that an edge counts; one where it counts nothing.
    fn count(
        &self,
        view: View<'g>,
        from: NodeRef,
        kind: EdgeType,
        to: NodeRef,
        count: Field<Count>,
    ) -> u64 {
        let edge = view.graph.edge(from, kind, to);
        let count = edge.and_then(|edge| edge.facts.get(count));
        count.map_or(1, |count| u64::try_from(count).unwrap_or(1).max(1))
    }

    /// The neighbours of every node.
    fn neighbours(&self) -> BTreeMap<Key<'g>, Vec<Near<'g>>> {
        let mut neighbours: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((from, to, kind), weight) in &self.edges {
            for (here, there) in [(from, to), (to, from)] {
                neighbours.entry(*here).or_default().push(Near {
                    kind,
                    weight: *weight,
                    key: *there,
                });
            }
        }
        neighbours
    }

    /// The nodes to keep: the most connected urls first, each with its neighbours. Who only received a message comes
    /// after all others, then those with the most messages come first.
    fn kept(&self) -> BTreeSet<Key<'g>> {
        let neighbours = self.neighbours();
        let weight = |near: &[Near<'g>]| near.iter().map(|near| near.weight).sum::<u64>();
        let mut urls: Vec<(Key<'g>, &[Near<'g>])> = self
            .nodes
            .keys()
            .filter(|key| key.0 == Label::Url)
            .map(|key| (*key, neighbours.get(key).map_or(&[][..], Vec::as_slice)))
            .collect();
        urls.sort_by_key(|(key, near)| {
            (
                std::cmp::Reverse(near.len()),
                std::cmp::Reverse(weight(near)),
                *key,
            )
        });
        let mut kept = BTreeSet::new();
        for (url, near) in urls {
            let mut near = near.to_vec();
            near.sort_by_key(|near| {
                let only_received = near.kind == RECEIVED;
                (only_received, std::cmp::Reverse(near.weight), near.key)
            });
            // A node without neighbours shows nothing.
            let joined = near.iter().any(|near| kept.contains(&near.key));
            let needed = if joined || near.is_empty() { 1 } else { 2 };
            if kept.len() + needed > MOST {
                continue;
            }
            kept.insert(url);
            for near in near {
                if kept.len() < MOST {
                    kept.insert(near.key);
                }
            }
        }
        kept
    }
}

impl Network {
    pub(super) fn new<'g>(view: View<'g>, elements: &mut Elements<'g>) -> Self {
        let draft = Draft::new(view);
        let kept = draft.kept();
        let neighbours = draft.neighbours();
        let numbers: BTreeMap<Key<'_>, usize> =
            kept.iter().enumerate().map(|(n, key)| (*key, n)).collect();
        let mut nodes = Vec::new();
        for (key, id) in &numbers {
            let Some(node) = draft.nodes.get(key) else {
                continue;
            };
            let caption = match key.0 {
                Label::Channel | Label::Chat => view.place(*node),
                _ => view.shown(*node),
            };
            let near = neighbours.get(key).map_or(&[][..], Vec::as_slice);
            // The weight of a url is the number of its messages. Counting both its senders and its places would count
            // each twice.
            let heavy = near
                .iter()
                .filter(|near| key.0 != Label::Url || near.kind == "posted_in");
            let sender = draft.senders.contains(key);
            let Some(element) = elements.node(*node) else {
                continue;
            };
            nodes.push(Node {
                id: *id,
                kind: key.0.as_str().to_lowercase(),
                caption: shown(caption),
                risky: sender || (key.0 == Label::Url && view.risky(*node)),
                outside: sender && reach::is_outside(view, *node),
                weight: heavy.map(|near| near.weight).sum::<u64>().max(1),
                element,
            });
        }
        let edges = draft
            .edges
            .iter()
            .filter_map(|((from, to, kind), weight)| {
                Some(Edge {
                    from: *numbers.get(from)?,
                    to: *numbers.get(to)?,
                    kind,
                    weight: *weight,
                })
            })
            .collect();
        Self {
            left_out: draft.nodes.len() - nodes.len(),
            nodes,
            edges,
        }
    }
}
