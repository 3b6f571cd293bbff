//! The report: a case as one HTML file that needs no network.
//!
//! Everything in it is computed from the graph of the case, by the rules of the hunts: the tables have the rows that
//! the hunts of the summary return. Every url is defanged, so that nothing in the file can be clicked by mistake.
//!
//! ```text
//! graph ──▶ view ──▶ listing ──▶ tables, timeline, network ──▶ model ──▶ page (template, styles, scripts, policy)
//!                                    └─ elements ◀── records ────┘
//! ```

mod assets;
mod elements;
mod error;
mod input;
mod json;
mod listing;
mod model;
mod network;
mod page;
mod reach;
mod records;
mod tables;
mod timeline;
mod view;

use std::io::Write;

pub use error::ReportError;
pub use input::{About, Report};

impl Report<'_> {
    /// The data that the page's script receives.
    ///
    /// # Errors
    /// When a hunt of the library is not valid, or a record cannot be read.
    pub fn model(&self) -> Result<serde_json::Value, ReportError> {
        Ok(serde_json::to_value(model::Model::new(self)?)?)
    }

    /// Writes the page. The same case gives the same bytes.
    ///
    /// # Errors
    /// When the page cannot be rendered, or `out` cannot be written.
    pub fn write(&self, mut out: impl Write) -> Result<(), ReportError> {
        let model = model::Model::new(self)?;
        page::write(&model, &mut out)?;
        out.flush()?;
        Ok(())
    }
}
