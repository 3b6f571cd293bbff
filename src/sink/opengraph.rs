//! BloodHound's OpenGraph format: <https://bloodhound.specterops.io/opengraph/schema>.

use std::io::{self, Write};

use serde_json::{Map, Value as Json, json};

use crate::graph::naming::caption;
use crate::graph::value::Value;
use crate::graph::{Graph, Label, NodeData, Properties};

/// What BloodHound calls the origin of these nodes, and deletes them by.
const SOURCE: &str = "Linktrail";

/// Writes nodes and edges as one JSON object. Kinds begin with `LT`, so that BloodHound's own `User` and `Domain`
/// stay what they are. Users and teams with an Entra id have it as their id, in upper case as AzureHound writes
/// it: they become one with its nodes.
///
/// # Errors
/// What `out` fails with.
pub fn write(graph: &Graph, mut out: impl Write) -> io::Result<()> {
    // Line by line, since a large graph need not be in memory twice.
    write!(
        out,
        "{{\"metadata\":{{\"source_kind\":\"{SOURCE}\"}},\"graph\":{{\"nodes\":["
    )?;
    for (at, node) in graph.nodes().into_iter().enumerate() {
        let stored = graph.stored(&node.facts);
        let mut properties = plain(&stored);
        // Its own `name` is what BloodHound shows and searches.
        properties.insert("name".to_owned(), caption(node).into());
        properties.insert("linktrail_id".to_owned(), node.id.as_str().into());
        let line = json!({
            "id": id(node),
            "kinds": [format!("LT{}", node.label)],
            "properties": properties,
        });
        write!(out, "{}\n{line}", if at == 0 { "" } else { "," })?;
    }
    write!(out, "\n],\"edges\":[")?;
    for (at, (from, edge, to)) in graph.edges().into_iter().enumerate() {
        let line = json!({
            "kind": format!("LT_{}", edge.kind),
            "start": {"match_by": "id", "value": id(from)},
            "end": {"match_by": "id", "value": id(to)},
            "properties": plain(&graph.stored(&edge.facts)),
        });
        write!(out, "{}\n{line}", if at == 0 { "" } else { "," })?;
    }
    writeln!(out, "\n]}}}}")?;
    out.flush()
}

fn id(node: &NodeData) -> String {
    let of_entra = matches!(node.label, Label::User | Label::Team) && is_guid(&node.id);
    if of_entra {
        node.id.to_ascii_uppercase()
    } else {
        format!("{}:{}", node.label, node.id)
    }
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok() && text.len() == uuid::fmt::Hyphenated::LENGTH
}

/// Properties are texts, numbers, truth values and lists of texts; names are in lower case.
fn plain(stored: &Properties) -> Map<String, Json> {
    stored
        .iter()
        .map(|(name, value): (&&str, &Value)| ((*name).to_owned(), value.to_json()))
        .collect()
}
