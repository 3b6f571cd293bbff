//! Evidence as JSON for programs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use crate::command::exit::Failure;
use crate::evidence::Element;
use crate::graph::file::Neighbours;
use crate::graph::{Graph, NodeRef, Written};
use crate::journal::Record;
use crate::model::RecordNumber;
use crate::terminal;

/// Writes the requested node, edge or record as one JSON object. The records are read while they are written.
pub(super) fn render(answer: &Answer<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let graph = &answer.dossier.graph;
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put(
        "case",
        json!({"id": answer.case.id(), "path": answer.case.dir()}),
    );
    match answer.dossier.element {
        Some(Element::Node(node)) => {
            let data = graph.node(node);
            put("kind", "node".into());
            put("label", data.label.as_str().into());
            put("id", data.id.as_str().into());
            put("properties", properties(graph, data.into()));
            put("edges", json!(edges(&answer.dossier.neighbours)));
        }
        Some(Element::Edge(from, kind, to)) => {
            let end = |node: NodeRef| {
                let data = graph.node(node);
                json!({"label": data.label.as_str(), "id": data.id})
            };
            put("kind", "edge".into());
            put("type", kind.as_str().into());
            put("from", end(from));
            put("to", end(to));
            if let Some(edge) = graph.edge(from, kind, to) {
                let edge = (graph.node(from), edge, graph.node(to));
                put("properties", properties(graph, edge.into()));
            }
        }
        None => {
            put("kind", "record".into());
        }
    }
    let element = answer.dossier.element;
    if let Some(reason) = element.and_then(|element| element.unrecorded(graph)) {
        put("unrecorded", reason.into());
    }
    if let Some(advice) = answer.unnamed() {
        put("unnamed", advice.into());
    }
    // Its place in the alphabet.
    put(RECORDS, Value::Null);
    let failed = RefCell::new(None);
    let whole = Whole {
        fields: &result,
        records: Records {
            answer,
            failed: &failed,
        },
    };
    let mut out = Harmless {
        out,
        pending: Vec::new(),
    };
    let written = serde_json::to_writer_pretty(&mut out, &whole);
    if let Some(failure) = failed.into_inner() {
        return Err(failure);
    }
    written.map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// The name of the field with the records.
const RECORDS: &str = "records";

/// The object, with its records.
struct Whole<'a> {
    fields: &'a Map<String, Value>,
    records: Records<'a>,
}

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in self.fields {
            match name.as_str() {
                RECORDS => map.serialize_entry(name, &self.records)?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

/// The records, each read when its turn comes.
struct Records<'a> {
    answer: &'a Answer<'a>,
    /// Why one could not be read.
    failed: &'a RefCell<Option<Failure>>,
}

impl Serialize for Records<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let numbers = &self.answer.dossier.records;
        let mut records = serializer.serialize_seq(Some(numbers.len()))?;
        for number in numbers {
            match Proof::of(self.answer, *number) {
                Ok(proof) => records.serialize_element(&proof)?,
                Err(failure) => {
                    *self.failed.borrow_mut() = Some(failure);
                    return Err(S::Error::custom("a record cannot be read"));
                }
            }
        }
        records.end()
    }
}

/// A record as the journal stores it, with the parts of it that mention the requested element.
struct Proof<'a> {
    answer: &'a Answer<'a>,
    record: Record,
    /// The fields of the record, its body and its parts without their values.
    fields: Map<String, Value>,
}

impl<'a> Proof<'a> {
    fn of(answer: &'a Answer<'a>, number: RecordNumber) -> Result<Self, Failure> {
        let mut record = answer.record(number)?;
        let body = std::mem::take(&mut record.body);
        let fields = serde_json::to_value(&record)?;
        record.body = body;
        let mut fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        // The journal omits absent values. In this output every record has the same keys.
        for name in ["request", "status", "headers"] {
            fields.entry(name).or_insert(Value::Null);
        }
        if answer.dossier.element.is_some() {
            fields.insert(PARTS.to_owned(), Value::Null);
        }
        Ok(Self {
            answer,
            record,
            fields,
        })
    }
}

/// The name of the field with the parts of a record.
const PARTS: &str = "parts";

impl Serialize for Proof<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            match name.as_str() {
                "body" => map.serialize_entry(name, &self.record.body)?,
                PARTS => map.serialize_entry(name, &self.answer.excerpt(&self.record))?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

/// Writes JSON without characters that a terminal could interpret.
struct Harmless<'o> {
    out: &'o mut dyn Write,
    /// The beginning of a character of which the rest has not come yet.
    pending: Vec<u8>,
}

impl Write for Harmless<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.pending) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                let (whole, _) = self.pending.split_at(error.valid_up_to());
                std::str::from_utf8(whole).unwrap_or_default()
            }
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        };
        self.out.write_all(terminal::harmless(whole).as_bytes())?;
        let length = whole.len();
        self.pending.drain(..length);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn properties(graph: &Graph, element: Written<'_>) -> Value {
    let stored = graph.stored(element);
    let properties = stored.iter();
    properties
        .map(|(name, value)| ((*name).to_owned(), value.to_json()))
        .collect::<Map<_, _>>()
        .into()
}

/// The number of edges of each type that start at a node (`out`) and that lead to it (`in`).
fn edges(neighbours: &[Neighbours]) -> BTreeMap<&'static str, BTreeMap<&str, usize>> {
    let mut edges: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for known in neighbours {
        let way = if known.out { "out" } else { "in" };
        let of_kind = edges.entry(known.kind.as_str()).or_default();
        of_kind.insert(way, known.count);
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_comes_in_two_pieces_is_whole() {
        let mut written = Vec::new();
        let mut out = Harmless {
            out: &mut written,
            pending: Vec::new(),
        };
        let text = "a\u{202e}ü\u{1f600}\n".as_bytes();
        for byte in text {
            out.write_all(&[*byte]).unwrap();
        }
        assert_eq!(String::from_utf8(written).unwrap(), "a\\u202eü\u{1f600}\n");
    }
}
