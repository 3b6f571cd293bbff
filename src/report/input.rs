//! The input of a report: the case, its graph and its records.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::json::time;
use crate::case::Manifest;
use crate::graph::Graph;
use crate::journal::{JournalError, Record};
use crate::model::{RecordNumber, StoredGap, Window};

/// The description of the case at the head of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// The id of the case.
    pub id: String,
    /// The version of linktrail that created the case.
    pub version: String,
    /// The time at which the case was created.
    #[serde(serialize_with = "time")]
    pub created: DateTime<Utc>,
    /// The time range under investigation.
    pub window: Window,
}

impl From<&Manifest> for About {
    fn from(manifest: &Manifest) -> Self {
        Self {
            id: manifest.id.clone(),
            version: manifest.version.clone(),
            created: manifest.created,
            window: manifest.window,
        }
    }
}

/// The input of a report.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// The description of the case at the head of the page.
    pub about: &'a About,
    /// The graph from which everything in the report is computed.
    pub graph: &'a Graph,
    /// The gaps: what is missing and could have been read.
    pub gaps: &'a [StoredGap],
    /// The notes: what is missing and no permission could have provided.
    pub notes: &'a [StoredGap],
    /// Looks up a journal record by its number; `None` when the journal has no such record.
    pub record: &'a dyn Fn(RecordNumber) -> Result<Option<Record>, JournalError>,
    /// Whether messages may be quoted: false when `[messages] store` is `none`.
    pub quotes: bool,
}
