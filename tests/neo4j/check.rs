//! What `linktrail check` says of a Neo4j server, and that it leaves it as it was.

use std::process::Command;

use linktrail::sink::neo4j::{Connection, Settings};
use secrecy::ExposeSecret;
use tenant_sim::{Options, World};

use crate::own_server::Server;
use crate::run::{Lab, run};
use crate::shared::{server, settings};

/// The lines of `check` about Neo4j, as `what state detail fix`, and the exit code.
fn check(lab: &Lab, settings: &Settings, change: impl FnOnce(&mut Command)) -> (Vec<String>, i32) {
    let mut command = lab.binary();
    command
        .env("LINKTRAIL_NEO4J_URI", &settings.uri)
        .env("LINKTRAIL_NEO4J_USER", &settings.user)
        .env(
            "LINKTRAIL_NEO4J_PASSWORD",
            settings.password.expose_secret(),
        )
        .args(["check", "--format", "json"]);
    change(&mut command);
    let ran = run(&mut command);
    let result = ran.json();
    let checks = result["checks"].as_array().unwrap().iter();
    let of_neo4j = checks.filter(|check| check["what"].as_str().unwrap().starts_with("neo4j"));
    let lines = of_neo4j.map(|check| {
        let text = |key: &str| check[key].as_str().unwrap_or("-").to_owned();
        assert!(!text("detail").contains(settings.password.expose_secret()));
        format!(
            "{} | {} | {} | {}",
            text("what"),
            text("state"),
            text("detail"),
            text("fix")
        )
    });
    (lines.collect(), ran.code.unwrap())
}

/// Everything that a server could have been left with.
async fn content(settings: &Settings) -> Vec<String> {
    let connection = Connection::open(settings).await.expect("the server");
    let mut found = Vec::new();
    for statement in [
        "MATCH (n) RETURN toString(count(n)) AS found",
        "CALL db.labels() YIELD label RETURN label AS found",
        "CALL db.propertyKeys() YIELD propertyKey RETURN propertyKey AS found",
        "SHOW CONSTRAINTS YIELD name RETURN name AS found",
        "SHOW INDEXES YIELD name RETURN name AS found",
    ] {
        let query = neo4rs::query(statement);
        let mut rows = connection.graph().execute(query).await.expect("rows");
        while let Some(row) = rows.next().await.expect("a row") {
            found.push(row.get::<String>("found").expect("a text"));
        }
    }
    found
}

fn lab() -> Lab {
    Lab::new(World::small(), Options::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_from_empty_to_read_only() {
    let server = Server::start("");
    let settings = server.settings();
    let lab = lab();
    let before = content(&settings).await;
    let (lines, code) = check(&lab, &settings, |_| {});
    // Without events in its logs the tenant is not what is looked at here, and nothing of Neo4j stands against a load.
    assert_ne!(code, 1, "{lines:#?}");
    assert_eq!(content(&settings).await, before, "nothing is written");
    let [there, rights, constraints] = &lines[..] else {
        panic!("{lines:#?}");
    };
    assert!(there.starts_with("neo4j server | ok | 5."), "{there}");
    assert!(
        there.contains("community, database neo4j, as neo4j"),
        "{there}"
    );
    assert_eq!(rights, "neo4j rights | ok | can write | -");
    assert!(
        constraints.starts_with("neo4j constraints | absent | "),
        "{constraints}"
    );
    assert!(constraints.ends_with("constraints and indexes are not there yet | the next load creates them, or this does: linktrail schema apply"), "{constraints}");

    let connection = Connection::open(&settings).await.unwrap();
    connection.apply_schema().await.unwrap();
    drop(connection);
    let before = content(&settings).await;
    let (lines, _) = check(&lab, &settings, |_| {});
    assert!(
        lines[2].starts_with("neo4j constraints | ok | all "),
        "{lines:#?}"
    );
    assert_eq!(content(&settings).await, before, "nothing is written");

    server.run("stop");
    server.configure("server.databases.read_only=neo4j\n");
    server.run("start");
    let (lines, code) = check(&lab, &settings, |_| {});
    assert_eq!(
        code, 3,
        "the case is complete, and Neo4j lacks it: {lines:#?}"
    );
    assert!(
        lines[1].starts_with(
            "neo4j rights | missing | cannot write (Neo4j's database `neo4j` is read-only"
        ),
        "{lines:#?}"
    );
}

#[test]
fn a_wrong_password_and_a_database_that_is_not_there() {
    let lab = lab();
    let settings = settings();
    let (lines, code) = check(&lab, &settings, |command| {
        command.env("LINKTRAIL_NEO4J_PASSWORD", "not-the-password");
    });
    assert_eq!(code, 1, "{lines:#?}");
    let [line] = &lines[..] else {
        panic!("{lines:#?}");
    };
    assert!(
        line.starts_with(
            "neo4j server | failed | Neo4j refused user `neo4j`: wrong user or password"
        ),
        "{line}"
    );
    assert!(
        line.ends_with("| set [neo4j] user and LINKTRAIL_NEO4J_PASSWORD"),
        "{line}"
    );
    let (lines, code) = check(&lab, &settings, |command| {
        command.env("LINKTRAIL_NEO4J_DATABASE", "elsewhere");
    });
    assert_eq!(code, 1, "{lines:#?}");
    assert!(
        lines[0].contains("has no database `elsewhere`"),
        "{lines:#?}"
    );
    // Neo4j Browser's port.
    let http = server("HTTP").replace("http://", "bolt://");
    let (lines, code) = check(&lab, &settings, |command| {
        command.env("LINKTRAIL_NEO4J_URI", http);
    });
    assert_eq!(code, 1, "{lines:#?}");
    assert!(lines[0].contains("does not speak Bolt"), "{lines:#?}");
}
