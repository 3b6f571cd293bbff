//! A statement that somebody passed on gets nothing out of Neo4j as `scripts/neo4j` and `docker-compose.yml` start it:
//! it reads no file, reaches no address and looks up no name.

use std::io::ErrorKind;
use std::net::TcpListener;

use linktrail::sink::neo4j::{Connection, Neo4jError, Settings};
use neo4rs::{Error, query};

use crate::own_server::Server;
use crate::shared::settings;

/// The settings that seal the server, as `scripts/neo4j` writes them.
const SEALS: [&str; 3] = [
    "dbms.security.allow_csv_import_from_file_urls=false",
    "internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0",
    "dbms.security.procedures.allowlist=db.*,dbms.*,tx.*",
];

/// What the server answers to a statement that must fail.
async fn refusal(connection: &Connection, statement: &str) -> String {
    let mut rows = match connection.graph().execute(query(statement)).await {
        Ok(rows) => rows,
        Err(error) => return said(error),
    };
    match rows.next().await {
        Ok(row) => panic!("{statement}: {row:?}"),
        Err(error) => said(error),
    }
}

fn said(error: Error) -> String {
    match error {
        Error::Neo4j(error) => error.message().to_owned(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn nothing_is_imported_and_nobody_is_called() {
    let connection = Connection::open(&settings()).await.expect("the server");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for (address, why) in [
        (
            "file:///etc/passwd".to_owned(),
            "allow_csv_import_from_file_urls",
        ),
        (
            "file:/etc/passwd".to_owned(),
            "allow_csv_import_from_file_urls",
        ),
        (
            "file:///linktrail.csv".to_owned(),
            "allow_csv_import_from_file_urls",
        ),
        (format!("http://127.0.0.1:{port}/x"), "blocked"),
        (format!("https://127.0.0.1:{port}/x"), "blocked"),
        (format!("ftp://127.0.0.1:{port}/x"), "blocked"),
        (format!("http://[::1]:{port}/x"), "blocked"),
        (format!("http://localhost:{port}/x"), "blocked"),
        (format!("jar:http://127.0.0.1:{port}/x!/y"), "jar"),
        ("s3://bucket/x".to_owned(), "s3"),
        ("gs://bucket/x".to_owned(), "gs"),
        ("azb://account/x".to_owned(), "azb"),
    ] {
        let statement = format!("LOAD CSV FROM '{address}' AS line RETURN line");
        let answer = refusal(&connection, &statement).await;
        assert!(answer.contains(why), "{address}: {answer}");
    }
    let connected = listener.accept().map_err(|error| error.kind());
    assert_eq!(connected.unwrap_err(), ErrorKind::WouldBlock);
    let statement = "LOAD CSV FROM 'http://secret.db.invalid/x' AS line RETURN line";
    let answer = refusal(&connection, statement).await;
    assert!(
        answer.contains("Couldn't load the external resource"),
        "{answer}"
    );
    // A name is looked up before its address is compared with the block list, so Java is told to look nowhere.
    let statement =
        "CALL dbms.queryJmx('java.lang:type=Runtime') YIELD attributes RETURN attributes";
    let mut rows = connection.graph().execute(query(statement)).await.unwrap();
    let runtime = format!("{:?}", rows.next().await.unwrap().unwrap());
    assert!(runtime.contains("-Djdk.net.hosts.file="), "{runtime}");
}

#[tokio::test]
async fn procedures_and_functions_are_those_of_neo4j_itself() {
    let connection = Connection::open(&settings()).await.expect("the server");
    for kind in ["PROCEDURES", "USER DEFINED FUNCTIONS"] {
        let statement = format!("SHOW {kind} YIELD name RETURN collect(name) AS names");
        let mut rows = connection.graph().execute(query(&statement)).await.unwrap();
        let row = rows.next().await.unwrap().unwrap();
        let names: Vec<String> = row.get("names").unwrap();
        let own = ["db.", "dbms.", "tx."];
        let foreign: Vec<_> = names
            .iter()
            .filter(|name| !own.iter().any(|prefix| name.starts_with(prefix)))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        assert!(kind != "PROCEDURES" || names.iter().any(|name| name == "db.labels"));
    }
}

/// The image takes settings as variables: '.' is written '_', and '_' is written '__'.
#[test]
fn both_ways_to_start_neo4j_seal_it() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = std::fs::read_to_string(root.join("scripts/lib/neo4j-maven.sh")).unwrap();
    let compose = std::fs::read_to_string(root.join("docker-compose.yml")).unwrap();
    for seal in SEALS {
        assert!(script.lines().any(|line| line == seal), "{seal}");
        let (name, value) = seal.split_once('=').unwrap();
        let name = name.replace('_', "__").replace('.', "_");
        let line = compose
            .lines()
            .find_map(|line| line.trim().strip_prefix(&format!("NEO4J_{name}: ")))
            .unwrap_or_else(|| panic!("{seal}"));
        assert_eq!(line.trim_matches('"'), value);
    }
    assert!(script.contains("-Djdk.net.hosts.file="));
    assert!(compose.contains("\n    dns: 127.0.0.1\n"));
}

#[tokio::test]
async fn a_server_that_routes_elsewhere_is_not_followed_in_plain_text() {
    let server = Server::start("server.bolt.advertised_address=db.example:7687\n");
    let direct = server.settings();
    let routed = Settings {
        uri: direct.uri.replace("bolt://", "neo4j://"),
        ..direct.clone()
    };
    let error = Connection::open(&routed).await.expect_err("it is refused");
    assert!(
        matches!(&error, Neo4jError::RoutedInPlaintext { beyond, .. } if beyond == "db.example"),
        "{error}"
    );
    assert!(error.to_string().contains(&direct.uri), "{error}");
    Connection::open(&direct).await.expect("this very server");
}
