//! A graph whose texts end a cell, a list, an element, a pattern or a line where they should not.

use linktrail::graph::node::{Message, Url, User};
use linktrail::graph::{Edge, Graph, Seen};

pub(crate) const USER: &str = "09d17c74-1e76-429e-b373-abb71098f027";
pub(crate) const LURE: &str = "https://evil.example/a'b?x=1&y=%22";

/// A sender, who clicked too, a message and its link.
pub(crate) fn graph() -> Graph {
    let mut graph = Graph::new("01HOSTILE0000000000000000A");
    let seen = |record| Seen::at(record, Some("2026-10-02T10:00:00.123456Z".parse().unwrap()));
    let name = "=cmd|'/c calc'!A1,\"quoted\";\r\nsecond\tline \\ <b>&amp;]]> \u{202e}\u{1}\u{1f}";
    let user = User {
        name: Some(name.to_owned()),
        ..User::by_id(USER)
    };
    let user = graph.put(user, seen(1));
    let url = graph.put(Url(url::Url::parse(LURE).unwrap()), seen(2));
    graph.set(url, linktrail::graph::schema::url::RISKY, true);
    graph.set(
        url,
        linktrail::graph::schema::url::SEVERITY,
        linktrail::model::UrlSeverity::High,
    );
    let message = Message {
        id: "19:a@thread.v2/1".into(),
        preview: Some("\\".to_owned()),
        ..Message::default()
    };
    let message = graph.put(message, seen(3));
    graph.link(user, Edge::Sent { at: None }, message, seen(3));
    let edge = Edge::Contains {
        origin: "href",
        text: Some("\"".to_owned()),
        raw: LURE.to_owned(),
        wrapped_by: vec!["teams".to_owned(), "safelinks".to_owned()],
        mismatch: true,
        defanged: false,
    };
    graph.link(message, edge, url, seen(3));
    let edge = Edge::Clicked {
        count: 3,
        action: "a;b|c".to_owned(),
        clicked_through: true,
        ip: "198.51.100.7".to_owned(),
    };
    graph.link(user, edge, url, seen(4));
    graph
}
