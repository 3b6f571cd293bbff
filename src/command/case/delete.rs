//! `linktrail case delete`: deletes the folder of a case, and its share in Neo4j.

use std::path::Path;

use crate::case::{self, Case};
use crate::cli::Global;
use crate::command::exit::{Context, Exit, Failure};
use crate::command::output;
use crate::config::Config;
use crate::sink::neo4j::Connection;
use crate::terminal::clean;

/// Asks, unless `yes` is given, takes the case out of Neo4j when that is configured, and then deletes its files.
pub(super) async fn run(global: &Global, dir: &Path, yes: bool) -> Result<Exit, Failure> {
    let manifest = Case::read_manifest(dir)?;
    let settings = Config::read_neo4j(global.config.as_deref())?;
    let shown = clean(&dir.display().to_string()).into_owned();
    let and_neo4j = match settings {
        Some(_) => " and its share in Neo4j",
        None => "",
    };
    if !yes {
        let refused = format!(
            "nothing was deleted: nobody can be asked here; --yes deletes the case in {shown}{and_neo4j} without asking"
        );
        let question = format!("Delete case {} in {shown}{and_neo4j}?", manifest.id);
        if !output::confirm(&question, refused)? {
            output::eprint_line("nothing was deleted");
            return Ok(Exit::Failed);
        }
    }
    // Before anything is gone: the folder is refused while a load goes on with it.
    let case = case::Deletion::begin(dir)?;
    let mut text = String::new();
    if let Some(settings) = settings {
        let pruned = async { Connection::open(&settings).await?.prune(&manifest.id).await };
        let counters = pruned.await.context(|| {
            "nothing was deleted, since the case cannot be taken out of Neo4j".to_owned()
        })?;
        text = format!(
            "Neo4j: {} node(s) and {} edge(s) deleted that no other case holds\n",
            counters.nodes_deleted, counters.relationships_deleted
        );
    }
    text.push_str(&match case.finish()? {
        true => format!("{shown}: deleted\n"),
        false => format!("{shown}: the case is deleted; other files in the folder were left\n"),
    });
    output::print(&text)?;
    Ok(Exit::Complete)
}
