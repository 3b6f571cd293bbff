//! linktrail follows malicious links shared in Microsoft Teams.

pub mod graph;
pub mod link;
pub mod sink;
pub mod source;
