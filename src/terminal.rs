//! Makes text from outside safe to show in a terminal.
//!
//! A message, a url or a name can hold escape sequences that recolour, overwrite or answer on behalf of the
//! analyst, and bidirectional marks that make `exe.pdf` of `fdp.exe`. Whatever is shown goes through [`clean`].

use std::borrow::Cow;

/// Takes control and bidirectional characters out, and makes a space of every line break and tab, so that the
/// text stays on the line it is put on.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    // A break of two characters is one break.
    let text = text.replace("\r\n", "\n");
    Cow::Owned(
        text.chars()
            .filter_map(|c| match c {
                c if breaks_line(c) => Some(' '),
                c if is_unsafe(c) => None,
                c => Some(c),
            })
            .collect(),
    )
}

/// Whether a terminal could take the character for anything but itself.
pub fn is_unsafe(c: char) -> bool {
    c.is_control() || breaks_line(c) || reorders(c)
}

fn breaks_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Unicode's Bidi_Control characters (UAX #9), and the obsolete format characters that terminals treat alike.
fn reorders(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_is_not_copied() {
        for text in ["", "alice@contoso.com", "Zoë — 部門 👩‍💻", "a|b;c\"d"] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn escape_sequences_lose_what_makes_them_work() {
        assert_eq!(clean("\u{1b}[2J\u{1b}]0;owned\u{7}x"), "[2J]0;ownedx");
        assert_eq!(clean("\u{9b}31mred"), "31mred", "C1 controls are controls");
        assert_eq!(clean("a\u{7f}b\0c"), "abc");
    }

    #[test]
    fn a_name_cannot_be_turned_around() {
        assert_eq!(clean("invoice\u{202e}fdp.exe"), "invoicefdp.exe");
        assert_eq!(clean("\u{2066}a\u{2069}\u{61c}\u{200f}b"), "ab");
    }

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(
            clean("one\r\ntwo\nthree\tfour\u{2028}five"),
            "one two three four five"
        );
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left_and_all_else_is(text in "\\PC*|[\u{0}-\u{a0}\u{2000}-\u{2070}a-z]*") {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.contains(is_unsafe));
            prop_assert_eq!(clean(&cleaned), cleaned.as_ref());
            let kept = |text: &str| text.chars().filter(|c| !is_unsafe(*c) && *c != ' ').collect::<String>();
            prop_assert_eq!(kept(&cleaned), kept(&text));
        }
    }
}
