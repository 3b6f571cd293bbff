//! The hunts against a real Neo4j: their answers to a small world, what they cost, and what they refuse.
//!
//! The tests share one database with others that run beside them: each loads a world of its own, under ids that
//! nothing else has, and takes it out again.
mod alone;
mod answers;
mod commands;
mod docs;
mod library;
mod plans;
mod refusals;
pub(crate) mod world;
