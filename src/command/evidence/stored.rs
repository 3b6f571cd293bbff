//! Finds what was typed in the stored graph of a case.

use crate::case::{CaseFile, StoredCase};
use crate::cli::Global;
use crate::command::exit::Failure;
use crate::command::{output, stored, suggested};
use crate::evidence::{Dossier, NotFound};
use crate::graph::file::{IndexError, Indexed};
use crate::terminal::clean;

/// What the words identify: by the index, or else in the whole graph, which takes longer.
pub(super) fn dossier(
    global: &Global,
    case: &StoredCase,
    words: &[String],
) -> Result<Dossier, Failure> {
    let unusable = match indexed(case, words) {
        Some(Ok(dossier)) => return Ok(dossier?),
        Some(Err(error)) => Some(error),
        None => None,
    };
    let graph = stored::read(global, case)?.graph;
    if let Some(error) = unusable {
        let again = suggested::command(global, "load --replay --no-neo4j --case");
        output::eprint_line(&format!(
            "graph.index is not used, so that this took longer: {}; {} writes it again",
            clean(&error.to_string()),
            again.path("DIR", case.dir())
        ));
    }
    Ok(Dossier::in_graph(graph, words)?)
}

/// `None` when the case has no index.
fn indexed(
    case: &StoredCase,
    words: &[String],
) -> Option<Result<Result<Dossier, NotFound>, IndexError>> {
    let graph = case.file(CaseFile::Graph)?;
    let index = case.file(CaseFile::Index)?;
    let files = graph.raw().and_then(|graph| Ok((graph, index.raw()?)));
    let indexed = files.map_err(IndexError::from);
    let indexed = indexed.and_then(|(graph, index)| Indexed::open(case.id(), graph, index));
    Some(indexed.and_then(|indexed| Dossier::indexed(indexed, words)))
}
