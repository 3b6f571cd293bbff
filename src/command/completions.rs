//! `linktrail completions`: prints a completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::output;
use crate::cli::Cli;

pub(super) fn run(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "linktrail", &mut script);
    output::print(&String::from_utf8(script)?)?;
    Ok(Exit::Complete)
}
