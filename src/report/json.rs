//! JSON that can stand inside a page.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::link::defang_text;
use crate::terminal;

/// A text from outside as a report holds it: every url in it broken.
pub(super) fn shown(text: &str) -> String {
    defang_text(text).into_owned()
}

/// The value as JSON that no parser of HTML takes for markup: `<` and `>` are escaped, and so is everything that
/// breaks a line or turns the direction of writing around.
///
/// # Errors
/// The value has no form in JSON.
pub(super) fn for_page(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut out, ForPage))?;
    Ok(out)
}

struct ForPage;

impl Formatter for ForPage {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut done = 0;
        for (at, c) in fragment.char_indices() {
            if matches!(c, '<' | '>' | '&') || terminal::is_unsafe(c) {
                writer.write_all(&fragment.as_bytes()[done..at])?;
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                done = at + c.len_utf8();
            }
        }
        writer.write_all(&fragment.as_bytes()[done..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_block_and_the_value_is_the_same() {
        let hostile = "</script><!--\u{2028}\u{202e}\0 a&b \u{10ffff}";
        let json = String::from_utf8(for_page(&[hostile]).unwrap()).unwrap();
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{202e}', '\0']));
        let back: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, [hostile]);
    }
}
