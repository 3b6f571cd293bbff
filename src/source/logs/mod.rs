//! The logs of the tenant: the KQL queries, and the service that runs them.

mod answer;
mod entity;
mod problem;
mod query;
mod row;
mod rows;
mod sentinel;
mod slices;
mod table;

pub use entity::{Device, Entity};
pub use problem::Problem;
pub use query::{Parameter, Query};
pub use row::Row;
pub use rows::Rows;
pub use sentinel::*;
pub use table::RecordedRows;
