//! What rows and events are about: nodes and edges, with the records that tell of them.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::json;
use super::view::View;
use crate::graph::schema::EVIDENCE_LIMIT;
use crate::graph::value::format_time;
use crate::graph::{EdgeType, Facts, Label, NodeRef, RecordNumber};
use crate::link::defang_text;

/// Index of a thing in the list of things.
pub(super) type Ref = usize;

/// A node or an edge.
#[derive(Debug, Serialize)]
pub(super) struct Thing {
    /// Its label or type.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its id, or what it leads from and to; urls broken.
    id: String,
    /// What it holds, where an analyst needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Map<String, Json>>,
    /// Numbers of the records that tell of it, at most [`EVIDENCE_LIMIT`].
    records: Vec<RecordNumber>,
    /// How many records there are.
    count: usize,
}

/// The things that were referred to, in the order in which they first were.
#[derive(Debug)]
pub(super) struct Evidence<'g> {
    view: View<'g>,
    things: Vec<Thing>,
    nodes: HashMap<NodeRef, Ref>,
    edges: HashMap<(NodeRef, EdgeType, NodeRef), Ref>,
}

impl<'g> Evidence<'g> {
    pub(super) fn new(view: View<'g>) -> Self {
        Self {
            view,
            things: Vec::new(),
            nodes: HashMap::new(),
            edges: HashMap::new(),
        }
    }

    /// Refers to a node.
    pub(super) fn node(&mut self, node: NodeRef) -> Ref {
        if let Some(known) = self.nodes.get(&node) {
            return *known;
        }
        let label = self.view.label(node);
        let facts = self.view.facts(node);
        // Most messages and urls are neither risky nor suspicious, and their rows say all there is to say.
        let told = !matches!(label, Label::Message | Label::Url)
            || facts.flag("risky")
            || facts.properties.contains_key("signals");
        let id = json::shown(self.view.id(node));
        let made = self.add(label.as_str(), id, facts, told);
        self.nodes.insert(node, made);
        made
    }

    /// Refers to an edge, if there is one.
    pub(super) fn edge(&mut self, from: NodeRef, kind: EdgeType, to: NodeRef) -> Option<Ref> {
        if let Some(known) = self.edges.get(&(from, kind, to)) {
            return Some(*known);
        }
        let edge = self.view.graph.edge(from, kind, to)?;
        let end = |node: NodeRef| {
            let shown = match self.view.label(node) {
                Label::Message => self.view.id(node),
                _ => self.view.shown(node),
            };
            json::shown(shown)
        };
        let id = format!("{} → {}", end(from), end(to));
        let made = self.add(kind.as_str(), id, &edge.facts, true);
        self.edges.insert((from, kind, to), made);
        Some(made)
    }

    fn add(&mut self, label: &'static str, id: String, facts: &Facts, told: bool) -> Ref {
        let records: Vec<RecordNumber> = facts
            .evidence
            .iter()
            .take(EVIDENCE_LIMIT)
            .copied()
            .collect();
        let properties = told.then(|| properties(facts));
        self.things.push(Thing {
            kind: label,
            id,
            properties,
            records,
            count: facts.evidence.len(),
        });
        self.things.len() - 1
    }

    /// All things, and the records that they name.
    pub(super) fn into_parts(self) -> (Vec<Thing>, BTreeSet<RecordNumber>) {
        let records = self
            .things
            .iter()
            .flat_map(|thing| thing.records.iter().copied())
            .collect();
        (self.things, records)
    }
}

fn properties(facts: &Facts) -> Map<String, Json> {
    let mut all: Map<String, Json> = facts
        .properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), broken(value.to_json())))
        .collect();
    for (name, at) in [
        ("first_seen", facts.first_seen),
        ("last_seen", facts.last_seen),
    ] {
        if let Some(at) = at {
            all.insert(name.to_owned(), format_time(at).into());
        }
    }
    all
}

fn broken(value: Json) -> Json {
    match value {
        Json::String(text) => defang_text(&text).into_owned().into(),
        Json::Array(items) => items.into_iter().map(broken).collect(),
        other => other,
    }
}
