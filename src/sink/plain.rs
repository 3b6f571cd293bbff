//! A value as one text, for the formats that know no other.

use crate::graph::Value;
use crate::model::format_time;

/// A single value as text: times in RFC 3339, lists as their values parted by commas.
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
