//! Signals to stop: Ctrl-C and, on Unix, SIGTERM.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::exit::{Exit, Failure};
use super::output;

/// The time that an interrupted command has to end by itself.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Runs a command that writes a file, on a thread of its own. After a signal its writers fail, so that it removes what
/// it has written so far.
pub(super) async fn run_blocking(
    work: impl FnOnce(&Stop) -> Result<Exit, Failure> + Send + 'static,
) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let stop = Stop::default();
    let mut task = spawn_blocking({
        let stop = stop.clone();
        move || work(&stop)
    });
    tokio::select! {
        biased;
        ended = &mut task => return match ended {
            Ok(exit) => exit,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        },
        () = signals.next() => {}
    }
    stop.0.store(true, Ordering::Relaxed);
    let ended = tokio::select! {
        ended = &mut task => Some(ended),
        () = signals.next() => None,
        () = tokio::time::sleep(GRACE) => None,
    };
    match ended {
        Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
        // It was done before it noticed.
        Some(Ok(Ok(exit))) => Ok(exit),
        Some(Ok(Err(_))) | None => {
            output::eprint_line("interrupted; nothing was written");
            Ok(Exit::Interrupted)
        }
    }
}

/// Whether a signal has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A writer that fails after a signal.
    pub(super) fn writer<'w>(&'w self, out: &'w mut dyn Write) -> Stoppable<'w> {
        Stoppable { stop: self, out }
    }
}

/// Writes until a signal comes.
pub(super) struct Stoppable<'w> {
    stop: &'w Stop,
    out: &'w mut dyn Write,
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stop.0.load(Ordering::Relaxed) {
            true => Err(io::Error::other("interrupted")),
            false => self.out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Listens for signals while it exists; during that time a signal does not end the process by itself.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: tokio::signal::windows::ctrl_c()?,
        })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) {
        self.interrupt.recv().await;
    }
}
