//! The starting points of the investigation, and the reasons for them.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Edge, Graph, NodeRef, Seen};

/// The nodes that the investigation starts from, each with its reasons and their evidence.
#[derive(Default)]
pub(super) struct Starts(BTreeMap<NodeRef, Vec<(&'static str, Seen)>>);

impl Starts {
    pub(super) fn add(&mut self, node: NodeRef, why: &'static str, seen: Seen) {
        self.0.entry(node).or_default().push((why, seen));
    }

    /// Moves the reasons of a node to the node that it is merged into.
    pub(super) fn merge(&mut self, alias: NodeRef, into: NodeRef) {
        if let Some(reasons) = self.0.remove(&alias) {
            self.0.entry(into).or_default().extend(reasons);
        }
    }

    /// Links the node of the case to each starting point.
    pub(super) fn link_from(self, graph: &mut Graph, case: NodeRef) {
        for (node, reasons) in self.0 {
            let why: BTreeSet<&str> = reasons.iter().map(|(why, _)| *why).collect();
            let why = why.into_iter().collect::<Vec<_>>().join(", ");
            for (_, seen) in reasons {
                let why = why.clone();
                graph.link(case, Edge::StartedFrom { why }, node, seen);
            }
        }
    }
}
