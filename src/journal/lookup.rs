//! Finds single records by their number, without reading the others.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use super::error::{JournalError, io_error};
use super::frames;
use super::index::{Index, Segment, Tail, segments};
use super::record::Record;
use crate::model::RecordNumber;

/// A journal of which single records are read. Opening it only measures the frames, so that a record of a gigabyte of
/// records is there at once. Each record that is read is checked: its checksum, its id, and that its chain goes on from
/// the record before it. [`verify`](super::verify()) checks all of them.
#[derive(Debug)]
pub struct RecordLookup {
    case: String,
    index: Index,
    tail: Option<Tail>,
}

impl RecordLookup {
    /// Opens the journal of the case with the id `case` in `dir`, and no more than its first `limit` records. A frame
    /// that is cut short ends the journal here; fewer records than `limit` are no error.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn open(dir: &Path, case: &str, limit: u64) -> Result<Self, JournalError> {
        let mut index = Index::default();
        let mut tail = None;
        let paths = segments(dir)?;
        let last = paths.last().cloned();
        for path in paths {
            index.segments.push(Arc::new(Segment::open(&path)?));
            let file = File::open(&path).map_err(io_error("read", &path))?;
            let mut input = BufReader::new(file);
            let mut offset = 0;
            while index.records() < limit {
                let length = frames::measure(&mut input).map_err(io_error("read", &path))?;
                let Some(length) = length else {
                    break;
                };
                index.place(offset, length, 0);
                offset += length;
            }
            let length = input
                .get_ref()
                .metadata()
                .map_err(io_error("read", &path))?;
            if last.as_ref() == Some(&path) && offset == length.len() {
                // A power failure can leave zeros within the last frame, whose size is still the right one.
                offset -= index.drop_broken_last();
            }
            let bytes = length.len().saturating_sub(offset);
            tail = (bytes > 0 && index.records() < limit).then_some(Tail {
                path,
                offset,
                bytes,
            });
        }
        Ok(Self {
            case: case.to_owned(),
            index,
            tail,
        })
    }

    /// What stands behind the last whole record; `None` when nothing does, or when there are as many records as `limit`.
    pub fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    /// The number of records.
    pub fn records(&self) -> u64 {
        self.index.records()
    }

    /// The record with this number; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read, or is not the one that was recorded.
    pub fn get(&self, number: RecordNumber) -> Result<Option<Record>, JournalError> {
        let Some(found) = self.index.get(number) else {
            return Ok(None);
        };
        let before = number
            .checked_sub(1)
            .and_then(|before| self.index.get(before));
        let before = before.map(|before| before.read()).transpose()?;
        let before = before.and_then(|record| record.chain);
        found.read_checked(&self.case, before.as_deref()).map(Some)
    }
}
