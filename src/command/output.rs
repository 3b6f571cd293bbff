//! Writes output: results to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
