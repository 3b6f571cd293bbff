//! What needs no server but those that it brings itself: the simulated tenant, the binary, the library.
//!
//! One binary, so that linktrail is linked once; a module holds the tests of one behaviour.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../run/mod.rs"]
mod run;

mod by_hand;
mod growth;

#[cfg(unix)]
mod case;
#[cfg(unix)]
mod check;
mod cli_errors;
mod clouds;
mod defender;
mod demo;
mod evidence;
mod evidence_index;
mod export;
mod hunts;
mod intel;
mod intel_load;
mod internal_domains;
mod links;
mod load_faults;
mod load_resume;
mod load_truth;
mod logs;
mod permissions;
mod plan;
mod reliability;
mod report;
mod report_outside;
#[cfg(unix)]
mod sign_in;
mod targets;
