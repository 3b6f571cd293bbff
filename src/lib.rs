//! linktrail follows malicious links shared in Microsoft Teams.

pub mod graph;
pub mod hunt;
pub mod link;
pub mod sink;
pub mod source;
pub mod terminal;
