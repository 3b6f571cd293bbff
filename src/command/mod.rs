//! Subcommands, one file each.
//!
//! [`run`] is the entry point of the program. `exit` defines the result of a command, and `output` writes its text.
//! Several subcommands share `complete_case`, `stored`, `services`, `investigation`, `replay`, `push`, `signals` and
//! `suggested`.

mod browser;
mod case;
mod check;
mod complete_case;
mod completions;
mod evidence;
mod exit;
mod export;
mod hardening;
mod hunt;
mod investigation;
mod load;
mod output;
mod push;
mod replay;
mod report;
mod schema;
mod services;
mod signals;
mod stored;
mod suggested;

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, Global, LogFormat};
use exit::Failure;

pub use exit::Exit;
pub use hardening::forbid_core_dumps;

/// Runs a command, and reports an error on stderr.
pub fn run(cli: Cli) -> Exit {
    // reqwest and neo4rs each include a TLS provider, and one has to be the default. The first one installed is used.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    start_log(&cli.global);
    match dispatch(cli) {
        Ok(exit) => exit,
        Err(failure) => {
            output::eprint_line(&format!("error: {}", failure.message));
            failure.exit
        }
    }
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let Cli { global, command } = cli;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let exit = runtime.block_on(async {
        match command {
            Command::Load(arguments) => load::run(global, *arguments).await,
            Command::Hunt(arguments) => hunt::run(&global, arguments).await,
            Command::Browser(arguments) => browser::run(&arguments),
            Command::Case(arguments) => case::run(&global, arguments).await,
            Command::Report(arguments) => {
                signals::run_blocking(move |stop| report::run(&global, arguments, stop)).await
            }
            Command::Export(arguments) => {
                signals::run_blocking(move |stop| export::run(&global, arguments, stop)).await
            }
            Command::Evidence(arguments) => evidence::run(&global, arguments),
            Command::Check(arguments) => check::run(&global, &arguments).await,
            Command::Schema(arguments) => schema::run(&global, arguments).await,
            Command::Completions { shell } => completions::run(shell),
        }
    });
    // A running request must not prevent an interrupted command from ending.
    runtime.shutdown_background();
    exit
}

fn start_log(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "linktrail=info,warn",
        (false, _) => "linktrail=debug,info",
    };
    let layer = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_writer(io::stderr)
        .with_ansi(global.color.decide(io::stderr().is_terminal()));
    // This only fails if a test has already set a logger.
    let _ = match global.log_format {
        LogFormat::Text => layer.with_target(false).try_init(),
        LogFormat::Json => layer.json().try_init(),
    };
}
