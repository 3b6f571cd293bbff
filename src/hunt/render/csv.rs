//! Writes an answer as CSV.

use std::io::{self, Write};

use serde_json::Value;

use super::cell::plain_text;
use crate::hunt::run::ResultTable;
use crate::terminal;

/// In a file or a pipe every cell keeps its bytes, control characters included, since what is exported is evidence. The
/// only change is an apostrophe before what a spreadsheet would run as a formula. On a terminal unsafe characters are
/// removed.
pub(super) fn write(
    answer: &ResultTable,
    out: &mut impl Write,
    on_terminal: bool,
) -> io::Result<()> {
    let shown = |text: String| match on_terminal {
        // Checked again, since removing characters may leave a formula at the start.
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

/// Puts an apostrophe before a formula.
fn guarded(text: String) -> String {
    if is_formula(&text) {
        format!("'{text}")
    } else {
        text
    }
}

/// Whether a spreadsheet would run the text as a formula. A negative number is not one.
fn is_formula(text: &str) -> bool {
    match text.chars().next() {
        Some('=' | '+' | '@' | '\t' | '\r') => true,
        Some('-') => !is_number(text),
        _ => false,
    }
}

/// True for `-1`, `-1.5`, `-1e5`; false for `-inf` and `-nan`, which spreadsheets do not take for numbers.
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
