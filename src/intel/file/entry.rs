//! The common result of parsing a list of any format: entries with their lines.

use std::collections::BTreeMap;

use super::indicator::{Indicator, Key, parse};

/// How many lines that cannot be read are kept; the rest is counted only.
const KEPT: usize = 3;

/// An entry of a list that a url can match.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: Key,
    pub(super) tags: Vec<String>,
}

/// A line of a list, or the whole list, that cannot be read.
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
    /// How many entries are left out since they mean something else than a bad url, by what they are: hashes, mail
    /// addresses, revoked indicators.
    pub(super) others: BTreeMap<String, usize>,
    /// The first lines that cannot be read.
    pub(super) bad: Vec<BadEntry>,
    /// The number of all lines that cannot be read.
    pub(super) bad_count: usize,
}

impl Entries {
    /// Adds an indicator as it is written in the list.
    pub(super) fn add(&mut self, line: usize, written: &str, tags: &[String]) {
        match parse(written) {
            Ok(Indicator::Key(key)) => self.listed.push(Entry {
                line,
                key,
                tags: tags.to_vec(),
            }),
            Ok(Indicator::Other(kind)) => self.leave_out(kind),
            Err(what) => self.cannot_read(line, what),
        }
    }

    /// Counts an entry that means something else than a bad url.
    pub(super) fn leave_out(&mut self, kind: &str) {
        match self.others.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                self.others.insert(kind.to_owned(), 1);
            }
        }
    }

    /// Counts a line that cannot be read, and keeps the first ones.
    pub(super) fn cannot_read(&mut self, line: usize, what: String) {
        self.bad_count += 1;
        if self.bad.len() < KEPT {
            self.bad.push(BadEntry { line, what });
        }
    }

    /// The number of entries that are left out.
    #[cfg(test)]
    pub(super) fn left_out(&self) -> usize {
        self.others.values().sum()
    }
}
