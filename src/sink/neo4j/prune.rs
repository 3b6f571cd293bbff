//! Removes a case from the database.

use neo4rs::BoltMap;

use super::connection::{Connection, Written};
use super::load::{joins, labels};
use super::retry::{Next, TransactionRetries};
use super::rows::{integer, parameters, ratings, text};
use super::{Counters, Neo4jError, cypher};

impl Connection {
    /// Removes one case, and deletes exactly the nodes and edges that no other case holds. The remaining ones lose the
    /// case's id, its evidence and its share of the risk: flags, and severities by the verdicts of the other cases. They
    /// keep their other properties as they were merged.
    ///
    /// Labels go in reverse order, so that the verdicts are gone when their urls are rated.
    ///
    /// It works in transactions of limited size; an interrupted prune is simply run again. The `Case` node is deleted
    /// last. Pruning a case that is not in the database changes nothing: [`Counters::rows`] is 0.
    ///
    /// # Errors
    /// When the server does not come back, refuses the user, is read-only, or has too little memory for a single row.
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
                    // Continue at the last id and not after it, since a node can have more edges than fit into a page.
                    // Edges that were handled do not hold the case any more, so they are not found again.
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
        ("ratings", ratings()),
    ])
}

fn last(written: &Written) -> Option<String> {
    written.answers.first()?.get("last").ok()
}
