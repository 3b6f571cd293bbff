//! `linktrail case`: lists, verifies and pushes cases, and removes a case from Neo4j.

use std::fmt::Write as _;
use std::path::Path;

use super::exit::{Context, Exit, Failure, UsageError};
use super::{complete_case, output, push, replay, suggested};
use crate::case::Case;
use crate::cli::{Case as Command, Global};
use crate::config::Config;
use crate::model::format_time;
use crate::sink::neo4j::Connection;
use crate::terminal;

pub(super) async fn run(global: &Global, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List { dir } => list(&dir),
        Command::Verify { dir } => verify(global, &dir).await,
        Command::Push { dir } => push_again(global, &dir).await,
        Command::Prune { id } => prune(global, &id).await,
    }
}

fn list(dir: &Path) -> Result<Exit, Failure> {
    let mut text = String::new();
    let mut wrong = 0;
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(UsageError(format!(
                "there is no folder {}; name the one that holds the cases",
                dir.display()
            ))
            .into());
        }
        entries => entries.context(|| format!("cannot read {}", dir.display()))?,
    };
    let mut folders: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| Case::exists(path))
        .collect();
    folders.sort();
    for folder in folders {
        match Case::read_manifest(&folder) {
            Ok(manifest) => writeln!(
                text,
                "{}  {}  {} to {}  {}  {} record(s)  {}",
                terminal::clean(&manifest.id),
                format_time(manifest.created),
                format_time(manifest.window.from),
                format_time(manifest.window.to),
                if manifest.complete {
                    "complete"
                } else {
                    "not complete"
                },
                manifest.records,
                terminal::clean(&folder.display().to_string())
            )?,
            Err(error) => {
                wrong += 1;
                output::eprint_line(&terminal::clean(&error.to_string()));
            }
        }
    }
    output::print(&text)?;
    Ok(if wrong == 0 {
        Exit::Complete
    } else {
        Exit::Failed
    })
}

/// Reads every record, rebuilds the graph from them, and compares it with the saved graph. Nothing is written.
async fn verify(global: &Global, dir: &Path) -> Result<Exit, Failure> {
    let case = Case::open(dir)?;
    let mut records = 0_u64;
    case.journal().each(|_| records += 1)?;
    let manifest = case.manifest();
    let mut wrong = Vec::new();
    if manifest.complete && manifest.records != records {
        wrong.push(format!(
            "case.json counts {} record(s), but the journal holds {records}",
            manifest.records
        ));
    }
    if manifest.complete {
        let outcome = replay::run(global, &case).await?;
        let mut rebuilt = Vec::new();
        crate::graph::jsonl::write(&outcome.graph, &mut rebuilt)?;
        match std::fs::read(dir.join("graph.jsonl")) {
            Ok(kept) if kept == rebuilt => {}
            Ok(_) => wrong.push("graph.jsonl is not the graph that the journal gives; `load --replay` writes it again".to_owned()),
            Err(error) => wrong.push(format!("graph.jsonl cannot be read: {error}; `load --replay` writes it again")),
        }
    }
    let state = if case.manifest().complete {
        "complete"
    } else {
        "not complete: run its load again"
    };
    let mut text = format!("{} record(s) whole, case {state}\n", records);
    for problem in &wrong {
        writeln!(text, "{problem}")?;
    }
    output::print(&text)?;
    Ok(if wrong.is_empty() {
        Exit::Complete
    } else {
        Exit::Failed
    })
}

async fn push_again(global: &Global, dir: &Path) -> Result<Exit, Failure> {
    let settings = Config::read(global.config.as_deref())?.required_neo4j()?;
    let connection = Connection::open(&settings).await?;
    let case = complete_case::open(Some(dir))?;
    let outcome = replay::run(global, &case).await?;
    let counters = push::run(global, &connection, case.dir(), &outcome.graph).await?;
    output::print(&format!("{}\n", push::describe(&counters)))?;
    Ok(Exit::Complete)
}

async fn prune(global: &Global, id: &str) -> Result<Exit, Failure> {
    let settings = Config::read(global.config.as_deref())?.required_neo4j()?;
    let connection = Connection::open(&settings).await?;
    let counters = connection.prune(id).await?;
    if counters.rows == 0 {
        return Err(UsageError(format!(
            "Neo4j holds no case `{id}`; {} shows those it holds",
            suggested::command(global, "hunt run collection-gaps")
        ))
        .into());
    }
    output::print(&format!(
        "{} node(s) and {} edge(s) deleted that no other case holds\nWhat other cases hold as well keeps its merged values until one of them is pushed again (linktrail case push DIR).\n",
        counters.nodes_deleted, counters.relationships_deleted
    ))?;
    Ok(Exit::Complete)
}
