//! How the services are asked: without a case, and with a time limit for each question.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;

use crate::http;
use crate::journal::{Exchange, Request};
use crate::terminal::clean;

/// Why services of Microsoft are not asked.
pub(super) const NOT_COMPLETE: &str = "[tenant], [auth] or [endpoints] is not complete";
/// The time limit for a question, with all attempts.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// How long to wait for Entra when it says that it is in trouble.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// The time limit for an attempt, so that there is an answer to show before the limit.
const ATTEMPT: Duration = Duration::from_secs(8);

/// The request with the time limits of a check.
pub(super) fn quick(request: Request) -> Request {
    Request {
        deadline: ATTEMPT,
        attempt_timeout: ATTEMPT,
        ..request
    }
}

/// Waits for an answer, no longer than the limit. The error says so.
pub(super) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = T>,
) -> Result<T, String> {
    let late = |_| format!("no answer within {}", http::length(limit));
    timeout(limit, answer).await.map_err(late)
}

/// By how much this machine's clock is behind that of the service that answered; negative when it is ahead. `None` when the
/// answer has no time.
pub(super) fn behind(exchange: &Exchange) -> Option<TimeDelta> {
    let date = httpdate::parse_http_date(exchange.header("date")?).ok()?;
    Some(DateTime::<Utc>::from(date) - exchange.at)
}

/// A text from outside on one line, with a length that fits into a result.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 300;
    let text = clean(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((at, _)) => format!("{}…", &line[..at]),
    }
}
