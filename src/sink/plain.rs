//! Property values as plain text, for formats that have no other types.

use crate::graph::Value;
use crate::model::format_time;

/// A value as text: times in RFC 3339, the values of a list separated by commas.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Time(at) => format_time(*at),
        Value::List(items) => items.join(","),
    }
}
