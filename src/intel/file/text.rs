//! Text lists: one indicator a line, with `#` for comments; hosts files, too.

use std::net::IpAddr;

use super::entry::Entries;
use super::indicator::parts_of_pair;

pub(super) fn entries(text: &str) -> Entries {
    let mut entries = Entries::default();
    for (index, line) in lines(text).enumerate() {
        let indicator = indicator(without_comment(line).trim());
        if indicator.is_empty() {
            continue;
        }
        for part in parts_of_pair(indicator) {
            entries.add(index + 1, &part, &[]);
        }
    }
    entries
}

/// The lines of a text, whose lines end in LF, CRLF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.split_inclusive(['\n', '\r']);
    // A line feed after a carriage return is the second half of one line end.
    let mut after_return = false;
    ends.filter_map(move |line| {
        let second_half = after_return && line == "\n";
        after_return = line.ends_with('\r');
        (!second_half).then(|| line.trim_end_matches(['\n', '\r']))
    })
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

/// The name in a line of a hosts file (`0.0.0.0 evil.example`), which sends it to nowhere; any other line as it is.
fn indicator(line: &str) -> &str {
    match line.split_once(char::is_whitespace) {
        Some((address, name)) if address.parse().is_ok_and(is_nowhere) => name.trim(),
        _ => line,
    }
}

fn is_nowhere(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<(usize, String)> {
        let read = entries(text);
        read.listed
            .iter()
            .map(|e| (e.line, e.key.to_string()))
            .collect()
    }

    #[test]
    fn comments_and_empty_lines_are_passed_over() {
        let text = "# c\r\n\r\nhttps://evil.example/#frag  # seen twice\r\n\t# c\nevil.net\n";
        assert_eq!(
            listed(text),
            [
                (3, "https://evil.example/#frag".to_owned()),
                (5, "evil.net".to_owned())
            ]
        );
    }

    #[test]
    fn a_hosts_file_lists_its_names() {
        assert_eq!(
            listed("127.0.0.1\tlocalhost.evil.example\n0.0.0.0 b.example # x\n:: c.example\n"),
            [
                (1, "localhost.evil.example".to_owned()),
                (2, "b.example".to_owned()),
                (3, "c.example".to_owned())
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_indicator_is_named_and_the_others_count() {
        let read = entries("evil.net\n\nnot one\nevil.org\n");
        assert_eq!((read.listed.len(), read.bad_count), (2, 1));
        assert_eq!(read.bad[0].line, 3);
        assert!(
            read.bad[0].what.contains("`not one`"),
            "{}",
            read.bad[0].what
        );
    }
}
