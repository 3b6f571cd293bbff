//! Evidence as JSON for programs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Proof};
use crate::command::exit::Failure;
use crate::evidence::Element;
use crate::graph::{Graph, NodeRef, Written, schema};
use crate::terminal;

/// Renders the requested node, edge or record as one JSON object.
pub(super) fn render(answer: &Answer<'_>) -> Result<String, Failure> {
    let graph = answer.graph;
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put(
        "case",
        json!({"id": answer.case.id(), "path": answer.case.dir()}),
    );
    match answer.element {
        Some(Element::Node(node)) => {
            let data = graph.node(node);
            put("kind", "node".into());
            put("label", data.label.as_str().into());
            put("id", data.id.as_str().into());
            put("properties", properties(graph, data.into()));
            put("edges", json!(edges(graph, node)));
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
                put(
                    "properties",
                    properties(graph, (graph.node(from), edge, graph.node(to)).into()),
                );
            }
        }
        None => {
            put("kind", "record".into());
        }
    }
    if let Some(reason) = answer.element.and_then(|element| element.unrecorded(graph)) {
        put("unrecorded", reason.into());
    }
    let records: Vec<Value> = answer
        .proofs()
        .map(|proof| Ok(record(proof?)?))
        .collect::<Result<_, Failure>>()?;
    put("records", records.into());
    Ok(terminal::harmless(&serde_json::to_string_pretty(&result)?) + "\n")
}

/// A record as the journal stores it, with the parts of it that mention the requested element.
fn record(proof: Proof) -> serde_json::Result<Value> {
    let mut record = serde_json::to_value(&proof.record)?;
    for name in ["request", "status", "headers"] {
        // The journal omits absent values. In this output every record has the same keys.
        if record.get(name).is_none() {
            record[name] = Value::Null;
        }
    }
    if let Some(parts) = proof.parts {
        record["parts"] = serde_json::to_value(parts)?;
    }
    Ok(record)
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
pub(super) fn edges(graph: &Graph, node: NodeRef) -> BTreeMap<&'static str, BTreeMap<&str, usize>> {
    let mut edges: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for kind in schema::EDGES.iter().map(|spec| spec.kind) {
        let counts = [
            ("out", graph.targets(node, kind).len()),
            ("in", graph.sources(node, kind).len()),
        ];
        for (way, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            edges.entry(kind.as_str()).or_default().insert(way, count);
        }
    }
    edges
}
