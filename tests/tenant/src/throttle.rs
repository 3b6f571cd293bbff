//! Token buckets of the published limits, and the clock that they go by.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The tenant's time: that of the machine, until a test stops it and moves it on by hand.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Option<Instant>>);

impl Clock {
    /// Now.
    pub(crate) fn now(&self) -> Instant {
        self.lock().unwrap_or_else(Instant::now)
    }

    /// Moves on by so much, and stands still there.
    pub(crate) fn stop_after(&self, time: Duration) {
        let now = self.now();
        *self.lock() = Some(now + time);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Buckets by what their limit is about.
#[derive(Debug, Default)]
pub(crate) struct Buckets(Mutex<HashMap<String, Bucket>>);

impl Buckets {
    /// Takes one from each of `limits` (key and rate a second), or from none of them: then gives the
    /// seconds until it would work. A bucket holds one second's worth and a tenth more, so that a
    /// client that keeps to the rate is not refused for the network's jitter.
    pub(crate) fn take(
        &self,
        limits: &[(String, f64)],
        scale: f64,
        now: Instant,
    ) -> Result<(), f64> {
        let mut buckets = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut wait: f64 = 0.0;
        for (key, rate) in limits {
            let rate = rate * scale;
            let full = (rate * 1.1).max(1.1);
            let bucket = buckets.entry(key.clone()).or_insert(Bucket {
                tokens: full,
                at: now,
            });
            let grown = bucket.tokens + now.duration_since(bucket.at).as_secs_f64() * rate;
            bucket.tokens = grown.min(full);
            bucket.at = now;
            if bucket.tokens < 1.0 {
                wait = wait.max((1.0 - bucket.tokens) / rate);
            }
        }
        if wait > 0.0 {
            return Err(wait);
        }
        for (key, _) in limits {
            if let Some(bucket) = buckets.get_mut(key) {
                bucket.tokens -= 1.0;
            }
        }
        Ok(())
    }
}
