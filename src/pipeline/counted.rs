//! Keeps track of the log events that the graph counts, so that none is counted twice.

use std::collections::HashSet;

use crate::source::logs::Row;

/// The events that the graph already counts. Queries overlap in search terms and time, so several can return the same
/// event.
#[derive(Default)]
pub(super) struct CountedEvents(HashSet<String>);

impl CountedEvents {
    /// The number to add for a row: `count`, or 0 when its event was counted before. Rows with a different `source` are
    /// different events.
    pub(super) fn add(&mut self, source: &str, row: &Row, count: i64) -> i64 {
        let is_new = self.0.insert(format!("{source} {}", row.identity()));
        if is_new { count } else { 0 }
    }
}
