//! linktrail follows malicious links shared in Microsoft Teams: who sent them, where, who opened them, on which
//! hosts, and what alerts they raised. It writes one investigation graph into Neo4j.
//!
//! # Layout
//!
//! Data flows in one direction:
//!
//! ```text
//! journal ◀─▶ http ─▶ source, intel ─▶ pipeline ─▶ graph ─▶ evidence, hunt, sink, report
//! ```
//!
//! The modules are listed in the order of the layers. Each uses only modules above it, which `tests/layers.rs` checks.
//! `docs/architecture.md` says where to start reading in each, and what to touch for common changes.
//!
//! - [`terminal`] makes text from outside safe to show.
//! - [`model`] is the vocabulary of all others: stages, gaps, spans of time, the scope of a case.
//! - [`link`] finds, unwraps and normalises urls. It consists of pure functions on text.
//! - [`graph`] holds the typed graph. [`graph::schema`] is the one table of what can be in it.
//! - [`journal`] keeps every exchange with a service on disk. An investigation is a pure function of it: a killed load
//!   can be resumed, a replay gives the same bytes, and every number can be traced to its record.
//! - [`case`] is the folder of one investigation: its options, the journal, the graph.
//! - [`http`] is the only way to the services; Neo4j alone is reached from [`sink`] and [`hunt`]. Its client asks the journal first and the network second.
//! - [`source`] knows the logs and Microsoft Graph. Each source knows one API and nothing of the graph.
//! - [`intel`] knows the providers of threat intelligence, and decides what may leave the tenant.
//! - [`pipeline`] has a file for each stage. A stage turns typed answers into nodes and edges.
//! - [`evidence`] goes from a node or an edge back to the parts of the records that speak of it.
//! - [`hunt`] reads, checks and runs the saved Cypher of `cypher/hunts/`.
//! - [`sink`] writes the graph into Neo4j and into files, and knows nothing of Teams.
//! - [`report`] writes a case as one HTML file, with the rows that the summary hunts give.
//! - [`config`] is the checked configuration and [`cli`] the command line. No module above reads a flag or the environment.
//! - [`command`] has a file for each subcommand and connects the others.

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
