//! Constraints and indexes, before anything is loaded.

use neo4rs::{BoltMap, Error};

use super::Neo4jError;
use super::connection::{Connection, Written};
use super::error::one_line;
use super::retry::TransactionRetries;
use crate::graph::docs::schema_statements;

/// What [`Connection::apply_schema`] added; nothing where it was there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SchemaChanges {
    /// Uniqueness constraints.
    pub constraints_added: u64,
    /// Indexes.
    pub indexes_added: u64,
}

impl Connection {
    /// Makes the constraints and indexes of the schema's table that are not there yet, and waits until they are
    /// online: without them every merge would scan its label.
    ///
    /// # Errors
    /// [`Neo4jError::Schema`] when data or another index stands in the way of one, [`Neo4jError::ReadOnly`], and
    /// those of a lost connection.
    pub async fn apply_schema(&self) -> Result<SchemaChanges, Neo4jError> {
        let mut changes = SchemaChanges::default();
        for statement in schema_statements() {
            let written = self.statement(&statement).await?;
            changes.constraints_added += written.stats.constraints_added;
            changes.indexes_added += written.stats.indexes_added;
        }
        self.statement("CALL db.awaitIndexes(300)").await?;
        Ok(changes)
    }

    async fn statement(&self, statement: &str) -> Result<Written, Neo4jError> {
        let mut retries = TransactionRetries::new(self);
        let mut raced = false;
        loop {
            match self.write(statement, BoltMap::default()).await {
                Ok(written) => return Ok(written),
                // Somebody made it between the server's look and its making, as another load does that starts now.
                Err(Error::Neo4j(error)) if !raced && error.code().ends_with("AlreadyExists") => {
                    raced = true;
                }
                Err(Error::Neo4j(error)) if error.code().contains(".Schema.") => {
                    return Err(Neo4jError::Schema {
                        statement: statement.to_owned(),
                        reason: one_line(error.message()),
                    });
                }
                Err(error) => {
                    retries.after(error, 1).await?;
                }
            }
        }
    }
}
