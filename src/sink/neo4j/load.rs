//! Merges a graph into the database.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::try_join_all;
use neo4rs::{BoltList, BoltType};

use super::connection::{Connection, Written};
use super::retry::{Next, TransactionRetries};
use super::rows::{self, EdgeRow, RowWriter};
use super::{Counters, Neo4jError, cypher};
use crate::graph::schema::{EDGES, NODES};
use crate::graph::{EdgeType, Graph, Label, NodeData, held};

/// The number of successful batches after which a larger batch size is tried again.
const GROW_AFTER: usize = 8;

/// Called with the number of rows that are done and the number of all rows.
pub(super) type Progress<'p> = &'p (dyn Fn(usize, usize) + Sync);

impl Connection {
    /// Merges a case's graph by the rules of [`crate::graph::schema::Merge`]: nodes label by label, then edges type by
    /// type. At the end it removes whatever an earlier load of the same case left and this graph does not contain, so
    /// that the database holds the case as it was loaded last. Then the urls that other cases hold as well are rated by the
    /// verdicts of all of them.
    ///
    /// The `Case` node is written first, and [`Connection::prune`] deletes it last. So if it is missing, the database
    /// holds nothing of the case and does not have to be searched.
    ///
    /// Loading is idempotent: an interrupted load is simply run again. [`Connection::apply_schema`] has to run first.
    ///
    /// # Errors
    /// When the server does not come back, refuses the user, is read-only, or has too little memory for a single row.
    pub async fn load(
        &self,
        graph: &Graph,
        progress: Progress<'_>,
    ) -> Result<Counters, Neo4jError> {
        let nodes = graph.nodes();
        let edges: Vec<_> = graph.edges().collect();
        let total = nodes.len() + edges.len();
        let mut counters = Counters::default();
        let may_have_left = !nodes.iter().any(|node| node.label == Label::Case)
            || self.was_loaded(graph.case(), &mut counters).await?;
        let state = State {
            connection: self,
            progress,
            total,
            counters: Mutex::new(counters),
        };
        for label in labels() {
            let of_label = nodes.iter().filter(|node| node.label == label);
            let rows: Vec<&NodeData> = of_label.copied().collect();
            let held = held(label.spec().all_properties(), rows.iter().copied());
            let columns = cypher::columns(held.into_iter());
            state
                .execute(&Part {
                    statement: cypher::merge_nodes(label, &columns),
                    best: None,
                    writer: RowWriter::new(graph, columns),
                    rows: Rows::Nodes(rows),
                })
                .await?;
        }
        for (kind, from, to) in joins() {
            let of_kind = edges
                .iter()
                .filter(|(a, edge, b)| (edge.kind, a.label, b.label) == (kind, from, to));
            let rows: Vec<EdgeRow<'_>> = of_kind.copied().collect();
            let held = held(kind.spec().all_properties(), rows.iter().copied());
            let columns = cypher::columns(held.into_iter());
            state
                .execute(&Part {
                    statement: cypher::merge_edges(kind, from, to, &columns),
                    best: kind.spec().outranking().map(|(_, best)| best),
                    writer: RowWriter::new(graph, columns),
                    rows: Rows::Edges(kind, rows),
                })
                .await?;
        }
        let mut counters = *state.lock();
        if may_have_left {
            self.sweep(graph.case(), &nodes, &edges, &mut counters)
                .await?;
        }
        self.rate(graph.case(), &mut counters).await?;
        Ok(counters)
    }
}

/// All labels, with the label of the case first.
pub(super) fn labels() -> impl DoubleEndedIterator<Item = Label> {
    let all = NODES.iter().map(|spec| spec.label);
    std::iter::once(Label::Case).chain(all.filter(|label| *label != Label::Case))
}

/// All types with each pair of labels that they join.
pub(super) fn joins() -> impl Iterator<Item = (EdgeType, Label, Label)> {
    EDGES.iter().flat_map(|spec| {
        spec.joins
            .iter()
            .map(move |(from, to)| (spec.kind, *from, *to))
    })
}

/// The rows of one statement.
enum Rows<'g> {
    /// Sorted by id.
    Nodes(Vec<&'g NodeData>),
    /// Sorted by start node, so that parallel transactions rarely lock the same nodes.
    Edges(EdgeType, Vec<EdgeRow<'g>>),
}

struct Part<'g> {
    statement: String,
    /// The value that outranks others, for types that have one.
    best: Option<&'static str>,
    writer: RowWriter<'g>,
    rows: Rows<'g>,
}

impl Part<'_> {
    fn len(&self) -> usize {
        match &self.rows {
            Rows::Nodes(nodes) => nodes.len(),
            Rows::Edges(_, edges) => edges.len(),
        }
    }

    fn row(&self, at: usize) -> (BoltType, usize) {
        match &self.rows {
            Rows::Nodes(nodes) => self.writer.node(nodes[at]),
            Rows::Edges(_, edges) => self.writer.edge(edges[at]),
        }
    }

    /// Builds a batch from the start of a range: as many rows as fit into so many bytes, at least one.
    fn batch(&self, range: &Range<usize>, most_bytes: usize) -> BoltList {
        let mut batch = BoltList::with_capacity(range.len());
        let mut bytes = 0;
        for at in range.clone() {
            let (row, size) = self.row(at);
            if bytes + size > most_bytes && !batch.is_empty() {
                break;
            }
            bytes += size;
            batch.push(row);
        }
        batch
    }
}

/// The rows of a part that have not been sent, and the current size of a batch.
struct Queue {
    left: Vec<Range<usize>>,
    most_rows: usize,
    /// The number of successful batches since the size last changed.
    steady: usize,
}

struct State<'g> {
    connection: &'g Connection,
    progress: Progress<'g>,
    total: usize,
    counters: Mutex<Counters>,
}

impl State<'_> {
    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn execute(&self, part: &Part<'_>) -> Result<(), Neo4jError> {
        let whole = 0..part.len();
        if whole.is_empty() {
            return Ok(());
        }
        let tuning = self.connection.tuning;
        let queue = Mutex::new(Queue {
            left: vec![whole],
            most_rows: tuning.rows,
            steady: 0,
        });
        let sessions = (0..tuning.sessions).map(|_| self.session(part, &queue));
        try_join_all(sessions).await?;
        Ok(())
    }

    /// Sends batches until the queue is empty. While the server works on one, other sessions build their next one.
    async fn session(&self, part: &Part<'_>, queue: &Mutex<Queue>) -> Result<(), Neo4jError> {
        let mut retries = TransactionRetries::new(self.connection);
        while let Some((range, batch)) = self.take(part, queue) {
            let rows = range.len();
            let mut parameters = rows::parameters(part.writer.common());
            parameters.put("rows".into(), BoltType::List(batch));
            if let Some(best) = part.best {
                parameters.put("best".into(), rows::text(best.to_owned()));
            }
            match self.connection.write(&part.statement, parameters).await {
                Ok(written) => {
                    retries.succeeded();
                    self.settle(part, rows, &written)?;
                    lock(queue).went_through(self.connection.tuning.rows);
                }
                Err(error) => {
                    let before = retries.retries();
                    let next = retries.after(error, rows).await?;
                    self.lock().retries += retries.retries() - before;
                    lock(queue).failed(range, next);
                }
            }
        }
        Ok(())
    }

    /// Takes the next range, and builds its batch while other sessions can take theirs.
    fn take(&self, part: &Part<'_>, queue: &Mutex<Queue>) -> Option<(Range<usize>, BoltList)> {
        let range = lock(queue).take()?;
        let batch = part.batch(&range, self.connection.tuning.bytes);
        let end = range.start + batch.len();
        if end < range.end {
            lock(queue).left.push(end..range.end);
        }
        Some((range.start..end, batch))
    }

    fn settle(&self, part: &Part<'_>, rows: usize, written: &Written) -> Result<(), Neo4jError> {
        let found = written.number("rows");
        if let (Rows::Edges(kind, _), true) = (&part.rows, found < rows) {
            return Err(Neo4jError::Vanished {
                kind: kind.as_str(),
                rows,
                missing: rows - found,
            });
        }
        let done = {
            let mut counters = self.lock();
            counters.add(&written.stats);
            counters.rows += rows as u64;
            usize::try_from(counters.rows).unwrap_or(usize::MAX)
        };
        (self.progress)(done, self.total);
        Ok(())
    }
}

impl Queue {
    fn take(&mut self) -> Option<Range<usize>> {
        let left = self.left.pop()?;
        let end = left.end.min(left.start + self.most_rows);
        if end < left.end {
            self.left.push(end..left.end);
        }
        Some(left.start..end)
    }

    fn failed(&mut self, range: Range<usize>, next: Next) {
        if next == Next::Smaller {
            self.most_rows = self.most_rows.min(range.len() / 2).max(1);
            self.steady = 0;
        }
        self.left.push(range);
    }

    fn went_through(&mut self, full: usize) {
        self.steady += 1;
        if self.steady >= GROW_AFTER && self.most_rows < full {
            self.most_rows = (self.most_rows * 2).min(full);
            self.steady = 0;
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_was_too_much_is_halved_and_grows_again() {
        let mut queue = Queue {
            left: Vec::new(),
            most_rows: 1_000,
            steady: 0,
        };
        queue.failed(0..1_000, Next::Smaller);
        assert_eq!((queue.most_rows, queue.left.pop()), (500, Some(0..1_000)));
        queue.failed(0..300, Next::Smaller);
        assert_eq!(queue.most_rows, 150, "half of what failed");
        queue.failed(0..900, Next::Smaller);
        assert_eq!(queue.most_rows, 150, "a failure never makes it larger");
        queue.failed(0..100, Next::Same);
        assert_eq!(queue.most_rows, 150, "a deadlock is no matter of size");
        for _ in 0..GROW_AFTER {
            queue.went_through(1_000);
        }
        assert_eq!(queue.most_rows, 300);
        for _ in 0..10 * GROW_AFTER {
            queue.went_through(1_000);
        }
        assert_eq!(queue.most_rows, 1_000);
        queue.failed(0..1, Next::Smaller);
        assert_eq!(queue.most_rows, 1);
    }
}
