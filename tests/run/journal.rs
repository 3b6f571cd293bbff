//! The records of a case, read without the library under test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::{Map, Value};

use super::graph::GraphFile;
use tenant_sim::decode;

/// Segments of a case's journal, in their order.
pub(crate) fn segments(case: &Path) -> Vec<PathBuf> {
    match case.join("journal").is_dir() {
        true => super::files(&case.join("journal"))
            .into_iter()
            .filter(|path| path.to_string_lossy().ends_with(".jsonl.zst"))
            .collect(),
        false => Vec::new(),
    }
}

/// Bytes in the journal so far; 0 while there is none.
pub(crate) fn size(case: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(case.join("journal")) else {
        return 0;
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()))
        .sum()
}

/// Every record by its id.
pub(crate) fn records(case: &Path) -> BTreeMap<String, Value> {
    let mut records = BTreeMap::new();
    for segment in segments(case) {
        let bytes = std::fs::read(&segment).expect("read a segment");
        let lines = zstd::stream::decode_all(bytes.as_slice()).expect("whole frames");
        for line in String::from_utf8(lines).expect("UTF-8").lines() {
            let record: Value = serde_json::from_str(line).expect("a record is JSON");
            let id = record["id"].as_str().expect("an id").to_owned();
            assert!(records.insert(id, record).is_none(), "twice: {line}");
        }
    }
    records
}

/// What a record says, whatever its number, and whenever it was fetched.
fn content(record: &Value) -> String {
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let mut body: Value =
        serde_json::from_str(text("body")).unwrap_or_else(|_| text("body").into());
    timeless(&mut body);
    [
        text("source"),
        text("method"),
        &timeless_url(text("url")),
        text("request"),
        &record["status"].to_string(),
        &body.to_string(),
    ]
    .join("\n")
}

/// Takes out what differs from one case to the next: links to next pages, and what errors say of themselves.
fn timeless(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !matches!(
                    name.as_str(),
                    "@odata.nextLink" | "innerError" | "innererror"
                )
            });
            fields.values_mut().for_each(timeless);
        }
        Value::Array(items) => items.iter_mut().for_each(timeless),
        _ => {}
    }
}

/// A url without the end of the time in which messages changed (a day after the case was made), and with the
/// number of the page in place of its token.
fn timeless_url(url: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let option = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value, true).expect("UTF-8");
        if name.ends_with("skiptoken") {
            let token = base64::engine::general_purpose::STANDARD.decode(&value);
            let token = String::from_utf8(token.expect("base64")).expect("UTF-8");
            return format!("page {}", token.rsplit('|').next().unwrap_or_default());
        }
        match value.split_once(" and lastModifiedDateTime lt ") {
            Some((from, _)) => from.to_owned(),
            None => format!("{name}={value}"),
        }
    };
    let options: Vec<String> = query.split('&').map(option).collect();
    format!("{path}?{}", options.join("&"))
}

/// The graph of a case in a form that two runs against the same tenant share: every property but the moments of
/// the run itself, and in place of record ids what those records say.
pub(crate) fn comparable(case: &Path) -> Vec<String> {
    let contents: BTreeMap<String, String> = records(case)
        .iter()
        .map(|(id, record)| (id.clone(), content(record)))
        .collect();
    let id = {
        let text = std::fs::read_to_string(case.join("case.json")).expect("read case.json");
        let manifest: Value = serde_json::from_str(&text).expect("JSON");
        manifest["id"].as_str().expect("an id").to_owned()
    };
    let graph = GraphFile::read(case);
    let line = |what: String, of_a_verdict: bool, properties: &Map<String, Value>| {
        let mut properties = properties.clone();
        let cited = properties.remove("evidence").unwrap_or_default();
        let mut cited: Vec<&str> = cited
            .as_array()
            .into_iter()
            .flatten()
            .map(|id| contents[id.as_str().expect("a text")].as_str())
            .collect();
        cited.sort_unstable();
        // Of more than twenty records the first twenty are named, and which those are is up to their numbers.
        let named = properties["evidence_count"].as_u64().expect("a number") as usize;
        assert_eq!(cited.len(), named.min(20), "{what}");
        if named > 20 {
            cited.clear();
        }
        properties.retain(|name, _| !matches!(name.as_str(), "checked" | "started" | "finished"));
        if of_a_verdict {
            properties.retain(|name, _| !matches!(name.as_str(), "first_seen" | "last_seen"));
        }
        let text = format!("{what} {} {cited:?}", Value::Object(properties));
        text.replace(&id, "CASE")
    };
    let nodes = graph
        .nodes
        .iter()
        .map(|(node, properties)| line(format!("{node:?}"), node.0 == "Verdict", properties));
    let edges = graph
        .edges
        .iter()
        .map(|(edge, properties)| line(format!("{edge:?}"), edge.0 == "HAS_VERDICT", properties));
    nodes.chain(edges).collect()
}

/// Insists that two cases hold the same graph.
pub(crate) fn assert_same(expected: &[String], case: &Path) {
    let found = comparable(case);
    let wrong: Vec<String> = expected
        .iter()
        .filter(|line| !found.contains(line))
        .map(|line| format!("- {line}"))
        .chain(
            found
                .iter()
                .filter(|line| !expected.contains(line))
                .map(|line| format!("+ {line}")),
        )
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(expected.len(), found.len());
}
