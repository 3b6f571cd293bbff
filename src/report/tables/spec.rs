//! The building blocks of tables: the specification of a table, its rows and its cells.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::model::format_time;
use crate::report::elements::{Elements, Ref};
use crate::report::json::shown;
use crate::report::view::View;

/// The type of a column, which decides how the page shows and sorts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ColumnKind {
    Text,
    Severity,
    Time,
    Number,
    Url,
    List,
    Urls,
    Flag,
}

/// A cell. Cells compare as in Cypher: absent values come last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Text(String),
    Number(i64),
    Flag(bool),
    Time(DateTime<Utc>),
    List(Vec<String>),
    Absent,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn number(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }

    pub(super) fn or_absent<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Absent, cell)
    }

    pub(super) fn time(at: Option<DateTime<Utc>>) -> Self {
        Self::or_absent(at, Self::Time)
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(&shown(text)),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Time(at) => serializer.serialize_str(&format_time(*at)),
            Self::List(items) => serializer.collect_seq(items.iter().map(|item| shown(item))),
            Self::Absent => serializer.serialize_none(),
        }
    }
}

/// A row, with references to the elements that it is about.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) refs: Vec<Ref>,
}

/// A column to sort by.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Up(usize),
    Down(usize),
}

/// A table: its hunt, and the function that computes its rows.
pub(super) struct TableSpec {
    /// The hunt whose rows are shown. Title, description and columns come from the hunt.
    pub(super) hunt: &'static str,
    pub(super) kinds: &'static [ColumnKind],
    /// Columns behind those of the hunt, whose names others rely on: name, kind, and what it says.
    pub(super) more: &'static [(&'static str, ColumnKind, &'static str)],
    /// The hunt's ORDER BY. It contains every column, so that the order does not depend on the input.
    pub(super) order: &'static [By],
    pub(super) rows: fn(View<'_>, &mut Elements<'_>) -> Vec<Row>,
}

/// Compares two rows.
pub(super) fn compare(order: &[By], a: &Row, b: &Row) -> Ordering {
    let by_column = order.iter().map(|by| match by {
        By::Up(column) => a.cells.get(*column).cmp(&b.cells.get(*column)),
        By::Down(column) => b.cells.get(*column).cmp(&a.cells.get(*column)),
    });
    by_column
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| a.refs.cmp(&b.refs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_comes_last() {
        let mut cells = [Cell::Absent, Cell::text("b"), Cell::text("a")];
        cells.sort();
        assert_eq!(cells, [Cell::text("a"), Cell::text("b"), Cell::Absent]);
    }
}
