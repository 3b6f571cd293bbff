//! The tables of users who sent malicious urls, and of the channels that contain them.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::{By, Cell, ColumnKind, Row, TableSpec};
use crate::graph::schema::user;
use crate::graph::{EdgeType, Label, NodeRef};
use crate::report::elements::{Elements, Ref};
use crate::report::view::View;

pub(super) const RISKY_USERS: TableSpec = TableSpec {
    hunt: "risky-users",
    kinds: &[
        ColumnKind::Text,
        ColumnKind::Text,
        ColumnKind::Urls,
        ColumnKind::Number,
        ColumnKind::Time,
        ColumnKind::Time,
    ],
    more: &[
        (
            "type",
            ColumnKind::Text,
            "type says who is from outside: external, guest, anonymous or bot.",
        ),
        (
            "recipients",
            ColumnKind::Number,
            "recipients counts those who received one of the messages in a chat, as Defender says.",
        ),
    ],
    order: &[
        By::Down(3),
        By::Up(4),
        By::Up(0),
        By::Up(1),
        By::Up(2),
        By::Up(5),
    ],
    rows: risky_users,
};

pub(super) const CHANNELS: TableSpec = TableSpec {
    hunt: "channels-with-risky-messages",
    kinds: &[
        ColumnKind::Text,
        ColumnKind::Text,
        ColumnKind::Number,
        ColumnKind::Number,
        ColumnKind::Urls,
    ],
    more: &[],
    order: &[By::Down(2), By::Up(0), By::Up(1), By::Up(3), By::Up(4)],
    rows: channels,
};

/// The messages and urls of one sender, or of one channel.
struct Found<'g> {
    node: NodeRef,
    urls: BTreeSet<&'g str>,
    senders: BTreeSet<NodeRef>,
    messages: Vec<NodeRef>,
}

impl<'g> Found<'g> {
    fn new(node: NodeRef) -> Self {
        Self {
            node,
            urls: BTreeSet::new(),
            senders: BTreeSet::new(),
            messages: Vec::new(),
        }
    }

    fn add(&mut self, view: View<'g>, message: NodeRef, urls: &[NodeRef]) {
        self.urls.extend(urls.iter().map(|url| view.id(*url)));
        self.senders
            .extend(view.senders(message).into_iter().flatten());
        self.messages.push(message);
    }

    /// The number of people who received one of the messages, as Defender says.
    fn recipients(&self, view: View<'_>) -> usize {
        let received = self.messages.iter();
        let received: BTreeSet<NodeRef> = received
            .flat_map(|message| view.graph.sources(*message, EdgeType::Received))
            .collect();
        received.len()
    }

    fn urls(&self) -> Cell {
        Cell::List(self.urls.iter().map(|url| (*url).to_owned()).collect())
    }

    /// References to the node, the messages and the urls.
    fn refs(&self, view: View<'_>, elements: &mut Elements<'_>) -> Vec<Ref> {
        let mut refs: Vec<Ref> = elements.node(self.node).into_iter().collect();
        for message in &self.messages {
            refs.extend(elements.node(*message));
        }
        for url in &self.urls {
            refs.extend(
                view.graph
                    .find(Label::Url, url)
                    .and_then(|url| elements.node(url)),
            );
        }
        refs
    }
}

fn risky_users(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut found: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    for (message, urls) in view.messages_with(|url| view.risky(url)) {
        for sender in view.senders(message).into_iter().flatten() {
            found
                .entry(view.id(sender))
                .or_insert_with(|| Found::new(sender))
                .add(view, message, &urls);
        }
    }
    let row = |sent: Found<'_>| {
        let sender = sent.node;
        let times = sent.messages.iter();
        let times = times.filter_map(|message| view.sent(*message, Some(sender)));
        Row {
            cells: vec![
                Cell::text(view.shown(sender)),
                Cell::or_absent(view.facts(sender).get(user::NAME), Cell::text),
                sent.urls(),
                Cell::number(sent.messages.len()),
                Cell::time(times.clone().min()),
                Cell::time(times.max()),
                Cell::or_absent(view.facts(sender).get(user::TYPE), |kind| {
                    Cell::text(kind.as_str())
                }),
                Cell::number(sent.recipients(view)),
            ],
            refs: sent.refs(view, elements),
        }
    };
    found.into_values().map(row).collect()
}

fn channels(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut found: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    for (message, urls) in view.messages_with(|url| view.risky(url)) {
        for place in view.graph.targets(message, EdgeType::PostedIn) {
            if view.label(place) == Label::Channel {
                found
                    .entry(view.id(place))
                    .or_insert_with(|| Found::new(place))
                    .add(view, message, &urls);
            }
        }
    }
    let row = |stands: Found<'_>| Row {
        cells: vec![
            Cell::or_absent(view.team(stands.node), Cell::text),
            Cell::text(view.shown(stands.node)),
            Cell::number(stands.messages.len()),
            Cell::number(stands.senders.len()),
            stands.urls(),
        ],
        refs: stands.refs(view, elements),
    };
    found.into_values().map(row).collect()
}
