//! Answers as people and programs see them.

use std::io::{self, Write};

use linktrail::hunt::{Format, ResultTable, Returns, render};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

fn table(columns: &[&str], rows: &Value) -> ResultTable {
    ResultTable {
        hunt: "test".to_owned(),
        returns: Returns::Table,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        rows: serde_json::from_value(rows.clone()).unwrap(),
    }
}

/// Rows as `malicious-urls-by-sender` gives them.
fn ordinary() -> ResultTable {
    table(
        &["sender", "url", "severity", "places", "messages"],
        &json!([
            [
                "alice@contoso.com",
                "https://login.example/a?id=1",
                "high",
                ["Chat: Lunch", "Finance / General"],
                12
            ],
            [
                "Zoë (外部)",
                "https://login.example/b",
                "warning",
                ["Finance / 部門"],
                1
            ],
            [null, "https://drop.example/", null, [], -3]
        ]),
    )
}

/// Everything that an attacker can put into a name.
fn hostile() -> ResultTable {
    table(
        &["user", "name"],
        &json!([
            ["=HYPERLINK(\"http://evil.example\",\"x\")", "+1"],
            ["@SUM(A1)", "-2+3"],
            ["-4", -4],
            ["\u{1b}[2J\u{1b}]0;owned\u{7}", "invoice\u{202e}fdp.exe"],
            [
                "two\nlines\r\n\"quoted\", comma",
                "a|b <script>alert(1)</script> [x](http://evil.example) `y`"
            ],
            ["\t=1", "www.evil.example`|`"],
            ["![x](y) **bold** &amp; $m$", ["=1", "b; c"]],
            ["C1 \u{9b}31m", "\u{2066}isolate\u{2069} \u{7f}"]
        ]),
    )
}

fn graph() -> ResultTable {
    let user = json!({"labels": ["User"], "properties": {"id": "u1", "upn": "alice@contoso.com"}});
    let message = json!({"labels": ["Message"], "properties": {"id": "19:a/1"}});
    let sent = json!({"type": "SENT", "properties": {}, "from": {"label": "User", "id": "u1"}, "to": {"label": "Message", "id": "19:a/1"}});
    table(
        &["path", "edge"],
        &json!([
            [{"nodes": [user, message], "edges": [sent]}, sent],
            [{"nodes": [message, user], "edges": [sent]}, null]
        ]),
    )
}

fn rendered(table: &ResultTable, format: Format, width: Option<u16>) -> String {
    let mut out = Vec::new();
    render(table, format, &mut out, width).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn tables() {
    insta::assert_snapshot!("table", rendered(&ordinary(), Format::Table, None));
    insta::assert_snapshot!("table_80", rendered(&ordinary(), Format::Table, Some(80)));
    insta::assert_snapshot!("table_60", rendered(&ordinary(), Format::Table, Some(60)));
    insta::assert_snapshot!(
        "table_hostile",
        rendered(&hostile(), Format::Table, Some(80))
    );
    insta::assert_snapshot!("table_graph", rendered(&graph(), Format::Table, None));
    insta::assert_snapshot!(
        "table_empty",
        rendered(&table(&["a"], &json!([])), Format::Table, Some(80))
    );
}

#[test]
fn csv() {
    insta::assert_snapshot!("csv", rendered(&ordinary(), Format::Csv, None));
    insta::assert_snapshot!(
        "csv_hostile",
        rendered(&hostile(), Format::Csv, None)
            .escape_debug()
            .to_string()
            .replace("\\n", "\n")
    );
    insta::assert_snapshot!(
        "csv_empty",
        rendered(&table(&["a", "=b"], &json!([])), Format::Csv, None)
    );
}

#[test]
fn csv_holds_what_the_answer_holds() {
    for answer in [ordinary(), hostile()] {
        let text = rendered(&answer, Format::Csv, None);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), answer.rows.len());
        for (read, row) in rows.iter().zip(&answer.rows) {
            for (cell, value) in read.iter().zip(row) {
                let held = match value {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    Value::Array(items) => items
                        .iter()
                        .map(|i| i.as_str().unwrap())
                        .collect::<Vec<_>>()
                        .join("; "),
                    other => other.to_string(),
                };
                assert!(
                    cell == held || cell == format!("'{held}"),
                    "{cell:?} {held:?}"
                );
            }
        }
    }
}

/// What goes to a file or a pipe is raw; a terminal must not obey it.
#[test]
fn csv_on_a_terminal_has_nothing_that_it_obeys() {
    for answer in [ordinary(), hostile(), graph()] {
        let text = rendered(&answer, Format::Csv, Some(80));
        let is_unsafe = |c: char| c != '\n' && linktrail::terminal::is_unsafe(c);
        assert!(!text.contains(is_unsafe), "{text:?}");
        assert_eq!(text.lines().count(), answer.rows.len() + 1, "{text}");
    }
    // What only a control character keeps from being a formula.
    let behind = table(&["a"], &json!([["\u{1b}=1+1"]]));
    assert_eq!(rendered(&behind, Format::Csv, Some(80)), "a\n'=1+1\n");
    assert_eq!(rendered(&behind, Format::Csv, None), "a\n\u{1b}=1+1\n");
}

#[test]
fn json_has_the_columns_in_order_and_nothing_a_terminal_obeys() {
    insta::assert_snapshot!("json", rendered(&ordinary(), Format::Json, None));
    insta::assert_snapshot!(
        "json_empty",
        rendered(&table(&["a"], &json!([])), Format::Json, None)
    );
    for answer in [ordinary(), hostile(), graph()] {
        let text = rendered(&answer, Format::Json, None);
        let unsafe_ones: Vec<_> = text
            .chars()
            .filter(|c| *c != '\n' && linktrail::terminal::is_unsafe(*c))
            .collect();
        assert!(unsafe_ones.is_empty(), "{unsafe_ones:?}");
        let rows: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&text).unwrap();
        assert_eq!(rows.len(), answer.rows.len());
        for (read, row) in rows.iter().zip(&answer.rows) {
            for (column, value) in answer.columns.iter().zip(row) {
                assert_eq!(&read[column], value, "nothing is lost");
            }
        }
    }
}

#[test]
fn markdown() {
    insta::assert_snapshot!("markdown", rendered(&ordinary(), Format::Markdown, None));
    insta::assert_snapshot!(
        "markdown_hostile",
        rendered(&hostile(), Format::Markdown, None)
    );
}

#[test]
fn a_terminal_gets_no_line_wider_than_itself_and_no_control_characters() {
    let wide = table(
        &[
            "at", "sender", "place", "text", "url", "risky", "message", "first", "last",
        ],
        &json!([[
            "2026-10-01T08:00:00Z",
            "alice@contoso.com",
            "Finance / 部門部門部門部門部門",
            "words ".repeat(60),
            format!("https://login.example/{}", "x".repeat(300)),
            true,
            "19:abc@thread.tacv2/1",
            null,
            "2026-10-01T08:00:00Z"
        ]]),
    );
    for answer in [ordinary(), hostile(), graph(), wide] {
        for width in [20, 40, 60, 80, 100, 200] {
            let text = rendered(&answer, Format::Table, Some(width));
            for line in text.lines() {
                assert!(
                    line.width() <= usize::from(width),
                    "{width}: {} {line}",
                    line.width()
                );
                assert!(!line.contains(linktrail::terminal::is_unsafe), "{line:?}");
            }
            let solid: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            for column in answer
                .columns
                .iter()
                .filter(|column| width >= 40 && column.len() < 6)
            {
                assert!(solid.contains(column.as_str()), "{width} {column}\n{text}");
            }
        }
    }
}

#[test]
fn a_narrow_terminal_still_shows_every_value() {
    let text = rendered(&ordinary(), Format::Table, Some(60));
    let solid: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    for value in [
        "alice@contoso.com",
        "https://login.example/a?id=1",
        "high",
        "12",
        "-3",
    ] {
        assert!(solid.contains(value), "{value}\n{text}");
    }
}

/// A pipe whose reader has gone, or a disk that is full.
struct Failing(io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
    for format in Format::ALL {
        let mut closed = Failing(io::ErrorKind::BrokenPipe);
        render(&ordinary(), format, &mut closed, None).unwrap();
        let mut full = Failing(io::ErrorKind::StorageFull);
        let error = render(&ordinary(), format, &mut full, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{format}");
    }
}

#[test]
fn formats_are_called_as_the_command_line_spells_them() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.as_str()), Some(format));
    }
    assert_eq!(Format::parse("xml"), None);
}
