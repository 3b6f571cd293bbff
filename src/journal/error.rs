//! Why the journal cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::RecordNumber;

/// Why the journal cannot be read or written. Each text says what to do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum JournalError {
    #[error("cannot {doing} {path}: {source}{}", crate::model::fs::advice(.source))]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(
        "{path} is damaged {offset} bytes in, where record {record} is expected ({reason}); `linktrail case verify` names all that is wrong; restore the file from a backup, or start a new case"
    )]
    Damaged {
        path: PathBuf,
        offset: u64,
        /// The number of the record that should stand there.
        record: RecordNumber,
        reason: String,
    },
    #[error("an answer of {bytes} bytes is longer than a record can be; ask for less at once")]
    TooLong { bytes: usize },
    #[error("the journal in {path} is open for reading only")]
    ReadOnly { path: PathBuf },
}

/// An error of the system, with what was being done to which file.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io {
        doing,
        path,
        source,
    }
}
