//! A node or an edge of the graph, and the records that prove it.

use crate::graph::schema::{started_from, verdict};
use crate::graph::{EdgeType, Facts, Graph, Label, NodeRef, Written};
use crate::intel::ANALYST;
use crate::model::{BY_HAND, RecordNumber, State};

/// A node or an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// A node.
    Node(NodeRef),
    /// An edge, by its start, type and end.
    Edge(NodeRef, EdgeType, NodeRef),
}

impl Element {
    /// The properties and evidence in the graph; `None` when the graph has no such edge.
    pub fn facts(self, graph: &Graph) -> Option<&Facts> {
        match self {
            Self::Node(node) => Some(&graph.node(node).facts),
            Self::Edge(from, kind, to) => graph.edge(from, kind, to).map(|edge| &edge.facts),
        }
    }

    /// It with its ends, for code that writes all its properties; `None` when the graph has no such edge.
    pub fn written(self, graph: &Graph) -> Option<Written<'_>> {
        Some(match self {
            Self::Node(node) => Written::Node(graph.node(node)),
            Self::Edge(from, kind, to) => {
                let edge = graph.edge(from, kind, to)?;
                Written::Edge(graph.node(from), edge, graph.node(to))
            }
        })
    }

    /// The numbers of all records that prove it, in ascending order.
    pub fn records(self, graph: &Graph) -> Vec<RecordNumber> {
        let facts = self.facts(graph);
        facts.map_or_else(Vec::new, |facts| facts.evidence.numbers().collect())
    }

    /// Why no record proves it; `None` when there is a record.
    pub fn unrecorded(self, graph: &Graph) -> Option<String> {
        if !self.records(graph).is_empty() {
            return None;
        }
        let by_hand = "it was named by hand when the case was made: case.json holds the options";
        let nodes = match self {
            Self::Node(node) => vec![node],
            Self::Edge(from, _, to) => vec![from, to],
        };
        let verdict = nodes
            .into_iter()
            .map(|node| graph.node(node))
            .find(|node| node.label == Label::Verdict);
        Some(match (self, verdict) {
            (_, Some(of_url)) => {
                let facts = &of_url.facts;
                let summary = facts.get(verdict::SUMMARY).unwrap_or("no reason is known");
                match facts.get(verdict::STATE) {
                    _ if facts.get(verdict::PROVIDER) == Some(ANALYST) => by_hand.to_owned(),
                    Some(State::Skipped) => format!("nothing was sent: {summary}"),
                    _ => format!("there was no answer to record: {summary}"),
                }
            }
            (Self::Node(node), None) if graph.node(node).label == Label::Case => {
                "a case is what load was asked for, which stands in case.json; its records are the evidence of all else"
                    .to_owned()
            }
            (Self::Edge(from, EdgeType::StartedFrom, to), None) => {
                let edge = graph.edge(from, EdgeType::StartedFrom, to);
                match edge.and_then(|edge| edge.facts.get(started_from::WHY)) {
                    Some(BY_HAND) => by_hand.to_owned(),
                    why => format!("no record is known that says why ({})", why.unwrap_or_default()),
                }
            }
            (Self::Edge(_, EdgeType::OnDomain, _), None) => {
                format!("it follows from the url alone, and {by_hand}")
            }
            _ => by_hand.to_owned(),
        })
    }
}
