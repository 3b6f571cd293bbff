//! How hunts show things, and the questions that several tables ask.

use chrono::{DateTime, Utc};

use crate::graph::summary::{self, Summary};
use crate::graph::value::Value;
use crate::graph::{EdgeType, Facts, Graph, Label, NodeRef};

/// A graph, as the tables ask it. Nodes come in the order of their ids, since the numbers that the graph gives them
/// can differ between runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'g> {
    pub(super) graph: &'g Graph,
    pub(super) summary: &'g Summary,
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

    /// `Team / Channel`, or `Chat: topic, else kind`.
    pub(super) fn spot(self, spot: NodeRef) -> String {
        let facts = self.facts(spot);
        if self.label(spot) == Label::Chat {
            let name = facts.text("topic").or_else(|| facts.text("kind"));
            return format!("Chat: {}", name.unwrap_or(self.id(spot)));
        }
        match self.team(spot) {
            Some(team) => format!("{team} / {}", self.shown(spot)),
            None => self.shown(spot).to_owned(),
        }
    }

    /// Name of the team that a channel belongs to, the first when there are several.
    pub(super) fn team(self, channel: NodeRef) -> Option<&'g str> {
        let teams = self.graph.sources(channel, EdgeType::HasChannel);
        teams.into_iter().map(|team| self.shown(team)).min()
    }

    /// Where a message stands.
    pub(super) fn place(self, message: NodeRef) -> Option<String> {
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
