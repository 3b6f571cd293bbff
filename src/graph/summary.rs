//! Counts the figures at the end of every load on the graph.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::naming::cell;
use super::property::{Field, Flag};
use super::schema::{message, url, user};
use super::{EdgeType, Graph, Label, NodeRef};

/// The figures at the end of a load, and the sentence that sums them up. `messages` and `urls` count all messages with
/// a link and all urls in messages; the other figures count only what is risky.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// `2 malicious URL(s) sent by 1 user(s) in 3 message(s), across 2 channel(s) and 1 chat(s)`.
    pub sentence: String,
    /// Risky urls in at least one message.
    pub risky_urls: usize,
    /// Users who sent a risky message.
    pub risky_senders: usize,
    /// Messages with a risky url.
    pub risky_messages: usize,
    /// Channels with at least one risky message.
    pub channels: usize,
    /// Chats with at least one risky message.
    pub chats: usize,
    /// All urls in messages, risky or not.
    pub urls: usize,
    /// All messages with a url, risky or not.
    pub messages: usize,
    /// Risky urls that were only opened or clicked.
    pub risky_urls_not_in_messages: usize,
    /// Names of hosts on which SmartScreen warned about a url, or that connected to a risky one.
    pub hosts: usize,
    /// Users who opened or clicked a risky url.
    pub openers: usize,
    /// Alerts that mention a risky url.
    pub alerts: usize,
    /// Users who received a risky message in a chat.
    pub recipients: usize,
    /// Users who reported a risky message.
    pub reporters: usize,
}

/// The closing lists of the notebook: the entities that are worth a closer look. Each list is sorted and distinct.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entities {
    /// Users who sent a risky url, by UPN, or else name, or else id.
    pub users: Vec<String>,
    /// Names of hosts on which SmartScreen warned about a url, or that connected to a risky one.
    pub hosts: Vec<String>,
    /// Risky urls, whether sent, opened or clicked.
    pub urls: Vec<String>,
    /// Users who opened or clicked a risky url.
    pub openers: Vec<String>,
}

/// Computes the figures and the closing lists of a graph.
pub fn summarise(graph: &Graph) -> (Summary, Entities) {
    let flagged = |label, flag: Field<Flag>| -> BTreeSet<NodeRef> {
        graph
            .labelled(label)
            .into_iter()
            .filter(|node| graph.node(*node).facts.is(flag))
            .collect()
    };
    let to_url = |kind: EdgeType, url: NodeRef| graph.sources(url, kind);
    let risky_urls = flagged(Label::Url, url::RISKY);
    let risky_messages = flagged(Label::Message, message::RISKY);
    let risky_senders = flagged(Label::User, user::RISKY_SENDER);
    let in_message = |url: &NodeRef| !to_url(EdgeType::Contains, *url).is_empty();
    let standing = risky_urls.iter().filter(|url| in_message(url)).count();
    let places: BTreeSet<NodeRef> = risky_messages
        .iter()
        .flat_map(|message| graph.targets(*message, EdgeType::PostedIn))
        .collect();
    let of = |label: Label| {
        places
            .iter()
            .filter(|place| graph.node(**place).label == label)
            .count()
    };
    let reached = |kinds: &[EdgeType]| -> BTreeSet<NodeRef> {
        risky_urls
            .iter()
            .flat_map(|url| kinds.iter().flat_map(move |kind| to_url(*kind, *url)))
            .collect()
    };
    let warned = graph
        .labelled(Label::Host)
        .into_iter()
        .filter(|host| !graph.targets(*host, EdgeType::WarnedAbout).is_empty());
    let hosts: BTreeSet<NodeRef> = warned.chain(reached(&[EdgeType::ConnectedTo])).collect();
    let alerts = reached(&[EdgeType::Mentions]);
    let openers = reached(&[EdgeType::Opened, EdgeType::Clicked]);
    let of_messages = |kind: EdgeType| -> BTreeSet<NodeRef> {
        let messages = risky_messages.iter();
        messages
            .flat_map(|message| graph.sources(*message, kind))
            .collect()
    };
    let (channels, chats) = (of(Label::Channel), of(Label::Chat));
    let names = |nodes: &BTreeSet<NodeRef>| {
        let names = nodes.iter().map(|node| cell(graph, *node).to_owned());
        crate::model::sorted(names.collect())
    };
    let entities = Entities {
        users: names(&risky_senders),
        hosts: names(&hosts),
        urls: names(&risky_urls),
        openers: names(&openers),
    };
    let summary = Summary {
        sentence: format!(
            "{standing} malicious URL(s) sent by {} user(s) in {} message(s), across {channels} channel(s) and {chats} chat(s)",
            risky_senders.len(),
            risky_messages.len()
        ),
        risky_urls: standing,
        risky_senders: risky_senders.len(),
        risky_messages: risky_messages.len(),
        channels,
        chats,
        urls: graph
            .labelled(Label::Url)
            .iter()
            .filter(|url| in_message(url))
            .count(),
        messages: graph
            .labelled(Label::Message)
            .into_iter()
            .filter(|message| !graph.targets(*message, EdgeType::Contains).is_empty())
            .count(),
        risky_urls_not_in_messages: risky_urls.len() - standing,
        hosts: entities.hosts.len(),
        openers: openers.len(),
        alerts: alerts.len(),
        recipients: of_messages(EdgeType::Received).len(),
        reporters: of_messages(EdgeType::Reported).len(),
    };
    (summary, entities)
}

/// The numbers of nodes and of edges, by label and by type.
pub fn counts(graph: &Graph) -> (BTreeMap<&'static str, usize>, BTreeMap<&'static str, usize>) {
    let (mut nodes, mut edges) = (BTreeMap::new(), BTreeMap::new());
    for label in graph.labels() {
        *nodes.entry(label.as_str()).or_default() += 1;
    }
    for kind in graph.edge_types() {
        *edges.entry(kind.as_str()).or_default() += 1;
    }
    (nodes, edges)
}
