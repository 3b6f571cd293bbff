//! linktrail follows malicious links shared in Microsoft Teams.

pub mod case;
pub mod cli;
pub mod command;
pub mod config;
pub mod graph;
pub mod hunt;
pub mod link;
pub mod pipeline;
pub mod sink;
pub mod source;
pub mod terminal;
