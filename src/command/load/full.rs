//! A complete load.

use std::sync::Arc;

use super::case::{self, Opened};
use super::result;
use crate::case::{Case, CaseFile};
use crate::cli::{Global, Load, LoadFormat};
use crate::command::exit::{Exit, Failure};
use crate::command::services::{Answers, Services};
use crate::command::stored::{self, Stored};
use crate::command::{investigation, output, push, suggested};
use crate::config::Neo4jUse;
use crate::http;
use crate::pipeline::RunError;
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
    let replays = matches!(answers, Answers::Journal);
    let services = Services::new(&case, answers)?;
    services.note_reach().await?;
    let client = Arc::clone(&services.client);
    let manifest = case.manifest().clone();
    let ended = &mut |stage| case.stage_done(stage);
    let ran = investigation::run(global, &manifest, services, ended).await;
    let made = match ran {
        Ok(outcome) => {
            let made = Stored::from(outcome);
            stored::write(&mut case, &made, replays)?;
            made
        }
        Err(RunError::Source(http::Failure::NotRecorded(what)))
            if case.file(CaseFile::Graph).is_some() =>
        {
            let stored = stored::read(global, &case)?;
            output::eprint_line(&not_recorded(global, &case, &what));
            stored
        }
        Err(error) => return Err(error.into()),
    };
    let pushed = match &neo4j {
        None => Ok(None),
        Some(connection) => {
            let pushed = push::run(global, connection, case.dir(), &made.graph, arguments.yes);
            pushed.await.map(Some)
        }
    };
    // The case is complete, whatever becomes of its graph in Neo4j, and so its result is shown.
    let counters = pushed.as_ref().ok().and_then(Option::as_ref);
    let text = match arguments.format {
        LoadFormat::Json => result::json(&case, &made, client.counts())?,
        LoadFormat::Text => result::text(global, &case, &made, counters),
    };
    output::print(&text)?;
    if let Err(Failure { message, .. }) = pushed {
        let again = suggested::command(global, "case push").path("DIR", case.dir());
        return Err(Failure {
            exit: Exit::Failed,
            message: format!(
                "the case is complete, but its graph is not all in Neo4j; when this is solved, run {again}: {message}"
            ),
        });
    }
    Ok(if made.gaps.is_empty() {
        Exit::Complete
    } else {
        Exit::Gaps
    })
}

/// Why a replay shows the stored graph and not one of its own, and what to do.
fn not_recorded(global: &Global, case: &Case, what: &str) -> String {
    let load = suggested::command(global, "load --case").path("DIR", case.dir());
    format!(
        "the graph was not rebuilt, and the stored one is used: the case was made by linktrail {} and holds no answer to {}, which this version ({}) needs; {load} fetches what is missing",
        clean(&case.manifest().version),
        clean(what),
        env!("CARGO_PKG_VERSION"),
    )
}
