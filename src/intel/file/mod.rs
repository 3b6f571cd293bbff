//! Lists of one's own: CSV, text with one indicator a line, STIX 2.1 bundles or events of MISP. Nothing is sent.

mod csv_list;
mod document;
mod entry;
pub(super) mod indicator;
mod list;
mod misp;
mod stix;
mod text;

pub use list::{LARGEST, List, ListError, Lists};

/// Name of the provider in the configuration and in verdicts.
pub(super) const NAME: &str = "file";
