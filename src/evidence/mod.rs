//! Evidence: from a node or an edge to what the journal says of it.
//!
//! A record is an answer of fifty messages or a thousand rows, of which one or two speak of the thing in question.
//! [`Reading::parts`] tells which. It does not search for ids in text: every part is read as its stage reads it, for the
//! users, hosts, urls, messages and places that it names, and those are compared with the thing. So a wrapped link in a
//! message is found for the url it leads to, and a user whose id happens to stand in a chat's id is not.
//!
//! [`find()`] makes a thing of what an analyst types, and [`command()`] tells what to type.

mod body;
mod command;
mod find;
mod index;
mod says;
mod wanted;

use std::cell::OnceCell;

use serde::Serialize;
use serde_json::Value;

use crate::graph::{EdgeType, Facts, Graph, Label, NodeRef};
use crate::intel::file::Lists;
use crate::journal::Record;
use crate::model::RecordNumber;

pub use command::command;
pub use find::{Found, NotFound, find};
pub use wanted::{Known, Wanted};

/// A node or an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A node.
    Node(NodeRef),
    /// An edge by its ends.
    Edge(NodeRef, EdgeType, NodeRef),
}

/// A part of a record's body.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its place, from 1.
    pub at: usize,
    /// The part: a row by its columns, an item of a list, a line of text, or the whole answer.
    pub part: Value,
}

/// Which parts of a record speak of a thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parts {
    /// What the body is made of: `rows`, `items of value`, `lines` or `answer`.
    pub unit: &'static str,
    /// How many of them it has.
    pub of: usize,
    /// Those that speak of it.
    pub found: Vec<Part>,
    /// What else is to be known of them; always there when none is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

impl Thing {
    /// What the graph holds of it; none when it holds no such edge.
    pub fn facts(self, graph: &Graph) -> Option<&Facts> {
        match self {
            Self::Node(node) => Some(&graph.node(node).facts),
            Self::Edge(from, kind, to) => graph.edge(from, kind, to).map(|edge| &edge.facts),
        }
    }

    /// Numbers of all records that it came from, in their order.
    pub fn records(self, graph: &Graph) -> Vec<RecordNumber> {
        let facts = self.facts(graph);
        facts.map_or_else(Vec::new, |facts| facts.evidence.iter().copied().collect())
    }

    /// Why no record speaks of it; none when one does.
    pub fn unrecorded(self, graph: &Graph) -> Option<String> {
        if !self.records(graph).is_empty() {
            return None;
        }
        let by_hand = "it was named by hand when the case was made: case.json holds the options";
        let nodes = match self {
            Self::Node(node) => vec![node],
            Self::Edge(from, _, to) => vec![from, to],
        };
        let verdict = nodes
            .into_iter()
            .map(|node| graph.node(node))
            .find(|node| node.label == Label::Verdict);
        Some(match (self, verdict) {
            (_, Some(verdict)) => {
                let summary = verdict.facts.text("summary").unwrap_or("no reason is known");
                match verdict.facts.text("state") {
                    Some("skipped") => format!("nothing was sent: {summary}"),
                    _ => format!("there was no answer to record: {summary}"),
                }
            }
            (Self::Node(node), None) if graph.node(node).label == Label::Case => {
                "a case is what load was asked for, which stands in case.json; its records are the evidence of all else"
                    .to_owned()
            }
            (Self::Edge(from, EdgeType::StartedFrom, to), None) => {
                let why = graph.edge(from, EdgeType::StartedFrom, to);
                match why.and_then(|edge| edge.facts.text("why")) {
                    Some("by hand") => by_hand.to_owned(),
                    why => format!("no record is known that says why ({})", why.unwrap_or_default()),
                }
            }
            (Self::Edge(_, EdgeType::OnDomain, _), None) => {
                format!("it follows from the url alone, and {by_hand}")
            }
            _ => by_hand.to_owned(),
        })
    }
}

/// A record, read once to be asked about many things.
pub struct Reading<'r> {
    record: &'r Record,
    body: body::Body,
    subject: says::Says,
    says: Vec<says::Says>,
    index: index::Index,
    /// The record as a list of indicators, parsed when the first verdict asks for it; nothing when it is none.
    list: OnceCell<Option<Lists>>,
}

impl<'r> Reading<'r> {
    /// Reads a record. Whatever its body holds, that much can be read of it.
    pub fn of(record: &'r Record) -> Self {
        let body = body::Body::read(record);
        let place = says::Place::of(record);
        let says: Vec<_> = body.parts.iter().map(|part| place.says(part)).collect();
        Self {
            record,
            subject: place.subject,
            index: index::Index::of(&says),
            says,
            body,
            list: OnceCell::new(),
        }
    }

    /// Which parts speak of a thing.
    pub fn parts(&self, wanted: &Wanted<'_>) -> Parts {
        self.first_parts(wanted, usize::MAX)
    }

    /// As [`Reading::parts`], but no more of them than `most`.
    pub fn first_parts(&self, wanted: &Wanted<'_>, most: usize) -> Parts {
        let (places, note) = wanted.among(self);
        let part = |at: usize| {
            let part = self.body.parts.get(at)?.clone();
            Some(Part { at: at + 1, part })
        };
        Parts {
            unit: self.body.unit,
            of: self.body.parts.len(),
            found: places.into_iter().filter_map(part).take(most).collect(),
            note,
        }
    }
}

#[cfg(test)]
mod tests;
