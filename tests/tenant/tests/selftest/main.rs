//! The simulated tenant, tested: its strictness, its faults, and its ground truth against numbers
//! counted by hand.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod tenant;

#[path = "tenant_selftest/faults.rs"]
mod faults;
#[path = "tenant_selftest/graph.rs"]
mod graph;
#[path = "tenant_selftest/intel.rs"]
mod intel;
#[path = "tenant_selftest/login.rs"]
mod login;
#[path = "tenant_selftest/throttle.rs"]
mod throttle;
#[path = "tenant_selftest/truth.rs"]
mod truth;
#[path = "tenant_selftest/workspace.rs"]
mod workspace;
#[path = "tenant_selftest/worlds.rs"]
mod worlds;
