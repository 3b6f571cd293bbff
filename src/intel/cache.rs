//! A cache of providers' answers that later cases can use.
//!
//! Each answer is a file, named after the digest of the request. The file holds the request as the journal does, which
//! means no credentials and only what the privacy rules let out. A file that is damaged, too old, dated in the future, or
//! of another request is ignored.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::journal::{Answer, Request};
use crate::model::digest::{digest, hex};
use crate::model::fs::{make_private_dir, write_whole_unsynced};

/// Largest file that is read or written, in bytes: whole answers are far below.
const LARGEST: u64 = 16 << 20;
/// Version of the files.
const FORMAT: u32 = 1;

/// A folder of cached answers.
#[derive(Debug)]
pub struct AnswerCache {
    folder: PathBuf,
    age: TimeDelta,
}

#[derive(Debug, Serialize, Deserialize)]
struct CachedAnswer {
    format: u32,
    source: String,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    at: DateTime<Utc>,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl AnswerCache {
    /// Opens the cache in that folder and removes answers that are older than `age`.
    pub fn open(folder: PathBuf, age: TimeDelta) -> Self {
        let cache = Self { folder, age };
        cache.sweep(Utc::now());
        cache
    }

    /// The answer to a request, with the time at which it was received; `None` when there is none, or when it is too
    /// old.
    pub fn get(&self, request: &Request) -> Option<(DateTime<Utc>, Answer)> {
        self.get_at(request, Utc::now())
    }

    /// Like [`AnswerCache::get`], for a given current time.
    pub fn get_at(&self, request: &Request, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Answer)> {
        let path = self.path(request);
        let kept = match read_file(&path) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "a cached answer cannot be read");
                return None;
            }
        };
        let same = kept.format == FORMAT
            && kept.source == request.source.as_str()
            && kept.url == request.url.as_str()
            && kept.request.as_deref() == text_of(request);
        let fresh = kept.at <= now && now - kept.at < self.age;
        let answer = matches!(kept.status, 200 | 404);
        (same && fresh && answer).then_some((
            kept.at,
            Answer::Response {
                status: kept.status,
                headers: kept.headers,
                body: kept.body,
            },
        ))
    }

    /// Stores an answer. A failure to write is only logged; the request is then sent again by later cases.
    pub fn put(&self, request: &Request, at: DateTime<Utc>, answer: &Answer) {
        let Answer::Response {
            status: status @ (200 | 404),
            headers,
            body,
        } = answer
        else {
            return;
        };
        let kept = CachedAnswer {
            format: FORMAT,
            source: request.source.as_str().to_owned(),
            url: request.url.to_string(),
            request: text_of(request).map(str::to_owned),
            at,
            status: *status,
            headers: headers.clone(),
            body: body.clone(),
        };
        let path = self.path(request);
        if let Err(error) = write_file(&path, &kept) {
            tracing::debug!(path = %path.display(), %error, "an answer is not cached");
        }
    }

    fn path(&self, request: &Request) -> PathBuf {
        let url = request.url.as_str();
        let name = hex(&digest(&[
            request.source.as_str(),
            url,
            text_of(request).unwrap_or_default(),
        ]));
        self.folder
            .join(request.source.as_str())
            .join(format!("{name}.json"))
    }

    /// Removes files that are too old, and those that a killed process left incomplete.
    fn sweep(&self, now: DateTime<Utc>) {
        let files = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        for folder in files(&self.folder).filter(|entry| entry.path().is_dir()) {
            for file in files(&folder.path()) {
                let Ok(changed) = file.metadata().and_then(|metadata| metadata.modified()) else {
                    continue;
                };
                if now - DateTime::<Utc>::from(changed) >= self.age {
                    // Another process may have removed it already.
                    let _ = fs::remove_file(file.path());
                }
            }
        }
    }
}

fn text_of(request: &Request) -> Option<&str> {
    request.body.as_ref().map(|body| body.text.as_str())
}

fn read_file(path: &Path) -> io::Result<CachedAnswer> {
    // Reading from a pipe or a device might block forever.
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(io::Error::other("not a file of that kind"));
    }
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

/// Writes the file atomically. When two processes write the same file, the last one wins. It does not wait for the
/// disk, since a lost answer is only requested again.
fn write_file(path: &Path, kept: &CachedAnswer) -> io::Result<()> {
    let text = serde_json::to_string(kept)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other("too large"));
    }
    if let Some(folder) = path.parent() {
        make_private_dir(folder)?;
    }
    write_whole_unsynced(path, |out| out.write_all(text.as_bytes()))
}
