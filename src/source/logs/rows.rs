//! The result of a query.

use chrono::{DateTime, Utc};

use super::answer::{Reading, read};
use super::problem::Problem;
use super::query::Query;
use super::row::Row;
use crate::journal::Exchange;
use crate::model::RecordNumber;

/// The result of a query.
#[derive(Debug, Default)]
pub struct Rows {
    /// The rows of all time slices, in order.
    pub rows: Vec<Row>,
    /// The reasons why rows are missing; empty when the result is complete.
    pub problems: Vec<Problem>,
    /// The record and the time of each answer, with or without rows.
    pub answers: Vec<(RecordNumber, DateTime<Utc>)>,
}

impl Rows {
    /// The rows and problems of a single answer. An answer that was cut off is a problem here, since its time range cannot
    /// be halved.
    pub fn of(query: Query, exchange: &Exchange) -> Self {
        let reading = read(query, exchange);
        let query = query.name();
        let nothing = || "nothing".to_owned();
        let (rows, problem) = match reading {
            Reading::Whole(rows) => (rows.all(), None),
            Reading::Partial(rows, words) | Reading::TooLarge(rows, words) => {
                (rows.all(), Some(Problem::Partial { query, words }))
            }
            Reading::TooHeavy(words) => {
                let read = nothing();
                (Vec::new(), Some(Problem::TooHeavy { query, words, read }))
            }
            Reading::NotSent(words) => {
                let read = nothing();
                (Vec::new(), Some(Problem::OutOfTime { query, words, read }))
            }
            Reading::Bad(problem) => (Vec::new(), Some(problem)),
        };
        Self {
            rows,
            problems: problem.into_iter().collect(),
            answers: vec![(exchange.record, exchange.at)],
        }
    }
}
