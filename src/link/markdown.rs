//! Markdown links in text: `[label](destination "title")` and `![picture](destination)`.

use memchr::{memchr_iter, memchr3_iter};

/// Titles longer than this are taken for text: it bounds how often one stretch is read.
const MAX_TITLE: usize = 256;

/// A link in Markdown; all positions are byte offsets in the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// From the opening bracket (or its `!`) to behind the closing parenthesis.
    pub(crate) whole: std::ops::Range<usize>,
    pub(crate) label: std::ops::Range<usize>,
    pub(crate) destination: std::ops::Range<usize>,
    /// `![…](…)`.
    pub(crate) picture: bool,
}

/// The links of `text` in order, none inside another: a picture that is a link's label belongs to
/// the link, and a link inside a label wins over the label, as in CommonMark.
pub(crate) fn spans(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans: Vec<Span> = Vec::new();
    if !memchr_iter(b']', bytes).any(|at| bytes.get(at + 1) == Some(&b'(')) {
        return spans;
    }
    let mut open: Vec<usize> = Vec::new();
    let mut behind = 0;
    for at in memchr3_iter(b'[', b']', b'\n', bytes) {
        if at < behind || (at > 0 && bytes[at - 1] == b'\\') {
            continue;
        }
        match bytes[at] {
            b'[' => open.push(at),
            // A label does not go on in the next paragraph.
            b'\n' => open.clear(),
            _ => {
                let Some(start) = open.pop() else { continue };
                if bytes.get(at + 1) != Some(&b'(') {
                    continue;
                }
                let Some((destination, end)) = destination(text, at + 2) else {
                    continue;
                };
                let picture = start > 0 && bytes[start - 1] == b'!';
                let whole = start - usize::from(picture)..end;
                // Only pictures can stand in here: a link would have closed the brackets before it.
                let inside = spans
                    .iter()
                    .rev()
                    .take_while(|s| s.whole.start >= whole.start);
                let inside = inside.count();
                spans.truncate(spans.len() - inside);
                if !picture {
                    open.clear();
                }
                spans.push(Span {
                    whole,
                    label: start + 1..at,
                    destination,
                    picture,
                });
                behind = end;
            }
        }
    }
    spans
}

/// The destination that starts at `from`, and where the parenthesis behind it ends.
fn destination(text: &str, from: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let bytes = text.as_bytes();
    let from = skip_spaces(bytes, from);
    let (range, after) = if bytes.get(from) == Some(&b'<') {
        let len = text[from + 1..].find(['>', '<', '\n'])?;
        let end = from + 1 + len;
        if bytes[end] != b'>' {
            return None;
        }
        (from + 1..end, end + 1)
    } else {
        let mut depth = 0_usize;
        let mut end = from;
        loop {
            match bytes.get(end)? {
                b'(' => depth += 1,
                b')' if depth == 0 => break,
                b')' => depth -= 1,
                // The next link begins: this one was never closed.
                b']' if bytes.get(end + 1) == Some(&b'(') => return None,
                b' ' | b'\t' | b'\n' | b'\r' => break,
                _ => {}
            }
            end += 1;
        }
        (from..end, end)
    };
    let mut end = skip_spaces(bytes, after);
    if let Some(&quote @ (b'"' | b'\'')) = bytes.get(end)
        && end > after
    {
        let title = &bytes[end + 1..bytes.len().min(end + 1 + MAX_TITLE)];
        let len = title.iter().position(|&b| b == quote)?;
        end = skip_spaces(bytes, end + len + 2);
    }
    (bytes.get(end) == Some(&b')') && !range.is_empty()).then_some((range, end + 1))
}

fn skip_spaces(bytes: &[u8], from: usize) -> usize {
    let spaces = bytes[from..]
        .iter()
        .take(MAX_TITLE)
        .take_while(|&&b| b == b' ')
        .count();
    from + spaces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<(&str, &str, bool)> {
        spans(text)
            .into_iter()
            .map(|s| (&text[s.label], &text[s.destination], s.picture))
            .collect()
    }

    #[test]
    fn links_and_pictures() {
        assert_eq!(
            links("[a](https://e.example/x_(y)) and [b]( <u v> 'T' ), ![p](q \"t\")"),
            [
                ("a", "https://e.example/x_(y)", false),
                ("b", "u v", false),
                ("p", "q", true)
            ]
        );
        assert_eq!(links("[[1] a](b)"), [("[1] a", "b", false)]);
        assert_eq!(links("**[a](b)**"), [("a", "b", false)]);
    }

    #[test]
    fn nested() {
        assert_eq!(links("[![p](q)](r)"), [("![p](q)", "r", false)]);
        assert_eq!(links("[x [a](b) y](c)"), [("a", "b", false)]);
    }

    #[test]
    fn what_is_none() {
        for text in [
            "[a] (b)",
            "[a](",
            "[a](b",
            "a](b)",
            "[a\nb](c)",
            r"[a\](b)",
            "[a](b c)",
            "[a]()",
        ] {
            assert_eq!(links(text), [], "{text}");
        }
    }
}
