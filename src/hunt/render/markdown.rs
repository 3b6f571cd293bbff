//! Writes an answer as a Markdown table, for tickets and chats.

use std::io::{self, Write};

use super::cell::display_text;
use crate::hunt::run::ResultTable;
use crate::terminal;

/// Everything is escaped, so that text of an attacker does not become a link, a picture or markup where the table is
/// pasted.
pub(super) fn write(answer: &ResultTable, out: &mut impl Write) -> io::Result<()> {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let names = answer.columns.iter().map(|name| cell(name)).collect();
    writeln!(out, "{}", line(names))?;
    writeln!(
        out,
        "{}",
        line(vec!["---".to_owned(); answer.columns.len()])
    )?;
    for row in &answer.rows {
        let cells = row.iter().map(|value| cell(&display_text(value))).collect();
        writeln!(out, "{}", line(cells))?;
    }
    Ok(())
}

fn cell(text: &str) -> String {
    let text = terminal::clean(text);
    let text = text.trim();
    // Renderers make links of bare urls and addresses, but not inside code.
    let linked = ["://", "www.", "@"]
        .iter()
        .any(|sign| text.to_lowercase().contains(sign));
    if linked { code(text) } else { escaped(text) }
}

/// The text as code, between more backticks than it contains. Only the bar has to be escaped there.
fn code(text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{}{space}{fence}", text.replace('|', "\\|"))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '!' | '#' | '|' | '~' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_markup() {
        assert_eq!(cell("plain words-1: a; b"), "plain words-1: a; b");
        assert_eq!(
            cell("a|b\n<img src=x>&lt;"),
            "a\\|b &lt;img src=x&gt;&amp;lt;"
        );
        assert_eq!(
            cell("**[x](y)** `z` \\|"),
            "\\*\\*\\[x\\]\\(y\\)\\*\\* \\`z\\` \\\\\\|"
        );
    }

    #[test]
    fn an_address_is_code_and_never_a_link() {
        assert_eq!(cell("https://a.example/|b"), "`https://a.example/\\|b`");
        assert_eq!(
            cell("see HTTP://a.example/`b``c"),
            "```see HTTP://a.example/`b``c```"
        );
        assert_eq!(cell("WWW.a.example`"), "`` WWW.a.example` ``");
        assert_eq!(cell("alice@contoso.com"), "`alice@contoso.com`");
    }
}
