//! Runs the whole pipeline on a case, and shows the progress.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::exit::Failure;
use super::output;
use super::services::Services;
use crate::case::{CaseError, Manifest};
use crate::cli::Global;
use crate::graph::Graph;
use crate::http::Counts;
use crate::model::{Gap, Source, Stage};
use crate::pipeline::{self, Progress};

/// The result of a run.
pub(super) struct Outcome {
    pub(super) graph: Graph,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<Gap>,
    /// The number of requests to each service.
    pub(super) requests: BTreeMap<Source, Counts>,
}

/// Runs every stage. `ended` is called with each stage after it has finished.
pub(super) async fn run(
    global: &Global,
    manifest: &Manifest,
    services: Services,
    ended: &mut (dyn FnMut(Stage) -> Result<(), CaseError> + Send),
) -> Result<Outcome, Failure> {
    let Services { client, intel } = services;
    let bar = output::progress(global);
    let progress = Progress {
        started: &mut |stage| bar.set_message(numbered(stage)),
        ended,
    };
    let outcome = pipeline::run(manifest, Arc::clone(&client), intel, progress).await;
    bar.finish_and_clear();
    let outcome = outcome?;
    Ok(Outcome {
        graph: outcome.graph,
        gaps: outcome.gaps,
        notes: outcome.notes,
        requests: client.counts(),
    })
}

/// The name of a stage in the progress display, such as `4/8 links`.
pub(super) fn numbered(stage: Stage) -> String {
    format!("{}/{} {stage}", stage.number(), Stage::ALL.len())
}
