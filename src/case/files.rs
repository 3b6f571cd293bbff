//! The files of a case that belong to a generation: its graph, and what is made of the graph.
//!
//! A new one is first written under a name with the number of its generation, then `case.json` names that generation,
//! and then the file gets its usual name. Whoever reads looks for the name with the number first, so that the switch to
//! a new generation happens in one moment, when `case.json` is replaced.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use crate::model::fs::{is_leftover, remove_leftovers, sync_folder, write_whole};

/// A file that belongs to a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseFile {
    /// `graph.jsonl.zst`, the graph; in cases of format 1 `graph.jsonl`.
    Graph,
    /// `graph.index`, by which `evidence` finds nodes and edges.
    Index,
}

impl CaseFile {
    pub(super) const ALL: [Self; 2] = [Self::Graph, Self::Index];

    fn ending(self) -> &'static str {
        match self {
            Self::Graph => "jsonl.zst",
            Self::Index => "index",
        }
    }

    /// The usual name of the file in the folder of a case.
    pub fn name(self) -> String {
        format!("graph.{}", self.ending())
    }

    /// The name while the generation is being switched.
    fn numbered(self, generation: u64) -> String {
        format!("graph-{generation}.{}", self.ending())
    }

    /// True when this is the name of such a file of any generation.
    fn is_numbered(self, name: &str) -> bool {
        let number = name
            .strip_prefix("graph-")
            .and_then(|rest| rest.strip_suffix(self.ending())?.strip_suffix('.'));
        number.is_some_and(|number| number.parse::<u64>().is_ok())
    }
}

/// The name of the file that describes a case.
pub(super) const MANIFEST: &str = "case.json";
/// The name of the file that a load locks.
pub(super) const LOCK: &str = "case.lock";
/// The name of the graph in cases of format 1, not compressed.
pub(super) const GRAPH_OF_FORMAT_1: &str = "graph.jsonl";

/// A file of a generation, open for reading.
#[derive(Debug)]
pub struct StoredFile {
    /// Its path, for messages.
    pub path: PathBuf,
    file: File,
    compressed: bool,
}

impl StoredFile {
    /// Opens the file of this generation; `None` when there is none.
    pub(super) fn open(
        dir: &Path,
        kind: CaseFile,
        generation: u64,
        format: u64,
    ) -> io::Result<Option<Self>> {
        let mut names = vec![kind.numbered(generation), kind.name()];
        if kind == CaseFile::Graph && format == 1 {
            names.push(GRAPH_OF_FORMAT_1.to_owned());
        }
        for name in names {
            let path = dir.join(&name);
            match File::open(&path) {
                Ok(file) => {
                    return Ok(Some(Self {
                        compressed: name.ends_with(".zst"),
                        path,
                        file,
                    }));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The file as it is on disk, from its beginning.
    ///
    /// # Errors
    /// When it cannot be opened once more.
    pub fn raw(&self) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        io::Seek::rewind(&mut file)?;
        Ok(file)
    }

    /// True for the graph of a case of format 1.
    pub(super) fn is_of_format_1(&self) -> bool {
        self.path
            .file_name()
            .is_some_and(|name| name == GRAPH_OF_FORMAT_1)
    }

    /// Reads the file from its beginning, uncompressed. Only one of the readers that this returns can be used at a time.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> io::Result<Box<dyn BufRead + Send>> {
        let file = self.raw()?;
        Ok(match self.compressed {
            true => Box::new(BufReader::new(zstd::stream::Decoder::new(file)?)),
            false => Box::new(BufReader::new(file)),
        })
    }
}

/// Writes a file of a generation under the name with its number.
pub(super) fn write(
    dir: &Path,
    kind: CaseFile,
    generation: u64,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let path = dir.join(kind.numbered(generation));
    remove_leftovers(&path);
    write_whole(&path, fill)
}

/// Gives the files of this generation their usual names, and removes those of others. Nothing depends on it: whoever
/// reads looks for the numbered names first.
pub(super) fn settle(dir: &Path, written: &[CaseFile], generation: u64) -> io::Result<()> {
    for kind in CaseFile::ALL {
        match written.contains(&kind) {
            true => fs::rename(dir.join(kind.numbered(generation)), dir.join(kind.name()))?,
            // It would be one of an earlier graph.
            false => {
                remove(&dir.join(kind.numbered(generation)))?;
                remove(&dir.join(kind.name()))?;
            }
        }
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let stale = |kind: &CaseFile| name.to_str().is_some_and(|name| kind.is_numbered(name));
        if CaseFile::ALL.iter().any(stale) {
            remove(&entry.path())?;
        }
    }
    remove(&dir.join(GRAPH_OF_FORMAT_1))?;
    sync_folder(dir)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// True when a file of this name in the folder of a case is one that linktrail makes, in any version.
pub(super) fn is_own(name: &str) -> bool {
    let fixed = [
        MANIFEST,
        LOCK,
        "case.part",
        "report.html",
        GRAPH_OF_FORMAT_1,
    ];
    let generation = |kind: CaseFile| kind.name() == name || kind.is_numbered(name);
    let written = name
        .strip_suffix(".part")
        .and_then(|name| name.strip_prefix('.'))
        .and_then(|name| name.rsplit_once('.'))
        .is_some_and(|(whole, _)| is_own(whole) && is_leftover(name, Path::new(whole)));
    fixed.contains(&name) || CaseFile::ALL.into_iter().any(generation) || written
}

/// True when a file of this name in the folder of the journal is one that linktrail makes.
pub(super) fn is_of_journal(name: &str) -> bool {
    let torn = name.rsplit_once(".torn").is_some_and(|(name, count)| {
        is_segment(name) && count.bytes().all(|digit| digit.is_ascii_digit())
    });
    is_segment(name) || torn
}

/// True when this is the name of a segment of the journal.
pub(super) fn is_segment(name: &str) -> bool {
    let number = name.strip_suffix(".jsonl.zst");
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}
