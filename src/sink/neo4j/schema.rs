//! Creates the constraints and indexes before anything is loaded.

use neo4rs::{BoltMap, Error};

use super::Neo4jError;
use super::connection::{Connection, Written};
use super::error::one_line;
use super::retry::TransactionRetries;
use crate::graph::docs::schema_statements;

/// The numbers of constraints and indexes that [`Connection::apply_schema`] added. Existing ones do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SchemaChanges {
    /// The number of added uniqueness constraints.
    pub constraints_added: u64,
    /// The number of added indexes.
    pub indexes_added: u64,
}

impl Connection {
    /// Creates the constraints and indexes of the schema's table that do not exist yet, and waits until they are
    /// online: without them every merge would scan its whole label.
    ///
    /// # Errors
    /// [`Neo4jError::Schema`] if existing data or another index conflicts with one, [`Neo4jError::ReadOnly`], and the
    /// errors of a lost connection.
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
                // Another load created it between the server's check and the creation.
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
