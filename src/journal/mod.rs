//! The journal: every exchange with a service, on disk. It is the only input from which the graph is built.

mod exchange;
mod store;

pub use exchange::{Answer, Audience, Auth, Body, Exchange, Limit, Method, NoAnswer, Request};
pub use store::{Journal, JournalError, Record};
