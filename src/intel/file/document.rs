//! JSON that keeps the order of objects in the text, so that the line of each object can be determined.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value. Numbers are kept as text, and null is not needed here.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
    Text(String),
    Number(String),
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

    /// The texts in a list that is a member of an object.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let items = match self.get(name) {
            Some(Self::List(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().filter_map(|item| match item {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// True when a member is `true`, the number 1, or the text `true` or `1`, which MISP's older exports have.
    pub(super) fn is_true(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Self::Flag(flag)) => *flag,
            Some(Self::Text(text) | Self::Number(text)) => {
                text == "1" || text.eq_ignore_ascii_case("true")
            }
            _ => false,
        }
    }
}

/// Calls `visit` for every object with its line, in the order in which they start, until it says that the members of
/// an object are not to be visited.
pub(super) fn objects<'a>(
    node: &'a Node,
    lines: &mut impl Iterator<Item = usize>,
    visit: &mut impl FnMut(&'a Node, usize) -> Inside,
) {
    visit_objects(node, lines, visit, Inside::Visit);
}

/// Whether the members of an object are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    Visit,
    Skip,
}

fn visit_objects<'a>(
    node: &'a Node,
    lines: &mut impl Iterator<Item = usize>,
    visit: &mut impl FnMut(&'a Node, usize) -> Inside,
    mut inside: Inside,
) {
    match node {
        Node::Object(members) => {
            // The line is taken in any case, since the objects that are skipped have lines too.
            let line = lines.next().unwrap_or(1);
            if inside == Inside::Visit {
                inside = visit(node, line);
            }
            for (_, member) in members {
                visit_objects(member, lines, visit, inside);
            }
        }
        Node::List(items) => {
            for item in items {
                visit_objects(item, lines, visit, inside);
            }
        }
        Node::Text(_) | Node::Number(_) | Node::Flag(_) | Node::Other => {}
    }
}

/// Reads JSON, or several JSON values one after the other, as in JSON Lines. These become a list.
pub(super) fn read(text: &str) -> Result<Node, serde_json::Error> {
    let mut nodes = serde_json::Deserializer::from_str(text).into_iter::<Node>();
    let first = match nodes.next() {
        Some(first) => first?,
        // An empty text gets the error that serde_json has for it.
        None => return serde_json::from_str(text),
    };
    let mut all = vec![first];
    for node in nodes {
        all.push(node?);
    }
    Ok(match all.len() {
        1 => all.remove(0),
        _ => Node::List(all),
    })
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

            fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
                Ok(Node::Number(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
                Ok(Node::Number(number.to_string()))
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
        objects(&node, &mut lines(text), &mut |object, line| {
            seen.push((line, object.text("n").unwrap_or("-").to_owned()));
            Inside::Visit
        });
        let seen: Vec<(usize, &str)> = seen.iter().map(|(line, n)| (*line, n.as_str())).collect();
        assert_eq!(seen, [(1, "-"), (1, "}\"{"), (3, "-"), (5, "y")]);
    }

    #[test]
    fn what_is_inside_a_skipped_object_keeps_its_lines_to_itself() {
        let text = "[{\"a\":\n{}},\n{}]";
        let node = read(text).unwrap();
        let mut seen = Vec::new();
        objects(&node, &mut lines(text), &mut |_, line| {
            seen.push(line);
            Inside::Skip
        });
        assert_eq!(seen, [1, 3]);
    }

    #[test]
    fn values_one_after_the_other_are_a_list() {
        assert!(matches!(read("{}\n{\"a\":1}\n"), Ok(Node::List(items)) if items.len() == 2));
        assert_eq!(read("{}\n{\n").unwrap_err().line(), 3);
        assert!(read("").is_err());
    }
}
