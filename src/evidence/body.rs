//! Splits the body of a record into parts.

use serde_json::Value;

use crate::journal::Record;
use crate::model::Source;
use crate::source::logs::rows_by_column;

/// The body of a record, split into parts.
#[derive(Debug)]
pub(super) struct Body {
    /// What the parts are called: `rows`, `items of value`, `lines` or `answer`.
    pub(super) unit: &'static str,
    /// The parts, in the order of the body.
    pub(super) parts: Vec<Value>,
    /// True when the body could be split: it is JSON or lines of text.
    pub(super) legible: bool,
}

impl Body {
    /// Splits a body: a table into rows, a list into items, a file into lines. Anything else is one part.
    pub(super) fn read(record: &Record) -> Self {
        let whole = |value, legible| Self {
            unit: "answer",
            parts: vec![value],
            legible,
        };
        let source = Source::parse(&record.source);
        if source == Some(Source::File) {
            let lines = record.body.lines().map(|line| Value::from(line.to_owned()));
            return Self {
                unit: "lines",
                parts: lines.collect(),
                legible: true,
            };
        }
        let Ok(mut value) = serde_json::from_str::<Value>(&record.body) else {
            return whole(Value::from(record.body.clone()), false);
        };
        let parts = match source {
            Some(Source::LogAnalytics) => rows_by_column(&mut value).map(|rows| ("rows", rows)),
            Some(Source::Graph) => items(&mut value).map(|items| ("items of value", items)),
            _ => None,
        };
        match parts {
            Some((unit, parts)) => Self {
                unit,
                parts,
                legible: true,
            },
            None => whole(value, true),
        }
    }
}

/// Takes the items out of a list of Microsoft Graph.
fn items(value: &mut Value) -> Option<Vec<Value>> {
    match value.get_mut("value") {
        Some(Value::Array(items)) => Some(std::mem::take(items)),
        _ => None,
    }
}
