//! Subcommands, a file each, and how they end.

mod browser;
mod case;
mod completions;
mod evidence;
mod export;
mod hunt;
mod load;
mod output;
mod report;
mod schema;
mod typed;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, Global, LogFormat};
use crate::config::ConfigError;
use crate::terminal;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything is there: 0.
    Complete,
    /// It failed: 1.
    Failed,
    /// The command line or the configuration is wrong: 2.
    Usage,
    /// Everything is there but for the gaps listed: 3.
    Gaps,
    /// Interrupted, and can be resumed: 130.
    Interrupted,
}

impl Exit {
    /// Its code.
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Gaps => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Wrong usage that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// Runs a command and says on stderr why it failed, if it did.
pub fn run(cli: Cli) -> Exit {
    // reqwest and neo4rs bring a provider each; one has to be the default. It is the first one installed that counts.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    log(&cli.global);
    match dispatch(cli) {
        Ok(exit) => exit,
        Err(error) => {
            let text = explain(&error);
            output::complain(&format!("error: {}", terminal::clean(&text)));
            if is_usage(&error) {
                Exit::Usage
            } else {
                Exit::Failed
            }
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let Cli { global, command } = cli;
    if let Command::Completions { shell } = command {
        return completions::run(shell);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let exit = runtime.block_on(async {
        match command {
            Command::Load(arguments) => load::run(&global, *arguments).await,
            Command::Hunt(arguments) => hunt::run(&global, arguments).await,
            Command::Browser(arguments) => browser::run(&arguments),
            Command::Case(arguments) => case::run(&global, arguments).await,
            Command::Report(arguments) => report::run(&global, arguments).await,
            Command::Export(arguments) => export::run(&global, arguments).await,
            Command::Evidence(arguments) => evidence::run(&global, arguments).await,
            Command::Schema(arguments) => schema::run(&global, arguments).await,
            Command::Completions { shell } => completions::run(shell),
        }
    });
    // A request under way must not keep an interrupted command from ending.
    runtime.shutdown_background();
    exit
}

fn is_usage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.is::<ConfigError>()
            || cause.is::<crate::evidence::NotFound>()
            || cause
                .downcast_ref::<crate::hunt::HuntError>()
                .is_some_and(crate::hunt::HuntError::is_usage)
    })
}

/// An error with its causes on one line. Many errors tell their cause themselves, so that advice can follow it.
fn explain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn log(global: &Global) {
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
    // Only fails when a test has set a logger already.
    let _ = match global.log_format {
        LogFormat::Text => layer.with_target(false).try_init(),
        LogFormat::Json => layer.json().try_init(),
    };
}
