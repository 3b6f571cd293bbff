//! BloodHound's OpenGraph format: <https://bloodhound.specterops.io/opengraph/schema>.

use std::io::{self, Write};

use serde_json::{Map, Value as Json, json};

use crate::graph::naming::caption;
use crate::graph::value::Value;
use crate::graph::{Graph, Label, NodeData, Properties};
use crate::model::digest::{digest, hex};

/// The source kind of these nodes in BloodHound, by which they can be deleted there.
const SOURCE: &str = "Linktrail";

/// Writes nodes and edges as one JSON object. Kinds start with `LT`, so that they do not mix with BloodHound's own
/// `User` and `Domain`. Users and teams with an Entra id have it as their id, in upper case like AzureHound, so
/// BloodHound merges them with AzureHound's nodes. The id of any other node is its label and a digest of its id, since
/// BloodHound turns ids into upper case; its own id is the property `linktrail_id`.
///
/// # Errors
/// The errors of `out`.
pub fn write(graph: &Graph, mut out: impl Write) -> io::Result<()> {
    // Written line by line, so that a large graph is not in memory twice.
    write!(
        out,
        "{{\"metadata\":{{\"source_kind\":\"{SOURCE}\"}},\"graph\":{{\"nodes\":["
    )?;
    for (at, node) in graph.nodes().into_iter().enumerate() {
        let stored = graph.stored(node);
        let mut properties = plain(&stored);
        // BloodHound shows and searches the property `name`.
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
    for (at, (from, edge, to)) in graph.edges().enumerate() {
        let line = json!({
            "kind": format!("LT_{}", edge.kind),
            "start": {"match_by": "id", "value": id(from)},
            "end": {"match_by": "id", "value": id(to)},
            "properties": plain(&graph.stored((from, edge, to))),
        });
        write!(out, "{}\n{line}", if at == 0 { "" } else { "," })?;
    }
    writeln!(out, "\n]}}}}")?;
    out.flush()
}

fn id(node: &NodeData) -> String {
    let of_entra = matches!(node.label, Label::User | Label::Team) && is_guid(&node.id);
    if of_entra {
        return node.id.to_ascii_uppercase();
    }
    // BloodHound turns ids into upper case, in which two urls can be the same.
    let digest = hex(&digest(&[node.id.as_str()])[..16]);
    format!("{}:{digest}", node.label).to_uppercase()
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok() && text.len() == uuid::fmt::Hyphenated::LENGTH
}

/// Property values can be texts, numbers, booleans and lists of texts; names have to be in lower case.
fn plain(stored: &Properties) -> Map<String, Json> {
    stored
        .iter()
        .map(|(name, value): (&&str, &Value)| ((*name).to_owned(), value.to_json()))
        .collect()
}
