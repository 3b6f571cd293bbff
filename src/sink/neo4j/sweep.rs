//! Removes what an earlier load of the same case left behind.
//!
//! A case that is resumed, or replayed by a newer linktrail, can lose nodes: a `upn:` user becomes a known id. After a
//! load every node and edge of the graph is in the database, so equal counts prove that nothing else holds the case,
//! and only labels and types with unequal counts are searched.

use std::collections::HashSet;

use neo4rs::{BoltList, BoltType, Row};

use super::connection::{Connection, Written};
use super::load::joins;
use super::retry::{Next, TransactionRetries};
use super::rows::{EdgeRow, ends, integer, parameters, text};
use super::{Counters, Neo4jError, cypher};
use crate::graph::NodeData;
use crate::graph::schema::NODES;

/// The number of keys that are listed and released at a time.
const PAGE: usize = 5_000;

impl Connection {
    /// True when the database has the `Case` node of this case, which a load writes first and a prune deletes last.
    ///
    /// # Errors
    /// When the server does not come back or refuses the user.
    pub async fn holds(&self, case: &str) -> Result<bool, Neo4jError> {
        self.was_loaded(case, &mut Counters::default()).await
    }

    /// The same as [`Connection::holds`], with the retries counted.
    pub(super) async fn was_loaded(
        &self,
        case: &str,
        counters: &mut Counters,
    ) -> Result<bool, Neo4jError> {
        let mut sweep = Sweep {
            connection: self,
            case,
            counters,
        };
        let found = sweep.execute(&cypher::find_case(), None, ("", "")).await?;
        Ok(found.number("rows") > 0)
    }

    /// Removes `case` from every node and edge that is not among these.
    pub(super) async fn sweep(
        &self,
        case: &str,
        nodes: &[&NodeData],
        edges: &[EdgeRow<'_>],
        counters: &mut Counters,
    ) -> Result<(), Neo4jError> {
        let mut sweep = Sweep {
            connection: self,
            case,
            counters,
        };
        // Edges first, since deleting a node deletes its remaining edges.
        for (kind, from, to) in joins() {
            let kept: HashSet<(&str, &str)> = edges
                .iter()
                .filter(|(a, edge, b)| (edge.kind, a.label, b.label) == (kind, from, to))
                .map(|(a, _, b)| (a.id.as_str(), b.id.as_str()))
                .collect();
            sweep
                .part(
                    &kept,
                    [
                        cypher::count_edges(kind, from, to),
                        cypher::list_edges(kind, from, to),
                        cypher::release_edges(kind, from, to),
                    ],
                )
                .await?;
        }
        for spec in NODES {
            let kept: HashSet<(&str, &str)> = nodes
                .iter()
                .filter(|node| node.label == spec.label)
                .map(|node| (node.id.as_str(), ""))
                .collect();
            sweep
                .part(
                    &kept,
                    [
                        cypher::count_nodes(spec.label),
                        cypher::list_nodes(spec.label),
                        cypher::release_nodes(spec.label),
                    ],
                )
                .await?;
        }
        Ok(())
    }
}

struct Sweep<'s> {
    connection: &'s Connection,
    case: &'s str,
    counters: &'s mut Counters,
}

impl Sweep<'_> {
    async fn part(
        &mut self,
        kept: &HashSet<(&str, &str)>,
        [count, list, release]: [String; 3],
    ) -> Result<(), Neo4jError> {
        let held = self.execute(&count, None, ("", "")).await?.number("rows");
        if held <= kept.len() {
            return Ok(());
        }
        let mut after = (String::new(), String::new());
        loop {
            let page = self.execute(&list, None, (&after.0, &after.1)).await?;
            let keys: Vec<_> = page.answers.iter().map(key).collect();
            let left: Vec<_> = keys
                .iter()
                .filter(|(a, b)| !kept.contains(&(a.as_str(), b.as_str())))
                .collect();
            if !left.is_empty() {
                let rows = left
                    .iter()
                    .map(|(a, b)| BoltType::Map(ends(a, b)))
                    .collect();
                let released = self
                    .execute(&release, Some(BoltList { value: rows }), ("", ""))
                    .await?;
                self.counters.add(&released.stats);
            }
            match keys.into_iter().last() {
                Some(last) if page.answers.len() == PAGE => after = last,
                _ => return Ok(()),
            }
        }
    }

    async fn execute(
        &mut self,
        statement: &str,
        rows: Option<BoltList>,
        (after, after_end): (&str, &str),
    ) -> Result<Written, Neo4jError> {
        let mut retries = TransactionRetries::new(self.connection);
        loop {
            let mut all = parameters([
                ("case", text(self.case.to_owned())),
                ("prefix", text(format!("{}/", self.case))),
                ("after", text(after.to_owned())),
                ("after_end", text(after_end.to_owned())),
                ("limit", integer(PAGE)),
            ]);
            if let Some(rows) = &rows {
                all.put("rows".into(), BoltType::List(rows.clone()));
            }
            match self.connection.write(statement, all).await {
                Ok(written) => {
                    self.counters.retries += retries.retries();
                    return Ok(written);
                }
                // A page is small enough already, so a failure only needs a pause.
                Err(error) => {
                    let (Next::Same | Next::Smaller) = retries.after(error, 1).await?;
                }
            }
        }
    }
}

fn key(row: &Row) -> (String, String) {
    let text = |column| row.get::<String>(column).unwrap_or_default();
    (text("a"), text("b"))
}
