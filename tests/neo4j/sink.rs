//! The Neo4j sink on its own: what two cases share, what one leaves behind, and what is taken out again.

mod merge;

use chrono::{DateTime, Utc};
use linktrail::graph::node::{Case, Message, Url, User};
use linktrail::graph::{Edge, Graph, Seen, schema};
use linktrail::model::Signal;
use linktrail::sink::neo4j::{Connection, Settings, Tuning};
use neo4rs::BoltType;
use tokio::sync::Notify;
use ulid::Ulid;

use crate::shared::{Content, content, open, settings};

fn at(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().expect("a time"))
}

/// A user who clicked and sent a url; `world` keeps tests apart, `own` is what only this case has.
fn graph(case: &str, world: &str, own: &str, clicks: i64, when: &str) -> Graph {
    let mut graph = Graph::new(case);
    let seen = Seen::at(3, at(when));
    let hostile = "O'Brien \"; MATCH (n) DETACH DELETE n // \u{202e}\n`";
    let user = User {
        name: Some(hostile.to_owned()),
        mail: Some(format!("{own}@contoso.com")),
        ..User::by_id(world)
    };
    let user = graph.put(user, seen);
    let url = graph.put(
        Url(url::Url::parse(&format!("https://shared.example/{world}")).unwrap()),
        seen,
    );
    let message = graph.put(
        Message {
            id: format!("19:{world}/{own}").into(),
            created: seen.at,
            ..Message::default()
        },
        seen,
    );
    graph.link(user, Edge::Sent { at: seen.at }, message, seen);
    let edge = Edge::Clicked {
        count: clicks,
        action: format!("Click{own}"),
        clicked_through: clicks > 2,
        ip: String::new(),
    };
    graph.link(user, edge, url, seen);
    let signal = own.bytes().map(usize::from).sum::<usize>() % Signal::ALL.len();
    graph.set(url, schema::url::SIGNALS, vec![Signal::ALL[signal]]);
    graph
}

fn text(value: &BoltType) -> String {
    format!("{value:?}")
}

#[tokio::test]
async fn two_cases_become_one_and_part_again() {
    let connection = open().await;
    let (world, a, b) = (
        Ulid::generate().to_string().to_lowercase(),
        Ulid::generate().to_string(),
        Ulid::generate().to_string(),
    );
    let first = graph(&a, &world, "a", 5, "2026-10-01T10:00:00Z");
    let second = graph(&b, &world, "b", 2, "2026-10-03T10:00:00Z");

    let counters = connection.load(&first, &|_, _| {}).await.expect("a load");
    assert_eq!(
        (
            counters.nodes_created,
            counters.relationships_created,
            counters.rows
        ),
        (3, 2, 5)
    );
    let alone = content(&connection, &world).await;
    connection.load(&first, &|_, _| {}).await.expect("a load");
    assert_eq!(
        content(&connection, &world).await,
        alone,
        "loading twice changes nothing"
    );

    connection.load(&second, &|_, _| {}).await.expect("a load");
    let both = content(&connection, &world).await;
    let clicked = both
        .iter()
        .find(|(key, _)| key.starts_with("CLICKED"))
        .expect("the edge")
        .1;
    assert_eq!(
        text(&clicked["count"]),
        text(&BoltType::from(5)),
        "the higher count stays"
    );
    for own in ["Clicka", "Clickb"] {
        assert!(text(&clicked["actions"]).contains(own), "{clicked:?}");
    }
    for case in [&a, &b] {
        assert!(
            text(&clicked["cases"]).contains(case.as_str())
                && text(&clicked["evidence"]).contains(case.as_str())
        );
    }
    assert_ne!(
        text(&clicked["first_seen"]),
        text(&clicked["last_seen"]),
        "both spans count"
    );
    let user = both
        .iter()
        .find(|(key, _)| key.starts_with("User"))
        .expect("the user")
        .1;
    assert!(
        text(&user["mail"]).contains("b@contoso.com"),
        "what was pushed last wins"
    );

    // The other way round the lists, times and counts are the same.
    connection.load(&first, &|_, _| {}).await.expect("a load");
    let again = content(&connection, &world).await;
    let clicked_again = again
        .iter()
        .find(|(key, _)| key.starts_with("CLICKED"))
        .expect("the edge")
        .1;
    for name in [
        "count",
        "actions",
        "cases",
        "evidence",
        "first_seen",
        "last_seen",
    ] {
        assert_eq!(clicked_again[name], clicked[name], "{name}");
    }

    let pruned = connection.prune(&b).await.expect("a prune");
    assert_eq!(
        (pruned.nodes_deleted, pruned.relationships_deleted),
        (1, 1),
        "b's own message, and who sent it"
    );
    let left = content(&connection, &world).await;
    assert_eq!(
        left.keys().collect::<Vec<_>>(),
        alone.keys().collect::<Vec<_>>()
    );
    for (key, properties) in &left {
        for name in ["cases", "evidence"] {
            assert_eq!(properties.get(name), alone[key].get(name), "{key} {name}");
        }
    }
    assert_eq!(connection.prune(&b).await.expect("a prune").rows, 0);
    connection.prune(&a).await.expect("a prune");
    assert!(content(&connection, &world).await.is_empty());
}

#[tokio::test]
async fn what_a_case_no_longer_holds_is_swept() {
    let connection = open().await;
    let (world, case) = (
        Ulid::generate().to_string().to_lowercase(),
        Ulid::generate().to_string(),
    );
    connection
        .load(
            &graph(&case, &world, "a", 1, "2026-10-01T10:00:00Z"),
            &|_, _| {},
        )
        .await
        .expect("a load");
    connection
        .load(
            &graph(&case, &world, "b", 1, "2026-10-01T10:00:00Z"),
            &|_, _| {},
        )
        .await
        .expect("a load");
    let found = content(&connection, &world).await;
    assert!(
        !found
            .keys()
            .any(|key| key.starts_with("Message") && key.ends_with("/a")),
        "{:?}",
        found.keys()
    );
    assert_eq!(found.len(), 5);
    connection.prune(&case).await.expect("a prune");
}

/// The same with the case's own node, as every load has it.
fn whole(case: &str, world: &str, own: &str) -> Graph {
    let mut graph = graph(case, world, own, 1, "2026-10-01T10:00:00Z");
    graph.put(own_node(case), Seen::default());
    graph
}

/// The node of a case itself.
fn own_node(id: &str) -> Case {
    let started = at("2026-10-02T10:00:00Z").unwrap();
    Case {
        id: id.into(),
        started,
        finished: None,
        window_from: started,
        window_to: started,
        version: "1".to_owned(),
        complete: true,
        gaps: Vec::new(),
        log_ends: Vec::new(),
    }
}

#[tokio::test]
async fn what_a_load_that_broke_off_left_is_swept() {
    let (world, case) = (
        Ulid::generate().to_string().to_lowercase(),
        Ulid::generate().to_string(),
    );
    let connection = open().await.with_tuning(Tuning {
        rows: 1,
        sessions: 1,
        ..Tuning::default()
    });
    let enough = Notify::new();
    let first = whole(&case, &world, "a");
    let progress = |done, _| {
        if done == 2 {
            enough.notify_one();
        }
    };
    tokio::select! {
        _ = connection.load(&first, &progress) => panic!("it came to its end"),
        () = enough.notified() => {}
    }
    let left: Vec<_> = content(&connection, &world).await.into_keys().collect();
    assert_eq!(left, [format!("Message 19:{world}/a")]);

    connection
        .load(&whole(&case, &world, "b"), &|_, _| {})
        .await
        .expect("a load");
    let found = content(&connection, &world).await;
    assert_eq!(found.len(), 5, "{:?}", found.keys());
    assert!(!found.contains_key(&left[0]), "{:?}", found.keys());
    connection.prune(&case).await.expect("a prune");
    assert!(content(&connection, &world).await.is_empty());
}

#[tokio::test]
async fn the_size_of_a_batch_makes_no_difference() {
    let (world, case) = (
        Ulid::generate().to_string().to_lowercase(),
        Ulid::generate().to_string(),
    );
    let graph = graph(&case, &world, "a", 1, "2026-10-01T10:00:00Z");
    let connection = open().await;
    connection.load(&graph, &|_, _| {}).await.expect("a load");
    let whole = content(&connection, &world).await;
    connection.prune(&case).await.expect("a prune");
    let connection = connection.with_tuning(Tuning {
        rows: 1,
        sessions: 2,
        ..Tuning::default()
    });
    connection
        .load(&graph, &|done, all| assert!(done <= all))
        .await
        .expect("a load");
    assert_eq!(content(&connection, &world).await, whole);
    connection.prune(&case).await.expect("a prune");
}

#[tokio::test]
async fn a_database_that_is_missing_is_named() {
    let settings = Settings {
        database: "nowhere".to_owned(),
        ..settings()
    };
    let error = Connection::open(&settings)
        .await
        .expect_err("there is none")
        .to_string();
    assert!(error.contains("no database `nowhere`"), "{error}");
}
