//! Nodes and edges as the graph holds them.

use super::facts::Facts;
use super::schema::{EdgeType, Label};
use crate::model::{HostId, UserId, VerdictId};

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
