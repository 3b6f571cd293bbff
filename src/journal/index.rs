//! Where the records of a journal are: what its reader and its writer share.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::error::{JournalError, io_error};
use super::exchange::{Exchange, Method, Request};
use super::frames::{self, Frame, Frames};
use super::record::{Head, Record};
use crate::model::RecordNumber;
use crate::model::digest::digest;

/// The ending of a segment's name.
pub(super) const SEGMENT: &str = ".jsonl.zst";

/// What is wrong with a record whose chain is not the one of its place.
const CHAIN_BROKEN: &str = "it was changed after it was recorded, or the record before it was: its chain does not go on from there";

/// The key of a request. Requests with the same key are the same to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    fn new(source: &str, method: Method, url: &str, body: Option<&str>) -> Self {
        let parts = [source, method.as_str(), url, body.unwrap_or_default()];
        let mut key = [0; 16];
        key.copy_from_slice(&digest(&parts)[..16]);
        Self(key)
    }

    pub(super) fn of(request: &Request) -> Self {
        let body = request.body.as_ref().map(|body| body.text.as_str());
        Self::new(
            request.source.as_str(),
            request.method,
            request.url.as_str(),
            body,
        )
    }

    fn of_record(head: &Head<'_>) -> Self {
        Self::new(
            &head.source,
            head.method,
            &head.url,
            head.request.as_deref(),
        )
    }
}

/// A file of the journal, open for reading.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    file: File,
}

impl Segment {
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self {
            file: File::open(path).map_err(io_error("read", path))?,
            path: path.to_owned(),
        })
    }

    #[cfg(unix)]
    fn read_at(&self, frame: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, frame, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, mut frame: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !frame.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&self.file, frame, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => {
                    frame = &mut frame[read..];
                    offset += read as u64;
                }
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u32,
    length: u32,
    /// The length of the line in the frame, or 0 when it is not known.
    line: u32,
    offset: u64,
}

/// The places of all records. Their numbers are 1, 2, 3, … without a gap, so that a place is found by its number.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) segments: Vec<Arc<Segment>>,
    places: Vec<Place>,
    /// The position in `places` of the latest record of each request.
    latest: HashMap<Key, u32>,
    pub(super) newest: Option<DateTime<Utc>>,
}

/// A record that is in the journal, with its segment.
pub(super) struct Located {
    segment: Arc<Segment>,
    place: Place,
    pub(super) number: RecordNumber,
}

impl Index {
    pub(super) fn records(&self) -> u64 {
        self.places.len() as u64
    }

    pub(super) fn find(&self, key: Key) -> Option<Located> {
        let at = *self.latest.get(&key)?;
        self.get(RecordNumber::from(at) + 1)
    }

    pub(super) fn get(&self, number: RecordNumber) -> Option<Located> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        let place = *self.places.get(at)?;
        Some(Located {
            segment: Arc::clone(&self.segments[place.segment as usize]),
            place,
            number,
        })
    }

    pub(super) fn extents(&self) -> Vec<(&Path, u64)> {
        let mut ends: Vec<u64> = vec![0; self.segments.len()];
        for place in &self.places {
            ends[place.segment as usize] = place.offset + u64::from(place.length);
        }
        let paths = self.segments.iter().map(|segment| segment.path.as_path());
        paths.zip(ends).filter(|(_, end)| *end > 0).collect()
    }

    /// Adds the place of the next record, which stands in the last segment.
    pub(super) fn place(&mut self, offset: u64, length: u64, line: usize) {
        // A frame is shorter than LONGEST_LINE.
        self.places.push(Place {
            segment: self.segments.len().saturating_sub(1) as u32,
            length: length as u32,
            line: line as u32,
            offset,
        });
    }

    /// Takes out the last record if it is in the last segment and cannot be read, and returns its length; else 0.
    pub(super) fn drop_broken_last(&mut self) -> u64 {
        let Some(last) = self.get(self.records()) else {
            return 0;
        };
        let is_in_last = self
            .segments
            .last()
            .is_some_and(|segment| Arc::ptr_eq(segment, &last.segment));
        match last.read() {
            Err(JournalError::Damaged { .. }) if is_in_last => {
                self.places.pop();
                u64::from(last.place.length)
            }
            _ => 0,
        }
    }

    /// Adds the next record, which stands in the last segment.
    pub(super) fn add(
        &mut self,
        key: Key,
        at: DateTime<Utc>,
        (offset, length): (u64, u64),
        line: usize,
    ) {
        // A number of records of 32 bits is more than a disk holds.
        let position = self.places.len() as u32;
        self.place(offset, length, line);
        self.latest.insert(key, position);
        self.newest = self.newest.max(Some(at));
    }
}

impl Located {
    /// Reads the record.
    pub(super) fn read(&self) -> Result<Record, JournalError> {
        self.parse(&self.line()?)
    }

    /// Reads the record, if it is the one of this number that follows the chain `before`.
    pub(super) fn read_checked(
        &self,
        case: &str,
        before: Option<&str>,
    ) -> Result<Record, JournalError> {
        let line = self.line()?;
        let head = Head::parse(&line).map_err(|reason| self.damaged(reason))?;
        let id = head.id();
        if id.is_none_or(|id| id.case != case || id.number != self.number) {
            return Err(self.damaged("another record stands there".to_owned()));
        }
        if !head.follows(before) {
            return Err(self.damaged(CHAIN_BROKEN.to_owned()));
        }
        self.parse(&line)
    }

    fn line(&self) -> Result<Vec<u8>, JournalError> {
        let mut frame = vec![0; self.place.length as usize];
        self.segment
            .read_at(&mut frame, self.place.offset)
            .map_err(io_error("read", &self.segment.path))?;
        frames::decode(&frame, self.place.line as usize)
            .map_err(|error| self.damaged(error.to_string()))
    }

    fn parse(&self, line: &[u8]) -> Result<Record, JournalError> {
        serde_json::from_slice(line).map_err(|error| self.damaged(error.to_string()))
    }

    fn damaged(&self, reason: String) -> JournalError {
        JournalError::Damaged {
            path: self.segment.path.clone(),
            offset: self.place.offset,
            record: self.number,
            reason,
        }
    }

    pub(super) fn exchange(&self) -> Result<Exchange, JournalError> {
        Ok(self.read()?.exchange(self.number))
    }
}

/// What stands behind the last whole record of the last segment: half a record, zeros or anything else that a crash
/// or a power failure left there, or that a running load has not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// The segment.
    pub path: PathBuf,
    /// Where the last whole record ends, in bytes.
    pub offset: u64,
    /// The number of bytes behind it; 0 for an empty segment.
    pub bytes: u64,
}

/// A journal as it was found on disk, every record checked.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) index: Index,
    /// The chain of the last record; `None` without records of format 2.
    pub(super) head: Option<String>,
    pub(super) tail: Option<Tail>,
}

impl Opened {
    /// Reads and checks the records in `dir`, and no more than the first `limit`.
    pub(super) fn read(dir: &Path, case: &str, limit: Option<u64>) -> Result<Self, JournalError> {
        // The names come first: what is cut short in any of these but the last will stay so, whoever is writing.
        let paths = segments(dir)?;
        let mut opened = Self::default();
        for (at, path) in paths.iter().enumerate() {
            let last = at + 1 == paths.len();
            opened.read_segment(path, case, last, limit)?;
            if opened.is_full(limit) {
                break;
            }
        }
        Ok(opened)
    }

    fn is_full(&self, limit: Option<u64>) -> bool {
        limit.is_some_and(|limit| self.index.records() >= limit)
    }

    fn read_segment(
        &mut self,
        path: &Path,
        case: &str,
        last: bool,
        limit: Option<u64>,
    ) -> Result<(), JournalError> {
        let read = |error| io_error("read", path)(error);
        let mut frames = Frames::open(path, 0).map_err(read)?;
        self.index.segments.push(Arc::new(Segment::open(path)?));
        let mut end = 0;
        while !self.is_full(limit) {
            let frame = frames.next().map_err(read)?;
            let (offset, reason) = match frame {
                Frame::End => break,
                Frame::Broken { offset, reason } => (offset, reason),
                Frame::Whole {
                    offset,
                    length,
                    line,
                } => match Head::parse(line) {
                    Err(reason) => (offset, reason),
                    Ok(head) => {
                        self.accept(path, case, &head, (offset, length), line.len())?;
                        end = offset + length;
                        continue;
                    }
                },
            };
            let damaged = || self.damaged(path, offset, reason.clone());
            if !last {
                return Err(damaged());
            }
            match frames::next_whole(path, offset).map_err(read)? {
                None => break,
                // Another process has written on in the meantime.
                Some(_) if frames::is_whole(path, offset).map_err(read)? => {
                    frames = Frames::open(path, offset).map_err(read)?;
                }
                Some(_) => return Err(damaged()),
            }
        }
        if last && !self.is_full(limit) {
            let length = fs::metadata(path).map_err(read)?.len();
            if length > end || length == 0 {
                self.tail = Some(Tail {
                    path: path.to_owned(),
                    offset: end,
                    bytes: length.saturating_sub(end),
                });
            }
        }
        Ok(())
    }

    /// Adds a whole record, if it is the one that belongs here.
    fn accept(
        &mut self,
        path: &Path,
        case: &str,
        head: &Head<'_>,
        (offset, length): (u64, u64),
        line: usize,
    ) -> Result<(), JournalError> {
        let expected = self.index.records() + 1;
        let wrong = match head.id() {
            Some(id) if id.case == case && id.number == expected => None,
            Some(id) if id.case == case => Some(format!("record {} stands there", id.number)),
            Some(_) => Some("a record of another case stands there".to_owned()),
            None => Some("its id has no number".to_owned()),
        };
        if let Some(reason) = wrong {
            return Err(self.damaged(path, offset, reason));
        }
        if !head.follows(self.head.as_deref()) {
            return Err(self.damaged(path, offset, CHAIN_BROKEN.to_owned()));
        }
        self.head = head.chain().map(str::to_owned);
        self.index
            .add(Key::of_record(head), head.at, (offset, length), line);
        Ok(())
    }

    fn damaged(&self, path: &Path, offset: u64, reason: String) -> JournalError {
        JournalError::Damaged {
            path: path.to_owned(),
            offset,
            record: self.index.records() + 1,
            reason,
        }
    }
}

/// The segments of a journal, in their order.
pub(super) fn segments(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(io_error("read", dir))? {
        let path = entry.map_err(io_error("read", dir))?.path();
        if path.to_string_lossy().ends_with(SEGMENT) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
