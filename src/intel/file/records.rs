//! The records of a CSV file with the lines on which they start.
//!
//! Unlike the crate `csv`, this reads quotes after a blank (`"a", "b"`, as abuse.ch writes them), any line end (CRLF, LF,
//! CR), and a quote that never closes as a plain character, so that it does not swallow the rest of the file.

use std::borrow::Cow;

/// A row, or a comment.
#[derive(Debug, PartialEq)]
pub(super) enum Record<'t> {
    /// A row with its cells, trimmed.
    Row {
        line: usize,
        cells: Vec<Cow<'t, str>>,
    },
    /// The text of a comment behind its `#`.
    Comment(&'t str),
}

/// Reads records.
pub(super) struct Records<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    delimiter: u8,
    /// False once a quote was found that never closes: from there on a quoted cell ends on its own line.
    spans_lines: bool,
}

impl<'t> Records<'t> {
    /// Reads from the beginning of `text`, whose first line has the number `line`.
    pub(super) fn new(text: &'t str, line: usize, delimiter: u8) -> Self {
        Self {
            text,
            at: 0,
            line,
            delimiter,
            spans_lines: true,
        }
    }

    /// The end of the line that `from` is in, and where the next one starts.
    fn line_end(&self, from: usize) -> (usize, usize) {
        let bytes = self.text.as_bytes();
        match memchr::memchr2(b'\n', b'\r', &bytes[from..]).map(|end| from + end) {
            Some(end) if bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n') => {
                (end, end + 2)
            }
            Some(end) => (end, end + 1),
            None => (bytes.len(), bytes.len()),
        }
    }

    /// Where the quoted cell that begins at `open` ends: the position behind its closing quote.
    fn closing_quote(&mut self, open: usize, line_end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = open + 1;
        let limit = if self.spans_lines {
            bytes.len()
        } else {
            line_end
        };
        while let Some(quote) = memchr::memchr(b'"', &bytes[at..limit]).map(|quote| at + quote) {
            if bytes.get(quote + 1) != Some(&b'"') {
                return Some(quote + 1);
            }
            at = quote + 2;
            if at > limit {
                break;
            }
        }
        self.spans_lines = false;
        None
    }

    fn row(&mut self) -> Vec<Cow<'t, str>> {
        let bytes = self.text.as_bytes();
        let mut cells = Vec::new();
        let (mut end, mut next) = self.line_end(self.at);
        // Once a quote on this line does not close, all quotes on it are plain characters.
        let mut quotes = true;
        loop {
            let blanks = bytes[self.at..end]
                .iter()
                .take_while(|b| matches!(b, b' ' | b'\t') && **b != self.delimiter);
            let start = self.at + blanks.count();
            let mut cell = None;
            let mut rest = start;
            if quotes && bytes.get(start) == Some(&b'"') && start < end {
                match self.closing_quote(start, end) {
                    Some(close) => {
                        let inner = &self.text[start + 1..close - 1];
                        cell = Some(match inner.contains("\"\"") {
                            true => Cow::Owned(inner.replace("\"\"", "\"")),
                            false => Cow::Borrowed(inner),
                        });
                        rest = close;
                        if close > end {
                            self.line += lines_in(&self.text[end..close]);
                            (end, next) = self.line_end(close);
                        }
                    }
                    None => quotes = false,
                }
            }
            let stop =
                memchr::memchr(self.delimiter, &bytes[rest..end]).map_or(end, |at| rest + at);
            let tail = self.text[rest..stop].trim();
            cells.push(match cell {
                None => Cow::Borrowed(tail),
                Some(cell) if tail.is_empty() => trimmed(cell),
                Some(cell) => Cow::Owned(format!("{cell}{tail}")),
            });
            if stop == end {
                break;
            }
            self.at = stop + 1;
        }
        self.at = next;
        self.line += 1;
        cells
    }
}

fn trimmed(cell: Cow<'_, str>) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(cell) => Cow::Borrowed(cell.trim()),
        Cow::Owned(cell) => Cow::Owned(cell.trim().to_owned()),
    }
}

/// The number of line ends in a text.
pub(super) fn lines_in(text: &str) -> usize {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'\n', b'\r', bytes)
        .filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'))
        .count()
}

impl<'t> Iterator for Records<'t> {
    type Item = Record<'t>;

    fn next(&mut self) -> Option<Record<'t>> {
        loop {
            if self.at >= self.text.len() {
                return None;
            }
            let (end, next) = self.line_end(self.at);
            let line = self.text[self.at..end].trim();
            if line.is_empty() && self.delimiter != b'\t' || line.chars().all(char::is_whitespace) {
                self.at = next;
                self.line += 1;
                continue;
            }
            if let Some(comment) = line.strip_prefix('#') {
                self.at = next;
                self.line += 1;
                return Some(Record::Comment(comment));
            }
            let line = self.line;
            return Some(Record::Row {
                line,
                cells: self.row(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        let rows = Records::new(text, 1, b',').filter_map(|record| match record {
            Record::Row { line, cells } => {
                Some((line, cells.into_iter().map(Cow::into_owned).collect()))
            }
            Record::Comment(_) => None,
        });
        rows.collect()
    }

    fn row(line: usize, cells: &[&str]) -> (usize, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn rows_start_on_their_lines_whatever_ends_a_line() {
        for text in [
            "a,b\n\n#c\nd,\"e\nf\"\ng\n",
            "a,b\r\n\r\n#c\r\nd,\"e\nf\"\r\ng",
            "a,b\r\r#c\rd,\"e\nf\"\rg\r",
        ] {
            assert_eq!(
                read(text),
                [row(1, &["a", "b"]), row(4, &["d", "e\nf"]), row(6, &["g"])],
                "{text:?}"
            );
        }
    }

    #[test]
    fn quotes_are_read_after_blanks_and_when_they_are_doubled() {
        assert_eq!(
            read("\"a\", \"b, c\" ,\"d\"\"e\", f \"g\" ,\"\"\n"),
            [row(1, &["a", "b, c", "d\"e", "f \"g\"", ""])]
        );
    }

    #[test]
    fn a_quote_that_never_closes_is_a_character() {
        assert_eq!(
            read("a,\"b,c\nd,\"e\"\nf,\"g\n"),
            [row(1, &["a", "b,c\nd,e\""]), row(3, &["f", "\"g"])]
        );
        assert_eq!(
            read("\"a,b\nc,d\n"),
            [row(1, &["\"a", "b"]), row(2, &["c", "d"])]
        );
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost(text in "[a,\"\\r\\n# é]{0,60}") {
            // Every letter of a row comes out, and lines never go back.
            let rows = read(&text);
            proptest::prop_assert!(rows.windows(2).all(|two| two[0].0 < two[1].0));
            let letters = |text: &str| text.matches(['a', 'é']).count();
            let commented: usize = Records::new(&text, 1, b',')
                .map(|record| match record { Record::Comment(text) => letters(text), Record::Row { .. } => 0 })
                .sum();
            let found: usize = rows.iter().flat_map(|(_, cells)| cells).map(|cell| letters(cell)).sum();
            proptest::prop_assert_eq!(found + commented, letters(&text));
        }
    }
}
