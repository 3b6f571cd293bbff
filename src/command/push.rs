//! A graph into Neo4j, with its progress shown.

use super::output;
use crate::cli::Global;
use crate::graph::Graph;
use crate::sink::neo4j::{Connection, Counters, Neo4jError};

/// Writes a graph to Neo4j, after the constraints that the writing relies on.
pub(super) async fn run(
    global: &Global,
    connection: &Connection,
    graph: &Graph,
) -> Result<Counters, Neo4jError> {
    connection.apply_schema().await?;
    let bar = output::progress(global);
    let counters = connection
        .load(graph, &|done, all| {
            bar.set_message(format!("Neo4j {done}/{all}"))
        })
        .await;
    bar.finish_and_clear();
    counters
}

/// What was written, as a line for people.
pub(super) fn describe(counters: &Counters) -> String {
    format!(
        "Neo4j: {} node(s) and edge(s) written, {} node(s) and {} edge(s) of them new",
        counters.rows, counters.nodes_created, counters.relationships_created
    )
}
