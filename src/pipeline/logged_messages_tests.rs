use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::graph::schema::{chat, contains, message, user};
use crate::graph::{EdgeType, Label};
use crate::journal::{Answer, Exchange};
use crate::source::logs::{Place, Query, Rows};

const CHAT: &str = "19:2da4c29f6d7041eca70b638b43d45437@thread.v2";
const LURE: &str = "https://login.evil.example/sso";

/// A row of a message in a group chat, as the queries return it.
fn chat_row() -> Value {
    json!({
        "time": "2026-07-23T12:00:00Z", "url": LURE,
        "teams_message_id": format!("/chats/{CHAT}/messages/1784806810000"),
        "message_id": "1784806810000", "parent_id": "1784806810000",
        "edited": "2026-07-23T11:40:10Z", "sender_upn": "helpdesk@fabrikam.example",
        "sender_id": "25460003-72fd-4fda-b537-bc31bf5e1dcc", "sender_name": "IT Support",
        "sender_type": "User", "team_id": "", "team_name": "", "thread_id": CHAT,
        "thread_name": "", "thread_type": "chat", "subject": "",
        "recipients": json!([
            {"RecipientSmtpAddress": "anna@contoso.example", "RecipientDisplayName": "Anna Berg",
             "RecipientObjectId": "BBCF0001-0b93-4135-9ef9-18477a9fb5aa", "RecipientType": "User"},
            {"RecipientSmtpAddress": "ben@contoso.example", "RecipientDisplayName": "Ben Ito",
             "RecipientObjectId": "", "RecipientType": "User"}
        ]).to_string(),
        "owned": false, "external": true, "delivery": "Teams",
        "message_threats": "Phish, Spam", "url_threats": ""
    })
}

fn with(mut row: Value, changes: &[(&str, Value)]) -> Value {
    for (column, value) in changes {
        row[*column] = value.clone();
    }
    row
}

/// The rows of an answer, in the form of the workspace.
pub(crate) fn rows(query: Query, rows: &[Value]) -> Vec<Row> {
    let columns: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    let cells: Vec<Vec<&Value>> = rows
        .iter()
        .map(|row| columns.iter().map(|column| &row[column.as_str()]).collect())
        .collect();
    let columns: Vec<Value> = columns
        .iter()
        .map(|name| json!({"name": name, "type": "string"}))
        .collect();
    let body = json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": cells}]});
    let exchange = Exchange {
        record: 7,
        at: DateTime::default(),
        answer: Answer::Response {
            status: 200,
            headers: BTreeMap::new(),
            body: body.to_string(),
        },
    };
    let rows = Rows::of(Place::Workspace, query, &exchange);
    assert!(rows.problems.is_empty(), "{:?}", rows.problems);
    rows.rows
}

/// A graph with what these rows say.
fn graph(given: &[Value]) -> (Graph, Vec<PutMessage>, u64) {
    let mut graph = Graph::new("case");
    let (mut urls, mut words) = (Urls::default(), DefenderWords::default());
    let mut messages = LoggedMessages::default();
    for row in rows(Query::MessagesOn, given) {
        messages.add(row);
    }
    let nameless = messages.nameless;
    let put = messages.put(&mut graph, &mut urls, &mut words);
    words.name_people(&mut graph);
    (graph, put, nameless)
}

#[test]
fn a_row_is_a_message_with_its_chat_its_sender_its_recipients_and_a_link() {
    let (graph, put, nameless) = graph(&[chat_row()]);
    assert_eq!((put.len(), nameless), (1, 0));
    let node = put[0].node;
    let facts = &graph.node(node).facts;
    assert_eq!(graph.node(node).id, format!("{CHAT}/1784806810000"));
    // The id is the time of sending; the log may have that of the row's arrival.
    let sent = parse_time("2026-07-23T11:40:10Z");
    assert_eq!(facts.get(message::CREATED), sent);
    assert_eq!(facts.get(message::EDITED), Some(false));
    assert_eq!(facts.get(message::SOURCES).unwrap(), ["defender"]);
    assert_eq!(facts.get(message::OWNED), Some(false));
    assert_eq!(facts.get(message::EXTERNAL), Some(true));
    assert_eq!(facts.get(message::RECIPIENTS), Some(2));
    assert_eq!(facts.get(message::THREATS).unwrap(), ["Phish", "Spam"]);
    assert_eq!(facts.get(message::DELIVERY), Some("Teams"));
    assert_eq!((facts.first_seen, facts.last_seen), (sent, sent));

    let place = graph.find(Label::Chat, CHAT).unwrap();
    assert_eq!(graph.targets(node, EdgeType::PostedIn), [place]);
    let of_chat = &graph.node(place).facts;
    assert_eq!(of_chat.get(chat::KIND), Some(ChatKind::Group));
    assert_eq!(of_chat.get(chat::OWNED), Some(false));

    let sender = put[0].sender.unwrap();
    assert_eq!(graph.sources(node, EdgeType::Sent), [sender]);
    let of_sender = &graph.node(sender).facts;
    assert_eq!(of_sender.get(user::NAME), Some("IT Support"));
    assert_eq!(of_sender.get(user::MAIL), Some("helpdesk@fabrikam.example"));
    assert_eq!(of_sender.get(user::TYPE), None);

    let received = graph.sources(node, EdgeType::Received);
    let ids: Vec<&str> = received
        .iter()
        .map(|user| graph.node(*user).id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "bbcf0001-0b93-4135-9ef9-18477a9fb5aa",
            "upn:ben@contoso.example"
        ]
    );
    let url = graph.find(Label::Url, LURE).unwrap();
    let edge = graph.edge(node, EdgeType::Contains, url).unwrap();
    assert_eq!(edge.facts.get(contains::ORIGIN), Some("log"));
}

#[test]
fn recipients_come_as_a_list_its_text_or_a_list_of_texts() {
    let list = json!([
        {"RecipientObjectId": "a0000000-0000-4000-8000-000000000001", "RecipientSmtpAddress": ""},
        {"RecipientObjectId": "00000000-0000-0000-0000-000000000000", "RecipientSmtpAddress": "x@contoso.example"},
        {"RecipientObjectId": "00000000-0000-0000-0000-000000000000", "RecipientSmtpAddress": ""},
        {"RecipientDisplayName": "Nobody"},
        7
    ]);
    let texts: Vec<Value> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.to_string().into())
        .collect();
    let read = |cell: Value| {
        let row = with(chat_row(), &[("recipients", cell)]);
        recipients(rows(Query::MessagesOn, &[row])[0].value("recipients"))
    };
    let texts = Value::Array(texts);
    for cell in [
        list.to_string().into(),
        texts.to_string().into(),
        list,
        texts,
    ] {
        let found = read(cell);
        let ids: Vec<&str> = found
            .iter()
            .map(|recipient| recipient.id.as_str())
            .collect();
        assert_eq!(ids, ["a0000000-0000-4000-8000-000000000001", ""]);
        assert_eq!(found[1].address, "x@contoso.example");
    }
    for hostile in ["", "null", "{}", "[[]]", "[null]", "[\"{\"]", "\u{1b}[2J"] {
        assert!(read(hostile.into()).is_empty(), "{hostile}");
    }
    for hostile in [json!(null), json!({}), json!([[]]), json!(7)] {
        assert!(read(hostile.clone()).is_empty(), "{hostile}");
    }
}

#[test]
fn rows_that_came_twice_count_once_and_the_newest_says_what_is_so() {
    let earlier = chat_row();
    let later = with(
        chat_row(),
        &[
            ("time", json!("2026-07-24T08:00:00Z")),
            ("edited", json!("2026-07-23T11:45:00Z")),
            ("delivery", json!("Quarantine")),
            ("message_threats", json!("Malware")),
        ],
    );
    let other_link = with(chat_row(), &[("url", json!("https://fine.example/"))]);
    for given in [
        [earlier.clone(), later.clone(), other_link.clone()],
        [later.clone(), other_link, earlier.clone()],
    ] {
        let (graph, put, _) = graph(&given);
        assert_eq!((put.len(), graph.labelled(Label::Message).len()), (1, 1));
        let facts = &graph.node(put[0].node).facts;
        assert_eq!(facts.get(message::DELIVERY), Some("Quarantine"));
        assert_eq!(facts.get(message::THREATS).unwrap(), ["Malware"]);
        assert_eq!(facts.get(message::EDITED), Some(true));
        assert_eq!(facts.last_seen, parse_time("2026-07-23T11:45:00Z"));
        assert_eq!(graph.targets(put[0].node, EdgeType::Contains).len(), 2);
    }
}

#[test]
fn a_channel_message_has_a_team_and_a_root_and_no_recipients() {
    let (team, channel) = ("5BD40004-231d-48e5-b6a0-0c5740d762dd", "19:c@thread.tacv2");
    let row = with(
        chat_row(),
        &[
            (
                "teams_message_id",
                json!(format!(
                    "/teams/{team}/channels/{channel}/messages/1784808000500"
                )),
            ),
            ("message_id", json!("1784808000500")),
            ("parent_id", json!("1784797590965")),
            ("team_id", json!(team)),
            ("team_name", json!("Finance")),
            ("thread_id", json!(channel)),
            ("thread_name", json!("General")),
            ("thread_type", json!("space")),
            ("sender_id", json!("00000000-0000-0000-0000-000000000000")),
            ("sender_upn", json!("")),
            ("owned", json!(true)),
        ],
    );
    // Where the columns are empty, the path says it.
    let by_path = with(
        row.clone(),
        &[
            ("thread_id", json!("")),
            ("message_id", json!("")),
            ("team_id", json!("")),
            ("thread_type", json!("")),
        ],
    );
    // The channel of another tenant is not listed here.
    let elsewhere = with(row.clone(), &[("owned", json!(false))]);
    assert_eq!(graph(&[elsewhere]).1[0].team, None);
    for row in [row, by_path] {
        let (graph, put, _) = graph(&[row]);
        let node = put[0].node;
        let place = graph.find(Label::Channel, channel).unwrap();
        assert_eq!(graph.targets(node, EdgeType::PostedIn), [place]);
        assert_eq!(graph.sources(place, EdgeType::HasChannel).len(), 1);
        assert_eq!(put[0].team, Some(TeamId::from(team)));
        assert_eq!(put[0].sender, None);
        assert!(graph.sources(node, EdgeType::Received).is_empty());
        assert_eq!(graph.node(node).facts.get(message::RECIPIENTS), None);
        let root = graph
            .find(Label::Message, &format!("{channel}/1784797590965"))
            .unwrap();
        assert_eq!(graph.targets(node, EdgeType::ReplyTo), [root]);
        assert!(graph.node(root).facts.get(message::SOURCES).is_none());
    }
}

#[test]
fn a_row_that_names_no_message_is_counted() {
    let row = with(
        chat_row(),
        &[
            ("teams_message_id", json!("m-1")),
            ("thread_id", json!("")),
            ("message_id", json!("")),
        ],
    );
    let (graph, put, nameless) = graph(&[row]);
    assert_eq!((put.len(), nameless, graph.node_count()), (0, 1, 0));
}

#[test]
fn what_a_message_shows_stands_over_what_a_log_says() {
    let wrapped = format!(
        "https://nam12.safelinks.protection.outlook.com/?url={}&data=05",
        LURE.replace(':', "%3A").replace('/', "%2F")
    );
    let shown = || Edge::Contains {
        origin: "href",
        text: Some("Sign in".to_owned()),
        raw: LURE.to_owned(),
        wrapped_by: Vec::new(),
        mismatch: false,
        defanged: false,
    };
    for is_log_first in [true, false] {
        let mut graph = Graph::new("case");
        let (mut urls, mut words) = (Urls::default(), DefenderWords::default());
        let mut put_row = |graph: &mut Graph| {
            let row = with(chat_row(), &[("url", json!(wrapped))]);
            let row = rows(Query::MessagesOn, &[row]).pop().unwrap();
            let mut messages = LoggedMessages::default();
            messages.add(row);
            messages.put(graph, &mut urls, &mut words)[0].node
        };
        let id = MessageId::in_place(CHAT, "1784806810000");
        let put_shown = |graph: &mut Graph| {
            let message = Message {
                id: id.clone(),
                ..Message::default()
            };
            let message = graph.put(message, Seen::in_record(3));
            let url = graph.put(
                crate::graph::node::Url(LURE.parse().unwrap()),
                Seen::default(),
            );
            graph.link(message, shown(), url, Seen::in_record(3));
        };
        let message = if is_log_first {
            let message = put_row(&mut graph);
            put_shown(&mut graph);
            message
        } else {
            put_shown(&mut graph);
            put_row(&mut graph)
        };
        let url = graph.find(Label::Url, LURE).unwrap();
        let facts = &graph.edge(message, EdgeType::Contains, url).unwrap().facts;
        assert_eq!(facts.get(contains::ORIGIN), Some("href"));
        assert_eq!(facts.get(contains::TEXT), Some("Sign in"));
        assert_ne!(facts.get(contains::RAW), Some(wrapped.as_str()));
        assert_eq!(facts.get(contains::WRAPPED_BY), None);
        assert_eq!(facts.evidence.numbers().collect::<Vec<_>>(), [3, 7]);
    }
}
