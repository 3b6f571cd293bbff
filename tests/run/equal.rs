//! Graphs that are equal, where loads made by other ways or at other times are compared.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::graph::{GraphFile, Node};

/// Properties that say how and when something was learnt.
const HOW: [&str; 5] = [
    "evidence",
    "evidence_count",
    "checked",
    "started",
    "finished",
];

/// What two graphs may differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ways {
    /// Both asked the same places.
    Same,
    /// One asked the workspace, and one advanced hunting: alerts have other ids, and no status there, and the case says where
    /// its logs are.
    Places,
}

/// Each node and edge as a text, without what may differ.
fn lines(graph: &GraphFile, ways: Ways) -> Vec<String> {
    let case = graph.nodes.keys().find(|(label, _)| label == "Case");
    let case = case.map(|(_, id)| id.clone()).unwrap_or_default();
    let alerts: BTreeMap<&Node, Node> = match ways {
        Ways::Same => BTreeMap::new(),
        Ways::Places => graph
            .nodes
            .iter()
            .filter(|((label, _), _)| label == "Alert")
            .map(|(node, properties)| {
                let id = format!("{} {}", properties["name"], properties["time"]);
                (node, (node.0.clone(), id))
            })
            .collect(),
    };
    let shown = |node: &Node| {
        let node = alerts.get(node).unwrap_or(node);
        format!("{node:?}").replace(&case, "CASE")
    };
    let plain = |label: &str, properties: &Map<String, Value>| {
        let mut properties = properties.clone();
        properties.retain(|name, _| !HOW.contains(&name.as_str()));
        // When a verdict was given is a time of the load.
        if matches!(label, "Verdict" | "HAS_VERDICT") {
            properties.retain(|name, _| !matches!(name.as_str(), "first_seen" | "last_seen"));
        }
        if ways == Ways::Places {
            match label {
                "Alert" => properties.retain(|name, _| name != "status" && name != "caption"),
                "Case" => {
                    properties.retain(|name, _| !matches!(name.as_str(), "log_ends" | "gaps"))
                }
                _ => {}
            }
        }
        Value::Object(properties).to_string().replace(&case, "CASE")
    };
    let nodes = graph
        .nodes
        .iter()
        .map(|(node, properties)| format!("{} {}", shown(node), plain(&node.0, properties)));
    let edges = graph.edges.iter().map(|((kind, from, to), properties)| {
        format!(
            "{kind} {} {} {}",
            shown(from),
            shown(to),
            plain(kind, properties)
        )
    });
    nodes.chain(edges).collect()
}

/// What only one of two graphs has, with `-` for the first and `+` for the second; empty when they are equal.
pub(crate) fn differences(one: &GraphFile, other: &GraphFile, ways: Ways) -> Vec<String> {
    let (one, other) = (lines(one, ways), lines(other, ways));
    let only = |sign: char, these: &[String], those: &[String]| {
        let only = these.iter().filter(|line| !those.contains(line));
        only.map(|line| format!("{sign} {line}"))
            .collect::<Vec<_>>()
    };
    [only('-', &one, &other), only('+', &other, &one)].concat()
}

/// Insists that two graphs are equal.
pub(crate) fn assert_equal(one: &GraphFile, other: &GraphFile, ways: Ways) {
    let wrong = differences(one, other, ways);
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
