//! How often a provider may be asked: what it publishes, or what a key of one's own allows.

use chrono::{DateTime, Utc};

use crate::journal::Limit;

/// A limit: at most `count` requests in any span of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Number of requests.
    pub count: u32,
    /// Length of the span.
    pub per: Period,
}

/// The span of a rate. Days and months are those of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Period {
    Second,
    Minute,
    Hour,
    Day,
    Month,
}

/// A line of `[intel] limits` is not `PROVIDER COUNT/PERIOD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "[intel] limits: `{0}` is no limit of a provider; write it as `virustotal 1000/minute`, with second, minute, hour, day or month"
)]
pub struct RateError(pub(super) String);

impl Period {
    /// Name in `[intel] limits`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// Length in seconds, if it is short enough to wait for; a day and a month are not.
    fn seconds(self) -> Option<f64> {
        match self {
            Self::Second => Some(1.0),
            Self::Minute => Some(60.0),
            Self::Hour => Some(3600.0),
            Self::Day | Self::Month => None,
        }
    }

    /// The day or month of the calendar in which a time lies, such as `2026-11`.
    pub(super) fn name_at(self, at: DateTime<Utc>) -> String {
        let form = match self {
            Self::Month => "%Y-%m",
            _ => "%Y-%m-%d",
        };
        at.format(form).to_string()
    }
}

impl Rate {
    /// So many requests a minute.
    pub const fn minute(count: u32) -> Self {
        Self {
            count,
            per: Period::Minute,
        }
    }

    /// So many requests an hour.
    pub const fn hour(count: u32) -> Self {
        Self {
            count,
            per: Period::Hour,
        }
    }

    /// So many requests a day.
    pub const fn day(count: u32) -> Self {
        Self {
            count,
            per: Period::Day,
        }
    }

    /// The token bucket that keeps to the rate in any span of its length: a tenth may go at once, the rest is spread over
    /// the span. None for a quota of a day or a month, which is too long to wait for.
    pub(super) fn limit(self, provider: &str) -> Option<Limit> {
        let seconds = self.per.seconds()?;
        let count = f64::from(self.count);
        let burst = (count / 10.0).floor().max(1.0);
        // With one request a minute nothing is left to spread: the bucket fills in a minute.
        let spread = if count > burst { count - burst } else { count };
        Some(Limit {
            key: format!("{provider} per {}", self.per.as_str()),
            rate: spread / seconds,
            burst,
        })
    }

    /// The least number of seconds that so many requests take. None for a quota.
    pub fn seconds_for(self, requests: usize) -> Option<f64> {
        let limit = self.limit("")?;
        Some((requests as f64 - limit.burst).max(0.0) / limit.rate)
    }

    /// Whether it is a quota of a day or a month, which has to be counted across runs.
    pub(super) fn is_quota(self) -> bool {
        self.per.seconds().is_none()
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.count, self.per.as_str())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::Throttle;

    #[test]
    fn a_rate_tells_how_long_it_takes() {
        assert_eq!(Rate::minute(4).to_string(), "4/minute");
        // One at once, then three a minute.
        assert_eq!(Rate::minute(4).seconds_for(1), Some(0.0));
        assert_eq!(Rate::minute(4).seconds_for(10), Some(180.0));
        assert_eq!(Rate::day(500).seconds_for(10), None);
    }

    #[tokio::test(start_paused = true)]
    async fn no_span_holds_more_requests_than_the_rate_says() {
        for (rate, requests) in [
            (Rate::minute(1), 5_usize),
            (Rate::minute(4), 40),
            (Rate::minute(60), 300),
            (Rate::hour(10_000), 25_000),
        ] {
            let limits: Vec<_> = rate.limit("x").into_iter().collect();
            let span = Duration::from_secs_f64(rate.per.seconds().unwrap());
            let throttle = Throttle::default();
            let mut sent = Vec::new();
            for _ in 0..requests {
                throttle.acquire(&limits).await;
                sent.push(tokio::time::Instant::now());
            }
            let count = rate.count as usize;
            for (first, next) in sent.iter().zip(sent.iter().skip(count)) {
                assert!(*next - *first >= span, "{rate:?}: {:?}", *next - *first);
            }
            // And it is used: no more than twice as slow as it may be.
            let took = *sent.last().unwrap() - sent[0];
            let fair = span.mul_f64(2.0 * requests as f64 / f64::from(rate.count));
            assert!(took <= fair, "{rate:?}: {took:?}");
        }
    }
}
