//! Reads a journal.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::error::JournalError;
use super::exchange::{Exchange, Request};
use super::index::{Index, Key, Opened, Tail};
use super::record::Record;
use crate::model::RecordNumber;

/// A journal that is only read. It takes no lock and writes nothing, so that it can be on read-only media, belong to
/// another user, and be read while a load adds to it. It holds what was whole when it was opened.
#[derive(Debug)]
pub struct JournalReader {
    dir: PathBuf,
    index: Index,
    head: Option<String>,
    tail: Option<Tail>,
}

impl JournalReader {
    /// Opens the journal of the case with the id `case` in `dir`, and checks every record. With a `limit` only that
    /// many records are read, from the first on, and what follows is not looked at.
    ///
    /// # Errors
    /// When a segment cannot be read, or a record is damaged, changed, missing or moved. What is cut short at the end
    /// of the last segment is no error; see [`JournalReader::tail`].
    pub fn open(dir: &Path, case: &str, limit: Option<u64>) -> Result<Self, JournalError> {
        let Opened { index, head, tail } = Opened::read(dir, case, limit)?;
        Ok(Self {
            dir: dir.to_owned(),
            index,
            head,
            tail,
        })
    }

    /// The latest recorded exchange of this request; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn find(&self, request: &Request) -> Result<Option<Exchange>, JournalError> {
        let found = self.index.find(Key::of(request));
        found.map(|found| found.exchange()).transpose()
    }

    /// The record with this number; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn get(&self, number: RecordNumber) -> Result<Option<Record>, JournalError> {
        let found = self.index.get(number);
        found.map(|found| found.read()).transpose()
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
        self.index.records()
    }

    /// The time of the latest record; `None` for an empty journal.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.index.newest
    }

    /// The chain of the last record; `None` when that is of format 1, which has none.
    pub fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }

    /// What stands behind the last whole record; `None` when nothing does, or when more than `limit` records are there.
    pub fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    /// The segments, each with the place where the last of its records ends, in bytes. What follows there was not read.
    pub fn extents(&self) -> Vec<(&Path, u64)> {
        self.index.extents()
    }

    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }
}
