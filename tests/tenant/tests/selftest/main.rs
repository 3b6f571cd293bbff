//! The simulated tenant, tested: its strictness, its faults, and its ground truth against numbers
//! counted by hand.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod faults;
mod graph;
mod hunting;
mod intel;
mod login;
mod messages;
mod outside;
mod throttle;
mod truth;
mod visitor;
mod workspace;
mod worlds;
