//! The investigation graph: typed nodes and edges held by petgraph.
//!
//! [`schema`] is the one table of what can be in it. Every node and edge is added with a [`Seen`]: the time of the
//! evidence and the journal record that holds it.

mod declare;
pub(crate) mod devices;
pub mod docs;
mod element;
mod evidence;
mod facts;
pub mod file;
pub mod jsonl;
mod merge;
pub mod naming;
pub mod node;
mod packed;
pub mod property;
pub mod schema;
pub mod summary;
pub mod value;
mod written;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::{AbsentEntry, Entry, OccupiedEntry};
use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, IntoEdgeReferences, NodeIndexable};

use crate::model::{RecordId, sorted};

use property::Holds;
use schema::{Given, Merge, common, contains};
use value::{Observed, ValueRef};

pub use element::{EdgeData, NodeData};
pub use evidence::Evidence;
pub use facts::{Facts, Seen};
pub use schema::{Edge, EdgeType, Entity, Field, Label};
pub use value::{Properties, Value};
pub use written::{Written, held};

/// Compares two observations of an edge by [`schema::Merge::Outranks`]. The properties of a CONNECTED_TO edge (counts,
/// times, records) cover only the best kind of match, so an observation of a lesser match is dropped instead of added.
/// What a message itself shows of a url stands over what a log says of both.
fn rank(kind: EdgeType, new: &Facts, old: &Facts) -> Ordering {
    if kind == EdgeType::Contains {
        let is_shown = |facts: &Facts| facts.get(contains::ORIGIN) != Some(LOG);
        return is_shown(new).cmp(&is_shown(old));
    }
    let Some((name, best)) = kind.spec().outranking() else {
        return Ordering::Equal;
    };
    let is_best = |facts: &Facts| {
        let mut declared = facts.declared();
        declared.any(|(property, value)| property.name == name && value == ValueRef::Text(best))
    };
    is_best(new).cmp(&is_best(old))
}

/// The `origin` of a url that only a log shows in a message.
pub const LOG: &str = "log";

/// Truncates the indexed texts to the length that an index can hold.
fn within_index(label: Label, mut observed: Observed) -> Observed {
    let spec = label.spec();
    for (position, value) in &mut observed {
        if let Value::Text(text) = value
            && spec
                .indexed
                .contains(&spec.properties[usize::from(*position)].name)
        {
            *text = value::indexable(std::mem::take(text));
        }
    }
    observed
}

/// A handle of a node. It is valid until that node is merged into another.
pub type NodeRef = NodeIndex;

/// The graph of one case. Nodes are found by label and id, edges by their ends and type. Adding one that exists merges
/// the two by the rules of the schema.
#[derive(Debug, Clone)]
pub struct Graph {
    case: String,
    inner: StableDiGraph<NodeData, EdgeData>,
    /// The nodes by label and id, which stand in the graph alone.
    nodes: HashTable<NodeIndex>,
    /// The edges by type and ends.
    edges: HashTable<EdgeIndex>,
    hasher: RandomState,
}

impl Graph {
    /// An empty graph for the case with this id.
    pub fn new(case: impl Into<String>) -> Self {
        Self {
            case: case.into(),
            inner: StableDiGraph::new(),
            nodes: HashTable::new(),
            edges: HashTable::new(),
            hasher: RandomState::new(),
        }
    }

    /// The id of the case that this graph belongs to.
    pub fn case(&self) -> &str {
        &self.case
    }

    /// Adds a node, or merges it into the one with the same label and id.
    pub fn put<E: Entity>(&mut self, entity: E, seen: Seen) -> NodeRef {
        self.put_with(entity, Given::default(), seen)
    }

    /// Adds a node like [`Graph::put`], with properties that are otherwise set later.
    pub fn put_with<E: Entity>(&mut self, entity: E, more: Given, seen: Seen) -> NodeRef {
        let (id, given) = entity.into_parts();
        let mut observed = given.into_observed();
        observed.extend(more.into_observed());
        self.put_parts(E::LABEL, id, observed, seen)
    }

    fn put_parts(
        &mut self,
        label: Label,
        id: String,
        mut observed: Observed,
        seen: Seen,
    ) -> NodeRef {
        let id = value::indexable(id);
        observed.retain(|(_, value)| !value.is_empty());
        if label == Label::Url {
            written::shorten_url(&id, &mut observed);
        }
        let index = self.node_of(label, id);
        let facts = &mut self.inner[index].facts;
        facts.absorb(label.table(), within_index(label, observed));
        facts.see(seen);
        index
    }

    /// The node with this label and id, which is added when there is none.
    fn node_of(&mut self, label: Label, mut id: String) -> NodeIndex {
        let Self {
            inner,
            nodes,
            hasher,
            ..
        } = self;
        let hash = hasher.hash_one((label, id.as_str()));
        let is_same = |index: &NodeIndex| {
            let node = &inner[*index];
            node.label == label && node.id == id
        };
        let rehash = |index: &NodeIndex| {
            let node = &inner[*index];
            hasher.hash_one((node.label, node.id.as_str()))
        };
        match nodes.entry(hash, is_same, rehash) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(place) => {
                id.shrink_to_fit();
                let facts = Facts::default();
                let index = inner.add_node(NodeData { label, id, facts });
                place.insert(index);
                index
            }
        }
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
        let mut observed = edge.into_given().into_observed();
        if kind == EdgeType::Contains {
            written::shorten_link(&self.inner[to].id, &mut observed);
        }
        facts.absorb(kind.table(), observed);
        facts.see(seen);
        self.link_facts(from, kind, to, facts);
    }

    fn link_facts(&mut self, from: NodeRef, kind: EdgeType, to: NodeRef, facts: Facts) {
        let Self {
            inner,
            edges,
            hasher,
            ..
        } = self;
        let key = (from, kind, to);
        let is_same = |index: &EdgeIndex| edge_key(inner, *index) == Some(key);
        let rehash = |index: &EdgeIndex| hasher.hash_one(edge_key(inner, *index));
        match edges.entry(hasher.hash_one(Some(key)), is_same, rehash) {
            Entry::Occupied(found) => {
                let old = &mut inner[*found.get()].facts;
                match rank(kind, &facts, old) {
                    Ordering::Greater => {
                        let lesser = std::mem::replace(old, facts);
                        if kind == EdgeType::Contains {
                            old.join_evidence(&lesser);
                        }
                    }
                    Ordering::Less if kind == EdgeType::Contains => old.join_evidence(&facts),
                    Ordering::Less => {}
                    Ordering::Equal => old.join(kind.table(), facts),
                }
            }
            Entry::Vacant(place) => {
                place.insert(inner.add_edge(from, to, EdgeData { kind, facts }));
            }
        }
    }

    /// Sets a property, or merges it with its present value by the schema's rule.
    pub fn set<T: Holds>(&mut self, node: NodeRef, field: Field<T>, given: T::Given) {
        debug_assert_eq!(
            self.inner[node].label.table(),
            field.table(),
            "{}",
            field.name()
        );
        self.set_all(node, Given::default().with(field, given));
    }

    /// Sets several properties at once, as [`Graph::set`] sets one.
    pub fn set_all(&mut self, node: NodeRef, given: Given) {
        let data = &mut self.inner[node];
        let observed = within_index(data.label, given.into_observed());
        data.facts.absorb(data.label.table(), observed);
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
            let kind = self.inner[index].kind;
            if let Ok(found) = self.edge_entry(from, kind, to) {
                found.remove();
            }
            if let Some(edge) = self.inner.remove_edge(index) {
                let swap = |end| if end == alias { into } else { end };
                self.link_facts(swap(from), edge.kind, swap(to), edge.facts);
            }
        }
        let hash = self.hash_of(self.inner[alias].label, &self.inner[alias].id);
        if let Ok(found) = self.nodes.find_entry(hash, |index| *index == alias) {
            found.remove();
        }
        if let Some(gone) = self.inner.remove_node(alias) {
            let data = &mut self.inner[into];
            data.facts.join(gone.label.table(), gone.facts);
        }
    }

    fn hash_of(&self, label: Label, id: &str) -> u64 {
        self.hasher.hash_one((label, id))
    }

    fn edge_entry(
        &mut self,
        from: NodeRef,
        kind: EdgeType,
        to: NodeRef,
    ) -> Result<OccupiedEntry<'_, EdgeIndex>, AbsentEntry<'_, EdgeIndex>> {
        let key = Some((from, kind, to));
        let hash = self.hasher.hash_one(key);
        let inner = &self.inner;
        self.edges
            .find_entry(hash, |index| edge_key(inner, *index) == key)
    }

    /// The node with this label and id, or `None` when the graph has no such node.
    pub fn find(&self, label: Label, id: &str) -> Option<NodeRef> {
        let id = match id.len() > value::INDEX_LIMIT {
            true => Cow::Owned(value::indexable(id.to_owned())),
            false => Cow::Borrowed(id),
        };
        let is_same = |index: &NodeIndex| {
            let node = &self.inner[*index];
            node.label == label && node.id == *id
        };
        let hash = self.hash_of(label, &id);
        self.nodes.find(hash, is_same).copied()
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
        let key = Some((from, kind, to));
        let hash = self.hasher.hash_one(key);
        let is_same = |index: &EdgeIndex| edge_key(&self.inner, *index) == key;
        let found = self.edges.find(hash, is_same);
        found.map(|index| &self.inner[*index])
    }

    /// The number of nodes.
    pub fn node_count(&self) -> usize {
        self.inner.node_count()
    }

    /// The number of edges.
    pub fn edge_count(&self) -> usize {
        self.inner.edge_count()
    }

    /// All nodes, sorted by label and id.
    pub fn nodes(&self) -> Vec<&NodeData> {
        let sorted = self.sorted_nodes();
        sorted.into_iter().map(|node| &self.inner[node]).collect()
    }

    /// The labels of all nodes, in no order.
    pub fn labels(&self) -> impl Iterator<Item = Label> {
        self.inner.node_weights().map(|node| node.label)
    }

    /// The types of all edges, in no order.
    pub fn edge_types(&self) -> impl Iterator<Item = EdgeType> {
        self.inner.edge_weights().map(|edge| edge.kind)
    }

    /// All edges with their ends, sorted by type, from and to.
    pub fn edges(&self) -> impl Iterator<Item = (&NodeData, &EdgeData, &NodeData)> {
        let order = Order::of(self);
        let types = schema::EDGES.iter().map(|spec| spec.kind);
        types
            .flat_map(move |kind| order.edges_of(self, kind))
            .map(|(_, edge)| {
                let (from, to) = self.inner.edge_endpoints(edge).unwrap_or_default();
                (&self.inner[from], &self.inner[edge], &self.inner[to])
            })
    }

    fn sorted_nodes(&self) -> Vec<NodeIndex> {
        let mut sorted: Vec<_> = self.inner.node_indices().collect();
        sorted.sort_unstable_by(|a, b| {
            let (a, b) = (&self.inner[*a], &self.inner[*b]);
            (a.label, &a.id).cmp(&(b.label, &b.id))
        });
        sorted
    }

    /// All properties of a node or edge as they are stored: its own, and the common ones.
    pub fn stored<'g>(&self, element: impl Into<Written<'g>>) -> Properties {
        let element = element.into();
        let facts = element.facts();
        let mut all = element.properties();
        if let Written::Node(node) = element {
            for property in node.label.spec().properties {
                if let Merge::CasesWith(flag) = property.merge {
                    match all.get(flag) {
                        Some(Value::Boolean(true)) => {
                            all.insert(property.name, Value::List(vec![self.case.clone()]))
                        }
                        _ => all.remove(property.name),
                    };
                }
            }
        }
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
                .numbers()
                .take(schema::EVIDENCE_LIMIT)
                .map(|number| RecordId::new(&self.case, number).to_string());
            all.insert(common::EVIDENCE.name(), Value::List(sorted(ids.collect())));
        }
        let count = i64::try_from(facts.evidence.count()).unwrap_or(i64::MAX);
        all.insert(common::EVIDENCE_COUNT.name(), Value::Integer(count));
        all
    }
}

/// The order in which nodes and edges are written.
struct Order {
    /// The nodes sorted by label and id.
    nodes: Vec<NodeIndex>,
    /// The place of each node among them.
    ranks: Vec<u32>,
}

impl Order {
    fn of(graph: &Graph) -> Self {
        let nodes = graph.sorted_nodes();
        let mut ranks = vec![0; graph.inner.node_bound()];
        for (rank, node) in (0..).zip(&nodes) {
            ranks[node.index()] = rank;
        }
        Self { nodes, ranks }
    }

    /// The edges of a type, each with the places of its ends, sorted by these.
    fn edges_of(&self, graph: &Graph, kind: EdgeType) -> Vec<([u32; 2], EdgeIndex)> {
        let edges = graph.inner.edge_references();
        let edges = edges.filter(|edge| edge.weight().kind == kind);
        let edges = edges.map(|edge| (self.ends(edge.source(), edge.target()), edge.id()));
        let mut sorted: Vec<_> = edges.collect();
        sorted.sort_unstable();
        sorted
    }

    fn ends(&self, from: NodeIndex, to: NodeIndex) -> [u32; 2] {
        [from, to].map(|end| self.ranks[end.index()])
    }
}

/// The ends and the type of an edge; `None` when the graph has no such edge.
fn edge_key(
    graph: &StableDiGraph<NodeData, EdgeData>,
    edge: EdgeIndex,
) -> Option<(NodeIndex, EdgeType, NodeIndex)> {
    let (from, to) = graph.edge_endpoints(edge)?;
    Some((from, graph[edge].kind, to))
}

#[cfg(test)]
mod tests;
