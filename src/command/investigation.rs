//! A whole run of the pipeline over a case, with its progress shown.

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

/// What a run gave.
pub(super) struct Outcome {
    pub(super) graph: Graph,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<Gap>,
    /// How many requests went to each service.
    pub(super) requests: BTreeMap<Source, Counts>,
}

/// Runs every stage. `ended` is called with each stage after it finished.
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

/// A stage as the progress shows it, such as `4/8 links`.
pub(super) fn numbered(stage: Stage) -> String {
    format!("{}/{} {stage}", stage.number(), Stage::ALL.len())
}
