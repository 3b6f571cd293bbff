//! GraphML for Gephi, yEd and networkx.

use std::collections::BTreeSet;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::plain::plain;
use crate::graph::naming::caption;
use crate::graph::schema::{EDGES, NODES, Property, ValueKind};
use crate::graph::value::Value;
use crate::graph::{Graph, Properties};

/// Writes the graph. The id of a node is its label, a colon and its key. Its `label` is the caption for pictures, its
/// `node_type` the label in the schema. The values of a list are separated by `"; "`. Characters that XML does not
/// allow are replaced by U+FFFD; the format `jsonl` keeps them.
///
/// # Errors
/// The errors of `out`.
pub fn write(graph: &Graph, out: impl Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = BytesStart::new("graphml");
    root.push_attribute(("xmlns", "http://graphml.graphdrawing.org/xmlns"));
    xml.write_event(Event::Start(root))?;
    let nodes = NODES.iter().flat_map(|spec| spec.all_properties());
    let edges = EDGES.iter().flat_map(|spec| spec.all_properties());
    keys(&mut xml, "node", "node_type", nodes)?;
    keys(&mut xml, "edge", "edge_type", edges)?;
    let mut body = BytesStart::new("graph");
    body.push_attribute(("id", clean(graph.case()).as_str()));
    body.push_attribute(("edgedefault", "directed"));
    xml.write_event(Event::Start(body))?;
    for node in graph.nodes() {
        let stored = graph.stored(node);
        let mut element = BytesStart::new("node");
        element.push_attribute(("id", id(node.label.as_str(), &node.id).as_str()));
        xml.write_event(Event::Start(element))?;
        data(&mut xml, "n-label", &caption(node))?;
        data(&mut xml, "n-node_type", node.label.as_str())?;
        values(&mut xml, "n", &stored)?;
        xml.write_event(Event::End(BytesEnd::new("node")))?;
    }
    for (from, edge, to) in graph.edges() {
        let mut element = BytesStart::new("edge");
        element.push_attribute(("source", id(from.label.as_str(), &from.id).as_str()));
        element.push_attribute(("target", id(to.label.as_str(), &to.id).as_str()));
        xml.write_event(Event::Start(element))?;
        data(&mut xml, "e-label", edge.kind.as_str())?;
        data(&mut xml, "e-edge_type", edge.kind.as_str())?;
        values(&mut xml, "e", &graph.stored((from, edge, to)))?;
        xml.write_event(Event::End(BytesEnd::new("edge")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("graph")))?;
    xml.write_event(Event::End(BytesEnd::new("graphml")))?;
    let out = xml.get_mut();
    out.write_all(b"\n")?;
    out.flush()
}

/// Declares every property of the schema, once for nodes and once for edges.
fn keys<'p>(
    xml: &mut Writer<impl Write>,
    of: &'static str,
    type_name: &'static str,
    properties: impl Iterator<Item = &'p Property>,
) -> io::Result<()> {
    let kind = |kind| match kind {
        ValueKind::Integer => "long",
        ValueKind::Number => "double",
        ValueKind::Boolean => "boolean",
        ValueKind::Text | ValueKind::Time | ValueKind::Set | ValueKind::Sequence => "string",
    };
    let declared: BTreeSet<(&str, &str)> = properties
        .map(|property| (property.name, kind(property.kind)))
        .chain([("label", "string"), (type_name, "string")])
        .collect();
    for (name, kind) in declared {
        let mut key = BytesStart::new("key");
        key.push_attribute(("id", format!("{}-{name}", &of[..1]).as_str()));
        key.push_attribute(("for", of));
        key.push_attribute(("attr.name", name));
        key.push_attribute(("attr.type", kind));
        xml.write_event(Event::Empty(key))?;
    }
    Ok(())
}

fn values(xml: &mut Writer<impl Write>, of: &str, stored: &Properties) -> io::Result<()> {
    for (name, value) in stored {
        let text = match value {
            Value::List(items) => items.join("; "),
            value => plain(value),
        };
        data(xml, &format!("{of}-{name}"), &text)?;
    }
    Ok(())
}

fn data(xml: &mut Writer<impl Write>, key: &str, text: &str) -> io::Result<()> {
    let mut element = BytesStart::new("data");
    element.push_attribute(("key", key));
    xml.write_event(Event::Start(element))?;
    xml.write_event(Event::Text(BytesText::new(&clean(text))))?;
    xml.write_event(Event::End(BytesEnd::new("data")))
}

fn id(label: &str, key: &str) -> String {
    clean(&format!("{label}:{key}"))
}

/// Replaces what is not a `Char` of XML 1.0, production 2, and carriage returns, which an XML parser would turn into
/// line feeds.
fn clean(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars()
        .map(|c| if allowed(c) { c } else { '\u{fffd}' })
        .collect()
}
