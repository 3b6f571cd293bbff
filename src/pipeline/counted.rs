//! Which events of the logs are counted in the graph.

use std::collections::HashSet;

use crate::source::logs::Row;

/// The events that the graph already counts. Queries overlap in search terms and time, so several can return the same
/// event.
#[derive(Default)]
pub(super) struct CountedEvents(HashSet<String>);

impl CountedEvents {
    /// What a row adds to a count: `count`, or nothing when its event is counted already. Rows of different `source` are
    /// different events.
    pub(super) fn add(&mut self, source: &str, row: &Row, count: i64) -> i64 {
        let is_new = self.0.insert(format!("{source} {}", row.identity()));
        if is_new { count } else { 0 }
    }
}
