//! Answers as text: a table for people, CSV and JSON for programs, Markdown for a ticket.

mod csv;
mod json;
mod markdown;
mod table;

use std::fmt;
use std::io::{self, Write};

use serde_json::Value;

use super::run::Table;

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
    answer: &Table,
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

/// A value as one text: lists joined by `; `, and what is absent is empty.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("; "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// A value as people read it: like [`text`], and nodes, edges and paths as Cypher draws them.
fn drawn(value: &Value) -> String {
    let field = |name: &str| value.get(name).and_then(Value::as_array);
    match (
        field("labels"),
        field("nodes"),
        value.get("type").and_then(Value::as_str),
    ) {
        (Some(labels), ..) => {
            let labels: Vec<String> = labels
                .iter()
                .map(|label| format!(":{}", text(label)))
                .collect();
            format!("({} {})", labels.concat(), caption(&value["properties"]))
        }
        (_, Some(nodes), _) => {
            let mut path = nodes.first().map(drawn).unwrap_or_default();
            let edges = field("edges").into_iter().flatten();
            for (edge, ends) in edges.zip(nodes.windows(2)) {
                let backwards = edge["to"]["id"] == ends[0]["properties"]["id"]
                    && edge["from"]["id"] == ends[1]["properties"]["id"];
                let (left, right) = if backwards { ("<-", "-") } else { ("-", "->") };
                path.push_str(&format!("{left}{}{right}{}", drawn(edge), drawn(&ends[1])));
            }
            path
        }
        (_, _, Some(kind)) if value.get("properties").is_some() => format!("[:{kind}]"),
        _ => match value {
            Value::Array(items) => items.iter().map(drawn).collect::<Vec<_>>().join("; "),
            other => text(other),
        },
    }
}

/// What a node is best known by.
fn caption(properties: &Value) -> String {
    ["upn", "name", "topic", "id"]
        .iter()
        .find_map(|name| properties[name].as_str())
        .unwrap_or_default()
        .to_owned()
}
