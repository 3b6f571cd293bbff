//! Rows a second into a real Neo4j: linktrail, and the server alone doing the same MERGE from `range()`.
//!
//! `benches/neo4j/compare` starts a server, runs this, and the Python driver on the same rows. By itself it takes
//! the server of `LINKTRAIL_TEST_NEO4J_URI`, `_USER` and `_PASSWORD`; with `--dump FILE` it writes rows and statements
//! and loads nothing, with `--messages N` it loads more or fewer.

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss
)]

mod synthetic;

use std::io::Write;
use std::time::Instant;

use linktrail::graph::schema::{EDGES, Kind, NODES};
use linktrail::graph::value::{Properties, Value};
use linktrail::graph::{EdgeType, Graph, Label};
use linktrail::sink::neo4j::{Connection, Settings, Tuning, merge_edges, merge_nodes};
use serde_json::{Map, json};

/// Odd, for a median.
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        arguments
            .iter()
            .position(|a| a == name)
            .and_then(|at| arguments.get(at + 1))
            .cloned()
    };
    let messages = value("--messages").map_or(60_000, |n| n.parse().unwrap());
    if let Some(file) = value("--dump") {
        return dump(&synthetic::graph("DUMP", messages), &file);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(bench(messages));
}

async fn bench(messages: usize) {
    let variable = |name: &str| {
        std::env::var(format!("LINKTRAIL_TEST_NEO4J_{name}")).expect("run benches/neo4j/compare")
    };
    let settings = Settings {
        uri: variable("URI"),
        user: variable("USER"),
        password: variable("PASSWORD").into(),
        database: "neo4j".to_owned(),
    };
    let mut connection = Connection::open(&settings).await.unwrap();
    connection.apply_schema().await.unwrap();
    // The first load warms the server's plans and its JIT.
    connection
        .load(&synthetic::graph("WARM", 5_000), &|_, _| {})
        .await
        .unwrap();
    alone(&connection, "WARMALONE", 5_000).await;
    // Each way takes its turn in every round, so that what slows the machine for a while slows them all.
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for sessions in [1, 2] {
            let case = format!("LOAD{round}{sessions}");
            let graph = synthetic::graph(&case, messages);
            let rows = graph.nodes().len() + graph.edges().len();
            connection = connection.with_tuning(Tuning {
                sessions,
                ..Tuning::default()
            });
            let began = Instant::now();
            connection.load(&graph, &|_, _| {}).await.unwrap();
            rates[sessions].push(rows as f64 / began.elapsed().as_secs_f64());
            connection.prune(&case).await.unwrap();
        }
        let case = format!("ALONE{round}");
        let (rows, seconds) = alone(&connection, &case, messages).await;
        rates[0].push(rows as f64 / seconds);
        connection.prune(&case).await.unwrap();
    }
    let [alone, one, two] = rates.map(median);
    println!("server alone, 1 session: {alone:.0} rows/s");
    println!("linktrail, 1 session: {one:.0} rows/s");
    println!("linktrail, 2 sessions (the default): {two:.0} rows/s");
    println!("linktrail, 1 session / server alone: {:.2}", one / alone);
    println!("linktrail / server alone: {:.2}", two / alone);
    for case in ["WARM", "WARMALONE"] {
        connection.prune(case).await.unwrap();
    }
}

/// The middle one of an odd number of rates.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// The same MERGE with the same properties, made by the server from `range()`, in transactions of the same size.
async fn alone(connection: &Connection, case: &str, messages: usize) -> (usize, f64) {
    const COMMON: &str = "cases: [$case], first_seen: datetime('2026-10-01T00:00:00Z'), last_seen: datetime('2026-10-01T00:00:00Z'), evidence: [$case + '/1'], evidence_count: 1";
    let parts = [
        (
            messages / 50,
            "MERGE (n:User {id: $case + '-' + i}) ON CREATE SET n += {upn: 'user' + i, name: 'A person', COMMON}",
        ),
        (
            messages,
            "MERGE (n:Message {id: '19:' + $case + '/' + i}) ON CREATE SET n += {created: datetime('2026-10-01T00:00:00Z'), modified: datetime('2026-10-01T00:00:00Z'), edited: false, importance: 'normal', preview: 'The minutes of Tuesday are in the usual place, please have a look', COMMON}",
        ),
        (
            messages / 3,
            "MERGE (n:Url {id: 'https://files.contoso.com/' + $case + '/' + i}) ON CREATE SET n += {scheme: 'https', host: 'files.contoso.com', path: '/' + i, defanged: 'hxxps://files[.]contoso[.]com/' + i, COMMON}",
        ),
        (
            40,
            "MERGE (n:Channel {id: '19:' + $case + '-' + i}) ON CREATE SET n += {name: 'General', COMMON}",
        ),
        (
            messages,
            "MATCH (a:User {id: $case + '-' + (i / 50)}) MATCH (b:Message {id: '19:' + $case + '/' + i}) MERGE (a)-[r:SENT]->(b) ON CREATE SET r += {at: datetime('2026-10-01T00:00:00Z'), COMMON}",
        ),
        (
            messages,
            "MATCH (a:Message {id: '19:' + $case + '/' + i}) MATCH (b:Channel {id: '19:' + $case + '-' + (i % 40)}) MERGE (a)-[r:POSTED_IN]->(b) ON CREATE SET r += {at: datetime('2026-10-01T00:00:00Z'), COMMON}",
        ),
        (
            messages,
            "MATCH (a:Message {id: '19:' + $case + '/' + i}) MATCH (b:Url {id: 'https://files.contoso.com/' + $case + '/' + (i / 3)}) MERGE (a)-[r:CONTAINS]->(b) ON CREATE SET r += {origin: 'href', raw: 'https://files.contoso.com/' + i, mismatch: false, COMMON}",
        ),
    ];
    let batch = Tuning::default().rows;
    let began = Instant::now();
    let mut rows = 0;
    for (count, statement) in parts {
        let statement = format!(
            "UNWIND range($from, $to - 1) AS i {}",
            statement.replace("COMMON", COMMON)
        );
        for from in (0..count).step_by(batch) {
            let to = (from + batch).min(count);
            let query = neo4rs::query(&statement)
                .param("case", case)
                .param("from", i64::try_from(from).unwrap())
                .param("to", i64::try_from(to).unwrap());
            connection.graph().run(query).await.unwrap();
            rows += to - from;
        }
    }
    (rows, began.elapsed().as_secs_f64())
}

/// One line a part: its statement, its rows, and which properties are times.
fn dump(graph: &Graph, file: &str) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
    let (nodes, edges) = (graph.nodes(), graph.edges());
    for spec in NODES {
        let rows: Vec<_> = nodes
            .iter()
            .filter(|node| node.label == spec.label)
            .map(|node| {
                let mut row = plain(&graph.stored(&node.facts));
                row.insert("id".to_owned(), node.id.as_str().into());
                row
            })
            .collect();
        let times: Vec<_> = spec
            .all_properties()
            .filter(|p| p.kind == Kind::Time)
            .map(|p| p.name)
            .collect();
        write(&mut out, &merge_nodes(spec.label), &json!(rows), &times);
    }
    for spec in EDGES {
        for (from, to) in spec.joins {
            let (kind, from, to): (EdgeType, Label, Label) = (spec.kind, *from, *to);
            let rows: Vec<_> = edges
                .iter()
                .filter(|(a, edge, b)| (edge.kind, a.label, b.label) == (kind, from, to))
                .map(|(a, edge, b)| json!({"a": a.id, "b": b.id, "p": plain(&graph.stored(&edge.facts))}))
                .collect();
            let times: Vec<_> = spec
                .all_properties()
                .filter(|p| p.kind == Kind::Time)
                .map(|p| p.name)
                .collect();
            write(&mut out, &merge_edges(kind, from, to), &json!(rows), &times);
        }
    }
}

fn write(out: &mut impl Write, statement: &str, rows: &serde_json::Value, times: &[&str]) {
    if rows.as_array().is_some_and(|rows| !rows.is_empty()) {
        writeln!(
            out,
            "{}",
            json!({"statement": statement, "rows": rows, "times": times})
        )
        .unwrap();
    }
}

fn plain(properties: &Properties) -> Map<String, serde_json::Value> {
    properties
        .iter()
        .map(|(name, value): (&&str, &Value)| ((*name).to_owned(), value.to_json()))
        .collect()
}
