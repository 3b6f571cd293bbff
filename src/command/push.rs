//! Writes a graph to Neo4j, and shows the progress.

use super::output;
use crate::cli::Global;
use crate::graph::Graph;
use crate::sink::neo4j::{Connection, Counters, Neo4jError};

/// Creates the constraints that loading depends on, and writes a graph to Neo4j.
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

/// Describes the changes in one line for people.
pub(super) fn describe(counters: &Counters) -> String {
    format!(
        "Neo4j: {} node(s) and edge(s) written, {} node(s) and {} edge(s) of them new",
        counters.rows, counters.nodes_created, counters.relationships_created
    )
}
