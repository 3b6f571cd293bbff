//! `graph.jsonl`, the canonical form of a graph: the same journal gives the same bytes.

use std::io::{self, Write};

use serde_json::{Map, json};

use super::{Graph, Properties};

/// Writes the nodes sorted by label and id, then the edges sorted by type, from and to: one JSON object a line, with
/// sorted keys.
///
/// # Errors
/// The errors of `out`.
pub fn write(graph: &Graph, mut out: impl Write) -> io::Result<()> {
    for node in graph.nodes() {
        let line = json!({
            "id": node.id,
            "kind": "node",
            "label": node.label.as_str(),
            "properties": object(&graph.stored(&node.facts)),
        });
        writeln!(out, "{line}")?;
    }
    for (from, edge, to) in graph.edges() {
        let line = json!({
            "from": {"id": from.id, "label": from.label.as_str()},
            "kind": "edge",
            "properties": object(&graph.stored(&edge.facts)),
            "to": {"id": to.id, "label": to.label.as_str()},
            "type": edge.kind.as_str(),
        });
        writeln!(out, "{line}")?;
    }
    out.flush()
}

fn object(properties: &Properties) -> Map<String, serde_json::Value> {
    properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.to_json()))
        .collect()
}
