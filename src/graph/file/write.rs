//! Writes both files in one pass over the graph.

use std::io;
use std::io::Write;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use petgraph::stable_graph::EdgeIndex;

use super::LINES;
use super::directory::{BUSY, Directory, by_label, by_type};
use super::keys::{hash, keys};
use super::table::{Output, TableEntry, TableWriter, damaged};
use crate::graph::schema::{EDGES, EVIDENCE_LIMIT};
use crate::graph::{EdgeType, Facts, Graph, Order, jsonl};
use crate::model::RecordNumber;

/// How hard the frames of the graph are compressed.
const LEVEL: i32 = 3;
/// The highest number of threads that make frames. What they make is written by one.
const THREADS: usize = 4;
/// How many frames a thread may be ahead of what is written.
const AHEAD: usize = 4;

/// A hash of a key and the number of its node, as the index has them.
type Hashed = [u8; 12];

/// Writes a graph and its index. The same graph gives the same bytes.
///
/// # Errors
/// The errors of `graph_out` and `index_out`, and when a graph has more than 4 billion nodes and edges.
pub fn write(
    graph: &Graph,
    graph_out: &mut dyn Write,
    index_out: &mut dyn Write,
) -> io::Result<()> {
    let lines = Lines::of(graph)?;
    let mut out = Output::new(graph_out);
    let mut index = Output::new(index_out);
    let (mut frames, mut hashed) = (Vec::new(), Vec::new());
    let mut busy = TableWriter::<BUSY>::new();
    let mut records = TableWriter::<8>::new();
    lines.each_frame(|frame| {
        frames.push(out.put(&frame.bytes)?);
        hashed.extend(frame.hashed);
        for (line, numbers) in frame.busy {
            let mut entry = [0; BUSY];
            entry[..4].copy_from_slice(&line.to_be_bytes());
            entry[4..12].copy_from_slice(&records.count().to_be_bytes());
            entry[12..].copy_from_slice(&(numbers.len() as u64).to_be_bytes());
            busy.add(&mut index, entry)?;
            for number in numbers {
                records.add(&mut index, number.to_be_bytes())?;
            }
        }
        Ok(())
    })?;
    out.flush()?;
    let order = &lines.order;
    let labels = by_label(order.nodes.iter().map(|node| graph.inner[*node].label));
    let types = by_type(graph.edge_types());
    let (busy, records) = (busy.finish(&mut index)?, records.finish(&mut index)?);
    let edges = lines.edges.iter().map(|edge| {
        let (from, to) = graph.inner.edge_endpoints(*edge).unwrap_or_default();
        order.ends(from, to)
    });
    let edges = pairs(&mut index, edges)?;
    let reversed = kinds().flat_map(|kind| {
        let edges = order.edges_of(graph, kind).into_iter();
        let mut reversed: Vec<_> = edges.map(|([from, to], _)| [to, from]).collect();
        reversed.sort_unstable();
        reversed
    });
    let reversed = pairs(&mut index, reversed)?;
    hashed.sort_unstable();
    let mut keys = TableWriter::<12>::new();
    for hashed in hashed {
        keys.add(&mut index, hashed)?;
    }
    let keys = keys.finish(&mut index)?;
    let directory = Directory {
        frames,
        labels,
        types,
        keys,
        edges,
        reversed,
        busy,
        records,
    };
    directory.write(&mut index)
}

/// The types of edges, in their order.
fn kinds() -> impl Iterator<Item = EdgeType> {
    EDGES.iter().map(|spec| spec.kind)
}

fn pairs(index: &mut Output<'_>, pairs: impl Iterator<Item = [u32; 2]>) -> io::Result<TableEntry> {
    let mut table = TableWriter::<8>::new();
    for [first, second] in pairs {
        let mut record = [0; 8];
        record[..4].copy_from_slice(&first.to_be_bytes());
        record[4..].copy_from_slice(&second.to_be_bytes());
        table.add(index, record)?;
    }
    table.finish(index)
}

/// The nodes and edges of a graph in the order of its lines.
struct Lines<'g> {
    graph: &'g Graph,
    order: Order,
    edges: Vec<EdgeIndex>,
    count: u32,
}

/// Some lines of the graph, and what the index has of them.
struct Frame {
    bytes: Vec<u8>,
    hashed: Vec<Hashed>,
    /// Lines with more records than they list, with the numbers of all.
    busy: Vec<(u32, Vec<RecordNumber>)>,
}

impl<'g> Lines<'g> {
    fn of(graph: &'g Graph) -> io::Result<Self> {
        let order = Order::of(graph);
        let edges = kinds().flat_map(|kind| order.edges_of(graph, kind));
        let edges: Vec<_> = edges.map(|(_, edge)| edge).collect();
        let count = u32::try_from(order.nodes.len() + edges.len());
        let count = count.map_err(|_| damaged("the graph has too many nodes and edges"))?;
        Ok(Self {
            graph,
            order,
            edges,
            count,
        })
    }

    /// Makes the frames on several threads, and takes them in order.
    fn each_frame(&self, mut take: impl FnMut(Frame) -> io::Result<()>) -> io::Result<()> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = threads.min(THREADS);
        thread::scope(|scope| {
            let mut made: Vec<Receiver<io::Result<Frame>>> = Vec::new();
            for first in 0..threads {
                let (to, from) = sync_channel(AHEAD);
                made.push(from);
                scope.spawn(move || self.make(first, threads, &to));
            }
            for from in made.iter().cycle() {
                // The thread whose turn it is ends after the last frame.
                let Ok(frame) = from.recv() else { break };
                take(frame?)?;
            }
            Ok(())
        })
    }

    /// Makes every `step`th frame, beginning with this one.
    fn make(&self, first: usize, step: usize, to: &SyncSender<io::Result<Frame>>) {
        let mut compressor = match zstd::bulk::Compressor::new(LEVEL) {
            Ok(compressor) => compressor,
            Err(error) => {
                let _ = to.send(Err(error));
                return;
            }
        };
        let mut text = Vec::new();
        // A graph without anything has one frame without lines, so that it can be decompressed.
        for start in (0..self.count.max(1))
            .step_by(LINES as usize)
            .skip(first)
            .step_by(step)
        {
            let end = self.count.min(start.saturating_add(LINES));
            // It cannot be sent when what was made before could not be written.
            if to
                .send(self.frame(start..end, &mut text, &mut compressor))
                .is_err()
            {
                return;
            }
        }
    }

    fn frame(
        &self,
        lines: std::ops::Range<u32>,
        text: &mut Vec<u8>,
        compressor: &mut zstd::bulk::Compressor<'_>,
    ) -> io::Result<Frame> {
        text.clear();
        let (mut hashed, mut busy) = (Vec::new(), Vec::new());
        for line in lines {
            let facts = self.line(line, text, &mut hashed)?;
            let numbers: Vec<_> = facts.evidence.numbers().collect();
            if numbers.len() > EVIDENCE_LIMIT && numbers.len() as u64 == facts.evidence.count() {
                busy.push((line, numbers));
            }
        }
        compressor.include_checksum(true)?;
        let bytes = compressor.compress(text)?;
        Ok(Frame {
            bytes,
            hashed,
            busy,
        })
    }

    /// Writes a line, and adds the keys of a node.
    fn line(&self, line: u32, text: &mut Vec<u8>, hashed: &mut Vec<Hashed>) -> io::Result<&Facts> {
        let graph = self.graph;
        let inner = &graph.inner;
        let at = line as usize;
        if let Some(node) = self.order.nodes.get(at) {
            let node = &inner[*node];
            jsonl::write_node(graph, node, &mut *text)?;
            let mut of_node: Vec<_> = keys(node).iter().map(|key| hash(&key.text)).collect();
            of_node.sort_unstable();
            of_node.dedup();
            hashed.extend(of_node.into_iter().map(|hash| {
                let mut entry = [0; 12];
                entry[..8].copy_from_slice(&hash.to_be_bytes());
                entry[8..].copy_from_slice(&line.to_be_bytes());
                entry
            }));
            return Ok(&node.facts);
        }
        let edge = self.edges[at - self.order.nodes.len()];
        let (from, to) = inner.edge_endpoints(edge).unwrap_or_default();
        let edge = &inner[edge];
        jsonl::write_edge(graph, (&inner[from], edge, &inner[to]), &mut *text)?;
        Ok(&edge.facts)
    }
}
