//! linktrail
