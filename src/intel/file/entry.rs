//! What every format of lists comes to: entries with their lines.

use super::indicator::Key;

/// An entry of a list that a url can match.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: Key,
    pub(super) tags: Vec<String>,
}

/// An entry that cannot be understood.
#[derive(Debug, PartialEq)]
pub(super) struct BadEntry {
    pub(super) line: usize,
    pub(super) what: String,
}

/// The entries of a list.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Entries {
    /// Entries that a url can match.
    pub(super) listed: Vec<Entry>,
    /// How many entries no url can match: hashes, mail addresses, patterns of files.
    pub(super) others: usize,
}
