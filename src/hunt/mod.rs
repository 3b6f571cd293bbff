//! Hunts: saved Cypher questions to the graph in Neo4j.
//!
//! Each is a file under `cypher/hunts/`, with a header that says what it asks, and all of them are part of the binary.
//! A file of the analyst's own is run in the same way, with or without a header. [`find`] gives a hunt by name,
//! [`run()`] asks Neo4j, and [`render()`] writes the answer. [`lint()`] checks hunts without a server.

pub mod browser_export;
mod compare;
mod cypher;
mod error;
mod explain_empty;
mod header;
mod library;
mod lint;
mod parameter;
mod read_only;
pub mod render;
mod run;
mod shape;
mod value;

pub use compare::compare;
pub use error::HuntError;
pub use explain_empty::explain_empty;
pub use header::{HeaderError, Returns};
pub use library::{CASE, Group, Hunt, find, library, read_file, tagged};
pub use lint::{Finding, Rule, lint, verify};
pub use parameter::{Argument, Parameter, ParameterType};
pub use read_only::Forbidden;
pub use render::{Format, render};
pub use run::{Parameters, ResultTable, check_reads_only, run};
