//! Decides which requests are retried, and when. The policy itself is [`RetryPolicy`]; `Retry-After` is obeyed here.

use std::time::{Duration, SystemTime};

use super::throttle::LONG_PAUSE;
use crate::journal::{Answer, Request};
use crate::model::{Retries, RetryPolicy};

/// For failures of the service or the network.
const FAILED: RetryPolicy = RetryPolicy {
    first_pause: Duration::from_secs(1),
    longest_pause: Duration::from_secs(30),
    shortest: 0.05,
    attempts: Some(5),
    time: None,
};

/// For throttling (429). The number of attempts is not limited, only the time until the request's deadline.
const THROTTLED: RetryPolicy = RetryPolicy {
    attempts: None,
    ..FAILED
};

/// The pause before a request is sent again, which had waited so long for pauses before its first attempt. `None` when the
/// answer is final or the policy allows no more attempts.
pub(super) fn pause(
    request: &Request,
    answer: &Answer,
    retries: &Retries,
    waited: Duration,
) -> Option<Duration> {
    let too_heavy = request.too_heavy.filter(|heavy| (heavy.says)(answer));
    let policy = match (too_heavy, answer.status()) {
        (Some(heavy), _) => RetryPolicy {
            attempts: Some(heavy.attempts),
            ..FAILED
        },
        (None, None) => FAILED,
        (None, Some(429)) => THROTTLED,
        (None, Some(408 | 500 | 502 | 503 | 504)) => FAILED,
        (None, Some(_)) => return None,
    };
    let policy = RetryPolicy {
        time: Some(request.deadline.saturating_sub(waited)),
        ..policy
    };
    retries.pause(&policy, pause_for(request, answer))
}

/// Like [`pause`], after the first attempt, for requests that were sent together in one `$batch`.
pub(crate) fn first_pause(request: &Request, answer: &Answer) -> Option<Duration> {
    let mut retries = Retries::begin();
    retries.count();
    pause(request, answer, &retries, Duration::ZERO)
}

/// The pause that the service requests, if it is so long that all requests under the same limit wait.
pub(crate) fn long_pause(request: &Request, answer: &Answer) -> Option<Duration> {
    pause_for(request, answer).filter(|pause| *pause >= LONG_PAUSE)
}

/// The pause that the service requests, wherever it says so; the longer one when it does so twice.
pub(super) fn pause_for(request: &Request, answer: &Answer) -> Option<Duration> {
    let said = || (request.says_pause?)(answer);
    asked_pause(answer).max(said())
}

/// The pause that the service requests in `Retry-After`.
pub(crate) fn asked_pause(answer: &Answer) -> Option<Duration> {
    match answer {
        Answer::Response { headers, .. } => {
            retry_after(headers.get("retry-after")?, SystemTime::now())
        }
        Answer::Nothing(_) => None,
    }
}

/// Parses `Retry-After`, which is either a number of seconds or an HTTP date.
pub(crate) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = httpdate::parse_http_date(text).ok()?;
    // A date in the past means that the request may be sent immediately.
    Some(at.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{NoAnswer, TooHeavy};
    use crate::model::Source;

    fn response(status: u16, retry_after: Option<&str>) -> Answer {
        let headers = retry_after.map(|text| ("retry-after".to_owned(), text.to_owned()));
        Answer::Response {
            status,
            headers: headers.into_iter().collect(),
            body: String::new(),
        }
    }

    fn request() -> Request {
        Request {
            deadline: Duration::from_secs(600),
            ..Request::file(Source::Graph, "").unwrap()
        }
    }

    fn after(failures: u32) -> Retries {
        let mut retries = Retries::begin();
        (0..failures).for_each(|_| retries.count());
        retries
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Tue, 24 Nov 2026 10:00:00 GMT").unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            ("Tue, 24 Nov 2026 10:00:30 GMT", Some(30)),
            ("Tuesday, 24-Nov-26 10:00:30 GMT", Some(30)),
            ("Tue, 24 Nov 2026 09:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(text, now), expected, "{text}");
        }
    }

    #[test]
    fn only_answers_that_are_none_are_asked_for_again() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(
                first_pause(&request(), &response(status, None)).is_some(),
                "{status}"
            );
        }
        for status in [200, 204, 301, 400, 401, 402, 403, 404, 501] {
            assert_eq!(
                first_pause(&request(), &response(status, None)),
                None,
                "{status}"
            );
        }
        let heavy = Request {
            too_heavy: Some(TooHeavy {
                says: |answer| answer.status() == Some(504),
                attempts: 1,
            }),
            ..request()
        };
        assert_eq!(first_pause(&heavy, &response(504, None)), None);
        assert!(first_pause(&heavy, &response(503, None)).is_some());
    }

    #[test]
    fn throttling_is_waited_out_and_failures_are_counted() {
        assert_eq!(
            pause(
                &request(),
                &response(429, Some("3")),
                &after(50),
                Duration::ZERO
            ),
            Some(Duration::from_secs(3))
        );
        assert_eq!(
            pause(
                &request(),
                &response(429, Some("30")),
                &after(1),
                Duration::from_secs(580)
            ),
            None,
            "it has waited long before"
        );
        assert_eq!(
            pause(
                &request(),
                &response(429, Some("3600")),
                &after(1),
                Duration::ZERO
            ),
            None,
            "it would end after the deadline"
        );
        let nothing = Answer::Nothing(NoAnswer::Failed(String::new()));
        for answer in [response(503, None), nothing] {
            assert!(pause(&request(), &answer, &after(4), Duration::ZERO).is_some());
            assert_eq!(pause(&request(), &answer, &after(5), Duration::ZERO), None);
        }
    }
}
