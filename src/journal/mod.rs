//! The journal: every exchange with a service, on disk. It is the only input from which the graph is built.
//!
//! It is append-only: each record is a line of JSON in a zstd frame of its own, so that `zstdcat` shows a whole segment.
//! Each frame has a checksum, so a damaged record is noticed, and each record names the one before it by a hash, so one
//! that was changed, cut out or moved is too. [`JournalReader`] only reads, [`JournalWriter`] adds records.

mod error;
mod exchange;
mod frames;
mod index;
mod lookup;
mod memory;
mod reader;
mod record;
mod verify;
mod writer;

use chrono::{DateTime, Utc};

pub use error::JournalError;
pub use exchange::{
    Answer, Audience, Auth, Body, Exchange, Limit, Method, NoAnswer, Request, TooHeavy, is_json,
};
pub use index::Tail;
pub use lookup::RecordLookup;
pub use memory::MemoryJournal;
pub use reader::JournalReader;
pub use record::Record;
pub use verify::{Findings, verify};
pub use writer::JournalWriter;

/// The journal of a client: one that is only read, one that new answers are added to, or one that is forgotten.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Journal {
    Reader(JournalReader),
    Writer(JournalWriter),
    Memory(MemoryJournal),
}

impl Journal {
    /// The latest recorded exchange of this request; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn find(&self, request: &Request) -> Result<Option<Exchange>, JournalError> {
        match self {
            Self::Reader(journal) => journal.find(request),
            Self::Writer(journal) => journal.find(request),
            Self::Memory(journal) => Ok(journal.find(request)),
        }
    }

    /// The record with this number; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn get(&self, number: crate::model::RecordNumber) -> Result<Option<Record>, JournalError> {
        match self {
            Self::Reader(journal) => journal.get(number),
            Self::Writer(journal) => journal.get(number),
            Self::Memory(_) => Ok(None),
        }
    }

    /// Calls `visit` with every record, in the order of their numbers.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn each(&self, mut visit: impl FnMut(Record)) -> Result<(), JournalError> {
        for number in 1..=self.records() {
            if let Some(record) = self.get(number)? {
                visit(record);
            }
        }
        Ok(())
    }

    /// The number of records.
    pub fn records(&self) -> u64 {
        match self {
            Self::Reader(journal) => journal.records(),
            Self::Writer(journal) => journal.records(),
            Self::Memory(_) => 0,
        }
    }

    /// The time of the latest record; `None` for an empty journal.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Reader(journal) => journal.newest(),
            Self::Writer(journal) => journal.newest(),
            Self::Memory(journal) => journal.newest(),
        }
    }

    /// The chain of the last record; `None` when that is of format 1, which has none.
    pub fn head(&self) -> Option<String> {
        match self {
            Self::Reader(journal) => journal.head().map(str::to_owned),
            Self::Writer(journal) => journal.head(),
            Self::Memory(_) => None,
        }
    }

    /// Adds an answer.
    ///
    /// # Errors
    /// When it cannot be written, or the journal is only read.
    pub fn append(
        &self,
        request: &Request,
        at: DateTime<Utc>,
        answer: Answer,
    ) -> Result<Exchange, JournalError> {
        match self {
            Self::Writer(journal) => journal.append(request, at, answer),
            Self::Memory(journal) => Ok(journal.append(request, at, answer)),
            Self::Reader(journal) => Err(JournalError::ReadOnly {
                path: journal.dir().to_owned(),
            }),
        }
    }

    /// Waits until all records are on disk.
    ///
    /// # Errors
    /// When the disk reports an error.
    pub fn sync(&self) -> Result<(), JournalError> {
        match self {
            Self::Reader(_) | Self::Memory(_) => Ok(()),
            Self::Writer(journal) => journal.sync(),
        }
    }
}

impl From<JournalReader> for Journal {
    fn from(journal: JournalReader) -> Self {
        Self::Reader(journal)
    }
}

impl From<JournalWriter> for Journal {
    fn from(journal: JournalWriter) -> Self {
        Self::Writer(journal)
    }
}

impl From<MemoryJournal> for Journal {
    fn from(journal: MemoryJournal) -> Self {
        Self::Memory(journal)
    }
}
