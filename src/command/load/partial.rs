//! A load that stops before the end: `--plan`, or `--until` a stage.

use std::sync::Arc;

use super::case::{self, Opened};
use super::partial_result::{self, Partial};
use crate::cli::{Global, Load, LoadFormat};
use crate::command::exit::{Exit, Failure, UsageError};
use crate::command::services::Services;
use crate::command::{investigation, output, suggested};
use crate::config::Neo4jUse;
use crate::pipeline::{self, Progress};
use crate::terminal::clean;

/// Runs the stages that were requested. Nothing is written to Neo4j, and the case is not complete afterwards.
pub(super) async fn run(global: &Global, arguments: &Load) -> Result<Exit, Failure> {
    let Opened {
        mut case, answers, ..
    } = case::open(global, arguments, Neo4jUse::LeftOut).await?;
    if case.manifest().complete {
        return Err(UsageError(format!(
            "the case in {} is complete, so nothing is left to plan or to stop at; run load again to ask for what failed",
            case.dir().display()
        ))
        .into());
    }
    output::eprint_line(&format!("case {}", clean(&case.dir().to_string_lossy())));
    let services = Services::new(&case, answers)?;
    services.note_reach().await?;
    let Services { client, intel, .. } = services;
    let manifest = case.manifest().clone();
    let run = async |progress: Progress<'_>| match arguments.until {
        Some(stage) => pipeline::until(&manifest, Arc::clone(&client), intel, stage, progress)
            .await
            .map(|outcome| Partial::Until(Box::new(outcome))),
        None => pipeline::plan(&manifest, Arc::clone(&client), intel, progress)
            .await
            .map(|plan| Partial::Plan(Box::new(plan))),
    };
    let ended = &mut |stage| case.stage_done(stage);
    let partial = investigation::show_progress(global, ended, run).await?;
    // The number of records is stored, and the journal is flushed to disk.
    case.note_records()?;
    let next = suggested::command(global, "load")
        .words("--case")
        .path("DIR", case.dir());
    let text = match arguments.format {
        LoadFormat::Json => partial_result::json(&case, &partial, client.counts(), next)?,
        LoadFormat::Text => partial_result::text(&case, &partial, &next)?,
    };
    output::print(&text)?;
    Ok(if partial.gaps().is_empty() {
        Exit::Complete
    } else {
        Exit::Gaps
    })
}
