//! The graph of a case from its journal alone, for commands that read.

use super::exit::Failure;
use super::investigation::{self, Outcome};
use super::services::{Answers, Services};
use crate::case::Case;
use crate::cli::Global;

/// Rebuilds the graph. Nothing is asked, and nothing is noted in the case: only a load changes what `case.json` says.
pub(super) async fn run(global: &Global, case: &Case) -> Result<Outcome, Failure> {
    let services = Services::new(case, Answers::Journal)?;
    investigation::run(global, case.manifest(), services, &mut |_| Ok(())).await
}
