//! Converts nodes and edges to the rows of a statement, in Bolt's types.

use chrono::{DateTime, Timelike, Utc};
use neo4rs::{
    BoltBoolean, BoltFloat, BoltInteger, BoltList, BoltMap, BoltNull, BoltString, BoltType,
};

use crate::graph::schema::{Merge, Property};
use crate::graph::{EdgeData, Graph, NodeData, Properties, Value};
use crate::model::UrlSeverity;

/// An edge between its start and its end.
pub(super) type EdgeRow<'g> = (&'g NodeData, &'g EdgeData, &'g NodeData);

/// Writes rows of one label or type, each a list in the order of its columns. The names of the properties stand in the
/// statement alone, and what all rows have in common in its parameters. A property that no row has is no column: what is
/// not in a row costs neither side anything.
pub(super) struct RowWriter<'g> {
    graph: &'g Graph,
    pub(super) columns: Vec<&'static Property>,
    /// The id of the case and a slash, which the ids of its evidence start with.
    prefix: String,
}

impl<'g> RowWriter<'g> {
    /// For rows with these columns.
    pub(super) fn new(graph: &'g Graph, columns: Vec<&'static Property>) -> Self {
        Self {
            graph,
            columns,
            prefix: format!("{}/", graph.case()),
        }
    }

    /// The parameters that are the same for all rows.
    pub(super) fn common(&self) -> [(&'static str, BoltType); 3] {
        let case = text(self.graph.case().to_owned());
        let cases = BoltType::List(BoltList { value: vec![case] });
        [
            ("prefix", text(self.prefix.clone())),
            ("cases", cases),
            ("ratings", ratings()),
        ]
    }

    /// A node's row, and its approximate size in bytes.
    pub(super) fn node(&self, node: &NodeData) -> (BoltType, usize) {
        self.row(&[&node.id], self.graph.stored(node))
    }

    /// An edge's row, and its approximate size in bytes.
    pub(super) fn edge(&self, (from, edge, to): EdgeRow<'_>) -> (BoltType, usize) {
        self.row(&[&from.id, &to.id], self.graph.stored((from, edge, to)))
    }

    fn row(&self, ids: &[&str], properties: Properties) -> (BoltType, usize) {
        let mut row = Vec::with_capacity(ids.len() + self.columns.len());
        let mut bytes = 0;
        for id in ids {
            bytes += id.len();
            row.push(text((*id).to_owned()));
        }
        // Both are sorted by name.
        let mut properties = properties.into_iter().peekable();
        for column in &self.columns {
            while properties
                .next_if(|(name, _)| *name < column.name)
                .is_some()
            {}
            let value = properties.next_if(|(name, _)| *name == column.name);
            row.push(match value {
                None => BoltType::Null(BoltNull),
                Some((_, Value::List(ids))) if column.merge == Merge::Evidence => {
                    let ids = ids.iter().map(|id| self.without_prefix(id));
                    let ids: Vec<_> = ids.collect();
                    bytes += ids.iter().map(|id| id.len() + 2).sum::<usize>();
                    BoltType::List(BoltList {
                        value: ids.into_iter().map(|id| text(id.to_owned())).collect(),
                    })
                }
                Some((_, value)) => {
                    bytes += size(&value);
                    bolt(value)
                }
            });
        }
        (BoltType::List(BoltList { value: row }), bytes)
    }

    /// The number of a record. All records of a graph are those of its case.
    fn without_prefix<'i>(&self, id: &'i str) -> &'i str {
        let number = id.strip_prefix(&self.prefix);
        debug_assert!(number.is_some(), "{id} is not of case {}", self.prefix);
        number.unwrap_or(id)
    }
}

/// The ids of an edge's ends, as `a` and `b`.
pub(super) fn ends(from: &str, to: &str) -> BoltMap {
    let mut map = BoltMap::with_capacity(2);
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

/// Every severity of a url, the highest first.
pub(super) fn ratings() -> BoltType {
    let mut all = UrlSeverity::ALL.to_vec();
    all.sort_unstable_by(|a, b| b.cmp(a));
    let value = all
        .into_iter()
        .map(|rating| text(rating.as_str().to_owned()));
    BoltType::List(BoltList {
        value: value.collect(),
    })
}

/// A text.
pub(super) fn text(value: String) -> BoltType {
    BoltType::String(BoltString { value })
}

/// A whole number.
pub(super) fn integer(value: usize) -> BoltType {
    BoltType::Integer(BoltInteger::new(i64::try_from(value).unwrap_or(i64::MAX)))
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
