//! A case in which a help desk from outside wrote to several people: what each of them did, what they reported, and
//! what was taken away. An example of the crate draws it too.

use chrono::{DateTime, TimeDelta, Utc};
use linktrail::graph::node::{Chat, Host, Message, Url, User};
use linktrail::graph::{Edge, Graph, NodeRef, Seen, schema};
use linktrail::model::{ChatKind, HostId, MatchKind, MessageId, UserKind};

/// The id of the case.
pub(crate) const CASE: &str = "01KB0TS1DE0000000000000000";

/// When the first message was sent.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_610_000, 0).expect("a time")
}

fn minute(n: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(n)
}

struct Builder {
    graph: Graph,
}

impl Builder {
    fn person(&mut self, name: &str) -> NodeRef {
        let upn = format!("{}@contoso.com", name.to_lowercase());
        let user = User {
            mail: Some(upn.clone()),
            upn: Some(upn),
            name: Some(name.to_owned()),
            kind: Some(UserKind::Member),
            ..User::by_id(&format!("{name}-id"))
        };
        self.graph.put(user, Seen::at(1, Some(start())))
    }

    fn url(&mut self, address: &str, risky: bool) -> NodeRef {
        let url = ::url::Url::parse(address).expect("a url");
        let url = self.graph.put(Url(url), Seen::at(1, Some(start())));
        self.graph.set(url, schema::url::RISKY, risky);
        url
    }

    fn chat(&mut self, n: usize, kind: ChatKind, topic: Option<&str>, owned: bool) -> NodeRef {
        let chat = Chat {
            id: format!("19:chat-{n}@thread.v2").into(),
            kind: Some(kind),
            topic: topic.map(str::to_owned),
            owned: Some(owned),
            external: Some(!owned),
        };
        self.graph.put(chat, Seen::at(1, Some(start())))
    }

    /// A malicious message, as Defender tells of it.
    fn message(
        &mut self,
        chat: (usize, NodeRef),
        sender: NodeRef,
        to: &[NodeRef],
        url: NodeRef,
        at: i64,
    ) -> NodeRef {
        let (number, chat) = chat;
        let at = Some(minute(at));
        let seen = Seen::at(2, at);
        let id = format!(
            "{}",
            minute(0).timestamp_millis() + i64::try_from(number).unwrap_or(0)
        );
        let message = Message {
            id: MessageId::in_place(&format!("19:chat-{number}@thread.v2"), &id),
            created: at,
            sources: vec!["defender".to_owned()],
            recipients: i64::try_from(to.len()).ok(),
            threats: vec!["Phish".to_owned()],
            ..Message::default()
        };
        let message = self.graph.put(message, seen);
        self.graph.set(message, schema::message::RISKY, true);
        self.graph
            .set(message, schema::message::DELIVERY, "Teams".to_owned());
        self.graph.set(sender, schema::user::RISKY_SENDER, true);
        self.graph.link(sender, Edge::Sent { at }, message, seen);
        self.graph.link(message, Edge::PostedIn { at }, chat, seen);
        for reader in to {
            self.graph
                .link(*reader, Edge::Received { at }, message, seen);
        }
        let contains = Edge::Contains {
            origin: "log",
            text: None,
            raw: "as sent".to_owned(),
            wrapped_by: Vec::new(),
            mismatch: false,
            defanged: false,
        };
        self.graph.link(message, contains, url, seen);
        message
    }

    fn click(&mut self, who: NodeRef, url: NodeRef, action: &str, through: bool, at: i64) {
        let clicked = Edge::Clicked {
            count: 1,
            action: action.to_owned(),
            clicked_through: through,
            ip: "198.51.100.7".to_owned(),
        };
        self.graph
            .link(who, clicked, url, Seen::at(3, Some(minute(at))));
    }
}

/// The graph of the case: one lure behind a short url, nine people, two clicks, two reports, one removal.
pub(crate) fn graph() -> Graph {
    let mut build = Builder {
        graph: Graph::new(CASE),
    };
    let desk = User {
        name: Some("Help Desk".to_owned()),
        mail: Some("support@itservices365.onmicrosoft.com".to_owned()),
        kind: Some(UserKind::External),
        ..User::by_id("help-desk-id")
    };
    let desk = build.graph.put(desk, Seen::at(1, Some(start())));
    let names = [
        "Amara", "Bruno", "Chiara", "Daan", "Elif", "Farid", "Greta", "Hana", "Ines",
    ];
    let people: Vec<NodeRef> = names.iter().map(|name| build.person(name)).collect();
    let lure = build.url("https://login.contoso-helpdesk.example/verify", true);
    let last = build.url("https://rmm-tool.example/quick.exe", true);
    let short = build.url("https://sho.rt.example/hd", false);

    // A chat with each of the first five, all of another tenant.
    for (n, reader) in people.iter().enumerate().take(5) {
        let chat = build.chat(n, ChatKind::OneOnOne, None, false);
        let after = i64::try_from(n).unwrap_or(0);
        let sent = build.message((n, chat), desk, &[*reader], lure, after);
        if n == 2 {
            let told = Edge::Reported {
                at: Some(minute(14)),
                verdict: Some("Phish".to_owned()),
            };
            build
                .graph
                .link(*reader, told, sent, Seen::at(4, Some(minute(14))));
        }
    }
    // Bruno clicks, and passes it on to colleagues, in a chat of this tenant, from which it is removed.
    build.click(people[1], lure, "ClickAllowed", true, 9);
    build.click(people[3], lure, "ClickBlocked", false, 21);
    let host = Host {
        id: HostId::device("bruno-laptop"),
        name: Some("fin-lt-014".to_owned()),
        os: None,
    };
    let host = build.graph.put(host, Seen::at(5, Some(minute(9))));
    let used = Seen::at(5, Some(minute(9)));
    build
        .graph
        .link(people[1], Edge::Used { count: 1 }, host, used);
    let connected = Edge::ConnectedTo {
        matched: MatchKind::Url,
        sources: vec!["defender".to_owned()],
        count: 1,
    };
    build.graph.link(host, connected, lure, used);
    let group = build.chat(9, ChatKind::Group, Some("Month end"), true);
    let passed_on = build.message((9, group), people[1], &people[5..], lure, 30);
    build.graph.set(
        passed_on,
        schema::message::DELIVERY,
        "Quarantine".to_owned(),
    );
    build.graph.set(
        passed_on,
        schema::message::ZAP,
        vec!["Phish ZAP".to_owned()],
    );
    build
        .graph
        .set(passed_on, schema::message::ZAPPED, minute(52));
    let told = Edge::Reported {
        at: Some(minute(41)),
        verdict: None,
    };
    build
        .graph
        .link(people[6], told, passed_on, Seen::at(4, Some(minute(41))));
    let led = Seen::at(3, Some(minute(9)));
    build
        .graph
        .link(short, Edge::RedirectsTo { count: 1 }, lure, led);
    build
        .graph
        .link(lure, Edge::RedirectsTo { count: 2 }, last, led);
    build.graph
}
