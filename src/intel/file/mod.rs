//! The user's own lists: CSV, text with one indicator a line, STIX 2.1 bundles or MISP events. Nothing is sent.

mod csv_list;
mod document;
mod entry;
pub(super) mod indicator;
mod list;
mod misp;
mod stix;
mod text;

pub use list::{LARGEST, List, ListError, Lists};

/// The name of the provider in the configuration and in verdicts.
pub(super) const NAME: &str = "file";
