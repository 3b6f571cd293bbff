//! The properties of a node or an edge as they are written. Some follow from a key: the parts of a url from the url, and
//! a link as it was sent from the url it leads to, if that is the same. These are not kept but made here, since they would
//! take more memory than all else in a graph of millions of links.

use ::url::Url;

use super::element::{EdgeData, NodeData};
use super::facts::Facts;
use super::property::{Field, Text};
use super::schema::{COMMON, EdgeType, Label, Merge, Property, contains, url};
use super::value::{Observed, Properties, Value};
use crate::link::defang;

/// A node, or an edge with its ends.
#[derive(Debug, Clone, Copy)]
pub enum Written<'g> {
    /// A node.
    Node(&'g NodeData),
    /// An edge between its start and its end.
    Edge(&'g NodeData, &'g EdgeData, &'g NodeData),
}

impl<'g> From<&'g NodeData> for Written<'g> {
    fn from(node: &'g NodeData) -> Self {
        Self::Node(node)
    }
}

impl<'g> From<(&'g NodeData, &'g EdgeData, &'g NodeData)> for Written<'g> {
    fn from((from, edge, to): (&'g NodeData, &'g EdgeData, &'g NodeData)) -> Self {
        Self::Edge(from, edge, to)
    }
}

impl<'g> Written<'g> {
    /// Its properties and its evidence, without what follows from a key.
    pub fn facts(self) -> &'g Facts {
        match self {
            Self::Node(node) => &node.facts,
            Self::Edge(_, edge, _) => &edge.facts,
        }
    }

    /// All properties but the common ones.
    pub fn properties(self) -> Properties {
        let declared = self.facts().declared();
        let mut all: Properties = declared
            .map(|(property, value)| (property.name, value.to_owned()))
            .collect();
        match self {
            Self::Node(node) if node.label == Label::Url => {
                for (field, text) in parts(&node.id).into_iter().flatten() {
                    if !text.is_empty() {
                        all.entry(field.name()).or_insert(Value::Text(text));
                    }
                }
            }
            Self::Edge(_, edge, to) if edge.kind == EdgeType::Contains => {
                if let Some(Value::Text(raw)) = all.get_mut(contains::RAW.name())
                    && raw.is_empty()
                {
                    raw.clone_from(&to.id);
                }
            }
            _ => {}
        }
        all
    }
}

/// Those of `properties` that any of the elements, all of one label or type, can have.
pub fn held<'g>(
    properties: impl Iterator<Item = &'static Property>,
    elements: impl Iterator<Item = impl Into<Written<'g>>>,
) -> Vec<&'static Property> {
    let properties: Vec<_> = properties.collect();
    let mut is_held: Vec<bool> = properties.iter().map(|one| follows(one)).collect();
    for element in elements {
        for (held, _) in element.into().facts().declared() {
            let at = properties.iter().position(|one| one.name == held.name);
            at.into_iter().for_each(|at| is_held[at] = true);
        }
    }
    // What lists the cases of a flag is there when the flag is.
    let flags: Vec<&str> = (properties.iter().zip(&is_held))
        .filter_map(|(one, is_held)| is_held.then_some(one.name))
        .collect();
    let is_listed =
        |one: &Property| matches!(one.merge, Merge::CasesWith(flag) if flags.contains(&flag));
    let held = properties.iter().zip(&is_held);
    let held = held.filter(|(one, is_held)| **is_held || is_listed(one));
    held.map(|(one, _)| *one).collect()
}

/// True for a property that elements have without keeping it.
fn follows(property: &Property) -> bool {
    let url = [url::SCHEME, url::HOST, url::PATH, url::DEFANGED];
    COMMON.iter().any(|common| common.name == property.name)
        || url.iter().any(|part| part.name() == property.name)
        || property.name == contains::RAW.name()
}

/// Takes out the properties of a url that follow from its id.
pub(super) fn shorten_url(id: &str, observed: &mut Observed) {
    for (field, text) in parts(id).into_iter().flatten() {
        observed
            .retain(|(position, value)| *position != field.position() || !is_text(value, &text));
    }
}

/// Takes out the text of a link that is the url it leads to. An empty text stays in its place.
pub(super) fn shorten_link(to: &str, observed: &mut Observed) {
    for (position, value) in observed {
        if *position == contains::RAW.position() && is_text(value, to) {
            *value = Value::Text(String::new());
        }
    }
}

fn is_text(value: &Value, text: &str) -> bool {
    matches!(value, Value::Text(held) if held == text)
}

/// The parts of a url; `None` for an id that is truncated.
fn parts(id: &str) -> Option<[(Field<Option<Text>>, String); 4]> {
    let parsed = Url::parse(id).ok().filter(|parsed| parsed.as_str() == id)?;
    let host = parsed.host_str().unwrap_or_default();
    Some([
        (url::SCHEME, parsed.scheme().to_owned()),
        (url::HOST, host.to_owned()),
        (url::PATH, parsed.path().to_owned()),
        (url::DEFANGED, defang(&parsed)),
    ])
}
