//! MISP JSON: the attributes of events that are marked for detection and that a url can match.
//!
//! The file can hold one event, a list of events, or the answer to a search (`{"response": …}`). Attributes inside
//! objects count too.

use super::document::{Node, lines, objects};
use super::entry::{BadEntry, Entries, Entry};
use super::indicator::{Indicator, parse};

/// The attribute types that a url can match. In a type such as `domain|ip` only the value before the bar is used.
const TYPES: [&str; 7] = [
    "url",
    "uri",
    "link",
    "domain",
    "hostname",
    "domain|ip",
    "hostname|port",
];

/// True when the JSON is MISP and not a STIX bundle, judged by the names of its members.
pub(super) fn is_misp(node: &Node) -> bool {
    match node {
        Node::List(items) => items.first().is_some_and(is_misp),
        node => ["Event", "Attribute", "response"]
            .iter()
            .any(|name| node.get(name).is_some()),
    }
}

pub(super) fn entries(text: &str, node: &Node) -> Result<Entries, BadEntry> {
    let mut entries = Entries::default();
    objects(node, &mut lines(text), &mut |object, line| {
        attribute(object, line, &mut entries)
    })?;
    Ok(entries)
}

/// Adds an object if it is an attribute: only attributes have a type, a value and `to_ids`.
fn attribute(object: &Node, line: usize, entries: &mut Entries) -> Result<(), BadEntry> {
    let (Some(kind), Some(value), Some(_)) = (
        object.text("type"),
        object.text("value"),
        object.get("to_ids"),
    ) else {
        return Ok(());
    };
    // A proposal to the event's owner is not part of the event yet.
    let proposed = object.get("proposal_to_delete").is_some();
    let meant = object.is_true("to_ids") && !object.is_true("deleted") && !proposed;
    if !TYPES.contains(&kind) || !meant {
        entries.others += 1;
        return Ok(());
    }
    let value = match kind.split_once('|') {
        Some((_, "port")) => value.replacen('|', ":", 1),
        Some(_) => value.split('|').next().unwrap_or_default().to_owned(),
        None => value.to_owned(),
    };
    match parse(&value).map_err(|what| BadEntry { line, what })? {
        Indicator::Other => entries.others += 1,
        Indicator::Key(key) => entries.listed.push(Entry {
            line,
            key,
            tags: tags(object),
        }),
    }
    Ok(())
}

/// The category and the tags of an attribute.
fn tags(attribute: &Node) -> Vec<String> {
    let own = match attribute.get("Tag") {
        Some(Node::List(tags)) => tags.as_slice(),
        _ => &[],
    };
    let names = own.iter().filter_map(|tag| tag.text("name"));
    attribute
        .text("category")
        .into_iter()
        .chain(names)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Entries, BadEntry> {
        let node: Node = serde_json::from_str(text).unwrap();
        assert!(is_misp(&node));
        entries(text, &node)
    }

    #[test]
    fn attributes_for_detection_are_read_wherever_they_stand() {
        let text = r#"{"response": [{"Event": {"info": "x", "Tag": [{"name": "event"}],
 "Attribute": [
  {"type": "url", "value": "hxxps://evil[.]example/a", "to_ids": true, "category": "Network activity", "Tag": [{"name": "tlp:amber"}]},
  {"type": "domain", "value": "off.example", "to_ids": false},
  {"type": "domain", "value": "gone.example", "to_ids": true, "deleted": true},
  {"type": "sha256", "value": "x", "to_ids": true},
  {"type": "domain|ip", "value": "both.example|192.0.2.7", "to_ids": "1"}],
 "Object": [{"name": "url", "type": "x", "Attribute": [
  {"type": "hostname|port", "value": "port.example|8080", "to_ids": true},
  {"type": "link", "value": "https://link.example/", "to_ids": true}]}]}}]}"#;
        let read = parse(text).unwrap();
        let listed: Vec<(usize, String)> = read
            .listed
            .iter()
            .map(|entry| (entry.line, entry.key.to_string()))
            .collect();
        assert_eq!(
            listed,
            [
                (3, "https://evil.example/a".to_owned()),
                (7, "both.example".to_owned()),
                (9, "port.example:8080".to_owned()),
                (10, "https://link.example/".to_owned()),
            ]
        );
        assert_eq!(read.others, 3);
        assert_eq!(read.listed[0].tags, ["Network activity", "tlp:amber"]);
    }

    #[test]
    fn every_shape_of_export_is_known() {
        let attribute = r#"{"type": "domain", "value": "evil.example", "to_ids": true}"#;
        for text in [
            format!(r#"{{"Event": {{"Attribute": [{attribute}]}}}}"#),
            format!(r#"[{{"Event": {{"Attribute": [{attribute}]}}}}]"#),
            format!(r#"{{"response": {{"Attribute": [{attribute}]}}}}"#),
            format!(r#"{{"Attribute": [{attribute}]}}"#),
        ] {
            assert_eq!(parse(&text).unwrap().listed.len(), 1, "{text}");
        }
    }

    #[test]
    fn an_attribute_that_is_no_indicator_is_named() {
        let text = "{\"Event\": {\"Attribute\": [\n\n{\"type\": \"url\", \"value\": \"not one\", \"to_ids\": true}]}}";
        let problem = parse(text).unwrap_err();
        assert_eq!(problem.line, 3);
        assert!(problem.what.contains("`not one`"), "{}", problem.what);
    }
}
