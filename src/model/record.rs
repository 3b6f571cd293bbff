//! The numbers of journal records.

/// The number of a journal record, from 1; `evidence` shows it as `<case id>/<n>`.
pub type RecordNumber = u64;

/// The list, sorted and without duplicates.
pub fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort();
    items.dedup();
    items
}
