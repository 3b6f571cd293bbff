//! JSON of services that is neither STIX nor MISP: objects with a member such as `url`, `indicator` or `ioc_value`.
//!
//! URLhaus, ThreatFox and PhishTank publish their dumps in this form, OTX its pulses, and Defender its indicators.

use chrono::{DateTime, Utc};

use super::document::{Inside, Node, lines, objects};
use super::entry::Entries;
use super::names::{Role, Row, tags_in};

/// Reads the objects; `None` when none of them has a member that holds indicators.
pub(super) fn entries(text: &str, node: &Node, since: DateTime<Utc>) -> Option<Entries> {
    let mut entries = Entries::default();
    let mut found = false;
    objects(node, &mut lines(text), &mut |object, line| {
        match row(object) {
            Some(row) => {
                found = true;
                row.add_to(&mut entries, line, since);
                // What an entry says of itself, such as the addresses of its host, is no entry.
                Inside::Skip
            }
            None => {
                for text in listed_in(object) {
                    found = true;
                    entries.add(line, text, &[]);
                }
                Inside::Visit
            }
        }
    });
    if !found && let Node::List(items) = node {
        // A list of texts: its lines are not known, so that the first one stands for all.
        for item in items {
            if let Node::Text(text) = item {
                found = true;
                entries.add(1, text, &[]);
            }
        }
    }
    found.then_some(entries)
}

/// The texts in members such as `domains`, which are lists.
fn listed_in(object: &Node) -> impl Iterator<Item = &str> {
    let members = match object {
        Node::Object(members) => members.as_slice(),
        _ => &[],
    };
    let lists = members
        .iter()
        .filter(|(name, _)| Role::of(name).is_some_and(Role::is_value));
    lists.flat_map(|(name, _)| object.texts(name))
}

fn row(object: &Node) -> Option<Row<'_>> {
    let Node::Object(members) = object else {
        return None;
    };
    let mut row = Row::default();
    let mut value: Option<(Role, &str)> = None;
    for (name, member) in members {
        let Some(role) = Role::of(name) else {
            continue;
        };
        match (role, member) {
            (role, Node::Text(text))
                if role.is_value()
                    && !text.trim().is_empty()
                    && value.is_none_or(|(before, _)| role < before) =>
            {
                value = Some((role, text));
            }
            (Role::Kind, Node::Text(text)) => row.kind = Some(text),
            (Role::Action, Node::Text(text)) => row.action = Some(text),
            (Role::Until, Node::Text(text)) => row.until = Some(text),
            (Role::ToIds, Node::Text(text) | Node::Number(text)) => row.to_ids = Some(text),
            (Role::ToIds, Node::Flag(false)) => row.to_ids = Some("false"),
            (Role::Tags, Node::Text(text)) => row.tags = tags_in(text),
            (Role::Tags, Node::List(_)) => {
                row.tags = object.texts(name).map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    row.value = value?.1;
    Some(row)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<(usize, String)> {
        let node = super::super::document::read(text).unwrap();
        let read = entries(text, &node, DateTime::default()).unwrap();
        assert_eq!(read.bad_count, 0, "{:?}", read.bad);
        let listed = read.listed.iter();
        listed.map(|e| (e.line, e.key.to_string())).collect()
    }

    #[test]
    fn dumps_of_services_are_read() {
        for (text, line, key) in [
            (
                "{\"3408270\":[\n{\"dateadded\":\"2026\",\"url\":\"http://203.0.113.170:33935/a\",\"urlhaus_link\":\"https://urlhaus.abuse.ch/url/1/\",\"tags\":[\"elf\"]}]}",
                2,
                "http://203.0.113.170:33935/a",
            ),
            (
                "{\"1693316\":[{\"ioc_value\":\"203.0.113.71:433\",\"ioc_type\":\"ip:port\",\"reference\":null}]}",
                1,
                "203.0.113.71:433",
            ),
            (
                "[{\"phish_id\":1,\"url\":\"https://evil.example/a\",\"phish_detail_url\":\"http://x.example/1\",\"details\":[{\"ip_address\":\"192.0.2.1\"}]}]",
                1,
                "https://evil.example/a",
            ),
            (
                "{\"id\":\"1\",\"name\":\"p\",\"indicators\":[\n\n{\"indicator\":\"evil.example\",\"type\":\"hostname\"},{\"indicator\":\"d41d8cd98f00b204e9800998ecf8427e\",\"type\":\"FileHash-MD5\"}]}",
                3,
                "evil.example",
            ),
            (
                "{\"value\":[{\"indicatorValue\":\"evil.example\",\"indicatorType\":\"DomainName\",\"action\":\"Block\"},{\"indicatorValue\":\"good.example\",\"indicatorType\":\"DomainName\",\"action\":\"Allowed\"}]}",
                1,
                "evil.example",
            ),
            (
                "{\"url\":\"https://a.example/\"}\n",
                1,
                "https://a.example/",
            ),
            (
                "{\"x\":1,\n\"y\":{\"domains\":[\"evil.example\"]}}",
                2,
                "evil.example",
            ),
            ("[\"https://a.example/\"]", 1, "https://a.example/"),
        ] {
            assert_eq!(listed(text), [(line, key.to_owned())], "{text}");
        }
    }

    #[test]
    fn other_json_is_no_list() {
        for text in [
            "{}",
            "[]",
            "{\"a\":{\"b\":[1,true]}}",
            "{\"type\":\"report\"}",
        ] {
            let node = super::super::document::read(text).unwrap();
            assert_eq!(entries(text, &node, DateTime::default()), None, "{text}");
        }
    }
}
