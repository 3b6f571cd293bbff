//! The stored graph of a case: the only place that reads and writes it.

use std::io::{self, BufRead, Write};

use super::exit::Failure;
use super::{output, suggested};
use crate::case::{Case, CaseFile, StoredCase, StoredFile};
use crate::cli::Global;
use crate::graph::schema::case as of_case;
use crate::graph::{Graph, Label, file, jsonl};
use crate::model::{Gap, StoredGap};
use crate::pipeline::Outcome;
use crate::terminal::clean;

/// The result of a complete load: the graph, and what is missing from it.
pub(super) struct Stored {
    pub(super) graph: Graph,
    /// What is missing and could have been read.
    pub(super) gaps: Vec<StoredGap>,
    /// What is missing and no permission could have provided.
    pub(super) notes: Vec<StoredGap>,
}

impl From<Outcome> for Stored {
    fn from(outcome: Outcome) -> Self {
        let stored = |gaps: &[Gap]| gaps.iter().map(StoredGap::from).collect();
        Self {
            gaps: stored(&outcome.gaps),
            notes: stored(&outcome.notes),
            graph: outcome.graph,
        }
    }
}

/// Reads the last complete generation of a case.
pub(super) fn read(global: &Global, case: &StoredCase) -> Result<Stored, Failure> {
    let again = || {
        let load = suggested::command(global, "load --replay --no-neo4j --case");
        load.path("DIR", case.dir())
    };
    let Some(file) = case.file(CaseFile::Graph) else {
        return Err(
            io::Error::other(format!("the case holds no graph; {} rebuilds it", again())).into(),
        );
    };
    let graph = file.read().map_err(jsonl::ReadError::from);
    let graph = graph.and_then(|input| jsonl::read(case.id(), input));
    let graph = graph.map_err(|error| {
        let path = file.path.display();
        io::Error::other(format!(
            "{path} cannot be read: {error}; {} rebuilds it",
            again()
        ))
    })?;
    let manifest = case.manifest();
    let (gaps, notes) = match manifest.generation {
        Some(_) => (manifest.gaps.clone(), manifest.notes.clone()),
        None => (gaps_in(&graph), Vec::new()),
    };
    Ok(Stored { graph, gaps, notes })
}

/// The gaps in the graph itself, where cases of format 1 have them.
fn gaps_in(graph: &Graph) -> Vec<StoredGap> {
    let cases = graph.labelled(Label::Case);
    let texts = cases
        .iter()
        .flat_map(|case| graph.node(*case).facts.get(of_case::GAPS))
        .flatten();
    texts.filter_map(StoredGap::parse).collect()
}

/// Stores the result of a load or a replay in the case, unless it holds the same already.
pub(super) fn write(case: &mut Case, made: &Stored, replayed: bool) -> Result<(), Failure> {
    let manifest = case.manifest();
    let is_told = || manifest.gaps == made.gaps && manifest.notes == made.notes;
    let same = !case.begins_generation()
        && case.file(CaseFile::Index).is_some()
        && (!replayed || manifest.generation.is_some() && is_told())
        && case
            .file(CaseFile::Graph)
            .is_some_and(|file| equals(&made.graph, file).unwrap_or(false));
    if !case.is_writable() {
        output::eprint_line(&format!(
            "nothing was saved: the case in {} cannot be written",
            clean(&case.dir().to_string_lossy())
        ));
        return Ok(());
    }
    if same {
        return Ok(());
    }
    let missing = (made.gaps.clone(), made.notes.clone());
    case.complete(missing, |graph, index| {
        file::write(&made.graph, graph, index)
    })?;
    Ok(())
}

/// True when a stored file holds this graph. Neither is held in memory as text.
pub(super) fn equals(graph: &Graph, file: &StoredFile) -> io::Result<bool> {
    let mut compared = Compared {
        input: file.read()?,
        differs: false,
    };
    match jsonl::write(graph, io::BufWriter::new(&mut compared)) {
        Err(_) if compared.differs => Ok(false),
        Err(error) => Err(error),
        Ok(()) => Ok(compared.input.fill_buf()?.is_empty()),
    }
}

/// Compares what is written with what is read; the first difference is an error.
struct Compared<R> {
    input: R,
    differs: bool,
}

impl<R: BufRead> Write for Compared<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let read = self.input.fill_buf()?;
        let length = read.len().min(bytes.len());
        if !bytes.is_empty() && (length == 0 || read[..length] != bytes[..length]) {
            self.differs = true;
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.input.consume(length);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
