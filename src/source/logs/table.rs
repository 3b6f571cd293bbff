//! The table that a query gives, in the form in which Log Analytics sends it.

use serde_json::{Map, Value};

/// Name of the table that holds the answer to a query. Beside it there may be others, with statistics.
pub(super) const PRIMARY: &str = "PrimaryResult";

/// The rows of an answer on record, each as an object with its columns by name; none when it holds no such table. Rows
/// that have no cells are given as they are, so that whatever a service sent can be shown.
pub fn rows_by_column(answer: &mut Value) -> Option<Vec<Value>> {
    let tables = answer.get_mut("tables")?.as_array_mut()?;
    let table = tables
        .iter_mut()
        .find(|table| table.get("name").and_then(Value::as_str) == Some(PRIMARY))?;
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
