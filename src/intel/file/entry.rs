//! What every format of lists comes to: entries with their lines.

use super::indicator::Key;

/// One line of a list that names something a url can match.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: Key,
    pub(super) tags: Vec<String>,
}

/// Something is wrong in that line.
#[derive(Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) what: String,
}

/// What a list holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Entries {
    /// What a url can match.
    pub(super) listed: Vec<Entry>,
    /// How many others there are that no url can match: hashes, mail addresses, patterns of files.
    pub(super) others: usize,
}
