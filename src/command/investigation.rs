//! Runs the pipeline on a case, and shows the progress.

use super::output;
use super::services::Services;
use crate::case::{CaseError, Manifest};
use crate::cli::Global;
use crate::model::Stage;
use crate::pipeline::{self, Outcome, Progress, RunError};

/// Runs every stage. `ended` is called with each stage after it has finished.
pub(super) async fn run(
    global: &Global,
    manifest: &Manifest,
    services: Services,
    ended: &mut (dyn FnMut(Stage) -> Result<(), CaseError> + Send),
) -> Result<Outcome, RunError> {
    let Services { client, intel, .. } = services;
    let run = async |progress: Progress<'_>| pipeline::run(manifest, client, intel, progress).await;
    show_progress(global, ended, run).await
}

/// Shows the stage that is running while `run` runs them. `ended` is called with each stage after it has finished.
pub(super) async fn show_progress<T>(
    global: &Global,
    ended: &mut (dyn FnMut(Stage) -> Result<(), CaseError> + Send),
    run: impl AsyncFnOnce(Progress<'_>) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let bar = output::progress(global);
    let progress = Progress {
        started: &mut |stage| bar.set_message(numbered(stage)),
        ended,
    };
    let result = run(progress).await;
    bar.finish_and_clear();
    result
}

/// The name of a stage in the progress display, such as `4/8 links`.
fn numbered(stage: Stage) -> String {
    format!("{}/{} {stage}", stage.number(), Stage::ALL.len())
}
