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

use futures::stream::{self, StreamExt};
use linktrail::graph::schema::{EDGES, NODES, Property, ValueKind};
use linktrail::graph::value::{Properties, Value};
use linktrail::graph::{EdgeData, EdgeType, Graph, Label, NodeData, held};
use linktrail::sink::neo4j::{
    Connection, Settings, Tuning, columns, merge_edge_rows, merge_edges, merge_node_rows,
    merge_nodes,
};
use serde_json::json;

/// How many channels [`synthetic`] has.
const CHANNELS: usize = 40;

/// Odd, for a median.
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        arguments
            .iter()
            .position(|a| a == name)
            .and_then(|at| arguments.get(at + 1))
            .cloned()
    };
    let messages: usize = value("--messages").map_or(20_000, |n| n.parse().unwrap());
    // Half as many warm the server, and every channel has as many as the next.
    let step = 2 * CHANNELS;
    assert_eq!(messages % step, 0, "--messages is a multiple of {step}");
    if let Some(file) = value("--dump") {
        return dump(&synthetic::graph("DUMP", messages), &file);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(bench(messages));
}

/// What was measured with so many transactions at a time, in rows a second.
struct Way {
    sessions: usize,
    ours: Vec<f64>,
    alone: Vec<f64>,
    /// What the client's own processor time was for a row, in microseconds.
    client: Vec<f64>,
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
        plaintext: false,
    };
    let mut connection = Connection::open(&settings).await.unwrap();
    connection.apply_schema().await.unwrap();
    // The first loads warm the server's plans and its JIT.
    let warm = synthetic::graph("WARM", messages / 2);
    connection.load(&warm, &|_, _| {}).await.unwrap();
    alone(&connection, "WARMALONE", messages / 2, 1).await;
    // Each way takes its turn in every round, so that what slows the machine for a while slows them all.
    let mut ways = [1, Tuning::default().sessions].map(|sessions| Way {
        sessions,
        ours: Vec::new(),
        alone: Vec::new(),
        client: Vec::new(),
    });
    for round in 0..ROUNDS {
        for way in &mut ways {
            let sessions = way.sessions;
            let case = format!("LOAD{round}{sessions}");
            let graph = synthetic::graph(&case, messages);
            let rows = graph.node_count() + graph.edge_count();
            connection = connection.with_tuning(Tuning {
                sessions,
                ..Tuning::default()
            });
            let (began, busy) = (Instant::now(), processor_seconds());
            connection.load(&graph, &|_, _| {}).await.unwrap();
            way.ours.push(rows as f64 / began.elapsed().as_secs_f64());
            way.client
                .push((processor_seconds() - busy) * 1e6 / rows as f64);
            connection.prune(&case).await.unwrap();
            let case = format!("ALONE{round}{sessions}");
            way.alone
                .push(alone(&connection, &case, messages, sessions).await);
            connection.prune(&case).await.unwrap();
            let (ours, alone) = (way.ours[round], way.alone[round]);
            println!(
                "round {}, sessions {sessions}: linktrail {ours:.0}, server alone {alone:.0} rows/s",
                round + 1
            );
        }
    }
    for way in ways {
        let sessions = match way.sessions {
            1 => "1 session".to_owned(),
            many => format!("{many} sessions"),
        };
        println!("linktrail, {sessions}, each round: {:.0?} rows/s", way.ours);
        println!(
            "server alone, {sessions}, each round: {:.0?} rows/s",
            way.alone
        );
        let (ours, alone) = (median(way.ours), median(way.alone));
        let client = median(way.client);
        println!("linktrail, {sessions}, its own processor time: {client:.1} µs a row");
        println!("linktrail, {sessions}: {ours:.0} rows/s");
        println!("server alone, {sessions}: {alone:.0} rows/s");
        println!("linktrail / server alone, {sessions}: {:.2}", ours / alone);
    }
    for case in ["WARM", "WARMALONE"] {
        connection.prune(case).await.unwrap();
    }
}

/// The processor time of this process so far, in seconds.
fn processor_seconds() -> f64 {
    /// What Linux counts in, on every architecture that it shows to programs.
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, can hold spaces.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / TICKS_A_SECOND
}

/// The middle one of an odd number of rates.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// A part of the graph of [`synthetic`], as the server makes it by itself.
struct Part {
    rows: usize,
    /// What linktrail's statement does with such a row, a map.
    merge: String,
    /// Which row comes when, as an expression of `k`, which counts from 0: in the order in which linktrail sends them.
    order: String,
    /// The row of that number, an expression of `i`.
    row: String,
}

fn parts(messages: usize) -> [Part; 7] {
    const AT: &str = "datetime('2026-10-01T00:00:00Z') + duration({seconds: i})";
    const CHANNEL: &str = "'19:' + $case + '-' + (i % 40) + '@thread.tacv2'";
    const MESSAGE: &str = "'19:' + $case + '-' + (i % 40) + '@thread.tacv2/' + i";
    const SENDER: &str = "$case + '-' + (i / 50)";
    let url = |i: &str| format!("'https://files.contoso.com/' + $case + '/' + {i}");
    let common = format!(
        "cases: [$case], first_seen: {AT}, last_seen: {AT}, evidence: [$prefix + (i / 50 + 1)], evidence_count: 1"
    );
    let node = |label, rows, order: &str, own: &str| Part {
        rows,
        merge: merge_node_rows(label),
        order: order.to_owned(),
        row: format!("{{{own}, {common}}}"),
    };
    let edge = |kind, (from, a): (Label, &str), (to, b): (Label, &str), order: &str, own: &str| {
        Part {
            rows: messages,
            merge: format!(
                "MATCH (a:`{from}` {{id: row.a}})\nMATCH (b:`{to}` {{id: row.b}})\nWITH a, b, row.p AS p\n{}",
                merge_edge_rows(kind)
            ),
            order: order.to_owned(),
            row: format!("{{a: {a}, b: {b}, p: {{{own}, {common}}}}}"),
        }
    };
    let each = messages / CHANNELS;
    let by_channel = format!("k / {each} + {CHANNELS} * (k % {each})");
    let message = (Label::Message, MESSAGE);
    [
        node(
            Label::Channel,
            CHANNELS,
            "k",
            &format!("id: {CHANNEL}, name: 'General'"),
        ),
        node(
            Label::Message,
            messages,
            &by_channel,
            &format!(
                "id: {MESSAGE}, created: {AT}, modified: {AT}, edited: false, importance: 'normal', \
                 preview: 'The minutes of Tuesday are in the usual place, please have a look'"
            ),
        ),
        node(
            Label::Url,
            messages.div_ceil(3),
            "k",
            &format!(
                "id: {}, scheme: 'https', host: 'files.contoso.com', path: '/' + $case + '/' + i, \
                 defanged: 'hxxps://files[.]contoso[.]com/' + $case + '/' + i",
                url("i")
            ),
        ),
        node(
            Label::User,
            messages.div_ceil(50),
            "k",
            "id: $case + '-' + i, upn: 'user' + i + '@contoso.com', name: 'A person'",
        ),
        edge(
            EdgeType::Contains,
            message,
            (Label::Url, &url("(i / 3)")),
            &by_channel,
            &format!("origin: 'href', raw: {}, mismatch: false", url("(i / 3)")),
        ),
        edge(
            EdgeType::PostedIn,
            message,
            (Label::Channel, CHANNEL),
            &by_channel,
            &format!("at: {AT}"),
        ),
        edge(
            EdgeType::Sent,
            (Label::User, SENDER),
            message,
            "k",
            &format!("at: {AT}"),
        ),
    ]
}

/// The same MERGE of rows with the same properties, but made by the server from `range()`, in transactions of the
/// same size. Gives rows a second.
async fn alone(connection: &Connection, case: &str, messages: usize, sessions: usize) -> f64 {
    let began = Instant::now();
    let mut rows = 0;
    for part in parts(messages) {
        rows += part.rows;
        let merge = &part.merge;
        let statement = format!(
            "UNWIND range($from, $to - 1) AS k WITH {} AS i WITH {} AS row\n{merge}",
            part.order, part.row
        );
        let batches = (0..part.rows).step_by(Tuning::default().rows);
        stream::iter(batches)
            .for_each_concurrent(sessions, |from| {
                merge_range(connection, case, &statement, from, part.rows)
            })
            .await;
    }
    rows as f64 / began.elapsed().as_secs_f64()
}

async fn merge_range(
    connection: &Connection,
    case: &str,
    statement: &str,
    from: usize,
    end: usize,
) {
    let to = (from + Tuning::default().rows).min(end);
    let query = neo4rs::query(statement)
        .param("case", case)
        .param("prefix", format!("{case}/"))
        .param("cases", vec![case.to_owned()])
        .param("ratings", vec!["high", "warning", "information", "unknown"])
        .param("from", i64::try_from(from).unwrap())
        .param("to", i64::try_from(to).unwrap());
    let merged = loop {
        match first_number(connection, query.clone()).await {
            Ok(merged) => break merged,
            // As in a load: two sessions can want the same nodes.
            Err(neo4rs::Error::Neo4j(error)) if error.code().contains(".TransientError.") => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(usize::try_from(merged).unwrap(), to - from, "{statement}");
}

async fn first_number(connection: &Connection, query: neo4rs::Query) -> Result<i64, neo4rs::Error> {
    let mut answer = connection.graph().execute(query).await?;
    let row = answer.next().await?.unwrap();
    assert!(answer.next().await?.is_none());
    Ok(row.get("rows").unwrap())
}

/// One line a part: its statement, its rows, and which of their columns are times.
fn dump(graph: &Graph, file: &str) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
    let nodes = graph.nodes();
    let edges: Vec<_> = graph.edges().collect();
    for spec in NODES {
        let of_label = nodes.iter().filter(|node| node.label == spec.label);
        let of_label: Vec<&NodeData> = of_label.copied().collect();
        let columns = columns(held(spec.all_properties(), of_label.iter().copied()).into_iter());
        let rows = of_label.iter();
        let rows = rows.map(|node| row(&[&node.id], &columns, graph, graph.stored(*node)));
        let statement = merge_nodes(spec.label, &columns);
        write(&mut out, &statement, rows.collect(), &times(&columns, 1));
    }
    for spec in EDGES {
        for (from, to) in spec.joins {
            let (kind, from, to): (EdgeType, Label, Label) = (spec.kind, *from, *to);
            let of_kind = edges
                .iter()
                .filter(|(a, edge, b)| (edge.kind, a.label, b.label) == (kind, from, to));
            let of_kind: Vec<(&NodeData, &EdgeData, &NodeData)> = of_kind.copied().collect();
            let columns = columns(held(spec.all_properties(), of_kind.iter().copied()).into_iter());
            let rows = of_kind.iter().map(|(a, edge, b)| {
                row(
                    &[&a.id, &b.id],
                    &columns,
                    graph,
                    graph.stored((*a, *edge, *b)),
                )
            });
            let statement = merge_edges(kind, from, to, &columns);
            write(&mut out, &statement, rows.collect(), &times(&columns, 2));
        }
    }
}

/// Where in a row the times stand.
fn times(columns: &[&'static Property], first: usize) -> Vec<usize> {
    let columns = columns.iter().zip(first..);
    let times = columns.filter(|(property, _)| property.kind == ValueKind::Time);
    times.map(|(_, at)| at).collect()
}

fn row(
    ids: &[&str],
    columns: &[&'static Property],
    graph: &Graph,
    properties: Properties,
) -> serde_json::Value {
    let prefix = format!("{}/", graph.case());
    let mut row: Vec<serde_json::Value> = ids.iter().map(|id| json!(id)).collect();
    row.extend(
        columns
            .iter()
            .map(|column| match properties.get(column.name) {
                Some(Value::List(ids)) if column.name == "evidence" => {
                    let numbers = ids.iter().filter_map(|id| id.strip_prefix(&prefix));
                    json!(numbers.collect::<Vec<_>>())
                }
                Some(value) => value.to_json(),
                None => serde_json::Value::Null,
            }),
    );
    json!(row)
}

fn write(out: &mut impl Write, statement: &str, rows: Vec<serde_json::Value>, times: &[usize]) {
    if !rows.is_empty() {
        let part = json!({"statement": statement, "rows": rows, "times": times});
        writeln!(out, "{part}").unwrap();
    }
}
