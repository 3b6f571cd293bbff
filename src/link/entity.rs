//! Decodes HTML character references.

use std::borrow::Cow;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// The longest name in the HTML standard, with its semicolon, has 32 bytes.
const LONGEST_NAME: usize = 32;

/// Which character references are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// As in HTML text: some old names count without their semicolon.
    Text,
    /// As in an attribute: an old name without a semicolon does not count before `=` or a letter, so that
    /// `?a=1&copy=2` keeps its meaning.
    Attribute,
    /// Only names with a semicolon, for Markdown and for text that may not be HTML.
    Strict,
}

/// The text with its character references decoded.
pub(crate) fn decode(text: &str, rules: Rules) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'&', text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    loop {
        // `rest` starts with an ampersand here.
        match reference(&rest[1..], rules) {
            Some((decoded, len)) => {
                decoded.push_to(&mut out);
                rest = &rest[1 + len..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
        match memchr::memchr(b'&', rest.as_bytes()) {
            Some(next) => {
                out.push_str(&rest[..next]);
                rest = &rest[next..];
            }
            None => {
                out.push_str(rest);
                return Cow::Owned(out);
            }
        }
    }
}

/// What one reference stands for: one or two characters.
struct Decoded(char, Option<char>);

impl Decoded {
    fn push_to(self, out: &mut String) {
        out.push(self.0);
        out.extend(self.1);
    }
}

/// The reference that starts after an ampersand, and its length.
fn reference(text: &str, rules: Rules) -> Option<(Decoded, usize)> {
    match text.as_bytes().first()? {
        b'#' => numeric(text, rules),
        first if first.is_ascii_alphabetic() => named(text, rules),
        _ => None,
    }
}

fn named(text: &str, rules: Rules) -> Option<(Decoded, usize)> {
    // These are nearly all that occur, and comparing them is faster than the table.
    for (name, c) in [
        ("amp;", '&'),
        ("nbsp;", '\u{a0}'),
        ("quot;", '"'),
        ("lt;", '<'),
        ("gt;", '>'),
    ] {
        if text.starts_with(name) {
            return Some((Decoded(c, None), name.len()));
        }
    }
    let bytes = text.as_bytes();
    let word = bytes
        .iter()
        .take(LONGEST_NAME)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let with_semicolon = bytes.get(word) == Some(&b';');
    let find = |len: usize| match NAMED_ENTITIES.get(text.get(..len)?) {
        Some(&(first, second)) if first != 0 => {
            let second = char::from_u32(second).filter(|&c| c != '\0');
            Some((Decoded(char::from_u32(first)?, second), len))
        }
        _ => None,
    };
    if with_semicolon && let Some(found) = find(word + 1) {
        return Some(found);
    }
    if rules == Rules::Strict {
        return None;
    }
    let (decoded, len) = (1..=word).rev().find_map(find)?;
    let literal = rules == Rules::Attribute
        && bytes
            .get(len)
            .is_some_and(|next| *next == b'=' || next.is_ascii_alphanumeric());
    (!literal).then_some((decoded, len))
}

fn numeric(text: &str, rules: Rules) -> Option<(Decoded, usize)> {
    let bytes = text.as_bytes();
    let (start, radix) = match bytes.get(1) {
        Some(b'x' | b'X') => (2, 16),
        _ => (1, 10),
    };
    let digits = bytes[start..]
        .iter()
        .take_while(|b| char::from(**b).is_digit(radix))
        .count();
    if digits == 0 {
        return None;
    }
    let mut end = start + digits;
    match bytes.get(end) {
        Some(b';') => end += 1,
        _ if rules == Rules::Strict => return None,
        _ => {}
    }
    let mut code: u32 = 0;
    for digit in text[start..start + digits]
        .chars()
        .filter_map(|c| c.to_digit(radix))
    {
        code = code.saturating_mul(radix).saturating_add(digit);
    }
    let c = match code {
        0x80..=0x9f => C1_REPLACEMENTS[(code - 0x80) as usize].or(char::from_u32(code)),
        0 => None,
        code => char::from_u32(code),
    };
    Some((Decoded(c.unwrap_or('\u{fffd}'), None), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_in_text() {
        for (text, expected) in [
            ("a &amp; b", "a & b"),
            ("&lt;https://e.example&gt;", "<https://e.example>"),
            ("&#104;&#x74;&#X74;p&colon;&sol;&sol;", "http://"),
            ("&amp &ampx &notit; &notin;", "& &x \u{ac}it; \u{2209}"),
            (
                "&#0;&#xD800;&#x110000;&#99999999999999;",
                "\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
            ),
            ("&#128;", "\u{20ac}"),
            ("&NotEqualTilde;", "\u{2242}\u{338}"),
            ("& &; &# &#x &#; &unknown;", "& &; &# &#x &#; &unknown;"),
            ("&&&amp;&", "&&&&"),
        ] {
            assert_eq!(decode(text, Rules::Text), expected, "{text}");
        }
    }

    #[test]
    fn parameters_survive_in_attributes() {
        assert_eq!(
            decode("?a=1&copy=2&reg;=3&lt", Rules::Attribute),
            "?a=1&copy=2\u{ae}=3<"
        );
        assert_eq!(
            decode("?a=1&timestamp=2", Rules::Attribute),
            "?a=1&timestamp=2"
        );
        assert_eq!(decode("?a=1&timestamp=2", Rules::Text), "?a=1\u{d7}tamp=2");
        assert_eq!(
            decode("?a=1&timestamp=2&amp;b&#38;c&#38d", Rules::Strict),
            "?a=1&timestamp=2&b&c&#38d"
        );
    }
}
