//! Sinks: the formats and databases that a graph is written to. They use only the graph and know nothing about Teams.

pub mod csv;
pub mod graphml;
pub mod neo4j;
pub mod opengraph;
mod plain;
pub mod stix;
