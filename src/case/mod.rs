//! The case: a folder with everything that an investigation received and produced.
//!
//! `case.json` holds the options, the progress and the last complete generation, `journal/` every exchange, and
//! `graph.jsonl.zst` the graph of that generation. Whoever reads a case takes no lock and writes nothing.

mod error;
mod files;
mod folder;
mod manifest;
mod pack;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};

use crate::journal::{Journal, JournalReader, JournalWriter};
use crate::model::fs::{is_leftover, make_private_dir, remove_leftovers, write_whole};
use crate::model::{Stage, StoredGap};

use error::{io_error, lock};

pub use error::CaseError;
pub use files::{CaseFile, StoredFile};
pub use folder::{Deletion, own_files};
pub use manifest::{FORMAT, Generation, Manifest, StageState};
pub use pack::{PACKED, UnpackError, unpack};

/// An open case: to read its last complete generation, or to go on with it, which one process can do at a time.
#[derive(Debug)]
pub struct Case {
    dir: PathBuf,
    manifest: Manifest,
    journal: Arc<Journal>,
    graph: Option<StoredFile>,
    index: Option<StoredFile>,
    /// Held while the case may be written; `None` when it is only read.
    lock: Option<File>,
}

impl Case {
    /// Creates a case in `dir`, or in `./cases/<id>` without one.
    ///
    /// # Errors
    /// When the folder is not empty, or cannot be written.
    pub fn create(
        dir: Option<&Path>,
        start: impl FnOnce(DateTime<Utc>) -> Manifest,
    ) -> Result<Self, CaseError> {
        let manifest = start(Utc::now().trunc_subsecs(3));
        let dir = dir.map_or_else(|| Path::new("cases").join(&manifest.id), Path::to_owned);
        make_private_dir(&dir).map_err(io_error("make", &dir))?;
        // Leftovers of an attempt that failed before case.json was written do not make the folder occupied.
        let manifest_path = dir.join("case.json");
        let foreign = |entry: io::Result<fs::DirEntry>| {
            entry.map_or(true, |entry| {
                entry.file_name().to_str().is_none_or(|name| {
                    !matches!(name, "case.lock" | "case.part" | "journal")
                        && !is_leftover(name, &manifest_path)
                })
            })
        };
        if fs::read_dir(&dir)
            .map_err(io_error("read", &dir))?
            .any(foreign)
        {
            return Err(CaseError::Occupied { path: dir });
        }
        let lock = lock(&dir)?;
        make_private_dir(&dir.join("journal")).map_err(io_error("make", &dir.join("journal")))?;
        let journal = JournalWriter::open(&dir.join("journal"), &manifest.id)?;
        let case = Self {
            dir,
            manifest,
            journal: Arc::new(journal.into()),
            graph: None,
            index: None,
            lock: Some(lock),
        };
        case.save()?;
        Ok(case)
    }

    /// Opens a case for a load, which adds records. What a crash left behind the last whole record is moved aside.
    ///
    /// # Errors
    /// When the folder is not a case, has another format, is damaged, or another process goes on with it.
    pub fn open(dir: &Path) -> Result<Self, CaseError> {
        // No lock file is made in a folder that is no case.
        Self::read_manifest(dir)?;
        let lock = lock(dir)?;
        let manifest = Self::read_manifest(dir)?;
        let journal = JournalWriter::open(&dir.join("journal"), &manifest.id)?;
        if let Some(torn) = journal.torn() {
            tracing::warn!(
                kept = %torn.display(),
                "the last record was cut short, by a crash or a power failure; it is kept aside and fetched again"
            );
        }
        let (manifest, graph, index) = Self::stored(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            manifest,
            journal: Arc::new(journal.into()),
            graph,
            index,
            lock: Some(lock),
        })
    }

    /// Opens a case for reading: its last complete generation, or what there is of it before the first one. It needs no
    /// permission to write, and works while a load goes on with the case.
    ///
    /// # Errors
    /// When the folder is not a case, has another format, or is damaged.
    pub fn read(dir: &Path) -> Result<Self, CaseError> {
        let (manifest, graph, index) = Self::stored(dir)?;
        let last = manifest.last_complete();
        let limit = last.as_ref().map(|generation| generation.records);
        let journal = JournalReader::open(&dir.join("journal"), &manifest.id, limit)?;
        warn_of_journal(&journal, last.as_ref());
        Ok(Self {
            dir: dir.to_owned(),
            manifest,
            journal: Arc::new(journal.into()),
            graph,
            index,
            lock: None,
        })
    }

    /// Opens a case for a replay: like [`Case::read`], but the case can be written, if its folder can.
    ///
    /// # Errors
    /// Those of [`Case::read`], and when another process goes on with the case.
    pub fn replay(dir: &Path) -> Result<Self, CaseError> {
        Self::read_manifest(dir)?;
        let lock = match lock(dir) {
            Ok(lock) => Some(lock),
            Err(CaseError::Io { source, .. }) if cannot_write(&source) => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            lock,
            ..Self::read(dir)?
        })
    }

    /// Reads `case.json`, and opens the files of the generation that it names.
    fn stored(dir: &Path) -> Result<(Manifest, Option<StoredFile>, Option<StoredFile>), CaseError> {
        loop {
            let manifest = Self::read_manifest(dir)?;
            let number = manifest.last_complete().map(|generation| generation.number);
            let open = |kind| match number {
                None => Ok(None),
                Some(number) => StoredFile::open(dir, kind, number, manifest.format)
                    .map_err(io_error("read", &dir.join(kind.name()))),
            };
            let (graph, index) = (open(CaseFile::Graph)?, open(CaseFile::Index)?);
            // A load may have come to its end in between. The files that are open now then belong to either generation.
            if Self::read_manifest(dir)? == manifest {
                return Ok((manifest, graph, index));
            }
        }
    }

    /// Reads only `case.json`.
    ///
    /// # Errors
    /// When the folder is not a case, or has another format.
    pub fn read_manifest(dir: &Path) -> Result<Manifest, CaseError> {
        Manifest::read(dir)
    }

    /// True when a folder is a case, which means that it has a case.json.
    pub fn exists(dir: &Path) -> bool {
        dir.join("case.json").exists()
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

    /// The journal in `journal/`.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// A stored file of the last complete generation; `None` when there is none.
    pub fn file(&self, kind: CaseFile) -> Option<&StoredFile> {
        match kind {
            CaseFile::Graph => self.graph.as_ref(),
            CaseFile::Index => self.index.as_ref(),
        }
    }

    /// True when this process may write the case.
    pub fn is_writable(&self) -> bool {
        self.lock.is_some()
    }

    /// True when what is stored next begins a new generation: when none is complete, or a load has added records.
    pub fn begins_generation(&self) -> bool {
        let replayed = matches!(*self.journal, Journal::Reader(_));
        self.manifest.last_complete().is_none_or(|last| {
            // A record that was cut short and is fetched again leaves the number as it was.
            let others = last.head.is_some() && last.head != self.journal.head();
            !replayed && (others || last.records != self.journal.records())
        })
    }

    /// Notes that a stage ran to its end, after its records are on disk. Nothing is noted of a load that goes on with a
    /// complete case, which stays what it is until that load is complete, nor of a replay.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn stage_done(&mut self, stage: Stage) -> Result<(), CaseError> {
        self.journal.sync()?;
        if matches!(*self.journal, Journal::Reader(_)) || self.manifest.complete {
            return Ok(());
        }
        self.manifest.stages.insert(stage, StageState::Done);
        self.note_records()
    }

    /// Notes the number of records, after they are on disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_records(&mut self) -> Result<(), CaseError> {
        self.journal.sync()?;
        let before = self.manifest.clone();
        self.manifest.format = FORMAT;
        self.manifest.records = self.journal.records();
        if self.manifest != before {
            self.save()?;
        }
        Ok(())
    }

    /// Stores what a load or a replay has made, and makes it the last complete generation: a new one when the journal
    /// holds new records, else the same one again. A crash at any moment leaves either the old or the new state.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn complete(
        &mut self,
        (gaps, notes): (Vec<StoredGap>, Vec<StoredGap>),
        write: impl FnOnce(&mut dyn Write, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CaseError> {
        self.journal.sync()?;
        let last = self.manifest.last_complete();
        let generation = match last {
            Some(last) if !self.begins_generation() => last,
            last => Generation {
                number: last.map_or(1, |last| last.number.saturating_add(1)),
                records: self.journal.records(),
                head: self.journal.head(),
            },
        };
        let number = generation.number;
        if !self.is_writable() {
            return Err(CaseError::ReadOnly {
                path: self.dir.clone(),
            });
        }
        let path = self.dir.join(CaseFile::Graph.name());
        files::write(&self.dir, CaseFile::Graph, number, |graph| {
            files::write(&self.dir, CaseFile::Index, number, |index| {
                write(graph, index)
            })?;
            graph.flush()
        })
        .map_err(io_error("write", &path))?;
        let before = self.manifest.clone();
        self.manifest.format = FORMAT;
        self.manifest.complete = true;
        self.manifest.records = generation.records;
        self.manifest.generation = Some(generation);
        (self.manifest.gaps, self.manifest.notes) = (gaps, notes);
        self.manifest.stages = Stage::ALL.map(|stage| (stage, StageState::Done)).into();
        if self.manifest != before {
            self.save()?;
        }
        files::settle(&self.dir, &CaseFile::ALL, number).map_err(io_error("write", &path))
    }

    fn save(&self) -> Result<(), CaseError> {
        if !self.is_writable() {
            return Err(CaseError::ReadOnly {
                path: self.dir.clone(),
            });
        }
        let text =
            serde_json::to_string_pretty(&self.manifest).map_err(|error| CaseError::Manifest {
                path: self.dir.clone(),
                reason: error.to_string(),
            })?;
        let path = self.dir.join("case.json");
        // This process holds the lock on the case, so no other process is writing this file.
        remove_leftovers(&path);
        write_whole(&path, |out| writeln!(out, "{text}")).map_err(io_error("write", &path))
    }
}

/// Says what is strange about a journal that is only read.
fn warn_of_journal(journal: &JournalReader, last: Option<&Generation>) {
    if let Some(tail) = journal.tail() {
        tracing::warn!(
            file = %tail.path.display(),
            "{} byte(s) behind record {} are no whole record: a load is writing them, or a crash left them; they are not read",
            tail.bytes,
            journal.records()
        );
    }
    let Some(last) = last else { return };
    if journal.records() < last.records {
        tracing::warn!(
            "the journal holds {} of the {} records of the case; the same load fetches the others again",
            journal.records(),
            last.records
        );
    } else if last.head.is_some() && last.head.as_deref() != journal.head() {
        tracing::warn!(
            "the records are not those that the case was made of; see `linktrail case verify`"
        );
    }
}

/// True when an error says that a folder cannot be written by this user, or by nobody.
fn cannot_write(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}
