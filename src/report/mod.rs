//! The report: a case as one HTML file that needs no network.
//!
//! Everything in it is counted on the graph of the case, by the rules of the hunts: the tables hold the rows that
//! the hunts of the summary give. Every url is broken, so that nothing in the file can be followed by mistake.
//!
//! ```text
//! graph ──▶ view ──▶ tables, timeline, network ──▶ model ──▶ page (template, styles, scripts, policy)
//!                        └─ evidence ◀── records ────┘
//! ```

mod assets;
mod evidence;
mod json;
mod model;
mod network;
mod page;
mod records;
mod tables;
mod timeline;
mod view;

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use json::shown;
use serde::Serialize;

use crate::case::Manifest;
use crate::graph::Graph;
use crate::hunt::HuntError;
use crate::journal::{JournalError, Record};
use crate::model::Gap;
use crate::model::RecordNumber;
use crate::model::Window;
use crate::model::format_time;

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

/// What a report tells of the case itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// Its id.
    pub id: String,
    /// Version of linktrail that made it.
    pub version: String,
    /// When it was made.
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

/// What a report tells of a journal record.
#[derive(Debug, Serialize)]
struct RecordLine {
    /// When the answer was there.
    #[serde(serialize_with = "time")]
    at: DateTime<Utc>,
    source: String,
    method: &'static str,
    /// Where it went, broken.
    url: String,
    /// HTTP status; absent when no whole response came.
    status: Option<u16>,
}

impl RecordLine {
    fn of(record: &Record) -> Self {
        Self {
            at: record.at,
            source: record.source.clone(),
            method: record.method.as_str(),
            url: shown(&record.url),
            status: record.status,
        }
    }
}

/// What a report is made of.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// The case itself.
    pub about: &'a About,
    /// Its graph.
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

impl Report<'_> {
    /// Everything that the page shows, as the page's script gets it.
    ///
    /// # Errors
    /// A hunt of the library or a record cannot be read.
    pub fn model(&self) -> Result<serde_json::Value, ReportError> {
        Ok(serde_json::to_value(model::Model::new(self)?)?)
    }

    /// Writes the page. The same case gives the same bytes.
    ///
    /// # Errors
    /// When it cannot be made, or `out` takes no more.
    pub fn write(&self, mut out: impl Write) -> Result<(), ReportError> {
        let model = model::Model::new(self)?;
        page::write(&model, &mut out)?;
        out.flush()?;
        Ok(())
    }
}

fn time<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_time(*at))
}
