//! What Microsoft Graph says of a failure: its code, and its message as it may stand in a reason.

use serde_json::Value;

use crate::journal::Exchange;
use crate::terminal;

/// The most characters of Graph's own words in a reason.
const LONGEST_WORDS: usize = 160;

/// What Graph itself says of a failure.
pub(super) struct Words {
    status: u16,
    code: String,
    /// The codes and messages of the error and of those inside it, in lower case.
    all: String,
    /// The message as it may be shown.
    message: String,
}

impl Words {
    /// Reads the error in a body.
    pub(super) fn of(exchange: &Exchange) -> Self {
        let body: Value = serde_json::from_str(exchange.body()).unwrap_or_default();
        let mut all = String::new();
        let mut error = body.get("error");
        let text = |error: &Value, name: &str| {
            let text = error.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let (code, message) = match error {
            Some(error) => (text(error, "code"), text(error, "message")),
            None => Default::default(),
        };
        // Graph spells it both ways. It is nested two or three deep.
        for _ in 0..8 {
            let Some(inner) = error else { break };
            let (code, message) = (text(inner, "code"), text(inner, "message"));
            all.push_str(&format!("{code}\n{message}\n").to_lowercase());
            error = inner.get("innerError").or(inner.get("innererror"));
        }
        Self {
            status: exchange.status().unwrap_or_default(),
            code: plain_code(code),
            all,
            message: shown(&message),
        }
    }

    /// True when any of these texts, in lower case, stands in one of its codes or messages.
    pub(super) fn has(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.all.contains(text))
    }

    /// True for a refusal that only repeats that it is one.
    pub(super) fn say_nothing(&self) -> bool {
        let empty = ["", "forbidden", "unknownerror"];
        self.all.lines().all(|line| empty.contains(&line))
    }
}

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            status,
            code,
            message,
            ..
        } = self;
        write!(f, "HTTP {status}")?;
        if !code.is_empty() {
            write!(f, " {code}")?;
        }
        if !message.is_empty() && message != code {
            write!(f, ": \"{message}\"")?;
        }
        Ok(())
    }
}

/// The code of an error, if it is a single word.
fn plain_code(code: String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    match code.len() <= 64 && code.chars().all(is_plain) {
        true => code,
        false => String::new(),
    }
}

/// A message as it may stand in a reason: cleaned, cut, and without what differs from one object to the next (ids,
/// addresses, urls), so that equal causes have equal reasons.
fn shown(message: &str) -> String {
    let message = terminal::clean(message);
    let words = message.split_whitespace().map(|word| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let is_own = word.contains("://")
            || word.contains('@')
            || word.contains("19:")
            || digits >= 6
            || word.len() > 48;
        if is_own { "…" } else { word }
    });
    let words: Vec<&str> = words.collect();
    // A quote of the message would end the one around it.
    let text = words.join(" ").replace('"', "'");
    let mut cut: String = text.chars().take(LONGEST_WORDS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_single_word() {
        assert_eq!(plain_code("SEM0100.x-y_z".to_owned()), "SEM0100.x-y_z");
        for code in ["a b", "a\u{202e}b", "a:b", &"a".repeat(65)] {
            assert_eq!(plain_code(code.to_owned()), "", "{code}");
        }
    }

    #[test]
    fn a_message_is_cleaned_and_cut() {
        assert_eq!(
            shown("one\r\n\u{1b}[31mtwo\u{202e} \"three\""),
            "one [31mtwo 'three'"
        );
        assert_eq!(
            shown("id 4b4d3f9d-5339-43fb-a471-39da7b927199 at 19:x@thread.v2"),
            "id … at …"
        );
        assert_eq!(
            shown(&"wort ".repeat(99)).chars().count(),
            LONGEST_WORDS + 1
        );
    }
}
