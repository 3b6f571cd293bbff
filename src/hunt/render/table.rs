//! Writes an answer as a table that fits the terminal.

use std::io::{self, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement};
use unicode_width::UnicodeWidthStr;

use super::cell::display_text;
use crate::hunt::run::ResultTable;
use crate::terminal;

/// A column has at least this width, or that of its content, to be readable.
const READABLE: usize = 12;

/// The width of the borders and padding of a column.
const FRAME: usize = 3;

pub(super) fn write(
    answer: &ResultTable,
    out: &mut impl Write,
    width: Option<u16>,
) -> io::Result<()> {
    if answer.rows.is_empty() {
        return writeln!(out, "Nothing found.");
    }
    let names: Vec<String> = answer
        .columns
        .iter()
        .map(|name| terminal::clean(name).into_owned())
        .collect();
    let rows: Vec<Vec<String>> = answer
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|value| terminal::clean(&display_text(value)).into_owned())
                .collect()
        })
        .collect();
    match width {
        Some(width) if least_width(&names, &rows) > usize::from(width) => {
            write_records(&names, &rows, out, usize::from(width))
        }
        width => write_table(answer, &names, &rows, out, width),
    }
}

fn write_table(
    answer: &ResultTable,
    names: &[String],
    rows: &[Vec<String>],
    out: &mut impl Write,
    width: Option<u16>,
) -> io::Result<()> {
    let mut table = comfy_table::Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).force_no_tty();
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    table.set_header(names);
    for (cells, values) in rows.iter().zip(&answer.rows) {
        table.add_row(cells.iter().zip(values).map(|(text, value)| {
            let align = if value.is_number() {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            };
            Cell::new(text).set_alignment(align)
        }));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The least width at which every column is readable.
fn least_width(names: &[String], rows: &[Vec<String>]) -> usize {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.map(|cell| cell.width()).max().unwrap_or_default()
    };
    let columns = names.iter().enumerate().map(|(at, name)| {
        let content = widest(at).min(READABLE);
        FRAME + content.max(name.width().min(READABLE))
    });
    columns.sum::<usize>() + 1
}

/// Writes each row as a block with one line for each column, for tables whose columns would be too narrow.
fn write_records(
    names: &[String],
    rows: &[Vec<String>],
    out: &mut impl Write,
    width: usize,
) -> io::Result<()> {
    let label = names
        .iter()
        .map(|name| name.width())
        .max()
        .unwrap_or_default();
    let label = label.min(width / 3);
    let room = width.saturating_sub(label + 2).max(1);
    for (n, row) in rows.iter().enumerate() {
        let title = format!("── {} ", n + 1);
        writeln!(
            out,
            "{title}{}",
            "─".repeat(width.saturating_sub(title.width()))
        )?;
        for (name, cell) in names.iter().zip(row) {
            let mut name = fitting(name, label).to_owned();
            for line in wrapped(cell, room) {
                let padding = " ".repeat(label - name.width().min(label));
                writeln!(out, "{}", format!("{name}{padding}  {line}").trim_end())?;
                name.clear();
            }
        }
    }
    Ok(())
}

/// The longest beginning of a text that fits into the width.
fn fitting(text: &str, width: usize) -> &str {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if text[..next].width() > width {
            break;
        }
        end = next;
    }
    &text[..end]
}

/// Breaks a text into lines of at most this width, at spaces where possible. There is always at least one line.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        let head = fitting(rest, width);
        if head.len() == rest.len() {
            lines.push(rest);
            return lines;
        }
        // A character that is wider than the line still takes a line of its own.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let hard = head.len().max(first);
        let next_is_space = rest[hard..].starts_with(' ');
        let end = match rest[..hard].rfind(' ') {
            Some(space) if space > 0 && !next_is_space => space,
            _ => hard,
        };
        lines.push(rest[..end].trim_end());
        rest = rest[end..].trim_start();
        if rest.is_empty() {
            return lines;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(
            wrapped("https://a.example/", 7),
            ["https:/", "/a.exam", "ple/"]
        );
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("部門部門", 5), ["部門", "部門"]);
        assert_eq!(wrapped("部", 1), ["部"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_sign_is_lost(text in "[a-z 部é]{0,60}", width in 2usize..20) {
            let lines = wrapped(&text, width);
            prop_assert!(lines.iter().all(|line| line.width() <= width), "{lines:?}");
            let solid = |text: &str| text.replace(' ', "");
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
        }
    }
}
