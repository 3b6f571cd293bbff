//! The rows of advanced hunting without what is peculiar to them.
//!
//! Its answers have no fixed spelling of keys, and annotations beside values at every level. An empty object stands for null,
//! a number for a boolean, and the objects of an array are texts of JSON.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What stands in the key of an annotation, which says of which type a value is.
const ANNOTATION: &str = "@odata.";

/// A field, whatever the case of its name.
pub(super) fn field<'f, 'a>(
    fields: &'f BTreeMap<String, &'a RawValue>,
    name: &str,
) -> Option<&'f &'a RawValue> {
    let mut fields = fields.iter();
    fields.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
}

/// The cells of a row in the order of the columns, as if they had come from Log Analytics. What the row lacks is null, and
/// what is no column is left out.
pub(super) fn cells(columns: &[String], row: Map<String, Value>) -> Vec<Value> {
    let mut row: Vec<(String, Value)> = plain_fields(row).collect();
    let mut take = |column: &String| {
        let at = row
            .iter()
            .position(|(key, _)| key.eq_ignore_ascii_case(column));
        at.map_or(Value::Null, |at| row.swap_remove(at).1)
    };
    columns.iter().map(&mut take).collect()
}

/// A row as it is shown and searched: keys in lower case, without annotations.
pub(super) fn plain_row(row: Map<String, Value>) -> Map<String, Value> {
    let row = plain_fields(row);
    row.map(|(key, value)| (key.to_lowercase(), value))
        .collect()
}

fn plain_fields(fields: Map<String, Value>) -> impl Iterator<Item = (String, Value)> {
    let kept = fields
        .into_iter()
        .filter(|(key, _)| !key.contains(ANNOTATION));
    kept.map(|(key, value)| (key, plain(value)))
}

/// A value without the annotations in it. An empty object is null.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let was_empty = fields.is_empty();
            let fields: Map<String, Value> = plain_fields(fields).collect();
            match was_empty {
                true => Value::Null,
                false => Value::Object(fields),
            }
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        other => other,
    }
}
