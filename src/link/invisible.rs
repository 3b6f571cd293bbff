//! Handles characters that a reader cannot see, or that change what a reader sees.

use std::borrow::Cow;

/// True for characters without width and without meaning in a url: zero-width and joining characters, soft hyphens,
/// variation selectors, tags and every bidirectional control.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{e0000}'..='\u{e0fff}')
}

/// True for characters that a reader sees as a gap: Unicode white space and letters that are drawn blank.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{1680}')
}

/// The text without its invisible characters.
pub(crate) fn strip(text: &str) -> Cow<'_, str> {
    if !may_hold_invisible(text) || !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&c| !is_invisible(c)).collect())
}

/// Appends `text` to `out` without its invisible characters. Where only an invisible character separates two urls, a
/// blank keeps them apart, since a client shows two links there.
pub(crate) fn push_visible(out: &mut String, text: &str) {
    if !may_hold_invisible(text) {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_invisible(c)) {
        out.push_str(&rest[..at]);
        rest = rest[at + c.len_utf8()..].trim_start_matches(is_invisible);
        if starts_a_url(rest) {
            out.push(' ');
        }
    }
    out.push_str(rest);
}

/// False when no character of the text is invisible. It looks only at the first byte of each character, and at the
/// second where common letters have the same first byte, so it may be true without an invisible character.
pub(crate) fn may_hold_invisible(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let bytes = text.as_bytes();
    let mut found = false;
    // The loop has no early exit, so that the compiler can compare many bytes at once.
    for (&a, &b) in bytes.iter().zip(&bytes[1..]) {
        let first = matches!(a, 0xcd | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf0 | 0xf3);
        found |= first | ((a == 0xc2) & (b == 0xad));
    }
    found
}

/// True when the text starts with a web scheme, plain or defanged.
fn starts_a_url(text: &str) -> bool {
    let head: String = text
        .chars()
        .take(8)
        .collect::<String>()
        .to_ascii_lowercase();
    ["http://", "https://", "hxxp", "ftp://"]
        .iter()
        .any(|scheme| head.starts_with(scheme))
}

/// The text in the order in which it is displayed, as far as deception needs it: the part after a right-to-left
/// override (U+202E) is mirrored. That is enough to read a Latin address that was written backwards.
pub(crate) fn in_display_order(text: &str) -> Cow<'_, str> {
    if !may_hold_invisible(text) || !text.contains('\u{202e}') {
        return Cow::Borrowed(text);
    }
    let ends_override =
        |c: char| matches!(c, '\u{202a}'..='\u{202d}' | '\u{2066}'..='\u{2069}') || c == '\n';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{202e}') {
        out.push_str(&rest[..at]);
        let run = &rest[at + '\u{202e}'.len_utf8()..];
        let end = run
            .find(|c| ends_override(c) || c == '\u{202e}')
            .unwrap_or(run.len());
        out.extend(run[..end].chars().rev());
        rest = &run[end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Builds one line that is safe to show: trimmed, white space collapsed to single spaces, and no control, bidirectional
/// or zero-width characters.
#[derive(Default)]
pub(crate) struct Line {
    text: String,
    gap: bool,
}

impl Line {
    /// Appends text.
    pub(crate) fn push(&mut self, text: &str) {
        let mut rest = text;
        loop {
            let run = rest.bytes().take_while(u8::is_ascii_graphic).count();
            if run > 0 {
                self.piece(&rest[..run]);
            }
            let Some(c) = rest[run..].chars().next() else {
                return;
            };
            if is_blank(c) {
                self.gap = true;
            } else if !c.is_control() && !is_invisible(c) {
                self.piece(c.encode_utf8(&mut [0; 4]));
            }
            rest = &rest[run + c.len_utf8()..];
        }
    }

    /// Appends characters that are visible.
    fn piece(&mut self, piece: &str) {
        if self.gap && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.gap = false;
        self.text.push_str(piece);
    }

    /// Ends a word, so that the next character comes after a space.
    pub(crate) fn gap(&mut self) {
        self.gap = true;
    }

    /// The finished line.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// `text` as one line, see [`Line`]; `None` when nothing of it is visible.
pub(crate) fn single_line(text: &str) -> Option<String> {
    let mut line = Line::default();
    line.text.reserve(text.trim().len());
    line.push(text);
    Some(line.into_text()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_width_goes() {
        assert_eq!(
            strip("ev\u{200b}il\u{2060}\u{feff}\u{ad}.example"),
            "evil.example"
        );
        assert!(matches!(strip("plain"), Cow::Borrowed("plain")));
        assert!(matches!(strip("ohne Änderung"), Cow::Borrowed(_)));
    }

    #[test]
    fn invisible_characters_part_two_urls_but_not_one() {
        let mut out = String::new();
        push_visible(
            &mut out,
            "https://a.example/\u{200b}\u{200b}https://b.ex\u{200b}ample/",
        );
        assert_eq!(out, "https://a.example/ https://b.example/");
    }

    #[test]
    fn a_right_to_left_override_is_read_as_drawn() {
        assert_eq!(
            in_display_order("see \u{202e}moc.elpmaxe\u{202c} now"),
            "see example.com\u{202c} now"
        );
        assert_eq!(in_display_order("\u{202e}cba"), "abc");
        assert_eq!(in_display_order("\u{202e}ba\u{202e}dc"), "abcd");
        assert!(matches!(
            in_display_order("left to right"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn no_invisible_character_is_overlooked() {
        for c in ('\0'..=char::MAX).filter(|&c| is_invisible(c)) {
            for text in [format!("{c}"), format!("\u{e4}{c}"), format!("{c}a")] {
                assert!(may_hold_invisible(&text), "{c:?}");
            }
        }
        assert!(!may_hold_invisible("ohne \u{c4}nderung\u{a0}"));
    }

    #[test]
    fn one_line() {
        assert_eq!(
            single_line(" a\r\n\tb\u{a0}\u{202e}c\u{7}  "),
            Some("a b c".into())
        );
        assert_eq!(single_line("\u{200b} \u{2800}"), None);
    }
}
