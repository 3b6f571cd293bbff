//! Quotas that outlast a run, counted in a file that all runs of a user share.
//!
//! The file is one JSON object of counts by provider, key and period. Every request counts before it is sent, under
//! a lock, so that two processes together stay below the quota. A file that cannot be read or written is a warning:
//! the run then counts for itself.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::rate::{Period, Rate};
use crate::journal::{Auth, Request};
use crate::model::fs::{make_private_dir, open_lock_file, remove_leftovers, write_whole_unsynced};

/// Largest file of counts that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// How often and how long to wait for a process that has the lock: it holds it for some milliseconds.
const TRIES: u32 = 100;
const WAIT: Duration = Duration::from_millis(20);

/// What a file that cannot be used means.
const ALONE: &str = "quotas of providers are counted for this run alone";

/// Counts of requests.
#[derive(Debug, Default)]
pub struct Ledger {
    path: Option<PathBuf>,
    /// What this process knows, which a lost file cannot take away.
    known: Mutex<BTreeMap<String, u64>>,
    warned: AtomicBool,
}

#[derive(Debug, Default, Deserialize)]
struct Book {
    #[serde(default)]
    counts: BTreeMap<String, u64>,
}

impl Ledger {
    /// Counts in that file; without one, for this process alone.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }

    /// Counts a request, unless that would be one too many for a quota of its provider. The error says which.
    ///
    /// # Errors
    /// When a quota is used up. Nothing has been counted then.
    pub fn take(
        &self,
        request: &Request,
        quotas: &[Rate],
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        if quotas.is_empty() {
            return Ok(());
        }
        let who = who(request);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path.as_deref();
        if path.is_none() {
            self.warn(ALONE, "there is no home folder to keep them in");
        }
        let lock = path.and_then(|path| match join(path, &mut known, now) {
            Ok((lock, unreadable)) => {
                if let Some(why) = unreadable {
                    self.warn("counts of requests are lost and begin anew", &why);
                }
                Some(lock)
            }
            Err(error) => {
                self.warn(ALONE, &error.to_string());
                None
            }
        });
        count(&mut known, &who, quotas, now)?;
        if let (Some(path), Some(_)) = (path, &lock)
            && let Err(error) = write(path, &known)
        {
            self.warn(ALONE, &error.to_string());
        }
        Ok(())
    }

    /// What is left of each quota, without counting anything. A file that cannot be read counts for nothing.
    pub fn left(&self, request: &Request, quotas: &[Rate], now: DateTime<Utc>) -> Vec<(Rate, u64)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let filed = self.path.as_deref().map(read);
        let filed = filed.and_then(Result::ok).unwrap_or_default();
        let who = who(request);
        let left = |quota: &Rate| {
            let key = key(&who, quota, now);
            let used =
                [&*known, &filed].map(|counts| counts.get(&key).copied().unwrap_or_default());
            let used = used.into_iter().max().unwrap_or_default();
            (*quota, u64::from(quota.count).saturating_sub(used))
        };
        quotas.iter().map(left).collect()
    }

    fn warn(&self, what: &str, why: &str) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            let path = self.path.as_deref().unwrap_or(Path::new(""));
            tracing::warn!(path = %path.display(), "{what}: {why}");
        }
    }
}

/// Whose quota a request counts against.
fn who(request: &Request) -> String {
    format!("{} {}", request.source, fingerprint(&request.auth))
}

fn key(who: &str, quota: &Rate, now: DateTime<Utc>) -> String {
    format!("{who} {}", quota.per.of(now))
}

/// Counts a request for all quotas, or for none when one of them is used up.
fn count(
    counts: &mut BTreeMap<String, u64>,
    who: &str,
    quotas: &[Rate],
    now: DateTime<Utc>,
) -> Result<(), String> {
    let key = |quota: &Rate| key(who, quota, now);
    for quota in quotas {
        if counts.get(&key(quota)).copied().unwrap_or_default() >= u64::from(quota.count) {
            let per = quota.per.as_str();
            return Err(format!(
                "the quota of {} requests a {per} is used up; run again in the next {per} (UTC), or tell [intel] limits what the key allows",
                quota.count
            ));
        }
    }
    for quota in quotas {
        let held = counts.entry(key(quota)).or_default();
        *held = held.saturating_add(1);
    }
    Ok(())
}

/// Locks the file and adds what it holds to what is known. A file that holds something else counts for nothing, and
/// why is told.
fn join(
    path: &Path,
    known: &mut BTreeMap<String, u64>,
    now: DateTime<Utc>,
) -> io::Result<(File, Option<String>)> {
    if let Some(folder) = path.parent() {
        make_private_dir(folder)?;
    }
    let lock = lock(&path.with_extension("lock"))?;
    let (counts, unreadable) = match read(path) {
        Ok(counts) => (counts, None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (BTreeMap::new(), None),
        Err(error) => (BTreeMap::new(), Some(error.to_string())),
    };
    for (key, count) in counts {
        let held = known.entry(key).or_default();
        *held = (*held).max(count);
    }
    // What belongs to another day or month counts for nothing any more.
    let current = [Period::Day, Period::Month].map(|period| format!(" {}", period.of(now)));
    known.retain(|key, _| current.iter().any(|period| key.ends_with(period)));
    Ok((lock, unreadable))
}

fn read(path: &Path) -> io::Result<BTreeMap<String, u64>> {
    // A pipe or a device in its place would never end.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    let book: Book = serde_json::from_str(&text)?;
    Ok(book.counts)
}

fn write(path: &Path, counts: &BTreeMap<String, u64>) -> io::Result<()> {
    let text = serde_json::to_string(&serde_json::json!({ "counts": counts }))?;
    // Whoever writes holds the lock.
    remove_leftovers(path);
    write_whole_unsynced(path, |out| out.write_all(text.as_bytes()))
}

fn lock(path: &Path) -> io::Result<File> {
    let file = open_lock_file(path)?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(WAIT),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other(
        "another process has had the lock for long",
    ))
}

/// Tells the counts of one key from those of another, and nothing of the key: the digest is cut to 32 bits.
fn fingerprint(auth: &Auth) -> String {
    let secret = match auth {
        Auth::Header(_, key) => key.expose_secret(),
        Auth::Basic { user, .. } => user.expose_secret(),
        Auth::None | Auth::Entra(_) => "",
    };
    let mut hash = Sha256::new();
    hash.update("linktrail quota\0");
    hash.update(secret);
    let digest = hash.finalize();
    digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
