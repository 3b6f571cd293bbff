//! Checks a whole journal and goes on behind what is wrong, so that everything that is wrong has a name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::{JournalError, io_error};
use super::frames::{self, Frame, Frames};
use super::index::{Tail, segments};
use super::record::Head;
use crate::model::RecordNumber;

/// The most findings that are listed one by one; of more only the number is told.
const LISTED: usize = 1_000;

/// What is known of a journal after all of it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The number of whole records, wherever they stand.
    pub records: u64,
    /// The chain of the last record that was expected; `None` when it has none.
    pub head: Option<String>,
    /// The chain of the last record of all; `None` when it has none.
    pub newest_head: Option<String>,
    /// Each changed, missing or moved record, and each damaged place; empty when nothing is wrong.
    pub wrong: Vec<String>,
    /// What stands behind the last whole record. A crash leaves that, and so does a load that is running.
    pub tail: Option<Tail>,
}

/// A record as it was found.
struct Found {
    number: RecordNumber,
    chain: Option<String>,
}

/// Everything that was found, in the order of the files.
#[derive(Default)]
struct Scan {
    found: Vec<Found>,
    wrong: Vec<String>,
    /// Numbers of records that stand in a damaged place, as far as can be told.
    damaged: BTreeSet<RecordNumber>,
    /// The chain by number of every record that has been read.
    chains: BTreeMap<RecordNumber, Option<String>>,
    /// True once a record has a chain: those that follow have one too.
    chained: bool,
}

/// Reads a journal in `dir` and checks it. At least `expected` records should be there.
///
/// # Errors
/// When a file cannot be read. What is wrong with its contents is no error but a finding.
pub fn verify(dir: &Path, case: &str, expected: u64) -> Result<Findings, JournalError> {
    let paths = segments(dir)?;
    let mut scan = Scan::default();
    let mut tail = None;
    for (at, path) in paths.iter().enumerate() {
        let last = at + 1 == paths.len();
        tail = scan.segment(path, case, last)?;
    }
    Ok(scan.findings(expected, tail))
}

impl Scan {
    /// Reads a segment to its end, and returns what stands behind its last whole record if it is the last one.
    fn segment(
        &mut self,
        path: &Path,
        case: &str,
        last: bool,
    ) -> Result<Option<Tail>, JournalError> {
        let read = |error| io_error("read", path)(error);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut frames = Frames::open(path, 0).map_err(read)?;
        let mut end = 0;
        loop {
            let (offset, reason) = match frames.next().map_err(read)? {
                Frame::End => break,
                Frame::Broken { offset, reason } => (offset, reason),
                Frame::Whole {
                    offset,
                    length,
                    line,
                } => match Head::parse(line) {
                    Ok(head) => {
                        self.record(&head, case, &name, offset);
                        end = offset + length;
                        continue;
                    }
                    Err(reason) => (offset, reason),
                },
            };
            let next = frames::next_whole(path, offset).map_err(read)?;
            if next.is_some() || !last {
                let number = self.newest() + 1;
                self.damaged.insert(number);
                self.wrong.push(format!(
                    "record {number} is damaged: {name}, {offset} bytes in ({reason})"
                ));
            }
            match next {
                None => break,
                Some(next) => frames = Frames::open(path, next).map_err(read)?,
            }
        }
        let length = std::fs::metadata(path).map_err(read)?.len();
        Ok((last && (length > end || length == 0)).then(|| Tail {
            path: path.to_owned(),
            offset: end,
            bytes: length.saturating_sub(end),
        }))
    }

    /// The number of the record that was read last.
    fn newest(&self) -> RecordNumber {
        self.found.last().map_or(0, |found| found.number)
    }

    fn record(&mut self, head: &Head<'_>, case: &str, segment: &str, offset: u64) {
        let place = || format!("{segment}, {offset} bytes in");
        let id = head.id().filter(|id| id.case == case && id.number > 0);
        let Some(id) = id else {
            self.wrong
                .push(format!("a record of another case: {}", place()));
            return;
        };
        let number = id.number;
        let chain = head.chain().map(str::to_owned);
        if self.chains.contains_key(&number) {
            self.wrong
                .push(format!("record {number} is there twice: {}", place()));
            return;
        }
        if chain.is_none() && self.chained {
            self.wrong.push(format!(
                "record {number} was changed: it has no chain, and the ones before it have ({})",
                place()
            ));
        } else if number == 1 {
            if !head.follows(None) {
                self.wrong
                    .push(format!("record 1 was changed: {}", place()));
            }
        } else if let Some(before) = self.chains.get(&(number - 1))
            && !head.follows(before.as_deref())
        {
            self.wrong.push(format!(
                "record {number} was changed, or record {} and its chain were: {}",
                number - 1,
                place()
            ));
        }
        self.chained |= chain.is_some();
        self.chains.insert(number, chain.clone());
        self.found.push(Found { number, chain });
    }

    fn findings(mut self, expected: u64, tail: Option<Tail>) -> Findings {
        let numbers: Vec<RecordNumber> = self.found.iter().map(|found| found.number).collect();
        let in_order = longest_rise(&numbers);
        for (at, number) in numbers.iter().enumerate() {
            if !in_order.contains(&at) {
                let before = numbers[..at].last();
                let behind = before.map_or("at the beginning".to_owned(), |before| {
                    format!("behind record {before}")
                });
                self.wrong
                    .push(format!("record {number} was moved: it stands {behind}"));
            }
        }
        let last = numbers.iter().copied().max().unwrap_or(0).max(expected);
        let mut missing: Vec<(RecordNumber, RecordNumber)> = Vec::new();
        let present: BTreeSet<RecordNumber> = numbers.iter().copied().collect();
        let mut next: RecordNumber = 1;
        let mut ended = false;
        for number in present
            .iter()
            .chain(&self.damaged)
            .copied()
            .collect::<BTreeSet<_>>()
        {
            if number > next {
                missing.push((next, number - 1));
            }
            ended = number == RecordNumber::MAX;
            next = number.saturating_add(1);
        }
        if next <= last && !ended {
            missing.push((next, last));
        }
        for (first, last) in missing {
            self.wrong.push(match first == last {
                true => format!("record {first} is missing"),
                false => format!("records {first} to {last} are missing"),
            });
        }
        if self.wrong.len() > LISTED {
            let more = self.wrong.len() - LISTED;
            self.wrong.truncate(LISTED);
            self.wrong.push(format!("and {more} more"));
        }
        Findings {
            records: self.found.len() as u64,
            head: self.chains.get(&expected).cloned().flatten(),
            newest_head: self.found.last().and_then(|found| found.chain.clone()),
            wrong: self.wrong,
            tail,
        }
    }
}

/// The positions of a longest rising part of a list. What is not in it stands in the wrong place.
fn longest_rise(numbers: &[RecordNumber]) -> BTreeSet<usize> {
    // The smallest end of a rising part of each length, and for each number the one before it in such a part.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| numbers[*end] < *number);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut rise = BTreeSet::new();
    let mut next = ends.last().copied();
    while let Some(at) = next {
        rise.insert(at);
        next = before[at];
    }
    rise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_wrong_place_is_the_least_that_could() {
        for (numbers, rise) in [
            (&[][..], &[][..]),
            (&[1, 2, 3], &[0, 1, 2]),
            (&[1, 2, 4, 3, 5], &[0, 1, 3, 4]),
            (&[5, 1, 2, 3, 6], &[1, 2, 3, 4]),
            (&[2, 3, 4, 1], &[0, 1, 2]),
        ] {
            assert_eq!(
                longest_rise(numbers),
                rise.iter().copied().collect(),
                "{numbers:?}"
            );
        }
    }
}
