//! What a hunt cannot do, and values on their way in and out.

use std::time::{Duration, Instant};

use linktrail::hunt::{self, Group, Hunt, HuntError, Parameters};
use neo4rs::{Graph, Operation, Query};
use serde_json::{Value, json};

use crate::shared::server;

use super::world::{DATABASE, LIMIT, World, connect};

fn own(text: &str) -> Hunt {
    Hunt::parse("mine.cypher", Group::Own, text).unwrap()
}

async fn run(text: &str, given: &[(&str, &str)]) -> Result<hunt::ResultTable, HuntError> {
    let given: Parameters = given
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    hunt::run(&connect(), DATABASE, &own(text), &given, LIMIT).await
}

/// What the server refuses too, should it ever get there.
const WRITING: [&str; 6] = [
    "CREATE (:User {id: 'TOKEN-mallory'})",
    "MERGE (u:User {id: 'TOKEN-mallory'}) RETURN u.id AS id",
    "MATCH (u:User {id: 'TOKEN-alice'}) SET u.name = 'Mallory' RETURN u.name AS name",
    "MATCH (u:User {id: 'TOKEN-alice'}) DETACH DELETE u",
    "CREATE INDEX mallory IF NOT EXISTS FOR (n:User) ON (n.mallory)",
    "CALL db.createLabel('Mallory')",
];

#[tokio::test]
async fn a_hunt_that_writes_is_refused_here_and_by_the_server() {
    let world = World::load().await;
    let count = "MATCH (u:User) WHERE u.id STARTS WITH 'TOKEN' RETURN count(u) AS n";
    for writing in WRITING {
        let writing = world.own(writing);
        let error = world.run(&own(&writing), &[]).await.unwrap_err();
        assert!(
            matches!(error, HuntError::NotReadOnly { .. }) && error.is_usage(),
            "{writing}: {error}"
        );
        let error = refused_by_the_server(&writing).await;
        assert!(error.contains("Statement.AccessMode"), "{writing}: {error}");
    }
    let table = world.run(&own(&world.own(count)), &[]).await.unwrap();
    assert_eq!(table.rows, [[json!(5)]]);
    world.remove().await;
}

/// The error of the server for a statement in a read-only transaction.
async fn refused_by_the_server(statement: &str) -> String {
    let query = Query::new(statement.to_owned());
    let graph = connect();
    let answer = match graph.execute_on(Operation::Read, DATABASE, query).await {
        Ok(mut stream) => stream.next().await.map(|_| ()),
        Err(error) => Err(error),
    };
    match answer {
        Err(neo4rs::Error::Neo4j(error)) => format!("{} {}", error.code(), error.message()),
        other => panic!("{statement}: {other:?}"),
    }
}

/// As `scripts/neo4j` starts it, a server reads nothing with LOAD CSV, whoever asks it to.
#[tokio::test]
async fn nothing_is_loaded_from_a_file_or_an_address() {
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    outside.set_nonblocking(true).unwrap();
    let port = outside.local_addr().unwrap().port();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret").unwrap();
    let addresses = [
        format!("http://127.0.0.1:{port}/a"),
        format!("http://localhost:{port}/a"),
        format!("http://[::ffff:127.0.0.1]:{port}/a"),
        format!("ftp://127.0.0.1:{port}/a"),
        format!("file://{}", file.path().display()),
        "file:///a.csv".to_owned(),
    ];
    for address in addresses {
        for load in ["LOAD CSV", r"L\u004FAD CSV", "load/**/csv with headers"] {
            let statement = format!("{load} FROM '{address}' AS line RETURN line");
            let error = run(&statement, &[]).await.unwrap_err();
            assert!(error.is_usage(), "{error}");
            assert!(error.to_string().contains("line 1, column "), "{error}");
            let refused = refused_by_the_server(&statement).await;
            assert!(
                refused.contains("is blocked via") || refused.contains("from_file_urls' is false"),
                "{refused}"
            );
        }
    }
    let connected = outside.accept();
    assert_eq!(
        connected.map_err(|error| error.kind()).unwrap_err(),
        std::io::ErrorKind::WouldBlock
    );
}

/// Only linktrail stands before these: that is why it looks before it sends.
#[tokio::test]
async fn what_a_read_only_transaction_lets_through_is_refused() {
    for statement in [
        "SHOW USERS",
        "CALL dbms.listConfig() YIELD name RETURN name",
    ] {
        let query = Query::new(statement.to_owned());
        let sent = connect().execute_on(Operation::Read, DATABASE, query).await;
        let mut sent = sent.unwrap_or_else(|error| panic!("{statement}: {error}"));
        assert!(sent.next().await.unwrap().is_some(), "{statement}");
        let error = run(statement, &[]).await.unwrap_err();
        assert!(matches!(error, HuntError::NotReadOnly { .. }), "{error}");
    }
}

/// Every hunt of the library runs, with the examples of its parameters.
#[tokio::test]
async fn every_hunt_of_the_library_runs() {
    let graph = connect();
    let hunts = hunt::library().unwrap();
    assert_eq!(hunts.len(), 70);
    for hunt in hunts {
        let required = hunt.parameters.iter().filter(|p| p.required);
        let given: Parameters = required
            .map(|p| (p.name.clone(), p.example.clone().unwrap()))
            .collect();
        let answer = hunt::run(&graph, DATABASE, &hunt, &given, LIMIT).await;
        answer.unwrap_or_else(|error| panic!("{}: {error}", hunt.name));
    }
}

#[tokio::test]
async fn a_hunt_that_never_ends_is_stopped_on_the_server_too() {
    let endless = own(
        "UNWIND range(1, 3000000) AS a UNWIND range(1, 3000000) AS b WITH a, b WHERE a < b RETURN count(*) AS endless",
    );
    let graph = connect();
    let limit = Duration::from_millis(1500);
    let started = Instant::now();
    let error = hunt::run(&graph, DATABASE, &endless, &Parameters::new(), limit)
        .await
        .unwrap_err();
    assert!(matches!(error, HuntError::TimedOut { .. }), "{error}");
    assert!(!error.is_usage());
    assert!(
        error.to_string().contains("no answer after 1.5 s"),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(120));
    let query = "SHOW TRANSACTIONS YIELD currentQuery, status WHERE currentQuery CONTAINS 'AS ' + 'endless' \
                 AND status = 'Running' RETURN count(*) AS n";
    for _ in 0..1200 {
        let mut rows = graph.execute(Query::new(query.to_owned())).await.unwrap();
        let left: i64 = rows.next().await.unwrap().unwrap().get("n").unwrap();
        if left == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the server still works on it");
}

#[tokio::test]
async fn neo4j_away_or_refusing_says_where_to_look() {
    let uri = server("URI");
    let (user, password) = (server("USER"), server("PASSWORD"));
    for (uri, password, database, hint) in [
        (
            "bolt://127.0.0.1:1",
            password.as_str(),
            DATABASE,
            "[neo4j] uri",
        ),
        (
            uri.as_str(),
            "wrong-password",
            DATABASE,
            "LINKTRAIL_NEO4J_PASSWORD",
        ),
        (
            uri.as_str(),
            password.as_str(),
            "nowhere",
            "[neo4j] database",
        ),
    ] {
        let graph = Graph::new(uri, user.as_str(), password).unwrap();
        let answer = hunt::run(
            &graph,
            database,
            &own("RETURN 1 AS a"),
            &Parameters::new(),
            LIMIT,
        )
        .await;
        let error = answer.unwrap_err();
        assert!(
            !error.is_usage() && error.to_string().contains(hint),
            "{error}"
        );
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[tokio::test]
async fn mistakes_in_a_file_are_named_with_their_line() {
    let error = run("// my own words\n\nMATCH (u:Url)\nRETRUN u", &[])
        .await
        .unwrap_err();
    assert!(error.is_usage());
    let message = error.to_string();
    assert!(
        message.starts_with("mine.cypher: ") && message.contains("line 4"),
        "{message}"
    );

    let header =
        "// name: mine\n// title: T\n// description: D.\n// returns: table\n// columns: a, b\n";
    let error = run(&format!("{header}WITH 1 AS a, 2 AS c RETURN *"), &[])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "mine.cypher declares the columns a, b, and returns a, c"
    );
}

#[tokio::test]
async fn values_go_in_as_typed_and_come_out_as_json() {
    let table = run(
        "// name: mine\n// title: T\n// description: D.\n\
         // parameters: t string required; i integer required; b boolean required; d datetime required; l list required; n string optional; f integer optional default 7\n\
         // returns: table\n// columns: t, i, b, d, l, n, f, case\n\
         RETURN $t AS t, $i + 1 AS i, NOT $b AS b, $d + duration('PT1H') AS d, $l[1] AS l, $n AS n, $f AS f, $case AS `case`;",
        &[
            ("t", "')} RETURN 1 //"),
            ("i", "-3"),
            ("b", "false"),
            ("d", "2026-10-01T08:00:00+02:00"),
            ("l", "a, b"),
        ],
    )
    .await
    .unwrap();
    let expected = json!([[
        "')} RETURN 1 //",
        -2,
        true,
        "2026-10-01T07:00:00Z",
        "b",
        null,
        7,
        null
    ]]);
    assert_eq!(json!(table.rows), expected);
}

#[tokio::test]
async fn a_file_without_a_header_runs_with_columns_in_its_order() {
    let table = run("RETURN $z AS z, 'x' AS a, $z + 1;", &[("z", "4")])
        .await
        .unwrap();
    assert_eq!(table.columns, ["z", "a", "$z + 1"]);
    assert_eq!(json!(table.rows), json!([[4, "x", 5]]));
    let table = run(
        "MATCH (u:Url {id: 'nowhere'}) RETURN u.id AS z, 1 AS a",
        &[],
    )
    .await
    .unwrap();
    assert_eq!(table.columns, ["z", "a"], "without rows too");
    let table = run("WITH 1 AS z, 2 AS a RETURN *", &[]).await.unwrap();
    assert_eq!(table.columns, ["a", "z"]);
}

#[tokio::test]
async fn every_kind_of_value_has_a_json_form() {
    for (cypher, expected) in [
        ("1.5", json!(1.5)),
        ("0.0 / 0.0", json!("NaN")),
        ("[1, null, 'a', [true]]", json!([1, null, "a", [true]])),
        ("{a: {b: [1]}}", json!({"a": {"b": [1]}})),
        (
            "datetime('2026-10-01T08:00:00.123456789+02:00')",
            json!("2026-10-01T06:00:00.123456789Z"),
        ),
        (
            "datetime('2026-07-01T08:00:00[Europe/Berlin]')",
            json!("2026-07-01T06:00:00Z"),
        ),
        (
            "datetime('1969-12-31T23:59:59.5Z')",
            json!("1969-12-31T23:59:59.500Z"),
        ),
        (
            "localdatetime('2026-10-01T08:00:00')",
            json!("2026-10-01T08:00:00"),
        ),
        ("date('2026-10-01')", json!("2026-10-01")),
        ("localtime('08:00:01')", json!("08:00:01")),
        ("time('08:00:01+02:00')", json!("08:00:01+02:00")),
        ("duration('P1M2DT3.5S')", json!("P1M2DT3.5S")),
        ("duration('PT-0.5S')", json!("PT-0.5S")),
        ("duration('P0D')", json!("PT0S")),
        (
            "point({x: 1, y: 2})",
            json!({"srid": 7203, "x": 1.0, "y": 2.0}),
        ),
        ("'ünï\u{202e}\\u001b'", json!("ünï\u{202e}\u{1b}")),
    ] {
        let table = run(&format!("RETURN {cypher} AS value"), &[])
            .await
            .unwrap();
        assert_eq!(table.rows, [[expected]], "{cypher}");
    }
}

#[tokio::test]
async fn nodes_edges_and_paths_keep_what_they_are() {
    let world = World::load().await;
    let cypher = "MATCH p = (s:User)-[e:SENT]->(m:Message {id: '19:TOKEN-general/1'})-[:CONTAINS]->(u:Url) \
                  RETURN s, e, [m] AS list, {url: u} AS map, p";
    let table = world.run(&own(&world.own(cypher)), &[]).await.unwrap();
    let [row] = table.rows.as_slice() else {
        panic!("{table:?}")
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert_eq!(row[0]["labels"], json!(["User"]));
    assert_eq!(row[0]["properties"]["name"], "Alice");
    assert_eq!(row[1]["type"], "SENT");
    assert_eq!(
        row[1]["from"],
        json!({"label": "User", "id": world.own("TOKEN-alice")})
    );
    assert_eq!(
        row[1]["to"],
        json!({"label": "Message", "id": world.own("19:TOKEN-general/1")})
    );
    assert_eq!(
        row[1]["properties"]["cases"],
        json!([world.own("A-TOKEN"), world.own("B-TOKEN")])
    );
    assert_eq!(
        text(&row[2][0]["properties"]["created"]),
        "2026-10-02T08:00:00Z"
    );
    assert_eq!(row[3]["url"]["properties"]["risky"], true);
    assert_eq!(row[4]["nodes"].as_array().unwrap().len(), 3);
    let types: Vec<_> = row[4]["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| text(&edge["type"]))
        .collect();
    assert_eq!(types, ["SENT", "CONTAINS"]);
    world.remove().await;
}

/// A load, or another test, changes the graph while it is read: the server then fails in the middle of the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graph_that_changes_under_a_hunt_is_read_again() {
    let world = World::load().await;
    let writer = connect();
    let id = world.own("TOKEN-moving");
    let moving = tokio::spawn(async move {
        loop {
            for statement in [
                "UNWIND range(1, 300) AS n CREATE (:Domain {id: $id + n, unicode: $id, cases: []})",
                "MATCH (d:Domain {unicode: $id}) DELETE d",
            ] {
                let query = Query::new(statement.to_owned()).param("id", id.as_str());
                writer.run(query).await.unwrap();
            }
        }
    });
    let reading = own(&world.own("MATCH (d:Domain {unicode: 'TOKEN-moving'}) RETURN d"));
    for _ in 0..60 {
        let table = world.run(&reading, &[]).await.unwrap();
        assert_eq!(table.columns, ["d"]);
    }
    moving.abort();
    let _ = moving.await;
    let rest = Query::new("MATCH (d:Domain {unicode: $id}) DELETE d".to_owned());
    let rest = rest.param("id", world.own("TOKEN-moving"));
    world.graph.run(rest).await.unwrap();
    world.remove().await;
}
