//! What a load needs of the database: its constraints and indexes, and the right to write. Nothing is written to find out.

use std::collections::BTreeSet;

use neo4rs::{BoltMap, Error, Operation};

use super::Neo4jError;
use super::connection::Connection;
use crate::graph::docs::schema_statements;

/// The condition of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The names of the constraints and indexes of the schema that are not there. A load creates them.
    pub missing: Vec<String>,
    /// The number of constraints and indexes of the schema.
    pub all: usize,
    /// The roles of the user, sorted; empty where the edition has none, or does not tell.
    pub roles: Vec<String>,
    /// Why the user cannot write; `None` when they can.
    pub cannot_write: Option<String>,
}

impl Condition {
    /// True when nothing stands against creating what is missing: nothing is, the edition has no roles, or a role allows
    /// it. A role of the administrator's own making may allow it too.
    pub fn can_create_the_missing(&self) -> bool {
        let allows = |role: &String| matches!(role.to_lowercase().as_str(), "admin" | "architect");
        self.missing.is_empty() || self.roles.is_empty() || self.roles.iter().any(allows)
    }
}

impl Connection {
    /// Looks at the condition of the database. A node is created in a transaction that is rolled back, which shows whether
    /// the user may write and leaves nothing.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn condition(&self) -> Result<Condition, Neo4jError> {
        let explain = |error: Error| self.target.explain(error);
        let there = self.names().await.map_err(explain)?;
        let statements = schema_statements();
        let all = statements.len();
        let named = statements.iter().filter_map(|statement| {
            let mut words = statement.split_whitespace().skip(2);
            words.next().map(str::to_owned)
        });
        let missing = named.filter(|name| !there.contains(name)).collect();
        Ok(Condition {
            missing,
            all,
            roles: self.roles().await,
            cannot_write: self.try_to_write().await.err().map(|error| {
                let error = explain(error);
                error.to_string()
            }),
        })
    }

    /// The names of all constraints and indexes.
    async fn names(&self) -> Result<BTreeSet<String>, Error> {
        let mut names = BTreeSet::new();
        for statement in ["SHOW CONSTRAINTS YIELD name", "SHOW INDEXES YIELD name"] {
            let mut txn = self.graph.start_txn_as(Operation::Read, None).await?;
            let mut stream = txn.execute(neo4rs::query(statement)).await?;
            while let Some(row) = stream.next(txn.handle()).await? {
                names.extend(row.get::<String>("name").ok());
            }
        }
        Ok(names)
    }

    /// The roles of the user; none when the server does not tell, as the Community Edition does not.
    async fn roles(&self) -> Vec<String> {
        let question = async {
            let statement = "SHOW CURRENT USER YIELD roles";
            let mut stream = self
                .graph
                .execute_on(Operation::Read, "system", statement)
                .await?;
            let mut roles = BTreeSet::new();
            while let Some(row) = stream.next().await? {
                roles.extend(row.get::<Vec<String>>("roles").unwrap_or_default());
            }
            Ok::<_, Error>(roles)
        };
        let mut roles: Vec<String> = question.await.unwrap_or_default().into_iter().collect();
        // Everybody has this one, and it allows nothing by itself.
        roles.retain(|role| role != "PUBLIC");
        roles
    }

    async fn try_to_write(&self) -> Result<(), Error> {
        let mut txn = self.graph.start_txn().await?;
        // Without a label and a property, so that not even their names are left.
        let statement = neo4rs::query("CREATE ()").with_params(BoltMap::default());
        let tried = txn.run(statement).await;
        let rolled_back = txn.rollback().await;
        tried?;
        rolled_back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_decides_only_where_something_is_missing() {
        let condition = |missing: &[&str], roles: &[&str]| Condition {
            missing: missing.iter().map(|name| (*name).to_owned()).collect(),
            all: 2,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            cannot_write: None,
        };
        for (missing, roles, can) in [
            (&[][..], &["reader"][..], true),
            (&["a"], &[], true),
            (&["a"], &["publisher", "architect"], true),
            (&["a"], &["Admin"], true),
            (&["a"], &["editor", "publisher"], false),
        ] {
            let condition = condition(missing, roles);
            assert_eq!(condition.can_create_the_missing(), can, "{condition:?}");
        }
    }
}
