//! Taking a case out of the database.

use neo4rs::BoltMap;

use super::connection::{Connection, Written};
use super::load::{joins, labels};
use super::retry::{Next, TransactionRetries};
use super::rows::{integer, parameters, text};
use super::{Counters, Neo4jError, cypher};

impl Connection {
    /// Takes one case out, and with it exactly the nodes and edges that no other case holds. What stays loses
    /// the case's id and its evidence and keeps its other properties as they were merged.
    ///
    /// It runs in bounded transactions; broken off half-way, it is run again. The `Case` node goes last.
    /// A case that is not there changes nothing: [`Counters::rows`] is 0.
    ///
    /// # Errors
    /// A server that stays away, refuses the user, is read-only, or has no memory for a single row.
    pub async fn prune(&self, case: &str) -> Result<Counters, Neo4jError> {
        let mut counters = Counters::default();
        for (kind, from, to) in joins() {
            let statement = cypher::prune_edges(kind, from, to);
            self.prune_part(&statement, case, &mut counters).await?;
        }
        for label in labels().rev() {
            let statement = cypher::prune_nodes(label);
            self.prune_part(&statement, case, &mut counters).await?;
        }
        Ok(counters)
    }

    async fn prune_part(
        &self,
        statement: &str,
        case: &str,
        counters: &mut Counters,
    ) -> Result<(), Neo4jError> {
        let mut retries = TransactionRetries::new(self);
        let mut limit = self.tuning.rows;
        let mut after = String::new();
        loop {
            match self.write(statement, page(case, &after, limit)).await {
                Ok(written) => {
                    retries.succeeded();
                    let rows = written.number("rows");
                    counters.add(&written.stats);
                    counters.rows += rows as u64;
                    if rows < limit {
                        counters.retries += retries.retries();
                        return Ok(());
                    }
                    // What was done no longer holds the case, so the same id again is no repetition: an id can
                    // start more edges than fit into a page.
                    after = last(&written).unwrap_or(after);
                }
                Err(error) => {
                    if retries.after(error, limit).await? == Next::Smaller {
                        limit = (limit / 2).max(1);
                    }
                }
            }
        }
    }
}

fn page(case: &str, after: &str, limit: usize) -> BoltMap {
    parameters([
        ("case", text(case.to_owned())),
        ("prefix", text(format!("{case}/"))),
        ("after", text(after.to_owned())),
        ("limit", integer(limit)),
    ])
}

fn last(written: &Written) -> Option<String> {
    written.answers.first()?.get("last").ok()
}
