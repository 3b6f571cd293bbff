//! The nodes and edges that rows and events refer to, with the records that prove them.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::json::shown;
use super::listing::Listing;
use super::view::View;
use crate::evidence::{self, Element};
use crate::graph::schema::{EVIDENCE_LIMIT, common, message, url, user};
use crate::graph::{EdgeType, Facts, Label, NodeRef, Written};
use crate::model::RecordNumber;
use crate::model::format_time;

/// The index of an element in the list of elements.
pub(super) type Ref = usize;

/// A node or an edge, as the page shows it.
#[derive(Debug, Serialize)]
pub(super) struct ElementDetails {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The id, or the ends of an edge, with urls defanged.
    id: String,
    /// The command that shows it. It contains no clickable url and nothing that a shell would interpret.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// The properties, for elements whose row does not show everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Map<String, Json>>,
    /// The numbers of the records that prove it, at most [`EVIDENCE_LIMIT`].
    pub(super) records: Vec<RecordNumber>,
    /// The number of all records that prove it.
    count: usize,
    /// Why no record proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unrecorded: Option<String>,
    /// Quotations from those records.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) excerpts: BTreeMap<RecordNumber, String>,
    /// The element in the graph, if its records are worth quoting.
    #[serde(skip)]
    pub(super) quoted: Option<Element>,
}

/// The elements in the order of the first reference to each. Messages that are only counted are not among them.
#[derive(Debug)]
pub(super) struct Elements<'g> {
    view: View<'g>,
    listing: &'g Listing,
    all: Vec<ElementDetails>,
    nodes: HashMap<NodeRef, Ref>,
    edges: HashMap<(NodeRef, EdgeType, NodeRef), Ref>,
}

impl<'g> Elements<'g> {
    pub(super) fn new(view: View<'g>, listing: &'g Listing) -> Self {
        Self {
            view,
            listing,
            all: Vec::new(),
            nodes: HashMap::new(),
            edges: HashMap::new(),
        }
    }

    /// Whether the report lists this node. A message can be only counted.
    pub(super) fn lists(&self, node: NodeRef) -> bool {
        self.listing.lists(self.view, node)
    }

    /// Adds a node, and returns its index; `None` when it is a message that is only counted.
    pub(super) fn node(&mut self, node: NodeRef) -> Option<Ref> {
        if let Some(known) = self.nodes.get(&node) {
            return Some(*known);
        }
        if !self.lists(node) {
            return None;
        }
        let label = self.view.label(node);
        let facts = self.view.facts(node);
        // Most messages and urls are neither risky nor suspicious, and their rows already show everything about them.
        let told = match label {
            Label::Message => facts.is(message::RISKY),
            Label::Url => facts.is(url::RISKY) || facts.has(url::SIGNALS),
            _ => true,
        };
        // Every message in a channel or a team mentions it, so a quotation would show nothing in particular.
        let quoted = told
            && match label {
                Label::User => facts.is(user::RISKY_SENDER),
                label => !matches!(label, Label::Channel | Label::Chat | Label::Team),
            };
        let id = match label {
            Label::Url | Label::Verdict => shown(self.view.id(node)),
            // The id as it can be typed, unless it contains a url.
            _ => match self.view.id(node) {
                id if id.contains("://") => shown(id),
                id => id.to_owned(),
            },
        };
        let element = Element::Node(node);
        let made = self.add(label.as_str(), id, element, facts, told, quoted);
        self.nodes.insert(node, made);
        Some(made)
    }

    /// Adds an edge and returns its index; `None` when the graph has no such edge, or a message at its end is only
    /// counted.
    pub(super) fn edge(&mut self, from: NodeRef, kind: EdgeType, to: NodeRef) -> Option<Ref> {
        if let Some(known) = self.edges.get(&(from, kind, to)) {
            return Some(*known);
        }
        if !self.lists(from) || !self.lists(to) {
            return None;
        }
        let edge = self.view.graph.edge(from, kind, to)?;
        let end = |node: NodeRef| match self.view.label(node) {
            Label::Alert | Label::Message => shown(self.view.id(node)),
            _ => shown(self.view.shown(node)),
        };
        let id = format!("{} -[{kind}]-> {}", end(from), end(to));
        let element = Element::Edge(from, kind, to);
        let quoted = self.view.label(to) != Label::Url || self.view.risky(to);
        let made = self.add(kind.as_str(), id, element, &edge.facts, true, quoted);
        self.edges.insert((from, kind, to), made);
        Some(made)
    }

    fn add(
        &mut self,
        kind: &'static str,
        id: String,
        element: Element,
        facts: &Facts,
        told: bool,
        quoted: bool,
    ) -> Ref {
        let records = facts.evidence.numbers().take(EVIDENCE_LIMIT);
        self.all.push(ElementDetails {
            kind,
            id,
            command: evidence::command(self.view.graph, element),
            properties: element
                .written(self.view.graph)
                .filter(|_| told)
                .map(properties),
            records: records.collect(),
            count: usize::try_from(facts.evidence.count()).unwrap_or(usize::MAX),
            unrecorded: element.unrecorded(self.view.graph).map(|why| shown(&why)),
            excerpts: BTreeMap::new(),
            quoted: quoted.then_some(element),
        });
        self.all.len() - 1
    }

    pub(super) fn into_details(self) -> Vec<ElementDetails> {
        self.all
    }
}

fn properties(element: Written<'_>) -> Map<String, Json> {
    let facts = element.facts();
    let mut all: Map<String, Json> = element
        .properties()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), broken(value.to_json())))
        .collect();
    for (field, at) in [
        (common::FIRST_SEEN, facts.first_seen),
        (common::LAST_SEEN, facts.last_seen),
    ] {
        if let Some(at) = at {
            all.insert(field.name().to_owned(), format_time(at).into());
        }
    }
    all
}

fn broken(value: Json) -> Json {
    match value {
        Json::String(text) => shown(&text).into(),
        Json::Array(items) => items.into_iter().map(broken).collect(),
        other => other,
    }
}
