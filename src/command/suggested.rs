//! Commands that are suggested to the user, written so that they can be pasted into any shell.
//!
//! Only text that no shell interprets is written into a command. Any other path is replaced by a name such as `DIR` and
//! shown beside the command.

use std::fmt;
use std::path::Path;

use crate::cli::Global;
use crate::terminal::{clean, path_word};

/// A command line of linktrail that is suggested as the next one.
pub(super) struct SuggestedCommand {
    /// The command, on one line.
    pub(super) line: String,
    /// The paths that could not be written into the line, each with the name that replaces it.
    beside: Vec<(&'static str, String)>,
}

/// The command with these words, and with the `--config` of the present command, if it has one.
pub(super) fn command(global: &Global, words: &str) -> SuggestedCommand {
    let command = SuggestedCommand {
        line: format!("linktrail {words}"),
        beside: Vec::new(),
    };
    match &global.config {
        Some(file) => command.words("--config").path("FILE", file),
        None => command,
    }
}

impl SuggestedCommand {
    /// Appends words.
    pub(super) fn words(mut self, words: &str) -> Self {
        self.line.push(' ');
        self.line.push_str(words);
        self
    }

    /// Appends a path, or the name in its place if a shell could interpret a part of the path.
    pub(super) fn path(mut self, name: &'static str, path: &Path) -> Self {
        if let Some(word) = path.to_str().and_then(path_word) {
            return self.words(&word);
        }
        let shown = path.display().to_string();
        self.beside.push((name, clean(&shown).into_owned()));
        self.words(name)
    }
}

impl fmt::Display for SuggestedCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.line)?;
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
    fn a_path_that_a_shell_would_change_stands_beside_the_command() {
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
        let command = load(&["--config", "$x"], "a\u{1b}`b`");
        assert_eq!(command.line, "linktrail load --config FILE --case DIR");
        assert_eq!(
            command.to_string(),
            "`linktrail load --config FILE --case DIR`, where FILE is $x, where DIR is a`b`"
        );
    }
}
