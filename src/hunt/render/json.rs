//! Writes an answer as JSON.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::hunt::run::ResultTable;
use crate::terminal;

/// A row as an object whose keys are in the order of the columns.
struct Row<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len()))?;
        for (column, value) in self.columns.iter().zip(self.values) {
            map.serialize_entry(column, value)?;
        }
        map.end()
    }
}

pub(super) fn write(answer: &ResultTable, out: &mut impl Write) -> io::Result<()> {
    let mut separator = "[\n  ";
    for values in &answer.rows {
        let row = Row {
            columns: &answer.columns,
            values,
        };
        write!(
            out,
            "{separator}{}",
            terminal::harmless(&serde_json::to_string(&row)?)
        )?;
        separator = ",\n  ";
    }
    let end = if answer.rows.is_empty() {
        "[]\n"
    } else {
        "\n]\n"
    };
    out.write_all(end.as_bytes())
}
