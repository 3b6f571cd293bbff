//! Bodies in the form that services send, and malformed ones.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::graph::node::{self, Alert, Channel, Chat, Host, Message, Team, User, Verdict};
use crate::graph::{Edge, Seen};
use crate::graph::{EdgeType, Graph, NodeRef};
use crate::journal::Method;
use crate::journal::Record;
use crate::model::{MatchKind, MessageId, State, VerdictId};

const ALICE: &str = "11111111-aaaa-4aaa-8aaa-111111111111";
const BOB: &str = "22222222-bbbb-4bbb-8bbb-222222222222";
const CHAT: &str =
    "19:11111111-aaaa-4aaa-8aaa-111111111111_22222222-bbbb-4bbb-8bbb-222222222222@unq.gbl.spaces";
const EVIL: &str = "https://evil.example/a";

pub(super) fn record(source: &str, url: &str, body: &Value) -> Record {
    Record {
        id: "01J/1".to_owned(),
        at: chrono::DateTime::default(),
        source: source.to_owned(),
        method: Method::Get,
        url: url.to_owned(),
        request: None,
        status: Some(200),
        headers: std::collections::BTreeMap::new(),
        chain: None,
        body: match body {
            Value::String(text) => text.clone(),
            body => body.to_string(),
        },
    }
}

fn of_graph(path: &str, body: Value) -> Record {
    record(
        "graph",
        &format!("https://graph.example/v1.0/{path}"),
        &body,
    )
}

/// A record with the rows of a query.
pub(super) fn of_table(columns: &[&str], rows: Value) -> Record {
    let columns: Vec<_> = columns.iter().map(|name| json!({"name": name})).collect();
    let table = json!({"name": "PrimaryResult", "columns": columns, "rows": rows});
    let body = json!({"tables": [{"name": "Stats", "columns": [], "rows": []}, table]});
    record(
        "log_analytics",
        "https://logs.example/v1/workspaces/w/query",
        &body,
    )
}

fn parts(graph: &Graph, element: Element, record: &Record) -> Parts {
    let resolver = Resolver::of(graph);
    let matcher = Matcher::new(&resolver, element);
    let parts = matcher.parts(record);
    // Beside other elements, and kept by position alone, it is the same.
    let whole = serde_json::to_value(&parts).unwrap();
    let beside = Matcher::parts_of_each(&[&matcher, &matcher], record, usize::MAX);
    assert_eq!(beside, [parts.clone(), parts.clone()]);
    assert_eq!(
        serde_json::to_value(matcher.excerpt(record)).unwrap(),
        whole
    );
    parts
}

pub(super) fn places(graph: &Graph, element: Element, record: &Record) -> Vec<usize> {
    let parts = parts(graph, element, record);
    parts.found.iter().map(|part| part.at).collect()
}

pub(super) fn url(graph: &mut Graph, text: &str) -> NodeRef {
    graph.put(
        node::Url(url::Url::parse(text).unwrap()),
        Seen::in_record(1),
    )
}

fn alice(graph: &mut Graph) -> NodeRef {
    let user = User {
        upn: Some("Alice@contoso.com".to_owned()),
        ..User::by_id(ALICE)
    };
    graph.put(user, Seen::in_record(1))
}

#[test]
fn a_url_is_found_by_where_a_link_leads() {
    let mut graph = Graph::new("01J");
    let (evil, longer) = (
        url(&mut graph, EVIL),
        url(&mut graph, "https://evil.example/ab"),
    );
    let safe = "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fa&amp;data=05&amp;reserved=0";
    let said = |content: &str| json!({"id": "1", "messageType": "message", "body": {"contentType": "html", "content": content}});
    let page = of_graph(
        "chats/19:c/messages?$top=50",
        json!({"value": [
            said(&format!("<a href=\"{safe}\">see</a>")),
            said("<a href='https://evil.example/ab'>x</a>"),
            said("hxxps://evil[.]example/a"),
            said("evil.example"),
            said("<a href=\"https://other.example/?u=https://evil.example/a\">x</a>"),
        ]}),
    );
    assert_eq!(places(&graph, Element::Node(evil), &page), [1, 3]);
    assert_eq!(places(&graph, Element::Node(longer), &page), [2]);

    let log = of_table(
        &["url", "action", "clicked_through", "upn"],
        json!([
            [
                "https://evil.example:443/a",
                "ClickBlocked",
                false,
                "alice@contoso.com"
            ],
            [
                "https://evil.example/ab",
                "ClickBlocked",
                false,
                "alice@contoso.com"
            ],
            [null, 7],
            "no row",
        ]),
    );
    assert_eq!(places(&graph, Element::Node(evil), &log), [1]);
    let user = alice(&mut graph);
    let click = Edge::Clicked {
        count: 1,
        action: String::new(),
        clicked_through: false,
        ip: String::new(),
    };
    graph.link(user, click, longer, Seen::in_record(1));
    let clicked = Element::Edge(user, EdgeType::Clicked, longer);
    assert_eq!(places(&graph, clicked, &log), [2]);
}

#[test]
fn a_user_is_found_by_id_or_by_upn_alone_and_not_in_other_ids() {
    let mut graph = Graph::new("01J");
    let alice = Element::Node(alice(&mut graph));
    let bob = Element::Node(graph.put(User::by_id(BOB), Seen::in_record(1)));
    // The id of a chat between two people contains both their ids.
    let chats = of_graph(
        &format!("users/{ALICE}/chats"),
        json!({"value": [{"id": CHAT}]}),
    );
    let of_alice = parts(&graph, alice, &chats);
    assert!(of_alice.note.unwrap().contains("the request names it"));
    assert!(parts(&graph, bob, &chats).found.is_empty());

    let log = of_table(
        &["object_id", "upn"],
        json!([
            [ALICE.to_uppercase(), "old.name@contoso.com"],
            ["", "ALICE@contoso.com"],
            [BOB, "alice@contoso.com"],
            ["", ""],
        ]),
    );
    assert_eq!(places(&graph, alice, &log), [1, 2]);
    assert_eq!(places(&graph, bob, &log), [3]);
}

#[test]
fn an_answer_to_a_message_is_not_that_message() {
    let mut graph = Graph::new("01J");
    let seen = Seen::in_record(1);
    let user = alice(&mut graph);
    let message = |graph: &mut Graph, id: &str| {
        let message = Message {
            id: MessageId::in_place("19:c", id),
            ..Message::default()
        };
        graph.put(message, seen)
    };
    let (root, reply) = (message(&mut graph, "1"), message(&mut graph, "2"));
    let channel = Channel {
        id: "19:c".into(),
        ..Channel::default()
    };
    let channel = graph.put(channel, seen);
    for node in [root, reply] {
        graph.link(user, Edge::Sent { at: None }, node, seen);
        graph.link(node, Edge::PostedIn { at: None }, channel, seen);
    }
    graph.link(reply, Edge::ReplyTo { at: None }, root, seen);
    let said = |id: &str, to: Option<&str>| json!({"id": id, "replyToId": to, "from": {"user": {"id": ALICE}}, "channelIdentity": {"channelId": "19:c", "teamId": "t"}});
    let page = of_graph(
        "teams('t')/channels/getallMessages?$skiptoken=x",
        json!({"value": [said("1", None), said("2", Some("1")), said("12", None)]}),
    );
    let at = |element| places(&graph, element, &page);
    assert_eq!(at(Element::Edge(user, EdgeType::Sent, root)), [1]);
    assert_eq!(at(Element::Edge(user, EdgeType::Sent, reply)), [2]);
    assert_eq!(at(Element::Edge(reply, EdgeType::ReplyTo, root)), [2]);
    assert_eq!(at(Element::Edge(root, EdgeType::PostedIn, channel)), [1, 2]);
    assert_eq!(at(Element::Node(root)), [1, 2]);
    assert_eq!(at(Element::Node(reply)), [2]);
    assert_eq!(at(Element::Node(user)), [1, 2, 3]);
}

#[test]
fn the_request_tells_whose_teams_and_members_they_are() {
    let mut graph = Graph::new("01J");
    let seen = Seen::in_record(1);
    let user = alice(&mut graph);
    let team = Team {
        id: "T1".into(),
        name: None,
    };
    let team = graph.put(team, seen);
    graph.link(user, Edge::MemberOf, team, seen);
    let chat = Chat {
        id: CHAT.into(),
        ..Chat::default()
    };
    let chat = graph.put(chat, seen);
    graph.link(user, Edge::ParticipatesIn, chat, seen);
    let teams = of_graph(
        "users/alice@contoso.com/joinedTeams",
        json!({"value": [{"id": "t2"}, {"id": "T1"}]}),
    );
    let member = Element::Edge(user, EdgeType::MemberOf, team);
    assert_eq!(places(&graph, member, &teams), [2]);
    let others = of_graph(
        &format!("users/{BOB}/joinedTeams"),
        json!({"value": [{"id": "T1"}]}),
    );
    assert!(
        parts(&graph, member, &others)
            .note
            .unwrap()
            .contains("one of them")
    );
    let encoded = CHAT.replace(':', "%3A");
    for path in [
        format!("chats/{CHAT}/members"),
        format!("chats('{encoded}')/members"),
    ] {
        let members = of_graph(
            &path,
            json!({"value": [{"id": ALICE, "userId": BOB}, {"id": "x", "userId": ALICE}]}),
        );
        let takes_part = Element::Edge(user, EdgeType::ParticipatesIn, chat);
        assert_eq!(places(&graph, takes_part, &members), [2], "{path}");
    }
}

#[test]
fn a_visit_to_the_host_speaks_of_the_url_for_those_hosts_alone() {
    let mut graph = Graph::new("01J");
    let evil = url(&mut graph, EVIL);
    let seen = Seen::in_record(1);
    let mut host = |id: &str, name: &str| graph.put(Host::new(id, name).unwrap(), seen);
    let (near, exact) = (host("d1", "pc-1.contoso.com"), host("", "pc-2"));
    for (host, matched) in [(near, MatchKind::Host), (exact, MatchKind::Url)] {
        let edge = Edge::ConnectedTo {
            matched,
            sources: Vec::new(),
            count: 1,
        };
        graph.link(host, edge, evil, seen);
    }
    let log = of_table(
        &["device_id", "device_name", "url", "destination", "events"],
        json!([
            ["D1", "renamed", "evil.example:443", "", 1],
            ["", "PC-2", "https://evil.example/a", "evil.example", 1],
            ["", "pc-2", "", "evil.example", 1],
            ["d3", "pc-3", "evil.example", "", 1],
        ]),
    );
    assert_eq!(places(&graph, Element::Node(evil), &log), [1, 2]);
    let at = |host| {
        places(
            &graph,
            Element::Edge(host, EdgeType::ConnectedTo, evil),
            &log,
        )
    };
    assert_eq!(at(near), [1]);
    assert_eq!(at(exact), [2]);
}

/// A row without a device id names a device by its name, or by a first label that no other device has.
#[test]
fn a_first_label_names_a_device_only_when_no_other_has_it() {
    let mut graph = Graph::new("01J");
    let seen = Seen::in_record(1);
    let mut host = |id: &str, name: &str| graph.put(Host::new(id, name).unwrap(), seen);
    let (one, other) = (
        host("d1", "web.paris.example"),
        host("d2", "web.rome.example"),
    );
    let (only, bare) = (host("d3", "db.paris.example"), host("", "web"));
    let log = of_table(
        &["device_id", "device_name"],
        json!([
            ["", "WEB"],
            ["", "web.rome.example"],
            ["", "db"],
            ["", "db.lan"],
            ["d1", "db"],
            ["", "web.oslo.example"],
            ["", ""],
        ]),
    );
    let at = |host| places(&graph, Element::Node(host), &log);
    assert_eq!(at(one), [5]);
    assert_eq!(at(other), [2]);
    assert_eq!(at(only), [3, 4]);
    assert_eq!(at(bare), [1]);
}

#[test]
fn entities_of_an_alert_are_read_not_searched() {
    let mut graph = Graph::new("01J");
    let evil = url(&mut graph, EVIL);
    let user = alice(&mut graph);
    let seen = Seen::in_record(1);
    let alert = |id: &str| Alert {
        id: id.into(),
        ..Alert::default()
    };
    let (one, two) = (graph.put(alert("a-1"), seen), graph.put(alert("a-2"), seen));
    for alert in [one, two] {
        graph.link(alert, Edge::Mentions, evil, seen);
        graph.link(alert, Edge::Mentions, user, seen);
    }
    let named = r#"[{"Type":"url","Url":"https:\/\/evil.example\/a"},{"Type":"account","Name":"alice","UPNSuffix":"contoso.com"}]"#;
    let other = r#"[{"Type":"url","Url":"https://evil.example/b"},{"Type":"file","Name":"https://evil.example/a"}]"#;
    let log = of_table(
        &["alert_id", "entities"],
        json!([
            ["a-1", named],
            ["a-2", other],
            ["a-3", "no JSON https://evil.example/a"]
        ]),
    );
    let at = |element| places(&graph, element, &log);
    assert_eq!(at(Element::Edge(one, EdgeType::Mentions, evil)), [1]);
    assert_eq!(at(Element::Edge(one, EdgeType::Mentions, user)), [1]);
    assert_eq!(at(Element::Node(evil)), [1]);
    assert_eq!(at(Element::Node(two)), [2]);
    let half = parts(&graph, Element::Edge(two, EdgeType::Mentions, user), &log);
    assert!(half.note.unwrap().contains("one of them"), "{half:?}");
}

#[test]
fn a_verdict_is_the_answer_the_rows_or_the_lines_about_its_url() {
    let mut graph = Graph::new("01J");
    let mut verdict = |provider: &str, url: &str| {
        let verdict = Verdict::new(VerdictId::new("01J", provider, url), State::Hit);
        Element::Node(graph.put(verdict, Seen::in_record(1)))
    };
    let (otx, list) = (verdict("otx", EVIL), verdict("file", EVIL));
    let (workspace, clean) = (
        verdict("sentinel", EVIL),
        verdict("file", "https://good.example/"),
    );
    let answer = record("otx", "https://otx.example/x", &"<html>".into());
    assert_eq!(places(&graph, otx, &answer), [1]);
    let file = record(
        "file",
        "file:///lists/evil.txt",
        &"# ours\nother.example\nevil.example\n".into(),
    );
    assert_eq!(places(&graph, list, &file), [3]);
    let nothing = parts(&graph, clean, &file);
    assert!(nothing.found.is_empty() && nothing.note.unwrap().contains("no line"));
    let rows = of_table(
        &["id", "kind", "value", "confidence"],
        json!([
            ["1", "domain", "evil.example", 90],
            ["2", "url", "https://evil.example/b", 90],
            ["3", "url", "evil.example", 9]
        ]),
    );
    assert_eq!(places(&graph, workspace, &rows), [1]);
}

proptest! {
    /// Whatever a service sends, parsing does not panic, and each found part is in the body.
    #[test]
    fn any_body_can_be_read(
        source in "graph|log_analytics|otx|file|",
        path in "(users|teams|chats|channels|v1.0|getAllMessages|members|messages|\\('x'\\)|x|/|%2F|%|'){0,6}",
        body in "(\\{|\\}|\\[|\\]|,|:|\"value\"|\"id\"|\"tables\"|\"rows\"|\"columns\"|null|1|\"\\PC{0,5}\"){0,30}|\\PC{0,40}",
    ) {
        let record = record(&source, &format!("https://graph.example/{path}"), &body.into());
        let mut graph = Graph::new("01J");
        let (evil, user) = (url(&mut graph, EVIL), alice(&mut graph));
        graph.link(user, Edge::Opened { count: 1, app: String::new() }, evil, Seen::default());
        let resolver = Resolver::of(&graph);
        let elements = [Element::Node(evil), Element::Node(user), Element::Edge(user, EdgeType::Opened, evil)];
        let matchers = elements.map(|element| Matcher::new(&resolver, element));
        let together = Matcher::parts_of_each(&matchers.each_ref(), &record, usize::MAX);
        for (matcher, parts) in matchers.iter().zip(together) {
            prop_assert_eq!(&matcher.parts(&record), &parts);
            let excerpt = serde_json::to_value(matcher.excerpt(&record)).unwrap();
            prop_assert_eq!(excerpt, serde_json::to_value(&parts).unwrap());
            prop_assert!(parts.found.iter().all(|part| (1..=parts.of).contains(&part.at)));
            prop_assert!(!parts.found.is_empty() || parts.note.is_some());
        }
    }

    /// Rows and items of any form.
    #[test]
    fn any_part_can_be_read(
        cells in prop::collection::vec("\\PC{0,12}", 8),
        columns in prop::sample::subsequence(vec!["url", "upn", "object_id", "device_id", "device_name", "events", "entities", "kind"], 0..8),
        nested in 0..200_usize,
    ) {
        let rows = json!([cells, [], {"a": 1}, null, ["[".repeat(nested)]]);
        let mut graph = Graph::new("01J");
        let evil = url(&mut graph, EVIL);
        for record in [of_table(&columns, rows.clone()), of_graph("chats/x/messages", json!({"value": rows}))] {
            let parts = parts(&graph, Element::Node(evil), &record);
            prop_assert_eq!(parts.of, 5);
        }
    }
}

/// A body of more parts than are compared at a time: whatever the block, each part is found, and at its place.
#[test]
fn parts_are_found_in_every_block() {
    let mut graph = Graph::new("01J");
    let (evil, user) = (url(&mut graph, EVIL), alice(&mut graph));
    graph.link(
        user,
        Edge::Opened {
            count: 1,
            app: String::new(),
        },
        evil,
        Seen::default(),
    );
    let opened = Element::Edge(user, EdgeType::Opened, evil);
    let upn = graph
        .node(user)
        .facts
        .get(crate::graph::schema::user::UPN)
        .unwrap()
        .to_owned();
    let row = |at: usize| match at {
        0 | 4095 | 4096 | 9999 => json!(["open", EVIL, upn]),
        10 | 5000 => json!(["open", EVIL, "other@contoso.com"]),
        _ => json!(["open", "https://fine.example/", "other@contoso.com"]),
    };
    let columns = ["kind", "url", "upn"];
    let whole = of_table(&columns, (0..10_000).map(row).collect());
    assert_eq!(places(&graph, opened, &whole), [1, 4096, 4097, 10_000]);
    assert_eq!(
        places(&graph, Element::Node(evil), &whole),
        [1, 11, 4096, 4097, 5001, 10_000]
    );
    // Where no part names both ends, those that name one are shown, from all blocks.
    let half = of_table(&columns, (1..4000).chain(4100..9000).map(row).collect());
    let parts = parts(&graph, opened, &half);
    assert_eq!(
        parts.found.iter().map(|part| part.at).collect::<Vec<_>>(),
        [10, 4900]
    );
    assert!(parts.note.is_some_and(|note| note.contains("one of them")));
}
