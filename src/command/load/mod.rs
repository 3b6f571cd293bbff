//! `linktrail load`: opens a case, runs the pipeline on it, and saves, pushes and shows the graph.

mod case;
mod demo;
mod domains;
mod full;
mod partial;
mod partial_result;
mod plan_text;
mod result;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::exit::{Exit, Failure};
use super::output;
use super::signals::{GRACE, Signals};
use crate::cli::{Global, Load};

/// Runs the load on a thread of its own, so that signals are noticed while the load computes.
pub(super) async fn run(global: Global, arguments: Load) -> Result<Exit, Failure> {
    // This comes first, so that no interruption is missed after anything has been created.
    let mut signals = Signals::listen()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let mut load = spawn_blocking(move || {
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = stopped => Ok(Exit::Interrupted),
                exit = load(&global, &arguments) => exit,
            }
        })
    });
    tokio::select! {
        biased;
        () = signals.next() => {}
        ended = &mut load => return match ended {
            Ok(exit) => exit,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        },
    }
    // The load ends at its next await. Everything written so far is complete, so a long computation or a second signal
    // ends the process without waiting.
    drop(stop);
    let ended = tokio::select! {
        ended = &mut load => Some(ended),
        () = signals.next() => None,
        () = tokio::time::sleep(GRACE) => None,
    };
    match ended {
        Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
        // It came to its end before it noticed, so its result is shown, or its error was about to be.
        Some(Ok(exit)) if !matches!(exit, Ok(Exit::Interrupted)) => exit,
        Some(Ok(_)) | None => {
            output::eprint_line("interrupted; run the same command with the same --case to go on");
            Ok(Exit::Interrupted)
        }
    }
}

async fn load(global: &Global, arguments: &Load) -> Result<Exit, Failure> {
    if arguments.plan || arguments.until.is_some() {
        partial::run(global, arguments).await
    } else {
        full::run(global, arguments).await
    }
}
