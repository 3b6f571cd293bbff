//! The case: a folder with everything that an investigation received and produced.
//!
//! `case.json` holds the options and the progress, `journal/` every exchange, and `graph.jsonl` the graph.

mod manifest;

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};

use crate::journal::{Journal, JournalError};
use crate::model::fs::{
    advice, is_leftover, make_private_dir, open_lock_file, remove_leftovers, write_whole,
};

pub use manifest::{FORMAT, Manifest, StageState};

/// Why a case cannot be used. Each text says what to do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum CaseError {
    #[error(
        "{path} holds no case: case.json is missing; name a case folder, or leave --case out to start a new case"
    )]
    NotACase { path: PathBuf },
    #[error("{path} is not empty and holds no case; name an empty or a new folder")]
    Occupied { path: PathBuf },
    #[error(
        "{path}/case.json cannot be read: {reason}; restore it from a backup or start a new case"
    )]
    Manifest { path: PathBuf, reason: String },
    #[error(
        "{path} was made by another version of linktrail (format {found}, this one reads {FORMAT}); use that version, or start a new case"
    )]
    Format { path: PathBuf, found: u64 },
    #[error("{path} is in use by another linktrail; wait for it to end, or stop it")]
    InUse { path: PathBuf },
    #[error("cannot {doing} {path}: {source}{}", advice(.source))]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// An open case. Only one process can have it open at a time.
#[derive(Debug)]
pub struct Case {
    dir: PathBuf,
    manifest: Manifest,
    journal: Arc<Journal>,
    _lock: File,
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
        let journal = Arc::new(Journal::open(&dir.join("journal"), &manifest.id)?);
        let case = Self {
            dir,
            manifest,
            journal,
            _lock: lock,
        };
        case.save()?;
        Ok(case)
    }

    /// Opens an existing case for a load, a replay or a push.
    ///
    /// # Errors
    /// When the folder is not a case, has another format, is damaged, or is open in another process.
    pub fn open(dir: &Path) -> Result<Self, CaseError> {
        let manifest = Self::read_manifest(dir)?;
        let lock = lock(dir)?;
        let journal = Arc::new(Journal::open(&dir.join("journal"), &manifest.id)?);
        Ok(Self {
            dir: dir.to_owned(),
            manifest,
            journal,
            _lock: lock,
        })
    }

    /// Reads only `case.json`, which works while another process has the case open.
    ///
    /// # Errors
    /// When the folder is not a case, or has another format.
    pub fn read_manifest(dir: &Path) -> Result<Manifest, CaseError> {
        let path = dir.join("case.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(CaseError::NotACase {
                    path: dir.to_owned(),
                });
            }
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        let unreadable = |reason: serde_json::Error| CaseError::Manifest {
            path: dir.to_owned(),
            reason: reason.to_string(),
        };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
        let format = value
            .get("format")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        if format != FORMAT {
            return Err(CaseError::Format {
                path: dir.to_owned(),
                found: format,
            });
        }
        serde_json::from_value(value).map_err(unreadable)
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

    /// Changes `case.json`, after the records of the journal are on disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&mut self, change: impl FnOnce(&mut Manifest)) -> Result<(), CaseError> {
        self.journal.sync()?;
        let before = self.manifest.clone();
        change(&mut self.manifest);
        self.manifest.records = self.journal.records();
        if self.manifest != before {
            self.save()?;
        }
        Ok(())
    }

    /// Writes a file of the case atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CaseError> {
        let path = self.dir.join(name);
        // This process holds the lock on the case, so no other process is writing this file.
        remove_leftovers(&path);
        write_whole(&path, fill).map_err(io_error("write", &path))
    }

    fn save(&self) -> Result<(), CaseError> {
        let text =
            serde_json::to_string_pretty(&self.manifest).map_err(|error| CaseError::Manifest {
                path: self.dir.clone(),
                reason: error.to_string(),
            })?;
        self.write("case.json", |out| writeln!(out, "{text}"))
    }
}

fn lock(dir: &Path) -> Result<File, CaseError> {
    let path = dir.join("case.lock");
    let file = open_lock_file(&path).map_err(io_error("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CaseError::InUse {
            path: dir.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CaseError {
    let path = path.to_owned();
    move |source| CaseError::Io {
        doing,
        path,
        source,
    }
}
