//! The lines of `graph.jsonl.zst`, the canonical form of a graph: the same journal gives the same bytes.
//!
//! The lines are written and read one at a time, so that neither needs more memory than the graph itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Write};

use chrono::DateTime;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::evidence::Evidence;
use super::facts::Facts;
use super::schema::{COMMON, Merge, Property};
use super::value::{Observed, indexable};
use super::{EdgeData, EdgeType, Graph, Label, NodeData, NodeRef, Properties, Value, written};
use crate::model::{RecordId, RecordNumber, VerdictId};

/// Writes the nodes sorted by label and id, then the edges sorted by type, from and to: one JSON object a line, with
/// sorted keys.
///
/// # Errors
/// The errors of `out`.
pub fn write(graph: &Graph, mut out: impl Write) -> io::Result<()> {
    for node in graph.nodes() {
        write_node(graph, node, &mut out)?;
    }
    for (from, edge, to) in graph.edges() {
        write_edge(graph, (from, edge, to), &mut out)?;
    }
    out.flush()
}

/// Writes the line of a node.
pub(super) fn write_node(graph: &Graph, node: &NodeData, mut out: impl Write) -> io::Result<()> {
    let line = NodeLine {
        id: node.id.as_str(),
        kind: "node",
        label: node.label.as_str(),
        properties: graph.stored(node),
    };
    serde_json::to_writer(&mut out, &line)?;
    out.write_all(b"\n")
}

/// Writes the line of an edge.
pub(super) fn write_edge(
    graph: &Graph,
    (from, edge, to): (&NodeData, &EdgeData, &NodeData),
    mut out: impl Write,
) -> io::Result<()> {
    let line = EdgeLine {
        from: End::of(from.label, &from.id),
        kind: "edge",
        properties: graph.stored((from, edge, to)),
        to: End::of(to.label, &to.id),
        name: edge.kind.as_str(),
    };
    serde_json::to_writer(&mut out, &line)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct NodeLine<'g> {
    id: &'g str,
    kind: &'static str,
    label: &'static str,
    properties: Properties,
}

#[derive(Serialize)]
struct EdgeLine<'g> {
    from: End<'g>,
    kind: &'static str,
    properties: Properties,
    to: End<'g>,
    #[serde(rename = "type")]
    name: &'static str,
}

#[derive(Serialize, Deserialize)]
struct End<'g> {
    #[serde(borrow)]
    id: Cow<'g, str>,
    #[serde(borrow)]
    label: Cow<'g, str>,
}

impl<'g> End<'g> {
    fn of(label: Label, id: &'g str) -> Self {
        Self {
            id: id.into(),
            label: label.as_str().into(),
        }
    }
}

/// Why a stored graph cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A line is no node and no edge of this version's schema.
    #[error("line {line}: {reason}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads a graph that [`write()`] wrote, for the case with this id. Of the evidence it has the first twenty records of
/// each node and edge, and how many there are.
///
/// # Errors
/// When the input cannot be read, or is no graph of this case and of this version's schema.
pub fn read(case: &str, mut input: impl BufRead) -> Result<Graph, ReadError> {
    let mut graph = Graph::new(case);
    let mut text = Vec::new();
    let mut line = 0;
    loop {
        text.clear();
        if input.read_until(b'\n', &mut text)? == 0 {
            return Ok(graph);
        }
        line += 1;
        read_line(&mut graph, &text).map_err(|reason| ReadError::Line { line, reason })?;
    }
}

/// A text that is copied only when it is escaped.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Text<'l>(#[serde(borrow)] Cow<'l, str>);

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    id: Option<Text<'l>>,
    #[serde(borrow)]
    label: Option<Text<'l>>,
    #[serde(borrow)]
    from: Option<End<'l>>,
    #[serde(borrow)]
    to: Option<End<'l>>,
    #[serde(borrow, rename = "type")]
    name: Option<Text<'l>>,
    #[serde(borrow)]
    properties: BTreeMap<Text<'l>, Json<'l>>,
}

/// Adds the node or the edge of a line. Returns the node, or `None` for an edge.
///
/// # Errors
/// What is wrong with the line.
pub fn read_line(graph: &mut Graph, line: &[u8]) -> Result<Option<NodeRef>, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    match line {
        line @ Line { id: Some(_), .. } => {
            let NodeData { label, id, facts } = line.into_node(graph.case())?;
            let count = graph.node_count();
            let node = graph.node_of(label, id);
            if graph.node_count() == count {
                return Err(format!("a second {label} of this id"));
            }
            graph.inner[node].facts = facts;
            Ok(Some(node))
        }
        Line {
            from: Some(from),
            to: Some(to),
            name: Some(Text(name)),
            properties,
            ..
        } => {
            let kind = EdgeType::parse(&name).ok_or_else(|| format!("no type {name}"))?;
            let (mut observed, mut facts) =
                facts(graph.case(), kind.spec().properties, properties)?;
            let (from, to) = (end(graph, &from)?, end(graph, &to)?);
            if kind == EdgeType::Contains {
                written::shorten_link(&graph.node(to).id, &mut observed);
            }
            facts.absorb(kind.table(), observed);
            let labels = (graph.node(from).label, graph.node(to).label);
            if !kind.spec().joins.contains(&labels) {
                return Err(format!("{kind} joins no {} and {}", labels.0, labels.1));
            }
            graph.link_facts(from, kind, to, facts);
            Ok(None)
        }
        _ => Err("neither a node nor an edge".to_owned()),
    }
}

/// Reads the line of a node.
pub(super) fn read_node(case: &str, line: &[u8]) -> Result<NodeData, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    line.into_node(case)
}

/// Reads the id in the line of a node, and nothing else.
pub(super) fn read_id(line: &[u8]) -> Result<Cow<'_, str>, String> {
    #[derive(Deserialize)]
    struct Id<'l> {
        #[serde(borrow)]
        id: Text<'l>,
    }

    let line: Id<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    Ok(line.id.0)
}

impl Line<'_> {
    fn into_node(self, case: &str) -> Result<NodeData, String> {
        let (Some(Text(id)), Some(Text(label))) = (self.id, self.label) else {
            return Err("no node".to_owned());
        };
        let label = label_of(&label)?;
        let (mut observed, mut facts) = facts(case, label.spec().properties, self.properties)?;
        if label == Label::Url {
            written::shorten_url(&id, &mut observed);
        }
        facts.absorb(label.table(), observed);
        let id = id_now(case, label, &id).into_owned();
        Ok(NodeData { label, id, facts })
    }
}

/// The id that a stored node has now. Graphs that were stored before verdicts belonged to a case have ids of verdicts
/// without it.
fn id_now<'i>(case: &str, label: Label, stored: &'i str) -> Cow<'i, str> {
    let now = match label {
        Label::Verdict => VerdictId::in_case(case, stored),
        _ => None,
    };
    now.map_or(stored.into(), |now| indexable(now).into())
}

fn label_of(name: &str) -> Result<Label, String> {
    Label::parse(name).ok_or_else(|| format!("no label {name}"))
}

fn end(graph: &Graph, end: &End<'_>) -> Result<NodeRef, String> {
    let label = label_of(&end.label)?;
    let found = graph.find(label, &id_now(graph.case(), label, &end.id));
    found.ok_or_else(|| format!("an edge of a {label} that is no node"))
}

/// Parts the properties of a line into those of its table and the common ones.
fn facts(
    case: &str,
    table: &'static [Property],
    properties: BTreeMap<Text<'_>, Json<'_>>,
) -> Result<(Observed, Facts), String> {
    let mut facts = Facts::default();
    let mut observed = Observed::new();
    let mut numbers = Vec::new();
    let mut count = 0;
    for (Text(name), value) in properties {
        let wrong = || format!("{name} is not what the schema says");
        let known = (0_u8..)
            .zip(table)
            .find(|(_, property)| property.name == name);
        if let Some((position, property)) = known {
            let value = value.typed(property).filter(|value| !value.is_empty());
            let value = value.ok_or_else(wrong)?;
            match (property.merge, value) {
                // It follows from the flag, which graphs have that were stored before there was such a list.
                (Merge::CasesWith(_), Value::List(cases)) if cases == [case] => {}
                (Merge::CasesWith(_), _) => return Err(wrong()),
                (_, value) => observed.push((position, value)),
            }
            continue;
        }
        let known = COMMON.iter().find(|common| common.name == name);
        let common = known.ok_or_else(|| format!("no property {name}"))?;
        match (value.typed(common).ok_or_else(wrong)?, common.name) {
            (Value::Time(at), "first_seen") => facts.first_seen = Some(at),
            (Value::Time(at), "last_seen") => facts.last_seen = Some(at),
            (Value::Integer(known), "evidence_count") => {
                count = u64::try_from(known).map_err(|_| wrong())?;
            }
            (Value::List(ids), "evidence") => {
                numbers = numbers_of(case, &ids).ok_or_else(wrong)?;
            }
            (Value::List(cases), "cases") if cases == [case] => {}
            _ => return Err(wrong()),
        }
    }
    facts.evidence = Evidence::stored(numbers, count);
    Ok((observed, facts))
}

fn numbers_of(case: &str, ids: &[String]) -> Option<Vec<RecordNumber>> {
    let number = |id: &String| {
        let id = RecordId::parse(id)?;
        (id.case == case).then_some(id.number)
    };
    ids.iter().map(number).collect()
}

/// A value as the line has it, before the schema says what it is.
enum Json<'l> {
    Text(Cow<'l, str>),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    List(Vec<String>),
}

impl Json<'_> {
    /// The value in the type of a property; `None` when it has another one.
    fn typed(self, property: &Property) -> Option<Value> {
        use super::property::ValueKind as Kind;
        Some(match (self, property.kind) {
            (Self::Text(text), Kind::Text) => Value::Text(text.into_owned()),
            (Self::Text(text), Kind::Time) => {
                Value::Time(DateTime::parse_from_rfc3339(&text).ok()?.to_utc())
            }
            (Self::Integer(number), Kind::Integer) => Value::Integer(number),
            #[allow(
                clippy::cast_precision_loss,
                reason = "a number that was written without a fraction"
            )]
            (Self::Integer(number), Kind::Number) => Value::Number(number as f64),
            (Self::Number(number), Kind::Number) => Value::Number(number),
            (Self::Boolean(flag), Kind::Boolean) => Value::Boolean(flag),
            (Self::List(items), Kind::Set | Kind::Sequence) => Value::List(items),
            _ => return None,
        })
    }
}

impl<'de: 'l, 'l> Deserialize<'de> for Json<'l> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Json<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, a flag or a list of texts")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Json<'de>, E> {
                Ok(Json::Text(text.into()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Json<'de>, E> {
                Ok(Json::Text(text.to_owned().into()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Json<'de>, E> {
                Ok(Json::Integer(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Json<'de>, E> {
                i64::try_from(number).map(Json::Integer).map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Json<'de>, E> {
                Ok(Json::Number(number))
            }

            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Json<'de>, E> {
                Ok(Json::Boolean(flag))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }
        }

        deserializer.deserialize_any(Any)
    }
}
