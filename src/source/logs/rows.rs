//! The result of a query.

use chrono::{DateTime, Utc};

use super::answer::{Reading, read};
use super::place::Place;
use super::problem::{Problem, Why};
use super::query::Query;
use super::row::Row;
use crate::journal::Exchange;
use crate::model::RecordNumber;

/// The result of a query.
#[derive(Debug)]
pub struct Rows {
    /// The place that answered last. What was asked for elsewhere before is absent there, or holds no event of the time.
    pub place: Place,
    /// The query that was asked last, which may be a stand-in.
    pub query: Query,
    /// Columns that a table lacks at that place, as `table and column`, which were read as if they were empty.
    pub lacks: Vec<(&'static str, &'static str)>,
    /// The rows of all time slices, in order.
    pub rows: Vec<Row>,
    /// The reasons why rows are missing; empty when the result is complete.
    pub problems: Vec<Problem>,
    /// The record and the time of each answer, with or without rows.
    pub answers: Vec<(RecordNumber, DateTime<Utc>)>,
    /// True when a part of the time, or all of it, was read in full.
    pub(super) is_any_whole: bool,
}

impl Rows {
    /// No rows so far.
    pub(super) fn new(place: Place, query: Query) -> Self {
        Self {
            place,
            query,
            lacks: Vec::new(),
            rows: Vec::new(),
            problems: Vec::new(),
            answers: Vec::new(),
            is_any_whole: false,
        }
    }

    /// The rows and problems of a single answer. An answer that was cut off is a problem here, since its time range cannot
    /// be halved.
    pub fn of(place: Place, asked: Query, exchange: &Exchange) -> Self {
        let reading = read(place, asked, exchange);
        let query = asked.name();
        let nothing = || "nothing".to_owned();
        let (rows, problem) = match reading {
            Reading::Whole(rows) => (rows.all(), None),
            Reading::Partial(rows, words) | Reading::TooLarge(rows, words) => {
                (rows.all(), Some(Why::Partial { query, words }))
            }
            Reading::TooHeavy(words) => {
                let read = nothing();
                (Vec::new(), Some(Why::TooHeavy { query, words, read }))
            }
            Reading::NotSent(words) => {
                let read = nothing();
                (Vec::new(), Some(Why::OutOfTime { query, words, read }))
            }
            Reading::Bad(problem) => (Vec::new(), Some(problem.why)),
        };
        let is_any_whole = problem.is_none();
        let problem = problem.map(|why| Problem { place, why });
        Self {
            place,
            query: asked,
            lacks: Vec::new(),
            rows,
            problems: problem.into_iter().collect(),
            answers: vec![(exchange.record, exchange.at)],
            is_any_whole,
        }
    }
}
