//! Several cases in one database: what each says stays what it said, in any order of push and prune.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use linktrail::graph::node::{Case, Message, Url, User, Verdict};
use linktrail::graph::schema::{EDGES, NODES, Property, ValueKind};
use linktrail::graph::{Edge, Graph, Seen, jsonl, schema};
use linktrail::hunt::{self, Hunt, Returns};
use linktrail::model::{Severity, State, UrlSeverity, VerdictId};
use linktrail::sink::neo4j::{Connection, Leaving};
use neo4rs::BoltType;
use serde_json::{Value, json};
use ulid::Ulid;

use crate::hunts::world::{DATABASE, LIMIT, connect};
use crate::run::{self, binary};
use crate::shared::{Content, ONE_WORLD_AT_A_TIME, content, open};

async fn push(connection: &Connection, graph: &Graph) {
    connection.load(graph, &|_, _| {}).await.expect("a load");
}

/// What a case says of each url: `None` when it does not hold it, an empty list when nobody answered.
type Says<'s> = [Option<&'s [Severity]>; 3];

/// Urls of a world, each in a message of a sender of its own, with the verdicts of a case on them.
fn case_of(case: &str, world: &str, says: Says<'_>) -> Graph {
    let mut graph = Graph::new(case);
    let seen = Seen::in_record(1);
    let started = "2026-10-02T10:00:00Z".parse().unwrap();
    let own = Case {
        id: case.into(),
        started,
        finished: None,
        window_from: started,
        window_to: started,
        version: "1".to_owned(),
        complete: true,
        gaps: Vec::new(),
        log_ends: Vec::new(),
    };
    graph.put(own, Seen::default());
    for (n, verdicts) in says.into_iter().enumerate() {
        let Some(verdicts) = verdicts else { continue };
        let address = format!("https://{world}-{n}.example/a|b");
        let url = graph.put(Url(url::Url::parse(&address).unwrap()), seen);
        let message = Message {
            id: format!("19:{world}/{n}").into(),
            ..Message::default()
        };
        let message = graph.put(message, seen);
        let user = graph.put(User::by_id(&format!("{world}-{n}")), seen);
        graph.link(user, Edge::Sent { at: None }, message, seen);
        let contains = Edge::Contains {
            origin: "href",
            text: None,
            raw: String::new(),
            wrapped_by: Vec::new(),
            mismatch: false,
            defanged: false,
        };
        graph.link(message, contains, url, seen);
        for (number, provider) in ["otx", "xforce"].into_iter().enumerate() {
            let severity = verdicts.get(number).copied();
            let state = match severity {
                None => State::Unavailable,
                Some(Severity::Information) => State::NotFound,
                Some(_) => State::Hit,
            };
            let verdict = Verdict {
                severity,
                ..Verdict::new(VerdictId::new(case, provider, &address), state)
            };
            let verdict = graph.put(verdict, seen);
            graph.link(url, Edge::HasVerdict, verdict, seen);
        }
        let highest = verdicts.iter().copied().max();
        // Safe Links, too, did something else in each case.
        let action = match highest {
            None => "",
            Some(Severity::Information) => "UrlScanInProgress",
            Some(Severity::Warning) => "ClickAllowed",
            Some(Severity::High) => "ClickBlocked",
        };
        for (count, action) in [(1, action), (verdicts.len() as i64, "ClickBlocked")] {
            let clicked = Edge::Clicked {
                count,
                action: action.to_owned(),
                clicked_through: highest == Some(Severity::Warning),
                ip: verdicts.iter().map(|_| "198.51.100.7").collect(),
            };
            graph.link(user, clicked, url, seen);
        }
        let risky = highest >= Some(Severity::Warning);
        graph.set(url, schema::url::SEVERITY, UrlSeverity::from(highest));
        graph.set(url, schema::url::RISKY, risky);
        graph.set(message, schema::message::RISKY, risky);
        graph.set(user, schema::user::RISKY_SENDER, risky);
    }
    graph
}

/// Both hold the same; otherwise what differs is told.
fn same(found: &Content, wanted: &Content, when: &str) {
    let keys: BTreeSet<_> = found.keys().chain(wanted.keys()).collect();
    for key in keys {
        assert_eq!(found.get(key), wanted.get(key), "{when}: {key}");
    }
}

const HIGH: Option<&[Severity]> = Some(&[Severity::Information, Severity::High]);
const DOUBTFUL: Option<&[Severity]> = Some(&[Severity::Warning]);
const HARMLESS: Option<&[Severity]> = Some(&[Severity::Information]);
const SILENT: Option<&[Severity]> = Some(&[]);

/// All orders of three.
const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

#[tokio::test]
async fn pushes_and_prunes_in_any_order_leave_what_the_other_cases_alone_make() {
    let connection = open().await;
    let world = Ulid::generate().to_string().to_lowercase();
    let ids: Vec<String> = (0..3).map(|_| Ulid::generate().to_string()).collect();
    let says: [Says<'_>; 3] = [
        [HIGH, DOUBTFUL, SILENT],
        [SILENT, HARMLESS, None],
        [DOUBTFUL, SILENT, SILENT],
    ];
    let graphs: Vec<Graph> = ids
        .iter()
        .zip(says)
        .map(|(id, says)| case_of(id, &world, says))
        .collect();
    // What each choice of cases makes of an empty database.
    let mut alone = BTreeMap::new();
    for choice in 0..8_usize {
        let held: BTreeSet<usize> = (0..3).filter(|n| choice >> n & 1 == 1).collect();
        for n in &held {
            push(&connection, &graphs[*n]).await;
        }
        alone.insert(held.clone(), content(&connection, &world).await);
        for n in &held {
            connection.prune(&ids[*n]).await.expect("a prune");
        }
    }
    let evil = format!("Url https://{world}-0.example/a|b");
    let severities = [0, 1, 2].map(|n| {
        let found = &alone[&BTreeSet::from([n])][&evil];
        (found["severity"].clone(), found["risky"].clone())
    });
    let said = |severity: &str, risky: bool| (BoltType::from(severity), BoltType::from(risky));
    assert_eq!(
        severities,
        [
            said("high", true),
            said("unknown", false),
            said("warning", true)
        ]
    );
    assert!(alone[&BTreeSet::new()].is_empty());

    for (round, order) in ORDERS.into_iter().enumerate() {
        let mut held = BTreeSet::new();
        for n in order {
            push(&connection, &graphs[n]).await;
            held.insert(n);
            let found = content(&connection, &world).await;
            same(&found, &alone[&held], &format!("{order:?} {held:?} pushed"));
        }
        let pruned = ORDERS[(round * 2 + 3) % ORDERS.len()];
        for n in pruned {
            connection.prune(&ids[n]).await.expect("a prune");
            held.remove(&n);
            let found = content(&connection, &world).await;
            same(
                &found,
                &alone[&held],
                &format!("{order:?} {pruned:?} {held:?} left"),
            );
        }
    }

    // A case that changed takes its word back.
    push(&connection, &graphs[0]).await;
    push(&connection, &graphs[1]).await;
    push(&connection, &case_of(&ids[0], &world, says[1])).await;
    let found = content(&connection, &world).await;
    let [severity, risky] = ["severity", "risky"].map(|name| found[&evil][name].clone());
    assert_eq!((severity, risky), said("unknown", false));
    assert!(!found[&evil].contains_key("risky_in"), "{:?}", found[&evil]);
    push(&connection, &graphs[0]).await;
    let both = BTreeSet::from([0, 1]);
    assert_eq!(content(&connection, &world).await, alone[&both]);
    for id in &ids {
        connection.prune(id).await.expect("a prune");
    }
}

/// Makes of what this version wrote what an earlier one left: no list of cases, and verdicts that all cases share.
async fn make_old(connection: &Connection, world: &str) {
    for statement in [
        "MATCH (n:Url|Message|User) WHERE n.id CONTAINS $world REMOVE n.risky_in",
        "MATCH (v:Verdict) WHERE v.id CONTAINS $world SET v.id = substring(v.id, 27)",
    ] {
        let query = neo4rs::query(statement).param("world", world);
        connection.graph().run(query).await.expect("a write");
    }
}

#[tokio::test]
async fn a_push_over_what_an_earlier_version_left_makes_it_new() {
    let connection = open().await;
    let world = Ulid::generate().to_string().to_lowercase();
    let [a, b] = [(); 2].map(|()| Ulid::generate().to_string());
    let one: Says<'_> = [HIGH, None, None];
    let first = case_of(&a, &world, one);
    let second = case_of(&b, &world, [SILENT, None, None]);
    push(&connection, &first).await;
    let new = content(&connection, &world).await;

    make_old(&connection, &world).await;
    let old = content(&connection, &world).await;
    let verdicts = |found: &Content| -> Vec<String> {
        let keys = found.keys().filter(|key| key.starts_with("Verdict"));
        keys.cloned().collect()
    };
    assert_eq!(
        verdicts(&old),
        [
            format!("Verdict otx|https://{world}-0.example/a|b"),
            format!("Verdict xforce|https://{world}-0.example/a|b")
        ]
    );
    // What the old flag says holds for the case that is not pushed again.
    push(&connection, &second).await;
    let mixed = content(&connection, &world).await;
    let evil = format!("Url https://{world}-0.example/a|b");
    assert_eq!(mixed[&evil]["risky_in"], vec![a.clone()].into());
    assert_eq!(mixed[&evil]["risky"], true.into());
    assert_eq!(mixed[&evil]["severity"], "high".into());
    assert_eq!(verdicts(&mixed).len(), 4);

    let leaving = connection.leaving(&first).await.expect("an answer");
    assert_eq!((leaving.nodes, leaving.relationships), (0, 0), "renamed");
    push(&connection, &first).await;
    connection.prune(&b).await.expect("a prune");
    assert_eq!(content(&connection, &world).await, new);
    connection.prune(&a).await.expect("a prune");
    assert!(content(&connection, &world).await.is_empty());
}

#[tokio::test]
async fn what_a_push_takes_out_is_counted_before_and_after() {
    let connection = open().await;
    let world = Ulid::generate().to_string().to_lowercase();
    let id = Ulid::generate().to_string();
    let whole = case_of(&id, &world, [HIGH, HIGH, HIGH]);
    let less = case_of(&id, &world, [HIGH, None, None]);
    let leaving = async |graph| connection.leaving(graph).await.expect("an answer");
    assert_eq!(leaving(&whole).await, Leaving::default(), "never pushed");
    push(&connection, &whole).await;
    assert_eq!(
        leaving(&whole).await,
        Leaving {
            held: 31,
            nodes: 0,
            relationships: 0
        }
    );
    let gone = leaving(&less).await;
    assert_eq!((gone.held, gone.nodes, gone.relationships), (31, 10, 10));
    assert!(gone.is_most());
    let counters = connection.load(&less, &|_, _| {}).await.expect("a load");
    assert_eq!((counters.nodes_left, counters.relationships_left), (10, 10));
    assert!(!leaving(&less).await.is_most());
    connection.prune(&id).await.expect("a prune");
}

/// The same lines as a case that was made while no provider answered.
fn without_intelligence(lines: &str) -> String {
    let mut text = String::new();
    for line in lines.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let label = line["label"].as_str().unwrap_or_default().to_owned();
        let properties = line["properties"].as_object_mut().unwrap();
        for flag in ["risky", "risky_sender"] {
            if let Some(flag) = properties.get_mut(flag) {
                *flag = false.into();
            }
        }
        properties.remove("risky_in");
        match label.as_str() {
            "Url" => properties["severity"] = "unknown".into(),
            "Verdict" => {
                for said in ["severity", "score", "tags", "reference"] {
                    properties.remove(said);
                }
                properties["state"] = "unavailable".into();
                properties["summary"] = "503 Service Unavailable".into();
            }
            _ => {}
        }
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

/// What a case could say of this property, and `None` where it may say nothing.
fn sayings(of: &str, property: &Property) -> Vec<Option<Value>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| Some(json!(text))).collect();
    let mut all: Vec<Option<Value>> = match (of, property.name) {
        // It is always there.
        ("CONNECTED_TO", "match") => return texts(&["url", "host"]),
        ("Channel", "membership") => texts(&["standard", "private"]),
        ("User", "type") => texts(&["member", "guest", "external", "bot"]),
        ("Url", "signals") => {
            let signals = [json!(["alert"]), json!(["click_blocked", "text_mismatch"])];
            signals.map(Some).into()
        }
        ("CLICKED", "actions") => [
            json!(["ClickAllowed"]),
            json!(["ClickBlocked", "ClickAllowed"]),
        ]
        .map(Some)
        .into(),
        _ => match property.kind {
            ValueKind::Boolean => [true, false].map(|flag| Some(json!(flag))).into(),
            ValueKind::Integer => [1, 2, 12].map(|count| Some(json!(count))).into(),
            ValueKind::Number => [0.5, 2.0].map(|number| Some(json!(number))).into(),
            ValueKind::Time => texts(&["2026-11-19T08:00:00.5Z", "2026-11-24T08:00:00Z"]),
            ValueKind::Text => texts(&["one/word", "another"]),
            ValueKind::Set => [json!(["a/b"]), json!(["a/b", "c"]), json!(["d"])]
                .map(Some)
                .into(),
            ValueKind::Sequence => [json!(["z", "a/b", "z"]), json!(["a/b"])].map(Some).into(),
        },
    };
    all.push(None);
    all
}

/// The same lines as a case that says something else wherever the schema keeps what each case says, by chance, but the
/// same for the same number. Only the names of people stay, since they are no word of a case.
fn saying_otherwise(lines: &str, number: u32) -> String {
    let mut text = String::new();
    for line in lines.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let named = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let of = named("label") + &named("type");
        let element = format!("{of} {} {} {}", line["id"], line["from"], line["to"]);
        let nodes = NODES
            .iter()
            .filter(|spec| spec.label.as_str() == of)
            .flat_map(|spec| spec.properties);
        let edges = EDGES
            .iter()
            .filter(|spec| spec.kind.as_str() == of)
            .flat_map(|spec| spec.properties);
        for property in nodes.chain(edges).filter(|one| one.by_case.is_some()) {
            if of == "User" && ["upn", "name"].contains(&property.name) {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            (number, &element, property.name).hash(&mut hasher);
            let sayings = sayings(&of, property);
            let said = sayings[hasher.finish() as usize % sayings.len()].clone();
            let properties = line["properties"].as_object_mut().unwrap();
            match said {
                Some(said) => properties.insert(property.name.to_owned(), said),
                None => properties.remove(property.name),
            };
        }
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

/// Looks at other cases on purpose.
const ACROSS_CASES: &str = "seen-before";

/// The rows of every hunt with this case; of a graph only their number, since nodes say which cases they are in.
async fn answers(hunts: &[Hunt], case: &str) -> BTreeMap<String, Vec<String>> {
    let graph = connect();
    let mut answers = BTreeMap::new();
    for hunt in hunts.iter().filter(|hunt| hunt.name != ACROSS_CASES) {
        let required = hunt.parameters.iter().filter(|one| one.required);
        let mut given: hunt::Parameters = required
            .map(|one| (one.name.clone(), one.example.clone().unwrap()))
            .collect();
        given.insert("case".to_owned(), case.to_owned());
        let table = hunt::run(&graph, DATABASE, hunt, &given, LIMIT)
            .await
            .unwrap();
        // A node names at most twenty records, and its cases share the room.
        let shown = |column: &str| hunt.name != "evidence-of" || column != "evidence";
        let row = |row: &Vec<Value>| match hunt.returns {
            Returns::Table => {
                let cells = hunt.columns.iter().zip(row);
                let cells = cells.filter(|(column, _)| shown(column));
                Value::from_iter(cells.map(|(_, cell)| cell.clone())).to_string()
            }
            Returns::Graph => "a row".to_owned(),
        };
        answers.insert(hunt.name.clone(), table.rows.iter().map(row).collect());
    }
    answers
}

fn differing(a: &BTreeMap<String, Vec<String>>, b: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let hunts = a.keys().filter(|name| a.get(*name) != b.get(*name));
    hunts
        .map(|name| format!("{name}\n{:#?}\n{:#?}", a.get(name), b.get(name)))
        .collect()
}

#[tokio::test]
async fn no_case_changes_what_a_hunt_says_of_another() {
    let _turn = ONE_WORLD_AT_A_TIME.lock().await;
    let connection = open().await;
    let folder = tempfile::TempDir::new().unwrap();
    let mut load = binary(folder.path());
    let ran = run::run(load.args([
        "load",
        "--demo",
        "--no-neo4j",
        "--case",
        "demo",
        "--format",
        "json",
    ]));
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
    let demo = ran.json()["case"]["id"].as_str().unwrap().to_owned();
    let mut export = binary(folder.path());
    let ran = run::run(export.args([
        "export",
        "--case",
        "demo",
        "--format",
        "jsonl",
        "--out",
        "demo.jsonl",
    ]));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let lines = std::fs::read_to_string(folder.path().join("demo.jsonl")).unwrap();
    let [a, b] = [(); 2].map(|()| Ulid::generate().to_string());
    let first = saying_otherwise(&lines, 1).replace(&demo, &a);
    let second = without_intelligence(&saying_otherwise(&lines, 2)).replace(&demo, &b);
    let read = |case: &str, lines: &str| jsonl::read(case, lines.as_bytes()).unwrap();
    let (first, second) = (read(&a, &first), read(&b, &second));
    let hunts = hunt::library().unwrap();

    push(&connection, &first).await;
    let of_a = answers(&hunts, &a).await;
    assert!(!of_a["suspicious-urls"].is_empty());
    let mut wrong = Vec::new();
    push(&connection, &second).await;
    wrong.extend(differing(&of_a, &answers(&hunts, &a).await));
    push(&connection, &first).await;
    wrong.extend(differing(&of_a, &answers(&hunts, &a).await));
    let of_b = answers(&hunts, &b).await;
    assert!(
        of_b["suspicious-urls"].is_empty(),
        "{:?}",
        of_b["suspicious-urls"]
    );
    connection.prune(&a).await.expect("a prune");
    wrong.extend(differing(&of_b, &answers(&hunts, &b).await));
    push(&connection, &first).await;
    wrong.extend(differing(&of_b, &answers(&hunts, &b).await));
    connection.prune(&b).await.expect("a prune");
    wrong.extend(differing(&of_a, &answers(&hunts, &a).await));
    push(&connection, &first).await;
    wrong.extend(differing(&of_a, &answers(&hunts, &a).await));
    connection.prune(&a).await.expect("a prune");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // What cannot be seen in a case cannot be seen to stay.
    for name in BY_CASE {
        assert!(!of_a[name].is_empty(), "{name}");
    }
}

/// Hunts that read what each case says.
const BY_CASE: [&str; 8] = [
    "click-addresses",
    "click-outcomes",
    "clicked-through",
    "deleted-messages",
    "edited-lures",
    "external-senders",
    "signals-without-verdict",
    "text-mismatch",
];

#[tokio::test]
async fn a_name_that_one_case_knows_resolves_no_user_of_another() {
    let _turn = ONE_WORLD_AT_A_TIME.lock().await;
    let connection = open().await;
    let world = Ulid::generate().to_string().to_lowercase();
    let ids = [(); 2].map(|()| Ulid::generate().to_string());
    let case = |id: &str, upn: Option<&str>| {
        let mut graph = case_of(id, &world, [SILENT, None, None]);
        let user = User {
            upn: upn.map(str::to_owned),
            ..User::by_id(&format!("{world}-0"))
        };
        graph.put(user, Seen::in_record(2));
        graph
    };
    let hunts = hunt::library().unwrap();
    let unresolved = async |of: usize| {
        let hunts = hunts.iter().filter(|hunt| hunt.name == "unresolved-users");
        let hunts: Vec<_> = hunts.cloned().collect();
        answers(&hunts, &ids[of]).await.remove("unresolved-users")
    };
    push(&connection, &case(&ids[0], None)).await;
    let alone = unresolved(0).await;
    assert_eq!(alone.as_ref().map(Vec::len), Some(1), "{alone:?}");
    push(&connection, &case(&ids[1], Some("mila@contoso.example"))).await;
    assert_eq!(unresolved(0).await, alone);
    assert_eq!(unresolved(1).await, Some(Vec::new()));
    connection.prune(&ids[1]).await.expect("a prune");
    assert_eq!(unresolved(0).await, alone);
    connection.prune(&ids[0]).await.expect("a prune");
}
