//! Evidence as text for people.

use std::fmt::Write as _;

use serde_json::Value;

use super::answer::{Answer, Proof};
use crate::command::exit::Failure;
use crate::evidence::{self, Element, Parts};
use crate::graph::schema::{self, common};
use crate::graph::{Graph, Label, NodeData, NodeRef, Written, naming};
use crate::journal::Record;
use crate::model::{RecordId, format_time};
use crate::source::logs::Query;
use crate::terminal::clean;

/// The highest number of records that are shown. The ids of all are listed.
const SHOWN_RECORDS: usize = 20;
/// The highest number of parts that are shown of a record.
const SHOWN_PARTS: usize = 20;
/// The highest number of characters that are shown of a field, or of a body that cannot be split into parts.
const SHOWN_CHARACTERS: usize = 2_000;
/// The number of record ids on a line.
const IDS_PER_LINE: usize = 12;

/// Renders the requested node or edge, and the records that prove it.
pub(super) fn render(answer: &Answer<'_>, whole: bool) -> Result<String, Failure> {
    let graph = answer.graph;
    let mut text = String::new();
    match answer.element {
        Some(element @ Element::Node(node)) => {
            let data = graph.node(node);
            writeln!(text, "{} {}", data.label, title(data))?;
            properties(&mut text, element.written(graph))?;
            edges(&mut text, graph, node)?;
        }
        Some(element @ Element::Edge(from, kind, to)) => {
            let (from, to) = (graph.node(from), graph.node(to));
            writeln!(text, "{kind}")?;
            writeln!(text, "  from {} {}", from.label, title(from))?;
            writeln!(text, "  to {} {}", to.label, title(to))?;
            properties(&mut text, element.written(graph))?;
        }
        None => {}
    }
    if let Some(reason) = answer.element.and_then(|element| element.unrecorded(graph)) {
        writeln!(text, "\nNo record: {}", clean(&reason))?;
        return Ok(text);
    }
    if answer.element.is_some() {
        record_ids(&mut text, answer)?;
    }
    for proof in answer.proofs().take(SHOWN_RECORDS) {
        text.push('\n');
        render_record(&mut text, &proof?, whole)?;
    }
    if answer.numbers.len() > SHOWN_RECORDS {
        writeln!(
            text,
            "\n{} more record(s) are not shown; --format json has all, and `linktrail evidence {}/NUMBER` shows one",
            answer.numbers.len() - SHOWN_RECORDS,
            answer.case.id()
        )?;
    }
    Ok(text)
}

/// The id of a node with its name. Urls are defanged, so that terminals do not make them clickable.
fn title(node: &NodeData) -> String {
    let id = naming::defanged_id(node).unwrap_or_else(|| node.id.as_str().into());
    match naming::beside_id(node) {
        Some(name) => format!("{} ({})", clean(&id), clean(name)),
        None => clean(&id).into_owned(),
    }
}

fn properties(text: &mut String, element: Option<Written<'_>>) -> std::fmt::Result {
    let Some(element) = element else {
        return Ok(());
    };
    let facts = element.facts();
    for (name, value) in element.properties() {
        let value = match value.to_json() {
            Value::String(text) => text,
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(plain).collect();
                items.join(", ")
            }
            other => other.to_string(),
        };
        writeln!(text, "  {name}: {}", clip(&clean(&value)))?;
    }
    for (field, at) in [
        (common::FIRST_SEEN, facts.first_seen),
        (common::LAST_SEEN, facts.last_seen),
    ] {
        if let Some(at) = at {
            writeln!(text, "  {}: {}", field.name(), format_time(at))?;
        }
    }
    Ok(())
}

/// Writes the numbers of a node's edges, and the command that shows one of them.
fn edges(text: &mut String, graph: &Graph, node: NodeRef) -> std::fmt::Result {
    let mut example = None;
    let mut lines = Vec::new();
    for kind in schema::EDGES.iter().map(|spec| spec.kind) {
        let (targets, sources) = (graph.targets(node, kind), graph.sources(node, kind));
        if let Some(to) = targets.first() {
            lines.push(format!(
                "  {} -[{kind}]-> {}",
                targets.len(),
                labels(graph, &targets)
            ));
            example = example.or(Some((node, kind, *to)));
        }
        if let Some(from) = sources.first() {
            lines.push(format!(
                "  {} <-[{kind}]- {}",
                sources.len(),
                labels(graph, &sources)
            ));
            example = example.or(Some((*from, kind, node)));
        }
    }
    if let Some((from, kind, to)) = example {
        writeln!(text, "Edges:\n{}", lines.join("\n"))?;
        if let Some(command) = evidence::command(graph, Element::Edge(from, kind, to)) {
            writeln!(text, "  one of them: {command}")?;
        }
    }
    Ok(())
}

fn labels(graph: &Graph, nodes: &[NodeRef]) -> String {
    let mut labels: Vec<_> = nodes.iter().map(|node| graph.node(*node).label).collect();
    labels.sort_unstable();
    labels.dedup();
    let labels: Vec<_> = labels.into_iter().map(Label::as_str).collect();
    labels.join(" or ")
}

/// Writes the ids of all records.
fn record_ids(text: &mut String, answer: &Answer<'_>) -> std::fmt::Result {
    let id = answer.case.id();
    match answer.numbers.as_slice() {
        [number] => writeln!(text, "Record: {}", RecordId::new(id, *number)),
        numbers => {
            let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            match answer.count > numbers.len() as u64 {
                true => writeln!(
                    text,
                    "{} records, of which the graph names {}: {id}/",
                    answer.count,
                    numbers.len()
                )?,
                false => writeln!(text, "{} records: {id}/", numbers.len())?,
            }
            for line in numbers.chunks(IDS_PER_LINE) {
                writeln!(text, "  {}", line.join(" "))?;
            }
            Ok(())
        }
    }
}

/// Writes a record, with the parts that mention the requested element, or the beginning of its body.
fn render_record(text: &mut String, proof: &Proof, whole: bool) -> std::fmt::Result {
    let record = &proof.record;
    let status = match record.status {
        Some(status) => status.to_string(),
        None => "no response".to_owned(),
    };
    writeln!(text, "{}", clean(&record.id))?;
    writeln!(
        text,
        "  {}  {}  {}  {}",
        format_time(record.at),
        clean(&record.source),
        record.method.as_str(),
        status
    )?;
    writeln!(text, "  {}", clip(&clean(&record.url)))?;
    if let Some(request) = describe_request(record) {
        writeln!(text, "  {request}")?;
    }
    match &proof.parts {
        Some(parts) if !whole && !parts.found.is_empty() => excerpts(text, parts),
        parts => {
            if let Some(note) = parts.as_ref().and_then(|parts| parts.note) {
                writeln!(text, "  {note}")?;
            }
            body(text, record, whole)
        }
    }
}

/// Describes the body of a request: by the name of a saved query, or else by its text. `None` without a body.
fn describe_request(record: &Record) -> Option<String> {
    let sent = record.request.as_ref()?;
    let request: Value = serde_json::from_str(sent).unwrap_or_default();
    let text = request.get("query").and_then(Value::as_str);
    Some(match text.and_then(Query::of) {
        Some(query) => format!("query kql/{}.kql", query.name()),
        None => format!("sent {}", clip(&clean(text.unwrap_or(sent)))),
    })
}

fn excerpts(text: &mut String, parts: &Parts) -> std::fmt::Result {
    if parts.unit != "answer" {
        writeln!(
            text,
            "  {} of {} {} speak of it",
            parts.found.len(),
            parts.of,
            parts.unit
        )?;
    }
    if let Some(note) = parts.note {
        writeln!(text, "  {note}")?;
    }
    for part in parts.found.iter().take(SHOWN_PARTS) {
        if parts.unit != "answer" {
            writeln!(text, "  [{}]", part.at)?;
        }
        match &part.part {
            Value::Object(fields) => {
                for (name, value) in fields {
                    field(text, name, value)?;
                }
            }
            other => writeln!(text, "    {}", clip(&clean(&plain(other))))?,
        }
    }
    if parts.found.len() > SHOWN_PARTS {
        let more = parts.found.len() - SHOWN_PARTS;
        writeln!(text, "  and {more} more; --format json has all")?;
    }
    Ok(())
}

/// Writes a field, and the fields within it by their path. Empty fields are left out.
fn field(text: &mut String, name: &str, value: &Value) -> std::fmt::Result {
    match value {
        Value::Object(fields) => {
            for (inner, value) in fields {
                field(text, &format!("{name}.{inner}"), value)?;
            }
            Ok(())
        }
        value if is_empty(value) => Ok(()),
        value => writeln!(text, "    {}: {}", clean(name), clip(&clean(&plain(value)))),
    }
}

fn body(text: &mut String, record: &Record, whole: bool) -> std::fmt::Result {
    if whole {
        for line in record.body.lines() {
            writeln!(text, "    {}", clean(line))?;
        }
        return Ok(());
    }
    writeln!(text, "    {}", clip(&clean(&record.body)))
}

/// True for null and for empty texts and lists, which most fields of a Microsoft Graph message are.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A text unchanged, and anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// At most [`SHOWN_CHARACTERS`] characters, with a remark when some are left out.
fn clip(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        None => text.to_owned(),
        Some((end, _)) => {
            let left = text[end..].chars().count();
            format!(
                "{} … {left} more characters; --whole shows all",
                &text[..end]
            )
        }
    }
}
