//! The tables: computes, from the graph, the rows that each hunt of the summary returns.

mod alerts;
mod hosts;
mod messages;
mod overview;
mod senders;
mod spec;
mod urls;

use serde::Serialize;

use super::elements::{Elements, Ref};
use super::listing::Listing;
use super::view::View;
use crate::hunt::{self, HuntError};
use spec::{Cell, ColumnKind, TableSpec, compare};

/// The tables in the order in which the page shows them.
const TABLES: &[TableSpec] = &[
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

/// A table as the page's script receives it.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    name: String,
    title: String,
    description: String,
    columns: Vec<String>,
    kinds: Vec<ColumnKind>,
    rows: Vec<Vec<Cell>>,
    refs: Vec<Vec<Ref>>,
    /// The number of messages that have no row here, since they are only counted.
    #[serde(skip_serializing_if = "is_zero")]
    unlisted: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Computes every table.
///
/// # Errors
/// When a hunt of the library is missing or not valid.
pub(super) fn all(
    view: View<'_>,
    listing: &Listing,
    elements: &mut Elements<'_>,
) -> Result<Vec<Table>, HuntError> {
    let mut tables = Vec::new();
    for spec in TABLES {
        let hunt = hunt::find(spec.hunt)?;
        let mut rows = (spec.rows)(view, elements);
        rows.sort_by(|a, b| compare(spec.order, a, b));
        // An id at the end of a row is for programs: what people read stands before it.
        let ids = usize::from(hunt.columns.last().is_some_and(|last| last == "message"));
        let shown = hunt.columns.len() - ids;
        for row in &mut rows {
            row.cells[shown..].rotate_left(ids);
        }
        let (rows, refs) = rows.into_iter().map(|row| (row.cells, row.refs)).unzip();
        let (mut columns, mut description) = (hunt.columns, hunt.description);
        let mut kinds = spec.kinds.to_vec();
        for (name, kind, meaning) in spec.more {
            columns.push((*name).to_owned());
            kinds.push(*kind);
            description.push(' ');
            description.push_str(meaning);
        }
        columns[shown..].rotate_left(ids);
        kinds[shown..].rotate_left(ids);
        tables.push(Table {
            name: hunt.name,
            title: hunt.title,
            description,
            columns,
            kinds,
            rows,
            refs,
            unlisted: messages::unlisted(spec.hunt, listing),
        });
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::spec::By;
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
        let mut got: Vec<&str> = TABLES.iter().map(|spec| spec.hunt).collect();
        wanted.sort();
        got.sort_unstable();
        assert_eq!(got, wanted);
    }

    #[test]
    fn every_column_has_its_kind_and_is_sorted_by() {
        for spec in TABLES {
            let hunt = hunt::find(spec.hunt).unwrap();
            assert_eq!(spec.kinds.len(), hunt.columns.len(), "{}", hunt.name);
            let mut columns: Vec<usize> = spec
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
}
