//! Reads single nodes and edges of a stored graph by its index.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;

use super::LINES;
use super::directory::{BUSY, Directory, IndexError, starts};
use super::keys::hash;
use super::neighbours::Neighbours;
use super::table::{Piece, Sized, Table, damaged};
use crate::graph::{EdgeType, Graph, Label, NodeData, NodeRef, jsonl, schema};
use crate::model::RecordNumber;

type Result<T> = std::result::Result<T, IndexError>;

/// A stored graph with its index. It holds the part of the graph that was asked for, and nothing is read before it is.
pub struct Indexed {
    file: Sized,
    index: Sized,
    frames: Vec<Piece>,
    /// The number of the first node of each label, and of the one after the last.
    labels: Vec<u32>,
    /// The number of the first edge of each type, and of the one after the last.
    types: Vec<u32>,
    keys: Table<12>,
    edges: Table<8>,
    reversed: Table<8>,
    busy: Table<BUSY>,
    records: Table<8>,
    graph: Graph,
    nodes: HashMap<u32, NodeRef>,
    numbers: HashMap<NodeRef, u32>,
    read_edges: HashSet<u32>,
}

impl Indexed {
    /// Opens the graph of a case and its index.
    ///
    /// # Errors
    /// When the index cannot be read, is damaged, or belongs to another graph or another version of linktrail. The graph
    /// can then still be read as a whole.
    pub fn open(case: &str, graph: File, index: File) -> Result<Self> {
        let (file, index) = (Sized::new(graph)?, Sized::new(index)?);
        let directory = Directory::read(&index)?;
        let wrong = || IndexError::from(damaged("its directory contradicts itself"));
        let labels = starts(&directory.labels).ok_or_else(wrong)?;
        let types = starts(&directory.types).ok_or_else(wrong)?;
        let indexed = Self {
            frames: directory.frames,
            labels,
            types,
            keys: Table::new(directory.keys).ok_or_else(wrong)?,
            edges: Table::new(directory.edges).ok_or_else(wrong)?,
            reversed: Table::new(directory.reversed).ok_or_else(wrong)?,
            busy: Table::new(directory.busy).ok_or_else(wrong)?,
            records: Table::new(directory.records).ok_or_else(wrong)?,
            graph: Graph::new(case),
            nodes: HashMap::new(),
            numbers: HashMap::new(),
            read_edges: HashSet::new(),
            file,
            index,
        };
        indexed.check()?;
        Ok(indexed)
    }

    /// Checks that the parts of the directory agree with each other and with the graph.
    fn check(&self) -> Result<()> {
        let (nodes, edges) = (self.node_count(), self.edge_count());
        let lines = nodes.checked_add(edges);
        let frames = lines.map(|lines| lines.max(1).div_ceil(LINES) as usize);
        let tables = [self.edges.count(), self.reversed.count()];
        if frames != Some(self.frames.len()) || tables != [u64::from(edges); 2] {
            return Err(damaged("its directory contradicts itself").into());
        }
        let mut end = 0;
        for frame in &self.frames {
            if frame.offset != end {
                return Err(damaged("its directory contradicts itself").into());
            }
            end = frame.offset.saturating_add(frame.length);
        }
        if end != self.file.size {
            let found = self.file.size;
            return Err(IndexError::Other(format!(
                "that has {end} bytes, and this one {found}"
            )));
        }
        // Every frame is checked when it is read. An answer may need few of them, and those could be the same in
        // another graph of this length; the last one has other edges.
        if let Some(last) = self.frames.last() {
            self.piece(last)?;
        }
        Ok(())
    }

    /// The part of the graph that has been read.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The part of the graph that has been read, when no more is needed.
    pub fn into_graph(self) -> Graph {
        self.graph
    }

    fn node_count(&self) -> u32 {
        self.labels.last().copied().unwrap_or_default()
    }

    fn edge_count(&self) -> u32 {
        self.types.last().copied().unwrap_or_default()
    }

    /// Reads the nodes that have one of these texts as a key, and returns their numbers. Some of them may not have it.
    ///
    /// # Errors
    /// When the index or the graph is damaged.
    pub fn read_named(&mut self, texts: &[String]) -> Result<BTreeSet<u32>> {
        let mut found = BTreeSet::new();
        for text in texts {
            let hash = hash(text).to_be_bytes();
            let count = self.keys.count();
            let mut at = self.keys.search(&self.index, 0..count, &hash)?;
            while at < count {
                let entry = self.keys.get(&self.index, at)?;
                if entry[..8] != hash {
                    break;
                }
                found.insert(number(&entry[8..]));
                at += 1;
            }
        }
        self.read_nodes(&found)?;
        Ok(found)
    }

    /// Reads all nodes of a label.
    ///
    /// # Errors
    /// When the index or the graph is damaged.
    pub fn read_label(&mut self, label: Label) -> Result<()> {
        let numbers = self.numbers_of(label).collect();
        self.read_nodes(&numbers)
    }

    /// Reads the edges of all types that lead from one of the first nodes to one of the second.
    ///
    /// # Errors
    /// When the index or the graph is damaged.
    pub fn read_between(&mut self, from: &BTreeSet<u32>, to: &BTreeSet<u32>) -> Result<()> {
        let out = from.len() <= to.len();
        let (few, many) = if out { (from, to) } else { (to, from) };
        let mut found = BTreeSet::new();
        for node in few {
            for spec in schema::EDGES {
                for at in self.range(*node, spec.kind, out)? {
                    let end = self.end(at, out)?;
                    if many.contains(&end) {
                        let (from, to) = if out { (*node, end) } else { (end, *node) };
                        found.extend(self.edge_number(from, spec.kind, to)?);
                    }
                }
            }
        }
        self.read_edges(&found)
    }

    /// Reads all edges of a type that lead to a node, and the nodes where they start.
    ///
    /// # Errors
    /// When the index or the graph is damaged, or the node was not read from it.
    pub fn read_sources(&mut self, node: NodeRef, kind: EdgeType) -> Result<()> {
        let node = self.number(node)?;
        let mut found = BTreeSet::new();
        for at in self.range(node, kind, false)? {
            let from = self.end(at, false)?;
            found.extend(self.edge_number(from, kind, node)?);
        }
        self.read_edges(&found)
    }

    /// The edges of a node, as [`super::neighbours()`] gives them. The first of each are read, with their other ends.
    ///
    /// # Errors
    /// When the index or the graph is damaged, or the node was not read from it.
    pub fn neighbours(&mut self, node: NodeRef) -> Result<Vec<Neighbours>> {
        let node = self.number(node)?;
        let mut found = Vec::new();
        let mut firsts = BTreeSet::new();
        for spec in schema::EDGES {
            for out in [true, false] {
                let range = self.range(node, spec.kind, out)?;
                if range.is_empty() {
                    continue;
                }
                let first = self.end(range.start, out)?;
                let (from, to) = if out { (node, first) } else { (first, node) };
                firsts.extend(self.edge_number(from, spec.kind, to)?);
                found.push((spec.kind, out, range, first));
            }
        }
        self.read_edges(&firsts)?;
        let mut neighbours = Vec::new();
        for (kind, out, range, first) in found {
            neighbours.push(Neighbours {
                kind,
                out,
                count: usize::try_from(range.end - range.start).unwrap_or(usize::MAX),
                labels: self.labels_in(node, range, out)?,
                first: self.node(first)?,
            });
        }
        Ok(neighbours)
    }

    /// The numbers of all records of a node; `None` when the node itself has them all.
    ///
    /// # Errors
    /// When the index is damaged, or the node was not read from it.
    pub fn records_of_node(&mut self, node: NodeRef) -> Result<Option<Vec<RecordNumber>>> {
        let count = self.graph.node(node).facts.evidence.count();
        let line = self.number(node)?;
        self.records_of_line(line, count)
    }

    /// The numbers of all records of an edge; `None` when the edge itself has them all.
    ///
    /// # Errors
    /// When the index is damaged, or the edge was not read from it.
    pub fn records_of_edge(
        &mut self,
        from: NodeRef,
        kind: EdgeType,
        to: NodeRef,
    ) -> Result<Option<Vec<RecordNumber>>> {
        let edge = self.graph.edge(from, kind, to);
        let count = edge.map_or(0, |edge| edge.facts.evidence.count());
        let (from, to) = (self.number(from)?, self.number(to)?);
        let edge = self.edge_number(from, kind, to)?;
        let line = edge.and_then(|edge| self.node_count().checked_add(edge));
        let line = line.ok_or_else(|| damaged("an edge is missing"))?;
        self.records_of_line(line, count)
    }

    fn records_of_line(&mut self, line: u32, count: u64) -> Result<Option<Vec<RecordNumber>>> {
        let (key, all) = (line.to_be_bytes(), self.busy.count());
        let at = self.busy.search(&self.index, 0..all, &key)?;
        if count <= schema::EVIDENCE_LIMIT as u64 || at == all {
            return Ok(None);
        }
        let entry = self.busy.get(&self.index, at)?;
        if entry[..4] != key {
            return Ok(None);
        }
        let start = long(&entry[4..12]);
        let end = start.checked_add(long(&entry[12..]));
        let wrong = || damaged("the records of a line are not those that it counts");
        let end = end.filter(|end| *end <= self.records.count() && *end - start == count);
        let end = end.ok_or_else(wrong)?;
        let mut numbers = Vec::new();
        for at in start..end {
            numbers.push(long(&self.records.get(&self.index, at)?));
        }
        if !numbers.is_sorted_by(|a, b| a < b) {
            return Err(wrong().into());
        }
        Ok(Some(numbers))
    }

    /// Visits all nodes of a label, sorted by id, until `visit` returns false. They are not kept.
    ///
    /// # Errors
    /// When the graph is damaged.
    pub fn each_node(&self, label: Label, visit: &mut dyn FnMut(&NodeData) -> bool) -> Result<()> {
        let numbers: Vec<u32> = self.numbers_of(label).collect();
        self.each_line(&numbers, &mut |_, line| {
            let node = jsonl::read_node(self.graph.case(), line).map_err(IndexError::Other)?;
            Ok(visit(&node))
        })
    }

    /// Visits the ids of all nodes of a label, sorted, until `visit` returns false.
    ///
    /// # Errors
    /// When the graph is damaged.
    pub fn each_id(&self, label: Label, visit: &mut dyn FnMut(&str) -> bool) -> Result<()> {
        let numbers: Vec<u32> = self.numbers_of(label).collect();
        self.each_line(&numbers, &mut |_, line| {
            let id = jsonl::read_id(line).map_err(IndexError::Other)?;
            Ok(visit(&id))
        })
    }

    fn numbers_of(&self, label: Label) -> Range<u32> {
        let at = |place: usize| self.labels.get(place).copied().unwrap_or_default();
        at(label as usize)..at(label as usize + 1)
    }

    fn number(&self, node: NodeRef) -> Result<u32> {
        let number = self.numbers.get(&node).copied();
        Ok(number.ok_or_else(|| damaged("a node was not read"))?)
    }

    pub(super) fn node(&self, number: u32) -> Result<NodeRef> {
        let node = self.nodes.get(&number).copied();
        Ok(node.ok_or_else(|| damaged("a node was not read"))?)
    }

    /// The places of the edges of a type that start at a node (`out`) or lead to it, in the table of their direction.
    fn range(&mut self, node: u32, kind: EdgeType, out: bool) -> Result<Range<u64>> {
        let at = |place: usize| self.types.get(place).copied().unwrap_or_default();
        let all = u64::from(at(kind as usize))..u64::from(at(kind as usize + 1));
        let label = self.labels.partition_point(|start| *start <= node);
        let label = schema::NODES.get(label.wrapping_sub(1));
        let joined = label.is_some_and(|spec| {
            let mut joins = kind.spec().joins.iter();
            joins.any(|(from, to)| spec.label == if out { *from } else { *to })
        });
        if !joined || all.is_empty() {
            return Ok(0..0);
        }
        let after = node.saturating_add(1).to_be_bytes();
        let table = if out {
            &mut self.edges
        } else {
            &mut self.reversed
        };
        let start = table.search(&self.index, all.clone(), &node.to_be_bytes())?;
        let end = table.search(&self.index, start..all.end, &after)?;
        Ok(start..end)
    }

    /// The node at the other end of an edge, by its place in the table of this direction.
    fn end(&mut self, at: u64, out: bool) -> Result<u32> {
        let table = if out {
            &mut self.edges
        } else {
            &mut self.reversed
        };
        Ok(number(&table.get(&self.index, at)?[4..]))
    }

    /// The labels of the nodes at the other ends of the edges at these places.
    fn labels_in(&mut self, node: u32, range: Range<u64>, out: bool) -> Result<Vec<Label>> {
        let mut found = Vec::new();
        let mut start = range.start;
        for spec in schema::NODES {
            let after = self.numbers_of(spec.label).end;
            let key = [node.to_be_bytes(), after.to_be_bytes()].concat();
            let table = if out {
                &mut self.edges
            } else {
                &mut self.reversed
            };
            let end = table.search(&self.index, start..range.end, &key)?;
            if end > start {
                found.push(spec.label);
            }
            start = end;
        }
        Ok(found)
    }

    fn edge_number(&mut self, from: u32, kind: EdgeType, to: u32) -> Result<Option<u32>> {
        let key = [from.to_be_bytes(), to.to_be_bytes()].concat();
        let range = self.range(from, kind, true)?;
        let at = self.edges.search(&self.index, range.clone(), &key)?;
        if at >= range.end || self.edges.get(&self.index, at)?[..] != key {
            return Ok(None);
        }
        Ok(u32::try_from(at).ok())
    }

    fn read_nodes(&mut self, numbers: &BTreeSet<u32>) -> Result<()> {
        let missing = numbers.iter().copied();
        let missing: Vec<_> = missing
            .filter(|number| !self.nodes.contains_key(number))
            .collect();
        let mut lines = Vec::new();
        if missing
            .last()
            .is_some_and(|last| *last >= self.node_count())
        {
            return Err(damaged("a node is not within the graph").into());
        }
        self.each_line(&missing, &mut |number, line| {
            lines.push((number, line.to_owned()));
            Ok(true)
        })?;
        for (number, line) in lines {
            let read = jsonl::read_line(&mut self.graph, &line).map_err(IndexError::Other)?;
            let node = read.ok_or_else(|| damaged("an edge where a node should be"))?;
            let label = self.graph.node(node).label;
            if !self.numbers_of(label).contains(&number) {
                return Err(damaged("a node of another label").into());
            }
            self.nodes.insert(number, node);
            self.numbers.insert(node, number);
        }
        Ok(())
    }

    fn read_edges(&mut self, numbers: &BTreeSet<u32>) -> Result<()> {
        let mut ends = BTreeSet::new();
        for number in numbers {
            let [from, to] = self.ends(*number)?;
            ends.extend([from, to]);
        }
        self.read_nodes(&ends)?;
        let missing = numbers.iter().copied();
        let missing = missing.filter(|number| !self.read_edges.contains(number));
        let missing = missing.filter_map(|number| self.node_count().checked_add(number));
        let missing: Vec<_> = missing.collect();
        let mut lines = Vec::new();
        self.each_line(&missing, &mut |_, line| {
            lines.push(line.to_owned());
            Ok(true)
        })?;
        let before = self.graph.edge_count();
        for line in &lines {
            jsonl::read_line(&mut self.graph, line).map_err(IndexError::Other)?;
        }
        if self.graph.edge_count() != before + missing.len() {
            return Err(damaged("an edge is not where it should be").into());
        }
        for number in numbers {
            self.read_edges.insert(*number);
        }
        Ok(())
    }

    fn ends(&mut self, edge: u32) -> Result<[u32; 2]> {
        let record = self.edges.get(&self.index, u64::from(edge))?;
        Ok([number(&record[..4]), number(&record[4..])])
    }

    /// Visits lines by their numbers, which are sorted, until `visit` returns false.
    fn each_line(
        &self,
        numbers: &[u32],
        visit: &mut dyn FnMut(u32, &[u8]) -> Result<bool>,
    ) -> Result<()> {
        let mut text = Vec::new();
        for of_frame in numbers.chunk_by(|a, b| a / LINES == b / LINES) {
            let frame = of_frame.first().map_or(0, |first| first / LINES);
            let piece = self.frames.get(frame as usize);
            let piece = piece.ok_or_else(|| damaged("a line is not within the graph"))?;
            let bytes = self.piece(piece)?;
            let decoder = zstd::stream::read::Decoder::with_buffer(bytes.as_slice())?;
            let mut lines = BufReader::with_capacity(1 << 16, decoder);
            let mut next = frame.saturating_mul(LINES);
            for number in of_frame {
                while next <= *number {
                    text.clear();
                    if lines.read_until(b'\n', &mut text)? == 0 {
                        return Err(damaged("a frame of the graph is too short").into());
                    }
                    next = next.saturating_add(1);
                }
                if !visit(*number, &text)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The bytes of a frame of the graph.
    fn piece(&self, frame: &Piece) -> Result<Vec<u8>> {
        frame
            .read(&self.file.file, self.file.size)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::InvalidData => {
                    IndexError::Other("a part of the graph is not what was indexed".to_owned())
                }
                _ => error.into(),
            })
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |all, byte| all << 8 | u32::from(*byte))
}

fn long(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}
