//! `linktrail browser`: the hunts, a style and a guide for Neo4j Browser.

use super::exit::{Exit, Failure};
use super::output;
use crate::cli::Browser;
use crate::hunt::kit;

pub(super) fn run(command: &Browser) -> Result<Exit, Failure> {
    let files = kit::files(command.case.as_deref())?;
    kit::write(&command.out, &files)?;
    output::print(&kit::advice(&command.out))?;
    Ok(Exit::Complete)
}
