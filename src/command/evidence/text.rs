//! Evidence as text for people.

use std::io::{self, Write};

use serde_json::Value;

use super::answer::Answer;
use crate::command::exit::Failure;
use crate::evidence::{self, Element, Excerpt};
use crate::graph::file::Neighbours;
use crate::graph::schema::common;
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

/// Writes the requested node or edge, and the records that prove it. The records are read while they are written.
pub(super) fn render(answer: &Answer<'_>, whole: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let graph = &answer.dossier.graph;
    let element = answer.dossier.element;
    match element {
        Some(element @ Element::Node(node)) => {
            let data = graph.node(node);
            writeln!(out, "{} {}", data.label, title(data))?;
            properties(out, element.written(graph))?;
            edges(out, graph, node, &answer.dossier.neighbours)?;
        }
        Some(element @ Element::Edge(from, kind, to)) => {
            let (from, to) = (graph.node(from), graph.node(to));
            writeln!(out, "{kind}")?;
            writeln!(out, "  from {} {}", from.label, title(from))?;
            writeln!(out, "  to {} {}", to.label, title(to))?;
            properties(out, element.written(graph))?;
        }
        None => {}
    }
    if let Some(reason) = element.and_then(|element| element.unrecorded(graph)) {
        writeln!(out, "\nNo record: {}", clean(&reason))?;
        return Ok(());
    }
    let numbers = &answer.dossier.records;
    if element.is_some() {
        record_ids(out, answer)?;
    }
    for number in numbers.iter().take(SHOWN_RECORDS) {
        let record = answer.record(*number)?;
        writeln!(out)?;
        render_record(out, &record, answer.excerpt(&record), whole)?;
    }
    if numbers.len() > SHOWN_RECORDS {
        writeln!(
            out,
            "\n{} more record(s) are not shown; --format json has all, and `linktrail evidence {}/NUMBER` shows one",
            numbers.len() - SHOWN_RECORDS,
            answer.case.id()
        )?;
    }
    if let Some(advice) = answer.unnamed() {
        writeln!(out, "\n{advice}")?;
    }
    Ok(())
}

/// The id of a node with its name. Urls are defanged, so that terminals do not make them clickable.
fn title(node: &NodeData) -> String {
    let id = naming::defanged_id(node).unwrap_or_else(|| node.id.as_str().into());
    match naming::beside_id(node) {
        Some(name) => format!("{} ({})", clean(&id), clean(name)),
        None => clean(&id).into_owned(),
    }
}

fn properties(out: &mut dyn Write, element: Option<Written<'_>>) -> io::Result<()> {
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
        writeln!(out, "  {name}: {}", clip(&clean(&value)))?;
    }
    for (field, at) in [
        (common::FIRST_SEEN, facts.first_seen),
        (common::LAST_SEEN, facts.last_seen),
    ] {
        if let Some(at) = at {
            writeln!(out, "  {}: {}", field.name(), format_time(at))?;
        }
    }
    Ok(())
}

/// Writes the numbers of a node's edges, and the command that shows one of them.
fn edges(
    out: &mut dyn Write,
    graph: &Graph,
    node: NodeRef,
    neighbours: &[Neighbours],
) -> io::Result<()> {
    let Some(first) = neighbours.first() else {
        return Ok(());
    };
    writeln!(out, "Edges:")?;
    for Neighbours {
        kind,
        out: starts,
        count,
        labels,
        ..
    } in neighbours
    {
        let labels: Vec<_> = labels.iter().copied().map(Label::as_str).collect();
        let labels = labels.join(" or ");
        match starts {
            true => writeln!(out, "  {count} -[{kind}]-> {labels}")?,
            false => writeln!(out, "  {count} <-[{kind}]- {labels}")?,
        }
    }
    let (from, to) = match first.out {
        true => (node, first.first),
        false => (first.first, node),
    };
    if let Some(command) = evidence::command(graph, Element::Edge(from, first.kind, to)) {
        writeln!(out, "  one of them: {command}")?;
    }
    Ok(())
}

/// Writes the ids of all records.
fn record_ids(out: &mut dyn Write, answer: &Answer<'_>) -> io::Result<()> {
    let id = answer.case.id();
    let count = answer.dossier.count;
    match answer.dossier.records.as_slice() {
        [number] => writeln!(out, "Record: {}", RecordId::new(id, *number)),
        numbers => {
            let first = match answer.dossier.unnamed() {
                0 => String::new(),
                _ => format!(", of which the first {}", numbers.len()),
            };
            let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            writeln!(out, "{count} records{first}: {id}/")?;
            for line in numbers.chunks(IDS_PER_LINE) {
                writeln!(out, "  {}", line.join(" "))?;
            }
            Ok(())
        }
    }
}

/// Writes a record, with the parts that mention the requested element, or the beginning of its body.
fn render_record(
    out: &mut dyn Write,
    record: &Record,
    excerpt: Option<Excerpt<'_>>,
    whole: bool,
) -> io::Result<()> {
    let status = match record.status {
        Some(status) => status.to_string(),
        None => "no response".to_owned(),
    };
    writeln!(out, "{}", clean(&record.id))?;
    writeln!(
        out,
        "  {}  {}  {}  {}",
        format_time(record.at),
        clean(&record.source),
        record.method.as_str(),
        status
    )?;
    writeln!(out, "  {}", clip(&clean(&record.url)))?;
    if let Some(request) = describe_request(record) {
        writeln!(out, "  {request}")?;
    }
    match &excerpt {
        Some(excerpt) if !whole && excerpt.count() > 0 => excerpts(out, excerpt),
        excerpt => {
            if let Some(note) = excerpt.as_ref().and_then(|excerpt| excerpt.note) {
                writeln!(out, "  {note}")?;
            }
            body(out, record, whole)
        }
    }
}

/// Describes the body of a request: by the name of a saved query, or else by its text. `None` without a body.
fn describe_request(record: &Record) -> Option<String> {
    let sent = record.request.as_ref()?;
    let request: Value = serde_json::from_str(sent).unwrap_or_default();
    // Advanced hunting spells the key with a capital.
    let text = request.get("query").or_else(|| request.get("Query"));
    let text = text.and_then(Value::as_str);
    Some(match text.and_then(Query::of) {
        Some(query) => format!("query kql/{}.kql", query.name()),
        None => format!("sent {}", clip(&clean(text.unwrap_or(sent)))),
    })
}

fn excerpts(out: &mut dyn Write, excerpt: &Excerpt<'_>) -> io::Result<()> {
    let is_split = excerpt.unit() != "answer";
    if is_split {
        writeln!(
            out,
            "  {} of {} {} speak of it",
            excerpt.count(),
            excerpt.of_parts(),
            excerpt.unit()
        )?;
    }
    if let Some(note) = excerpt.note {
        writeln!(out, "  {note}")?;
    }
    for part in excerpt.parts().take(SHOWN_PARTS) {
        if is_split {
            writeln!(out, "  [{}]", part.at)?;
        }
        match &part.part {
            Value::Object(fields) => {
                for (name, value) in fields {
                    field(out, name, value)?;
                }
            }
            other => writeln!(out, "    {}", clip(&clean(&plain(other))))?,
        }
    }
    if excerpt.count() > SHOWN_PARTS {
        let more = excerpt.count() - SHOWN_PARTS;
        writeln!(out, "  and {more} more; --format json has all")?;
    }
    Ok(())
}

/// Writes a field, and the fields within it by their path. Empty fields are left out.
fn field(out: &mut dyn Write, name: &str, value: &Value) -> io::Result<()> {
    match value {
        Value::Object(fields) => {
            for (inner, value) in fields {
                field(out, &format!("{name}.{inner}"), value)?;
            }
            Ok(())
        }
        value if is_empty(value) => Ok(()),
        value => writeln!(out, "    {}: {}", clean(name), clip(&clean(&plain(value)))),
    }
}

fn body(out: &mut dyn Write, record: &Record, whole: bool) -> io::Result<()> {
    if whole {
        for line in record.body.lines() {
            writeln!(out, "    {}", clean(line))?;
        }
        return Ok(());
    }
    writeln!(out, "    {}", clip(&clean(&record.body)))
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
