//! What a report is made from: the case, its graph and its records.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::json::time;
use crate::case::Manifest;
use crate::graph::Graph;
use crate::journal::{JournalError, Record};
use crate::model::{Gap, RecordNumber, Window};

/// What a report tells of the case itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// Id of the case.
    pub id: String,
    /// Version of linktrail that made it.
    pub version: String,
    /// When the case was made.
    #[serde(serialize_with = "time")]
    pub created: DateTime<Utc>,
    /// The time under investigation.
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

/// What a report is made from.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// What is said of the case at the head of the page.
    pub about: &'a About,
    /// The graph that everything in the report is counted on.
    pub graph: &'a Graph,
    /// What could not be had.
    pub gaps: &'a [Gap],
    /// What no permission could have given.
    pub notes: &'a [Gap],
    /// The journal's record of a number.
    pub record: &'a dyn Fn(RecordNumber) -> Result<Option<Record>, JournalError>,
    /// Whether messages may be quoted: not when `[messages] store` is none.
    pub quotes: bool,
}
