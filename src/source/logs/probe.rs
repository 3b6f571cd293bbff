//! Asks what a place has of a table: its columns, and its oldest and newest event.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::{Content, Reading, read, tells_columns};
use super::problem::Problem;
use super::query::Query;
use super::table::Columns;
use super::transport::{KEEP, Run, Transport};
use crate::http::Failure;
use crate::journal::{Exchange, Request};
use crate::model::Window;

/// The oldest and the newest event of a log in a time range; `None` when it holds none there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// The oldest event.
    pub oldest: Option<DateTime<Utc>>,
    /// The newest event.
    pub newest: Option<DateTime<Utc>>,
    /// When the answer was received.
    pub at: DateTime<Utc>,
}

impl Transport {
    /// The columns of a table, by `take 0`: the cheapest way to tell whether the table is there. One that is absent, or
    /// that the place does not show, is a [`Problem`] with [`Why::TableAbsent`](super::Why::TableAbsent).
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn columns(&self, table: &'static str) -> Result<Result<Columns, Problem>, Failure> {
        // The query that is named in a problem is one that reads the table.
        let reads = |query: &Query| query.tables().any(|read| read == table);
        let query = Query::ALL
            .into_iter()
            .find(|query| *query != Query::LogEnds && reads(query));
        self.columns_for(query.unwrap_or(Query::LogEnds), table)
            .await
    }

    /// The columns of a table that a query reads.
    pub(super) async fn columns_for(
        &self,
        query: Query,
        table: &str,
    ) -> Result<Result<Columns, Problem>, Failure> {
        let exchange = self.send(&self.columns_request(table)).await?;
        Ok(self.read_columns(query, table, &exchange))
    }

    /// The request for the columns of a table.
    pub(super) fn columns_request(&self, table: &str) -> Request {
        Request {
            is_answer: tells_columns(self.place()),
            ..self.post(&format!("{table}\n| take 0"), None)
        }
    }

    /// The columns in an answer to that request.
    pub(super) fn read_columns(
        &self,
        query: Query,
        table: &str,
        exchange: &Exchange,
    ) -> Result<Columns, Problem> {
        if let Content::Rows(rows, _) = Content::of(self.place(), &exchange.answer)
            && !rows.columns.is_empty()
        {
            let columns = Arc::unwrap_or_clone(rows.columns);
            return Ok(columns.into_iter().collect());
        }
        Err(match read(self.place(), query, exchange) {
            Reading::Bad(problem) => problem,
            Reading::TooHeavy(words) | Reading::NotSent(words) => {
                Problem::failed(self.place(), query, words)
            }
            Reading::Whole(_) | Reading::TooLarge(..) | Reading::Partial(..) => {
                let words = format!(
                    "the columns of {table} were not told; run the same command again later"
                );
                Problem::failed(self.place(), query, words)
            }
        })
    }

    /// The oldest and the newest event of a table in a time range. `until` is the end of the time whose events matter: an
    /// answer long after that time is final.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn extent(
        &self,
        table: &'static str,
        range: Window,
        until: DateTime<Utc>,
    ) -> Result<Result<Extent, Problem>, Failure> {
        let run = Run {
            query: Query::LogEnds,
            log: Some(table),
            window: range,
            list: None,
            until,
        };
        let mut rows = self.run(&run, KEEP).await?;
        if let Some(problem) = rows.problems.pop() {
            return Ok(Err(problem));
        }
        let mut extent = Extent::default();
        for row in &rows.rows {
            let (oldest, newest) = (row.time("oldest"), row.time("newest"));
            extent.oldest = [extent.oldest, oldest].into_iter().flatten().min();
            extent.newest = extent.newest.max(newest);
        }
        extent.at = rows
            .answers
            .iter()
            .map(|(_, at)| *at)
            .max()
            .unwrap_or_default();
        Ok(Ok(extent))
    }
}
