//! `linktrail browser`.

use super::{Exit, output};
use crate::cli::Browser;
use crate::hunt::browser_export;

pub(super) fn run(command: &Browser) -> anyhow::Result<Exit> {
    let files = browser_export::files(command.case.as_deref())?;
    browser_export::write(&command.out, &files)?;
    output::print(&browser_export::advice(&command.out))?;
    Ok(Exit::Complete)
}
