//! `linktrail export`: what other programs read is what the graph holds.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

mod server;

use std::collections::BTreeMap;
use std::path::Path;

use assert_cmd::Command;
use linktrail::graph::node::{Message, Url, User};
use linktrail::graph::{Edge, Graph, Seen, jsonl};
use linktrail::sink::neo4j::Connection;
use linktrail::sink::{csv, graphml, opengraph, stix};
use quick_xml::events::Event;
use serde_json::{Value, json};
use server::Server;
use tempfile::TempDir;

const USER: &str = "09d17c74-1e76-429e-b373-abb71098f027";
const LURE: &str = "https://evil.example/a'b?x=1&y=%22";

/// Texts that end a cell, a list, an element, a pattern or a line where they should not.
fn hostile() -> Graph {
    let mut graph = Graph::new("01HOSTILE0000000000000000A");
    let seen = |record| Seen::at(record, Some("2026-10-02T10:00:00.123456Z".parse().unwrap()));
    let name = "=cmd|'/c calc'!A1,\"quoted\";\r\nsecond\tline \\ <b>&amp;]]> \u{202e}\u{1}\u{1f}";
    let user = User {
        name: Some(name.to_owned()),
        ..User::by_id(USER)
    };
    let user = graph.put(user, seen(1));
    let url = graph.put(Url(url::Url::parse(LURE).unwrap()), seen(2));
    graph.set(url, "risky", linktrail::graph::Value::Boolean(true));
    graph.set(
        url,
        "severity",
        linktrail::graph::Value::Text("high".to_owned()),
    );
    let message = Message {
        id: "19:a@thread.v2/1".to_owned(),
        preview: Some("\\".to_owned()),
        ..Message::default()
    };
    let message = graph.put(message, seen(3));
    graph.link(user, Edge::Sent { at: None }, message, seen(3));
    let edge = Edge::Contains {
        origin: "href",
        text: Some("\"".to_owned()),
        raw: LURE.to_owned(),
        wrapped_by: vec!["teams".to_owned(), "safelinks".to_owned()],
        mismatch: true,
    };
    graph.link(message, edge, url, seen(3));
    let edge = Edge::Clicked {
        count: 3,
        action: "a;b|c".to_owned(),
        clicked_through: true,
        ip: "198.51.100.7".to_owned(),
    };
    graph.link(user, edge, url, seen(4));
    graph
}

/// The graph's own lines, each by what it is about.
fn expected(graph: &Graph) -> BTreeMap<String, Value> {
    let mut lines = Vec::new();
    jsonl::write(graph, &mut lines).unwrap();
    String::from_utf8(lines)
        .unwrap()
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let key = match line["kind"].as_str() {
                Some("node") => format!("{} {}", line["label"], line["id"]),
                _ => format!(
                    "{} {} {}",
                    line["type"], line["from"]["id"], line["to"]["id"]
                ),
            };
            (key, line["properties"].clone())
        })
        .collect()
}

/// The same out of Neo4j.
async fn imported(connection: &Connection) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for statement in [
        "MATCH (n) RETURN [labels(n)[0], n.id] AS key, n{.*, id: null} AS p",
        "MATCH (a)-[r]->(b) RETURN [type(r), a.id, b.id] AS key, r{.*} AS p",
    ] {
        let mut rows = connection.graph().execute(statement).await.unwrap();
        while let Some(row) = rows.next().await.unwrap() {
            let key: Vec<String> = row.get("key").unwrap();
            let key: Vec<String> = key.iter().map(|part| json!(part).to_string()).collect();
            let properties: BTreeMap<String, neo4rs::BoltType> = row.get("p").unwrap();
            let properties: serde_json::Map<String, Value> = properties
                .into_iter()
                .filter(|(_, value)| !matches!(value, neo4rs::BoltType::Null(_)))
                .map(|(name, value)| (name, plain(&value)))
                .collect();
            found.insert(key.join(" "), properties.into());
        }
    }
    found
}

fn plain(value: &neo4rs::BoltType) -> Value {
    use neo4rs::BoltType::{Boolean, DateTime, Float, Integer, List, String};
    match value {
        String(text) => text.value.as_str().into(),
        Boolean(flag) => flag.value.into(),
        Integer(number) => number.value.into(),
        Float(number) => number.value.into(),
        List(items) => items.value.iter().map(plain).collect(),
        DateTime(at) => {
            let at: chrono::DateTime<chrono::FixedOffset> = at.try_into().unwrap();
            assert_eq!(at.offset().local_minus_utc(), 0, "UTC");
            linktrail::graph::value::format_time(at.to_utc()).into()
        }
        other => panic!("no property of ours: {other:?}"),
    }
}

/// Runs the command of the README, word for word.
fn import(server: &Server, folder: &Path) {
    let readme = std::fs::read_to_string(folder.join("README")).unwrap();
    let (_, command) = readme.split_once("\nneo4j-admin ").expect("the command");
    let (command, _) = command.split_once("\n\n").expect("its end");
    let script = format!(
        "neo4j-admin() {{ {}/scripts/neo4j admin \"$@\"; }}; cd \"$1\" && neo4j-admin {command}",
        env!("CARGO_MANIFEST_DIR")
    );
    let done = server
        .command("/bin/bash")
        .args(["-c", &script, "bash"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn neo4j_imports_the_csv_files_as_they_say() {
    let scratch = TempDir::new().unwrap();
    let server = Server::start("");
    server.run("stop");
    let hostile = hostile();
    let folder = scratch.path().join("hostile");
    csv::write(&hostile, &folder).unwrap();
    import(&server, &folder);
    server.run("start");
    let connection = Connection::open(&server.settings()).await.unwrap();
    assert_eq!(imported(&connection).await, expected(&hostile));
    connection.apply_schema().await.expect("the constraints");
    drop(connection);

    // The demo, by the command line, over what was there.
    server.run("stop");
    let case = demo(scratch.path());
    let folder = scratch.path().join("demo-csv");
    linktrail(scratch.path())
        .args(["export", "--format", "csv"])
        .arg("--case")
        .arg(&case)
        .arg("--out")
        .arg(&folder)
        .assert()
        .success();
    import(&server, &folder);
    server.run("start");
    let connection = Connection::open(&server.settings()).await.unwrap();
    let found = imported(&connection).await;
    let lines = std::fs::read_to_string(case.join("graph.jsonl")).unwrap();
    assert_eq!(found.len(), lines.lines().count());
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "node" {
            let key = format!("{} {}", line["label"], line["id"]);
            assert_eq!(found[&key], line["properties"], "{key}");
        }
    }
}

fn linktrail(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("linktrail").unwrap();
    command.current_dir(dir).env_remove("LINKTRAIL_NEO4J_URI");
    command
}

fn demo(dir: &Path) -> std::path::PathBuf {
    let case = dir.join("cases/demo");
    linktrail(dir)
        .args(["load", "--demo", "--no-neo4j", "--case", "cases/demo"])
        .assert()
        .code(3);
    case
}

#[test]
fn graphml_is_well_formed_and_whole() {
    let graph = hostile();
    let mut out = Vec::new();
    graphml::write(&graph, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut nodes, mut edges, mut declared, mut used) = (0, 0, Vec::new(), Vec::new());
    loop {
        let event = reader.read_event().expect("well-formed");
        match &event {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => {
                let attribute = |name: &str| {
                    let value = element.try_get_attribute(name).unwrap()?;
                    Some(value.value.into_owned())
                };
                match element.name().as_ref() {
                    "node" => nodes += 1,
                    "edge" => edges += 1,
                    "key" => declared.push(attribute("id").unwrap()),
                    "data" => used.push(attribute("key").unwrap()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    assert_eq!((nodes, edges), (graph.nodes().len(), graph.edges().len()));
    assert!(used.iter().all(|key| declared.contains(key)));
    let distinct: std::collections::BTreeSet<_> = declared.iter().collect();
    assert_eq!(distinct.len(), declared.len(), "a key has one declaration");
    assert!(!text.contains('\u{1}') && !text.contains("<b>"));
}

#[test]
fn bloodhound_gets_ids_of_azurehound_and_kinds_of_ours() {
    let graph = hostile();
    let mut out = Vec::new();
    opengraph::write(&graph, &mut out).unwrap();
    let whole: Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(whole["metadata"]["source_kind"], "Linktrail");
    let nodes = whole["graph"]["nodes"].as_array().unwrap();
    let edges = whole["graph"]["edges"].as_array().unwrap();
    assert_eq!(
        (nodes.len(), edges.len()),
        (graph.nodes().len(), graph.edges().len())
    );
    let ids: Vec<&Value> = nodes.iter().map(|node| &node["id"]).collect();
    assert!(ids.contains(&&json!(USER.to_uppercase())));
    for edge in edges {
        for end in ["start", "end"] {
            assert_eq!(edge[end]["match_by"], "id");
            assert!(ids.contains(&&edge[end]["value"]), "{edge}");
        }
        assert!(edge["kind"].as_str().unwrap().starts_with("LT_"));
    }
    for object in nodes.iter().chain(edges) {
        for (name, value) in object["properties"].as_object().unwrap() {
            let flat = |value: &Value| !value.is_object() && !value.is_null();
            let fits = value
                .as_array()
                .map_or(flat(value), |items| items.iter().all(Value::is_string));
            assert!(fits, "{name}: {value}");
        }
    }
}

#[test]
fn stix_leaves_out_a_url_of_which_the_graph_holds_only_the_beginning() {
    let mut graph = Graph::new("case");
    for length in [10, 9_000] {
        let url = format!("https://evil.example/{}", "a".repeat(length));
        let url = graph.put(Url(url.parse().unwrap()), Seen::default());
        graph.set(url, "risky", linktrail::graph::Value::Boolean(true));
    }
    let mut out = Vec::new();
    stix::write(&graph, "2026-11-01T00:00:00Z".parse().unwrap(), &mut out).unwrap();
    let bundle: Value = serde_json::from_slice(&out).unwrap();
    let urls = bundle["objects"].as_array().unwrap().iter();
    let urls: Vec<&Value> = urls.filter(|object| object["type"] == "url").collect();
    assert_eq!(urls.len(), 1, "{urls:?}");
    assert_eq!(urls[0]["value"], "https://evil.example/aaaaaaaaaa");
    assert_eq!(stix::left_out(&graph), 1);
}

#[test]
fn stix_names_what_is_risky_and_nobody() {
    let graph = hostile();
    let created = "2026-11-01T00:00:00Z".parse().unwrap();
    let bundle = || {
        let mut out = Vec::new();
        stix::write(&graph, created, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let text = bundle();
    assert_eq!(text, bundle(), "the same case gives the same bundle");
    let whole: Value = serde_json::from_str(&text).unwrap();
    let objects = whole["objects"].as_array().unwrap();
    let of = |kind: &str| {
        objects
            .iter()
            .find(|object| object["type"] == kind)
            .unwrap_or_else(|| panic!("no {kind}"))
    };
    assert_eq!(
        of("indicator")["pattern"],
        format!("[url:value = '{}']", LURE.replace('\'', "\\'"))
    );
    assert_eq!(of("sighting")["count"], 1 + 3, "a message and three clicks");
    assert_eq!(of("sighting")["sighting_of_ref"], of("indicator")["id"]);
    assert_eq!(of("observed-data")["object_refs"][0], of("url")["id"]);
    // What the reference implementation, python-stix2, gives for this url.
    assert_eq!(of("url")["id"], "url--04609aa0-6b50-525f-89aa-687c92bf1478");
    assert!(!text.contains(USER) && !text.contains("calc"));
}

#[test]
fn wrong_usage_is_told() {
    let dir = TempDir::new().unwrap();
    let says = |arguments: &[&str], expected: &str| {
        let done = linktrail(dir.path()).args(arguments).assert().code(2);
        let error = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    };
    says(
        &["export", "--format", "jsonl", "--out", "x"],
        "no complete case under ./cases",
    );
    says(&["export", "--format", "xlsx", "--out", "x"], "graphml");
    let case = demo(dir.path());
    std::fs::create_dir(dir.path().join("full")).unwrap();
    std::fs::write(dir.path().join("full/mine"), "kept").unwrap();
    says(&["export", "--format", "csv", "--out", "full"], "not empty");
    assert_eq!(
        std::fs::read_to_string(dir.path().join("full/mine")).unwrap(),
        "kept"
    );

    // The newest complete case is the one meant.
    linktrail(dir.path())
        .args(["export", "--format", "jsonl", "--out", "graph.jsonl"])
        .assert()
        .success();
    assert_eq!(
        std::fs::read(dir.path().join("graph.jsonl")).unwrap(),
        std::fs::read(case.join("graph.jsonl")).unwrap()
    );
    linktrail(dir.path())
        .args([
            "export",
            "--format",
            "jsonl",
            "--out",
            "nowhere/graph.jsonl",
        ])
        .assert()
        .code(1);
}
