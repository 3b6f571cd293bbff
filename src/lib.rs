//! linktrail follows malicious links shared in Microsoft Teams: who sent them, where, who opened them, on which
//! hosts, and what alerts they raised. It writes one investigation graph into Neo4j.
//!
//! # Layout
//!
//! Data moves from left to right, once:
//!
//! ```text
//! config ─▶ http ─▶ source, intel ─▶ journal ─▶ pipeline ─▶ graph ─▶ evidence, hunt, sink, report
//! ```
//!
//! The modules below stand in that order, and each names only modules that stand before it (`tests/layers.rs` holds it):
//!
//! - [`terminal`] makes text from outside safe to show.
//! - [`model`] is the vocabulary of all others: stages, gaps, spans of time, what a case is about.
//! - [`link`] finds, unwraps and normalises urls: pure functions on text.
//! - [`graph`] holds the typed graph; [`graph::schema`] is the one table of what can be in it.
//! - [`journal`] keeps every exchange with a service on disk. An investigation is a pure function of what stands in it,
//!   so a killed load goes on, a replay gives the same bytes, and every number can be traced to its record.
//! - [`case`] is the folder of one investigation: what was asked for, the journal, the graph.
//! - [`http`] is the one way to the network. Its client asks the journal first and the network second.
//! - [`source`] knows the logs and Microsoft Graph. Each source knows one API and nothing of the graph.
//! - [`intel`] asks providers of threat intelligence, and decides what may leave the tenant.
//! - [`pipeline`] has a file for each stage, which turns typed answers into nodes and edges.
//! - [`evidence`] leads from a node or an edge back to the parts of the records that speak of it.
//! - [`hunt`] reads, checks and runs the saved Cypher of `cypher/hunts/`.
//! - [`sink`] writes the graph into Neo4j and into files, and knows nothing of Teams.
//! - [`report`] writes a case as one HTML file, with the rows that the hunts of the summary give.
//! - [`config`] is the configuration, checked; [`cli`] is what can be typed. Nothing above reads a flag or the environment.
//! - [`command`] ties them together, one file a subcommand.

pub mod case;
pub mod cli;
pub mod command;
pub mod config;
pub mod evidence;
pub mod graph;
pub mod http;
pub mod hunt;
pub mod intel;
pub mod journal;
pub mod link;
pub mod model;
pub mod pipeline;
pub mod report;
pub mod sink;
pub mod source;
pub mod terminal;
