//! Makes text from outside safe to show in a terminal, and safe to paste into a shell.
//!
//! A message, a url or a name can hold escape sequences that change colours, overwrite other output or type on behalf
//! of the analyst, and bidirectional marks that make `fdp.exe` look like `exe.pdf`. Whatever is shown goes through
//! [`clean`], and JSON through [`harmless`].

use std::borrow::Cow;
use std::io::{self, Write};

/// Writes a text to stderr for the person who waits there, whatever `-q` and the log say. A failure is ignored, since it
/// could not be reported anywhere. The caller cleans what comes from outside.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Removes control and bidirectional characters, and replaces every line break and tab by a space, so that the text
/// stays on its line.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    // A line break of two characters becomes one space.
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

/// JSON in which every character that a terminal could interpret is written as `\u…`. The meaning is the same and
/// nothing is lost. Line breaks between the parts stay; valid JSON has none inside strings.
pub fn harmless(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_unsafe(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Whether a terminal could interpret the character instead of showing it.
pub fn is_unsafe(c: char) -> bool {
    c.is_control() || breaks_line(c) || reorders(c)
}

fn breaks_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The Bidi_Control characters of Unicode (UAX #9), and obsolete format characters that terminals treat in the same
/// way.
fn reorders(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
    )
}

/// The text as one word of any shell, bare or in double quotes; `None` when a POSIX shell, fish, PowerShell or cmd.exe
/// could interpret a part of it.
///
/// `%` is refused, since cmd.exe takes the text between two of them for the name of a variable, whose value may hold
/// quotes. Characters beyond ASCII are refused too: PowerShell accepts typographic quotes as quotes, and Windows
/// converts some other characters into plain ones.
pub fn word(text: &str) -> Option<String> {
    quoted(text, |_| false)
}

/// A path that the user chose, as one word of any shell, like [`word`]. Letters of every script are accepted too, and
/// on Windows backslashes.
pub fn path_word(text: &str) -> Option<String> {
    // Some modifier letters look like quotes and are converted into quotes.
    let letter = |c: char| c.is_alphanumeric() && !('\u{2b0}'..='\u{2ff}').contains(&c);
    quoted(text, |c| letter(c) || cfg!(windows) && c == '\\')
}

/// The word, bare or in double quotes. `more` names further characters that have no meaning inside double quotes.
fn quoted(text: &str, more: impl Fn(char) -> bool) -> Option<String> {
    let bare = |c: char| c.is_ascii_alphanumeric() || "@.:/_-".contains(c);
    let inert = |c: char| bare(c) || " ~=+,[]{}?&#|;()".contains(c) || more(c);
    // A word with a leading hyphen would be an option, and a backslash at the end would escape the closing quote.
    if text.is_empty() || text.starts_with('-') || text.ends_with('\\') {
        None
    } else if text.chars().all(bare) && !text.starts_with('@') {
        Some(text.to_owned())
    } else {
        text.chars().all(inert).then(|| format!("\"{text}\""))
    }
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
        fn json_is_the_same_and_harmless(text in "\\PC*|[\u{0}-\u{a0}\u{2000}-\u{2070}a-z]*|[\u{e0000}-\u{e007f}]*") {
            let value = serde_json::json!({ "key": [text.as_str()], text.as_str(): 1 });
            let json = harmless(&serde_json::to_string_pretty(&value).unwrap());
            prop_assert!(!json.contains(|c| c != '\n' && is_unsafe(c)), "{json:?}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
        }
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

    #[test]
    fn a_word_is_bare_or_quoted_or_none() {
        let bare = |text: &str| Some(text.to_owned());
        let quoted = |text: &str| Some(format!("\"{text}\""));
        for text in ["cases/01M87YY38MRQ8MT3Z75GS2MJCB", "alice@contoso.com"] {
            assert_eq!((word(text), path_word(text)), (bare(text), bare(text)));
        }
        for text in ["cases/Q4 lure", "R&D (lure)", "@host"] {
            assert_eq!((word(text), path_word(text)), (quoted(text), quoted(text)));
        }
        for text in ["~/fälle", "案件/1"] {
            assert_eq!((word(text), path_word(text)), (None, quoted(text)));
        }
        for text in [
            "",
            "-x",
            "a\"b",
            "a'b",
            "a“b",
            "aʺb",
            "$HOME",
            "%TEMP%",
            "a`b`",
            "a!b",
            "a^b",
            "a\nb",
            "a\u{1b}[2Jb",
            "a\u{202e}b",
            "a b\\",
        ] {
            assert_eq!((word(text), path_word(text)), (None, None), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_shell_reads_more_into_a_word(text in "\\PC*|[ -~]*|[a-z /]*") {
            for word in [word(&text), path_word(&text)].into_iter().flatten() {
                let inner = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
                prop_assert_eq!(inner.unwrap_or(&word), &text);
                let splits = |c: char| c.is_whitespace() || "&|;?[]{}()=,#~".contains(c);
                prop_assert!(inner.is_some() || !text.contains(splits), "{}", word);
                let ends = |c: char| "\"'`$%!^<>*“”„‘’ʺʹ".contains(c) || c.is_control();
                prop_assert!(!text.contains(ends), "{}", word);
            }
        }
    }
}
