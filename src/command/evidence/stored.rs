//! Finds what was typed in the stored graph of a case.

use std::fs::File;
use std::io::ErrorKind;

use crate::case::Case;
use crate::cli::Global;
use crate::command::exit::{Context, Failure};
use crate::command::{output, replay};
use crate::evidence::Dossier;
use crate::graph::file::{self, IndexError, Indexed};
use crate::terminal::clean;

/// What the words identify: by the index, or else in the whole graph, which takes longer. A case without a stored graph
/// is replayed.
pub(super) async fn dossier(
    global: &Global,
    case: &Case,
    words: &[String],
) -> Result<Dossier, Failure> {
    let Some(graph) = open(case, "graph.jsonl.zst")? else {
        let graph = replay::run(global, case).await?.graph;
        return Ok(Dossier::in_graph(graph, words)?);
    };
    let mut unusable = None;
    if let Some(index) = open(case, "graph.index")? {
        let file = graph.try_clone()?;
        let read = Indexed::open(case.id(), file, index)
            .and_then(|indexed| Dossier::indexed(indexed, words));
        match read {
            Ok(dossier) => return Ok(dossier?),
            Err(error) => unusable = Some(error),
        }
    }
    let graph = read_whole(case, graph)?;
    if let Some(error) = unusable {
        say_unusable(&error);
    }
    Ok(Dossier::in_graph(graph, words)?)
}

fn read_whole(case: &Case, mut graph: File) -> Result<crate::graph::Graph, Failure> {
    std::io::Seek::rewind(&mut graph)?;
    let read = file::read(case.id(), graph);
    let advice =
        "the stored graph cannot be read; `linktrail load --replay --case DIR` writes it again";
    read.map_err(std::io::Error::other)
        .context(|| advice.to_owned())
}

fn say_unusable(error: &IndexError) {
    output::eprint_line(&format!(
        "graph.index is not used, so that this took longer: {}; `linktrail load --replay --case DIR` writes it again",
        clean(&error.to_string())
    ));
}

/// A file of the case; `None` when there is none.
fn open(case: &Case, name: &str) -> Result<Option<File>, Failure> {
    match File::open(case.dir().join(name)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(|| format!("cannot read {name} of the case")),
    }
}
