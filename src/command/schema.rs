//! `linktrail schema`: prints the constraints and indexes of the graph, or creates them in Neo4j.

use super::exit::{Exit, Failure};
use super::output;
use crate::cli::{Global, Schema};
use crate::config::Config;
use crate::graph::docs;
use crate::sink::neo4j::Connection;

pub(super) async fn run(global: &Global, command: Schema) -> Result<Exit, Failure> {
    match command {
        Schema::Print => output::print(&docs::schema_cypher())?,
        Schema::Apply => {
            let settings = Config::read(global.config.as_deref())?.required_neo4j()?;
            let changes = Connection::open(&settings).await?.apply_schema().await?;
            output::print(&format!(
                "{} constraint(s) and {} index(es) created, the others were there\n",
                changes.constraints_added, changes.indexes_added
            ))?;
        }
    }
    Ok(Exit::Complete)
}
