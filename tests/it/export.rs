//! `linktrail export`: what other programs read is what the graph holds.

use linktrail::graph::node::Url;
use linktrail::graph::{Graph, Seen};
use linktrail::sink::{graphml, opengraph, stix};
use quick_xml::events::Event;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::demo_case::{demo, linktrail};
use crate::run::hostile;

#[test]
fn graphml_is_well_formed_and_whole() {
    let graph = hostile::graph();
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
    assert_eq!((nodes, edges), (graph.nodes().len(), graph.edge_count()));
    assert!(used.iter().all(|key| declared.contains(key)));
    let distinct: std::collections::BTreeSet<_> = declared.iter().collect();
    assert_eq!(distinct.len(), declared.len(), "a key has one declaration");
    assert!(!text.contains('\u{1}') && !text.contains("<b>"));
}

#[test]
fn bloodhound_gets_ids_of_azurehound_and_kinds_of_ours() {
    let graph = hostile::graph();
    let mut out = Vec::new();
    opengraph::write(&graph, &mut out).unwrap();
    let whole: Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(whole["metadata"]["source_kind"], "Linktrail");
    let nodes = whole["graph"]["nodes"].as_array().unwrap();
    let edges = whole["graph"]["edges"].as_array().unwrap();
    assert_eq!(
        (nodes.len(), edges.len()),
        (graph.nodes().len(), graph.edge_count())
    );
    let ids: Vec<&Value> = nodes.iter().map(|node| &node["id"]).collect();
    assert!(ids.contains(&&json!(hostile::USER.to_uppercase())));
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
fn ids_for_bloodhound_differ_in_upper_case() {
    let mut graph = Graph::new("case");
    let urls = [
        "https://t.evil.example/AbC",
        "https://t.evil.example/aBc",
        "https://t.evil.example/p#Tok",
        "https://t.evil.example/p#tOK",
        "https://t.evil.example/stra\u{df}e",
    ];
    for url in urls {
        graph.put(Url(url.parse().unwrap()), Seen::default());
    }
    let mut out = Vec::new();
    opengraph::write(&graph, &mut out).unwrap();
    let whole: Value = serde_json::from_slice(&out).unwrap();
    let nodes = whole["graph"]["nodes"].as_array().unwrap();
    let ids: std::collections::BTreeSet<String> = nodes
        .iter()
        .map(|node| node["id"].as_str().unwrap().to_uppercase())
        .collect();
    assert_eq!(ids.len(), urls.len());
    // As BloodHound stores them, so that its nodes and a query by id are the same.
    assert!(
        nodes
            .iter()
            .all(|node| ids.contains(node["id"].as_str().unwrap()))
    );
}

#[test]
fn stix_leaves_out_a_url_of_which_the_graph_holds_only_the_beginning() {
    let mut graph = Graph::new("case");
    for length in [10, 9_000] {
        let url = format!("https://evil.example/{}", "a".repeat(length));
        let url = graph.put(Url(url.parse().unwrap()), Seen::default());
        graph.set(url, linktrail::graph::schema::url::RISKY, true);
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
    let graph = hostile::graph();
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
        format!("[url:value = '{}']", hostile::LURE.replace('\'', "\\'"))
    );
    assert_eq!(of("sighting")["count"], 1 + 3, "a message and three clicks");
    assert_eq!(of("sighting")["sighting_of_ref"], of("indicator")["id"]);
    assert_eq!(of("observed-data")["object_refs"][0], of("url")["id"]);
    // What the reference implementation, python-stix2, gives for this url.
    assert_eq!(of("url")["id"], "url--04609aa0-6b50-525f-89aa-687c92bf1478");
    assert!(!text.contains(hostile::USER) && !text.contains("calc"));
}

/// Names and previews of messages are in every export.
#[cfg(unix)]
#[test]
fn exports_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    demo(dir.path());
    for (format, out) in [
        ("csv", "csv"),
        ("graphml", "a"),
        ("opengraph", "b"),
        ("jsonl", "c"),
        ("stix", "d"),
    ] {
        linktrail(dir.path())
            .args(["export", "--format", format, "--out", out])
            .assert()
            .success();
    }
    let mut looked_at = 0;
    let mut todo: Vec<_> = ["csv", "a", "b", "c", "d"]
        .map(|out| dir.path().join(out))
        .into();
    while let Some(path) = todo.pop() {
        let metadata = path.metadata().unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        if metadata.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            todo.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
        }
        looked_at += 1;
    }
    assert!(looked_at > 20, "{looked_at}");
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
        crate::run::graph::lines(&case)
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
