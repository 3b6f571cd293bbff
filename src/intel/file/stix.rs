//! STIX 2.1: the indicators of a bundle, of the answer of a TAXII server, or of a list of objects.

use chrono::{DateTime, Utc};

use super::document::{Inside, Node, lines, objects};
use super::entry::Entries;
use super::pattern::{Unread, values};
use crate::intel::clip::clip;
use crate::model::parse_time;

/// The observables that a url can match.
const OBSERVABLES: [&str; 4] = ["url", "domain-name", "ipv4-addr", "ipv6-addr"];

/// True when the JSON holds objects of STIX: a bundle, an envelope of TAXII (`{"more": false, "objects": […]}`), or the
/// objects themselves.
pub(super) fn is_stix(node: &Node) -> bool {
    let is_object = |node: &Node| {
        let id = node.text("id").unwrap_or_default();
        node.text("type").is_some_and(|kind| {
            kind == "bundle" || id.starts_with(&format!("{kind}--")) || kind == "indicator"
        })
    };
    match node {
        Node::List(items) => items.first().is_some_and(is_stix),
        node => is_object(node) || matches!(node.get("objects"), Some(Node::List(_))),
    }
}

/// Reads the indicators. When there is none, the observables are what the list is about, as in an export of observables
/// alone; beside indicators they are what was seen around them.
pub(super) fn entries(text: &str, node: &Node, since: DateTime<Utc>) -> Entries {
    let mut entries = Entries::default();
    let mut observed = Entries::default();
    let mut has_indicators = false;
    objects(node, &mut lines(text), &mut |object, line| {
        let kind = object.text("type").unwrap_or_default();
        if kind == "indicator" {
            has_indicators = true;
            indicator(object, line, since, &mut entries);
            return Inside::Skip;
        }
        if OBSERVABLES.contains(&kind)
            && let Some(value) = object.text("value")
        {
            observed.add(line, value, &tags(object));
            return Inside::Skip;
        }
        // Only lists of objects hold objects that count; what an object holds is a part of it.
        match kind == "bundle" || object.get("objects").is_some() {
            true => Inside::Visit,
            false => Inside::Skip,
        }
    });
    match has_indicators {
        true => {
            for _ in &observed.listed {
                entries.leave_out("observable beside the indicators");
            }
            entries
        }
        false => observed,
    }
}

fn indicator(object: &Node, line: usize, since: DateTime<Utc>, entries: &mut Entries) {
    let named = |what: &str| {
        let id = object.text("id").unwrap_or("an indicator without id");
        format!("{}: {what}", clip(id, 80))
    };
    let Some(pattern) = object.text("pattern") else {
        return entries.cannot_read(line, named("no pattern"));
    };
    if let Some(kind) = object.text("pattern_type").filter(|kind| *kind != "stix") {
        return entries.leave_out(&format!("{} pattern", clip(kind, 30)));
    }
    if object.is_true("revoked") {
        return entries.leave_out("revoked indicator");
    }
    let until = object.text("valid_until").and_then(parse_time);
    if until.is_some_and(|until| until <= since) {
        return entries.leave_out("expired indicator");
    }
    match values(pattern) {
        Ok(values) => {
            let tags = tags(object);
            for value in values {
                let before = entries.bad_count;
                entries.add(line, &value, &tags);
                if entries.bad_count > before
                    && let Some(bad) = entries.bad.get_mut(before)
                {
                    bad.what = named(&bad.what);
                }
            }
        }
        Err(Unread::SaysMore) => entries.leave_out(kind_of(pattern)),
        Err(Unread::Broken(what)) => entries.cannot_read(line, named(what)),
    }
}

/// What a pattern is about that is not read, in words.
fn kind_of(pattern: &str) -> &'static str {
    let about = [
        "url:value",
        "domain-name:value",
        "addr:value",
        "network-traffic:",
    ];
    if about.iter().any(|path| pattern.contains(path)) {
        "pattern with further conditions"
    } else if pattern.contains("file:hashes") {
        "hash"
    } else {
        "pattern about something else"
    }
}

fn tags(object: &Node) -> Vec<String> {
    let tags = object
        .texts("indicator_types")
        .chain(object.texts("labels"));
    tags.map(str::to_owned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn entries(text: &str) -> Entries {
        read(text, DateTime::default())
    }

    fn read(text: &str, since: DateTime<Utc>) -> Entries {
        let node = super::super::document::read(text).unwrap();
        assert!(is_stix(&node), "{text}");
        super::entries(text, &node, since)
    }

    const ONE: &str = r#"{"type": "indicator", "id": "indicator--1", "pattern": "[url:value = 'https://a.example/']"}"#;

    #[test]
    fn indicators_are_found_by_line_in_every_shape() {
        for (text, line) in [
            (
                format!(
                    "{{\"type\": \"bundle\",\n\"objects\": [{{\"type\": \"identity\", \"x\": [{{}}]}},\n{ONE}]}}"
                ),
                3,
            ),
            (format!("{{\"more\": false, \"objects\": [\n{ONE}]}}"), 2),
            (
                format!("[{{\"type\": \"bundle\", \"objects\": [\n\n{ONE}]}}]"),
                3,
            ),
            (format!("[\n{ONE}]"), 2),
            (ONE.to_owned(), 1),
        ] {
            let read = entries(&text);
            assert_eq!(
                (read.listed.len(), read.listed[0].line),
                (1, line),
                "{text}"
            );
        }
        assert_eq!(entries("{\"type\": \"bundle\"}"), Entries::default());
    }

    #[test]
    fn one_bad_value_does_not_refuse_the_others() {
        let text = format!(
            "{{\"type\": \"bundle\", \"objects\": [\n{}, {ONE}]}}",
            ONE.replace("a.example", "<x>.example")
        );
        let read = entries(&text);
        assert_eq!(
            (read.listed.len(), read.bad_count, read.bad[0].line),
            (1, 1, 2)
        );
        assert!(
            read.bad[0].what.starts_with("indicator--1: `https://<x>"),
            "{}",
            read.bad[0].what
        );
        let read = entries(
            "{\"type\": \"bundle\", \"objects\": [\n{\"type\": \"indicator\", \"id\": \"indicator--1\"}]}",
        );
        assert_eq!(read.bad[0].line, 2);
    }

    #[test]
    fn observables_count_where_there_is_no_indicator() {
        let observable = r#"{"type": "url", "id": "url--1", "value": "https://b.example/"}"#;
        let alone = entries(&format!(
            "{{\"type\": \"bundle\", \"objects\": [{observable}]}}"
        ));
        assert_eq!(alone.listed.len(), 1);
        let beside = entries(&format!(
            "{{\"type\": \"bundle\", \"objects\": [{observable}, {ONE}]}}"
        ));
        assert_eq!((beside.listed.len(), beside.left_out()), (1, 1));
    }

    #[test]
    fn what_had_expired_before_the_window_counts_for_nothing() {
        let since = "2026-10-01T00:00:00Z".parse().unwrap();
        for (until, listed) in [
            ("\"2026-09-30T23:59:59.999Z\"", 0),
            ("\"2026-10-01T00:00:00Z\"", 0),
            ("\"2026-10-01T00:00:00.001Z\"", 1),
            ("\"2036-01-01T00:00:00Z\"", 1),
            ("null", 1),
            ("\"tomorrow\"", 1),
        ] {
            let text = format!(
                "{{\"type\": \"bundle\", \"objects\": [{{\"type\": \"indicator\", \"valid_until\": {until}, \"pattern\": \"[url:value = 'https://a.example/']\"}}]}}"
            );
            let read = read(&text, since);
            assert_eq!(
                (read.listed.len(), read.left_out()),
                (listed, 1 - listed),
                "{until}"
            );
        }
    }
}
