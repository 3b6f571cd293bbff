//! Splits the body of a record into parts.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::journal::Record;
use crate::model::Source;
use crate::source::logs::{Place, RecordedRows};

/// The body of a record, split into parts. A part is parsed when it is looked at: an answer of 64 MB can have two hundred
/// thousand rows, which take several times that when all are parsed.
#[derive(Debug)]
pub(super) struct Body<'r> {
    /// What the parts are called: `rows`, `items of value`, `lines` or `answer`.
    pub(super) unit: &'static str,
    parts: Parts<'r>,
    /// True when the body could be split: it is JSON or lines of text.
    pub(super) legible: bool,
}

#[derive(Debug)]
enum Parts<'r> {
    /// The body as it is.
    Text(&'r str),
    Lines(Vec<&'r str>),
    /// The body, which is JSON.
    Whole(&'r str),
    Items(Vec<&'r RawValue>),
    Rows(RecordedRows<'r>),
}

impl<'r> Body<'r> {
    /// Splits a body: a table into rows, a list into items, a file into lines. Anything else is one part.
    pub(super) fn read(record: &'r Record) -> Self {
        let body = record.body.as_str();
        let source = Source::parse(&record.source);
        let (unit, parts) = match source {
            Some(Source::File) => ("lines", Parts::Lines(body.lines().collect())),
            _ => match split(source, body) {
                Some(split) => split,
                None if serde_json::from_str::<Value>(body).is_ok() => {
                    ("answer", Parts::Whole(body))
                }
                None => ("answer", Parts::Text(body)),
            },
        };
        Self {
            unit,
            legible: !matches!(parts, Parts::Text(_)),
            parts,
        }
    }

    /// The number of parts.
    pub(super) fn len(&self) -> usize {
        match &self.parts {
            Parts::Text(_) | Parts::Whole(_) => 1,
            Parts::Lines(lines) => lines.len(),
            Parts::Items(items) => items.len(),
            Parts::Rows(rows) => rows.rows.len(),
        }
    }

    /// A part, by its position from 0. A part that is no valid JSON is text.
    pub(super) fn part(&self, at: usize) -> Option<Value> {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        match &self.parts {
            Parts::Text(text) => (at == 0).then(|| Value::from(*text)),
            Parts::Whole(text) => (at == 0).then(|| json(text)),
            Parts::Lines(lines) => lines.get(at).map(|line| Value::from(*line)),
            Parts::Items(items) => items.get(at).map(|item| json(item.get())),
            Parts::Rows(rows) => {
                let row = rows.rows.get(at)?;
                Some(rows.by_column(json(row.get())))
            }
        }
    }
}

fn split(source: Option<Source>, body: &str) -> Option<(&'static str, Parts<'_>)> {
    let place = match source {
        Some(Source::LogAnalytics) => Some(Place::Workspace),
        Some(Source::Hunting) => Some(Place::Hunting),
        _ => None,
    };
    let is_split = place.is_some() || source == Some(Source::Graph);
    let answer: BTreeMap<String, &RawValue> =
        serde_json::from_str(body).ok().filter(|_| is_split)?;
    if let Some(place) = place {
        let rows = RecordedRows::of(place, &answer)?;
        return Some(("rows", Parts::Rows(rows)));
    }
    let items = serde_json::from_str(answer.get("value")?.get()).ok()?;
    Some(("items of value", Parts::Items(items)))
}
