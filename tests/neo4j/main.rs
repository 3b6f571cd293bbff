//! What needs a Neo4j server. `scripts/test` starts one; `cargo test` leaves this target out, see `Cargo.toml`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../run/mod.rs"]
#[allow(dead_code, reason = "tests/it uses the rest of it")]
mod run;
#[path = "../../benches/synthetic/mod.rs"]
mod synthetic;

mod own_server;
mod shared;

mod cases;
mod check;
mod export;
mod failures;
mod hunts;
mod load;
mod report;
mod sealed;
mod several_tenants;
mod sink;
