//! How many edges a node has, and where they lead.

use crate::graph::{EdgeType, Graph, Label, NodeRef, schema};

/// The edges of one type that start at a node, or of one type that lead to it. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbours {
    /// The type of the edges.
    pub kind: EdgeType,
    /// True when they start at the node, false when they lead to it.
    pub out: bool,
    /// How many there are.
    pub count: usize,
    /// The labels of the nodes at their other ends, sorted and distinct.
    pub labels: Vec<Label>,
    /// The first of these nodes, by label and id.
    pub first: NodeRef,
}

/// The edges of a node, in the order of their types; those that start at it come before those of the same type that
/// lead to it.
pub fn neighbours(graph: &Graph, node: NodeRef) -> Vec<Neighbours> {
    let kinds = schema::EDGES.iter().map(|spec| spec.kind);
    let ways = kinds.flat_map(|kind| [(kind, true), (kind, false)]);
    let all = ways.filter_map(|(kind, out)| {
        let ends = match out {
            true => graph.targets(node, kind),
            false => graph.sources(node, kind),
        };
        let mut labels: Vec<_> = ends.iter().map(|end| graph.node(*end).label).collect();
        labels.dedup();
        Some(Neighbours {
            kind,
            out,
            count: ends.len(),
            labels,
            first: *ends.first()?,
        })
    });
    all.collect()
}
