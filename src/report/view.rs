//! The graph as the tables, the timeline and the picture ask it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::graph::naming;
use crate::graph::schema::{message, sent, url};
use crate::graph::summary::Summary;
use crate::graph::{EdgeType, Facts, Graph, Label, NodeRef};

/// Each channel and chat as hunts show it. They are named once for all messages in them: to name a channel its teams
/// are looked for among everything that leads to it, every message too.
#[derive(Debug)]
pub(super) struct Places(HashMap<NodeRef, String>);

impl Places {
    pub(super) fn of(graph: &Graph) -> Self {
        let channels = graph.labelled(Label::Channel).into_iter();
        let places = channels.chain(graph.labelled(Label::Chat));
        Self(
            places
                .map(|place| (place, naming::place(graph, place)))
                .collect(),
        )
    }
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

    /// A node as it stands in the cell of a hunt.
    pub(super) fn shown(self, node: NodeRef) -> &'g str {
        naming::cell(self.graph, node)
    }

    /// A channel or chat as hunts show it.
    pub(super) fn place(self, place: NodeRef) -> &'g str {
        let name = self.places.0.get(&place);
        name.map_or_else(|| self.shown(place), String::as_str)
    }

    /// Name of the team that a channel belongs to.
    pub(super) fn team(self, channel: NodeRef) -> Option<&'g str> {
        naming::team_of(self.graph, channel)
    }

    /// The channel or chat that a message stands in, as hunts show it.
    pub(super) fn place_of(self, message: NodeRef) -> Option<&'g str> {
        let places = self.graph.targets(message, EdgeType::PostedIn);
        places.into_iter().map(|place| self.place(place)).min()
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
        self.facts(message).get(message::CREATED).or_else(|| {
            let edge = self.graph.edge(sender?, EdgeType::Sent, message)?;
            edge.facts.get(sent::AT)
        })
    }

    pub(super) fn risky(self, url: NodeRef) -> bool {
        self.facts(url).is(url::RISKY)
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
