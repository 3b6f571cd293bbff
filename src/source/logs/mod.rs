//! The logs of the tenant: the KQL queries, and the service that runs them.

mod answer;
mod entity;
mod query;
mod sentinel;
mod table;

pub use entity::{Device, Entity};
pub use query::{Parameter, Query};
pub use sentinel::*;
pub use table::RecordedRows;
