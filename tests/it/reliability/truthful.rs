//! Compares the graph of a load under a fault with that of a load in which nothing was wrong.

use serde_json::{Map, Value};

use crate::run::graph::{GraphFile, Node};

/// Properties that differ from load to load, since they say how and when something was learnt.
const HOW: [&str; 7] = [
    "evidence",
    "evidence_count",
    "cases",
    "checked",
    "started",
    "finished",
    "risky_in",
];

/// What the graph of a load under a fault says that is not so. It may lack what it could not learn: a node, an edge, a
/// property, a count. It must not add to it, and must not rate what nobody rated.
pub(super) fn untrue(whole: &GraphFile, partial: &GraphFile) -> Vec<String> {
    let mut wrong = Vec::new();
    let (whole, partial) = (Comparable::of(whole), Comparable::of(partial));
    for (node, properties) in &partial.nodes {
        if node.0 == "Case" || is_unresolved(node) {
            continue;
        }
        match (node.0.as_str(), whole.nodes.get(node)) {
            (_, None) => wrong.push(format!("{node:?} is not there when all is well")),
            ("Verdict", Some(known)) => {
                let state = properties["state"].as_str().unwrap_or_default();
                let is_answer = matches!(state, "hit" | "clean" | "not_found");
                if is_answer && properties["state"] != known["state"] {
                    wrong.push(format!(
                        "{node:?} is {state}, and {} when all is well",
                        known["state"]
                    ));
                }
                if !is_answer && properties.contains_key("severity") {
                    wrong.push(format!("{node:?} has a severity without an answer"));
                }
            }
            (_, Some(known)) => {
                for flag in ["risky", "risky_sender", "deleted"] {
                    let is_set = |properties: &Map<String, Value>| match &properties.get(flag) {
                        Some(Value::Bool(is_set)) => *is_set,
                        Some(Value::String(_)) => true,
                        _ => false,
                    };
                    if is_set(properties) && !is_set(known) {
                        wrong.push(format!("{node:?} is {flag}, and is not when all is well"));
                    }
                }
            }
        }
    }
    for (edge, properties) in &partial.edges {
        let (kind, from, to) = edge;
        if kind == "STARTED_FROM" || is_unresolved(from) || is_unresolved(to) {
            continue;
        }
        let Some(known) = whole.edges.get(edge) else {
            wrong.push(format!("{edge:?} is not there when all is well"));
            continue;
        };
        let count =
            |properties: &Map<String, Value>| properties.get("count").and_then(Value::as_u64);
        if count(properties) > count(known) {
            wrong.push(format!("{edge:?} counts more than when all is well"));
        }
    }
    for (node, properties) in &partial.nodes {
        if node.0 == "Url" && properties["severity"] == "information" {
            let verdicts = partial
                .edges
                .keys()
                .filter(|(kind, from, _)| kind == "HAS_VERDICT" && from == node);
            let mut states = verdicts.map(|(_, _, verdict)| &partial.nodes[verdict]["state"]);
            if !states.any(|state| state == "clean" || state == "not_found") {
                wrong.push(format!(
                    "{node:?} has severity information, and nobody answered"
                ));
            }
        }
    }
    wrong
}

/// The differences of two graphs that have to be equal, but for how and when things were learnt.
pub(super) fn differences(expected: &GraphFile, found: &GraphFile) -> Vec<String> {
    let (expected, found) = (Comparable::of(expected), Comparable::of(found));
    let mut wrong = Vec::new();
    compare(&expected.nodes, &found.nodes, &mut wrong);
    compare(&expected.edges, &found.edges, &mut wrong);
    wrong
}

fn compare<K: Ord + std::fmt::Debug>(
    expected: &std::collections::BTreeMap<K, Map<String, Value>>,
    found: &std::collections::BTreeMap<K, Map<String, Value>>,
    wrong: &mut Vec<String>,
) {
    for (key, properties) in expected {
        match found.get(key) {
            None => wrong.push(format!("{key:?} is missing")),
            Some(found) if found != properties => {
                wrong.push(format!("{key:?}: {found:?}, expected {properties:?}"));
            }
            Some(_) => {}
        }
    }
    for key in found.keys().filter(|key| !expected.contains_key(key)) {
        wrong.push(format!("{key:?} is too many"));
    }
}

/// A user or host whose id the fault kept back: it stands under a name instead.
fn is_unresolved((_, id): &Node) -> bool {
    id.starts_with("upn:") || id.starts_with("name:")
}

fn timeless(mut properties: Map<String, Value>) -> Map<String, Value> {
    properties.retain(|name, _| !["first_seen", "last_seen"].contains(&name.as_str()));
    properties
}

/// A graph in which the id of the case, and how and when things were learnt, are left out.
struct Comparable {
    nodes: std::collections::BTreeMap<Node, Map<String, Value>>,
    edges: std::collections::BTreeMap<crate::run::graph::Edge, Map<String, Value>>,
}

impl Comparable {
    fn of(graph: &GraphFile) -> Self {
        let case = graph.nodes.keys().find(|(label, _)| label == "Case");
        let case = case.map(|(_, id)| id.clone()).unwrap_or_default();
        let node = |(label, id): &Node| (label.clone(), id.replace(&case, "CASE"));
        let facts = |properties: &Map<String, Value>| {
            let mut facts = properties.clone();
            facts.retain(|name, _| !HOW.contains(&name.as_str()));
            facts
        };
        let nodes = graph
            .nodes
            .iter()
            .map(|(key, properties)| match key.0.as_str() {
                // What a load says about itself: its gaps, its version, its counts.
                "Case" => (node(key), Map::new()),
                // The times of a verdict are those at which it was given.
                "Verdict" => (node(key), timeless(facts(properties))),
                _ => (node(key), facts(properties)),
            });
        let edges = graph.edges.iter().map(|((kind, from, to), properties)| {
            let facts = match kind.as_str() {
                "HAS_VERDICT" => timeless(facts(properties)),
                _ => facts(properties),
            };
            ((kind.clone(), node(from), node(to)), facts)
        });
        Self {
            nodes: nodes.collect(),
            edges: edges.collect(),
        }
    }
}
