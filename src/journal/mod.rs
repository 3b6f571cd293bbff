//! The journal: every exchange with a service, on disk. It is the only input of an investigation.

mod exchange;
mod store;

pub use exchange::{Answer, Audience, Auth, Body, Exchange, Limit, Method, NoAnswer, Request};
pub use store::{Journal, JournalError, Record};
