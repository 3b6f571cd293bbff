//! The case: a folder with everything that an investigation received and produced.
//!
//! `case.json` holds the options, the progress and the last complete generation, `journal/` every exchange, and
//! `graph.jsonl.zst` the graph of that generation. Whoever reads a case takes no lock and writes nothing.

mod error;
mod files;
mod folder;
mod manifest;
mod pack;
mod stored;

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Deref;
use std::path::Path;
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
pub use stored::StoredCase;

/// An open case: to go on with it, which one process can do at a time, or to replay it.
#[derive(Debug)]
pub struct Case {
    stored: StoredCase,
    journal: Arc<Journal>,
    /// Held while the case may be written; `None` when it is only read.
    lock: Option<File>,
}

impl Deref for Case {
    type Target = StoredCase;

    fn deref(&self) -> &StoredCase {
        &self.stored
    }
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
            stored: StoredCase::new(dir, manifest),
            journal: Arc::new(journal.into()),
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
        Ok(Self {
            stored: StoredCase::open(dir)?,
            journal: Arc::new(journal.into()),
            lock: Some(lock),
        })
    }

    /// Opens a case for reading, with every record checked: its last complete generation, or what there is of it before
    /// the first one. It needs no permission to write, and works while a load goes on with the case.
    ///
    /// # Errors
    /// When the folder is not a case, has another format, or is damaged.
    pub fn read(dir: &Path) -> Result<Self, CaseError> {
        let stored = StoredCase::open(dir)?;
        let last = stored.manifest.last_complete();
        let limit = last.as_ref().map(|generation| generation.records);
        let journal = JournalReader::open(&dir.join("journal"), stored.id(), limit)?;
        stored.warn_of(journal.tail(), journal.records());
        if last.is_some_and(|last| {
            last.head.is_some()
                && last.records == journal.records()
                && last.head.as_deref() != journal.head()
        }) {
            tracing::warn!(
                "the records are not those that the case was made of; see `linktrail case verify`"
            );
        }
        Ok(Self {
            stored,
            journal: Arc::new(journal.into()),
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

    /// The journal in `journal/`.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// True when this process may write the case.
    pub fn is_writable(&self) -> bool {
        self.lock.is_some()
    }

    /// True when what is stored next begins a new generation: when none is complete, or a load has added records.
    pub fn begins_generation(&self) -> bool {
        let replayed = matches!(*self.journal, Journal::Reader(_));
        self.stored.manifest.last_complete().is_none_or(|last| {
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
        if matches!(*self.journal, Journal::Reader(_)) || self.stored.manifest.complete {
            return Ok(());
        }
        self.stored.manifest.stages.insert(stage, StageState::Done);
        self.note_records()
    }

    /// Notes the number of records, after they are on disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_records(&mut self) -> Result<(), CaseError> {
        self.journal.sync()?;
        let before = self.stored.manifest.clone();
        self.stored.manifest.format = FORMAT;
        self.stored.manifest.records = self.journal.records();
        if self.stored.manifest != before {
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
        let last = self.stored.manifest.last_complete();
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
                path: self.dir().to_owned(),
            });
        }
        let path = self.dir().join(CaseFile::Graph.name());
        files::write(self.dir(), CaseFile::Graph, number, |graph| {
            files::write(self.dir(), CaseFile::Index, number, |index| {
                write(graph, index)
            })?;
            graph.flush()
        })
        .map_err(io_error("write", &path))?;
        let before = self.stored.manifest.clone();
        self.stored.manifest.format = FORMAT;
        self.stored.manifest.complete = true;
        self.stored.manifest.records = generation.records;
        self.stored.manifest.generation = Some(generation);
        (self.stored.manifest.gaps, self.stored.manifest.notes) = (gaps, notes);
        self.stored.manifest.stages = Stage::ALL.map(|stage| (stage, StageState::Done)).into();
        if self.stored.manifest != before {
            self.save()?;
        }
        files::settle(self.dir(), &CaseFile::ALL, number).map_err(io_error("write", &path))
    }

    fn save(&self) -> Result<(), CaseError> {
        if !self.is_writable() {
            return Err(CaseError::ReadOnly {
                path: self.dir().to_owned(),
            });
        }
        let text = serde_json::to_string_pretty(&self.stored.manifest).map_err(|error| {
            CaseError::Manifest {
                path: self.dir().to_owned(),
                reason: error.to_string(),
            }
        })?;
        let path = self.dir().join("case.json");
        // This process holds the lock on the case, so no other process is writing this file.
        remove_leftovers(&path);
        write_whole(&path, |out| writeln!(out, "{text}")).map_err(io_error("write", &path))
    }
}

/// True when an error says that a folder cannot be written by this user, or by nobody.
fn cannot_write(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}
