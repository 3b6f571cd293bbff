//! Numbers of journal records.

/// Number of a journal record, from 1; `evidence` shows it as `<case id>/<n>`.
pub type RecordNumber = u64;

/// A list without repetitions, sorted.
pub fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort();
    items.dedup();
    items
}
