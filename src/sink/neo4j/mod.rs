//! The Neo4j sink: a case's graph merged into the database that analysts work in.
//!
//! [`Connection::open`] says in one line what is wrong with an address, a password or a database.
//! [`Connection::apply_schema`] makes the constraints that loading relies on, [`Connection::load`] merges a graph
//! and [`Connection::prune`] takes a case out again. Labels, types and property names in Cypher come from
//! [`crate::graph::schema`] alone; every value travels as a parameter.

mod address;
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

pub use connection::{Connection, Server, Settings, Tuning};
pub use cypher::{merge_edges, merge_nodes};
pub use error::Neo4jError;
pub use schema::SchemaChanges;

/// What a load or a prune did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Nodes that were not there before.
    pub nodes_created: u64,
    /// Nodes that no case held any more.
    pub nodes_deleted: u64,
    /// Edges that were not there before.
    pub relationships_created: u64,
    /// Edges that no case held any more.
    pub relationships_deleted: u64,
    /// Properties written, also those written with the value they had.
    pub properties_set: u64,
    /// Nodes and edges sent, or, when a case is taken out, found to hold it.
    pub rows: u64,
    /// Transactions that were tried again.
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
