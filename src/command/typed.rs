//! Commands to run next, written so that they can be typed as they stand.
//!
//! Only what every shell takes for itself is written into a command. Anything else stands beside the command, which
//! has a name in its place.

use std::fmt;
use std::path::Path;

use crate::cli::Global;
use crate::terminal::{clean, path_word};

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
        if let Some(word) = path.to_str().and_then(path_word) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn global(arguments: &[&str]) -> Global {
        let all = [&["linktrail", "schema", "print"], arguments].concat();
        Cli::try_parse_from(all).unwrap().global
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
}
