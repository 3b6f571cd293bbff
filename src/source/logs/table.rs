//! The table in the answer to a query, in the format of Log Analytics.

use serde_json::{Map, Value};

/// The name of the table with the result. An answer may have other tables, with statistics.
pub(super) const PRIMARY: &str = "PrimaryResult";

/// The rows of a recorded answer, each as an object with its columns by name; `None` when the answer has no such table.
/// Rows without cells are returned unchanged, so that any answer of a service can be shown.
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
