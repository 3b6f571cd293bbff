//! The common result of parsing a list of any format: entries with their lines.

use super::indicator::Key;

/// An entry of a list that a url can match.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: Key,
    pub(super) tags: Vec<String>,
}

/// An entry that cannot be parsed.
#[derive(Debug, PartialEq)]
pub(super) struct BadEntry {
    pub(super) line: usize,
    pub(super) what: String,
}

/// The entries of a list.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Entries {
    /// The entries that a url can match.
    pub(super) listed: Vec<Entry>,
    /// The number of entries that no url can match, such as hashes, mail addresses and file patterns.
    pub(super) others: usize,
}
