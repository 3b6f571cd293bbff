//! Counts requests against quotas of a day or a month, in a file that all runs of a user share.
//!
//! The file is a JSON object of counts by provider, key and period. Each request is counted under a lock before it is
//! sent, so that processes that run at the same time together stay below the quota. When the file cannot be read or
//! written, a warning is logged and the run counts only its own requests.

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

use super::provider::Setup;
use super::providers::PROVIDERS;
use super::rate::{Period, Rate};
use crate::journal::{Auth, Request};
use crate::model::digest::hex;
use crate::model::fs::{make_private_dir, open_lock_file, remove_leftovers, write_whole_unsynced};

/// The largest file of counts that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// How often to try for the lock. Another process holds it for a few milliseconds.
const TRIES: u32 = 100;
const WAIT: Duration = Duration::from_millis(20);

/// Logged when the file cannot be used.
const ALONE: &str = "quotas of providers are counted for this run alone";

/// A quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the quota of {} requests a {} is used up; run again in the next {} (UTC), or tell [intel] limits what the key allows",
    .0.count, .0.per.as_str(), .0.per.as_str()
)]
pub struct QuotaUsedUp(pub Rate);

/// The quotas of all providers, consulted after the journal and before the network. A replay does not consult them,
/// since refused requests are recorded in the journal.
#[derive(Debug, Default)]
pub struct Quotas {
    rates: BTreeMap<&'static str, Vec<Rate>>,
    store: QuotaStore,
}

impl Quotas {
    /// Takes the rates from the setup, and counts in this store.
    pub fn new(setup: &Setup, store: QuotaStore) -> Self {
        let rates = PROVIDERS.iter();
        let rates = rates.map(|spec| (spec.name, setup.rates(spec).to_vec()));
        Self {
            rates: rates.collect(),
            store,
        }
    }

    /// Counts a request that is about to be sent.
    ///
    /// # Errors
    /// When a quota of its provider is used up. The request is then not counted.
    pub async fn take(&self, request: &Request) -> Result<(), QuotaUsedUp> {
        let quotas = self.quotas(request);
        self.store.take(request, &quotas, Utc::now()).await
    }

    /// The rate limits of the provider with this name.
    pub fn rates(&self, provider: &str) -> &[Rate] {
        self.rates.get(provider).map_or(&[], Vec::as_slice)
    }

    /// The remaining requests of each quota that applies to a request. The request is not counted.
    pub fn left(&self, request: &Request) -> Vec<(Rate, u64)> {
        self.store.left(request, &self.quotas(request), Utc::now())
    }

    fn quotas(&self, request: &Request) -> Vec<Rate> {
        let rates = self.rates(request.source.as_str()).iter().copied();
        rates.filter(|rate| rate.is_quota()).collect()
    }
}

/// The counts of requests, in memory and in the file.
#[derive(Debug, Default)]
pub struct QuotaStore {
    path: Option<PathBuf>,
    /// Serialises the counting within this process. Waiting does not block a thread.
    turn: tokio::sync::Mutex<()>,
    /// The counts that this process knows, which are kept if the file is lost.
    known: Mutex<BTreeMap<String, u64>>,
    warned: AtomicBool,
}

/// The contents of the file.
#[derive(Debug, Default, Deserialize)]
struct QuotaFile {
    #[serde(default)]
    counts: BTreeMap<String, u64>,
}

impl QuotaStore {
    /// Counts in this file. Without a file, only the requests of this process are counted.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }

    /// Counts a request, unless it would exceed a quota of its provider.
    ///
    /// # Errors
    /// When a quota is used up. Nothing has been counted then.
    pub async fn take(
        &self,
        request: &Request,
        quotas: &[Rate],
        now: DateTime<Utc>,
    ) -> Result<(), QuotaUsedUp> {
        if quotas.is_empty() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        let lock = self.lock_file().await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(path), Some(_)) = (&self.path, &lock)
            && let Some(why) = merge_file(path, &mut known, now)
        {
            self.warn("counts of requests are lost and begin anew", &why);
        }
        count(&mut known, &counted_for(request), quotas, now)?;
        if let (Some(path), Some(_)) = (&self.path, &lock)
            && let Err(error) = write_file(path, &known)
        {
            self.warn(ALONE, &error.to_string());
        }
        Ok(())
    }

    /// Locks the file against other processes. If that fails, only the requests of this process are counted.
    async fn lock_file(&self) -> Option<File> {
        let Some(path) = self.path.as_deref() else {
            self.warn(ALONE, "there is no home folder to keep them in");
            return None;
        };
        match lock(path).await {
            Ok(lock) => Some(lock),
            Err(error) => {
                self.warn(ALONE, &error.to_string());
                None
            }
        }
    }

    /// The remaining requests of each quota. The request is not counted, and a file that cannot be read is ignored.
    pub fn left(&self, request: &Request, quotas: &[Rate], now: DateTime<Utc>) -> Vec<(Rate, u64)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let filed = self.path.as_deref().map(read_file);
        let filed = filed.and_then(Result::ok).unwrap_or_default();
        let who = counted_for(request);
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

/// The key of the counts: the provider, and a fingerprint of the credentials that the quota belongs to.
fn counted_for(request: &Request) -> String {
    format!("{} {}", request.source, fingerprint(&request.auth))
}

fn key(who: &str, quota: &Rate, now: DateTime<Utc>) -> String {
    format!("{who} {}", quota.per.name_at(now))
}

/// Counts a request against all quotas, or against none if one of them is used up.
fn count(
    counts: &mut BTreeMap<String, u64>,
    who: &str,
    quotas: &[Rate],
    now: DateTime<Utc>,
) -> Result<(), QuotaUsedUp> {
    let key = |quota: &Rate| key(who, quota, now);
    let used_up = |quota: &&Rate| {
        counts.get(&key(quota)).copied().unwrap_or_default() >= u64::from(quota.count)
    };
    if let Some(quota) = quotas.iter().find(used_up) {
        return Err(QuotaUsedUp(*quota));
    }
    for quota in quotas {
        let held = counts.entry(key(quota)).or_default();
        *held = held.saturating_add(1);
    }
    Ok(())
}

/// Merges the counts in the file into the known ones. Returns the reason when the file cannot be read.
fn merge_file(
    path: &Path,
    known: &mut BTreeMap<String, u64>,
    now: DateTime<Utc>,
) -> Option<String> {
    let (counts, unreadable) = match read_file(path) {
        Ok(counts) => (counts, None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (BTreeMap::new(), None),
        Err(error) => (BTreeMap::new(), Some(error.to_string())),
    };
    for (key, count) in counts {
        let held = known.entry(key).or_default();
        *held = (*held).max(count);
    }
    // Counts of earlier days and months are no longer needed.
    let current = [Period::Day, Period::Month].map(|period| format!(" {}", period.name_at(now)));
    known.retain(|key, _| current.iter().any(|period| key.ends_with(period)));
    unreadable
}

fn read_file(path: &Path) -> io::Result<BTreeMap<String, u64>> {
    // Reading from a pipe or a device might block forever.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    let file: QuotaFile = serde_json::from_str(&text)?;
    Ok(file.counts)
}

fn write_file(path: &Path, counts: &BTreeMap<String, u64>) -> io::Result<()> {
    let text = serde_json::to_string(&serde_json::json!({ "counts": counts }))?;
    // This process holds the lock, so no other process is writing the file.
    remove_leftovers(path);
    write_whole_unsynced(path, |out| out.write_all(text.as_bytes()))
}

/// Waits for the lock of the counts, which is a file of its own beside them.
async fn lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        make_private_dir(folder)?;
    }
    let file = open_lock_file(&path.with_extension("lock"))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(WAIT).await,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other(
        "another process has had the lock for long",
    ))
}

/// Distinguishes keys without revealing them: 32 bits of a digest.
fn fingerprint(auth: &Auth) -> String {
    let secret = match auth {
        Auth::Header(_, key) => key.expose_secret(),
        Auth::Basic { user, .. } => user.expose_secret(),
        Auth::None | Auth::Entra(_) => "",
    };
    let mut hash = Sha256::new();
    hash.update("linktrail quota\0");
    hash.update(secret);
    hex(&hash.finalize()[..4])
}
