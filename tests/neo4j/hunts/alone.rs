//! A case answers as if it were alone in the database, whatever other cases share its nodes.

use std::collections::BTreeMap;

use linktrail::graph::schema::{EDGES, NODES};
use linktrail::graph::{EdgeType, Label};
use linktrail::hunt::{self, Hunt, Returns};
use neo4rs::{BoltMap, BoltType, Graph, Query};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::world::{World, connect};

/// Ids of a label; the last but one is in case A only, the last in case B only.
const EACH: usize = 7;

struct Edge {
    kind: EdgeType,
    from: (Label, usize),
    to: (Label, usize),
    cases: &'static [&'static str],
    seed: u64,
}

fn cases_of(node: usize) -> &'static [&'static str] {
    match EACH - node {
        1 => &["B"],
        2 => &["A"],
        _ => &["A", "B"],
    }
}

/// Edges of every kind between random nodes, each in case A, in case B or in both.
fn edges(rng: &mut StdRng, density: f64) -> Vec<Edge> {
    const CHOICES: [&[&str]; 3] = [&["A"], &["B"], &["A", "B"]];
    let mut edges = Vec::new();
    for spec in EDGES {
        for (from, to) in spec.joins {
            for pair in 0..EACH * EACH {
                let (a, b) = (pair / EACH, pair % EACH);
                let cases = CHOICES.choose(rng).copied().unwrap();
                let possible = |case| cases_of(a).contains(case) && cases_of(b).contains(case);
                if rng.random_bool(density) && cases.iter().all(possible) {
                    let seed = rng.random();
                    edges.push(Edge {
                        kind: spec.kind,
                        from: (*from, a),
                        to: (*to, b),
                        cases,
                        seed,
                    });
                }
            }
        }
    }
    edges
}

fn id(token: &str, label: Label, n: usize) -> String {
    let id = format!("{token}-{}-{n}", label.as_str().to_lowercase());
    match label {
        Label::User if n.is_multiple_of(3) => format!("upn:{id}"),
        Label::Url => format!("https://{id}.example/"),
        _ => id,
    }
}

fn day(n: u64) -> String {
    format!("2026-10-{:02}T08:00:00Z", 1 + n % 28)
}

fn map(pairs: Vec<(&str, BoltType)>) -> BoltType {
    BoltType::Map(
        pairs
            .into_iter()
            .map(|(k, v)| (k.into(), v))
            .collect::<BoltMap>(),
    )
}

fn texts(of: &[&str], token: &str) -> BoltType {
    of.iter()
        .map(|text| format!("{text}-{token}"))
        .collect::<Vec<_>>()
        .into()
}

/// Some urls are risky in both cases, others in one of them.
fn judged_risky(n: usize, case: &str) -> bool {
    match n {
        1 | 3 => true,
        2 | 5 => case == "A",
        4 | 6 => case == "B",
        _ => false,
    }
}

fn node(token: &str, label: Label, n: usize, cases: &[&str]) -> BoltType {
    let odd = n % 2 == 1;
    let mut pairs: Vec<(&str, BoltType)> = vec![
        ("id", id(token, label, n).into()),
        ("cases", texts(cases, token)),
    ];
    let name = format!("{label} {n}");
    match label {
        Label::Url => {
            let risky_in: Vec<&str> = cases
                .iter()
                .copied()
                .filter(|case| judged_risky(n, case))
                .collect();
            let risky = !risky_in.is_empty();
            pairs.push(("risky", risky.into()));
            if risky {
                pairs.push(("risky_in", texts(&risky_in, token)));
            }
            pairs.push((
                "severity",
                if risky { "high" } else { "information" }.into(),
            ));
            pairs.push(("signals", vec!["smartscreen".to_owned()].into()));
        }
        Label::User => {
            pairs.push(("tenant", format!("tenant {n}").into()));
            pairs.push(("type", ["member", "guest", "external", "bot"][n % 4].into()));
            if n != 1 {
                pairs.push(("name", name.into()));
            }
        }
        Label::Chat => pairs.push(("topic", name.into())),
        Label::Channel => {
            pairs.push(("name", name.into()));
            pairs.push((
                "membership",
                if n == 0 { "private" } else { "standard" }.into(),
            ));
        }
        Label::Team | Label::Host | Label::Alert => pairs.push(("name", name.into())),
        Label::Verdict => {
            pairs.push(("provider", format!("p{n}").into()));
            pairs.push(("state", if odd { "hit" } else { "clean" }.into()));
            pairs.push(("severity", if odd { "high" } else { "information" }.into()));
        }
        Label::Case => {
            pairs.push(("complete", odd.into()));
            pairs.push(("gaps", vec![format!("gap {n}")].into()));
            let ends = format!(
                "Log{n}|2026-10-02T00:00:00Z|2026-10-03T00:00:00Z|2026-10-01T00:00:00Z|2026-10-04T00:00:00Z"
            );
            pairs.push(("log_ends", vec![ends].into()));
        }
        Label::Message => {
            pairs.push(("edited", odd.into()));
            pairs.push(("risky", odd.into()));
            pairs.push(("owned", odd.into()));
            pairs.push(("delivery", ["Teams", "Quarantine", "Failed"][n % 3].into()));
            pairs.push(("threats", vec!["Phish".to_owned()].into()));
        }
        Label::Domain => {}
    }
    map(vec![
        ("properties", map(pairs)),
        ("at", day(n as u64).into()),
        ("deleted", (!odd).into()),
    ])
}

fn edge(token: &str, edge: &Edge, cases: &[&str]) -> BoltType {
    let seed = edge.seed;
    let properties = match edge.kind {
        EdgeType::Contains => vec![
            ("mismatch", seed.is_multiple_of(2).into()),
            ("text", format!("text {}", seed % 3).into()),
        ],
        EdgeType::Clicked => vec![
            ("clicked_through", seed.is_multiple_of(2).into()),
            ("actions", vec!["ClickAllowed".to_owned()].into()),
            ("ips", vec!["192.0.2.1".to_owned()].into()),
            ("count", 1_i64.into()),
        ],
        EdgeType::ConnectedTo => vec![("match", "url".into()), ("count", 2_i64.into())],
        _ => vec![("count", 3_i64.into())],
    };
    let properties = properties
        .into_iter()
        .chain([("cases", texts(cases, token))])
        .collect();
    map(vec![
        ("from", id(token, edge.from.0, edge.from.1).into()),
        ("to", id(token, edge.to.0, edge.to.1).into()),
        ("properties", map(properties)),
        ("at", day(seed).into()),
    ])
}

/// Loads what is in one of `keep` of the cases.
async fn load(graph: &Graph, token: &str, edges: &[Edge], keep: &[&str]) {
    let kept = |cases: &[&'static str]| -> Vec<&'static str> {
        cases
            .iter()
            .copied()
            .filter(|case| keep.contains(case))
            .collect()
    };
    for spec in NODES {
        let label = spec.label;
        let nodes: Vec<BoltType> = (0..EACH)
            .filter(|n| !kept(cases_of(*n)).is_empty())
            .map(|n| node(token, label, n, &kept(cases_of(n))))
            .collect();
        let statement = format!(
            "UNWIND $rows AS row CREATE (n:{label}) SET n = row.properties, n.first_seen = datetime(row.at), \
             n.last_seen = datetime(row.at), n.created = datetime(row.at), n.checked = datetime(row.at), \
             n.modified = datetime(row.at) + duration('PT1H'), \
             n.deleted = CASE WHEN row.deleted THEN datetime(row.at) + duration('PT2H') END"
        );
        graph
            .run(Query::new(statement).param("rows", nodes))
            .await
            .unwrap();
    }
    let mut by_kind: BTreeMap<_, Vec<BoltType>> = BTreeMap::new();
    for one in edges {
        let cases = kept(one.cases);
        if !cases.is_empty() {
            let rows = by_kind.entry((one.from.0, one.kind, one.to.0)).or_default();
            rows.push(edge(token, one, &cases));
        }
    }
    for ((from, kind, to), rows) in by_kind {
        let statement = format!(
            "UNWIND $rows AS row MATCH (a:{from} {{id: row.from}}) MATCH (b:{to} {{id: row.to}}) \
             CREATE (a)-[e:{kind}]->(b) SET e = row.properties, e.first_seen = datetime(row.at), \
             e.last_seen = datetime(row.at)"
        );
        graph
            .run(Query::new(statement).param("rows", rows))
            .await
            .unwrap();
    }
}

/// Looks at other cases on purpose.
const ACROSS_CASES: &str = "seen-before";

/// Every value that makes sense for the required parameter of a hunt.
fn parameters(hunt: &Hunt) -> Vec<Vec<(String, String)>> {
    let Some(parameter) = hunt.parameters.iter().find(|parameter| parameter.required) else {
        return vec![Vec::new()];
    };
    let label = match parameter.name.as_str() {
        "url" | "id" => Label::Url,
        "team" => Label::Team,
        "user" => Label::User,
        "host" => Label::Host,
        "domain" => Label::Domain,
        "alert" => Label::Alert,
        other => panic!("{other}"),
    };
    let value = |n| id("TOKEN", label, n);
    (0..EACH)
        .map(|n| vec![(parameter.name.clone(), value(n))])
        .collect()
}

/// Rows with the world's own token taken out, and what differs between databases.
fn plain(rows: &[Vec<Value>], token: &str) -> Vec<String> {
    rows.iter()
        .map(|row| Value::from(row.clone()).to_string().replace(token, "TOKEN"))
        .collect()
}

/// Full worlds show what is joined wrongly, sparse ones what is counted although it is not there.
const DENSITIES: [f64; 10] = [0.35, 0.25, 0.2, 0.2, 0.15, 0.15, 0.12, 0.12, 0.1, 0.1];

#[tokio::test]
async fn a_case_answers_as_if_it_were_alone() {
    let mut rows = BTreeMap::new();
    let mut wrong = Vec::new();
    for (seed, density) in (7..).zip(DENSITIES) {
        let edges = edges(&mut StdRng::seed_from_u64(seed), density);
        compare(&edges, &mut rows, &mut wrong).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        rows.values().all(|rows| *rows > 0),
        "a hunt found nothing: {rows:?}"
    );
}

/// Asks every hunt about case A of a world that holds case B too, and of one that does not.
async fn compare(edges: &[Edge], rows: &mut BTreeMap<String, usize>, wrong: &mut Vec<String>) {
    let graph = connect();
    let token = || ulid::Ulid::generate().to_string().to_lowercase();
    let shared = World::at(graph.clone(), token());
    let alone = World::at(graph.clone(), token());
    load(&graph, shared.token(), edges, &["A", "B"]).await;
    load(&graph, alone.token(), edges, &["A"]).await;
    let library = hunt::library().unwrap();
    for hunt in library.iter().filter(|hunt| hunt.name != ACROSS_CASES) {
        for given in parameters(hunt) {
            let mut answers = [Vec::new(), Vec::new()];
            for (world, answer) in [&shared, &alone].into_iter().zip(&mut answers) {
                let case = [("case", "A-TOKEN")];
                let given = given.iter().map(|(k, v)| (k.as_str(), v.as_str()));
                let given: Vec<_> = given.chain(case).collect();
                let table = world.run(hunt, &given).await.unwrap();
                *answer = plain(&table.rows, world.token());
            }
            let [among, lone] = answers;
            // Of a graph only the number: its nodes say which cases they are in.
            let same = match hunt.returns {
                Returns::Table => among == lone,
                Returns::Graph => among.len() == lone.len(),
            };
            if !same {
                wrong.push(format!(
                    "{} {given:?}\namong others\n{}\nalone\n{}",
                    hunt.name,
                    among.join("\n"),
                    lone.join("\n")
                ));
            }
            *rows.entry(hunt.name.clone()).or_insert(0) += lone.len();
        }
    }
    shared.remove().await;
    alone.remove().await;
}
