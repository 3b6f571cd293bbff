//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use linktrail::cli::Cli;

fn main() -> ExitCode {
    // Before anything is read that could be a secret.
    linktrail::command::forbid_core_dumps();
    // clap itself exits with 2 on wrong usage, and with 0 after --help.
    linktrail::command::run(Cli::parse()).into()
}
