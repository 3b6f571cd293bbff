//! Why there is no report.

use std::io;

use crate::hunt::HuntError;
use crate::journal::JournalError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A hunt of the library cannot be read, so that its table has no title and no columns.
    #[error(transparent)]
    Hunt(#[from] HuntError),
    /// The template of the page does not render.
    #[error("the page of the report cannot be made: {0}")]
    Page(#[from] minijinja::Error),
    /// What is shown has no form in JSON.
    #[error("the data of the report cannot be made: {0}")]
    Data(#[from] serde_json::Error),
    /// A record cannot be read back.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The file takes no more.
    #[error(transparent)]
    Io(#[from] io::Error),
}
