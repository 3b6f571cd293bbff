//! Rebuilds the graph of a case from its journal, to compare it with the stored one.

use super::exit::Failure;
use super::investigation;
use super::services::{Answers, Services};
use crate::case::Case;
use crate::cli::Global;
use crate::pipeline::Outcome;

/// Rebuilds the graph. No request is sent and `case.json` is not changed, which only a load does.
pub(super) async fn run(global: &Global, case: &Case) -> Result<Outcome, Failure> {
    let services = Services::new(case, Answers::Journal)?;
    Ok(investigation::run(global, case.manifest(), services, &mut |_| Ok(())).await?)
}
