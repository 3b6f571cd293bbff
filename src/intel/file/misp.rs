//! MISP JSON: the attributes of events that are marked for detection and that a url can match.
//!
//! The file can hold one event, a list of events, or the answer to a search (`{"response": …}`). Attributes inside
//! objects count too.

use super::document::{Inside, Node, lines, objects};
use super::entry::Entries;
use super::indicator::parts_of_pair;
use super::names::Kind;

/// True when the JSON is MISP and not a STIX bundle, judged by the names of its members.
pub(super) fn is_misp(node: &Node) -> bool {
    match node {
        Node::List(items) => items.first().is_some_and(is_misp),
        node => ["Event", "Attribute", "response"]
            .iter()
            .any(|name| node.get(name).is_some()),
    }
}

pub(super) fn entries(text: &str, node: &Node) -> Entries {
    let mut entries = Entries::default();
    objects(node, &mut lines(text), &mut |object, line| {
        attribute(object, line, &mut entries);
        Inside::Visit
    });
    entries
}

/// Adds an object if it is an attribute: only attributes have a type, a value and `to_ids`.
fn attribute(object: &Node, line: usize, entries: &mut Entries) {
    let (Some(kind), Some(value), Some(_)) = (
        object.text("type"),
        object.text("value"),
        object.get("to_ids"),
    ) else {
        return;
    };
    if object.is_true("deleted") {
        entries.leave_out("deleted attribute");
    } else if object.get("proposal_to_delete").is_some() {
        // A proposal to the event's owner is not part of the event yet.
        entries.leave_out("proposed attribute");
    } else if !object.is_true("to_ids") {
        entries.leave_out("attribute that is not for detection");
    } else if Kind::of(kind) != Kind::Matching {
        entries.leave_out(&crate::intel::clip::clip(kind, 40));
    } else {
        let tags = tags(object);
        for part in parts_of_pair(value) {
            entries.add(line, &part, &tags);
        }
    }
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

    fn parse(text: &str) -> Entries {
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
  {"type": "ip-dst", "value": "192.0.2.8", "to_ids": true},
  {"type": "ip-src", "value": "192.0.2.9", "to_ids": true},
  {"type": "ip-dst|port", "value": "192.0.2.10|8080", "to_ids": true},
  {"type": "uri", "value": "/panel/gate.php", "to_ids": true},
  {"type": "link", "value": "https://link.example/", "to_ids": true}]}]}}]}"#;
        let read = parse(text);
        let listed: Vec<(usize, String)> = read
            .listed
            .iter()
            .map(|entry| (entry.line, entry.key.to_string()))
            .collect();
        let wanted = [
            (3, "https://evil.example/a"),
            (7, "both.example"),
            (7, "192.0.2.7"),
            (9, "port.example:8080"),
            (10, "192.0.2.8"),
            (11, "192.0.2.9"),
            (12, "192.0.2.10:8080"),
            (14, "https://link.example/"),
        ];
        assert_eq!(listed, wanted.map(|(line, key)| (line, key.to_owned())));
        assert_eq!((read.left_out(), read.bad_count), (4, 0));
        assert_eq!(read.others["path without a host"], 1);
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
            assert_eq!(parse(&text).listed.len(), 1, "{text}");
        }
    }

    #[test]
    fn an_attribute_that_is_no_indicator_is_named() {
        let text = "{\"Event\": {\"Attribute\": [\n\n{\"type\": \"url\", \"value\": \"not one\", \"to_ids\": true}]}}";
        let read = parse(text);
        assert_eq!((read.bad_count, read.bad[0].line), (1, 3));
        assert!(
            read.bad[0].what.contains("`not one`"),
            "{}",
            read.bad[0].what
        );
    }
}
