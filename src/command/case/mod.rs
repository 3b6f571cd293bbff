//! `linktrail case`: lists, verifies, packs, pushes and deletes cases, and removes a case from Neo4j.

mod delete;
mod pack;
mod verify;

use std::fmt::Write as _;
use std::path::Path;

use crate::case::Case;
use crate::cli::{Case as Command, Global};
use crate::command::exit::{Context, Exit, Failure, UsageError};
use crate::command::{complete_case, output, push, signals, stored, suggested};
use crate::config::Config;
use crate::model::format_time;
use crate::sink::neo4j::Connection;
use crate::terminal;

pub(super) async fn run(global: &Global, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List { dir } => list(&dir),
        Command::Verify { dir } => verify::run(global, &dir).await,
        Command::Pack { dir, out } => {
            signals::run_blocking(move |stop| pack::pack(&dir, out.as_deref(), stop)).await
        }
        Command::Unpack { file, out } => pack::unpack(global, &file, out.as_deref()).await,
        Command::Delete { dir, yes } => delete::run(global, &dir, yes).await,
        Command::Push { dir, yes } => push_again(global, &dir, yes).await,
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
                if manifest.last_complete().is_some() {
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

async fn push_again(global: &Global, dir: &Path, yes: bool) -> Result<Exit, Failure> {
    let settings = Config::read(global.config.as_deref())?.required_neo4j()?;
    let connection = Connection::open(&settings).await?;
    let case = complete_case::open(Some(dir))?;
    let graph = stored::read(global, &case)?.graph;
    let counters = push::run(global, &connection, case.dir(), &graph, yes).await?;
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
        "{} node(s) and {} edge(s) deleted that no other case holds\nOf what other cases hold as well, verdicts, risk and severity are those of these cases; other properties, counts and times among them, keep their merged values until one of these cases is pushed again (linktrail case push DIR).\n",
        counters.nodes_deleted, counters.relationships_deleted
    ))?;
    Ok(Exit::Complete)
}
