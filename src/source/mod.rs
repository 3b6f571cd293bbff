//! Sources: clients of Microsoft's APIs. They do not depend on the investigation graph. All requests go through
//! [`crate::http::Client`], which looks into the journal first.

pub mod logs;
pub mod msgraph;
