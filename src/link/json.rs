//! A lenient JSON reader: a stream of events, no recursion, no limit on depth, linear time.
//!
//! Cards are JSON from outside. serde_json refuses documents that are truncated or nested deeper than 128 levels, and
//! keeps only one of two equal keys. A card must not be able to hide a link in such a way.

use std::borrow::Cow;

use memchr::memchr2;

/// A part of a JSON document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'j> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    /// The key of the value that follows.
    Key(Cow<'j, str>),
    /// A string value. Numbers, booleans and null are skipped.
    String(Cow<'j, str>),
}

/// Reads a document event by event, and skips what is not JSON.
pub(crate) struct Events<'j> {
    input: &'j str,
    at: usize,
}

impl<'j> Events<'j> {
    pub(crate) fn new(input: &'j str) -> Self {
        Events { input, at: 0 }
    }

    /// The position up to which the document was read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Reads a string whose opening quote was just read.
    fn string(&mut self) -> Cow<'j, str> {
        let rest = &self.input[self.at..];
        let bytes = rest.as_bytes();
        let Some(end) = memchr2(b'"', b'\\', bytes) else {
            self.at = self.input.len();
            return Cow::Borrowed(rest);
        };
        if bytes[end] == b'"' {
            self.at += end + 1;
            return Cow::Borrowed(&rest[..end]);
        }
        let mut text = String::from(&rest[..end]);
        let mut at = end;
        while let Some(escape) = memchr2(b'"', b'\\', &bytes[at..]).map(|next| at + next) {
            text.push_str(&rest[at..escape]);
            if bytes[escape] == b'"' {
                self.at += escape + 1;
                return Cow::Owned(text);
            }
            at = escape + 1 + escaped(&rest[escape + 1..], &mut text);
        }
        text.push_str(&rest[at..]);
        self.at = self.input.len();
        Cow::Owned(text)
    }
}

impl<'j> Iterator for Events<'j> {
    type Item = Event<'j>;

    fn next(&mut self) -> Option<Event<'j>> {
        let bytes = self.input.as_bytes();
        while let Some(&b) = bytes.get(self.at) {
            self.at += 1;
            match b {
                b'{' => return Some(Event::ObjectStart),
                b'}' => return Some(Event::ObjectEnd),
                b'[' => return Some(Event::ArrayStart),
                b']' => return Some(Event::ArrayEnd),
                b'"' => {
                    let text = self.string();
                    let blank = |b: &&u8| b.is_ascii_whitespace();
                    self.at += bytes[self.at..].iter().take_while(blank).count();
                    return Some(match bytes.get(self.at) {
                        Some(b':') => Event::Key(text),
                        _ => Event::String(text),
                    });
                }
                _ => {}
            }
        }
        None
    }
}

/// Decodes the escape after a backslash into `out`, and returns its length.
fn escaped(text: &str, out: &mut String) -> usize {
    let Some(c) = text.chars().next() else {
        return 0;
    };
    match c {
        'n' => out.push('\n'),
        't' => out.push('\t'),
        'r' => out.push('\r'),
        'b' => out.push('\u{8}'),
        'f' => out.push('\u{c}'),
        'u' => {
            let unit = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
            let Some(first) = unit(&text[1..]) else {
                out.push('\u{fffd}');
                return 1;
            };
            let second = (0xd800..0xdc00)
                .contains(&first)
                .then(|| {
                    text.get(5..)
                        .and_then(|rest| unit(rest.strip_prefix("\\u")?))
                })
                .flatten()
                .filter(|second| (0xdc00..0xe000).contains(second));
            let (code, len) = match second {
                Some(second) => (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), 11),
                None => (first, 5),
            };
            out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            return len;
        }
        c => out.push(c),
    }
    c.len_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events() {
        let events: Vec<_> =
            Events::new(r#"{"a" : [1, "b\n\"\/\u00e4\ud83d\ude00", null], "c":{}}"#).collect();
        assert_eq!(
            events,
            [
                Event::ObjectStart,
                Event::Key("a".into()),
                Event::ArrayStart,
                Event::String("b\n\"/\u{e4}\u{1f600}".into()),
                Event::ArrayEnd,
                Event::Key("c".into()),
                Event::ObjectStart,
                Event::ObjectEnd,
                Event::ObjectEnd,
            ]
        );
    }

    #[test]
    fn broken_documents_give_what_they_hold() {
        let strings = |text: &str| -> Vec<String> {
            Events::new(text)
                .filter_map(|event| match event {
                    Event::String(text) => Some(text.into_owned()),
                    _ => None,
                })
                .collect()
        };
        assert_eq!(strings(r#"{"a":"cut sho"#), ["cut sho"]);
        assert_eq!(strings(r#"{"a":"cut \u12"#), ["cut \u{fffd}12"]);
        assert_eq!(strings(r#"{"a":"\ud800x\"#), ["\u{fffd}x"]);
        assert_eq!(strings(r#"}}]] "a" : oops "b" "c""#), ["b", "c"]);
        assert_eq!(strings("\"ä\\ä\""), ["ää"]);
    }
}
