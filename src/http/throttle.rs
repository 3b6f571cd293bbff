//! Token buckets, shared by all requests.
//!
//! A bucket starts at the published rate. When a service still answers 429, the bucket halves its rate; every other
//! answer raises it a little, up to the published rate. When a service asks to wait for long, the bucket pauses: all
//! requests under that limit wait, and those that would have to wait for too long are not sent.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::journal::Limit;

const SLOWEST: f64 = 1.0 / 32.0;
const RECOVERY: f64 = 1.05;
/// A pause that a service asks for holds from this length on for all requests under the same limit, and is said on stderr.
pub(crate) const LONG_PAUSE: Duration = Duration::from_secs(10);
/// The longest time that a request waits for such pauses in all.
pub(super) const MOST_PAUSED: Duration = Duration::from_secs(15 * 60);

#[derive(Debug)]
struct Bucket {
    rate: f64,
    burst: f64,
    /// Fraction of the published rate in use, from [`SLOWEST`] to 1.
    pace: f64,
    /// The number of tokens in the bucket. A negative number is the number of tokens promised to waiting requests.
    level: f64,
    filled: Instant,
    /// The end of the pause that a service asked for, and the length that it asked for.
    pause: Option<(Instant, Duration)>,
    /// Which narrower limit was paused last under this one, and until when.
    narrower: Option<(String, Instant)>,
    /// The span in which `burst` requests may be sent, if that is the limit.
    within: Option<Duration>,
    /// When the latest requests of such a span were or will be sent.
    sent: VecDeque<Instant>,
}

/// A pause that a request would have to wait for is too long. It holds the length that the service asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong(pub Duration);

impl Bucket {
    /// Takes a token, and returns how long to wait before using it.
    fn take(&mut self, now: Instant) -> Duration {
        if let Some(span) = self.within {
            return self.take_within(span.div_f64(self.pace), now);
        }
        let rate = self.rate * self.pace;
        let gained = now.duration_since(self.filled).as_secs_f64() * rate;
        self.level = (self.level + gained).min(self.burst) - 1.0;
        self.filled = now;
        if self.level >= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(-self.level / rate)
        }
    }

    /// The same where `burst` requests may be sent in any span of this length.
    fn take_within(&mut self, span: Duration, now: Instant) -> Duration {
        let mut at = now;
        if self.sent.len() as f64 >= self.burst.max(1.0)
            && let Some(first) = self.sent.pop_front()
        {
            at = at.max(first + span);
        }
        self.sent.push_back(at);
        at - now
    }
}

/// All buckets, by the key of their limit.
#[derive(Debug, Default)]
pub struct Throttle {
    buckets: Mutex<HashMap<String, Arc<Mutex<Bucket>>>>,
}

impl Throttle {
    /// Waits until all of these limits allow a request. `paused` is how long the request has waited for pauses so far.
    ///
    /// # Errors
    /// When the pauses are longer than a request waits in all. Nothing is waited for then.
    pub async fn acquire(&self, limits: &[Limit], paused: &mut Duration) -> Result<(), TooLong> {
        self.wait_for_pauses(limits, paused).await?;
        let now = Instant::now();
        let wait = limits
            .iter()
            .map(|limit| lock(&self.bucket(limit)).take(now))
            .max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            tokio::time::sleep(wait).await;
        }
        // A pause may have begun meanwhile.
        self.wait_for_pauses(limits, paused).await
    }

    async fn wait_for_pauses(
        &self,
        limits: &[Limit],
        paused: &mut Duration,
    ) -> Result<(), TooLong> {
        while let Some((left, asked)) = self.pause_of(limits) {
            *paused += left;
            if *paused > MOST_PAUSED {
                return Err(TooLong(asked));
            }
            tokio::time::sleep(left).await;
        }
        Ok(())
    }

    /// How long the longest pause of these limits still lasts, and the length that the service asked for.
    pub fn pause_of(&self, limits: &[Limit]) -> Option<(Duration, Duration)> {
        let now = Instant::now();
        let pauses = limits.iter().filter_map(|limit| {
            let (until, asked) = lock(&self.bucket(limit)).pause?;
            let left = until.saturating_duration_since(now);
            (!left.is_zero()).then_some((left, asked))
        });
        pauses.max()
    }

    /// Pauses what a service asked to wait for. It does not say which limit that is, so it is taken for the narrowest, the
    /// last of these. When requests under another narrow limit are asked to wait at the same time, it is the limit that
    /// they share, and so on.
    pub fn pause(&self, limits: &[Limit], asked: Duration) {
        let Some(until) = Instant::now().checked_add(asked) else {
            return;
        };
        let mut narrower: Option<&str> = None;
        for limit in limits.iter().rev() {
            let bucket = self.bucket(limit);
            let mut bucket = lock(&bucket);
            if let Some(key) = narrower {
                let now = Instant::now();
                let other = bucket.narrower.replace((key.to_owned(), until));
                let is_shared = other.is_some_and(|(other, end)| other != key && end > now);
                if !is_shared {
                    return;
                }
            }
            bucket.pause = bucket.pause.max(Some((until, asked)));
            narrower = Some(&limit.key);
        }
    }

    /// Halves the rate of these limits, after a service answered 429.
    pub fn slow_down(&self, limits: &[Limit]) {
        self.change_pace(limits, |pace| (pace / 2.0).max(SLOWEST));
    }

    /// Raises the rate of these limits a little, after a service answered with anything but 429.
    pub fn recover(&self, limits: &[Limit]) {
        self.change_pace(limits, |pace| (pace * RECOVERY).min(1.0));
    }

    /// Changes the pace of every bucket once, even if several limits share it.
    fn change_pace(&self, limits: &[Limit], change: impl Fn(f64) -> f64) {
        let distinct: BTreeMap<&str, &Limit> = limits
            .iter()
            .map(|limit| (limit.key.as_str(), limit))
            .collect();
        for limit in distinct.into_values() {
            let bucket = self.bucket(limit);
            let mut bucket = lock(&bucket);
            bucket.pace = change(bucket.pace);
        }
    }

    fn bucket(&self, limit: &Limit) -> Arc<Mutex<Bucket>> {
        let mut buckets = lock(&self.buckets);
        let bucket = buckets.entry(limit.key.clone()).or_insert_with(|| {
            Arc::new(Mutex::new(Bucket {
                rate: limit.rate,
                burst: limit.burst,
                pace: 1.0,
                level: limit.burst,
                filled: Instant::now(),
                pause: None,
                narrower: None,
                within: limit.within,
                sent: VecDeque::new(),
            }))
        });
        Arc::clone(bucket)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(rate: f64, burst: f64) -> Vec<Limit> {
        vec![Limit {
            key: "chat".to_owned(),
            rate,
            burst,
            within: None,
        }]
    }

    async fn acquire(throttle: &Throttle, limits: &[Limit]) {
        let mut paused = Duration::ZERO;
        throttle.acquire(limits, &mut paused).await.unwrap();
    }

    /// A user's lists: a limit of the tenant, and one of the user.
    fn of_user(user: &str) -> Vec<Limit> {
        let limit = |key: &str| Limit {
            key: key.to_owned(),
            rate: 1000.0,
            burst: 1000.0,
            within: None,
        };
        vec![limit("tenant"), limit(user)]
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_up_all_under_the_narrowest_limit_and_no_others() {
        let throttle = Throttle::default();
        let start = Instant::now();
        throttle.pause(&of_user("mila"), Duration::from_secs(60));
        acquire(&throttle, &of_user("tom")).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "another user");
        throttle.pause(&of_user("mila"), Duration::from_secs(20));
        acquire(&throttle, &of_user("tom")).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "the same user again");
        acquire(&throttle, &of_user("mila")).await;
        assert_eq!(start.elapsed(), Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_of_two_users_are_one_of_the_tenant() {
        let throttle = Throttle::default();
        let start = Instant::now();
        throttle.pause(&of_user("mila"), Duration::from_secs(60));
        throttle.pause(&of_user("tom"), Duration::from_secs(70));
        acquire(&throttle, &of_user("nora")).await;
        assert_eq!(start.elapsed(), Duration::from_secs(70));
        // One that begins after all are over is that of its user again.
        throttle.pause(&of_user("nora"), Duration::from_secs(60));
        acquire(&throttle, &of_user("mila")).await;
        assert_eq!(start.elapsed(), Duration::from_secs(70));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_fifteen_minutes_are_waited_in_all() {
        let throttle = Throttle::default();
        let (limits, hour) = (of_user("mila"), Duration::from_secs(3600));
        throttle.pause(&limits, Duration::from_secs(600));
        let mut paused = Duration::ZERO;
        assert_eq!(throttle.acquire(&limits, &mut paused).await, Ok(()));
        let start = Instant::now();
        throttle.pause(&limits, Duration::from_secs(400));
        let too_long = throttle.acquire(&limits, &mut paused).await;
        assert_eq!(too_long, Err(TooLong(Duration::from_secs(400))));
        throttle.pause(&limits, hour);
        let too_long = throttle.acquire(&limits, &mut Duration::default()).await;
        assert_eq!(too_long, Err(TooLong(hour)));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_spread_over_time() {
        let throttle = Throttle::default();
        let start = Instant::now();
        for _ in 0..11 {
            acquire(&throttle, &limit(2.0, 1.0)).await;
        }
        let took = start.elapsed().as_secs_f64();
        assert!((5.0..5.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_only_once() {
        let throttle = Throttle::default();
        let start = Instant::now();
        for _ in 0..20 {
            acquire(&throttle, &limit(10.0, 20.0)).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        acquire(&throttle, &limit(10.0, 20.0)).await;
        assert!(start.elapsed() >= Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn no_span_has_more_requests_than_its_limit() {
        let throttle = Throttle::default();
        let limit = [Limit {
            within: Some(Duration::from_secs(60)),
            burst: 45.0,
            ..limit(0.0, 0.0).remove(0)
        }];
        let start = Instant::now();
        let mut sent = Vec::new();
        for number in 0..200 {
            acquire(&throttle, &limit).await;
            sent.push(start.elapsed());
            if number % 7 == 0 {
                tokio::time::sleep(Duration::from_millis(900)).await;
            }
        }
        assert!(sent[44] < Duration::from_secs(7), "45 go at once");
        for pair in sent.windows(46) {
            assert!(pair[45] - pair[0] >= Duration::from_secs(60), "{pair:?}");
        }
        assert!(sent[199] < Duration::from_secs(250), "{:?}", sent[199]);
        // After 429 the span is twice as long.
        throttle.slow_down(&limit);
        let before = sent[155];
        acquire(&throttle, &limit).await;
        let waited = start.elapsed() - before;
        assert!(waited >= Duration::from_secs(119), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_named_often_changes_its_pace_once() {
        let throttle = Throttle::default();
        let limits = [limit(1.0, 1.0), limit(1.0, 1.0), limit(1.0, 1.0)].concat();
        throttle.slow_down(&limits);
        let pace = || lock(&throttle.bucket(&limits[0])).pace;
        assert!((pace() - 0.5).abs() < 1e-9);
        throttle.recover(&limits);
        assert!((pace() - 0.5 * RECOVERY).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_halves_the_rate_and_answers_bring_it_back() {
        let throttle = Throttle::default();
        let limits = limit(1.0, 1.0);
        acquire(&throttle, &limits).await;
        throttle.slow_down(&limits);
        let start = Instant::now();
        acquire(&throttle, &limits).await;
        assert!(
            start.elapsed() >= Duration::from_millis(1900),
            "{:?}",
            start.elapsed()
        );
        for _ in 0..20 {
            throttle.recover(&limits);
        }
        let start = Instant::now();
        acquire(&throttle, &limits).await;
        assert!(
            start.elapsed() <= Duration::from_millis(1050),
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_tightest_of_several_limits_decides() {
        let throttle = Throttle::default();
        let limits = vec![
            Limit {
                key: "tenant".to_owned(),
                rate: 20.0,
                burst: 1.0,
                within: None,
            },
            Limit {
                key: "channel".to_owned(),
                rate: 1.0,
                burst: 1.0,
                within: None,
            },
        ];
        let start = Instant::now();
        for _ in 0..3 {
            acquire(&throttle, &limits).await;
        }
        assert!(start.elapsed() >= Duration::from_secs(2));
    }
}
