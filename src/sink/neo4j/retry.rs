//! Retries transactions: soon after a deadlock, with fewer rows if they were too many, and for some time while the
//! server is unreachable.

use std::time::Duration;

use super::connection::Connection;
use super::error::{Neo4jError, Remedy, one_line, remedy};
use crate::model::{Retries, RetryPolicy};

/// For a transaction that the server refuses repeatedly.
const REFUSED: RetryPolicy = RetryPolicy {
    first_pause: Duration::from_millis(20),
    longest_pause: Duration::from_secs(2),
    shortest: 0.5,
    attempts: Some(20),
    time: None,
};

/// For a server that is unreachable. [`Tuning::wait_for_server`] limits the time.
///
/// [`Tuning::wait_for_server`]: super::connection::Tuning::wait_for_server
const GONE: RetryPolicy = RetryPolicy {
    first_pause: Duration::from_millis(100),
    longest_pause: Duration::from_secs(5),
    shortest: 0.5,
    attempts: None,
    time: None,
};

/// How to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Retry the same transaction.
    Same,
    /// Retry in smaller transactions.
    Smaller,
}

/// The retries of one sequence of transactions.
pub(super) struct TransactionRetries<'c> {
    connection: &'c Connection,
    refused: Retries,
    /// The retries since the connection was lost.
    lost: Option<Retries>,
    retries: u64,
}

impl<'c> TransactionRetries<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            refused: Retries::begin(),
            lost: None,
            retries: 0,
        }
    }

    /// Waits before the next attempt. `rows` is the size of the failed transaction, for the error text; a transaction
    /// with a single row cannot be made smaller and is retried unchanged.
    pub(super) async fn after(
        &mut self,
        error: neo4rs::Error,
        rows: usize,
    ) -> Result<Next, Neo4jError> {
        let target = &self.connection.target;
        let kind = remedy(&error);
        tracing::debug!(rows, ?kind, %error, "a transaction failed");
        if kind != Remedy::Reconnect {
            self.lost = None;
        }
        match kind {
            Remedy::Stop => return Err(target.explain(error)),
            Remedy::Smaller if rows > 1 => {
                self.retries += 1;
                return Ok(Next::Smaller);
            }
            Remedy::Smaller | Remedy::Again => {
                if !self.refused.wait(&REFUSED).await {
                    return Err(match kind {
                        Remedy::Smaller => Neo4jError::Exhausted {
                            rows,
                            reason: one_line(&error.to_string()),
                        },
                        _ => target.explain(error),
                    });
                }
            }
            Remedy::Reconnect => {
                let lost = self.lost.get_or_insert_with(Retries::begin);
                // The time limits when the last attempt starts, and not how long its pause is: a server that comes back
                // at the end of the time is still found.
                let is_over = lost.elapsed() >= self.connection.tuning.wait_for_server;
                if is_over || !lost.wait(&GONE).await {
                    return Err(Neo4jError::Lost {
                        address: target.address.to_string(),
                        seconds: lost.elapsed().as_secs(),
                        reason: one_line(&error.to_string()),
                    });
                }
            }
        }
        self.retries += 1;
        Ok(Next::Same)
    }

    /// Resets the counts of failures after a success.
    pub(super) fn succeeded(&mut self) {
        self.refused = Retries::begin();
        self.lost = None;
    }

    /// The number of retries so far.
    pub(super) fn retries(&self) -> u64 {
        self.retries
    }
}
