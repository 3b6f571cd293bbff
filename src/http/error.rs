//! Errors that prevent an exchange with a service.

use std::path::PathBuf;

use super::sign_in::SignInError;
use crate::journal::JournalError;

/// A request could not be made or recorded. A service that returns an error or does not answer is recorded as an
/// [`Exchange`], and is not a failure.
///
/// [`Exchange`]: crate::journal::Exchange
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Failure {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(
        "the case is not complete: it holds no answer to {0}; run the same command without --replay to fetch what is missing"
    )]
    NotRecorded(String),
}

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum TransportError {
    #[error("[endpoints] ca_file {path}: {reason}")]
    Certificates { path: PathBuf, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}
