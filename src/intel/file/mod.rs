//! The user's own lists: CSV, text with one indicator a line, STIX 2.1, MISP events, or the JSON of common services.
//! Nothing is sent.

mod csv_list;
mod document;
mod entry;
pub(super) mod indicator;
mod list;
mod misp;
mod names;
mod objects;
mod pattern;
mod records;
mod stix;
mod text;

pub use list::{LARGEST, List, ListError, ListProblem, Lists};

/// The name of the provider in the configuration and in verdicts.
pub(super) const NAME: &str = "file";
