//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use linktrail::cli::Cli;
use mimalloc::MiMalloc;

/// A load parses answers of tens of megabytes on several threads. The system's allocator keeps much of that memory for each
/// thread, this one gives it back: `docs/scale.md` has the figures.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // clap itself exits with 2 on wrong usage, and with 0 after --help.
    linktrail::command::run(Cli::parse()).into()
}
