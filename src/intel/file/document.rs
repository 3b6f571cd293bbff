//! JSON that keeps the order of objects in the text, so that the line of each object can be determined.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value. Numbers and null are not needed here.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
    Text(String),
    Flag(bool),
    Other,
}

impl Node {
    /// A member of an object; the last one if several have this name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        let Self::Object(members) = self else {
            return None;
        };
        let found = members.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, node)| node)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// True when a member is `true`, or the text `true` or `1`, which MISP's older exports have.
    pub(super) fn is_true(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Self::Flag(flag)) => *flag,
            Some(Self::Text(text)) => text == "1" || text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }
}

/// Calls `visit` for every object with its line, in the order in which they start.
pub(super) fn objects<'a, E>(
    node: &'a Node,
    lines: &mut impl Iterator<Item = usize>,
    visit: &mut impl FnMut(&'a Node, usize) -> Result<(), E>,
) -> Result<(), E> {
    match node {
        Node::Object(members) => {
            visit(node, lines.next().unwrap_or(1))?;
            members
                .iter()
                .try_for_each(|(_, member)| objects(member, lines, visit))
        }
        Node::List(items) => items
            .iter()
            .try_for_each(|item| objects(item, lines, visit)),
        Node::Text(_) | Node::Flag(_) | Node::Other => Ok(()),
    }
}

/// The line on which each object starts. The text has been parsed before, so it is valid JSON.
pub(super) fn lines(text: &str) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.as_bytes();
    let (mut line, mut at) = (1, 0);
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let byte = bytes[at];
            at += 1;
            match byte {
                b'\n' => line += 1,
                b'"' => {
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                b'{' => return Some(line),
                _ => {}
            }
        }
        None
    })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
                Ok(Node::Flag(flag))
            }

            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Text(text.to_owned()))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
                Ok(Node::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
                Ok(Node::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
                Ok(Node::Other)
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Node, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(Node::Object(members))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn objects_are_visited_in_the_order_of_the_text_with_their_lines() {
        let text = "{\"z\": {\"n\": \"}\\\"{\"},\n \"a\": [\n{\"n\": 1}, 5, null, true,\n\n{\"n\": \"x\", \"n\": \"y\"}]}";
        let node: Node = serde_json::from_str(text).unwrap();
        let mut seen = Vec::new();
        let visited = objects(&node, &mut lines(text), &mut |object, line| {
            seen.push((line, object.text("n").unwrap_or("-").to_owned()));
            Ok::<_, ()>(())
        });
        visited.unwrap();
        let seen: Vec<(usize, &str)> = seen.iter().map(|(line, n)| (*line, n.as_str())).collect();
        assert_eq!(seen, [(1, "-"), (1, "}\"{"), (3, "-"), (5, "y")]);
    }
}
