//! The Neo4j sink: merges the graph of a case into the database that analysts use.
//!
//! [`Connection::open`] explains in one line what is wrong with an address, a password or a database.
//! [`Connection::apply_schema`] creates the constraints that loading depends on, [`Connection::load`] merges a graph,
//! and [`Connection::prune`] removes a case. Labels, types and property names in Cypher come only from
//! [`crate::graph::schema`]; every value is a parameter.

mod address;
mod by_case;
mod cases;
mod condition;
mod connection;
mod cypher;
mod error;
mod load;
mod prune;
mod retry;
mod rows;
mod schema;
mod sweep;
mod target;

pub use address::exposes;
pub use condition::Condition;
pub use connection::{Connection, Server, Settings, Tuning};
pub use cypher::{columns, merge_edge_rows, merge_edges, merge_node_rows, merge_nodes};
pub use error::Neo4jError;
pub use schema::SchemaChanges;
pub use sweep::Leaving;

/// The changes that a load or a prune made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Nodes that did not exist before.
    pub nodes_created: u64,
    /// Nodes that were deleted, since no case held them any more.
    pub nodes_deleted: u64,
    /// Edges that did not exist before.
    pub relationships_created: u64,
    /// Edges that were deleted, since no case held them any more.
    pub relationships_deleted: u64,
    /// Nodes that the case held before and holds no more, whether they were deleted or another case holds them.
    pub nodes_left: u64,
    /// Edges that the case held before and holds no more.
    pub relationships_left: u64,
    /// Properties that were written, including those whose value did not change.
    pub properties_set: u64,
    /// Nodes and edges that were sent or, for a prune, that held the case.
    pub rows: u64,
    /// Transactions that were retried.
    pub retries: u64,
}

impl Counters {
    fn add(&mut self, stats: &neo4rs::summary::Counters) {
        self.nodes_created += stats.nodes_created;
        self.nodes_deleted += stats.nodes_deleted;
        self.relationships_created += stats.relationships_created;
        self.relationships_deleted += stats.relationships_deleted;
        self.properties_set += stats.properties_set;
    }
}
