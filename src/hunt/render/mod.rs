//! Writes the answer of a hunt: as a table for people, CSV or JSON for programs, or Markdown for a ticket.

mod cell;
mod csv;
mod json;
mod markdown;
mod table;

use std::fmt;
use std::io::{self, Write};

use super::run::ResultTable;

/// The format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A table that fits the terminal.
    #[default]
    Table,
    /// CSV by RFC 4180, with a header line.
    Csv,
    /// A JSON list of objects keyed by column.
    Json,
    /// A table in GitHub-flavoured Markdown.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Table, Self::Csv, Self::Json, Self::Markdown];

    /// Its spelling on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Markdown => "markdown",
        }
    }

    /// The format with this spelling.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes an answer. `width` is the width of the terminal in columns, or `None` when `out` is not a terminal; then a
/// table is as wide as it needs to be, and CSV keeps control characters. A broken pipe, as with `| head`, is not an
/// error.
///
/// # Errors
/// Fails when `out` fails.
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

/// Breaks a text into lines of at most this width, at spaces where possible. There is always at least one line.
pub fn wrapped(text: &str, width: usize) -> Vec<&str> {
    table::wrapped(text, width)
}
