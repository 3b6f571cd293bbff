//! Reads a journal and adds records to it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::error::{JournalError, io_error};
use super::exchange::{Answer, Exchange, Request};
use super::frames;
use super::index::{Index, Key, Opened, SEGMENT, Segment, Tail, segments};
use super::record::{LONGEST_LINE, Record};
use crate::model::fs::{create_private_file, sync_folder};
use crate::model::{RecordId, RecordNumber};

/// When a segment is full, and when records are on disk for good.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// The largest size of a segment, in bytes. Only a single record can be larger.
    segment: u64,
    /// The number of records after which the disk is waited for.
    records: u64,
    /// The time after which the disk is waited for, although no further record comes.
    time: Duration,
}

const LIMITS: Limits = Limits {
    segment: 128 << 20,
    records: 200,
    time: Duration::from_secs(5),
};

/// A journal that a load adds records to. Whoever opens one holds the lock of the case.
#[derive(Debug)]
pub struct JournalWriter {
    shared: Arc<Shared>,
    torn: Option<PathBuf>,
    timer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    case: String,
    dir: PathBuf,
    limits: Limits,
    state: Mutex<State>,
    /// Tells the timer that there is something to wait for, or that the journal is closed.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    index: Index,
    head: Option<String>,
    /// The segment that this process writes to; `None` before its first record.
    current: Option<Current>,
    /// The number of records that may not be on disk.
    unsynced: u64,
    /// When the first of these was written.
    since: Option<Instant>,
    /// Why nothing can be added any more: the file and the reason.
    failed: Option<(PathBuf, io::ErrorKind, String)>,
    closed: bool,
}

#[derive(Debug)]
struct Current {
    path: PathBuf,
    file: File,
    size: u64,
}

impl JournalWriter {
    /// Opens the journal of the case with the id `case` in `dir`, and checks every record. What a crash left behind the
    /// last whole record is moved to a file beside its segment, whose name ends in `.torn`; see
    /// [`JournalWriter::torn`].
    ///
    /// # Errors
    /// When a segment cannot be read, a record is damaged, changed, missing or moved, or the rest of a crash cannot be
    /// moved.
    pub fn open(dir: &Path, case: &str) -> Result<Self, JournalError> {
        Self::with_limits(dir, case, LIMITS)
    }

    fn with_limits(dir: &Path, case: &str, limits: Limits) -> Result<Self, JournalError> {
        let Opened { index, head, tail } = Opened::read(dir, case, None)?;
        let torn = tail.map(|tail| move_aside(&tail)).transpose()?;
        Ok(Self {
            shared: Arc::new(Shared {
                case: case.to_owned(),
                dir: dir.to_owned(),
                limits,
                state: Mutex::new(State {
                    index,
                    head,
                    current: None,
                    unsynced: 0,
                    since: None,
                    failed: None,
                    closed: false,
                }),
                changed: Condvar::new(),
            }),
            torn,
            timer: Mutex::new(None),
        })
    }

    /// The file with what a crash had left behind the last whole record; `None` when nothing was there.
    pub fn torn(&self) -> Option<&Path> {
        self.torn.as_deref()
    }

    /// The latest recorded exchange of this request; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn find(&self, request: &Request) -> Result<Option<Exchange>, JournalError> {
        let found = self.shared.lock().index.find(Key::of(request));
        found.map(|found| found.exchange()).transpose()
    }

    /// The record with this number; `None` when there is none.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn get(&self, number: RecordNumber) -> Result<Option<Record>, JournalError> {
        let found = self.shared.lock().index.get(number);
        found.map(|found| found.read()).transpose()
    }

    /// The number of records.
    pub fn records(&self) -> u64 {
        self.shared.lock().index.records()
    }

    /// The time of the latest record; `None` for an empty journal.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.shared.lock().index.newest
    }

    /// The chain of the last record; `None` when that is of format 1, which has none.
    pub fn head(&self) -> Option<String> {
        self.shared.lock().head.clone()
    }

    /// Adds an answer. It survives the end of this process at once, and a power failure within five seconds.
    ///
    /// # Errors
    /// When it cannot be written. The journal is then as it was before.
    pub fn append(
        &self,
        request: &Request,
        at: DateTime<Utc>,
        answer: Answer,
    ) -> Result<Exchange, JournalError> {
        let (status, headers, body) = match answer {
            Answer::Response {
                status,
                headers,
                body,
            } => (Some(status), headers, body),
            Answer::Nothing(reason) => (None, Default::default(), reason.to_string()),
        };
        self.start_timer();
        let mut state = self.shared.lock();
        state.check()?;
        let number = state.index.records() + 1;
        let mut record = Record {
            id: RecordId::new(&self.shared.case, number).to_string(),
            at,
            source: request.source.as_str().to_owned(),
            method: request.method,
            url: request.url.to_string(),
            request: request.body.as_ref().map(|body| body.text.clone()),
            status,
            headers,
            body,
            chain: None,
        };
        let dir = &self.shared.dir;
        let line = record
            .line(state.head.as_deref())
            .map_err(|error| io_error("write", dir)(error.into()))?;
        if line.len() > LONGEST_LINE {
            return Err(JournalError::TooLong { bytes: line.len() });
        }
        let frame = frames::encode(&line).map_err(io_error("write", dir))?;
        let offset = self.shared.write(&mut state, &frame)?;
        let place = (offset, frame.len() as u64);
        state.index.add(Key::of(request), at, place, line.len());
        state.head.clone_from(&record.chain);
        state.unsynced += 1;
        if state.since.is_none() {
            state.since = Some(Instant::now());
            self.shared.changed.notify_one();
        }
        if state.unsynced >= self.shared.limits.records {
            state.sync()?;
        }
        Ok(record.exchange(number))
    }

    /// Waits until all records are on disk, so that they survive a power failure.
    ///
    /// # Errors
    /// When the disk reports an error, now or to the timer before.
    pub fn sync(&self) -> Result<(), JournalError> {
        let mut state = self.shared.lock();
        state.check()?;
        state.sync()
    }

    /// Starts the thread that writes records to disk when no further one comes.
    fn start_timer(&self) {
        let mut timer = self.timer.lock().unwrap_or_else(PoisonError::into_inner);
        if timer.is_none() {
            let shared = Arc::clone(&self.shared);
            *timer = Some(std::thread::spawn(move || shared.sync_in_time()));
        }
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        // Whoever needs to know of an error has called `sync`.
        let _ = state.sync();
        drop(state);
        self.shared.changed.notify_one();
        let timer = self
            .timer
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(timer) = timer {
            let _ = timer.join();
        }
    }
}

impl State {
    fn fail(&mut self, path: &Path, error: &io::Error) {
        self.failed = Some((path.to_owned(), error.kind(), error.to_string()));
    }

    /// An error when an earlier one has left the journal in a state in which nothing can be added.
    fn check(&self) -> Result<(), JournalError> {
        match &self.failed {
            None => Ok(()),
            Some((path, kind, reason)) => Err(io_error("write", path)(io::Error::new(
                *kind,
                reason.clone(),
            ))),
        }
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        if let (Some(current), true) = (&self.current, self.unsynced > 0) {
            let synced = current.file.sync_data();
            synced.map_err(io_error("write", &current.path))?;
        }
        self.unsynced = 0;
        self.since = None;
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is made after the write has succeeded, so the state is consistent even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a frame to the end of the journal, and returns its place in the last segment.
    fn write(&self, state: &mut State, frame: &[u8]) -> Result<u64, JournalError> {
        let length = frame.len() as u64;
        let full =
            |current: &Current| current.size > 0 && current.size + length > self.limits.segment;
        if state.current.as_ref().is_none_or(full) {
            state.sync()?;
            state.current = None;
            self.new_segment(state)?;
        }
        let Some(current) = &mut state.current else {
            return Err(io_error("write", &self.dir)(io::ErrorKind::NotFound.into()));
        };
        let offset = current.size;
        let mut file = &current.file;
        let written = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(frame));
        if let Err(error) = written {
            let path = current.path.clone();
            if file.set_len(offset).is_err() {
                // Half a record cannot be followed by another one. The next load moves it aside.
                state.fail(&path, &error);
            }
            return Err(io_error("write", &path)(error));
        }
        current.size += length;
        Ok(offset)
    }

    fn new_segment(&self, state: &mut State) -> Result<(), JournalError> {
        let number = segments(&self.dir)?
            .iter()
            .filter_map(|path| {
                path.file_name()?
                    .to_str()?
                    .strip_suffix(SEGMENT)?
                    .parse()
                    .ok()
            })
            .fold(0_u64, u64::max)
            .saturating_add(1);
        let path = self.dir.join(format!("{number:06}{SEGMENT}"));
        let file = create_private_file(&path).map_err(io_error("write", &path))?;
        sync_folder(&self.dir).map_err(io_error("write", &self.dir))?;
        state.index.segments.push(Arc::new(Segment::open(&path)?));
        state.current = Some(Current {
            path,
            file,
            size: 0,
        });
        Ok(())
    }

    /// Writes records to disk that have waited for too long, until the journal is closed.
    fn sync_in_time(&self) {
        let mut state = self.lock();
        while !state.closed {
            let waited = state.since.map(|since| since.elapsed());
            state = match waited {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(waited) if waited < self.limits.time => {
                    let left = self.limits.time.saturating_sub(waited);
                    let woken = self.changed.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => {
                    if let Err(JournalError::Io { path, source, .. }) = state.sync() {
                        state.fail(&path, &source);
                        return;
                    }
                    state
                }
            };
        }
    }
}

/// Moves what stands behind the last whole record to a file of its own, and returns its path. An earlier such file is
/// never overwritten.
fn move_aside(tail: &Tail) -> Result<PathBuf, JournalError> {
    let write = |error| io_error("write", &tail.path)(error);
    let (aside, mut file) = new_torn_file(&tail.path)?;
    let mut segment = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&tail.path)
        .map_err(write)?;
    segment.seek(SeekFrom::Start(tail.offset)).map_err(write)?;
    io::copy(&mut segment, &mut file)
        .and_then(|_| file.sync_all())
        .map_err(io_error("write", &aside))?;
    // Only now that the copy is on disk.
    match tail.offset {
        0 => fs::remove_file(&tail.path),
        offset => segment.set_len(offset).and_then(|()| segment.sync_all()),
    }
    .map_err(write)?;
    let folder = tail.path.parent().unwrap_or(Path::new("."));
    sync_folder(folder).map_err(write)?;
    Ok(aside)
}

/// Creates `<segment>.torn`, or `.torn2`, `.torn3` and so on when there is one.
fn new_torn_file(segment: &Path) -> Result<(PathBuf, File), JournalError> {
    let mut count = 1_u32;
    loop {
        let mut name = segment.as_os_str().to_owned();
        name.push(".torn");
        if count > 1 {
            name.push(count.to_string());
        }
        let path = PathBuf::from(name);
        match create_private_file(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
            Err(error) => return Err(io_error("write", &path)(error)),
        }
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
