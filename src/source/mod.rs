//! Sources: each knows one API and nothing of the graph.

pub mod exchange;
pub mod intel;

pub use exchange::{Answer, Audience, Auth, Body, Exchange, Limit, Method, Request};
