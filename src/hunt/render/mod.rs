//! Answers as text: a table for people, CSV and JSON for programs, Markdown for a ticket.

mod cell;
mod csv;
mod json;
mod markdown;
mod table;

use std::fmt;
use std::io::{self, Write};

use super::run::ResultTable;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A table that fits the terminal.
    #[default]
    Table,
    /// RFC 4180, with a header line.
    Csv,
    /// A list of objects keyed by column.
    Json,
    /// A table as GitHub-flavoured Markdown has it.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Table, Self::Csv, Self::Json, Self::Markdown];

    /// As the command line spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Markdown => "markdown",
        }
    }

    /// The format that the command line spells so.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes an answer. `width` is that of the terminal, in columns. Without a terminal a table is as wide as it needs to be,
/// and CSV holds control characters as they came.
/// A reader that has gone away (`| head`) is not an error.
///
/// # Errors
/// What `out` fails with.
pub fn render(
    answer: &ResultTable,
    format: Format,
    out: &mut impl Write,
    width: Option<u16>,
) -> io::Result<()> {
    let written = match format {
        Format::Table => table::write(answer, out, width),
        Format::Csv => csv::write(answer, out, width.is_some()),
        Format::Json => json::write(answer, out),
        Format::Markdown => markdown::write(answer, out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Lines of at most that width, broken at spaces where there are any; at least one line.
pub fn wrapped(text: &str, width: usize) -> Vec<&str> {
    table::wrapped(text, width)
}
