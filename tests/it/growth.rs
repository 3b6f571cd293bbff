//! Work that grows no faster than the input.
//!
//! The code under test does not count its steps, so they are measured: by the time that this thread had a processor, for
//! two sizes of the same input. Only their ratio is judged. Neither a slow machine nor other work on it changes that.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The time this thread has run, so that other work on the machine does not count; where the system
/// does not tell, the time of the clock.
fn running_time() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match stat
        .split(' ')
        .next()
        .and_then(|nanoseconds| nanoseconds.parse().ok())
    {
        Some(nanoseconds) => Duration::from_nanos(nanoseconds),
        None => START.get_or_init(Instant::now).elapsed(),
    }
}

/// Runs inputs of two sizes, one eight times the other; fails when the time grows by more than
/// linear growth and a margin explain, three times over.
pub(crate) fn assert_linear(name: &str, make: impl Fn(usize) -> String, run: impl Fn(&str)) {
    // Large enough to be measured: the clock of a thread may be 4 ms late.
    assert_linear_from(1 << 12, name, make, run);
}

/// The same for what only shows in inputs larger than the first size.
pub(crate) fn assert_linear_from(
    mut size: usize,
    name: &str,
    make: impl Fn(usize) -> String,
    run: impl Fn(&str),
) {
    let time = |size: usize| {
        let input = make(size);
        let start = running_time();
        run(&input);
        running_time() - start
    };
    while size < 1 << 18 && time(size) < Duration::from_millis(8) {
        size *= 2;
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (small, large) = (time(size), time(size * 8));
        // Quadratic growth would be 64-fold.
        if large < (small + Duration::from_millis(4)) * 8 * 3 {
            return;
        }
        seen.push((small, large));
    }
    panic!("{name}: from {size} bytes to eight times as many the time grew {seen:?}");
}

pub(crate) fn repeat(piece: &str, size: usize) -> String {
    piece.repeat(size / piece.len() + 1)
}
