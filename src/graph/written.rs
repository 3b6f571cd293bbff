//! The properties of a node or an edge as they are written. Some follow from a key: the parts of a url from the url, and
//! a link as it was sent from the url it leads to, if that is the same. These are not kept but made here, since they would
//! take more memory than all else in a graph of millions of links.

use ::url::Url;

use super::element::{EdgeData, NodeData};
use super::facts::Facts;
use super::property::{Field, Text};
use super::schema::{EdgeType, Label, contains, url};
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
