//! CSV lists: the indicators are in the columns whose names say so, or else in the column that holds most of them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::entry::Entries;
use super::indicator::{Indicator, Key, parse, parts_of_pair};
use super::names::{Kind, Role, Row, tags_in};
use super::records::{Record, Records};
use crate::link::has_public_suffix;

/// How many rows are looked at to find out which columns hold indicators.
const SAMPLE: usize = 200;
/// A longer cell holds no indicator, in bytes.
const LONGEST: usize = 8192;

type Cells<'t> = Vec<Cow<'t, str>>;

/// Which columns hold what.
#[derive(Debug, Default)]
struct Columns {
    /// The columns of indicators. The first one with a value counts.
    values: Vec<usize>,
    kind: Option<usize>,
    tags: Option<usize>,
    action: Option<usize>,
    until: Option<usize>,
    to_ids: Option<usize>,
}

pub(super) fn entries(text: &str, since: DateTime<Utc>) -> Entries {
    let mut entries = Entries::default();
    let (text, first_line, separator) = without_separator(text);
    let delimiter = separator.unwrap_or_else(|| delimiter(text));
    let mut records = Records::new(text, first_line, delimiter);
    let mut comments = Vec::new();
    let mut sample: Vec<(usize, Cells<'_>)> = Vec::new();
    for record in records.by_ref() {
        match record {
            Record::Comment(comment) if sample.is_empty() => comments.push(comment),
            Record::Comment(_) => {}
            Record::Row { line, cells } => sample.push((line, cells)),
        }
        if sample.len() > SAMPLE {
            break;
        }
    }
    let Some((_, first)) = sample.first() else {
        return entries;
    };
    let mut skipped = 0;
    let header = match is_header(first) {
        true => {
            skipped = 1;
            Some(first.clone())
        }
        false => commented_header(&comments, delimiter, first.len()),
    };
    let columns = columns(header.as_deref(), &sample[skipped..]);
    for (line, cells) in sample.iter().skip(skipped) {
        add(cells, *line, &columns, since, &mut entries);
    }
    for record in records {
        if let Record::Row { line, cells } = record {
            add(&cells, line, &columns, since, &mut entries);
        }
    }
    entries
}

fn add(
    cells: &[Cow<'_, str>],
    line: usize,
    columns: &Columns,
    since: DateTime<Utc>,
    entries: &mut Entries,
) {
    let cell = |column: &usize| {
        let cell = cells.get(*column)?.as_ref();
        (!cell.is_empty()).then_some(cell)
    };
    let other = |column: &Option<usize>| column.as_ref().and_then(cell);
    let Some(value) = columns.values.iter().find_map(cell) else {
        if !cells.iter().all(|cell| cell.is_empty()) {
            entries.cannot_read(line, "has no indicator".to_owned());
        }
        return;
    };
    let row = Row {
        value,
        kind: other(&columns.kind),
        action: other(&columns.action),
        until: other(&columns.until),
        to_ids: other(&columns.to_ids),
        tags: other(&columns.tags).map(tags_in).unwrap_or_default(),
    };
    row.add_to(entries, line, since);
}

/// True when the first row names columns and holds no indicator. A row such as `url,https://evil.example/` has the name
/// of a column in it and is none.
fn is_header(cells: &[Cow<'_, str>]) -> bool {
    let has_names = cells
        .iter()
        .any(|cell| Role::of(cell).is_some_and(Role::is_value));
    let certain = |cell: &str| match parse_cell(cell) {
        Some(Key::Host(host)) => !has_names || has_public_suffix(&host),
        Some(_) => true,
        None => cell.contains("://") || cell.contains("[.]"),
    };
    !cells.iter().any(|cell| certain(cell))
}

/// The names of columns in the comments above the first row, which abuse.ch and others write there.
fn commented_header<'t>(comments: &[&'t str], delimiter: u8, width: usize) -> Option<Cells<'t>> {
    comments.iter().rev().find_map(|comment| {
        let cells = match Records::new(comment, 1, delimiter).next()? {
            Record::Row { cells, .. } => cells,
            Record::Comment(_) => return None,
        };
        let names = cells.iter().filter_map(|cell| Role::of(cell));
        (cells.len().abs_diff(width) <= 1 && names.into_iter().any(Role::is_value)).then_some(cells)
    })
}

fn columns(header: Option<&[Cow<'_, str>]>, rows: &[(usize, Cells<'_>)]) -> Columns {
    let names: Vec<Option<Role>> = header
        .unwrap_or_default()
        .iter()
        .map(|name| Role::of(name))
        .collect();
    let named = |role: Role| names.iter().position(|name| *name == Some(role));
    let mut values: Vec<usize> = (0..names.len())
        .filter(|at| names[*at].is_some_and(Role::is_value))
        .collect();
    values.sort_by_key(|at| names[*at]);
    // A column whose name says little, such as `ioc`, may hold a description, which its cells show.
    let holds_some = |column: &usize| {
        let mut filled = rows
            .iter()
            .filter_map(|(_, cells)| cells.get(*column))
            .filter(|cell| !cell.is_empty())
            .peekable();
        filled.peek().is_none() || filled.any(|cell| is_indicator(cell))
    };
    if values.len() > 1 {
        let kept: Vec<usize> = values.iter().copied().filter(holds_some).collect();
        if !kept.is_empty() {
            values = kept;
        }
    }
    let mut columns = Columns {
        kind: named(Role::Kind),
        tags: named(Role::Tags),
        action: named(Role::Action),
        until: named(Role::Until),
        to_ids: named(Role::ToIds),
        values,
    };
    if columns.values.is_empty() {
        columns.values = vec![fullest(rows)];
        columns.kind = columns.kind.or_else(|| kinds(rows, columns.values[0]));
    }
    columns
}

/// The column with the most indicators; of equal ones that with more urls, then the first.
fn fullest(rows: &[(usize, Cells<'_>)]) -> usize {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for (_, cells) in rows {
        counts.resize(counts.len().max(cells.len()), (0, 0));
        for (count, cell) in counts.iter_mut().zip(cells) {
            count.0 += usize::from(parse_cell(cell).is_some());
            count.1 += usize::from(cell.contains("://"));
        }
    }
    let best = counts.iter().copied().max().unwrap_or_default();
    counts.iter().position(|count| *count == best).unwrap_or(0)
}

/// The column that holds nothing but names of kinds.
fn kinds(rows: &[(usize, Cells<'_>)], value: usize) -> Option<usize> {
    let width = rows.iter().map(|(_, cells)| cells.len()).max()?;
    // Wide tables have no such column, and looking for it would take long.
    (0..width.min(64)).find(|column| {
        *column != value
            && rows.iter().all(|(_, cells)| {
                cells
                    .get(*column)
                    .is_some_and(|cell| cell.len() < 64 && Kind::of(cell) != Kind::Unknown)
            })
    })
}

/// What urls match a cell; `None` when none can.
fn parse_cell(cell: &str) -> Option<Key> {
    if cell.len() > LONGEST {
        return None;
    }
    match parse(cell) {
        Ok(Indicator::Key(key)) => Some(key),
        _ => None,
    }
}

/// True for a cell that is an indicator of any kind.
fn is_indicator(cell: &str) -> bool {
    cell.len() <= LONGEST && parts_of_pair(cell).iter().any(|part| parse(part).is_ok())
}

/// Takes off the line `sep=;` that Excel and OpenCTI write first. Returns the rest, the number of its first line, and
/// the delimiter that was named.
fn without_separator(text: &str) -> (&str, usize, Option<u8>) {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    let line = text[..end].trim().trim_matches('"');
    let named = line
        .get(..4)
        .filter(|sep| sep.eq_ignore_ascii_case("sep="))
        .and_then(|_| line[4..].bytes().next());
    let tab = line.eq_ignore_ascii_case("sep=").then_some(b'\t');
    match named.or(tab).filter(u8::is_ascii) {
        Some(delimiter) => {
            let rest = &text[end..];
            let rest = rest
                .strip_prefix("\r\n")
                .or_else(|| rest.strip_prefix(['\n', '\r']))
                .unwrap_or(rest);
            (rest, 2, Some(delimiter))
        }
        None => (text, 1, None),
    }
}

/// Detects the delimiter from the first row, since spreadsheets in many countries write semicolons.
fn delimiter(text: &str) -> u8 {
    let row = text
        .split(['\n', '\r'])
        .find(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        })
        .unwrap_or_default();
    let mut counts = [0_usize; 4];
    let mut quoted = false;
    for byte in row.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b',' => counts[0] += 1,
            b';' => counts[1] += 1,
            b'\t' => counts[2] += 1,
            b'|' => counts[3] += 1,
            _ => {}
        }
    }
    let delimiters = [b',', b';', b'\t', b'|'];
    let best = counts.iter().max().copied().unwrap_or_default();
    let at = counts.iter().position(|count| *count == best).unwrap_or(0);
    // A bar stands inside the values of MISP too.
    match (delimiters[at], best) {
        (b'|', ..2) => b',',
        (delimiter, _) => delimiter,
    }
}

#[cfg(test)]
#[path = "csv_list_tests.rs"]
mod tests;
