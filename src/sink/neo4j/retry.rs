//! Trying again: soon after a deadlock, with less after too much, and for a while when the server is gone.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use super::connection::Connection;
use super::error::{Neo4jError, Remedy, one_line, remedy};

/// Most attempts at a transaction that the server is there for but keeps refusing.
const ATTEMPTS: u32 = 20;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The same again.
    Same,
    /// The same work in smaller transactions.
    Smaller,
}

/// The failures of one piece of work.
pub(super) struct Patience<'c> {
    connection: &'c Connection,
    refused: u32,
    lost: Option<(Instant, u32)>,
    retries: u64,
}

impl<'c> Patience<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            refused: 0,
            lost: None,
            retries: 0,
        }
    }

    /// Waits as long as the failure calls for. `rows` is what the transaction held, for the error text; a
    /// single row cannot be made smaller and is tried again as it is.
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
                self.refused += 1;
                if self.refused >= ATTEMPTS {
                    return Err(match kind {
                        Remedy::Smaller => Neo4jError::Exhausted {
                            rows,
                            reason: one_line(&error.to_string()),
                        },
                        _ => target.explain(error),
                    });
                }
                pause(
                    Duration::from_millis(20),
                    self.refused,
                    Duration::from_secs(2),
                )
                .await;
            }
            Remedy::Reconnect => {
                let (since, times) = self.lost.get_or_insert((Instant::now(), 0));
                *times += 1;
                if since.elapsed() >= self.connection.tuning.patience {
                    return Err(Neo4jError::Lost {
                        address: target.address.to_string(),
                        seconds: since.elapsed().as_secs(),
                        reason: one_line(&error.to_string()),
                    });
                }
                let times = *times;
                pause(Duration::from_millis(100), times, Duration::from_secs(5)).await;
            }
        }
        self.retries += 1;
        Ok(Next::Same)
    }

    /// Forgets earlier failures: something went through.
    pub(super) fn succeeded(&mut self) {
        self.refused = 0;
        self.lost = None;
    }

    /// How often something was tried again so far.
    pub(super) fn retries(&self) -> u64 {
        self.retries
    }
}

/// Exponential backoff, somewhere between half of it and all of it.
async fn pause(first: Duration, times: u32, most: Duration) {
    let full = first
        .saturating_mul(1 << times.saturating_sub(1).min(16))
        .min(most);
    let part = rand::rng().random_range(0.5..=1.0);
    tokio::time::sleep(full.mul_f64(part)).await;
}
