//! Converts values of the Neo4j driver to JSON.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use neo4rs::{BoltList, BoltMap, BoltNode, BoltPath, BoltType};
use serde_json::{Map, Value, json};

use crate::model::format_time;

/// Converts values to JSON. All values are passed to [`Self::remember_nodes`] first, so that an edge can name the nodes
/// at its ends.
#[derive(Debug, Default)]
pub(super) struct JsonConverter {
    /// Label and id of each node, by the internal number that the server gave it.
    nodes: HashMap<i64, Value>,
}

impl JsonConverter {
    /// Remembers the nodes in a value.
    pub(super) fn remember_nodes(&mut self, value: &BoltType) {
        match value {
            BoltType::Node(node) => {
                let label = node.labels.value.first().map_or(Value::Null, text);
                let id = node.properties.value.get("id").map_or(Value::Null, text);
                self.nodes
                    .insert(node.id.value, json!({"label": label, "id": id}));
            }
            BoltType::Path(path) => path
                .nodes
                .value
                .iter()
                .for_each(|node| self.remember_nodes(node)),
            BoltType::List(list) => list.value.iter().for_each(|item| self.remember_nodes(item)),
            BoltType::Map(map) => map
                .value
                .values()
                .for_each(|item| self.remember_nodes(item)),
            _ => {}
        }
    }

    /// The value as JSON.
    pub(super) fn to_json(&self, value: &BoltType) -> Value {
        match value {
            BoltType::Null(_) => Value::Null,
            BoltType::String(text) => text.value.clone().into(),
            BoltType::Boolean(value) => value.value.into(),
            BoltType::Integer(n) => n.value.into(),
            // JSON has no infinity and no NaN.
            BoltType::Float(n) if n.value.is_finite() => n.value.into(),
            BoltType::Float(n) => n.value.to_string().into(),
            BoltType::List(list) => self.list(list),
            BoltType::Map(map) => Value::Object(self.map(map)),
            BoltType::Node(node) => self.node(node),
            BoltType::Relation(edge) => self.edge(
                &edge.typ.value,
                (edge.start_node_id.value, edge.end_node_id.value),
                &edge.properties,
            ),
            BoltType::UnboundedRelation(edge) => {
                json!({"type": edge.typ.value, "properties": self.map(&edge.properties)})
            }
            BoltType::Path(path) => self.path(path),
            BoltType::Bytes(bytes) => STANDARD.encode(&bytes.value).into(),
            BoltType::Point2D(point) => {
                json!({"srid": point.sr_id.value, "x": point.x.value, "y": point.y.value})
            }
            BoltType::Point3D(point) => json!({
                "srid": point.sr_id.value, "x": point.x.value, "y": point.y.value, "z": point.z.value,
            }),
            other => moment(other).map_or(Value::Null, Value::String),
        }
    }

    fn list(&self, list: &BoltList) -> Value {
        list.value.iter().map(|item| self.to_json(item)).collect()
    }

    fn map(&self, map: &BoltMap) -> Map<String, Value> {
        map.value
            .iter()
            .map(|(key, value)| (key.value.clone(), self.to_json(value)))
            .collect()
    }

    fn node(&self, node: &BoltNode) -> Value {
        json!({"labels": self.list(&node.labels), "properties": self.map(&node.properties)})
    }

    fn edge(&self, kind: &str, (from, to): (i64, i64), properties: &BoltMap) -> Value {
        let mut edge = json!({"type": kind, "properties": self.map(properties)});
        for (key, end) in [("from", from), ("to", to)] {
            if let Some(node) = self.nodes.get(&end) {
                edge[key] = node.clone();
            }
        }
        edge
    }

    /// The driver gives a path as distinct nodes, distinct edges without ends, and the steps of the path. A step is the
    /// number of an edge, counted from 1 and negative if it is followed against its direction, and the number of the
    /// node that it leads to.
    fn path(&self, path: &BoltPath) -> Value {
        let nodes = path.nodes();
        let edges = path.rels();
        let steps = path.indices();
        let place = |n: i64| usize::try_from(n).ok();
        let mut here = nodes.first();
        let mut walked: Vec<Value> = here.map(|node| self.node(node)).into_iter().collect();
        let mut taken = Vec::new();
        for step in steps.chunks_exact(2) {
            let (edge, node) = (step[0].value, step[1].value);
            let next = place(node).and_then(|at| nodes.get(at));
            let along = place(edge.abs() - 1).and_then(|at| edges.get(at));
            if let (Some(from), Some(along), Some(to)) = (here, along, next) {
                let ends = (from.id.value, to.id.value);
                let ends = if edge < 0 { (ends.1, ends.0) } else { ends };
                taken.push(self.edge(&along.typ.value, ends, &along.properties));
                walked.push(self.node(to));
            }
            here = next;
        }
        json!({"nodes": walked, "edges": taken})
    }
}

fn text(value: &BoltType) -> Value {
    match value {
        BoltType::String(text) => text.value.clone().into(),
        _ => Value::Null,
    }
}

/// Values of time: date-times in UTC, all others as in ISO 8601.
fn moment(value: &BoltType) -> Option<String> {
    let value = value.clone();
    match &value {
        BoltType::DateTime(at) => {
            let at: DateTime<FixedOffset> = at.try_into().ok()?;
            Some(format_time(at.with_timezone(&Utc)))
        }
        BoltType::DateTimeZoneId(at) => {
            let at: DateTime<FixedOffset> = at.try_into().ok()?;
            Some(format_time(at.with_timezone(&Utc)))
        }
        BoltType::LocalDateTime(_) => {
            let at = NaiveDateTime::try_from(value).ok()?;
            Some(at.format("%Y-%m-%dT%H:%M:%S%.f").to_string())
        }
        BoltType::Date(_) => Some(NaiveDate::try_from(value).ok()?.to_string()),
        BoltType::LocalTime(_) | BoltType::Time(_) => {
            let (time, offset) = <(NaiveTime, Option<FixedOffset>)>::try_from(value).ok()?;
            Some(format!(
                "{time}{}",
                offset.map(|o| o.to_string()).unwrap_or_default()
            ))
        }
        BoltType::Duration(_) => duration(value),
        _ => None,
    }
}

/// A duration in ISO 8601. The conversion of the driver is not used, since it refuses negative durations and counts a
/// month as 30.4 days.
fn duration(value: BoltType) -> Option<String> {
    let mut holder = BoltMap::default();
    holder.put("duration".into(), value);
    let (months, days, seconds, nanoseconds): (i64, i64, i64, i64) = holder.get("duration").ok()?;
    let part = |n: i64, unit: &str| {
        if n == 0 {
            String::new()
        } else {
            format!("{n}{unit}")
        }
    };
    // The nanoseconds are counted upwards from the whole seconds, even in negative durations.
    let exact = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    let sign = if exact < 0 { "-" } else { "" };
    let (whole, fraction) = (
        exact.unsigned_abs() / 1_000_000_000,
        exact.unsigned_abs() % 1_000_000_000,
    );
    let fraction = match fraction {
        0 => String::new(),
        some => format!(".{some:09}").trim_end_matches('0').to_owned(),
    };
    Some(format!(
        "P{}{}T{sign}{whole}{fraction}S",
        part(months, "M"),
        part(days, "D")
    ))
}
