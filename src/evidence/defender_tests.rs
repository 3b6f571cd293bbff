//! Rows about messages, clicks and alerts of Defender, as a workspace and as advanced hunting answer them: the very row
//! that proves an element is shown, and no other.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Map, Value, json};

use super::tests::{of_table, places, record, url};
use super::*;
use crate::graph::node::{Alert, Channel, Chat, Host, Message, Team, User, Verdict};
use crate::graph::{Edge, EdgeType, Graph, NodeRef, Seen};
use crate::journal::Record;
use crate::model::{MatchKind, MessageId, State, UserId, VerdictId};

const EVIL: &str = "https://evil.example/a";
const FINE: &str = "https://fine.example/";
const CHAT: &str = "19:one@thread.v2";
const CHANNEL: &str = "19:c@thread.tacv2";
const TEAM: &str = "5bd40004-231d-48e5-b6a0-0c5740d762dd";
const ADA: &str = "11111111-aaaa-4aaa-8aaa-111111111111";
const EVE: &str = "22222222-bbbb-4bbb-8bbb-222222222222";
const ZEROS: &str = "00000000-0000-0000-0000-000000000000";

/// The rows as both places answer them: in the workspace a row is a list, in advanced hunting an object in which
/// annotations stand between the fields, a boolean is a number, and null an empty object.
fn both(rows: &[Value]) -> [Record; 2] {
    let first = rows[0].as_object().unwrap();
    let columns: Vec<&str> = first.keys().map(String::as_str).collect();
    let cells = rows.iter().map(|row| {
        let cells = columns.iter().map(|name| row.get(name).cloned());
        Value::from_iter(cells.map(Option::unwrap_or_default))
    });
    let table = of_table(&columns, cells.collect());
    let objects = rows.iter().map(|row| {
        let mut object = Map::new();
        for (name, value) in row.as_object().unwrap() {
            object.insert(format!("{name}@odata.type"), json!("#String"));
            let value = match value {
                Value::Bool(flag) => json!(u8::from(*flag)),
                Value::Null => json!({}),
                value => value.clone(),
            };
            object.insert(name.to_uppercase(), value);
        }
        Value::Object(object)
    });
    let answer = json!({"schema": [], "results": objects.collect::<Value>()});
    let hunting = "https://graph.example/v1.0/security/runHuntingQuery";
    [table, record("hunting", hunting, &answer)]
}

/// What is shown of the rows, which is the same in both forms.
fn shown(graph: &Graph, element: Element, rows: &[Value]) -> Vec<usize> {
    let [table, hunting] = both(rows);
    let found = places(graph, element, &table);
    assert_eq!(places(graph, element, &hunting), found, "in hunting");
    found
}

/// A row of a query, of whose columns only some need to be given.
fn with(base: Value, given: Value) -> Value {
    let mut row = base.as_object().unwrap().clone();
    row.extend(given.as_object().unwrap().clone());
    Value::Object(row)
}

/// A row of messages_on: Eve's message 1 in the chat, which Ada received.
fn message(given: Value) -> Value {
    let details = json!([
        {"RecipientObjectId": ADA, "RecipientSmtpAddress": "ada@contoso.example"},
        {"RecipientObjectId": ZEROS, "RecipientSmtpAddress": "Bob@contoso.example"},
    ]);
    let row = json!({
        "time": "2026-10-05T10:00:00Z", "url": EVIL, "teams_message_id": format!("/chats/{CHAT}/messages/1"),
        "message_id": "1", "parent_id": "1", "edited": "", "sender_upn": "eve@evil.example", "sender_id": EVE,
        "sender_name": "Eve", "sender_type": "User", "team_id": "", "team_name": "", "thread_id": CHAT,
        "thread_name": "", "thread_type": "chat", "subject": "", "recipients": details.to_string(), "owned": true,
        "external": null, "delivery": "Teams", "message_threats": "", "url_threats": "",
    });
    with(row, given)
}

/// The same for a message in the channel.
fn post(id: &str, parent: &str, given: Value) -> Value {
    let group =
        json!([{"RecipientObjectId": ZEROS, "RecipientSmtpAddress": "bob@contoso.example"}]);
    let row = message(json!({
        "teams_message_id": format!("/teams/{TEAM}/channels/{CHANNEL}/messages/{id}"), "message_id": id,
        "parent_id": parent, "team_id": TEAM, "thread_id": CHANNEL, "thread_type": "space",
        "recipients": group.to_string(),
    }));
    with(row, given)
}

struct World {
    graph: Graph,
    ada: NodeRef,
    bob: NodeRef,
    eve: NodeRef,
    evil: NodeRef,
    fine: NodeRef,
    chat: NodeRef,
    channel: NodeRef,
    team: NodeRef,
}

impl World {
    fn new() -> Self {
        let mut graph = Graph::new("01J");
        let seen = Seen::in_record(1);
        let bob = User {
            id: UserId::upn("bob@contoso.example"),
            ..User::default()
        };
        let chat = Chat {
            id: CHAT.into(),
            ..Chat::default()
        };
        let channel = Channel {
            id: CHANNEL.into(),
            ..Channel::default()
        };
        let team = Team {
            id: TEAM.into(),
            name: None,
        };
        Self {
            ada: graph.put(User::by_id(ADA), seen),
            bob: graph.put(bob, seen),
            eve: graph.put(User::by_id(EVE), seen),
            evil: url(&mut graph, EVIL),
            fine: url(&mut graph, FINE),
            chat: graph.put(chat, seen),
            channel: graph.put(channel, seen),
            team: graph.put(team, seen),
            graph,
        }
    }

    fn message(&mut self, thread: &str, id: &str) -> NodeRef {
        let message = Message {
            id: MessageId::in_place(thread, id),
            ..Message::default()
        };
        self.graph.put(message, Seen::in_record(1))
    }

    fn alert(&mut self, id: &str) -> NodeRef {
        let alert = Alert {
            id: id.into(),
            ..Alert::default()
        };
        self.graph.put(alert, Seen::in_record(1))
    }

    fn verdict(&mut self, provider: &str, url: &str) -> Element {
        let verdict = Verdict::new(VerdictId::new("01J", provider, url), State::Hit);
        Element::Node(self.graph.put(verdict, Seen::in_record(1)))
    }

    fn node(&self, node: NodeRef, rows: &[Value]) -> Vec<usize> {
        shown(&self.graph, Element::Node(node), rows)
    }

    /// What is shown for an edge, which is put into the graph.
    fn edge(&mut self, from: NodeRef, edge: Edge, to: NodeRef, rows: &[Value]) -> Vec<usize> {
        let kind = edge.kind();
        self.graph.link(from, edge, to, Seen::in_record(1));
        shown(&self.graph, Element::Edge(from, kind, to), rows)
    }
}

fn contains() -> Edge {
    Edge::Contains {
        origin: "log",
        text: None,
        raw: String::new(),
        wrapped_by: Vec::new(),
        mismatch: false,
        defanged: false,
    }
}

/// The rows for an edge of which none names both ends show those that name one, with a note: these are none.
fn none(graph: &Graph, element: Element, rows: &[Value]) {
    for record in both(rows) {
        let resolver = Resolver::of(graph);
        let parts = Matcher::new(&resolver, element).parts(&record);
        let note = parts.note.unwrap_or_default();
        assert!(
            note.contains("one of them") || note.contains("no part"),
            "{parts:?}"
        );
    }
}

#[test]
fn a_message_in_a_chat_is_shown_by_its_rows() {
    let mut world = World::new();
    let (one, other) = (world.message(CHAT, "1"), world.message(CHAT, "12"));
    let encoded = format!(
        "/chats/{}/messages/1",
        CHAT.replace(':', "%3A").replace('@', "%40")
    );
    let forwarded = json!([{"RecipientObjectId": EVE, "RecipientSmtpAddress": "eve@evil.example"}]);
    let texts = json!([json!({"RecipientObjectId": ADA.to_uppercase()}).to_string()]);
    let rows = [
        message(json!({})),
        message(json!({"url": FINE})),
        // Ada answers, and Eve receives it.
        message(
            json!({"message_id": "12", "parent_id": "12", "teams_message_id": format!("/chats/{CHAT}/messages/12"),
            "sender_id": ADA, "sender_upn": "ada@contoso.example", "recipients": forwarded.to_string(), "url": FINE}),
        ),
        // The columns are empty, and the path says it.
        message(
            json!({"message_id": "", "thread_id": "", "teams_message_id": encoded, "sender_id": ZEROS,
            "sender_upn": "EVE@evil.example", "recipients": texts.to_string(), "parent_id": ""}),
        ),
        // Of another thread.
        message(
            json!({"thread_id": "19:two@thread.v2", "teams_message_id": "/chats/19:two@thread.v2/messages/1"}),
        ),
        // Which message it is cannot be told.
        message(json!({"message_id": "", "teams_message_id": "m-1"})),
    ];
    assert_eq!(world.node(one, &rows), [1, 2, 4]);
    assert_eq!(world.node(other, &rows), [3]);
    assert_eq!(world.node(world.chat, &rows), [1, 2, 3, 4]);
    let (ada, bob, eve) = (world.ada, world.bob, world.eve);
    assert_eq!(world.node(ada, &rows), [1, 2, 3, 4, 5]);
    assert_eq!(world.node(bob, &rows), [1, 2, 5]);
    assert_eq!(world.edge(eve, Edge::Sent { at: None }, one, &rows), [1, 2]);
    assert_eq!(world.edge(ada, Edge::Sent { at: None }, other, &rows), [3]);
    let received = || Edge::Received { at: None };
    assert_eq!(world.edge(ada, received(), one, &rows), [1, 2, 4]);
    assert_eq!(world.edge(bob, received(), one, &rows), [1, 2]);
    assert_eq!(world.edge(eve, received(), other, &rows), [3]);
    let chat = world.chat;
    assert_eq!(
        world.edge(one, Edge::PostedIn { at: None }, chat, &rows),
        [1, 2, 4]
    );
    let (evil, fine) = (world.evil, world.fine);
    assert_eq!(world.edge(one, contains(), evil, &rows), [1, 4]);
    assert_eq!(world.edge(one, contains(), fine, &rows), [2]);
    assert_eq!(world.edge(other, contains(), fine, &rows), [3]);
    // Whoever received a message did not send it, and the other way round.
    for (from, edge, to) in [
        (ada, Edge::Sent { at: None }, one),
        (eve, received(), one),
        (ada, received(), other),
        (other, contains(), evil),
    ] {
        let element = Element::Edge(from, edge.kind(), to);
        world.graph.link(from, edge, to, Seen::in_record(1));
        none(&world.graph, element, &rows);
    }
}

#[test]
fn a_sender_without_an_id_is_shown_by_the_address() {
    let mut world = World::new();
    let one = world.message(CHAT, "1");
    let bob = world.bob;
    let rows = [
        message(json!({"sender_id": "", "sender_upn": "Bob@contoso.example", "recipients": ""})),
        message(json!({"sender_id": ZEROS, "sender_upn": "bob@contoso.example", "recipients": ""})),
        message(json!({"sender_id": EVE, "sender_upn": "bob@contoso.example", "recipients": ""})),
    ];
    assert_eq!(world.edge(bob, Edge::Sent { at: None }, one, &rows), [1, 2]);
}

#[test]
fn a_reply_in_a_channel_is_shown_with_its_root_and_its_team() {
    let mut world = World::new();
    let (root, reply) = (world.message(CHANNEL, "1"), world.message(CHANNEL, "2"));
    let path = format!("/teams/{TEAM}/channels/{CHANNEL}/messages/1/replies/2");
    let rows = [
        post("1", "1", json!({})),
        post("2", "1", json!({})),
        post("3", "3", json!({})),
        // All that is told is the path.
        post(
            "",
            "",
            json!({"thread_id": "", "team_id": "", "teams_message_id": path}),
        ),
    ];
    assert_eq!(
        world.edge(reply, Edge::ReplyTo { at: None }, root, &rows),
        [2, 4]
    );
    let channel = world.channel;
    let posted = || Edge::PostedIn { at: None };
    assert_eq!(world.edge(reply, posted(), channel, &rows), [2, 4]);
    assert_eq!(world.edge(root, posted(), channel, &rows), [1, 2, 4]);
    let team = world.team;
    assert_eq!(
        world.edge(team, Edge::HasChannel, channel, &rows),
        [1, 2, 3, 4]
    );
    // The address of a team in the recipients is nobody's.
    let bob = world.bob;
    assert_eq!(world.node(bob, &rows), [0; 0]);
    // In a chat no message has a root.
    let (first, second) = (world.message(CHAT, "1"), world.message(CHAT, "2"));
    world.graph.link(
        second,
        Edge::ReplyTo { at: None },
        first,
        Seen::in_record(1),
    );
    let of_chat = [message(
        json!({"message_id": "2", "parent_id": "1", "teams_message_id": ""}),
    )];
    none(
        &world.graph,
        Element::Edge(second, EdgeType::ReplyTo, first),
        &of_chat,
    );
}

#[test]
fn a_report_is_shown_by_the_rows_of_that_reporter_and_message() {
    let mut world = World::new();
    let (one, other) = (world.message(CHAT, "1"), world.message(CHAT, "2"));
    let reported = |id: &str, reporter: Value| {
        let mut row = message(
            json!({"message_id": id, "parent_id": id, "teams_message_id": "",
            "reported": "2026-10-05T12:00:00Z", "submission_id": "s-1", "operation": "UserSubmission",
            "content": "ChatMessage", "reported_sender": "eve@evil.example", "verdict": "Phish"}),
        );
        row.as_object_mut()
            .unwrap()
            .extend(reporter.as_object().unwrap().clone());
        row.as_object_mut().unwrap().remove("url");
        row
    };
    let by_ada = json!({"reporter_id": ADA.to_uppercase(), "reporter_upn": "x@contoso.example", "reporter_name": "Ada"});
    let by_bob =
        json!({"reporter_id": "", "reporter_upn": "BOB@contoso.example", "reporter_name": "Bob"});
    let rows = [
        reported("1", by_ada.clone()),
        reported("2", by_ada.clone()),
        reported("1", by_bob),
        with(
            reported("", by_ada),
            json!({"thread_id": "", "sender_id": "", "sender_upn": "", "recipients": ""}),
        ),
    ];
    let (ada, bob, eve) = (world.ada, world.bob, world.eve);
    let report = || Edge::Reported {
        at: None,
        verdict: None,
    };
    assert_eq!(world.edge(ada, report(), one, &rows), [1]);
    assert_eq!(world.edge(ada, report(), other, &rows), [2]);
    assert_eq!(world.edge(bob, report(), one, &rows), [3]);
    assert_eq!(world.node(one, &rows), [1, 3]);
    assert_eq!(world.edge(eve, Edge::Sent { at: None }, one, &rows), [1, 3]);
    // Ada received what Bob reported, and Bob what Ada reported; the sender reported nothing.
    assert_eq!(
        world.edge(bob, Edge::Received { at: None }, one, &rows),
        [1, 3]
    );
    for (from, to) in [(eve, one), (bob, other)] {
        world.graph.link(from, report(), to, Seen::in_record(1));
        none(
            &world.graph,
            Element::Edge(from, EdgeType::Reported, to),
            &rows,
        );
    }
    // A person who only reported is named by the row.
    assert_eq!(world.node(ada, &rows[3..]), [1]);
}

#[test]
fn what_was_done_to_a_message_is_evidence_of_it_alone() {
    let mut world = World::new();
    let (one, reply) = (world.message(CHAT, "1"), world.message(CHANNEL, "2"));
    let done = |id: &str| {
        json!({"time": "2026-10-05T12:00:00Z", "teams_message_id": id, "action": "Moved to quarantine",
        "action_type": "Phish ZAP", "result": "Success", "location": "Quarantine"})
    };
    let rows = [
        done(&format!("/chats/{CHAT}/messages/1")),
        done(&format!("/chats/{CHAT}/messages/12")),
        done(&format!(
            "/teams/{TEAM}/channels/{CHANNEL}/messages/1/replies/2"
        )),
        done("m-1"),
    ];
    assert_eq!(world.node(one, &rows), [1]);
    assert_eq!(world.node(reply, &rows), [3]);
    assert_eq!(world.node(world.chat, &rows), [0; 0]);
}

fn click(url: &str, chain: Value, given: Value) -> Value {
    let row = json!({"time": "2026-10-05T10:00:00Z", "url": url, "action": "ClickAllowed", "upn": "bob@contoso.example",
        "workload": "Teams", "ip": "", "threat_types": "", "clicked_through": false, "app": "", "network_message_id": "",
        "report_id": "r-1", "chain": chain});
    with(row, given)
}

#[test]
fn a_redirect_is_shown_by_clicks_that_were_led_from_one_straight_to_the_other() {
    let mut world = World::new();
    let start = url(&mut world.graph, "https://start.example/x");
    let (bob, evil, fine) = (world.bob, world.evil, world.fine);
    let text = |urls: &[&str]| json!(json!(urls).to_string());
    let safe = "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fa&data=05";
    let first = "https://start.example:443/x";
    let rows = [
        click(first, text(&[first, EVIL]), json!({})),
        // The clicked url is put before a chain that does not begin with it.
        click(first, text(&[safe, FINE]), json!({})),
        click(first, text(&[first, FINE, EVIL]), json!({})),
        click(EVIL, text(&[EVIL, first]), json!({})),
        click(first, json!([first, "mailto:x@y.example", EVIL]), json!({})),
        // It comes back to where it was: no redirect.
        click(EVIL, text(&[EVIL, first, EVIL]), json!({})),
        click(EVIL, json!(""), json!({})),
        click(first, json!(null), json!({})),
        click(first, json!("no JSON"), json!({})),
    ];
    let led = || Edge::RedirectsTo { count: 1 };
    assert_eq!(world.edge(start, led(), evil, &rows), [1, 2, 5]);
    assert_eq!(world.edge(evil, led(), fine, &rows), [2]);
    assert_eq!(world.edge(start, led(), fine, &rows), [3]);
    assert_eq!(world.edge(evil, led(), start, &rows), [4, 6]);
    assert_eq!(world.node(fine, &rows), [2, 3]);
    assert_eq!(world.node(start, &rows), [1, 2, 3, 4, 5, 6, 8, 9]);
    // What a click was led on to was not clicked.
    let clicked = || Edge::Clicked {
        count: 1,
        action: String::new(),
        clicked_through: false,
        ip: String::new(),
    };
    assert_eq!(world.edge(bob, clicked(), evil, &rows), [4, 6, 7]);
    assert_eq!(world.edge(bob, clicked(), start, &rows), [1, 2, 3, 5, 8, 9]);
}

#[test]
fn an_alert_is_shown_for_the_message_or_else_the_thread_that_it_names() {
    let mut world = World::new();
    let (one, post) = (world.message(CHAT, "1"), world.message(CHANNEL, "7"));
    let (whole, of_thread, other) = (world.alert("a-1"), world.alert("a-2"), world.alert("a-3"));
    let entity = |source: &str, thread: &str| json!({"Type": "teamsMessage", "SourceId": source, "ChatThreadId": thread});
    let in_chat = format!("/chats/{CHAT}/messages/1");
    let row = |id: &str, entities: Value| json!({"alert_id": id, "vendor_id": "", "generated": "", "entities": entities.to_string()});
    let rows = [
        row("a-1", json!([entity(&in_chat, CHAT)])),
        row(
            "a-2",
            json!([entity("", CHAT), {"Type": "url", "Url": EVIL}]),
        ),
        row(
            "a-3",
            json!([entity(&format!("/chats/{CHAT}/messages/12"), "19:one")]),
        ),
        row("a-1", json!([{"Type": "url", "Url": EVIL}])),
        row("a-2", json!([entity(&format!("{CHANNEL}/7"), CHANNEL)])),
        // A url that holds the id is no message.
        row(
            "a-3",
            json!([{"Type": "url", "Url": format!("https://graph.example{in_chat}")}]),
        ),
    ];
    let (chat, channel) = (world.chat, world.channel);
    assert_eq!(world.edge(whole, Edge::Mentions, one, &rows), [1]);
    assert_eq!(world.edge(of_thread, Edge::Mentions, chat, &rows), [2]);
    assert_eq!(world.edge(of_thread, Edge::Mentions, post, &rows), [5]);
    assert_eq!(world.node(one, &rows), [1]);
    // The message is named, and so the thread is not.
    for (alert, place) in [(whole, chat), (of_thread, channel)] {
        world
            .graph
            .link(alert, Edge::Mentions, place, Seen::in_record(1));
        none(
            &world.graph,
            Element::Edge(alert, EdgeType::Mentions, place),
            &rows,
        );
    }
    // Message 12 is not in the graph, so that its alert is one about the thread.
    assert_eq!(world.edge(other, Edge::Mentions, chat, &rows), [3]);
    let half = Element::Edge(other, EdgeType::Mentions, one);
    world
        .graph
        .link(other, Edge::Mentions, one, Seen::in_record(1));
    none(&world.graph, half, &rows);

    // A row of Defender is a piece of evidence.
    let piece = |id: &str, fields: Value| {
        json!({"alert_id": id, "name": "", "url": "", "device_id": "", "device_name": "", "object_id": "", "upn": "",
            "fields": fields.to_string()})
    };
    let rows = [
        piece("a-1", entity(&in_chat, CHAT)),
        piece("a-1", json!({"Type": "mailbox", "Name": "x"})),
        piece("a-2", entity("", CHAT)),
        piece("a-2", entity(&in_chat, CHAT)),
    ];
    assert_eq!(world.edge(whole, Edge::Mentions, one, &rows), [1]);
    assert_eq!(world.edge(of_thread, Edge::Mentions, chat, &rows), [3, 4]);
    assert_eq!(world.edge(of_thread, Edge::Mentions, one, &rows), [4]);
    assert_eq!(world.edge(of_thread, Edge::Mentions, chat, &rows), [3]);
}

#[test]
fn a_verdict_of_defender_is_shown_by_the_rows_that_found_a_threat_in_the_url() {
    let mut world = World::new();
    let verdict = world.verdict("defender", EVIL);
    let other = world.verdict("sentinel", EVIL);
    let at = |id: &str, given: Value| {
        let path = format!("/chats/{CHAT}/messages/{id}");
        with(
            message(json!({"message_id": id, "parent_id": id, "teams_message_id": path})),
            given,
        )
    };
    let rows = [
        at("1", json!({"url_threats": "Spam, Phish"})),
        at("1", json!({"url": FINE, "url_threats": "Phish"})),
        at("2", json!({})),
        // The one url of a message is what was found in it.
        at("3", json!({"message_threats": "Malware"})),
        at(
            "3",
            json!({"message_threats": "Malware", "url": "https://evil.example:443/a"}),
        ),
        // Of several urls it may be the other one.
        at("4", json!({"message_threats": "Phish"})),
        at("4", json!({"message_threats": "Phish", "url": FINE})),
        // Another word is no threat.
        at(
            "5",
            json!({"url_threats": "Suspicious", "message_threats": "Suspicious"}),
        ),
        at("6", json!({"message_threats": "Phish", "url": FINE})),
    ];
    assert_eq!(shown(&world.graph, verdict, &rows), [1, 4, 5]);
    assert_eq!(shown(&world.graph, other, &rows), [0; 0]);
    let clicks = [
        click(EVIL, json!(""), json!({"threat_types": "Phish"})),
        click(EVIL, json!(""), json!({})),
        // It was found in what was clicked, which is another url.
        click(
            FINE,
            json!(json!([FINE, EVIL]).to_string()),
            json!({"threat_types": "Phish"}),
        ),
    ];
    assert_eq!(shown(&world.graph, verdict, &clicks), [1]);
    let Element::Node(node) = verdict else {
        unreachable!()
    };
    let evil = world.evil;
    world
        .graph
        .link(evil, Edge::HasVerdict, node, Seen::in_record(1));
    let edge = Element::Edge(evil, EdgeType::HasVerdict, node);
    assert_eq!(shown(&world.graph, edge, &rows), [1, 4, 5]);
    // On a service that many share, what was found in a message is said of no url.
    let shared = "https://drive.google.com/file/d/1";
    let verdict = world.verdict("defender", shared);
    let rows = [
        at("1", json!({"url": shared, "message_threats": "Phish"})),
        at("2", json!({"url": shared, "url_threats": "Phish"})),
    ];
    assert_eq!(shown(&world.graph, verdict, &rows), [2]);
}

#[test]
fn a_connection_is_shown_by_what_the_extensions_name() {
    let mut world = World::new();
    let host = world
        .graph
        .put(Host::new("d1", "pc-1").unwrap(), Seen::in_record(1));
    let row = |url: &str, destination: &str, extensions: &str| {
        json!({"device_id": "d1", "device_name": "pc-1", "url": url, "destination": destination,
            "extensions": extensions, "events": 1, "first": "", "last": ""})
    };
    let palo_alto = "\"evil.example/a\";PanOSConfigVersion=1";
    let sonic_wall = "dstname=evil.example;arg=/a";
    let rows = [
        row("", "", palo_alto),
        row("", "", sonic_wall),
        row("", "", "dstname=notevil.example"),
        row("https://fine.example/", "", palo_alto),
    ];
    let connected = |matched| Edge::ConnectedTo {
        matched,
        sources: Vec::new(),
        count: 1,
    };
    let evil = world.evil;
    assert_eq!(
        world.edge(host, connected(MatchKind::Url), evil, &rows),
        [1]
    );
    let other = world
        .graph
        .put(Host::new("d2", "pc-2").unwrap(), Seen::in_record(1));
    let of_other = |row: &Value| {
        with(
            row.clone(),
            json!({"device_id": "d2", "device_name": "pc-2"}),
        )
    };
    let rows: Vec<Value> = rows.iter().map(of_other).collect();
    assert_eq!(
        world.edge(other, connected(MatchKind::Host), evil, &rows),
        [2]
    );
}
