//! Why a case cannot be used.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::journal::JournalError;
use crate::model::fs::{advice, open_lock_file};

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
        "{path} was made by another version of linktrail (format {found}, this one reads 1 to {newest}); use that version, or start a new case"
    )]
    Format {
        path: PathBuf,
        found: u64,
        /// The newest format that this version reads.
        newest: u64,
    },
    #[error("{path} is in use by another linktrail; wait for it to end, or stop it")]
    InUse { path: PathBuf },
    #[error(
        "the records in {path} are not all those that the case was made of; `linktrail case verify` names what is wrong"
    )]
    NotWhole { path: PathBuf },
    #[error("{path} is open for reading only")]
    ReadOnly { path: PathBuf },
    #[error("cannot {doing} {path}: {source}{}", advice(.source))]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Takes the lock of a case, which one process can hold at a time.
pub(super) fn lock(dir: &Path) -> Result<File, CaseError> {
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

/// An error of the system, with what was being done to which file.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CaseError {
    let path = path.to_owned();
    move |source| CaseError::Io {
        doing,
        path,
        source,
    }
}
