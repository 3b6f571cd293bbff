use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::node::{Case, Channel, Chat, Host, Message, Team, User, Verdict};
use super::schema::{connected_to, url as of_url, user as of_user, verdict as of_verdict};
use super::*;
use crate::model::{ChatKind, MatchKind, Severity, State, VerdictId};

const CASE: &str = "01JC0NT0S0000000000000000A";

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn url(graph: &mut Graph, id: &str, seen: Seen) -> NodeRef {
    let given = Given::default().with(of_url::HOST, Some("evil.example".to_owned()));
    graph.put_parts(Label::Url, id.to_owned(), given.into_observed(), seen)
}

fn numbers(facts: &Facts) -> Vec<u64> {
    facts.evidence.numbers().collect()
}

fn value(facts: &Facts, name: &str) -> Value {
    let found = facts.declared().find(|(known, _)| known.name == name);
    found.unwrap().1.to_owned()
}

fn lines(graph: &Graph) -> String {
    let mut out = Vec::new();
    jsonl::write(graph, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_edge_is_one_however_often_it_is_seen() {
    let mut graph = Graph::new(CASE);
    let user = graph.put(User::by_upn("Ann@Contoso.example"), Seen::in_record(1));
    let evil = url(&mut graph, "https://evil.example/", Seen::in_record(1));
    for (record, at, app) in [
        (3, "2026-10-02T00:00:00Z", "teams.exe"),
        (2, "2026-10-01T00:00:00Z", "ms-teams.exe"),
        (3, "2026-10-03T00:00:00Z", "teams.exe"),
    ] {
        let opened = Edge::Opened {
            count: 2,
            app: app.to_owned(),
        };
        graph.link(user, opened, evil, Seen::at(record, Some(moment(at))));
    }
    let edge = graph.edge(user, EdgeType::Opened, evil).unwrap();
    assert_eq!(value(&edge.facts, "count"), Value::Integer(6));
    assert_eq!(
        value(&edge.facts, "apps"),
        Value::List(vec!["ms-teams.exe".into(), "teams.exe".into()])
    );
    assert_eq!(edge.facts.first_seen, Some(moment("2026-10-01T00:00:00Z")));
    assert_eq!(edge.facts.last_seen, Some(moment("2026-10-03T00:00:00Z")));
    assert_eq!(numbers(&edge.facts), [2, 3]);
    assert_eq!(graph.edge_count(), 1);
}

#[test]
fn a_merged_node_hands_over_its_edges_of_both_directions() {
    let mut graph = Graph::new(CASE);
    let at = |day| Some(moment(&format!("2026-10-0{day}T00:00:00Z")));
    let known = graph.put(
        User {
            name: Some("Ann".into()),
            ..User::by_id("AAAA")
        },
        Seen::at(1, at(2)),
    );
    let alias = graph.put(User::by_upn("ann@contoso.example"), Seen::at(2, at(1)));
    let team = graph.put(
        Team {
            id: "T1".into(),
            name: None,
        },
        Seen::default(),
    );
    let host = graph.put(Host::new("", "PC-1").unwrap(), Seen::default());
    let evil = url(&mut graph, "https://evil.example/", Seen::default());
    let alert = graph.put_parts(Label::Alert, "a1".into(), Observed::new(), Seen::default());

    // Both nodes have this edge: it becomes one edge, with the counts and the records of both.
    graph.link(known, Edge::Used { count: 1 }, host, Seen::at(3, at(3)));
    graph.link(alias, Edge::Used { count: 4 }, host, Seen::at(4, at(4)));
    // Only the alias has these, one outgoing and one incoming.
    graph.link(alias, Edge::MemberOf, team, Seen::in_record(5));
    graph.link(alert, Edge::Mentions, alias, Seen::in_record(6));
    let opened = Edge::Opened {
        count: 1,
        app: String::new(),
    };
    graph.link(known, opened, evil, Seen::in_record(7));

    graph.merge(alias, known);

    assert_eq!(graph.find(Label::User, "upn:ann@contoso.example"), None);
    assert_eq!(graph.labelled(Label::User), [known]);
    assert_eq!(graph.targets(known, EdgeType::MemberOf), [team]);
    assert_eq!(graph.sources(known, EdgeType::Mentions), [alert]);
    assert_eq!(graph.targets(known, EdgeType::Opened), [evil]);
    let used = &graph.edge(known, EdgeType::Used, host).unwrap().facts;
    assert_eq!(value(used, "count"), Value::Integer(5));
    assert_eq!(numbers(used), [3, 4]);
    assert_eq!((used.first_seen, used.last_seen), (at(3), at(4)));
    let node = graph.node(known);
    assert_eq!(node.facts.get(of_user::NAME), Some("Ann"));
    assert_eq!(node.facts.get(of_user::UPN), Some("ann@contoso.example"));
    assert_eq!(
        (node.facts.first_seen, node.facts.last_seen),
        (at(1), at(2))
    );
    assert_eq!(numbers(&node.facts), [1, 2]);
    assert_eq!(graph.edge_count(), 4);

    // The index of edges is updated too: one more observation adds to the edge that moved.
    graph.link(known, Edge::MemberOf, team, Seen::in_record(8));
    assert_eq!(graph.edge_count(), 4);
    let member = graph.edge(known, EdgeType::MemberOf, team).unwrap();
    assert_eq!(numbers(&member.facts), [5, 8]);
}

#[test]
fn an_edge_between_the_two_becomes_a_loop_and_stays_one_edge() {
    let mut graph = Graph::new(CASE);
    let message = |id: &str| Message {
        id: id.into(),
        ..Message::default()
    };
    let root = graph.put(message("c/1"), Seen::default());
    let twin = graph.put(message("c/2"), Seen::default());
    let reply = || Edge::ReplyTo { at: None };
    graph.link(twin, reply(), root, Seen::in_record(1));
    graph.link(root, reply(), twin, Seen::in_record(2));
    graph.link(twin, reply(), twin, Seen::in_record(3));

    graph.merge(twin, root);

    assert_eq!(graph.edge_count(), 1);
    let edge = graph.edge(root, EdgeType::ReplyTo, root).unwrap();
    assert_eq!(numbers(&edge.facts), [1, 2, 3]);
}

#[test]
fn merging_a_node_into_itself_changes_nothing() {
    let mut graph = Graph::new(CASE);
    let user = graph.put(User::by_id("a"), Seen::in_record(1));
    let team = graph.put(
        Team {
            id: "t".into(),
            name: None,
        },
        Seen::default(),
    );
    graph.link(user, Edge::MemberOf, team, Seen::in_record(1));
    let before = lines(&graph);
    graph.merge(user, user);
    assert_eq!(lines(&graph), before);
}

#[test]
fn a_connection_holds_the_records_of_its_match_only() {
    let connected = |matched, count, source: &str| Edge::ConnectedTo {
        matched,
        sources: vec![source.to_owned()],
        count,
    };
    let by_host = || {
        (
            connected(MatchKind::Host, 9, "defender"),
            Seen::in_record(1),
        )
    };
    let by_url = || (connected(MatchKind::Url, 2, "proxy"), Seen::in_record(2));
    for order in [[by_host(), by_url()], [by_url(), by_host()]] {
        let mut graph = Graph::new(CASE);
        let host = graph.put(Host::new("D1", "pc").unwrap(), Seen::default());
        let evil = url(&mut graph, "https://evil.example/a", Seen::default());
        for (edge, seen) in order {
            graph.link(host, edge, evil, seen);
        }
        graph.link(
            host,
            connected(MatchKind::Url, 3, "proxy"),
            evil,
            Seen::in_record(3),
        );
        let facts = &graph.edge(host, EdgeType::ConnectedTo, evil).unwrap().facts;
        assert_eq!(facts.get(connected_to::MATCH), Some(MatchKind::Url));
        assert_eq!(value(facts, "count"), Value::Integer(5));
        assert_eq!(value(facts, "sources"), Value::List(vec!["proxy".into()]));
        assert_eq!(numbers(facts), [2, 3]);
    }
}

#[test]
fn an_id_too_long_for_an_index_is_found_by_its_whole_text() {
    let mut graph = Graph::new(CASE);
    let long = format!("https://evil.example/{}", "a".repeat(20_000));
    let node = url(&mut graph, &long, Seen::in_record(1));
    assert_eq!(url(&mut graph, &long, Seen::in_record(2)), node);
    let other = url(&mut graph, &format!("{long}b"), Seen::in_record(3));
    assert_ne!(other, node);
    assert_eq!(graph.find(Label::Url, &long), Some(node));
    assert!(graph.node(node).id.len() <= value::INDEX_LIMIT);

    graph.set(node, of_url::HOST, Some("h".repeat(20_000)));
    let host = "h".repeat(20_000);
    let loud = graph.put_parts(
        Label::Url,
        "https://loud.example/".into(),
        vec![(of_url::HOST.position(), Value::Text(host))],
        Seen::default(),
    );
    let stored = graph.node(loud).facts.get(of_url::HOST).unwrap();
    assert!(stored.len() <= value::INDEX_LIMIT);
}

#[test]
fn what_is_empty_is_absent() {
    let mut graph = Graph::new(CASE);
    let user = graph.put(User::by_id("a"), Seen::default());
    graph.set(user, of_user::NAME, Some(String::new()));
    let evil = url(&mut graph, "https://evil.example/", Seen::default());
    graph.set(evil, of_url::SIGNALS, Vec::new());
    let verdict = graph.put_parts(
        Label::Verdict,
        "otx|x".into(),
        vec![(of_verdict::SCORE.position(), Value::Number(f64::NAN))],
        Seen::default(),
    );
    for node in [user, evil, verdict] {
        let stored = graph.stored(graph.node(node));
        for name in ["name", "signals", "score", "evidence", "first_seen"] {
            assert!(!stored.contains_key(name), "{name}");
        }
        assert_eq!(stored["evidence_count"], Value::Integer(0));
    }
}

#[test]
fn evidence_is_the_first_twenty_records_and_the_count_of_all() {
    let mut graph = Graph::new(CASE);
    let user = graph.put(User::by_id("a"), Seen::default());
    for record in (1..=30).rev() {
        graph.see(user, Seen::in_record(record));
    }
    let stored = graph.stored(graph.node(user));
    assert_eq!(stored["evidence_count"], Value::Integer(30));
    let Value::List(ids) = &stored["evidence"] else {
        panic!("no list");
    };
    assert_eq!(ids.len(), schema::EVIDENCE_LIMIT);
    assert!(ids.is_sorted());
    assert!(ids.contains(&format!("{CASE}/20")));
    assert!(!ids.contains(&format!("{CASE}/21")));
}

/// A small graph with every type of property, and with names that an attacker would choose.
fn sample() -> Graph {
    let mut graph = Graph::new(CASE);
    let start = moment("2026-10-01T08:00:00Z");
    let case = graph.put(
        Case {
            id: CASE.into(),
            started: start,
            finished: Some(moment("2026-10-01T08:05:00.250Z")),
            window_from: moment("2026-09-01T00:00:00Z"),
            window_to: start,
            version: "0.1.0".into(),
            complete: true,
            gaps: vec!["messages: graph: 403 on 2 channels".into()],
            log_ends: vec![
                "OfficeActivity||2026-10-01T07:00:00Z|2026-09-01T00:00:00Z|2026-10-01T08:00:00Z"
                    .into(),
            ],
        },
        Seen::default(),
    );
    let user = graph.put(
        User {
            name: Some("Ann \"x\\\u{202e}\u{1b}[31m O'Neil\n".into()),
            ..User::by_upn("Ann@Contoso.example")
        },
        Seen::at(2, Some(start)),
    );
    let channel = graph.put(
        Channel {
            id: "19:general@thread.tacv2".into(),
            name: Some("General".into()),
            membership: Some("standard".into()),
        },
        Seen::in_record(3),
    );
    let chat = graph.put(
        Chat {
            id: "19:chat@unq.gbl.spaces".into(),
            kind: Some(ChatKind::OneOnOne),
            ..Chat::default()
        },
        Seen::in_record(3),
    );
    let sent_at = moment("2026-09-30T10:00:00.1234567Z");
    let message = graph.put(
        Message {
            id: "19:general@thread.tacv2/1790000000000".into(),
            created: Some(sent_at),
            edited: Some(false),
            preview: Some("Invoice \u{1f4ce} <b>".into()),
            ..Message::default()
        },
        Seen::at(3, Some(sent_at)),
    );
    let evil = url(
        &mut graph,
        "https://evil.example/a",
        Seen::at(3, Some(sent_at)),
    );
    graph.set(evil, of_url::RISKY, true);
    let verdict = graph.put(
        Verdict {
            severity: Some(Severity::High),
            score: Some(8.0),
            tags: vec!["phishing".into(), "malware".into()],
            checked: Some(start),
            ..Verdict::new(
                VerdictId::new(graph.case(), "xforce", "https://evil.example/a"),
                State::Hit,
            )
        },
        Seen::at(4, Some(start)),
    );
    let at = Some(sent_at);
    graph.link(user, Edge::Sent { at }, message, Seen::at(3, at));
    graph.link(message, Edge::PostedIn { at }, channel, Seen::at(3, at));
    graph.link(user, Edge::ParticipatesIn, chat, Seen::in_record(3));
    let contains = Edge::Contains {
        origin: "href",
        text: Some("https://contoso.example".into()),
        raw: "https://nam02.safelinks.protection.example/?url=x".into(),
        wrapped_by: vec!["teams".into(), "safelinks".into()],
        mismatch: true,
        defanged: false,
    };
    graph.link(message, contains, evil, Seen::at(3, at));
    graph.link(evil, Edge::HasVerdict, verdict, Seen::in_record(4));
    let started = Edge::StartedFrom {
        why: "by hand".into(),
    };
    graph.link(case, started, user, Seen::default());
    graph
}

#[test]
fn the_canonical_form_of_a_small_graph() {
    insta::assert_snapshot!(lines(&sample()));
}

#[test]
fn the_canonical_form_has_its_keys_and_lines_in_order() {
    let text = lines(&sample());
    let mut places = Vec::new();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let object = value.as_object().unwrap();
        let end = |name: &str| {
            let end = object[name].as_object().unwrap();
            assert!(end.keys().is_sorted());
            format!("{}|{}", end["label"], end["id"])
        };
        places.push(if object["kind"] == "node" {
            (
                0,
                object["label"].to_string(),
                object["id"].to_string(),
                String::new(),
            )
        } else {
            (1, object["type"].to_string(), end("from"), end("to"))
        });
        let spelt: Vec<_> = top_level_keys(line);
        assert!(spelt.is_sorted(), "{line}");
        assert!(object["properties"].as_object().unwrap().keys().is_sorted());
    }
    assert!(places.is_sorted());
    assert_eq!(text.matches('\n').count(), places.len(), "no line is split");
}

/// The keys of an object in the order of the text, since a parser may sort them.
fn top_level_keys(line: &str) -> Vec<String> {
    let (mut keys, mut depth, mut rest) = (Vec::new(), 0, line);
    while let Some(at) = rest.find(['{', '}', '"']) {
        let found = &rest[at..];
        match found.as_bytes()[0] {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {
                let mut stream = serde_json::Deserializer::from_str(found).into_iter::<String>();
                let text = stream.next().unwrap().unwrap();
                let end = stream.byte_offset();
                if depth == 1 && found[end..].starts_with(':') {
                    keys.push(text);
                }
                rest = &found[end..];
                continue;
            }
        }
        rest = &found[1..];
    }
    keys
}

proptest! {
    /// After any sequence of links and merges the graph holds the same edges as a plain set of pairs.
    #[test]
    fn merging_agrees_with_a_plain_model(steps in prop::collection::vec((0..6usize, 0..6usize, any::<bool>()), 0..40)) {
        let mut graph = Graph::new(CASE);
        let users: Vec<_> = (0..6).map(|n| graph.put(User::by_id(&format!("u{n}")), Seen::default())).collect();
        let teams: Vec<_> = (0..6)
            .map(|n| graph.put(Team { id: format!("t{n}").into(), name: None }, Seen::default()))
            .collect();
        let mut alive = [true; 6];
        let mut pairs = BTreeSet::new();
        for (a, b, merge) in steps {
            if merge {
                if a == b || !alive[a] || !alive[b] {
                    continue;
                }
                graph.merge(users[a], users[b]);
                alive[a] = false;
                pairs = pairs.into_iter().map(|(user, team)| (if user == a { b } else { user }, team)).collect();
            } else if alive[a] {
                graph.link(users[a], Edge::MemberOf, teams[b], Seen::default());
                pairs.insert((a, b));
            }
        }
        let found: BTreeSet<_> = graph
            .edges()
            .map(|(from, _, to)| {
                let number = |id: &str| id[1..].parse::<usize>().unwrap();
                (number(&from.id), number(&to.id))
            })
            .collect();
        prop_assert_eq!(graph.edge_count(), pairs.len());
        prop_assert_eq!(&found, &pairs);
        for (user, team) in pairs {
            prop_assert!(graph.edge(users[user], EdgeType::MemberOf, teams[team]).is_some());
        }
        prop_assert_eq!(graph.labelled(Label::User).len(), alive.iter().filter(|here| **here).count());
    }
}

/// A value of every kind, with what is awkward in JSON and in packed form.
fn awkward(kind: property::ValueKind) -> Value {
    use property::ValueKind as Kind;
    let texts = ["", "é\u{202e}\n\"", "b"].map(str::to_owned);
    match kind {
        Kind::Text => Value::Text("é\u{0}\u{2028}\"\\/</script>".into()),
        Kind::Integer => Value::Integer(i64::MIN),
        Kind::Number => Value::Number(-0.1),
        Kind::Boolean => Value::Boolean(false),
        Kind::Time => Value::Time(moment("0999-12-31T23:59:60.123Z")),
        Kind::Set | Kind::Sequence => Value::List(texts.to_vec()),
    }
}

fn awkward_properties(properties: &[schema::Property]) -> Observed {
    let values = properties.iter().map(|property| awkward(property.kind));
    (0..).zip(values).collect()
}

/// The id of a verdict begins with the case.
fn of_label(label: Label, id: &str) -> String {
    match label {
        Label::Verdict => VerdictId::new(CASE, "otx", id).to_string(),
        _ => id.to_owned(),
    }
}

fn awkward_id(label: Label) -> String {
    of_label(label, "é|\"\n")
}

fn bare_id(label: Label) -> String {
    of_label(label, "bare")
}

/// A url, a message and a sender who are risky or not, and a verdict with its edge.
fn rated(risky: bool) -> Graph {
    let mut graph = Graph::new(CASE);
    let seen = Seen::in_record(1);
    let evil = url(&mut graph, "https://evil.example/a|b", seen);
    let id = VerdictId::new(CASE, "otx", "https://evil.example/a|b");
    let verdict = graph.put(Verdict::new(id, State::Hit), seen);
    graph.link(evil, Edge::HasVerdict, verdict, seen);
    let message = graph.put(
        Message {
            id: "19:general@thread.tacv2/1".into(),
            ..Message::default()
        },
        seen,
    );
    let user = graph.put(User::by_id("ann"), seen);
    graph.set(evil, of_url::RISKY, risky);
    graph.set(message, schema::message::RISKY, risky);
    graph.set(user, schema::user::RISKY_SENDER, risky);
    graph
}

#[test]
fn what_is_risky_says_in_which_case() {
    let risky_in = format!("\"risky_in\":[\"{CASE}\"]");
    let (risky, harmless) = (lines(&rated(true)), lines(&rated(false)));
    assert_eq!(risky.matches(&risky_in).count(), 3, "{risky}");
    assert!(!harmless.contains("risky_in"), "{harmless}");
    for written in [risky, harmless] {
        assert_eq!(
            lines(&jsonl::read(CASE, written.as_bytes()).unwrap()),
            written
        );
    }
}

#[test]
fn a_graph_of_an_earlier_version_is_brought_up_when_it_is_read() {
    let now = lines(&rated(true));
    let before = now
        .replace(&format!(",\"risky_in\":[\"{CASE}\"]"), "")
        .replace(&format!("\"{CASE}|otx|"), "\"otx|");
    assert!(
        !before.contains("risky_in") && !before.contains(&format!("{CASE}|")),
        "{before}"
    );
    assert_eq!(lines(&jsonl::read(CASE, before.as_bytes()).unwrap()), now);
}

#[test]
fn a_graph_that_is_risky_in_another_case_is_refused() {
    let other = lines(&rated(true)).replace(
        &format!("\"risky_in\":[\"{CASE}\"]"),
        "\"risky_in\":[\"other\"]",
    );
    let refused = jsonl::read(CASE, other.as_bytes()).unwrap_err().to_string();
    assert!(
        refused.contains("risky_in is not what the schema says"),
        "{refused}"
    );
}

#[test]
fn a_written_graph_is_read_back_whatever_it_holds() {
    let mut graph = Graph::new(CASE);
    for (number, spec) in (1..).zip(schema::NODES) {
        let seen = Seen::at(number, Some(moment("2026-10-01T00:00:00.5Z")));
        let observed = awkward_properties(spec.properties);
        graph.put_parts(spec.label, awkward_id(spec.label), observed, seen);
        graph.put_parts(spec.label, bare_id(spec.label), Vec::new(), Seen::default());
    }
    for spec in schema::EDGES {
        for (from, to) in spec.joins {
            let from = graph.find(*from, &bare_id(*from)).unwrap();
            let to = graph.find(*to, &awkward_id(*to)).unwrap();
            let mut facts = Facts::default();
            facts.absorb(spec.kind.table(), awkward_properties(spec.properties));
            (1..=30).for_each(|record| facts.see(Seen::in_record(record)));
            graph.link_facts(from, spec.kind, to, facts);
        }
    }
    let written = lines(&graph);
    let read = jsonl::read(CASE, written.as_bytes()).unwrap();
    assert_eq!(lines(&read), written);
    assert_eq!(read.node_count(), 2 * schema::NODES.len());
}

#[test]
fn what_is_no_graph_of_this_case_is_refused_with_its_line() {
    let mut graph = Graph::new(CASE);
    let user = graph.put(User::by_upn("ann@contoso.example"), Seen::in_record(1));
    let evil = url(&mut graph, "https://evil.example/", Seen::in_record(1));
    let app = String::new();
    graph.link(user, Edge::Opened { count: 2, app }, evil, Seen::default());
    let written = lines(&graph);
    let refused = |text: &str| jsonl::read(CASE, text.as_bytes()).unwrap_err().to_string();
    for (old, new, reason) in [
        (
            r#""label":"Url","properties""#,
            r#""label":"Link","properties""#,
            "line 1: no label Link",
        ),
        (
            r#""upn":"ann"#,
            r#""nickname":"ann"#,
            "line 2: no property nickname",
        ),
        (
            r#""count":2"#,
            r#""count":"2""#,
            "line 3: count is not what the schema says",
        ),
        ("OPENED", "LOVED", "line 3: no type LOVED"),
        ("OPENED", "SENT", "line 3: "),
        (r#"{"from""#, r#"{"from"#, "line 3: "),
        (
            CASE,
            "01JC0NT0S0000000000000000B",
            "line 1: cases is not what the schema says",
        ),
    ] {
        let text = written.replacen(old, new, 1);
        assert_ne!(text, written, "{old}");
        let said = refused(&text);
        assert!(said.starts_with(reason), "{said}");
    }
    let (_, edge) = written.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(refused(edge), "line 1: an edge of a User that is no node");
    assert_eq!(
        refused("{}\n"),
        "line 1: missing field `properties` at line 1 column 2"
    );
}

#[test]
fn a_name_that_types_share_is_read_on_each_of_them() {
    use super::schema::{clicked, opened, url};
    let mut graph = Graph::new(CASE);
    let user = graph.put(User::by_upn("ann@contoso.example"), Seen::in_record(1));
    let evil = url_node(&mut graph);
    let app = String::new();
    graph.link(user, Edge::Opened { count: 3, app }, evil, Seen::default());
    let edge = graph.edge(user, EdgeType::Opened, evil).unwrap();
    assert_eq!(edge.facts.get(opened::COUNT), Some(3));
    assert_eq!(
        edge.facts.get(clicked::COUNT),
        Some(3),
        "the same word means the same"
    );
    assert_eq!(edge.facts.get(clicked::ACTIONS), None);
    let message = graph.put(Message::default(), Seen::default());
    graph.set(message, super::schema::message::RISKY, true);
    assert!(graph.node(message).facts.is(url::RISKY));
}

fn url_node(graph: &mut Graph) -> NodeRef {
    url(graph, "https://evil.example/", Seen::default())
}
