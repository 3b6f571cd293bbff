//! Answers as CSV.

use std::io::{self, Write};

use serde_json::Value;

use super::cell::plain_text;
use crate::hunt::run::ResultTable;
use crate::terminal;

/// In a file or a pipe cells keep what they hold byte for byte, control characters too: what is exported is evidence.
/// The one change is the apostrophe in front of what a spreadsheet would run as a formula. On a terminal they are cleaned.
pub(super) fn write(
    answer: &ResultTable,
    out: &mut impl Write,
    on_terminal: bool,
) -> io::Result<()> {
    let shown = |text: String| match on_terminal {
        // Guarded again, since a formula may begin behind what is taken out.
        true => guarded(terminal::clean(&guarded(text)).into_owned()),
        false => guarded(text),
    };
    let cell = |value: &Value| match value {
        Value::Number(number) => number.to_string(),
        other => shown(plain_text(other)),
    };
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(answer.columns.iter().map(|name| shown(name.clone())))?;
    for row in &answer.rows {
        csv.write_record(row.iter().map(cell))?;
    }
    csv.flush()
}

fn guarded(text: String) -> String {
    if is_formula(&text) {
        format!("'{text}")
    } else {
        text
    }
}

/// Whether a spreadsheet would take the text for a formula. A negative number is none.
fn is_formula(text: &str) -> bool {
    match text.chars().next() {
        Some('=' | '+' | '@' | '\t' | '\r') => true,
        Some('-') => !is_number(text),
        _ => false,
    }
}

/// `-1`, `-1.5`, `-1e5`; not `-inf` or `-nan`, which no spreadsheet takes for a number.
fn is_number(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_get_an_apostrophe_and_numbers_do_not() {
        for formula in [
            "=1+1",
            "+1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "-1+1",
            "-",
            "-cmd|' /C calc'!A0",
            "-inf",
            "--1",
        ] {
            assert!(is_formula(formula), "{formula:?}");
        }
        for plain in [
            "",
            "a=1",
            "-1",
            "-1.5",
            "-2e3",
            "'=1",
            "https://a.example/?-",
            "1-2",
        ] {
            assert!(!is_formula(plain), "{plain:?}");
        }
    }
}
