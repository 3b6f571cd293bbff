//! Runs the stages one after the other: reports progress, stops after the last wanted stage, and handles failures.

use crate::case::CaseError;
use crate::http::Failure;
use crate::model::Stage;

/// The reason why an investigation cannot continue.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum RunError {
    #[error(transparent)]
    Source(#[from] Failure),
    #[error(transparent)]
    Case(#[from] CaseError),
}

/// Callbacks for the progress of the stages.
pub struct Progress<'p> {
    /// Called with each stage before it starts.
    pub started: &'p mut (dyn FnMut(Stage) + Send),
    /// Called with each stage after it has finished. An error ends the investigation.
    pub ended: &'p mut (dyn FnMut(Stage) -> Result<(), CaseError> + Send),
}

impl Progress<'_> {
    /// Runs one stage between its two callbacks. `work` is the future of the stage's function, which does nothing
    /// before it is awaited here.
    pub(super) async fn stage<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, RunError> {
        (self.started)(stage);
        let result = work.await?;
        (self.ended)(stage)?;
        Ok(result)
    }
}

/// Runs stages in sequence, up to and including the last one that is wanted.
pub(super) struct Sequence<'p> {
    pub(super) progress: Progress<'p>,
    /// The stage after which to stop; `None` to run all of them.
    pub(super) last: Option<Stage>,
}

/// The reason why a sequence of stages ended early.
#[derive(Debug)]
pub(super) enum Halt {
    /// The last wanted stage has run.
    Reached,
    Failed(RunError),
}

impl Sequence<'_> {
    /// Runs the next stage, and ends the sequence after it if it is the last one that is wanted.
    pub(super) async fn stage<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Halt> {
        let result = self.progress.stage(stage, work).await;
        match result.map_err(Halt::Failed)? {
            _ if self.last == Some(stage) => Err(Halt::Reached),
            result => Ok(result),
        }
    }
}
