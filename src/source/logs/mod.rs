//! The logs of the tenant: the KQL queries, and the places that run them.

mod answer;
mod chunks;
mod ends;
mod entity;
mod facade;
mod hunting;
mod message;
mod place;
mod plain;
mod probe;
mod problem;
mod query;
mod recorded;
mod render;
mod row;
mod rows;
mod slices;
mod table;
mod transport;

pub use chunks::chunks;
pub use ends::{LogEnd, LogEnds};
pub use entity::{Device, Entity, alert_id, evidence_entities};
pub use facade::Logs;
pub use message::{Recipient, is_in_channel, items, message_address, recipients, threats, told_id};
pub use place::Place;
pub use probe::Extent;
pub use problem::{Absence, Problem, Why};
pub use query::{Parameter, Query};
pub use recorded::RecordedRows;
pub use render::Known;
pub use row::Row;
pub use rows::Rows;
pub use table::{Columns, is_rare};
pub use transport::{LATEST, Transport};
