//! Sources: each knows one API and nothing of the graph. All of them ask by [`crate::http::Client`], which asks the
//! journal first.

pub mod logs;
pub mod msgraph;
