//! What only advanced hunting does: the form of its answers, the words of its errors, and the pauses that it asks for.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Timelike};
use serde_json::Value;
use serde_json::value::RawValue;

use super::plain::field;
use crate::journal::Answer;
use crate::terminal::clean;

/// How the service says that it knows no such table or column. It says the same when the licence or the right is missing.
const UNRESOLVED: &str = "Failed to resolve";
/// How it says that a query took too long, or took too much of the tenant's resources.
const TOO_HEAVY: [&str; 4] = [
    "exceeded the allowed limits",
    "timed out",
    "timeout",
    "was preempted",
];
/// How it says that the tenant has used up its resources, which come back with the next cycle.
const QUOTA: &str = "exceeded processing resources";
/// The length of such a cycle, in minutes.
const CYCLE: u32 = 15;

/// The body of an answer with status 200.
pub(super) enum Body<'a> {
    /// A table: the names of its columns, none when it has no schema, and its rows, each an object.
    Table(Vec<String>, Vec<&'a RawValue>),
    /// An error instead of a table. `None` when it is not in the form of the service.
    Error(Option<Value>),
}

/// Reads the body of an answer with status 200.
///
/// # Errors
/// Why the body is none.
pub(super) fn body(text: &str) -> Result<Body<'_>, String> {
    let fields = serde_json::from_str::<BTreeMap<String, &RawValue>>(text);
    let fields = fields.map_err(|error| words(&error))?;
    let (schema, results) = (field(&fields, "schema"), field(&fields, "results"));
    if schema.is_none() && results.is_none() {
        return match field(&fields, "error") {
            Some(error) => Ok(Body::Error(serde_json::from_str(error.get()).ok())),
            None => Err("it has neither schema nor results".to_owned()),
        };
    }
    let columns = schema.map(columns).transpose()?.unwrap_or_default();
    let rows: Option<Vec<&RawValue>> = match results {
        Some(results) => serde_json::from_str(results.get())
            .map_err(|error| format!("results: {}", words(&error)))?,
        None => None,
    };
    let rows = rows.unwrap_or_default();
    if !rows.iter().all(|row| row.get().starts_with('{')) {
        return Err("a row is no object".to_owned());
    }
    Ok(Body::Table(columns, rows))
}

fn words(error: &serde_json::Error) -> String {
    clean(&error.to_string()).into_owned()
}

/// The names of the columns.
fn columns(schema: &&RawValue) -> Result<Vec<String>, String> {
    let schema: Vec<Value> =
        serde_json::from_str(schema.get()).map_err(|error| format!("schema: {}", words(&error)))?;
    let name = |column: &Value| {
        let fields = column.as_object()?;
        let named = |(key, value): (&String, &Value)| {
            key.eq_ignore_ascii_case("name")
                .then(|| value.as_str().map(str::to_owned))
        };
        fields.iter().find_map(named)?
    };
    let names: Option<Vec<String>> = schema.iter().map(name).collect();
    names.ok_or_else(|| "a column has no name".to_owned())
}

/// True when the message of an error says that a table or a column is not known.
pub(super) fn is_unresolved(message: &str) -> bool {
    message.contains(UNRESOLVED)
}

/// True when an error, given as its code and message, says that a query took too long or took too much. The service often
/// gives no reason: `UnknownError` with an empty message.
pub(super) fn is_too_heavy(status: u16, error: Option<(&str, &str)>) -> bool {
    match (status, error) {
        (504, _) => true,
        (400 | 500, Some((code, message))) => {
            let message = message.to_lowercase();
            code == "UnknownError" && message.trim().is_empty()
                || TOO_HEAVY.iter().any(|words| message.contains(words))
        }
        _ => false,
    }
}

/// The pause that the service asks for in the text of an error: the resources of the tenant are used up until the end of a
/// cycle. Without a time it is the rest of the quarter of an hour in which it answered.
pub(super) fn said_pause(answer: &Answer) -> Option<Duration> {
    let Answer::Response {
        status: 429,
        headers,
        body,
    } = answer
    else {
        return None;
    };
    let body: Value = serde_json::from_str(body).ok()?;
    let message = body.pointer("/error/message")?.as_str()?;
    if !message.contains(QUOTA) {
        return None;
    }
    let told = message.split_once(" again in ").map(|(_, told)| told);
    if let Some(time) = told.and_then(duration) {
        return Some(time);
    }
    let date = headers.get("date");
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let since = date.map_or(0, |date| date.minute() % CYCLE * 60 + date.second());
    let left = CYCLE * 60 - since;
    Some(Duration::from_secs(u64::from(left)))
}

/// Reads `15 minutes.`, `1 minute and 30 seconds`, `00:12:30` or `PT12M30S`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    let first = text.split_whitespace().next()?;
    if first.matches(':').count() == 2 {
        let parts: Option<Vec<f64>> = first.split(':').map(|part| part.parse().ok()).collect();
        let seconds = parts?.into_iter().fold(0.0, |sum, part| sum * 60.0 + part);
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let spaced: String = match first.strip_prefix("pt") {
        Some(rest) => rest.to_owned(),
        None => text.clone(),
    };
    let mut seconds = None;
    let mut rest = spaced.as_str();
    loop {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (number, unit) = rest.split_at(end.unwrap_or(rest.len()));
        let Ok(number) = number.trim_end_matches('.').parse::<f64>() else {
            break;
        };
        let size = match unit.trim_start().chars().next() {
            Some('h') => 3600.0,
            Some('m') => 60.0,
            Some('s') => 1.0,
            _ => return seconds.and_then(|all| Duration::try_from_secs_f64(all).ok()),
        };
        seconds = Some(seconds.unwrap_or(0.0) + number * size);
        rest = unit;
    }
    seconds.and_then(|all| Duration::try_from_secs_f64(all).ok())
}

#[cfg(test)]
#[path = "hunting_tests.rs"]
mod tests;
