//! Why rows of a query are missing.

use super::SOURCE;

/// A reason why rows are missing. The words of the service are cleaned and shortened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Problem {
    #[error("table absent: {0}; connect its data source to the workspace")]
    TableAbsent(String),
    #[error(
        "the workspace holds no data at all (HTTP 204); check [sentinel] workspace_id, and connect data sources"
    )]
    NoData,
    #[error(
        "{query}: no access to the workspace (HTTP {status}{words}); the application needs Log Analytics Reader on it"
    )]
    Forbidden {
        query: &'static str,
        status: u16,
        words: String,
    },
    #[error("{query}: there is no such workspace; check [sentinel] workspace_id")]
    NoWorkspace { query: &'static str },
    #[error("{query}: too many requests{asked}; run again later")]
    Busy { query: &'static str, asked: String },
    #[error("kql/{query}.kql line {line} column {column}: {words}")]
    Query {
        query: &'static str,
        line: usize,
        column: usize,
        words: String,
    },
    #[error("{query}: the service gave a part of the rows only ({words})")]
    Partial { query: &'static str, words: String },
    #[error(
        "{query}: more than {queries} answers can hold ({words}); read in full: {read}; the rows that came are kept"
    )]
    TooLarge {
        query: &'static str,
        queries: usize,
        words: String,
        read: String,
    },
    #[error("{query}: too heavy for the service ({words}); read in full: {read}")]
    TooHeavy {
        query: &'static str,
        words: String,
        read: String,
    },
    #[error("{query}: {words}; read in full: {read}; run again to go on")]
    OutOfTime {
        query: &'static str,
        words: String,
        read: String,
    },
    #[error("{query}: {words}")]
    Failed { query: &'static str, words: String },
}

impl Problem {
    /// What is absent, if `[gaps] accepted` can name it: the table, or the workspace by the name of its source. `None`
    /// for what went wrong.
    pub fn absence(&self) -> Option<&str> {
        match self {
            Self::TableAbsent(table) => Some(table),
            Self::Forbidden { status: 403, .. } => Some(SOURCE.as_str()),
            _ => None,
        }
    }
}
