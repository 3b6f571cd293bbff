//! The picture of who put which risky url where. Messages are not nodes here: they are counted on the edges.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::elements::{Elements, Ref};
use super::json::shown;
use super::view::View;
use crate::graph::{EdgeType, Label, NodeRef};

/// The highest number of nodes with which a picture is legible.
const MOST: usize = 500;

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
    /// The number of messages by sender and url, and by url and place.
    edges: BTreeMap<(Key<'g>, Key<'g>, &'static str), u64>,
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
                    *draft.edges.entry((sender, of_url, "sent")).or_default() += 1;
                }
                for place in view.graph.targets(message, EdgeType::PostedIn) {
                    let place = draft.node(view, place);
                    *draft.edges.entry((of_url, place, "posted_in")).or_default() += 1;
                }
            }
        }
        draft
    }

    /// The neighbours of every node, with the number of messages between them.
    fn neighbours(&self) -> BTreeMap<Key<'g>, Vec<(u64, Key<'g>)>> {
        let mut neighbours: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((from, to, _), weight) in &self.edges {
            neighbours.entry(*from).or_default().push((*weight, *to));
            neighbours.entry(*to).or_default().push((*weight, *from));
        }
        neighbours
    }

    /// The nodes to keep: the most connected urls first, each with its neighbours, those with the most messages first.
    fn kept(&self) -> BTreeSet<Key<'g>> {
        let neighbours = self.neighbours();
        let weight = |near: &[(u64, Key<'g>)]| near.iter().map(|(weight, _)| weight).sum::<u64>();
        let mut urls: Vec<(Key<'g>, &[(u64, Key<'g>)])> = self
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
            near.sort_by_key(|(weight, key)| (std::cmp::Reverse(*weight), *key));
            // A node without neighbours shows nothing.
            let joined = near.iter().any(|(_, key)| kept.contains(key));
            let needed = if joined || near.is_empty() { 1 } else { 2 };
            if kept.len() + needed > MOST {
                continue;
            }
            kept.insert(url);
            for (_, key) in near {
                if kept.len() < MOST {
                    kept.insert(key);
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
                .filter(|(_, other)| key.0 != Label::Url || other.0 != Label::User);
            let Some(element) = elements.node(*node) else {
                continue;
            };
            nodes.push(Node {
                id: *id,
                kind: key.0.as_str().to_lowercase(),
                caption: shown(caption),
                risky: matches!(key.0, Label::Url | Label::User),
                weight: heavy.map(|(weight, _)| weight).sum::<u64>().max(1),
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
