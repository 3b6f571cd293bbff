//! Removes what an earlier load of the same case left behind.
//!
//! A case that is resumed, or replayed by a newer linktrail, can lose nodes: a `upn:` user becomes a known id. After a
//! load every node and edge of the graph is in the database, so equal counts prove that nothing else holds the case,
//! and only labels and types with unequal counts are searched.

use std::collections::HashSet;

use neo4rs::{BoltList, BoltType, Row};

use super::connection::{Connection, Written};
use super::load::{joins, labels};
use super::retry::{Next, TransactionRetries};
use super::rows::{EdgeRow, ends, integer, parameters, ratings, text};
use super::{Counters, Neo4jError, cypher};
use crate::graph::value::indexable;
use crate::graph::{Graph, NodeData};
use crate::model::VerdictId;

/// The number of keys that are listed and released at a time.
const PAGE: usize = 5_000;

/// What a load would take out of a case: what the database holds of it and the graph does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leaving {
    /// The nodes and edges that the database holds of the case.
    pub held: u64,
    /// The nodes among them that the graph does not have.
    pub nodes: u64,
    /// The edges among them that the graph does not have.
    pub relationships: u64,
}

impl Leaving {
    /// True when more than half of what the database holds of the case would go.
    pub fn is_most(&self) -> bool {
        (self.nodes + self.relationships) * 2 > self.held
    }
}

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
        let mut sweep = Sweep::new(self, case, counters);
        let found = sweep.execute(&cypher::find_case(), None, ("", "")).await?;
        Ok(found.number("rows") > 0)
    }

    /// What [`Connection::load`] of this graph would take out of its case. Nothing is written.
    ///
    /// A verdict whose id an earlier version wrote without the case, and which the graph has with it, does not count.
    ///
    /// # Errors
    /// When the server does not come back or refuses the user.
    pub async fn leaving(&self, graph: &Graph) -> Result<Leaving, Neo4jError> {
        let mut counters = Counters::default();
        let mut leaving = Leaving::default();
        if !self.was_loaded(graph.case(), &mut counters).await? {
            return Ok(leaving);
        }
        let (nodes, edges): (Vec<_>, Vec<_>) = (graph.nodes(), graph.edges().collect());
        let mut sweep = Sweep::new(self, graph.case(), &mut counters);
        for part in parts(&nodes, &edges) {
            let held = sweep.execute(&part.count, None, ("", "")).await?;
            if held.number("rows") == 0 {
                continue;
            }
            let mut after = None;
            while let Some(keys) = sweep.page(&part, &mut after).await? {
                let gone = keys
                    .iter()
                    .filter(|key| !part.keeps_renamed(graph.case(), key));
                let gone = gone.count() as u64;
                leaving.held += keys.len() as u64;
                match part.of_nodes {
                    true => leaving.nodes += gone,
                    false => leaving.relationships += gone,
                }
            }
        }
        Ok(leaving)
    }

    /// Removes `case` from every node and edge that is not among these.
    pub(super) async fn sweep(
        &self,
        case: &str,
        nodes: &[&NodeData],
        edges: &[EdgeRow<'_>],
        counters: &mut Counters,
    ) -> Result<(), Neo4jError> {
        let mut sweep = Sweep::new(self, case, counters);
        for part in parts(nodes, edges) {
            sweep.part(&part).await?;
        }
        Ok(())
    }

    /// Rates the urls of a case that other cases hold as well, by the verdicts of all of them.
    pub(super) async fn rate(&self, case: &str, counters: &mut Counters) -> Result<(), Neo4jError> {
        let mut sweep = Sweep::new(self, case, counters);
        let statement = cypher::rate();
        let mut after = String::new();
        loop {
            let rated = sweep.execute(&statement, None, (&after, "")).await?;
            sweep.counters.add(&rated.stats);
            if rated.number("rows") < PAGE {
                return Ok(());
            }
            let last = rated.answers.first().and_then(|row| row.get("last").ok());
            after = last.unwrap_or(after);
        }
    }
}

/// The ids of a node, or of both ends of an edge. A node has no second one.
type Ids = (String, String);

/// What a graph has of a label or of a type, and the statements about it.
struct Part<'g> {
    of_nodes: bool,
    kept: HashSet<(&'g str, &'g str)>,
    count: String,
    list: String,
    release: String,
}

impl Part<'_> {
    fn keeps(&self, (a, b): &Ids) -> bool {
        self.kept.contains(&(a.as_str(), b.as_str()))
    }

    /// The same, with verdicts that an earlier version left among those it keeps.
    fn keeps_renamed(&self, case: &str, key: &Ids) -> bool {
        let renamed = |id: &String| VerdictId::in_case(case, id).map(indexable);
        let (a, b) = key;
        self.keeps(key)
            || renamed(a).is_some_and(|a| self.keeps(&(a, b.clone())))
            || renamed(b).is_some_and(|b| self.keeps(&(a.clone(), b)))
    }
}

/// Edges first, since deleting a node deletes its remaining edges; labels in reverse, so that the verdicts are gone when
/// their urls are rated.
fn parts<'g>(nodes: &[&'g NodeData], edges: &[EdgeRow<'g>]) -> impl Iterator<Item = Part<'g>> {
    let of_edges = joins().map(|(kind, from, to)| {
        let of_kind = edges
            .iter()
            .filter(move |(a, edge, b)| (edge.kind, a.label, b.label) == (kind, from, to));
        Part {
            of_nodes: false,
            kept: of_kind
                .map(|(a, _, b)| (a.id.as_str(), b.id.as_str()))
                .collect(),
            count: cypher::count_edges(kind, from, to),
            list: cypher::list_edges(kind, from, to),
            release: cypher::release_edges(kind, from, to),
        }
    });
    let of_nodes = labels().rev().map(|label| Part {
        of_nodes: true,
        kept: nodes
            .iter()
            .filter(|node| node.label == label)
            .map(|node| (node.id.as_str(), ""))
            .collect(),
        count: cypher::count_nodes(label),
        list: cypher::list_nodes(label),
        release: cypher::release_nodes(label),
    });
    of_edges.chain(of_nodes)
}

struct Sweep<'s> {
    connection: &'s Connection,
    case: &'s str,
    counters: &'s mut Counters,
}

impl<'s> Sweep<'s> {
    fn new(connection: &'s Connection, case: &'s str, counters: &'s mut Counters) -> Self {
        Self {
            connection,
            case,
            counters,
        }
    }

    async fn part(&mut self, part: &Part<'_>) -> Result<(), Neo4jError> {
        let held = self.execute(&part.count, None, ("", "")).await?;
        if held.number("rows") <= part.kept.len() {
            return Ok(());
        }
        let mut after = None;
        while let Some(keys) = self.page(part, &mut after).await? {
            let left: Vec<_> = keys.iter().filter(|key| !part.keeps(key)).collect();
            if left.is_empty() {
                continue;
            }
            let rows = left
                .iter()
                .map(|(a, b)| BoltType::Map(ends(a, b)))
                .collect();
            let rows = BoltList { value: rows };
            let released = self.execute(&part.release, Some(rows), ("", "")).await?;
            self.counters.add(&released.stats);
            let released = released.number("rows") as u64;
            match part.of_nodes {
                true => self.counters.nodes_left += released,
                false => self.counters.relationships_left += released,
            }
        }
        Ok(())
    }

    /// The next keys that the database holds of a part, after those of the page before; `None` after the last.
    async fn page(
        &mut self,
        part: &Part<'_>,
        after: &mut Option<Ids>,
    ) -> Result<Option<Vec<Ids>>, Neo4jError> {
        let (a, b) = after.clone().unwrap_or_default();
        let page = self.execute(&part.list, None, (&a, &b)).await?;
        let keys: Vec<_> = page.answers.iter().map(key).collect();
        *after = keys.last().cloned();
        Ok((!keys.is_empty()).then_some(keys))
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
                ("ratings", ratings()),
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
