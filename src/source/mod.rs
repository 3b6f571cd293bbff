//! Sources: each knows one API of Microsoft, and none knows the graph. All requests go through [`crate::http::Client`],
//! which looks into the journal first.

pub mod logs;
pub mod msgraph;
