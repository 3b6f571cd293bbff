//! The Neo4j server that `scripts/test` starts for all tests.

use std::process::Command;

/// What `LINKTRAIL_TEST_NEO4J_<name>` says.
pub fn server(name: &str) -> String {
    let variable = format!("LINKTRAIL_TEST_NEO4J_{name}");
    std::env::var(&variable).unwrap_or_else(|_| {
        panic!("{variable} is not set; run scripts/test, which starts a server")
    })
}

/// The command, told of that server.
pub fn with_server(command: &mut Command) -> &mut Command {
    command
        .env("LINKTRAIL_NEO4J_URI", server("URI"))
        .env("LINKTRAIL_NEO4J_USER", server("USER"))
        .env("LINKTRAIL_NEO4J_PASSWORD", server("PASSWORD"))
}
