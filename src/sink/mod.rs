//! Sinks: each knows the graph and nothing of Teams.
