//! What the last complete load left of a case: its description, its graph and the index of the graph.

use std::path::{Path, PathBuf};

use super::error::{CaseError, io_error};
use super::files::{CaseFile, StoredFile};
use super::manifest::Manifest;
use crate::journal::{JournalError, RecordLookup, Tail};

/// The last complete generation of a case. Opening it reads neither its records nor its graph, takes no lock and needs no
/// permission to write.
#[derive(Debug)]
pub struct StoredCase {
    pub(super) dir: PathBuf,
    pub(super) manifest: Manifest,
    graph: Option<StoredFile>,
    index: Option<StoredFile>,
}

impl StoredCase {
    /// A case without a complete generation.
    pub(super) fn new(dir: PathBuf, manifest: Manifest) -> Self {
        Self {
            dir,
            manifest,
            graph: None,
            index: None,
        }
    }

    /// Reads `case.json`, and opens the files of the generation that it names.
    ///
    /// # Errors
    /// When the folder is not a case, or has another format.
    pub fn open(dir: &Path) -> Result<Self, CaseError> {
        loop {
            let manifest = Manifest::read(dir)?;
            let number = manifest.last_complete().map(|generation| generation.number);
            let open = |kind: CaseFile| match number {
                None => Ok(None),
                Some(number) => StoredFile::open(dir, kind, number, manifest.format)
                    .map_err(io_error("read", &dir.join(kind.name()))),
            };
            let (graph, index) = (open(CaseFile::Graph)?, open(CaseFile::Index)?);
            // A load may have come to its end in between. The files that are open now then belong to either generation.
            if Manifest::read(dir)? == manifest {
                return Ok(Self {
                    dir: dir.to_owned(),
                    manifest,
                    graph,
                    index,
                });
            }
        }
    }

    /// The id of the case, a ULID.
    pub fn id(&self) -> &str {
        &self.manifest.id
    }

    /// The folder on disk.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The contents of `case.json`.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A stored file of the last complete generation; `None` when there is none.
    pub fn file(&self, kind: CaseFile) -> Option<&StoredFile> {
        match kind {
            CaseFile::Graph => self.graph.as_ref(),
            CaseFile::Index => self.index.as_ref(),
        }
    }

    /// The records of the last complete generation, for reading single ones. There can be fewer than `case.json` counts.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn records(&self) -> Result<RecordLookup, JournalError> {
        let last = self.manifest.last_complete();
        let limit = last.map_or(u64::MAX, |generation| generation.records);
        let records = RecordLookup::open(&self.dir.join("journal"), self.id(), limit)?;
        self.warn_of(records.tail(), records.records());
        Ok(records)
    }

    /// Says what is strange about a journal that is only read.
    pub(super) fn warn_of(&self, tail: Option<&Tail>, records: u64) {
        if let Some(tail) = tail {
            tracing::warn!(
                file = %tail.path.display(),
                "{} byte(s) behind record {records} are no whole record: a load is writing them, or a crash left them; they are not read",
                tail.bytes
            );
        }
        if let Some(last) = self.manifest.last_complete()
            && records < last.records
        {
            tracing::warn!(
                "the journal holds {records} of the {} records of the case; the same load fetches the others again",
                last.records
            );
        }
    }
}
