//! Sinks: each knows the graph and nothing of Teams.

pub mod csv;
pub mod graphml;
pub mod neo4j;
pub mod opengraph;
pub mod stix;

use crate::graph::value::Value;
use crate::graph::{Label, NodeData, Properties};
use crate::model::format_time;

/// A single value as text: times in RFC 3339, lists as their values parted by commas.
fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Time(at) => format_time(*at),
        Value::List(items) => items.join(","),
    }
}

/// What a picture of the graph shows for a node: users as in hunts, urls defanged.
fn caption(node: &NodeData, stored: &Properties) -> String {
    let names: &[&str] = match node.label {
        Label::User => &["upn", "name"],
        Label::Url => &["defanged"],
        Label::Message => &["preview"],
        Label::Chat => &["topic", "kind"],
        Label::Domain => &["unicode"],
        Label::Verdict => &["provider"],
        Label::Alert | Label::Channel | Label::Host | Label::Team => &["name"],
        Label::Case => &[],
    };
    names
        .iter()
        .find_map(|name| stored.get(name))
        .map_or_else(|| node.id.clone(), plain)
}
