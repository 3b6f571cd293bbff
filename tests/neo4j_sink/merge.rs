//! What two cases make of a node or an edge that both hold.

use std::collections::BTreeMap;

use linktrail::graph::node::{Team, User};
use linktrail::graph::{Edge, Graph, Seen};
use linktrail::sink::neo4j::Connection;
use neo4rs::BoltType;
use ulid::Ulid;

use crate::{Content, content, open, own_node};

/// The properties of the first node of that label, or edge of that type.
fn first<'c>(found: &'c Content, kind: &str) -> &'c BTreeMap<String, BoltType> {
    let of_kind = found.iter().find(|(key, _)| key.starts_with(kind));
    of_kind.unwrap_or_else(|| panic!("no {kind}: {found:?}")).1
}

fn string(value: &BoltType) -> String {
    match value {
        BoltType::String(text) => text.value.clone(),
        other => panic!("no text: {other:?}"),
    }
}

fn list(value: &BoltType) -> Vec<String> {
    match value {
        BoltType::List(items) => items.value.iter().map(string).collect(),
        other => panic!("no list: {other:?}"),
    }
}

/// Ids as new cases get them, the oldest first.
fn cases<const N: usize>() -> [String; N] {
    let mut ids = [(); N].map(|()| Ulid::new().to_string());
    ids.sort();
    ids
}

async fn load(connection: &Connection, graph: &Graph) {
    connection.load(graph, &|_, _| {}).await.expect("a load");
}

/// A user who has joined a team, as so many records say.
fn member(case: &str, world: &str, records: u64) -> Graph {
    let mut graph = Graph::new(case);
    for record in 1..=records {
        let seen = Seen::in_record(record);
        let user = graph.put(User::by_id(&format!("{world}-user")), seen);
        let team = Team {
            id: format!("{world}-team"),
            name: None,
        };
        let team = graph.put(team, seen);
        graph.link(user, Edge::MemberOf, team, seen);
    }
    graph.put(own_node(case), Seen::default());
    graph
}

/// How many records of each case stand in the evidence of what [`member`] makes.
async fn shares(connection: &Connection, world: &str, cases: &[String]) -> Vec<usize> {
    let found = content(connection, world).await;
    let evidence = list(&first(&found, "MEMBER_OF")["evidence"]);
    assert!(evidence.is_sorted() && evidence.len() <= 20, "{evidence:?}");
    for kind in ["User", "Team"] {
        assert_eq!(list(&first(&found, kind)["evidence"]), evidence, "{kind}");
    }
    let of_case = |case: &String| evidence.iter().filter(|id| id.starts_with(case)).count();
    cases.iter().map(of_case).collect()
}

#[tokio::test]
async fn each_case_keeps_its_share_of_the_evidence() {
    let connection = open().await;
    let world = Ulid::new().to_string().to_lowercase();
    let cases = cases::<3>();
    let [a, b, c] = [(0, 30), (1, 30), (2, 3)].map(|(at, n)| member(&cases[at], &world, n));

    load(&connection, &a).await;
    assert_eq!(shares(&connection, &world, &cases).await, [20, 0, 0]);
    load(&connection, &b).await;
    assert_eq!(shares(&connection, &world, &cases).await, [10, 10, 0]);
    load(&connection, &c).await;
    assert_eq!(
        shares(&connection, &world, &cases).await,
        [8, 9, 3],
        "what one does not need goes to the others"
    );
    let all = content(&connection, &world).await;
    for graph in [&c, &b, &a, &b, &b, &c, &a] {
        load(&connection, graph).await;
        assert_eq!(content(&connection, &world).await, all, "in any order");
    }

    connection.prune(&cases[0]).await.expect("a prune");
    assert_eq!(shares(&connection, &world, &cases).await, [0, 9, 3]);
    load(&connection, &b).await;
    assert_eq!(shares(&connection, &world, &cases).await, [0, 17, 3]);
    connection.prune(&cases[2]).await.expect("a prune");
    load(&connection, &b).await;
    assert_eq!(shares(&connection, &world, &cases).await, [0, 20, 0]);
    for graph in [&c, &a] {
        load(&connection, graph).await;
    }
    assert_eq!(shares(&connection, &world, &cases).await, [8, 9, 3]);
    for case in &cases {
        connection.prune(case).await.expect("a prune");
    }
}

#[tokio::test]
async fn of_more_cases_than_evidence_has_room_for_the_newest_have_one_record_each() {
    let connection = open().await;
    let world = Ulid::new().to_string().to_lowercase();
    let cases = cases::<22>();
    // The newest comes first, and one in the middle comes again.
    for case in cases.iter().rev().chain([&cases[11]]) {
        load(&connection, &member(case, &world, 2)).await;
    }
    let shares = shares(&connection, &world, &cases).await;
    assert_eq!((&shares[..2], &shares[2..]), (&[0; 2][..], &[1; 20][..]));
    for case in &cases {
        connection.prune(case).await.expect("a prune");
    }
}
