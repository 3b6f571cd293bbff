//! The report: a case as one HTML file that needs no network.
//!
//! Everything in it is counted on the graph of the case, by the rules of the hunts: the tables hold the rows that
//! the hunts of the summary give. Every url is broken, so that nothing in the file can be followed by mistake.
//!
//! ```text
//! graph ──▶ view ──▶ tables, timeline, network ──▶ model ──▶ page (template, styles, scripts, policy)
//!                        └─ elements ◀── records ────┘
//! ```

mod assets;
mod elements;
mod error;
mod input;
mod json;
mod model;
mod network;
mod page;
mod records;
mod tables;
mod timeline;
mod view;

use std::io::Write;

pub use error::ReportError;
pub use input::{About, Report};

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
