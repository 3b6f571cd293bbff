//! The body of a record, taken apart.

use serde_json::{Map, Value};

use crate::journal::Record;

/// What a body is made of.
#[derive(Debug)]
pub(super) struct Body {
    /// Name of the parts.
    pub(super) unit: &'static str,
    /// The parts, in their order.
    pub(super) parts: Vec<Value>,
    /// It is JSON, or lines of text.
    pub(super) legible: bool,
}

impl Body {
    /// Takes a body apart: a table into rows, a list into items, a file into lines. Anything else is one part.
    pub(super) fn read(record: &Record) -> Self {
        let whole = |value, legible| Self {
            unit: "answer",
            parts: vec![value],
            legible,
        };
        if record.source == "file" {
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
        if record.source == "log_analytics"
            && let Some(rows) = rows(&mut value)
        {
            return Self {
                unit: "rows",
                parts: rows,
                legible: true,
            };
        }
        if record.source == "graph"
            && let Some(Value::Array(items)) = value.get_mut("value")
        {
            return Self {
                unit: "items of value",
                parts: std::mem::take(items),
                legible: true,
            };
        }
        whole(value, true)
    }
}

/// The rows of the table that a query gives, each by its columns.
fn rows(value: &mut Value) -> Option<Vec<Value>> {
    let tables = value.get_mut("tables")?.as_array_mut()?;
    let table = tables
        .iter_mut()
        .find(|table| table.get("name").and_then(Value::as_str) == Some("PrimaryResult"))?;
    let names: Vec<String> = table
        .get("columns")?
        .as_array()?
        .iter()
        .map(|column| {
            let name = column.get("name").and_then(Value::as_str);
            name.unwrap_or_default().to_owned()
        })
        .collect();
    let rows = table.get_mut("rows")?.as_array_mut()?;
    let named = |row: Value| match row {
        Value::Array(cells) => names
            .iter()
            .cloned()
            .zip(cells)
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    };
    Some(std::mem::take(rows).into_iter().map(named).collect())
}
