//! The records that prove the elements: the request of each, and quotations about the important elements.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::elements::ElementDetails;
use super::error::ReportError;
use super::input::Report;
use super::json::{shown, time};
use crate::evidence::{Matcher, Parts, Resolver};
use crate::journal::Record;
use crate::model::{RecordNumber, Source};

/// The longest quotation from one record about one element, in bytes.
const LONGEST: usize = 2_000;
/// The highest number of parts in a quotation: each part takes a line, and another line for its position.
const PARTS: usize = LONGEST / 10;
/// The highest number of records that are quoted for one element. All of its records are listed.
const QUOTED: usize = 5;
/// The longest total of all quotations, in bytes.
const ALTOGETHER: usize = 5_000_000;

/// A journal record as the report shows it.
#[derive(Debug, Serialize)]
pub(super) struct RecordLine {
    /// The time at which the answer was received.
    #[serde(serialize_with = "time")]
    at: DateTime<Utc>,
    source: String,
    method: &'static str,
    /// The url of the request, defanged.
    url: String,
    /// The HTTP status; absent when there was no complete response.
    status: Option<u16>,
}

impl RecordLine {
    fn of(record: &Record) -> Self {
        Self {
            at: record.at,
            source: record.source.clone(),
            method: record.method.as_str(),
            url: shown(&record.url),
            status: record.status,
        }
    }
}

/// Reads every record that the elements refer to, and quotes the important ones.
pub(super) fn read(
    report: &Report<'_>,
    elements: &mut [ElementDetails],
) -> Result<BTreeMap<RecordNumber, RecordLine>, ReportError> {
    let resolver = Resolver::of(report.graph);
    let mut named: BTreeSet<RecordNumber> = BTreeSet::new();
    let mut asked: BTreeMap<RecordNumber, Vec<usize>> = BTreeMap::new();
    let mut matchers: BTreeMap<usize, Matcher<'_>> = BTreeMap::new();
    for (at, element) in elements.iter().enumerate() {
        named.extend(&element.records);
        if let Some(quoted) = element.quoted {
            matchers.insert(at, Matcher::new(&resolver, quoted));
            for number in element.records.iter().take(QUOTED) {
                asked.entry(*number).or_default().push(at);
            }
        }
    }
    let mut lines = BTreeMap::new();
    let mut budget = Budget::new(elements.len());
    for number in named {
        let Some(record) = (report.record)(number)? else {
            continue;
        };
        lines.insert(number, RecordLine::of(&record));
        let asked = asked
            .get(&number)
            .filter(|_| may_be_quoted(report, &record.source));
        // The elements are in the order in which they were first referred to.
        let asked = asked.into_iter().flatten().copied();
        let asked = asked.take_while(|at| budget.is_left_for(*at));
        let (asked, matchers): (Vec<usize>, Vec<&Matcher<'_>>) = asked
            .filter_map(|at| Some((at, matchers.get(&at)?)))
            .unzip();
        if matchers.is_empty() {
            continue;
        }
        let parts = Matcher::parts_of_each(&matchers, &record, PARTS);
        for (at, parts) in asked.into_iter().zip(parts) {
            if budget.is_left_for(at) {
                budget.spend(elements, at, number, excerpt(&parts));
            }
        }
    }
    Ok(lines)
}

/// Answers of Microsoft Graph contain the full text of messages, which the configuration can forbid to quote.
fn may_be_quoted(report: &Report<'_>, source: &str) -> bool {
    report.quotes || Source::parse(source) != Some(Source::Graph)
}

/// The byte budget for quotations. When it is spent, elements later in the report lose theirs first, since the first
/// tables refer to the first elements.
struct Budget {
    left: usize,
    /// The elements with a quotation.
    quoted: BTreeSet<usize>,
    /// The first element for which the budget has no room.
    end: usize,
}

impl Budget {
    fn new(elements: usize) -> Self {
        Self {
            left: ALTOGETHER,
            quoted: BTreeSet::new(),
            end: elements,
        }
    }

    fn is_left_for(&self, element: usize) -> bool {
        element < self.end
    }

    /// Adds a quotation to its element. When the budget is too small, the last elements lose theirs.
    fn spend(
        &mut self,
        elements: &mut [ElementDetails],
        at: usize,
        number: RecordNumber,
        excerpt: String,
    ) {
        while self.left < excerpt.len() {
            let last = self.quoted.last().copied().filter(|last| *last > at);
            let last = last.unwrap_or(at);
            let gone = std::mem::take(&mut elements[last].excerpts);
            self.left += gone.values().map(String::len).sum::<usize>();
            self.quoted.remove(&last);
            self.end = last;
            if last == at {
                return;
            }
        }
        self.left -= excerpt.len();
        self.quoted.insert(at);
        elements[at].excerpts.insert(number, excerpt);
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
