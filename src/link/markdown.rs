//! Finds Markdown links in text: `[label](destination "title")` and `![picture](destination)`.

use memchr::{memchr_iter, memchr3_iter};

/// A longer title is not recognised. This bounds how often the same text is read.
const MAX_TITLE: usize = 256;

/// A link in Markdown. All positions are byte offsets in the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// From the opening bracket, or the `!` before it, to the end of the closing parenthesis.
    pub(crate) whole: std::ops::Range<usize>,
    pub(crate) label: std::ops::Range<usize>,
    pub(crate) destination: std::ops::Range<usize>,
    /// True for `![…](…)`.
    pub(crate) picture: bool,
}

/// The links of `text` in order, none inside another. As in CommonMark, a picture inside the label of a link belongs to
/// that link, and a link inside a label makes the outer one plain text.
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
            // A label ends with its line.
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
                // Only pictures can be inside a label, since a link closes all brackets before it.
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

/// The destination that starts at `from`, and the end of the parenthesis after it.
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
                // Another link begins, so this one was never closed.
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
