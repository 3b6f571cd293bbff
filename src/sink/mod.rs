//! Sinks: each knows the graph and nothing of Teams.

pub mod csv;
pub mod graphml;
pub mod neo4j;
pub mod opengraph;
mod plain;
pub mod stix;
