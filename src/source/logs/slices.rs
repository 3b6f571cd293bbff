//! The slices of a query's time range: how it is halved, and what was read of it in the end.

use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use tokio::time::Instant;

use super::place::Place;
use super::problem::{Problem, Why};
use super::query::Query;
use crate::model::{RecordNumber, Window, format_time};

/// The most queries that one query may become. Every slice counts, whether it is asked for or on record, so that a replay
/// ends at the same slice.
pub(super) const MOST_QUERIES: usize = 64;
/// The most time ranges that a problem lists.
const SHOWN_RANGES: usize = 3;

/// A time range that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    pub(super) range: Window,
    /// True for the half of a slice that was too heavy.
    pub(super) of_heavy: bool,
}

/// How an answer for a slice ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    Whole,
    TooLarge(String),
    TooHeavy(String),
    Partial(String),
    NotSent(String),
    Bad(Problem),
}

/// A slice and how its answer ended.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) slice: Slice,
    pub(super) record: RecordNumber,
    pub(super) at: DateTime<Utc>,
    pub(super) end: End,
}

impl Slice {
    pub(super) fn whole(range: Window) -> Self {
        Self {
            range,
            of_heavy: false,
        }
    }

    /// The time at which to halve it; `None` when it is too short.
    fn middle(self, query: Query) -> Option<DateTime<Utc>> {
        let unit = match query.joins() {
            // What is joined by the hour must stay together.
            true => TimeDelta::hours(1),
            false => TimeDelta::minutes(1),
        };
        let Window { from, to } = self.range;
        let half = from + (to - from) / 2;
        let down = half.duration_trunc(unit).ok()?;
        [down, down + unit]
            .into_iter()
            .find(|at| from < *at && *at < to)
    }

    /// True when the slice is not halved if it is too heavy: a half of what was too heavy is no lighter for the service
    /// when it takes as long.
    pub(super) fn is_last_if_heavy(self, query: Query) -> bool {
        self.of_heavy || self.middle(query).is_none()
    }
}

impl Piece {
    /// The halves to ask for instead; `None` when this piece is the last word.
    pub(super) fn halves(&self, query: Query) -> Option<[Slice; 2]> {
        let of_heavy = match self.end {
            End::TooLarge(_) => false,
            End::TooHeavy(_) if !self.slice.of_heavy => true,
            _ => return None,
        };
        let middle = self.slice.middle(query)?;
        let Window { from, to } = self.slice.range;
        Some([(from, middle), (middle, to)].map(|(from, to)| Slice {
            range: Window { from, to },
            of_heavy,
        }))
    }
}

/// The problems of a query, from its last pieces in the order of time. All slices that failed in one way are one problem,
/// which says how far the query came.
pub(super) fn problems(
    place: Place,
    query: Query,
    queries: usize,
    pieces: &[Piece],
) -> Vec<Problem> {
    let query = query.name();
    let read = || covered(pieces);
    let first = |words: fn(&End) -> Option<&String>| {
        let mut found = pieces.iter().filter_map(|piece| words(&piece.end));
        found.next().cloned()
    };
    let large = first(|end| match end {
        End::TooLarge(words) => Some(words),
        _ => None,
    });
    let heavy = first(|end| match end {
        End::TooHeavy(words) => Some(words),
        _ => None,
    });
    let late = first(|end| match end {
        End::NotSent(words) => Some(words),
        _ => None,
    });
    let mut whys = Vec::new();
    whys.extend(large.map(|words| Why::TooLarge {
        query,
        queries,
        words,
        read: read(),
    }));
    whys.extend(heavy.map(|words| Why::TooHeavy {
        query,
        words,
        read: read(),
    }));
    whys.extend(late.map(|words| Why::OutOfTime {
        query,
        words,
        read: read(),
    }));
    let others = pieces.iter().filter_map(|piece| match &piece.end {
        End::Partial(words) => Some(Why::Partial {
            query,
            words: words.clone(),
        }),
        End::Bad(problem) => Some(problem.why.clone()),
        _ => None,
    });
    let mut others: Vec<Why> = others.collect();
    others.sort();
    others.dedup();
    whys.extend(others);
    let problem = |why| Problem { place, why };
    whys.into_iter().map(problem).collect()
}

/// The time that was read in full, as text.
fn covered(pieces: &[Piece]) -> String {
    let mut ranges: Vec<Window> = Vec::new();
    let whole = pieces.iter().filter(|piece| piece.end == End::Whole);
    for range in whole.map(|piece| piece.slice.range) {
        match ranges.last_mut() {
            Some(last) if last.to == range.from => last.to = range.to,
            _ => ranges.push(range),
        }
    }
    let shown = ranges.iter().take(SHOWN_RANGES);
    let shown: Vec<String> = shown
        .map(|range| format!("{} to {}", format_time(range.from), format_time(range.to)))
        .collect();
    match ranges.len().saturating_sub(SHOWN_RANGES) {
        0 if shown.is_empty() => "nothing".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more time ranges", shown.join(", ")),
    }
}

/// Measures how long a query takes, apart from the time that it waits for other queries.
#[derive(Debug)]
pub(super) struct Clock {
    most: Duration,
    spent: Duration,
    begun: OnceLock<Instant>,
}

impl Clock {
    pub(super) fn new(most: Duration) -> Self {
        Self {
            most,
            spent: Duration::ZERO,
            begun: OnceLock::new(),
        }
    }

    /// Called when a query is about to be sent.
    pub(super) fn start(&self) {
        self.begun.get_or_init(Instant::now);
    }

    /// Called when no query is running.
    pub(super) fn pause(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.spent += begun.elapsed();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        let running = self.begun.get().map(Instant::elapsed);
        self.spent + running.unwrap_or_default() >= self.most
    }
}
