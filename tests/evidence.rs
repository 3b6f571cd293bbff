//! `linktrail evidence`: whatever stands in the graph leads back to what a service said.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

mod run;
mod tenant;

use std::path::Path;
use std::sync::Arc;

use linktrail::case::{Case, Record};
use linktrail::evidence::{self, Found, Reading, Thing};
use linktrail::graph::{EdgeType, Graph, Label};
use linktrail::pipeline::{self, Intel};
use linktrail::source::http::Client;
use linktrail::source::intel::{self, Desk, Setup};
use run::{Ran, binary};
use serde_json::Value;
use tempfile::TempDir;

const CASE: &str = "01M87YY38MRQ8MT3Z75GS2MJCB";
const LURE: &str = "https://view.fabrikam-invoices.example/INV-20418.html";
const PRIYA: &str = "7fbf4470-99e5-460e-9c77-250b72706799";

/// A folder with the demo in `cases/demo`.
fn demo() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let mut command = binary(folder.path());
    command.args(["load", "--demo", "--no-neo4j", "--format", "json"]);
    let ran = run::run(&mut command);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    folder
}

fn ask(folder: &TempDir, arguments: &[&str]) -> Ran {
    let mut command = binary(folder.path());
    command.arg("evidence").args(arguments);
    run::run(&mut command)
}

fn text(folder: &TempDir, arguments: &[&str]) -> String {
    let ran = ask(folder, arguments);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        !ran.stdout
            .contains(|c: char| c != '\n' && linktrail::terminal::is_unsafe(c)),
        "{ran:#?}"
    );
    ran.stdout
}

fn json(folder: &TempDir, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let ran = ask(folder, &all);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    ran.json()
}

fn refused(folder: &TempDir, arguments: &[&str], code: i32) -> String {
    let ran = ask(folder, arguments);
    assert_eq!(ran.code, Some(code), "{arguments:?} {ran:#?}");
    assert!(ran.stdout.is_empty(), "{ran:#?}");
    ran.complaint()
}

/// The graph of a complete case, rebuilt from its journal.
async fn graph_of(case: &Case) -> Graph {
    let settings = &case.manifest().options.settings;
    let setup = Setup {
        endpoints: settings.endpoints.intel.clone(),
        since: case.manifest().window.from,
        ..Setup::default()
    };
    let specs = settings.providers.iter().map(|name| intel::spec(name));
    let intel = Intel {
        providers: specs
            .map(|spec| (spec.expect("a provider").build)(&setup).expect("it can be built"))
            .collect(),
        privacy: settings.privacy().expect("rules"),
        desk: Desk::default(),
        lists: Vec::new(),
    };
    let client = Arc::new(Client::new(Arc::clone(case.journal()), None));
    let manifest = case.manifest().clone();
    pipeline::run(&manifest, client, intel, &mut |_| {}, &mut |_| Ok(()))
        .await
        .expect("it replays")
        .graph
}

fn shown(graph: &Graph, thing: Thing) -> String {
    let node = |node| format!("{}:{}", graph.node(node).label, graph.node(node).id);
    match thing {
        Thing::Node(n) => node(n),
        Thing::Edge(from, kind, to) => format!("{} -[{kind}]-> {}", node(from), node(to)),
    }
}

fn everything(graph: &Graph) -> Vec<Thing> {
    let find = |label: Label, id: &str| graph.find(label, id).expect("it is there");
    let nodes = graph.nodes().into_iter();
    let edges = graph.edges().into_iter();
    nodes
        .map(|node| Thing::Node(find(node.label, &node.id)))
        .chain(edges.map(|(from, edge, to)| {
            Thing::Edge(
                find(from.label, &from.id),
                edge.kind,
                find(to.label, &to.id),
            )
        }))
        .collect()
}

#[tokio::test]
async fn all_that_the_demo_holds_leads_to_a_part_of_a_record_or_says_why_not() {
    let folder = demo();
    let case = Case::open(&folder.path().join("cases/demo")).expect("a case");
    let graph = graph_of(&case).await;
    let mut records: Vec<Record> = Vec::new();
    case.journal()
        .each(|record| records.push(record))
        .expect("whole records");
    let readings: Vec<Reading<'_>> = records.iter().map(Reading::of).collect();
    let mut wrong = Vec::new();
    let mut unrecorded = Vec::new();
    for thing in everything(&graph) {
        let numbers = thing.records(&graph);
        let reason = thing.unrecorded(&graph);
        assert_eq!(numbers.is_empty(), reason.is_some(), "one or the other");
        if let Some(reason) = reason {
            unrecorded.push(format!("{} {reason}", shown(&graph, thing)));
            continue;
        }
        for number in numbers {
            let parts = readings[usize::try_from(number).unwrap() - 1].parts(&graph, thing);
            let half = parts.note.is_some_and(|note| note.contains("one of them"));
            if parts.found.is_empty() || half {
                wrong.push(format!(
                    "{} in {number}: {:?}",
                    shown(&graph, thing),
                    parts.note
                ));
            }
            // What is found is a part of that body, and where it is said to be.
            assert!(
                parts
                    .found
                    .iter()
                    .all(|part| (1..=parts.of).contains(&part.at))
            );
        }
    }
    assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
    assert!(
        unrecorded
            .iter()
            .all(|text| text.starts_with("Case:") || text.contains("nothing was sent: ")),
        "{unrecorded:#?}"
    );
}

/// A part that speaks of one thing must not be shown for another: of all messages, rows and items only those are.
#[tokio::test]
async fn no_part_is_shown_that_does_not_speak_of_it() {
    let folder = demo();
    let case = Case::open(&folder.path().join("cases/demo")).expect("a case");
    let graph = graph_of(&case).await;
    for thing in everything(&graph) {
        let Thing::Edge(from, kind, to) = thing else {
            continue;
        };
        // By the text of the ids alone, which these parts hold as they are; a log knows a user by UPN.
        let id = |node| {
            let data = graph.node(node);
            let id = data.id.rsplit('/').next().expect("an id").to_owned();
            [Some(id), data.facts.text("upn").map(str::to_owned)]
        };
        let needles = match kind {
            EdgeType::Sent | EdgeType::HasChannel => vec![id(from), id(to)],
            EdgeType::MemberOf => vec![id(to)],
            EdgeType::ParticipatesIn => vec![id(from)],
            _ => continue,
        };
        for number in thing.records(&graph) {
            let record = case.journal().get(number).unwrap().unwrap();
            let parts = evidence::parts(&graph, thing, &record);
            for part in &parts.found {
                let text = part.part.to_string();
                for mut names in needles.iter().map(|names| names.iter().flatten()) {
                    assert!(
                        names.any(|name| text.contains(name)),
                        "{} {text}",
                        shown(&graph, thing)
                    );
                }
            }
            if kind == EdgeType::Sent {
                assert_eq!(parts.found.len(), 1, "{}", shown(&graph, thing));
            }
        }
    }
}

#[tokio::test]
async fn a_node_goes_by_what_an_analyst_would_type() {
    let folder = demo();
    let graph = {
        let case = Case::open(&folder.path().join("cases/demo")).expect("a case");
        graph_of(&case).await
    };
    let found = |typed: &str| match evidence::find(&graph, &[typed.to_owned()]) {
        Ok(Found::Thing(Thing::Node(node))) => {
            let data = graph.node(node);
            (data.label.as_str().to_owned(), data.id.clone())
        }
        other => panic!("{typed}: {other:?}"),
    };
    for node in graph.nodes() {
        let (label, id) = (node.label.as_str(), &node.id);
        let both = (label.to_owned(), id.clone());
        for typed in [
            id.clone(),
            format!("{label}:{id}"),
            format!(" {}:{id} ", label.to_lowercase()),
        ] {
            assert_eq!(found(&typed), both, "{typed}");
        }
    }
    for (typed, label, id) in [
        ("Priya.Nair@Contoso.com", "User", PRIYA),
        ("Priya Nair", "User", PRIYA),
        (&PRIYA.to_uppercase(), "User", PRIYA),
        (
            "hxxps://view[.]fabrikam-invoices[.]example/INV-20418.html",
            "Url",
            LURE,
        ),
        (
            "HTTPS://VIEW.fabrikam-invoices.example:443/INV-20418.html",
            "Url",
            LURE,
        ),
        (
            "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fview.fabrikam-invoices.example%2FINV-20418.html&data=05",
            "Url",
            LURE,
        ),
        (
            "FIN-LT-031.contoso.com",
            "Host",
            "466d7e37bf27fb320df721926f4d5e9306b66b5b",
        ),
        (
            "fin-lt-031",
            "Host",
            "466d7e37bf27fb320df721926f4d5e9306b66b5b",
        ),
        (
            "Finance Operations",
            "Team",
            "f4df33f3-4acf-4eac-816c-835a0f23a057",
        ),
        (
            "FABRIKAM-INVOICES.example",
            "Domain",
            "fabrikam-invoices.example",
        ),
        (&format!("OTX|{LURE}"), "Verdict", &format!("otx|{LURE}")),
    ] {
        assert_eq!(found(typed), (label.to_owned(), id.to_owned()), "{typed}");
    }
}

#[test]
fn each_label_by_the_command() {
    let folder = demo();
    let graph = run::graph::GraphFile::read(&folder.path().join("cases/demo"));
    for label in [
        "Alert", "Case", "Channel", "Chat", "Domain", "Host", "Message", "Team", "User", "Verdict",
    ] {
        let (_, id) = graph.nodes.keys().find(|(l, _)| l == label).expect("one");
        let answer = json(&folder, &[id]);
        assert_eq!(
            (&answer["kind"], &answer["label"]),
            (&"node".into(), &label.into())
        );
        assert_eq!(answer["id"], id.as_str());
        let bare = answer["records"].as_array().unwrap().is_empty();
        assert_eq!(bare, answer.get("unrecorded").is_some(), "{answer:#}");
        let stored = Value::from(graph.node(label, id).clone());
        assert_eq!(answer["properties"], stored);
    }
}

#[test]
fn an_edge_is_three_words_or_an_arrow() {
    let folder = demo();
    let words = json(&folder, &["priya.nair@contoso.com", "OPENED", LURE]);
    let arrow =
        format!("{PRIYA} -[opened]-> hxxps://view[.]fabrikam-invoices[.]example/INV-20418.html");
    assert_eq!(json(&folder, &[&arrow]), words);
    assert_eq!(words["kind"], "edge");
    assert_eq!(words["type"], "OPENED");
    let record = &words["records"][0];
    assert_eq!(record["source"], "log_analytics");
    assert_eq!(record["parts"]["unit"], "rows");
    let found = record["parts"]["found"].as_array().unwrap();
    assert!(!found.is_empty());
    for part in found {
        assert_eq!(part["part"]["kind"], "open");
        assert_eq!(part["part"]["url"], LURE);
        assert_eq!(part["part"]["upn"], "priya.nair@contoso.com");
    }
    // The body is the one that the journal has, to the byte.
    let raw = run::journal::records(&folder.path().join("cases/demo"));
    let kept = &raw[record["id"].as_str().unwrap()];
    for name in [
        "id", "at", "source", "method", "url", "request", "status", "headers", "body",
    ] {
        assert_eq!(record[name], kept[name], "{name}");
    }
}

#[test]
fn what_people_read() {
    let folder = demo();
    let page = text(&folder, &[LURE]);
    assert!(
        page.starts_with("Url hxxps://view[.]fabrikam-invoices[.]example/INV-20418.html\n"),
        "{page}"
    );
    for line in [
        "  severity: high\n",
        "rows speak of it",
        "items of value speak of it",
        "<-[CONTAINS]- Message",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
    // As the record has it.
    assert!(page.contains(&format!("url: {LURE}")), "{page}");
    let user = text(&folder, &["priya.nair@contoso.com"]);
    assert!(
        user.contains("7fbf4470-99e5-460e-9c77-250b72706799 (priya.nair@contoso.com)"),
        "{user}"
    );
    let whole = text(&folder, &[&format!("{CASE}/4"), "--whole"]);
    assert!(
        whole.contains("\"userPrincipalName\":\"tom.arends@contoso.com\""),
        "{whole}"
    );
    let long = text(&folder, &[&format!("{CASE}/28")]);
    assert!(
        long.contains("more characters; --whole shows all"),
        "{long}"
    );
    let nothing = text(&folder, &[CASE]);
    assert!(
        nothing.contains("No record: a case is what load was asked for"),
        "{nothing}"
    );
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let folder = demo();
    for (typed, said) in [
        (
            vec!["priya.nair@contoso.co"],
            "did you mean `priya.nair@contoso.com`",
        ),
        (
            vec!["https://view.fabrikam-invoices.example/INV-20419.html"],
            "INV-20418.html`",
        ),
        (vec!["\u{1b}[31mnobody\u{202e}"], "no node `[31mnobody`"),
        (vec![""], "no node ``"),
        (vec!["Host:priya.nair@contoso.com"], "no node"),
        (
            vec!["priya.nair@contoso.com", "SAW", LURE],
            "`SAW` is no type of edge; it can be CLICKED",
        ),
        (
            vec!["priya.nair@contoso.com", "MENTIONS", LURE],
            "there is no edge MENTIONS",
        ),
        (
            vec!["nobody@contoso.com", "OPENED", LURE],
            "no node `nobody@contoso.com`",
        ),
        (
            vec!["01M87YY38MRQ8MT3Z75GS2MJCB/0"],
            "the case has no record",
        ),
        (
            vec!["01M87YY38MRQ8MT3Z75GS2MJCB/122"],
            "its records are 1 to 121",
        ),
        (
            vec!["01M87YY38MRQ8MT3Z75GS2MJCB/99999999999999999999999"],
            "no node",
        ),
        (vec!["01ARZ3NDEKTSV4RRFFQ69G5FAV/1"], "is of another case"),
        (vec!["General"], "can be"),
    ] {
        let complaint = refused(&folder, &typed, 2);
        assert!(complaint.contains(said), "{typed:?}: {complaint}");
        assert!(
            !complaint.contains(linktrail::terminal::is_unsafe),
            "{complaint:?}"
        );
    }
    // Three words at most.
    let ran = ask(&folder, &["a", "b", "c", "d"]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
}

#[test]
fn a_case_that_cannot_be_read_is_said() {
    let folder = TempDir::new().expect("a folder");
    let complaint = refused(&folder, &[LURE], 2);
    assert!(
        complaint.contains("no complete case under ./cases"),
        "{complaint}"
    );
    let folder = demo();
    let segment = folder.path().join("cases/demo/journal/000001.jsonl.zst");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[500] ^= 0xff;
    std::fs::write(&segment, bytes).unwrap();
    let complaint = refused(&folder, &[LURE, "--case", "cases/demo"], 1);
    assert!(complaint.contains("is damaged"), "{complaint}");
    assert!(Path::new(&segment).exists());
}
