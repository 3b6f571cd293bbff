//! Finds email addresses in bytes.

use std::ops::Range;

use super::layer::Layer;

/// The longest `[…]` that is taken for a host.
const LITERAL: usize = 64;

/// How strictly an address is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Any text on both sides of an `@`, for text that a person wrote.
    Text,
    /// A name, and a domain that ends in a label of letters, for bytes that may be random.
    Noise,
}

/// The addresses in a text, in order. Url delimiters that are percent-encoded are data, and can be a part of the local
/// part where RFC 5322 allows them.
pub(super) fn addresses(layer: &Layer, rule: Rule) -> Vec<Range<usize>> {
    let bytes = &layer.bytes;
    let mut found: Vec<Range<usize>> = Vec::new();
    for at in signs(bytes) {
        let from = local_start(layer, at.start);
        let to = domain_end(bytes, at.end);
        if from == at.start || to == at.end {
            continue;
        }
        if rule == Rule::Noise && !has_top_level(&bytes[at.end..to]) {
            continue;
        }
        found.push(from..to);
    }
    found
}

/// The positions of each `@`, including its fullwidth and small forms, which browsers and mail programs treat as one.
fn signs(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let starts = memchr::memchr2_iter(b'@', 0xef, bytes);
    starts.filter_map(|at| match bytes[at..] {
        [b'@', ..] => Some(at..at + 1),
        [0xef, 0xbc, 0xa0, ..] | [0xef, 0xb9, 0xab, ..] => Some(at..at + 3),
        _ => None,
    })
}

fn local_start(layer: &Layer, end: usize) -> usize {
    let bytes = &layer.bytes;
    if end > 1 && bytes[end - 1] == b'"' {
        // A quoted local part may contain anything.
        let before = &bytes[..end - 1];
        return memchr::memrchr(b'"', before).unwrap_or(end);
    }
    let local = |at: usize| {
        let byte = bytes[at];
        byte.is_ascii_alphanumeric()
            || byte >= 0x80
            || b".!#$'*+^_`{|}~-".contains(&byte)
            || (layer.is_escaped(at) && b"%&/=?".contains(&byte))
    };
    (0..end).rev().find(|at| !local(*at)).map_or(0, |at| at + 1)
}

fn domain_end(bytes: &[u8], start: usize) -> usize {
    if bytes.get(start) == Some(&b'[') {
        let literal = &bytes[start..bytes.len().min(start + LITERAL)];
        return memchr::memchr(b']', literal).map_or(start, |length| start + length + 1);
    }
    let domain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b".-_".contains(byte);
    let length = bytes[start..]
        .iter()
        .take_while(|byte| domain(byte))
        .count();
    start + length
}

fn has_top_level(domain: &[u8]) -> bool {
    // Random bytes may follow the domain directly, so any label that could be a top-level domain is accepted.
    let mut labels = domain.split(|byte| *byte == b'.');
    let named = labels.next().is_some_and(|label| !label.is_empty());
    named
        && labels.any(|label| {
            label
                .iter()
                .take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80)
                .count()
                >= 2
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let layer = Layer::raw(text.as_bytes());
        let ranges = addresses(&layer, Rule::Text).into_iter();
        ranges.map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn addresses_end_where_a_url_goes_on() {
        assert_eq!(found("e=alice@contoso.com&x=1"), ["alice@contoso.com"]);
        assert_eq!(
            found("/alice.o'neil+x@contoso.com/"),
            ["alice.o'neil+x@contoso.com"]
        );
        assert_eq!(
            found("a@b,c@d.e;\"f g\"@h.i"),
            ["a@b", "c@d.e", "\"f g\"@h.i"]
        );
        assert_eq!(found("a@[192.0.2.1]!"), ["a@[192.0.2.1]"]);
        assert_eq!(found("jürgen@bücher.de ü"), ["jürgen@bücher.de"]);
        assert_eq!(found("alice＠contoso.com"), ["alice＠contoso.com"]);
        assert_eq!(
            found("a_fabrikam.com#EXT#@contoso.com"),
            ["a_fabrikam.com#EXT#@contoso.com"]
        );
    }

    #[test]
    fn an_at_sign_alone_is_no_address() {
        assert!(found("/@51.5,-0.1,15z").is_empty());
        assert!(found("@").is_empty());
        assert!(found("alice@").is_empty());
        assert!(found("alice@&b=c").is_empty());
        assert!(found("\"@").is_empty());
        assert!(found("a@[").is_empty());
    }
}
