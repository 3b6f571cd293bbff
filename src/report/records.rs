//! The records behind the things: where each was asked, and what it says of those that matter.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Thing;
use super::json::shown;
use super::{RecordLine, Report, ReportError};
use crate::evidence::{Known, Parts, Reading, Wanted};
use crate::model::RecordNumber;

/// Most bytes of what one record says of one thing.
const LONGEST: usize = 2_000;
/// Most parts that a quotation can hold: each takes a line of its own, and one that tells its place.
const PARTS: usize = LONGEST / 10;
/// Most records that are quoted for one thing; all are named.
const QUOTED: usize = 5;
/// Most bytes of all that is quoted.
const ALTOGETHER: usize = 5_000_000;

/// Reads every record that the things name, and quotes what they say of those that matter.
pub(super) fn read(
    report: &Report<'_>,
    things: &mut [Thing],
) -> Result<BTreeMap<RecordNumber, RecordLine>, ReportError> {
    let known = Known::of(report.graph);
    let mut named: BTreeSet<RecordNumber> = BTreeSet::new();
    let mut asked: BTreeMap<RecordNumber, Vec<usize>> = BTreeMap::new();
    let mut wanted: BTreeMap<usize, Wanted<'_>> = BTreeMap::new();
    for (at, thing) in things.iter().enumerate() {
        named.extend(&thing.records);
        if let Some(quoted) = thing.quoted {
            wanted.insert(at, known.wanted(quoted));
            for number in thing.records.iter().take(QUOTED) {
                asked.entry(*number).or_default().push(at);
            }
        }
    }
    let mut lines = BTreeMap::new();
    let mut room = Room::new(things.len());
    for number in named {
        let Some(record) = (report.record)(number)? else {
            continue;
        };
        lines.insert(number, RecordLine::of(&record));
        let asked = asked
            .get(&number)
            .filter(|_| may_be_quoted(report, &record.source));
        let mut asked = asked.into_iter().flatten().peekable();
        if asked.peek().is_none_or(|at| !room.is_for(**at)) {
            continue;
        }
        let reading = Reading::of(&record);
        for at in asked {
            // Things come in their order.
            if !room.is_for(*at) {
                break;
            }
            if let Some(wanted) = wanted.get(at) {
                let says = excerpt(&reading.first_parts(wanted, PARTS));
                room.put(things, *at, number, says);
            }
        }
    }
    Ok(lines)
}

/// What Microsoft Graph answers are messages, with their whole text.
fn may_be_quoted(report: &Report<'_>, source: &str) -> bool {
    report.quotes || source != "graph"
}

/// Room for what is quoted. What the first things rest on is kept: they are what the first tables are about.
struct Room {
    left: usize,
    /// Things with a quotation.
    quoted: BTreeSet<usize>,
    /// The first thing that there is no room for.
    end: usize,
}

impl Room {
    fn new(things: usize) -> Self {
        Self {
            left: ALTOGETHER,
            quoted: BTreeSet::new(),
            end: things,
        }
    }

    fn is_for(&self, thing: usize) -> bool {
        thing < self.end
    }

    /// Puts a quotation to its thing; the last things lose theirs when that takes more room than there is.
    fn put(&mut self, things: &mut [Thing], at: usize, number: RecordNumber, says: String) {
        while self.left < says.len() {
            let last = self.quoted.last().copied().filter(|last| *last > at);
            let last = last.unwrap_or(at);
            let gone = std::mem::take(&mut things[last].excerpts);
            self.left += gone.values().map(String::len).sum::<usize>();
            self.quoted.remove(&last);
            self.end = last;
            if last == at {
                return;
            }
        }
        self.left -= says.len();
        self.quoted.insert(at);
        things[at].excerpts.insert(number, says);
    }
}

fn excerpt(parts: &Parts) -> String {
    let mut text = String::new();
    for part in &parts.found {
        if parts.of > 1 {
            text.push_str(&format!("{} of {} {}:\n", part.at, parts.of, parts.unit));
        }
        text.push_str(&serde_json::to_string_pretty(&part.part).unwrap_or_default());
        text.push('\n');
        if text.len() > LONGEST {
            break;
        }
    }
    if let Some(note) = parts.note {
        text.push_str(note);
    }
    let mut text = shown(&text);
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}
