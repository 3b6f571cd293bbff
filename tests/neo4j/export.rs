//! `linktrail export --format csv`: Neo4j imports the files by the command that their README gives.

use std::collections::BTreeMap;
use std::path::Path;

use linktrail::graph::{Graph, jsonl};
use linktrail::sink::csv;
use linktrail::sink::neo4j::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::own_server::Server;
use crate::run::demo_case::{demo, linktrail};
use crate::run::hostile;

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
            linktrail::model::format_time(at.to_utc()).into()
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
    let hostile = hostile::graph();
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
    let lines = String::from_utf8(crate::run::graph::lines(&case)).unwrap();
    assert_eq!(found.len(), lines.lines().count());
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "node" {
            let key = format!("{} {}", line["label"], line["id"]);
            assert_eq!(found[&key], line["properties"], "{key}");
        }
    }
}
