//! The error of this folder.

use std::io;

use crate::hunt::HuntError;
use crate::journal::JournalError;

/// The reason why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A hunt of the library is not valid, so its table has no title and no columns.
    #[error(transparent)]
    Hunt(#[from] HuntError),
    /// The template of the page cannot be rendered.
    #[error("the page of the report cannot be made: {0}")]
    Page(#[from] minijinja::Error),
    /// The data cannot be serialised as JSON.
    #[error("the data of the report cannot be made: {0}")]
    Data(#[from] serde_json::Error),
    /// A record of the journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The report file cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}
