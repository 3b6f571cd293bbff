//! Queries on the graph for the tables, the timeline and the picture.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::graph::naming;
use crate::graph::schema::{message, sent, url};
use crate::graph::summary::Summary;
use crate::graph::{EdgeType, Facts, Graph, Label, NodeRef};

/// The names of channels and chats, as hunts show them. They are computed once for all messages, since finding the team
/// of a channel goes through all edges to it, including those of every message.
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

/// A graph with the queries that the tables need. Nodes are sorted by id, since their numbers in the graph can differ
/// between runs.
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

    /// A node as hunts show it in a cell.
    pub(super) fn shown(self, node: NodeRef) -> &'g str {
        naming::cell(self.graph, node)
    }

    /// A channel or chat as hunts show it.
    pub(super) fn place(self, place: NodeRef) -> &'g str {
        let name = self.places.0.get(&place);
        name.map_or_else(|| self.shown(place), String::as_str)
    }

    /// The name of the team that a channel belongs to.
    pub(super) fn team(self, channel: NodeRef) -> Option<&'g str> {
        naming::team_of(self.graph, channel)
    }

    /// The channel or chat of a message, as hunts show it.
    pub(super) fn place_of(self, message: NodeRef) -> Option<&'g str> {
        let places = self.graph.targets(message, EdgeType::PostedIn);
        places.into_iter().map(|place| self.place(place)).min()
    }

    /// The senders of a message; a single `None` when none is known.
    pub(super) fn senders(self, message: NodeRef) -> Vec<Option<NodeRef>> {
        let senders = self.graph.sources(message, EdgeType::Sent);
        if senders.is_empty() {
            return vec![None];
        }
        senders.into_iter().map(Some).collect()
    }

    /// When a message was sent, from the message itself or else from the edge of its sender.
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

    /// Every message with at least one of the urls that `counts` accepts, together with those urls.
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
