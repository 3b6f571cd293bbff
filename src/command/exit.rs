//! The result of a command: its exit code, and the error message when it failed.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::case::{CaseError, UnpackError};
use crate::config::ConfigError;
use crate::evidence::NotFound;
use crate::http;
use crate::hunt::HuntError;
use crate::hunt::browser_export::BrowserExportError;
use crate::intel::{PrivacyError, SetupError};
use crate::journal::JournalError;
use crate::pipeline::RunError;
use crate::report::ReportError;
use crate::sink::neo4j::Neo4jError;
use crate::terminal::clean;

/// The result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command succeeded and nothing is missing: 0.
    Complete,
    /// The command failed: 1.
    Failed,
    /// The command line or the configuration is not valid: 2.
    Usage,
    /// The command succeeded, but the listed gaps are missing: 3.
    Gaps,
    /// The command was interrupted and can be resumed: 130.
    Interrupted,
}

impl Exit {
    /// The exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Gaps => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error that can end a command. Only its own text is shown, and [`Error::source`] is not, so the text has to
/// contain the cause.
pub(super) trait EndsCommand: Error {
    /// The result of a command that ends with this error.
    fn exit(&self) -> Exit {
        Exit::Failed
    }

    /// The error message, without characters that are harmful in a terminal.
    fn message(&self) -> String {
        clean(&self.to_string()).into_owned()
    }
}

/// Wrong usage that clap cannot detect.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

impl EndsCommand for UsageError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl EndsCommand for ConfigError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    /// Keeps each problem on a line of its own.
    fn message(&self) -> String {
        let text = self.to_string();
        let lines: Vec<_> = text.lines().map(clean).collect();
        lines.join("\n")
    }
}

impl EndsCommand for NotFound {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl EndsCommand for HuntError {
    fn exit(&self) -> Exit {
        if self.is_usage() {
            Exit::Usage
        } else {
            Exit::Failed
        }
    }
}

/// The cause is always a certificate file that the configuration names.
impl EndsCommand for http::TransportError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl EndsCommand for CaseError {}
impl EndsCommand for UnpackError {}
impl EndsCommand for JournalError {}
impl EndsCommand for http::Failure {}
impl EndsCommand for BrowserExportError {}

impl EndsCommand for Neo4jError {
    fn exit(&self) -> Exit {
        match self {
            Self::Plaintext { .. } | Self::RoutedInPlaintext { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
impl EndsCommand for PrivacyError {}
impl EndsCommand for ReportError {}
impl EndsCommand for RunError {}
impl EndsCommand for SetupError {}
impl EndsCommand for fmt::Error {}
impl EndsCommand for io::Error {}
impl EndsCommand for serde_json::Error {}
impl EndsCommand for std::string::FromUtf8Error {}

/// The reason why a command failed: the error message and the exit code.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    /// The error message, without characters that are harmful in a terminal.
    pub(super) message: String,
}

impl<E: EndsCommand> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            exit: error.exit(),
            message: error.message(),
        }
    }
}

/// Adds to an error message what the command was doing.
pub(super) trait Context<T> {
    /// Puts this text before the error's message, and keeps its exit code.
    fn context(self, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> Context<T> for Result<T, E> {
    fn context(self, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| {
            let Failure { exit, message } = error.into();
            Failure {
                exit,
                message: format!("{}: {message}", clean(&doing())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes() {
        let codes = [
            Exit::Complete,
            Exit::Failed,
            Exit::Usage,
            Exit::Gaps,
            Exit::Interrupted,
        ]
        .map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 130]);
    }

    #[test]
    fn an_error_says_how_a_command_ends() {
        let wrong = Failure::from(UsageError("a\u{1b}[2J\nb".to_owned()));
        assert_eq!(
            (wrong.exit, wrong.message.as_str()),
            (Exit::Usage, "a[2J b")
        );
        let tls = http::TransportError::Tls("no".to_owned());
        assert_eq!(Failure::from(tls).exit, Exit::Usage);
        assert_eq!(Failure::from(io::Error::other("disk")).exit, Exit::Failed);
    }

    #[test]
    fn a_context_stands_before_the_error_and_leaves_its_exit_code() {
        let wrong: Result<(), _> = Err(UsageError("no such case".to_owned()));
        let failure = wrong.context(|| "cannot push".to_owned()).unwrap_err();
        assert_eq!(
            (failure.exit, failure.message.as_str()),
            (Exit::Usage, "cannot push: no such case")
        );
    }
}
