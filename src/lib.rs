//! linktrail

pub mod link;
