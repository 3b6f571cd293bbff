//! `linktrail browser`: writes the hunts, a style and a guide for Neo4j Browser.

use super::exit::{Exit, Failure};
use super::output;
use crate::cli::Browser;
use crate::hunt::browser_export;

pub(super) fn run(command: &Browser) -> Result<Exit, Failure> {
    let files = browser_export::files(command.case.as_deref())?;
    browser_export::write(&command.out, &files)?;
    output::print(&browser_export::advice(&command.out))?;
    Ok(Exit::Complete)
}
