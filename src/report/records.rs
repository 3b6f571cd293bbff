//! The records behind the things: where each was asked, and what it says of those that matter.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Thing;
use super::json::shown;
use super::{RecordLine, Report, ReportError};
use crate::evidence::{Parts, Reading};
use crate::graph::RecordNumber;

/// Most bytes of what one record says of one thing.
const LONGEST: usize = 2_000;
/// Most records that are quoted for one thing; all are named.
const QUOTED: usize = 5;
/// Most bytes of all that is quoted.
const ALTOGETHER: usize = 5_000_000;

/// Reads every record that the things name, and quotes what they say of those that matter.
pub(super) fn read(
    report: &Report<'_>,
    things: &mut [Thing],
) -> Result<BTreeMap<RecordNumber, RecordLine>, ReportError> {
    let mut named: BTreeSet<RecordNumber> = BTreeSet::new();
    let mut asked: BTreeMap<RecordNumber, Vec<usize>> = BTreeMap::new();
    for (at, thing) in things.iter().enumerate() {
        named.extend(&thing.records);
        if thing.quoted.is_some() {
            for number in thing.records.iter().take(QUOTED) {
                asked.entry(*number).or_default().push(at);
            }
        }
    }
    let mut lines = BTreeMap::new();
    for number in named {
        let Some(record) = (report.record)(number)? else {
            continue;
        };
        lines.insert(number, RecordLine::of(&record));
        let asked = asked
            .get(&number)
            .filter(|_| may_be_quoted(report, &record.source));
        let Some(asked) = asked else {
            continue;
        };
        let reading = Reading::of(&record);
        for at in asked {
            if let Some(thing) = things[*at].quoted {
                let says = excerpt(&reading.parts(report.graph, thing));
                things[*at].excerpts.insert(number, says);
            }
        }
    }
    bound(things);
    Ok(lines)
}

/// What Microsoft Graph answers are messages, with their whole text.
fn may_be_quoted(report: &Report<'_>, source: &str) -> bool {
    report.quotes || source != "graph"
}

/// What the first things rest on is kept: they are what the first tables are about.
fn bound(things: &mut [Thing]) {
    let mut left = ALTOGETHER;
    for thing in things {
        thing.excerpts.retain(|_, text| {
            let fits = text.len() <= left;
            left -= if fits { text.len() } else { 0 };
            fits
        });
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
