//! Writes output: results to stdout, everything else to stderr.

use std::io::{self, BufRead, BufWriter, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::{Failure, UsageError};
use crate::cli::Global;

/// Writes a result. A closed pipe is not an error: the command then ends normally.
///
/// # Errors
/// When stdout cannot be written for another reason than a closed pipe.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Asks a question on stderr; true when the answer is `yes`.
///
/// # Errors
/// With the text `refused`, as wrong usage, when stdin is no terminal, so that nobody can answer.
pub(super) fn confirm(question: &str, refused: String) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(UsageError(refused).into());
    }
    eprint_line(&format!("{question} Type yes:"));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

/// Writes a result piece by piece. A closed pipe is not an error: the command then ends normally.
///
/// # Errors
/// The errors of `fill`, and those of [`print()`].
pub(super) fn stream(
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(Pipe {
        out: io::stdout().lock(),
        closed: false,
    });
    let filled = fill(&mut out).and_then(|()| Ok(out.flush()?));
    let (pipe, _) = out.into_parts();
    if pipe.closed { Ok(()) } else { filled }
}

/// An output that remembers whether its reader has gone.
struct Pipe<W> {
    out: W,
    closed: bool,
}

impl<W: Write> Pipe<W> {
    fn noting<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &done {
            self.closed |= error.kind() == io::ErrorKind::BrokenPipe;
        }
        done
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.noting(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.noting(done)
    }
}

/// Writes a line to stderr. A failure is ignored, since it could not be reported anywhere.
pub(super) fn eprint_line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A line that shows the progress. It is only shown on a terminal, unless `--progress` is given.
pub(super) fn progress(global: &Global) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if global.quiet || !global.progress.decide(io::stderr().is_terminal()) {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}
