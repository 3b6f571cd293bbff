//! A complete load.

use std::sync::Arc;

use super::case::{self, Opened};
use super::result;
use crate::case::StageState;
use crate::cli::{Global, Load, LoadFormat};
use crate::command::exit::{Context, Exit, Failure};
use crate::command::services::Services;
use crate::command::{investigation, output, push, suggested};
use crate::config::Neo4jUse;
use crate::graph::{file, jsonl};
use crate::terminal::clean;

/// Runs every stage, saves the graph in the case, writes it to Neo4j, and shows the result.
pub(super) async fn run(global: &Global, arguments: &Load) -> Result<Exit, Failure> {
    let neo4j = match arguments.no_neo4j {
        true => Neo4jUse::LeftOut,
        false => Neo4jUse::AsConfigured,
    };
    let Opened {
        mut case,
        answers,
        neo4j,
    } = case::open(global, arguments, neo4j).await?;
    tracing::info!(case = %case.dir().display(), "case");
    output::eprint_line(&format!("case {}", clean(&case.dir().to_string_lossy())));
    let services = Services::new(&case, answers)?;
    let client = Arc::clone(&services.client);
    let manifest = case.manifest().clone();
    let outcome = investigation::run(global, &manifest, services, &mut |stage| {
        case.note(|manifest| {
            manifest.stages.insert(stage, StageState::Done);
        })
    })
    .await?;
    case.write("graph.jsonl", |out| jsonl::write(&outcome.graph, out))?;
    let mut indexed = Ok(());
    case.write("graph.jsonl.zst", |out| {
        indexed = case.write("graph.index", |index| {
            file::write(&outcome.graph, out, index)
        });
        out.flush()
    })?;
    indexed?;
    if !case.manifest().complete {
        case.note(|manifest| manifest.complete = true)?;
    }
    let pushed = match &neo4j {
        None => None,
        Some(connection) => {
            let pushed = push::run(global, connection, &outcome.graph).await.context(|| {
                let again = suggested::command(global, "case push").path("DIR", case.dir());
                format!("the case is complete, but its graph is not all in Neo4j; when this is solved, run {again}")
            })?;
            Some(pushed)
        }
    };
    let text = match arguments.format {
        LoadFormat::Json => result::json(&case, &outcome, client.counts())?,
        LoadFormat::Text => result::text(global, &case, &outcome, pushed.as_ref()),
    };
    output::print(&text)?;
    Ok(if outcome.gaps.is_empty() {
        Exit::Complete
    } else {
        Exit::Gaps
    })
}
