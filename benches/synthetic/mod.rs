//! A graph of any size, of the shape that investigations have.

use chrono::{DateTime, TimeDelta, Utc};
use linktrail::graph::node::{Case, Channel, Message, Url, User};
use linktrail::graph::{Edge, Graph, Seen};

/// Messages with a sender, a channel and a url each; a url in three messages, fifty messages a sender.
pub(crate) fn graph(case: &str, messages: usize) -> Graph {
    shared(case, case, messages)
}

/// The same, with nodes that every case of one `world` has in common.
pub(crate) fn shared(case: &str, world: &str, messages: usize) -> Graph {
    let start: DateTime<Utc> = "2026-10-01T00:00:00Z".parse().unwrap_or_default();
    let mut graph = Graph::new(case);
    let of_case = Case {
        id: case.into(),
        started: start,
        finished: None,
        window_from: start,
        window_to: start,
        version: "synthetic".to_owned(),
        complete: true,
        log_ends: Vec::new(),
        gaps: Vec::new(),
    };
    graph.put(of_case, Seen::default());
    for n in 0..messages {
        let at = Some(start + TimeDelta::seconds(i64::try_from(n).unwrap_or_default()));
        let seen = Seen::at(n as u64 / 50 + 1, at);
        let place = format!("19:{world}-{}@thread.tacv2", n % 40);
        let channel = graph.put(
            Channel {
                id: place.as_str().into(),
                name: Some("General".to_owned()),
                membership: None,
            },
            seen,
        );
        let sender = User {
            upn: Some(format!("user{}@contoso.com", n / 50)),
            name: Some("A person".to_owned()),
            ..User::by_id(&format!("{world}-{}", n / 50))
        };
        let sender = graph.put(sender, seen);
        let message = Message {
            id: format!("{place}/{n}").into(),
            created: at,
            modified: at,
            edited: Some(false),
            importance: Some("normal".to_owned()),
            preview: Some(
                "The minutes of Tuesday are in the usual place, please have a look".to_owned(),
            ),
            ..Message::default()
        };
        let message = graph.put(message, seen);
        let raw = format!("https://files.contoso.com/{world}/{}", n / 3);
        let Ok(url) = url::Url::parse(&raw) else {
            continue;
        };
        let url = graph.put(Url(url), seen);
        graph.link(sender, Edge::Sent { at }, message, seen);
        graph.link(message, Edge::PostedIn { at }, channel, seen);
        let contains = Edge::Contains {
            origin: "href",
            text: None,
            raw,
            wrapped_by: Vec::new(),
            mismatch: false,
            defanged: false,
        };
        graph.link(message, contains, url, seen);
    }
    graph
}
