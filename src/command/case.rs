//! `linktrail case`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::load::{self, Mode};
use super::{Exit, UsageError, output, typed};
use crate::case::Case as Folder;
use crate::cli::{Case, Global};
use crate::config::Config;
use crate::model::format_time;
use crate::sink::neo4j::Connection;
use crate::terminal;

pub(super) async fn run(global: &Global, command: Case) -> anyhow::Result<Exit> {
    match command {
        Case::List { dir } => list(&dir),
        Case::Verify { dir } => verify(global, &dir).await,
        Case::Push { dir } => push(global, &dir).await,
        Case::Prune { id } => prune(global, &id).await,
    }
}

/// Opens the case named, or the newest complete one under ./cases, for a command that needs all of it.
pub(super) fn complete(dir: Option<&Path>) -> anyhow::Result<Folder> {
    let dir = match dir {
        Some(dir) => dir.to_owned(),
        None => {
            let newest = newest(Path::new("cases")).ok_or_else(|| {
                UsageError(
                    "there is no complete case under ./cases; name one with --case".to_owned(),
                )
            })?;
            output::complain(&format!(
                "case {}",
                terminal::clean(&newest.to_string_lossy())
            ));
            newest
        }
    };
    let case = Folder::open(&dir)?;
    if !case.manifest().complete {
        return Err(UsageError(format!(
            "the case in {} is not complete; run its load again first",
            dir.display()
        ))
        .into());
    }
    Ok(case)
}

fn newest(folder: &Path) -> Option<PathBuf> {
    std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| Folder::exists(path))
        .filter_map(|path| Some((Folder::read_manifest(&path).ok()?, path)))
        .filter(|(manifest, _)| manifest.complete)
        .max_by_key(|(manifest, _)| manifest.created)
        .map(|(_, path)| path)
}

fn list(dir: &Path) -> anyhow::Result<Exit> {
    let mut text = String::new();
    let mut wrong = 0;
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(UsageError(format!(
                "there is no folder {}; name the one that holds the cases",
                dir.display()
            ))
            .into());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", dir.display())),
    };
    let mut folders: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| Folder::exists(path))
        .collect();
    folders.sort();
    for folder in folders {
        match Folder::read_manifest(&folder) {
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
                output::complain(&terminal::clean(&error.to_string()));
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

/// Reads every record, rebuilds the graph, and compares it with the one that is there.
async fn verify(global: &Global, dir: &Path) -> anyhow::Result<Exit> {
    let mut case = Folder::open(dir)?;
    let mut records = 0_u64;
    case.journal().each(|_| records += 1)?;
    let manifest = case.manifest();
    let mut wrong = Vec::new();
    if manifest.complete && manifest.records != records {
        wrong.push(format!(
            "case.json counts {} record(s), the journal holds {records}",
            manifest.records
        ));
    }
    if manifest.complete {
        let outcome = load::investigate(global, &mut case, Mode::Replay).await?;
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

async fn push(global: &Global, dir: &Path) -> anyhow::Result<Exit> {
    let settings = Config::read(global.config.as_deref())?.required_neo4j()?;
    let connection = Connection::open(&settings).await?;
    let mut case = complete(Some(dir))?;
    let outcome = load::investigate(global, &mut case, Mode::Replay).await?;
    let counters = load::push(global, &connection, &outcome.graph).await?;
    output::print(&format!("{}\n", load::pushed(&counters)))?;
    Ok(Exit::Complete)
}

async fn prune(global: &Global, id: &str) -> anyhow::Result<Exit> {
    let settings = Config::read(global.config.as_deref())?.required_neo4j()?;
    let connection = Connection::open(&settings).await?;
    let counters = connection.prune(id).await?;
    if counters.rows == 0 {
        return Err(UsageError(format!(
            "Neo4j holds no case `{id}`; {} shows those it holds",
            typed::command(global, "hunt run collection-gaps")
        ))
        .into());
    }
    output::print(&format!(
        "{} node(s) and {} edge(s) deleted that no other case holds\nWhat other cases hold as well keeps its merged values until one of them is pushed again (linktrail case push DIR).\n",
        counters.nodes_deleted, counters.relationships_deleted
    ))?;
    Ok(Exit::Complete)
}
