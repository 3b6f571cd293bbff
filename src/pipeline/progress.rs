//! Runs the stages one after the other: reports progress, stops after the last wanted stage, and handles failures.

use crate::case::CaseError;
use crate::http::Failure;
use crate::model::Stage;

/// Why an investigation cannot go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum RunError {
    #[error(transparent)]
    Source(#[from] Failure),
    #[error(transparent)]
    Case(#[from] CaseError),
}

/// Receives the progress of the stages.
pub struct Progress<'p> {
    /// Called with each stage before it begins.
    pub started: &'p mut (dyn FnMut(Stage) + Send),
    /// Called with each stage after it finished. An error ends the investigation.
    pub ended: &'p mut (dyn FnMut(Stage) -> Result<(), CaseError> + Send),
}

impl Progress<'_> {
    /// Runs one stage between its two calls. `work` is the call of the stage's function, which does nothing before it is
    /// awaited here.
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

/// Stages that run one after the other, up to and including the last one wanted.
pub(super) struct Sequence<'p> {
    pub(super) progress: Progress<'p>,
    /// The stage to stop after; none to run all of them.
    pub(super) last: Option<Stage>,
}

/// Why a sequence of stages did not come to its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// The last stage wanted has run.
    Reached,
    Failed(RunError),
}

impl Sequence<'_> {
    /// Runs the next stage, and halts after it when it is the last one wanted.
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
