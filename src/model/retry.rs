//! The retry policy. Requests over HTTP, transactions of Neo4j and hunts share it; each decides for itself which
//! failures are worth a retry.

use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

/// When to retry: after pauses that double and are random ("full jitter"), so that many clients that failed together do
/// not retry together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// The longest first pause. The limit doubles with each further pause.
    pub first_pause: Duration,
    /// The upper limit of all pauses.
    pub longest_pause: Duration,
    /// The shortest random pause as a fraction of the longest one, above 0 so that no retry is immediate. Small values
    /// spread many clients best, large ones wait longest in all.
    pub shortest: f64,
    /// The highest number of attempts, including the first one; without it only the time is limited.
    pub attempts: Option<u32>,
    /// The longest time from the start to the last attempt; without it only the attempts are limited.
    pub time: Option<Duration>,
}

impl RetryPolicy {
    /// A random pause after this number of failures.
    pub fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u32 << failures.saturating_sub(1).min(16);
        let longest = self
            .first_pause
            .saturating_mul(doubled)
            .min(self.longest_pause);
        longest.mul_f64(rand::rng().random_range(self.shortest..=1.0))
    }
}

/// The start and the failed attempts of one task.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    begun: Instant,
    failures: u32,
}

impl Retries {
    /// Starts now, without failures.
    pub fn begin() -> Self {
        Self {
            begun: Instant::now(),
            failures: 0,
        }
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Counts a failed attempt.
    pub fn count(&mut self) {
        self.failures += 1;
    }

    /// The pause before the next attempt; `None` when there must be no other. `asked` is the pause that the service
    /// requested, and is used unchanged: if it is longer than the time that is left, there is no other attempt.
    pub fn pause(&self, policy: &RetryPolicy, asked: Option<Duration>) -> Option<Duration> {
        if policy.attempts.is_some_and(|most| self.failures >= most) {
            return None;
        }
        let pause = asked.unwrap_or_else(|| policy.pause(self.failures));
        let left = policy
            .time
            .map(|time| time.saturating_sub(self.begun.elapsed()));
        left.is_none_or(|left| pause < left).then_some(pause)
    }

    /// Counts a failed attempt and waits for the next one. Returns false when there must be no other.
    #[must_use]
    pub async fn wait(&mut self, policy: &RetryPolicy) -> bool {
        self.count();
        match self.pause(policy, None) {
            Some(pause) => {
                tokio::time::sleep(pause).await;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const POLICY: RetryPolicy = RetryPolicy {
        first_pause: SECOND,
        longest_pause: Duration::from_secs(8),
        shortest: 0.05,
        attempts: Some(6),
        time: None,
    };

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_the_longest_and_attempts_end() {
        let mut retries = Retries::begin();
        for longest in [1, 2, 4, 8, 8] {
            let before = Instant::now();
            assert!(retries.wait(&POLICY).await);
            // The clock of timers has a resolution of a millisecond.
            let longest = Duration::from_secs(longest);
            let paused = before.elapsed();
            assert!(
                paused >= longest.mul_f64(POLICY.shortest)
                    && paused <= longest + Duration::from_millis(1),
                "{paused:?} of {longest:?}"
            );
        }
        let before = Instant::now();
        assert!(!retries.wait(&POLICY).await);
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[test]
    fn pauses_are_spread_over_all_of_their_time() {
        let pauses: Vec<Duration> = (0..1000).map(|_| POLICY.pause(1)).collect();
        let shorter = |part: f64| {
            let pauses = pauses.iter().filter(|pause| **pause < SECOND.mul_f64(part));
            pauses.count()
        };
        assert_eq!(shorter(POLICY.shortest), 0);
        // This fails by chance once in 10^30 runs.
        assert!((100..400).contains(&shorter(0.275)), "{}", shorter(0.275));
        assert!((350..650).contains(&shorter(0.525)), "{}", shorter(0.525));
    }

    #[tokio::test(start_paused = true)]
    async fn time_ends_what_attempts_do_not() {
        let policy = RetryPolicy {
            attempts: None,
            time: Some(Duration::from_secs(60)),
            ..POLICY
        };
        let mut retries = Retries::begin();
        let mut attempts = 1;
        while retries.wait(&policy).await {
            attempts += 1;
        }
        assert!(attempts > 8, "{attempts}");
        let took = retries.elapsed();
        assert!(
            took >= Duration::from_secs(52) && took < Duration::from_secs(60),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_was_asked_for_is_kept_to_or_not_waited_for() {
        let policy = RetryPolicy {
            time: Some(Duration::from_secs(60)),
            ..POLICY
        };
        let mut retries = Retries::begin();
        retries.count();
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(retries.pause(&policy, asked(0)), asked(0));
        assert_eq!(retries.pause(&policy, asked(59)), asked(59));
        assert_eq!(retries.pause(&policy, asked(60)), None);
        tokio::time::advance(Duration::from_secs(50)).await;
        assert_eq!(retries.pause(&policy, asked(9)), asked(9));
        assert_eq!(retries.pause(&policy, asked(11)), None);
        let endless = RetryPolicy {
            time: None,
            ..policy
        };
        assert_eq!(retries.pause(&endless, asked(3600)), asked(3600));
    }
}
