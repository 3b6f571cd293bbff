//! Sinks: each knows the graph and nothing of Teams.

pub mod neo4j;
