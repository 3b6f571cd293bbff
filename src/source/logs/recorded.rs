//! The rows in the answer to a query, in the format of Log Analytics or of advanced hunting.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::place::Place;
use super::plain;

/// The name of the table with the result. An answer may have other tables, with statistics.
pub(super) const PRIMARY: &str = "PrimaryResult";

/// The rows of a recorded answer as they stand there. They are parsed one at a time, since all of them take several times
/// the memory of the answer.
#[derive(Debug)]
pub struct RecordedRows<'a> {
    columns: Vec<String>,
    /// The rows, as JSON.
    pub rows: Vec<&'a RawValue>,
}

type Fields<'a> = BTreeMap<String, &'a RawValue>;

impl<'a> RecordedRows<'a> {
    /// Finds the rows in the fields of an answer of this place; `None` when the answer has none.
    pub fn of(place: Place, answer: &BTreeMap<String, &'a RawValue>) -> Option<Self> {
        match place {
            Place::Workspace => Self::of_table(answer),
            Place::Hunting => Some(Self {
                columns: Vec::new(),
                rows: parse(plain::field(answer, "results")?)?,
            }),
        }
    }

    fn of_table(answer: &BTreeMap<String, &'a RawValue>) -> Option<Self> {
        let tables: Vec<&RawValue> = parse(answer.get("tables")?)?;
        let mut tables = tables.into_iter().filter_map(parse::<Fields<'_>>);
        let table = tables.find(|table| {
            let name = table.get("name").copied().and_then(parse::<String>);
            name.as_deref() == Some(PRIMARY)
        })?;
        let columns: Vec<Value> = parse(table.get("columns")?)?;
        let name = |column: &Value| {
            let name = column.get("name").and_then(Value::as_str);
            name.unwrap_or_default().to_owned()
        };
        Some(Self {
            columns: columns.iter().map(name).collect(),
            rows: parse(table.get("rows")?)?,
        })
    }

    /// A row as an object with its columns by name; one of advanced hunting without the annotations of its types. What is
    /// no row is returned unchanged, so that any answer of a service can be shown.
    pub fn by_column(&self, row: Value) -> Value {
        match row {
            Value::Array(cells) => {
                let columns = self.columns.iter().cloned();
                columns.zip(cells).collect::<Map<_, _>>().into()
            }
            Value::Object(row) => plain::plain_row(row).into(),
            other => other,
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}
