//! What is known of a node, an edge or a record that an analyst asks for.

use std::collections::BTreeSet;

use super::element::Element;
use super::find::{self, Found, NotFound};
use super::similar::Similar;
use crate::graph::file::{IndexError, Indexed, Neighbours, neighbours};
use crate::graph::{EdgeType, Graph, Label, naming};
use crate::model::RecordNumber;

/// A node, an edge or a record, with everything of the graph that is needed to show it.
pub struct Dossier {
    /// The graph, or the part of it that is about the element.
    pub graph: Graph,
    /// The node or edge; `None` for a record.
    pub element: Option<Element>,
    /// The edges of a node.
    pub neighbours: Vec<Neighbours>,
    /// The numbers of the records that prove it, in ascending order; of a record, its own number.
    pub records: Vec<RecordNumber>,
    /// How many records prove it. A stored graph that is read without its index names only the first of them.
    pub count: u64,
}

impl Dossier {
    /// Of a record of the case with this id. Nothing is known of it but its number.
    pub fn of_record(case: &str, number: RecordNumber) -> Self {
        Self {
            graph: Graph::new(case),
            element: None,
            neighbours: Vec::new(),
            records: vec![number],
            count: 1,
        }
    }

    /// Of what the words identify in a graph.
    ///
    /// # Errors
    /// Those of [`find()`](super::find()).
    pub fn in_graph(graph: Graph, words: &[String]) -> Result<Self, NotFound> {
        let element = match find::find(&graph, words)? {
            Found::Record(number) => return Ok(Self::of_record(graph.case(), number)),
            Found::Element(element) => element,
        };
        let neighbours = match element {
            Element::Node(node) => neighbours(&graph, node),
            Element::Edge(..) => Vec::new(),
        };
        let facts = element.facts(&graph);
        Ok(Self {
            element: Some(element),
            neighbours,
            records: element.records(&graph),
            count: facts.map_or(0, |facts| facts.evidence.count()),
            graph,
        })
    }

    /// Of what the words identify in a stored graph, of which only the part is read that is needed. It is the same as
    /// that of the whole graph.
    ///
    /// # Errors
    /// When the index cannot be used; the whole graph has to be read then. The inner error is that of
    /// [`find()`](super::find()).
    pub fn indexed(
        mut stored: Indexed,
        words: &[String],
    ) -> Result<Result<Self, NotFound>, IndexError> {
        let mut ends: Vec<BTreeSet<u32>> = Vec::new();
        let case = stored.graph().case().to_owned();
        for spellings in find::spellings(&case, words) {
            ends.push(stored.read_named(&spellings)?);
        }
        if let [from, to] = &ends[..] {
            stored.read_between(from, to)?;
        }
        let mut failed = None;
        let similar = &mut |typed: &str| {
            similar(&stored, typed).unwrap_or_else(|error| {
                failed = Some(error);
                Vec::new()
            })
        };
        let found = find::find_with(stored.graph(), words, similar);
        if let Some(error) = failed {
            return Err(error);
        }
        let element = match found {
            Err(not_found) => return Ok(Err(not_found)),
            Ok(Found::Record(number)) => {
                return Ok(Ok(Self::of_record(stored.graph().case(), number)));
            }
            Ok(Found::Element(element)) => element,
        };
        read_for_records(&mut stored, element)?;
        let (neighbours, records) = match element {
            Element::Node(node) => (stored.neighbours(node)?, stored.records_of_node(node)?),
            Element::Edge(from, kind, to) => (Vec::new(), stored.records_of_edge(from, kind, to)?),
        };
        let graph = stored.into_graph();
        let facts = element.facts(&graph);
        Ok(Ok(Self {
            element: Some(element),
            neighbours,
            records: records.unwrap_or_else(|| element.records(&graph)),
            count: facts.map_or(0, |facts| facts.evidence.count()),
            graph,
        }))
    }

    /// How many records prove it that are not named here.
    pub fn unnamed(&self) -> u64 {
        self.count.saturating_sub(self.records.len() as u64)
    }
}

fn similar(stored: &Indexed, typed: &str) -> Result<Vec<String>, IndexError> {
    let (labels, mut similar) = Similar::to(typed);
    let mut more = true;
    for label in labels {
        match naming::can_have_names(label) {
            true => stored.each_node(label, &mut |node| {
                more = similar.offer(node);
                more
            })?,
            // There are very many urls, and their ids are all that they are compared by.
            false => stored.each_id(label, &mut |id| {
                more = similar.offer_key(id);
                more
            })?,
        }
        if !more {
            break;
        }
    }
    Ok(similar.names())
}

/// Reads what the parts of records are compared with: the case for its window, for a device and for a url all devices,
/// since records name devices by names that others may have too, and for a url the connections to it.
fn read_for_records(stored: &mut Indexed, element: Element) -> Result<(), IndexError> {
    let nodes = match element {
        Element::Node(node) => vec![node],
        Element::Edge(from, _, to) => vec![from, to],
    };
    stored.read_label(Label::Case)?;
    for node in nodes {
        let label = stored.graph().node(node).label;
        if matches!(label, Label::Host | Label::Url) {
            stored.read_label(Label::Host)?;
        }
        if label == Label::Url {
            stored.read_sources(node, EdgeType::ConnectedTo)?;
        }
    }
    Ok(())
}
