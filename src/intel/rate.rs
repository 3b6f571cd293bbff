//! Rate limits of providers, either published or those of the user's own contract.

use chrono::{DateTime, Utc};

use crate::journal::Limit;

/// A limit of at most `count` requests in any time span of the length `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The number of requests.
    pub count: u32,
    /// The length of the time span.
    pub per: Period,
}

/// The time span of a rate. Days and months are calendar days and months in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Period {
    Second,
    Minute,
    Hour,
    Day,
    Month,
}

/// A line of `[intel] limits` does not have the form `PROVIDER COUNT/PERIOD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "[intel] limits: `{0}` is no limit of a provider; write it as `virustotal 1000/minute`, with second, minute, hour, day or month"
)]
pub struct RateError(pub(super) String);

impl Period {
    /// The name in `[intel] limits`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The length in seconds; `None` for a day and a month, which are too long to wait for.
    fn seconds(self) -> Option<f64> {
        match self {
            Self::Second => Some(1.0),
            Self::Minute => Some(60.0),
            Self::Hour => Some(3600.0),
            Self::Day | Self::Month => None,
        }
    }

    /// The name of the calendar day or month that contains a time, such as `2026-11`.
    pub(super) fn name_at(self, at: DateTime<Utc>) -> String {
        let form = match self {
            Self::Month => "%Y-%m",
            _ => "%Y-%m-%d",
        };
        at.format(form).to_string()
    }
}

impl Rate {
    /// A limit of `count` requests a minute.
    pub const fn minute(count: u32) -> Self {
        Self {
            count,
            per: Period::Minute,
        }
    }

    /// A limit of `count` requests an hour.
    pub const fn hour(count: u32) -> Self {
        Self {
            count,
            per: Period::Hour,
        }
    }

    /// A quota of `count` requests a day.
    pub const fn day(count: u32) -> Self {
        Self {
            count,
            per: Period::Day,
        }
    }

    /// The token bucket that keeps to the rate in any time span of its length: a tenth of the requests may be sent at
    /// once, and the rest is spread over the span. `None` for a quota of a day or a month, which is too long to wait
    /// for.
    pub(super) fn limit(self, provider: &str) -> Option<Limit> {
        let seconds = self.per.seconds()?;
        let count = f64::from(self.count);
        let burst = (count / 10.0).floor().max(1.0);
        // With one request a minute there is nothing to spread: the bucket refills within a minute.
        let spread = if count > burst { count - burst } else { count };
        Some(Limit {
            key: format!("{provider} per {}", self.per.as_str()),
            rate: spread / seconds,
            burst,
            within: None,
        })
    }

    /// The minimal number of seconds for this number of requests; `None` for a quota.
    pub fn seconds_for(self, requests: usize) -> Option<f64> {
        let limit = self.limit("")?;
        Some((requests as f64 - limit.burst).max(0.0) / limit.rate)
    }

    /// True for a quota of a day or a month, which has to be counted across runs.
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
        // One request at once, then three a minute.
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
                throttle
                    .acquire(&limits, &mut Duration::default())
                    .await
                    .unwrap();
                sent.push(tokio::time::Instant::now());
            }
            let count = rate.count as usize;
            for (first, next) in sent.iter().zip(sent.iter().skip(count)) {
                assert!(*next - *first >= span, "{rate:?}: {:?}", *next - *first);
            }
            // The rate is also used: the requests take at most twice as long as necessary.
            let took = *sent.last().unwrap() - sent[0];
            let fair = span.mul_f64(2.0 * requests as f64 / f64::from(rate.count));
            assert!(took <= fair, "{rate:?}: {took:?}");
        }
    }
}
