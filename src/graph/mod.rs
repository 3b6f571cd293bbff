//! The investigation graph: typed nodes and edges held by petgraph.
//!
//! [`schema`] is the one table of what can be in it. Every node and edge is added with a [`Seen`]: the time of the
//! evidence and the journal record that holds it.

mod declare;
pub(crate) mod devices;
pub mod docs;
pub mod jsonl;
mod merge;
pub mod naming;
pub mod node;
pub mod property;
pub mod schema;
pub mod summary;
pub mod value;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use petgraph::Direction;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};

use crate::model::{HostId, RecordId, RecordNumber, UserId, VerdictId, sorted};

use property::Holds;
use schema::{Given, common};

pub use schema::{Edge, EdgeType, Entity, Field, Label};
pub use value::{Properties, Value};

/// When something happened, and which journal record proves it. Either may be unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// The time of the event, not of the load.
    pub at: Option<DateTime<Utc>>,
    /// The time of the last event, for a record that counts several events.
    pub until: Option<DateTime<Utc>>,
    /// The number of the journal record that proves it.
    pub record: Option<RecordNumber>,
}

impl Seen {
    /// Evidence of a single event, at a time that may be unknown.
    pub fn at(record: RecordNumber, at: Option<DateTime<Utc>>) -> Self {
        Self {
            at,
            until: at,
            record: Some(record),
        }
    }

    /// Evidence of several events, with the times of the first and the last.
    pub fn between(
        record: RecordNumber,
        first: Option<DateTime<Utc>>,
        last: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            at: first,
            until: last,
            record: Some(record),
        }
    }

    /// Evidence without a time.
    pub fn in_record(record: RecordNumber) -> Self {
        Self {
            record: Some(record),
            ..Self::default()
        }
    }
}

/// The properties of a node or an edge, and its evidence.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The properties that the schema declares for this label or type, without the common ones.
    properties: Properties,
    /// The time of the earliest evidence.
    pub first_seen: Option<DateTime<Utc>>,
    /// The time of the latest evidence.
    pub last_seen: Option<DateTime<Utc>>,
    /// The numbers of all journal records that prove it. Only the first of them are stored as a property.
    pub evidence: BTreeSet<RecordNumber>,
}

impl Facts {
    fn see(&mut self, seen: Seen) {
        let times = [seen.at, seen.until, self.first_seen, self.last_seen];
        self.first_seen = times.into_iter().flatten().min();
        self.last_seen = times.into_iter().flatten().max();
        self.evidence.extend(seen.record);
    }

    fn absorb(&mut self, declared: &'static [schema::Property], properties: Properties) {
        for (name, value) in properties {
            if value.is_empty() {
                continue;
            }
            match declared.iter().find(|property| property.name == name) {
                Some(property) => merge::merge_into(&mut self.properties, property, value),
                None => debug_assert!(false, "{name} is not in the schema"),
            }
        }
    }

    fn join(&mut self, declared: &'static [schema::Property], other: Self) {
        self.absorb(declared, other.properties);
        self.see(Seen {
            at: other.first_seen,
            until: other.last_seen,
            record: None,
        });
        self.evidence.extend(other.evidence);
    }

    /// The value of a property, in the type that the schema declares; `None` when it is absent.
    pub fn get<T: Holds>(&self, field: Field<T>) -> Option<T::Read<'_>> {
        self.properties.get(field.name()).and_then(T::from_value)
    }

    /// True when the flag is present and true.
    pub fn is<T>(&self, flag: Field<T>) -> bool
    where
        T: for<'v> Holds<Read<'v> = bool>,
    {
        self.get(flag) == Some(true)
    }

    /// True when the property is present.
    pub fn has<T>(&self, field: Field<T>) -> bool {
        self.properties.contains_key(field.name())
    }

    /// All properties sorted by name, for code that writes every one of them.
    pub fn properties(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.properties.iter().map(|(name, value)| (*name, value))
    }
}

/// A node in the graph.
#[derive(Debug, Clone)]
pub struct NodeData {
    /// The label, which decides what properties the node can have.
    pub label: Label,
    /// The key, which is unique under its label, in the form that `model::ids` writes. A key that is too long for an
    /// index of Neo4j is truncated.
    pub id: String,
    /// Its properties and its evidence.
    pub facts: Facts,
}

impl NodeData {
    /// The id of a user; `None` for a node of another label.
    pub fn user_id(&self) -> Option<UserId> {
        (self.label == Label::User).then(|| UserId::from(self.id.as_str()))
    }

    /// The id of a host; `None` for a node of another label.
    pub fn host_id(&self) -> Option<HostId> {
        (self.label == Label::Host).then(|| HostId::from(self.id.as_str()))
    }

    /// The id of a verdict; `None` for a node of another label.
    pub fn verdict_id(&self) -> Option<VerdictId> {
        let text = Some(self.id.as_str()).filter(|_| self.label == Label::Verdict);
        text.and_then(VerdictId::parse)
    }
}

/// An edge in the graph, without its two ends.
#[derive(Debug, Clone)]
pub struct EdgeData {
    /// The type, which decides what labels the edge can join and what properties it can have.
    pub kind: EdgeType,
    /// Its properties and its evidence.
    pub facts: Facts,
}

/// Compares two observations of an edge by [`schema::Merge::Outranks`]. The properties of a CONNECTED_TO edge (counts,
/// times, records) cover only the best kind of match, so an observation of a lesser match is dropped instead of added.
fn rank(kind: EdgeType, new: &Facts, old: &Facts) -> Ordering {
    let Some((property, best)) = kind.spec().outranking() else {
        return Ordering::Equal;
    };
    let is_best = |facts: &Facts| matches!(facts.properties.get(property), Some(Value::Text(text)) if text == best);
    is_best(new).cmp(&is_best(old))
}

/// Truncates the indexed texts to the length that an index can hold.
fn within_index(label: Label, mut properties: Properties) -> Properties {
    for name in label.spec().indexed {
        if let Some(Value::Text(text)) = properties.get_mut(name) {
            *text = value::indexable(std::mem::take(text));
        }
    }
    properties
}

/// A handle of a node. It is valid until that node is merged into another.
pub type NodeRef = NodeIndex;

/// The graph of one case. Nodes are found by label and id, edges by their ends and type. Adding one that exists merges
/// the two by the rules of the schema.
#[derive(Debug, Clone)]
pub struct Graph {
    case: String,
    inner: StableDiGraph<NodeData, EdgeData>,
    nodes: HashMap<(Label, String), NodeIndex>,
    edges: HashMap<(NodeIndex, EdgeType, NodeIndex), petgraph::stable_graph::EdgeIndex>,
}

impl Graph {
    /// An empty graph for the case with this id.
    pub fn new(case: impl Into<String>) -> Self {
        Self {
            case: case.into(),
            inner: StableDiGraph::new(),
            nodes: HashMap::new(),
            edges: HashMap::new(),
        }
    }

    /// The id of the case that this graph belongs to.
    pub fn case(&self) -> &str {
        &self.case
    }

    /// Adds a node, or merges it into the one with the same label and id.
    pub fn put<E: Entity>(&mut self, entity: E, seen: Seen) -> NodeRef {
        let (id, given) = entity.into_parts();
        self.put_parts(E::LABEL, id, given.into_properties(), seen)
    }

    fn put_parts(
        &mut self,
        label: Label,
        id: String,
        properties: Properties,
        seen: Seen,
    ) -> NodeRef {
        let id = value::indexable(id);
        let index = match self.nodes.get(&(label, id.clone())) {
            Some(index) => *index,
            None => {
                let index = self.inner.add_node(NodeData {
                    label,
                    id: id.clone(),
                    facts: Facts::default(),
                });
                self.nodes.insert((label, id), index);
                index
            }
        };
        let facts = &mut self.inner[index].facts;
        facts.absorb(label.spec().properties, within_index(label, properties));
        facts.see(seen);
        index
    }

    /// Adds an edge, or merges it into the one with the same ends and type.
    pub fn link(&mut self, from: NodeRef, edge: Edge, to: NodeRef, seen: Seen) {
        let kind = edge.kind();
        debug_assert!(
            kind.spec()
                .joins
                .contains(&(self.inner[from].label, self.inner[to].label)),
            "{kind} joins {:?} and {:?}",
            self.inner[from].label,
            self.inner[to].label
        );
        let mut facts = Facts::default();
        facts.absorb(kind.spec().properties, edge.into_given().into_properties());
        facts.see(seen);
        self.link_facts(from, kind, to, facts);
    }

    fn link_facts(&mut self, from: NodeRef, kind: EdgeType, to: NodeRef, facts: Facts) {
        match self.edges.get(&(from, kind, to)) {
            Some(index) => {
                let old = &mut self.inner[*index].facts;
                match rank(kind, &facts, old) {
                    Ordering::Greater => *old = facts,
                    Ordering::Less => {}
                    Ordering::Equal => old.join(kind.spec().properties, facts),
                }
            }
            None => {
                let index = self.inner.add_edge(from, to, EdgeData { kind, facts });
                self.edges.insert((from, kind, to), index);
            }
        }
    }

    /// Sets a property, or merges it with its present value by the schema's rule.
    pub fn set<T: Holds>(&mut self, node: NodeRef, field: Field<T>, given: T::Given) {
        let data = &mut self.inner[node];
        let given = Given::default().with(field, given).into_properties();
        data.facts.absorb(
            data.label.spec().properties,
            within_index(data.label, given),
        );
    }

    /// Adds records and their times to the evidence of a node.
    pub fn see(&mut self, node: NodeRef, seen: Seen) {
        self.inner[node].facts.see(seen);
    }

    /// Merges two nodes that turned out to be the same: `into` takes over the edges and evidence of `alias`, which is
    /// removed.
    pub fn merge(&mut self, alias: NodeRef, into: NodeRef) {
        if alias == into {
            return;
        }
        debug_assert_eq!(self.inner[alias].label, self.inner[into].label);
        let moved: Vec<_> = self
            .inner
            .edges_directed(alias, Direction::Outgoing)
            .chain(
                self.inner
                    .edges_directed(alias, Direction::Incoming)
                    // A self-loop is already among the outgoing edges. petgraph gives a freed index to the next edge,
                    // so removing a loop twice would remove another edge.
                    .filter(|edge| edge.source() != alias),
            )
            .map(|edge| (edge.id(), edge.source(), edge.target()))
            .collect();
        for (index, from, to) in moved {
            if let Some(edge) = self.inner.remove_edge(index) {
                self.edges.remove(&(from, edge.kind, to));
                let swap = |end| if end == alias { into } else { end };
                self.link_facts(swap(from), edge.kind, swap(to), edge.facts);
            }
        }
        if let Some(gone) = self.inner.remove_node(alias) {
            self.nodes.remove(&(gone.label, gone.id));
            let data = &mut self.inner[into];
            data.facts.join(gone.label.spec().properties, gone.facts);
        }
    }

    /// The node with this label and id, or `None` when the graph has no such node.
    pub fn find(&self, label: Label, id: &str) -> Option<NodeRef> {
        self.nodes
            .get(&(label, value::indexable(id.to_owned())))
            .copied()
    }

    /// The data of a node.
    pub fn node(&self, node: NodeRef) -> &NodeData {
        &self.inner[node]
    }

    /// All nodes of a label, sorted by id.
    pub fn labelled(&self, label: Label) -> Vec<NodeRef> {
        let mut found: Vec<_> = self
            .inner
            .node_indices()
            .filter(|n| self.inner[*n].label == label)
            .collect();
        found.sort_by(|a, b| self.inner[*a].id.cmp(&self.inner[*b].id));
        found
    }

    /// The nodes that edges of a type lead to from this node, sorted by id.
    pub fn targets(&self, from: NodeRef, kind: EdgeType) -> Vec<NodeRef> {
        self.ends(from, kind, Direction::Outgoing)
    }

    /// The nodes from which edges of a type lead to this node, sorted by id.
    pub fn sources(&self, to: NodeRef, kind: EdgeType) -> Vec<NodeRef> {
        self.ends(to, kind, Direction::Incoming)
    }

    fn ends(&self, node: NodeRef, kind: EdgeType, direction: Direction) -> Vec<NodeRef> {
        let mut ends: Vec<_> = self
            .inner
            .edges_directed(node, direction)
            .filter(|edge| edge.weight().kind == kind)
            .map(|edge| {
                if direction == Direction::Outgoing {
                    edge.target()
                } else {
                    edge.source()
                }
            })
            .collect();
        ends.sort_by(|a, b| {
            let (a, b) = (&self.inner[*a], &self.inner[*b]);
            (a.label, &a.id).cmp(&(b.label, &b.id))
        });
        ends
    }

    /// The edge of a type between two nodes, or `None` when there is none.
    pub fn edge(&self, from: NodeRef, kind: EdgeType, to: NodeRef) -> Option<&EdgeData> {
        self.edges
            .get(&(from, kind, to))
            .map(|index| &self.inner[*index])
    }

    /// All nodes, sorted by label and id.
    pub fn nodes(&self) -> Vec<&NodeData> {
        let mut nodes: Vec<_> = self.inner.node_weights().collect();
        nodes.sort_by(|a, b| (a.label, &a.id).cmp(&(b.label, &b.id)));
        nodes
    }

    /// All edges with their ends, sorted by type, from and to.
    pub fn edges(&self) -> Vec<(&NodeData, &EdgeData, &NodeData)> {
        let mut edges: Vec<_> = self
            .inner
            .edge_references()
            .map(|edge| {
                (
                    &self.inner[edge.source()],
                    edge.weight(),
                    &self.inner[edge.target()],
                )
            })
            .collect();
        edges.sort_by(|(from, edge, to), (other_from, other, other_to)| {
            (edge.kind, from.label, &from.id, to.label, &to.id).cmp(&(
                other.kind,
                other_from.label,
                &other_from.id,
                other_to.label,
                &other_to.id,
            ))
        });
        edges
    }

    /// All properties of a node or edge as they are stored: its own, and the common ones.
    pub fn stored(&self, facts: &Facts) -> Properties {
        let mut all = facts.properties.clone();
        all.insert(common::CASES.name(), Value::List(vec![self.case.clone()]));
        if let Some(at) = facts.first_seen {
            all.insert(common::FIRST_SEEN.name(), Value::Time(at));
        }
        if let Some(at) = facts.last_seen {
            all.insert(common::LAST_SEEN.name(), Value::Time(at));
        }
        if !facts.evidence.is_empty() {
            let ids = facts
                .evidence
                .iter()
                .take(schema::EVIDENCE_LIMIT)
                .map(|number| RecordId::new(&self.case, *number).to_string());
            all.insert(common::EVIDENCE.name(), Value::List(sorted(ids.collect())));
        }
        let count = i64::try_from(facts.evidence.len()).unwrap_or(i64::MAX);
        all.insert(common::EVIDENCE_COUNT.name(), Value::Integer(count));
        all
    }
}

#[cfg(test)]
mod tests;
