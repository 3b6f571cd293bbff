//! The report: a case as one HTML file that needs no network.
//!
//! Everything in it is counted on the graph of the case, by the rules of the hunts: the tables hold the rows that
//! the hunts of the summary give. Every url is broken, so that nothing in the file can be followed by mistake.
//!
//! ```text
//! graph ──▶ view ──▶ tables, timeline, network ──▶ model ──▶ page (template, styles, scripts, policy)
//!                        └─ evidence ────────────────┘
//! ```

mod assets;
mod evidence;
mod json;
mod model;
mod network;
mod page;
mod tables;
mod timeline;
mod view;

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::case::{Journal, JournalError, Manifest, Window};
use crate::graph::value::format_time;
use crate::graph::{Graph, RecordNumber};
use crate::hunt::HuntError;
use crate::link::defang_text;
use crate::pipeline::Gap;

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

/// What a report tells of a journal record: where it was asked, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordLine {
    /// When the answer was there.
    #[serde(serialize_with = "time")]
    pub at: DateTime<Utc>,
    /// `graph`, `log_analytics`, `otx`, …
    pub source: String,
    /// GET or POST.
    pub method: String,
    /// Where it went, broken.
    pub url: String,
    /// HTTP status; absent when no whole response came.
    pub status: Option<u16>,
}

/// A line for every record of a journal.
///
/// # Errors
/// When one cannot be read back.
pub fn record_lines(journal: &Journal) -> Result<BTreeMap<RecordNumber, RecordLine>, JournalError> {
    let mut lines = BTreeMap::new();
    journal.each(|record| {
        if let Some(number) = record.number() {
            let line = RecordLine {
                at: record.at,
                method: record.method.as_str().to_owned(),
                url: defang_text(&record.url).into_owned(),
                source: record.source,
                status: record.status,
            };
            lines.insert(number, line);
        }
    })?;
    Ok(lines)
}

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The case itself.
    pub about: &'a About,
    /// Its graph.
    pub graph: &'a Graph,
    /// What could not be had.
    pub gaps: &'a [Gap],
    /// What no permission could have given.
    pub notes: &'a [Gap],
    /// A line for every record that the graph may name.
    pub records: &'a BTreeMap<RecordNumber, RecordLine>,
}

impl Report<'_> {
    /// Everything that the page shows, as the page's script gets it.
    ///
    /// # Errors
    /// A hunt of the library cannot be read.
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
