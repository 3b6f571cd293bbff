//! linktrail follows malicious links shared in Microsoft Teams: who sent them, where, who opened them, on which
//! hosts, and what alerts they raised. It writes one investigation graph into Neo4j.
//!
//! # Layout
//!
//! Data moves from left to right, once:
//!
//! ```text
//! config ─▶ source ─▶ case (journal) ─▶ pipeline ─▶ graph ─▶ sink ─▶ hunt
//! ```
//!
//! - [`cli`] is what can be typed, [`config`] what came of it; nothing below reads a flag or the environment.
//! - [`source`] knows the outside: Sentinel, Microsoft Graph, intelligence. Each source knows one API and nothing of
//!   the graph, and all of them ask by [`source::http::Client`], which asks the journal first and the network second.
//! - [`case`] is the folder that keeps every exchange. An investigation is a pure function of what stands in it, so a
//!   killed load goes on, a replay gives the same bytes, and every number can be traced to its record.
//! - [`pipeline`] has a file for each of the eight stages, which turn typed answers into nodes and edges.
//! - [`evidence`] leads from a node or an edge back to the parts of the records that speak of it.
//! - [`link`] finds, unwraps and normalises urls: pure functions on text.
//! - [`graph`] holds the typed graph; [`graph::schema`] is the one table of what can be in it.
//! - [`sink`] writes the graph into Neo4j and knows nothing of Teams.
//! - [`hunt`] reads, checks and runs the saved Cypher of `cypher/hunts/`.
//! - [`report`] writes a case as one HTML file, with the rows that the hunts of the summary give.
//! - [`command`] ties them together, one file a subcommand; [`terminal`] cleans what is shown.

pub mod case;
pub mod cli;
pub mod command;
pub mod config;
pub mod evidence;
pub mod graph;
pub mod hunt;
pub mod link;
pub mod pipeline;
pub mod report;
pub mod sink;
pub mod source;
pub mod terminal;
