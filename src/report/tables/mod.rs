//! The tables: for each hunt of the summary the rows that it gives, counted on the graph.

mod alerts;
mod hosts;
mod messages;
mod overview;
mod senders;
mod urls;

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::evidence::{Evidence, Ref};
use super::json::shown;
use super::view::View;
use crate::hunt::{self, HuntError};
use crate::model::format_time;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Severity,
    Time,
    Number,
    Url,
    List,
    Urls,
    Flag,
}

/// A cell. The order is that of Cypher: what is absent comes last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Text(String),
    Number(i64),
    Flag(bool),
    Time(DateTime<Utc>),
    List(Vec<String>),
    Absent,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn number(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn or_absent<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Absent, cell)
    }

    fn time(at: Option<DateTime<Utc>>) -> Self {
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

/// A row, and what it is about.
#[derive(Debug)]
struct Row {
    cells: Vec<Cell>,
    refs: Vec<Ref>,
}

/// A column to sort by.
#[derive(Debug, Clone, Copy)]
enum By {
    Up(usize),
    Down(usize),
}

/// What stands behind one table.
struct Piece {
    /// The hunt whose rows these are. Title, description and columns are the hunt's own.
    hunt: &'static str,
    kinds: &'static [Kind],
    /// The hunt's ORDER BY. It names every column, so that equal rows stay equal in any order.
    order: &'static [By],
    rows: fn(View<'_>, &mut Evidence<'_>) -> Vec<Row>,
}

/// The tables in the order in which they are read.
const PIECES: &[Piece] = &[
    overview::SUMMARY,
    urls::BY_SENDER,
    urls::SUSPICIOUS,
    senders::RISKY_USERS,
    messages::RISKY,
    senders::CHANNELS,
    hosts::WHO_OPENED,
    hosts::THAT_ACCESSED,
    alerts::TIMELINE,
    messages::TIMELINE,
    overview::ENTITIES,
];

/// A table as the page gets it.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    name: String,
    title: String,
    description: String,
    columns: Vec<String>,
    kinds: &'static [Kind],
    rows: Vec<Vec<Cell>>,
    refs: Vec<Vec<Ref>>,
}

/// Every table.
///
/// # Errors
/// A hunt of the library cannot be read, or is not there.
pub(super) fn all(view: View<'_>, evidence: &mut Evidence<'_>) -> Result<Vec<Table>, HuntError> {
    let mut tables = Vec::new();
    for piece in PIECES {
        let hunt = hunt::find(piece.hunt)?;
        let mut rows = (piece.rows)(view, evidence);
        rows.sort_by(|a, b| compare(piece.order, a, b));
        let (rows, refs) = rows.into_iter().map(|row| (row.cells, row.refs)).unzip();
        tables.push(Table {
            name: hunt.name,
            title: hunt.title,
            description: hunt.description,
            columns: hunt.columns,
            kinds: piece.kinds,
            rows,
            refs,
        });
    }
    Ok(tables)
}

fn compare(order: &[By], a: &Row, b: &Row) -> Ordering {
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
    use crate::hunt::{Group, Returns};

    #[test]
    fn every_hunt_of_the_summary_has_its_table() {
        let mut wanted: Vec<String> = hunt::library()
            .unwrap()
            .into_iter()
            .filter(|hunt| hunt.group == Group::Summary && hunt.returns == Returns::Table)
            .map(|hunt| hunt.name)
            .collect();
        let mut got: Vec<&str> = PIECES.iter().map(|piece| piece.hunt).collect();
        wanted.sort();
        got.sort_unstable();
        assert_eq!(got, wanted);
    }

    #[test]
    fn every_column_has_its_kind_and_is_sorted_by() {
        for piece in PIECES {
            let hunt = hunt::find(piece.hunt).unwrap();
            assert_eq!(piece.kinds.len(), hunt.columns.len(), "{}", hunt.name);
            let mut columns: Vec<usize> = piece
                .order
                .iter()
                .map(|by| match by {
                    By::Up(column) | By::Down(column) => *column,
                })
                .collect();
            columns.sort_unstable();
            let all: Vec<usize> = (0..hunt.columns.len()).collect();
            assert_eq!(columns, all, "{}", hunt.name);
        }
    }

    #[test]
    fn what_is_absent_comes_last() {
        let mut cells = [Cell::Absent, Cell::text("b"), Cell::text("a")];
        cells.sort();
        assert_eq!(cells, [Cell::text("a"), Cell::text("b"), Cell::Absent]);
    }
}
