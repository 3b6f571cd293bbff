//! `graph.jsonl`, read back; compared with a world's truth and with another run's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Map, Value, json};

use tenant_sim::Truth;

/// The lines of a case's graph.
pub(crate) fn lines(case: &Path) -> Vec<u8> {
    let bytes = std::fs::read(case.join("graph.jsonl.zst")).expect("read graph.jsonl.zst");
    zstd::stream::decode_all(&bytes[..]).expect("zstd")
}

/// Signals that follow from the url alone by a list of names, which the truth does not know.
const JUDGED: [&str; 4] = [
    "lookalike_domain",
    "shortener",
    "opaque_wrapper",
    "file_share",
];

/// Label and id.
pub(crate) type Node = (String, String);
/// Type and ends.
pub(crate) type Edge = (String, Node, Node);

/// A graph as the file tells it.
#[derive(Debug, Clone, Default)]
pub(crate) struct GraphFile {
    pub(crate) nodes: BTreeMap<Node, Map<String, Value>>,
    pub(crate) edges: BTreeMap<Edge, Map<String, Value>>,
}

impl GraphFile {
    /// Reads a case's graph, and insists on its form: keys sorted, nodes before edges, nothing twice, and no
    /// edge without its ends.
    pub(crate) fn read(case: &Path) -> Self {
        let text = String::from_utf8(lines(case)).expect("UTF-8");
        let mut graph = Self::default();
        for line in text.lines() {
            let item: Value = serde_json::from_str(line).expect("a line is JSON");
            assert_eq!(line, item.to_string(), "keys are sorted");
            let properties = item["properties"].as_object().expect("properties").clone();
            let twice = if item["kind"] == "node" {
                assert!(graph.edges.is_empty(), "nodes come before edges");
                let node = (text_of(&item["label"]), text_of(&item["id"]));
                graph.nodes.insert(node, properties).is_some()
            } else {
                let end = |end: &str| (text_of(&item[end]["label"]), text_of(&item[end]["id"]));
                let edge = (text_of(&item["type"]), end("from"), end("to"));
                assert!(graph.nodes.contains_key(&edge.1), "no start: {line}");
                assert!(graph.nodes.contains_key(&edge.2), "no end: {line}");
                graph.edges.insert(edge, properties).is_some()
            };
            assert!(!twice, "twice: {line}");
        }
        graph
    }

    pub(crate) fn node(&self, label: &str, id: &str) -> &Map<String, Value> {
        self.nodes
            .get(&(label.to_owned(), id.to_owned()))
            .unwrap_or_else(|| panic!("no {label} {id}"))
    }

    /// Everything that is not as the truth has it; empty when all is.
    pub(crate) fn differences(&self, case_id: &str, truth: &Truth) -> Vec<String> {
        let mut wrong = Vec::new();
        let node = |(label, id): &(&'static str, String)| {
            // The truth does not know the case.
            let id = match *label {
                "Case" => case_id.to_owned(),
                "Verdict" => format!("{case_id}|{id}"),
                _ => id.to_owned(),
            };
            ((*label).to_owned(), id)
        };
        let mut expected: BTreeMap<Node, Map<String, Value>> = truth
            .nodes
            .iter()
            .map(|(key, properties)| (node(key), properties.clone()))
            .collect();
        expected.insert(("Case".to_owned(), case_id.to_owned()), Map::new());
        for ((label, _), properties) in &mut expected {
            let flag = match label.as_str() {
                "Url" | "Message" => "risky",
                "User" => "risky_sender",
                _ => continue,
            };
            if let Some(risky) = properties.get(flag) {
                let risky_in = if *risky == json!(true) {
                    json!([case_id])
                } else {
                    json!([])
                };
                properties.insert("risky_in".to_owned(), risky_in);
            }
        }
        // Alerts write the names of devices in other letters than the tables of devices do.
        let mut nodes = self.nodes.clone();
        for nodes in [&mut expected, &mut nodes] {
            let hosts = nodes.iter_mut().filter(|((label, _), _)| label == "Host");
            for (_, properties) in hosts {
                if let Some(name) = properties.get("name").and_then(Value::as_str) {
                    let name = name.to_lowercase();
                    properties.insert("name".to_owned(), name.into());
                }
            }
        }
        compare("node", &expected, &nodes, &mut wrong);

        let mut edges = BTreeMap::new();
        for (key, facts) in &truth.edges {
            let mut properties = facts.properties.clone();
            if let Some(count) = facts.count {
                properties.insert("count".into(), json!(count));
            }
            for (name, time) in [("first_seen", facts.first), ("last_seen", facts.last)] {
                if let Some(time) = time {
                    properties.insert(name.into(), json!(time));
                }
            }
            let edge = (key.kind.to_owned(), node(&key.from), node(&key.to));
            edges.insert(edge, properties);
        }
        // Which properties of an edge are certain is up to the truth; USED is timed by other rows too.
        compare("edge", &edges, &self.edges, &mut wrong);

        for ((label, id), properties) in &self.nodes {
            if label != "Url" {
                continue;
            }
            // Which names look alike is a judgement that the truth does not make.
            let found: BTreeSet<&str> = properties
                .get("signals")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .filter(|signal| !JUDGED.contains(signal))
                .collect();
            let expected = truth.signals.get(id).cloned().unwrap_or_default();
            if found != expected {
                wrong.push(format!("signals of {id}: {found:?}, not {expected:?}"));
            }
        }
        wrong
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn compare<K: Ord + std::fmt::Debug>(
    what: &str,
    expected: &BTreeMap<K, Map<String, Value>>,
    found: &BTreeMap<K, Map<String, Value>>,
    wrong: &mut Vec<String>,
) {
    for key in expected.keys().filter(|key| !found.contains_key(key)) {
        wrong.push(format!("missing {what}: {key:?}"));
    }
    for key in found.keys().filter(|key| !expected.contains_key(key)) {
        wrong.push(format!("too much, {what}: {key:?}"));
    }
    for (key, properties) in expected {
        let Some(found) = found.get(key) else {
            continue;
        };
        for (name, value) in properties {
            let is = found.get(name).unwrap_or(&Value::Null);
            // Absent is absent, and an empty list is nothing.
            let nothing = value.is_null() || *value == json!([]);
            if !(same(value, is) || nothing && is.is_null()) {
                wrong.push(format!("{what} {key:?}: {name} is {is}, not {value}"));
            }
        }
    }
}

/// Equal, times to the millisecond: the graph holds no more of them.
fn same(expected: &Value, found: &Value) -> bool {
    expected == found || matches!((time(expected), time(found)), (Some(a), Some(b)) if a == b)
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(at.to_utc().trunc_subsecs(3))
}
