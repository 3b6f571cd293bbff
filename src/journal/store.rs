//! The journal on disk: append-only, one zstd frame for each record.
//!
//! Each frame has its own checksum, so a damaged record is detected, and `zstdcat` can decompress a whole segment. Only
//! the last record of a segment can be incomplete after a crash; it is dropped and the request is made again. Each run
//! that records anything starts a new segment.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::exchange::{Answer, Exchange, Method, NoAnswer, Request};
use crate::model::digest::digest;
use crate::model::fs::create_private_file;
use crate::model::{RecordId, RecordNumber};

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
        "{path} is damaged {offset} bytes in ({reason}); restore the file from a backup, or start a new case"
    )]
    Damaged {
        path: PathBuf,
        offset: u64,
        reason: String,
    },
}

/// A record, in the form in which the journal stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The [`RecordId`] as text; the numbers of a journal begin with 1.
    pub id: String,
    /// The time at which the answer was received.
    pub at: DateTime<Utc>,
    /// The service: `graph`, `log_analytics`, `otx`, …
    pub source: String,
    /// GET or POST.
    pub method: Method,
    /// The url of the request.
    pub url: String,
    /// The body of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The HTTP status; absent without a complete response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The response headers that the journal keeps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body of the response, or the reason why there is none.
    pub body: String,
}

impl Record {
    /// The number of the record; `None` when the id is not a [`RecordId`].
    pub fn number(&self) -> Option<RecordNumber> {
        RecordId::parse(&self.id).map(|id| id.number)
    }

    fn exchange(self, number: RecordNumber) -> Exchange {
        let answer = match self.status {
            Some(status) => Answer::Response {
                status,
                headers: self.headers,
                body: self.body,
            },
            None => Answer::Nothing(NoAnswer::parse(self.body)),
        };
        Exchange {
            record: number,
            at: self.at,
            answer,
        }
    }
}

/// The key of a request. Requests with the same key are the same to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key([u8; 16]);

impl Key {
    fn new(source: &str, method: Method, url: &str, body: Option<&str>) -> Self {
        let parts = [source, method.as_str(), url, body.unwrap_or_default()];
        let mut key = [0; 16];
        key.copy_from_slice(&digest(&parts)[..16]);
        Self(key)
    }
}

#[derive(Debug, Clone, Copy)]
struct RecordPlace {
    segment: usize,
    offset: u64,
    length: usize,
    number: RecordNumber,
}

#[derive(Debug)]
struct Inner {
    segments: Vec<(PathBuf, File)>,
    /// The segment that this process writes to; `None` before its first record.
    writing: Option<usize>,
    latest: HashMap<Key, RecordPlace>,
    places: BTreeMap<RecordNumber, RecordPlace>,
    newest: Option<DateTime<Utc>>,
}

/// The journal of an open case.
#[derive(Debug)]
pub struct Journal {
    case: String,
    dir: PathBuf,
    inner: Mutex<Inner>,
}

impl Journal {
    /// Opens the journal in `dir` and checks every record.
    ///
    /// # Errors
    /// When a segment cannot be read, or is damaged before its end.
    pub fn open(dir: &Path, case: &str) -> Result<Self, JournalError> {
        let mut inner = Inner {
            segments: Vec::new(),
            writing: None,
            latest: HashMap::new(),
            places: BTreeMap::new(),
            newest: None,
        };
        for path in segments(dir)? {
            read_segment(&mut inner, path)?;
        }
        Ok(Self {
            case: case.to_owned(),
            dir: dir.to_owned(),
            inner: Mutex::new(inner),
        })
    }

    /// The latest recorded exchange of this request; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn find(&self, request: &Request) -> Result<Option<Exchange>, JournalError> {
        let key = key_of(request);
        let mut inner = self.lock();
        match inner.latest.get(&key).copied() {
            None => Ok(None),
            Some(place) => {
                read_record(&mut inner, place).map(|record| Some(record.exchange(place.number)))
            }
        }
    }

    /// Records an exchange, and returns the number of its record.
    ///
    /// # Errors
    /// When it cannot be written. The journal is then unchanged.
    pub fn append(
        &self,
        request: &Request,
        at: DateTime<Utc>,
        answer: Answer,
    ) -> Result<Exchange, JournalError> {
        let mut inner = self.lock();
        let number = inner
            .places
            .last_key_value()
            .map_or(1, |(last, _)| last + 1);
        let (status, headers, body) = match answer {
            Answer::Response {
                status,
                headers,
                body,
            } => (Some(status), headers, body),
            Answer::Nothing(why) => (None, BTreeMap::new(), why.to_string()),
        };
        let record = Record {
            id: RecordId::new(&self.case, number).to_string(),
            at,
            source: request.source.as_str().to_owned(),
            method: request.method,
            url: request.url.to_string(),
            request: request.body.as_ref().map(|body| body.text.clone()),
            status,
            headers,
            body,
        };
        let segment = match inner.writing {
            Some(segment) => segment,
            None => self.new_segment(&mut inner)?,
        };
        let (path, file) = &mut inner.segments[segment];
        let (offset, length) = write_frame(file, &record).map_err(io_error("write", path))?;
        let place = RecordPlace {
            segment,
            offset,
            length,
            number,
        };
        inner.latest.insert(key_of(request), place);
        inner.places.insert(number, place);
        inner.newest = inner.newest.max(Some(at));
        Ok(record.exchange(number))
    }

    /// Calls `visit` with every record, in the order of their numbers.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn each(&self, mut visit: impl FnMut(Record)) -> Result<(), JournalError> {
        let mut inner = self.lock();
        let places: Vec<_> = inner.places.values().copied().collect();
        for place in places {
            visit(read_record(&mut inner, place)?);
        }
        Ok(())
    }

    /// The record with this number; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn get(&self, number: RecordNumber) -> Result<Option<Record>, JournalError> {
        let mut inner = self.lock();
        let place = inner.places.get(&number).copied();
        place
            .map(|place| read_record(&mut inner, place))
            .transpose()
    }

    /// The number of records.
    pub fn records(&self) -> u64 {
        self.lock().places.len() as u64
    }

    /// The time of the latest record; `None` for an empty journal.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.lock().newest
    }

    /// Waits until the records are on disk, so that they survive a power failure.
    ///
    /// # Errors
    /// When the disk reports an error.
    pub fn sync(&self) -> Result<(), JournalError> {
        let inner = self.lock();
        match inner.writing {
            None => Ok(()),
            Some(segment) => {
                let (path, file) = &inner.segments[segment];
                file.sync_data().map_err(io_error("write", path))
            }
        }
    }

    fn new_segment(&self, inner: &mut Inner) -> Result<usize, JournalError> {
        let path = self
            .dir
            .join(format!("{:06}.jsonl.zst", inner.segments.len() + 1));
        let file = create_private_file(&path).map_err(io_error("write", &path))?;
        inner.segments.push((path, file));
        let segment = inner.segments.len() - 1;
        inner.writing = Some(segment);
        Ok(segment)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Data is only changed by a single assignment after the write has succeeded, so it is consistent even after a
        // panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(request: &Request) -> Key {
    let body = request.body.as_ref().map(|body| body.text.as_str());
    Key::new(
        request.source.as_str(),
        request.method,
        request.url.as_str(),
        body,
    )
}

fn segments(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(io_error("read", dir))? {
        let path = entry.map_err(io_error("read", dir))?.path();
        if path.to_string_lossy().ends_with(".jsonl.zst") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_segment(inner: &mut Inner, path: PathBuf) -> Result<(), JournalError> {
    let segment = inner.segments.len();
    let mut file = File::open(&path).map_err(io_error("read", &path))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(io_error("read", &path))?;
    let mut offset = 0;
    while offset < bytes.len() {
        let rest = &bytes[offset..];
        let damaged = |reason: String| JournalError::Damaged {
            path: path.clone(),
            offset: offset as u64,
            reason,
        };
        let length = match zstd::zstd_safe::find_frame_compressed_size(rest) {
            Ok(length) if length > 0 && length <= rest.len() => length,
            // A record that was being written when the process died.
            _ if looks_torn(rest) => {
                tracing::warn!(path = %path.display(), "the last record was cut short and is fetched again");
                // If the tail cannot be cut off here, it is skipped each time the journal is opened.
                let _ = fs::OpenOptions::new()
                    .write(true)
                    .open(&path)
                    .and_then(|file| file.set_len(offset as u64));
                break;
            }
            _ => return Err(damaged("no whole record starts here".to_owned())),
        };
        let record = decode(&rest[..length]).map_err(|error| damaged(error.to_string()))?;
        let number = record
            .number()
            .ok_or_else(|| damaged("its id has no number".to_owned()))?;
        let place = RecordPlace {
            segment,
            offset: offset as u64,
            length,
            number,
        };
        let key = Key::new(
            &record.source,
            record.method,
            &record.url,
            record.request.as_deref(),
        );
        inner.latest.insert(key, place);
        inner.places.insert(number, place);
        inner.newest = inner.newest.max(Some(record.at));
        offset += length;
    }
    inner.segments.push((path, file));
    Ok(())
}

/// True when the rest of a segment is an incomplete record: it starts like a frame, and no other frame follows. Damage
/// in the middle of a segment has complete frames after it.
fn looks_torn(rest: &[u8]) -> bool {
    const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
    let head = &rest[..rest.len().min(4)];
    MAGIC.starts_with(head) && !memchr::memmem::find_iter(&rest[head.len()..], &MAGIC).any(|_| true)
}

fn decode(frame: &[u8]) -> io::Result<Record> {
    let line = zstd::stream::decode_all(frame)?;
    serde_json::from_slice(&line).map_err(io::Error::from)
}

fn read_record(inner: &mut Inner, place: RecordPlace) -> Result<Record, JournalError> {
    let (path, file) = &mut inner.segments[place.segment];
    let mut frame = vec![0; place.length];
    file.seek(SeekFrom::Start(place.offset))
        .and_then(|_| file.read_exact(&mut frame))
        .map_err(io_error("read", path))?;
    decode(&frame).map_err(|error| JournalError::Damaged {
        path: path.clone(),
        offset: place.offset,
        reason: error.to_string(),
    })
}

fn write_frame(file: &mut File, record: &Record) -> io::Result<(u64, usize)> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3)?;
    encoder.include_checksum(true)?;
    serde_json::to_writer(&mut encoder, record)?;
    encoder.write_all(b"\n")?;
    let frame = encoder.finish()?;
    let offset = file.seek(SeekFrom::End(0))?;
    match file.write_all(&frame) {
        Ok(()) => Ok((offset, frame.len())),
        Err(error) => {
            // Remove the half-written record. If that fails too, it is dropped when the journal is opened again.
            let _ = file.set_len(offset);
            Err(error)
        }
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io {
        doing,
        path,
        source,
    }
}
