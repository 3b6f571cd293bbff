//! A row of a result.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;

use super::plain;
use crate::model::{RecordNumber, parse_time};

/// A row of a result.
#[derive(Debug, Clone)]
pub struct Row {
    /// The journal record that holds it.
    pub record: RecordNumber,
    columns: Arc<Vec<String>>,
    cells: Vec<Value>,
}

/// The rows of an answer, which are parsed one by one: parsed, all of them would take several times the memory of the
/// answer.
#[derive(Debug, Default)]
pub(super) struct RawRows<'a> {
    pub(super) record: RecordNumber,
    pub(super) columns: Arc<Vec<String>>,
    pub(super) rows: Vec<&'a RawValue>,
}

impl RawRows<'_> {
    pub(super) fn for_each(self, mut visit: impl FnMut(Row)) {
        for row in self.rows {
            // Only lists and objects are kept, so that this does not fail.
            let cells = match serde_json::from_str(row.get()).unwrap_or_default() {
                Value::Array(cells) => cells,
                Value::Object(row) => plain::cells(&self.columns, row),
                _ => Vec::new(),
            };
            visit(Row {
                record: self.record,
                columns: Arc::clone(&self.columns),
                cells,
            });
        }
    }

    pub(super) fn all(self) -> Vec<Row> {
        let mut all = Vec::with_capacity(self.rows.len());
        self.for_each(|row| all.push(row));
        all
    }
}

impl Row {
    /// A cell; null when the column does not exist.
    fn cell(&self, column: &str) -> &Value {
        let mut columns = self.columns.iter();
        let at = columns.position(|name| name.eq_ignore_ascii_case(column));
        at.and_then(|at| self.cells.get(at)).unwrap_or(&Value::Null)
    }

    /// True when the result has this column.
    pub fn has(&self, column: &str) -> bool {
        let mut columns = self.columns.iter();
        columns.any(|name| name.eq_ignore_ascii_case(column))
    }

    /// A text; empty when it is absent, as in Kusto.
    pub fn text(&self, column: &str) -> &str {
        self.cell(column).as_str().unwrap_or_default().trim()
    }

    /// A time; `None` when it is absent or malformed.
    pub fn time(&self, column: &str) -> Option<DateTime<Utc>> {
        parse_time(self.cell(column).as_str()?)
    }

    /// An integer; 0 when it is absent.
    pub fn integer(&self, column: &str) -> i64 {
        match self.cell(column) {
            Value::Number(number) => number.as_i64().unwrap_or_default(),
            Value::String(text) => text.parse().unwrap_or_default(),
            _ => 0,
        }
    }

    /// A number; `None` when it is absent.
    pub fn number(&self, column: &str) -> Option<f64> {
        let number = match self.cell(column) {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number: &f64| number.is_finite())
    }

    /// A boolean, which can be a number or a text in the answer.
    pub fn boolean(&self, column: &str) -> bool {
        match self.cell(column) {
            Value::Bool(flag) => *flag,
            Value::Number(number) => number.as_i64() == Some(1),
            Value::String(text) => text.eq_ignore_ascii_case("true") || text == "1",
            _ => false,
        }
    }

    /// A boolean that may be unknown: `None` when it is absent or no boolean in any of its spellings.
    pub fn flag(&self, column: &str) -> Option<bool> {
        match self.cell(column) {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => match number.as_i64()? {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            },
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A cell as it was sent; null when the column does not exist.
    pub fn value(&self, column: &str) -> &Value {
        self.cell(column)
    }

    /// All cells as JSON. The same event has the same identity in the results of all queries.
    pub fn identity(&self) -> String {
        serde_json::to_string(&self.cells).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A row with one column, as the places write it: in a list, and in an object.
    fn rows(value: &Value) -> Vec<Row> {
        let texts = [
            json!([value]).to_string(),
            json!({"owned": value}).to_string(),
        ];
        let raw = texts.map(|text| RawValue::from_string(text).unwrap());
        let rows = RawRows {
            record: RecordNumber::default(),
            columns: Arc::new(vec!["owned".to_owned()]),
            rows: raw.iter().map(AsRef::as_ref).collect(),
        };
        rows.all()
    }

    #[test]
    fn a_flag_that_is_not_known_is_neither_true_nor_false() {
        for (value, flag) in [
            (json!(true), Some(true)),
            (json!(false), Some(false)),
            (json!(1), Some(true)),
            (json!(0), Some(false)),
            (json!("True"), Some(true)),
            (json!("false"), Some(false)),
            (json!(" 1 "), Some(true)),
            (json!("0"), Some(false)),
            (json!(null), None),
            (json!({}), None),
            (json!(""), None),
            (json!("perhaps"), None),
            (json!(7), None),
            (json!(0.5), None),
            (json!([true]), None),
        ] {
            for row in rows(&value) {
                assert_eq!(row.flag("Owned"), flag, "{value}");
                assert_eq!(row.flag("external"), None, "{value}");
            }
        }
    }
}
