//! Makes of a query what a place is asked.
//!
//! A body reads each table in two lines: the table, and behind it `| where TimeGenerated >= … and TimeGenerated < …`. What a
//! place has in another way is put right in that second line: the bound is on the column that the place has, and behind it
//! `extend` gives the columns the names that the rest of the query uses. So the lines of the file and of what is sent are the
//! same, for errors that name a line, and a join can read tables of both kinds.

use std::collections::BTreeMap;

use super::place::Place;
use super::query::{Parameter, Query};
use super::table::{Columns, GENERATED, time_column, uncertain};

/// The bound on the time, as it begins in the files.
const BOUND: &str = "| where TimeGenerated >= ";
/// What stands between a bound that was changed and the columns that were named.
const EXTEND: &str = " | extend ";

/// The columns of those tables whose columns had to be asked for.
pub type Known = BTreeMap<&'static str, Columns>;

impl Query {
    /// The tables whose columns must be known before the place can be asked.
    pub(super) fn unsure_of(self, place: Place) -> Vec<&'static str> {
        let body = self.body();
        let is_unsure = |table: &&str| {
            let mut columns = uncertain(table, place);
            columns.any(|column| names(body, column.name))
        };
        self.tables().filter(is_unsure).collect()
    }

    /// The columns that the tables of this query lack at a place, under any name, and whose absence loses something.
    pub(super) fn lacks(self, place: Place, known: &Known) -> Vec<(&'static str, &'static str)> {
        let body = self.body();
        let of_table = |(table, columns): (&&'static str, &Columns)| {
            let is_lacking = |column: &super::table::Uncertain| {
                let is_there = |name: &str| columns.contains(name);
                names(body, column.name)
                    && !column.is_told_elsewhere
                    && !is_there(column.name)
                    && !column.other.is_some_and(is_there)
            };
            let lacking = uncertain(table, place).filter(is_lacking);
            lacking
                .map(|column| (*table, column.name))
                .collect::<Vec<_>>()
        };
        known.iter().flat_map(of_table).collect()
    }

    /// The query with these parameters, as a place understands it. Columns that a table of `known` lacks are empty; a
    /// table that is not in it is taken to have them all.
    pub fn render_for(self, place: Place, known: &Known, values: &[(&str, Parameter)]) -> String {
        let body = body_for(self.body(), self.tables(), place, known);
        self.with_prelude(&body, values)
    }

    /// The query for the ends of one log alone: its part of `log_ends`.
    pub fn render_end(table: &'static str, place: Place, values: &[(&str, Parameter)]) -> String {
        let body = body_for(&end_of(table), [table].into_iter(), place, &Known::new());
        Self::LogEnds.with_prelude(&body, values)
    }

    /// Identifies the query that a rendered text came from, whatever the place and the values of its parameters.
    pub fn of(text: &str) -> Option<Self> {
        let (_, body) = text.split_once("\n\n")?;
        let table = body.lines().next().unwrap_or_default();
        let body = restored(body);
        let made = |query: &Self| body == query.body();
        let is_end = || body == end_of(table);
        let found = Self::ALL.into_iter().find(made);
        found.or_else(|| is_end().then_some(Self::LogEnds))
    }
}

/// The body for a place, line by line.
fn body_for(
    body: &str,
    tables: impl Iterator<Item = &'static str>,
    place: Place,
    known: &Known,
) -> String {
    let tables: Vec<&str> = tables.collect();
    let mut text = String::with_capacity(body.len());
    let mut before = "";
    for line in body.split_inclusive('\n') {
        let read = tables
            .iter()
            .find(|table| before.split_whitespace().next_back() == Some(**table));
        match read {
            Some(table) if line.trim_start().starts_with(BOUND) => {
                text.push_str(&bound_for(line, body, table, place, known.get(table)));
            }
            _ => text.push_str(line),
        }
        before = line;
    }
    text
}

/// The line of the bound on a table, for a place.
fn bound_for(line: &str, body: &str, table: &str, place: Place, known: Option<&Columns>) -> String {
    let mut columns = Vec::new();
    let time = time_column(table, place);
    if time != GENERATED {
        columns.push(format!("{GENERATED} = {time}"));
    }
    let has = |name: &str| known.is_none_or(|known| known.contains(name));
    for column in uncertain(table, place) {
        if has(column.name) || !names(body, column.name) {
            continue;
        }
        let value = column.other.filter(|other| has(other)).unwrap_or("\"\"");
        columns.push(format!("{} = {value}", column.name));
    }
    let mut bound = line.trim_end().replace(GENERATED, time);
    if !columns.is_empty() {
        bound.push_str(EXTEND);
        bound.push_str(&columns.join(", "));
    }
    bound.push('\n');
    bound
}

/// Undoes [`bound_for`].
fn restored(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    for line in body.split_inclusive('\n') {
        let is_bound = line
            .trim_start()
            .strip_prefix("| where ")
            .is_some_and(|rest| {
                let mut words = rest.split(' ');
                matches!(words.next(), Some("Timestamp" | "TimeGenerated"))
                    && words.next() == Some(">=")
            });
        match line.split_once(EXTEND) {
            Some((bound, _)) if is_bound => {
                text.push_str(&bound.replace("Timestamp", GENERATED));
                text.push('\n');
            }
            _ => text.push_str(line),
        }
    }
    text
}

/// The query for the ends of one log, as a part of the query for all of them.
fn end_of(table: &str) -> String {
    let lines = Query::LogEnds.body().lines();
    let lines = lines.skip_while(|line| line.trim() != "(").skip(1);
    let part: Vec<&str> = lines.take_while(|line| line.trim() != "),").collect();
    let example = part.first().map_or("", |line| line.trim());
    let mut text = String::new();
    for line in &part {
        text.push_str(
            &line
                .strip_prefix("    ")
                .unwrap_or(line)
                .replace(example, table),
        );
        text.push('\n');
    }
    let last = Query::LogEnds.body().lines().next_back();
    text.push_str(last.unwrap_or_default());
    text.push('\n');
    text
}

/// True when a text names a column.
fn names(text: &str, column: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_of_name(c)).any(|word| word == column)
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
