//! What two cases make of a node or an edge that both hold.

use std::collections::BTreeMap;

use linktrail::graph::node::{Case, Host, Message, Team, Url, User, Verdict};
use linktrail::graph::schema::{self, COMMON};
use linktrail::graph::{Edge, Graph, Seen};
use linktrail::model::{MatchKind, Severity, State, UrlSeverity, VerdictId};
use linktrail::sink::neo4j::Connection;
use neo4rs::BoltType;
use ulid::Ulid;

use super::{Content, at, content, open, own_node};

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
    let mut ids = [(); N].map(|()| Ulid::generate().to_string());
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
            id: format!("{world}-team").into(),
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
    let world = Ulid::generate().to_string().to_lowercase();
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
    let world = Ulid::generate().to_string().to_lowercase();
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

/// The one url of a world.
fn url_of(world: &str) -> Url {
    Url(url::Url::parse(&format!("https://{world}.example/")).unwrap())
}

/// A host that went to a url.
fn connected(
    case: &str,
    world: &str,
    matched: MatchKind,
    count: i64,
    source: &str,
    day: u64,
) -> Graph {
    let mut graph = Graph::new(case);
    let seen = Seen::at(day, at(&format!("2026-10-0{day}T10:00:00Z")));
    let host = graph.put(Host::new(&format!("{world}-host"), "pc").unwrap(), seen);
    let url = graph.put(url_of(world), seen);
    let edge = Edge::ConnectedTo {
        matched,
        sources: vec![source.to_owned()],
        count,
    };
    graph.link(host, edge, url, seen);
    graph
}

#[tokio::test]
async fn the_better_match_replaces_the_other_and_the_lesser_adds_its_case() {
    let connection = open().await;
    let world = Ulid::generate().to_string().to_lowercase();
    let cases = cases::<3>();
    let [a, b, c] = &cases;
    let by_host = connected(a, &world, MatchKind::Host, 9, "defender", 1);
    let by_url = connected(b, &world, MatchKind::Url, 2, "proxy", 3);
    let edge = async || first(&content(&connection, &world).await, "CONNECTED_TO").clone();

    load(&connection, &by_host).await;
    let host_alone = edge().await;
    load(&connection, &by_url).await;
    let both = edge().await;
    assert_eq!(list(&both["cases"]), [a.clone(), b.clone()]);
    connection.prune(a).await.expect("a prune");
    let mut url_alone = edge().await;
    // What each of them says is kept apart, beside the better match.
    let mut both_merged = both.clone();
    let said = |name: &str| list(&both[name]);
    assert_eq!(said("match_in"), [format!("{a}/host"), format!("{b}/url")]);
    assert_eq!(
        said("sources_in"),
        [format!("{a}/defender"), format!("{b}/proxy")]
    );
    both_merged.retain(|name, _| !name.ends_with("_in"));
    assert_eq!(string(&url_alone["match"]), "url");
    assert_eq!(url_alone["count"], BoltType::from(2));
    assert_eq!(list(&url_alone["sources"]), ["proxy"]);
    assert_eq!(list(&url_alone["evidence"]), [format!("{b}/3")]);
    assert_eq!(url_alone["first_seen"], url_alone["last_seen"]);
    url_alone.insert("cases".to_owned(), both["cases"].clone());
    assert_eq!(both_merged, url_alone, "nothing of the host's");
    for graph in [&by_host, &by_url, &by_url, &by_host, &by_host] {
        load(&connection, graph).await;
        assert_eq!(edge().await, both, "in any order");
    }

    // An equal one is merged.
    load(
        &connection,
        &connected(c, &world, MatchKind::Url, 4, "defender", 2),
    )
    .await;
    let three = edge().await;
    assert_eq!(three["count"], BoltType::from(4));
    assert_eq!(list(&three["sources"]), ["defender", "proxy"]);
    assert_eq!(
        list(&three["evidence"]),
        [format!("{b}/3"), format!("{c}/2")]
    );
    assert!(three["first_seen"] != three["last_seen"]);

    // What no case proves any longer gives way, also to the lesser.
    connection.prune(c).await.expect("a prune");
    connection.prune(b).await.expect("a prune");
    load(&connection, &by_host).await;
    assert_eq!(edge().await, host_alone);
    load(&connection, &by_url).await;
    load(
        &connection,
        &connected(b, &world, MatchKind::Host, 1, "proxy", 3),
    )
    .await;
    load(&connection, &by_host).await;
    assert_eq!(string(&edge().await["match"]), "host");
    for case in [a, b] {
        connection.prune(case).await.expect("a prune");
    }
}

/// A sender, a message and a url with every flag; without `flags` the message says nothing of them.
fn flagged(case: &str, world: &str, flags: Option<bool>) -> Graph {
    let mut graph = Graph::new(case);
    let seen = Seen::in_record(1);
    let user = graph.put(User::by_id(&format!("{world}-user")), seen);
    let message = Message {
        id: format!("19:{world}/1").into(),
        edited: flags,
        ..Message::default()
    };
    let message = graph.put(message, seen);
    let url = graph.put(url_of(world), seen);
    let on = flags == Some(true);
    let clicked = Edge::Clicked {
        count: 1,
        action: String::new(),
        clicked_through: on,
        ip: String::new(),
    };
    graph.link(user, clicked, url, seen);
    let contains = Edge::Contains {
        origin: "href",
        text: None,
        raw: String::new(),
        wrapped_by: Vec::new(),
        mismatch: on,
        defanged: false,
    };
    graph.link(message, contains, url, seen);
    if let Some(on) = flags {
        graph.set(user, schema::user::RISKY_SENDER, on);
        graph.set(message, schema::message::RISKY, on);
        graph.set(url, schema::url::RISKY, on);
        let severity = if on {
            UrlSeverity::High
        } else {
            UrlSeverity::Information
        };
        graph.set(url, schema::url::SEVERITY, severity);
    }
    graph
}

#[tokio::test]
async fn a_flag_is_true_while_a_case_says_so_and_a_rating_is_that_of_any_case() {
    let connection = open().await;
    let world = Ulid::generate().to_string().to_lowercase();
    let cases = cases::<3>();
    let [a, b, c] = &cases;
    let silent = flagged(a, &world, None);
    let (on, off) = (
        flagged(b, &world, Some(true)),
        flagged(c, &world, Some(false)),
    );
    let ever = [
        ("Message", "edited"),
        ("CLICKED", "clicked_through"),
        ("CONTAINS", "mismatch"),
    ];
    let ratings = [
        ("Url", "risky"),
        ("Message", "risky"),
        ("User", "risky_sender"),
    ];
    let flags = async |names: &[(&str, &str)]| -> Vec<Option<BoltType>> {
        let found = content(&connection, &world).await;
        let flag = |(kind, name): &(&str, &str)| first(&found, kind).get(*name).cloned();
        names.iter().map(flag).collect()
    };
    let all = |on: bool, n| vec![Some(BoltType::from(on)); n];

    load(&connection, &silent).await;
    load(&connection, &silent).await;
    let absent = flags(&[ever[0], ratings[2]]).await;
    assert_eq!(absent, [None, None], "absent stays absent");
    load(&connection, &off).await;
    assert_eq!(flags(&ever).await, all(false, 3));
    load(&connection, &on).await;
    assert_eq!(flags(&ever).await, all(true, 3));
    assert_eq!(flags(&ratings).await, all(true, 3));
    load(&connection, &off).await;
    assert_eq!(flags(&ever).await, all(true, 3));
    assert_eq!(flags(&ratings).await, all(true, 3));
    load(&connection, &silent).await;
    assert_eq!(flags(&ever).await, all(true, 3));
    load(&connection, &flagged(b, &world, Some(false))).await;
    assert_eq!(flags(&ratings).await, all(false, 3));
    assert_eq!(flags(&ever).await, all(false, 3));
    for case in &cases {
        connection.prune(case).await.expect("a prune");
    }
}

/// A verdict, a link and a case that say all they can, or only what they must, and a user who has a name or none.
fn stated(case: &str, world: &str, all: bool) -> Graph {
    let mut graph = Graph::new(case);
    let seen = Seen::in_record(1);
    let only = |text: &str| all.then(|| text.to_owned());
    let many = |text: &str| only(text).into_iter().collect();
    let started = at("2026-10-02T10:00:00Z").unwrap();
    let url = url_of(world);
    let address = url.0.to_string();
    let verdict = Verdict {
        severity: all.then_some(Severity::High),
        score: all.then_some(7.0),
        summary: only("7 pulses"),
        tags: many("phishing"),
        reference: only("https://otx.example/"),
        checked: all.then_some(started),
        asked: only("https://masked.example/"),
        ..Verdict::new(
            VerdictId::new(case, "otx", &address),
            if all { State::Hit } else { State::Unavailable },
        )
    };
    graph.put(verdict, seen);
    let message = Message {
        id: format!("19:{world}/1").into(),
        subject: only("Salaries"),
        ..Message::default()
    };
    let message = graph.put(message, seen);
    let url = graph.put(url, seen);
    let contains = Edge::Contains {
        origin: "href",
        text: only("here"),
        raw: address,
        wrapped_by: many("safelinks"),
        mismatch: false,
        defanged: false,
    };
    graph.link(message, contains, url, seen);
    let node = Case {
        finished: all.then_some(started),
        gaps: many("intel: otx: 503"),
        ..own_node(&format!("{world}-case"))
    };
    graph.put(node, Seen::default());
    graph
}

#[tokio::test]
async fn a_statement_replaces_the_one_before_as_a_whole() {
    let connection = open().await;
    let world = Ulid::generate().to_string().to_lowercase();
    let cases = cases::<2>();
    let [whole, bare] = [true, false].map(|all| stated(&cases[usize::from(!all)], &world, all));
    let statements = async || {
        let found = content(&connection, &world).await;
        ["CONTAINS", "Case"].map(|kind| {
            let mut statement = first(&found, kind).clone();
            // What each case says is kept apart.
            statement.retain(|name, _| {
                COMMON.iter().all(|common| common.name != name) && !name.ends_with("_in")
            });
            statement
        })
    };

    load(&connection, &bare).await;
    let bare_alone = statements().await;
    load(&connection, &whole).await;
    let whole_after = statements().await;
    load(&connection, &bare).await;
    assert_eq!(statements().await, bare_alone);
    let found = content(&connection, &world).await;
    assert!(
        first(&found, "Message").contains_key("subject"),
        "what a case does not know it leaves alone"
    );
    load(&connection, &whole).await;
    assert_eq!(statements().await, whole_after);
    for case in &cases {
        connection.prune(case).await.expect("a prune");
    }
}
