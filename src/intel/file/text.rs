//! Text lists: one indicator a line, with `#` for comments.

use super::entry::{BadEntry, Entries, Entry};
use super::indicator::{Indicator, parse};

pub(super) fn entries(text: &str) -> Result<Entries, BadEntry> {
    let mut entries = Entries::default();
    for (index, line) in text.lines().enumerate() {
        let indicator = without_comment(line).trim();
        if indicator.is_empty() {
            continue;
        }
        let line = index + 1;
        match parse(indicator).map_err(|what| BadEntry { line, what })? {
            Indicator::Other => entries.others += 1,
            Indicator::Key(key) => entries.listed.push(Entry {
                line,
                key,
                tags: Vec::new(),
            }),
        }
    }
    Ok(entries)
}

/// Removes a comment, which is at the start of a line or after white space. Anywhere else `#` starts the fragment of a
/// url.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices('#').find(|(at, _)| {
        let before = line[..*at].chars().next_back();
        before.is_none_or(char::is_whitespace)
    });
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_passed_over() {
        let read =
            entries("# c\r\n\r\nhttps://evil.example/#frag  # seen twice\r\n\t# c\nevil.net\n")
                .unwrap();
        let listed: Vec<(usize, String)> = read
            .listed
            .iter()
            .map(|e| (e.line, e.key.to_string()))
            .collect();
        assert_eq!(
            listed,
            [
                (3, "https://evil.example/#frag".to_owned()),
                (5, "evil.net".to_owned())
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_indicator_is_named() {
        let problem = entries("evil.net\n\nnot one\n").unwrap_err();
        assert_eq!(problem.line, 3);
        assert!(problem.what.contains("`not one`"), "{}", problem.what);
    }
}
