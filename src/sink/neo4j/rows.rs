//! Converts nodes and edges to the rows of a statement, in Bolt's types.

use chrono::{DateTime, Timelike, Utc};
use neo4rs::{BoltBoolean, BoltFloat, BoltInteger, BoltList, BoltMap, BoltString, BoltType};

use crate::graph::{EdgeData, Graph, NodeData, Properties, Value};

/// An edge between its start and its end.
pub(super) type EdgeRow<'g> = (&'g NodeData, &'g EdgeData, &'g NodeData);

/// A node's properties with its id, and their approximate size in bytes.
pub(super) fn node(graph: &Graph, node: &NodeData) -> (BoltType, usize) {
    let (mut map, bytes) = properties(graph.stored(&node.facts));
    map.put("id".into(), text(node.id.clone()));
    (BoltType::Map(map), bytes + node.id.len())
}

/// The ids of an edge's ends with its properties, and their approximate size in bytes.
pub(super) fn edge(graph: &Graph, (from, edge, to): EdgeRow<'_>) -> (BoltType, usize) {
    let (inner, bytes) = properties(graph.stored(&edge.facts));
    let mut map = ends(&from.id, &to.id);
    map.put("p".into(), BoltType::Map(inner));
    (BoltType::Map(map), bytes + from.id.len() + to.id.len())
}

/// The ids of an edge's ends, as `a` and `b`.
pub(super) fn ends(from: &str, to: &str) -> BoltMap {
    let mut map = BoltMap::with_capacity(3);
    map.put("a".into(), text(from.to_owned()));
    map.put("b".into(), text(to.to_owned()));
    map
}

/// The parameters of a statement, by name.
pub(super) fn parameters<const N: usize>(named: [(&'static str, BoltType); N]) -> BoltMap {
    let mut map = BoltMap::with_capacity(N);
    for (name, value) in named {
        map.put(name.into(), value);
    }
    map
}

/// A text.
pub(super) fn text(value: String) -> BoltType {
    BoltType::String(BoltString { value })
}

/// A whole number.
pub(super) fn integer(value: usize) -> BoltType {
    BoltType::Integer(BoltInteger::new(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn properties(all: Properties) -> (BoltMap, usize) {
    // One more entry for the id.
    let mut map = BoltMap::with_capacity(all.len() + 1);
    let mut bytes = 0;
    for (name, value) in all {
        bytes += name.len() + size(&value);
        map.put(name.into(), bolt(value));
    }
    (map, bytes)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(|item| item.len() + 2).sum(),
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) | Value::Time(_) => 8,
    }
}

fn bolt(value: Value) -> BoltType {
    match value {
        Value::Text(value) => text(value),
        Value::Integer(value) => BoltType::Integer(BoltInteger::new(value)),
        Value::Number(value) => BoltType::Float(BoltFloat::new(value)),
        Value::Boolean(value) => BoltType::Boolean(BoltBoolean::new(value)),
        Value::Time(at) => BoltType::DateTime(whole(at).into()),
        Value::List(items) => BoltType::List(BoltList {
            value: items.into_iter().map(text).collect(),
        }),
    }
}

/// Neo4j has no leap seconds: 23:59:60 in chrono becomes the last nanosecond before midnight.
fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_nanosecond(at.nanosecond().min(999_999_999))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_second_becomes_a_moment_that_neo4j_has() {
        let leap: DateTime<Utc> = "2026-12-31T23:59:60.5Z".parse().unwrap();
        let expected: DateTime<Utc> = "2026-12-31T23:59:59.999999999Z".parse().unwrap();
        assert_eq!(whole(leap), expected);
        assert_eq!(whole(expected), expected);
    }
}
