//! How hunts show things, and the questions that several tables ask.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::graph::summary::{self, Summary};
use crate::graph::value::Value;
use crate::graph::{EdgeType, Facts, Graph, Label, NodeRef};

/// Each channel and chat as hunts show it. They are named once for all messages in them: to name a channel its teams
/// are looked for among everything that leads to it, every message too.
#[derive(Debug)]
pub(super) struct Places(HashMap<NodeRef, String>);

impl Places {
    pub(super) fn of(graph: &Graph) -> Self {
        let channels = graph.labelled(Label::Channel).into_iter();
        let spots = channels.chain(graph.labelled(Label::Chat));
        Self(spots.map(|spot| (spot, name(graph, spot))).collect())
    }
}

/// `Team / Channel`, or `Chat: topic, else kind`.
fn name(graph: &Graph, spot: NodeRef) -> String {
    let data = graph.node(spot);
    if data.label == Label::Chat {
        let name = data.facts.text("topic").or_else(|| data.facts.text("kind"));
        return format!("Chat: {}", name.unwrap_or(&data.id));
    }
    let channel = summary::shown(graph, spot);
    match team(graph, spot) {
        Some(team) => format!("{team} / {channel}"),
        None => channel.to_owned(),
    }
}

/// Name of the team that a channel belongs to, the first when there are several.
fn team(graph: &Graph, channel: NodeRef) -> Option<&str> {
    let teams = graph.sources(channel, EdgeType::HasChannel);
    teams
        .into_iter()
        .map(|team| summary::shown(graph, team))
        .min()
}

/// A graph, as the tables ask it. Nodes come in the order of their ids, since the numbers that the graph gives them
/// can differ between runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'g> {
    pub(super) graph: &'g Graph,
    pub(super) summary: &'g Summary,
    pub(super) places: &'g Places,
}

impl<'g> View<'g> {
    pub(super) fn facts(self, node: NodeRef) -> &'g Facts {
        &self.graph.node(node).facts
    }

    pub(super) fn id(self, node: NodeRef) -> &'g str {
        &self.graph.node(node).id
    }

    pub(super) fn label(self, node: NodeRef) -> Label {
        self.graph.node(node).label
    }

    /// As hunts show it.
    pub(super) fn shown(self, node: NodeRef) -> &'g str {
        summary::shown(self.graph, node)
    }

    /// A channel or chat as hunts show it.
    pub(super) fn spot(self, spot: NodeRef) -> &'g str {
        let name = self.places.0.get(&spot);
        name.map_or_else(|| self.shown(spot), String::as_str)
    }

    /// Name of the team that a channel belongs to.
    pub(super) fn team(self, channel: NodeRef) -> Option<&'g str> {
        team(self.graph, channel)
    }

    /// Where a message stands.
    pub(super) fn place(self, message: NodeRef) -> Option<&'g str> {
        let spots = self.graph.targets(message, EdgeType::PostedIn);
        spots.into_iter().map(|spot| self.spot(spot)).min()
    }

    /// Who sent a message; one `None` when nobody is known to have.
    pub(super) fn senders(self, message: NodeRef) -> Vec<Option<NodeRef>> {
        let senders = self.graph.sources(message, EdgeType::Sent);
        if senders.is_empty() {
            return vec![None];
        }
        senders.into_iter().map(Some).collect()
    }

    /// When a message was sent: as it says itself, else as the edge of its sender does.
    pub(super) fn sent(self, message: NodeRef, sender: Option<NodeRef>) -> Option<DateTime<Utc>> {
        moment(self.facts(message), "created").or_else(|| {
            let edge = self.graph.edge(sender?, EdgeType::Sent, message)?;
            moment(&edge.facts, "at")
        })
    }

    pub(super) fn risky(self, url: NodeRef) -> bool {
        self.facts(url).flag("risky")
    }

    pub(super) fn risky_urls(self) -> impl Iterator<Item = NodeRef> {
        let urls = self.graph.labelled(Label::Url).into_iter();
        urls.filter(move |url| self.risky(*url))
    }

    /// Every message that holds one of the urls that count, with those urls.
    pub(super) fn messages_with(
        self,
        counts: impl Fn(NodeRef) -> bool,
    ) -> impl Iterator<Item = (NodeRef, Vec<NodeRef>)> {
        let messages = self.graph.labelled(Label::Message).into_iter();
        messages.filter_map(move |message| {
            let mut urls = self.graph.targets(message, EdgeType::Contains);
            urls.retain(|url| counts(*url));
            (!urls.is_empty()).then_some((message, urls))
        })
    }
}

/// A property that is a moment.
pub(super) fn moment(facts: &Facts, name: &str) -> Option<DateTime<Utc>> {
    match facts.properties.get(name) {
        Some(Value::Time(at)) => Some(*at),
        _ => None,
    }
}

/// A property that is a list; empty when it is absent.
pub(super) fn list<'f>(facts: &'f Facts, name: &str) -> &'f [String] {
    match facts.properties.get(name) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// A property that counts.
pub(super) fn count(facts: &Facts) -> Option<i64> {
    match facts.properties.get("count") {
        Some(Value::Integer(count)) => Some(*count),
        _ => None,
    }
}
