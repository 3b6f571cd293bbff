//! Commands to run next, written so that they can be typed as they stand.
//!
//! bash, zsh, fish, PowerShell and cmd agree on little. Only what all of them take for itself is written into a command,
//! bare or in double quotes. Anything else stands beside the command, which has a name in its place.

use std::fmt;
use std::path::Path;

use crate::cli::Global;
use crate::terminal::clean;

/// A command of linktrail.
pub(super) struct Typed {
    /// The command alone, on one line.
    pub(super) command: String,
    /// What could not be written into it: the name in its place, and what it stands for.
    beside: Vec<(&'static str, String)>,
}

/// The command of these words, with the configuration file that this one was given, if any.
pub(super) fn command(global: &Global, words: &str) -> Typed {
    let typed = Typed {
        command: format!("linktrail {words}"),
        beside: Vec::new(),
    };
    match &global.config {
        Some(file) => typed.words("--config").path("FILE", file),
        None => typed,
    }
}

impl Typed {
    /// With these words at its end.
    pub(super) fn words(mut self, words: &str) -> Self {
        self.command.push(' ');
        self.command.push_str(words);
        self
    }

    /// With a path at its end, or the name when the path cannot be typed.
    pub(super) fn path(mut self, name: &'static str, path: &Path) -> Self {
        if let Some(word) = path.to_str().and_then(word) {
            return self.words(&word);
        }
        let shown = path.display().to_string();
        self.beside.push((name, clean(&shown).into_owned()));
        self.words(name)
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.command)?;
        for (name, path) in &self.beside {
            write!(f, ", where {name} is {path}")?;
        }
        Ok(())
    }
}

/// The text as one word of any shell; none when there is no form that all of them read alike.
pub(super) fn word(text: &str) -> Option<String> {
    let bare = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    let quoted = |c: char| {
        // A backslash is a character of paths on Windows alone.
        bare(c)
            || c.is_alphanumeric()
            || " ()[]{},;=@+~#&?|".contains(c)
            || cfg!(windows) && c == '\\'
    };
    // What begins like an option is taken for one, and a backslash at the end would take the quote with it.
    if text.is_empty() || text.starts_with('-') || text.ends_with('\\') {
        None
    } else if text.chars().all(bare) {
        Some(text.to_owned())
    } else if text.chars().all(quoted) {
        Some(format!("\"{text}\""))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn global(arguments: &[&str]) -> Global {
        let all = [&["linktrail", "schema", "print"], arguments].concat();
        Cli::try_parse_from(all).unwrap().global
    }

    #[test]
    fn a_word_is_bare_or_quoted_or_none() {
        for (text, typed) in [
            (
                "cases/01M87YY38MRQ8MT3Z75GS2MJCB",
                Some("cases/01M87YY38MRQ8MT3Z75GS2MJCB"),
            ),
            ("cases/Q4 lure", Some("\"cases/Q4 lure\"")),
            ("R&D (lure)", Some("\"R&D (lure)\"")),
            ("~/fälle", Some("\"~/fälle\"")),
            ("", None),
            ("-x", None),
            ("a\"b", None),
            ("a'b", None),
            ("a“b", None),
            ("$HOME", None),
            ("%TEMP%", None),
            ("a`b`", None),
            ("a!b", None),
            ("a^b", None),
            ("a\nb", None),
            ("a\u{1b}[2Jb", None),
            ("a\u{202e}b", None),
            ("a b\\", None),
        ] {
            assert_eq!(word(text).as_deref(), typed, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_typed_stands_beside_the_command() {
        let load = |arguments: &[&str], dir: &str| {
            command(&global(arguments), "load")
                .words("--case")
                .path("DIR", Path::new(dir))
        };
        let plain = load(&[], "cases/x").to_string();
        assert_eq!(plain, "`linktrail load --case cases/x`");
        let config = load(&["--config", "my conf.toml"], "Q4 lure").to_string();
        assert_eq!(
            config,
            "`linktrail load --config \"my conf.toml\" --case \"Q4 lure\"`"
        );
        let typed = load(&["--config", "$x"], "a\u{1b}`b`");
        assert_eq!(typed.command, "linktrail load --config FILE --case DIR");
        assert_eq!(
            typed.to_string(),
            "`linktrail load --config FILE --case DIR`, where FILE is $x, where DIR is a`b`"
        );
    }

    proptest! {
        #[test]
        fn no_shell_reads_more_into_a_word(text in "\\PC*|[ -~]*|[a-z /]*") {
            if let Some(word) = word(&text) {
                let inner = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
                prop_assert_eq!(inner.unwrap_or(&word), &text);
                let splits = |c: char| c.is_whitespace() || "&|;?[]{}()=,@#~".contains(c);
                prop_assert!(inner.is_some() || !text.contains(splits), "{}", word);
                let ends = |c: char| "\"'`$%!^<>*“”„‘’".contains(c) || c.is_control();
                prop_assert!(!text.contains(ends), "{}", word);
            }
        }
    }
}
