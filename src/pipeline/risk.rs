//! Decides which urls, messages and senders are risky, and why.

use super::context::Context;
use super::urls::Urls;
use super::verdicts::Verdicts;
use crate::graph::property::Flag;
use crate::graph::schema::{Given, clicked, contains, message, url, user};
use crate::graph::{EdgeType, Field, Graph, Label, NodeRef};
use crate::intel::{self, defender};
use crate::link::{self, Lookalikes};
use crate::model::Signal;

/// The messages with a url that a provider rates as risky, and those that Defender rated malicious themselves, sorted
/// by their ids.
pub(super) fn messages(graph: &Graph, verdicts: &Verdicts) -> Vec<NodeRef> {
    let risky = verdicts.risky(graph).into_iter();
    let held = risky.flat_map(|url| graph.sources(url, EdgeType::Contains));
    let rated = verdicts.words.rated();
    let flagged = rated.filter(|message| is_flagged(graph, *message));
    by_id(graph, held.chain(flagged))
}

/// True when Defender rated the message itself malicious.
fn is_flagged(graph: &Graph, message: NodeRef) -> bool {
    let threats = graph.node(message).facts.get(message::THREATS);
    threats.is_some_and(|threats| threats.iter().any(|threat| defender::is_malicious(threat)))
}

/// The users who sent a risky message.
pub(super) fn senders(graph: &Graph, verdicts: &Verdicts) -> Vec<NodeRef> {
    let messages = messages(graph, verdicts).into_iter();
    let senders = messages.flat_map(|message| graph.sources(message, EdgeType::Sent));
    by_id(graph, senders)
}

/// The users who sent or received a risky message, or opened or clicked a risky url.
pub(super) fn touched(graph: &Graph, verdicts: &Verdicts) -> Vec<NodeRef> {
    let messages = messages(graph, verdicts).into_iter();
    let in_messages = messages.flat_map(|message| {
        let senders = graph.sources(message, EdgeType::Sent);
        [senders, graph.sources(message, EdgeType::Received)].concat()
    });
    let openers = verdicts.risky(graph).into_iter().flat_map(|url| {
        let opened = graph.sources(url, EdgeType::Opened);
        [opened, graph.sources(url, EdgeType::Clicked)].concat()
    });
    by_id(graph, in_messages.chain(openers))
}

/// Nodes of one label, sorted by their ids and distinct.
fn by_id(graph: &Graph, nodes: impl Iterator<Item = NodeRef>) -> Vec<NodeRef> {
    let mut nodes: Vec<NodeRef> = nodes.collect();
    nodes.sort_by_key(|node| &graph.node(*node).id);
    nodes.dedup();
    nodes
}

/// Writes severity, signals and risk to urls, and risk to messages and users.
pub(super) fn assess(context: &Context, graph: &mut Graph, urls: &Urls, verdicts: &Verdicts) {
    let settings = &context.settings;
    let imitated = settings.internal_domains.iter();
    let imitated: Vec<&String> = imitated.chain(&settings.protected_domains).collect();
    let lookalikes = Lookalikes::new(&imitated);
    for url in graph.labelled(Label::Url) {
        let mut signals = signals(graph, url);
        let is_rated = intel::risky(verdicts.of(url));
        if !is_rated && holders(graph, url).any(|message| is_flagged(graph, message)) {
            signals.push(Signal::FlaggedMessage);
        }
        if let Some(address) = urls.url(graph, url) {
            if let Some(reason) = lookalikes.reason(&address) {
                signals.push(Signal::LookalikeDomain);
                graph.set(url, url::LOOKALIKE, reason);
            }
            let shown = [
                (Signal::Shortener, link::is_shortener(&address)),
                (Signal::OpaqueWrapper, link::is_opaque_wrapper(&address)),
                (Signal::FileShare, address.scheme() == "file"),
            ];
            let given = shown.into_iter().filter(|(_, is_given)| *is_given);
            signals.extend(given.map(|(signal, _)| signal));
        }
        let mut decisive = signals.iter();
        let is_risky = !verdicts.is_benign(url)
            && (verdicts.is_risky(url) || decisive.any(|signal| settings.signals.contains(signal)));
        let severity = intel::overall(verdicts.of(url));
        let rated = Given::default()
            .with(url::SEVERITY, severity)
            .with(url::RISKY, is_risky)
            .with(url::SIGNALS, signals);
        graph.set_all(url, rated);
    }
    for message in graph.labelled(Label::Message) {
        let is_risky =
            is_flagged(graph, message) || leads_to(graph, message, EdgeType::Contains, url::RISKY);
        graph.set(message, message::RISKY, is_risky);
    }
    for user in graph.labelled(Label::User) {
        let is_risky = leads_to(graph, user, EdgeType::Sent, message::RISKY);
        graph.set(user, user::RISKY_SENDER, is_risky);
    }
}

/// True when an edge of this type leads to a node whose flag is set.
fn leads_to(graph: &Graph, from: NodeRef, edges: EdgeType, flag: Field<Flag>) -> bool {
    let mut targets = graph.targets(from, edges).into_iter();
    targets.any(|target| graph.node(target).facts.is(flag))
}

/// The messages that hold a url.
fn holders(graph: &Graph, url: NodeRef) -> impl Iterator<Item = NodeRef> {
    graph.sources(url, EdgeType::Contains).into_iter()
}

/// The signals of a url: evidence against it other than verdicts. `[risk] signals` decides which of them make it risky.
fn signals(graph: &Graph, url: NodeRef) -> Vec<Signal> {
    let is_blocked = |user: NodeRef| {
        let edge = graph.edge(user, EdgeType::Clicked, url);
        let actions = edge.and_then(|edge| edge.facts.get(clicked::ACTIONS));
        actions.is_some_and(|actions| actions.iter().any(|action| action.contains("Block")))
    };
    let is_mismatch = |message: NodeRef| {
        let edge = graph.edge(message, EdgeType::Contains, url);
        edge.is_some_and(|edge| edge.facts.is(contains::MISMATCH))
    };
    let sources = |edges: EdgeType| graph.sources(url, edges).into_iter();
    let signals = [
        (Signal::Alert, sources(EdgeType::Mentions).next().is_some()),
        (
            Signal::ClickBlocked,
            sources(EdgeType::Clicked).any(is_blocked),
        ),
        (
            Signal::Reported,
            holders(graph, url)
                .any(|message| !graph.sources(message, EdgeType::Reported).is_empty()),
        ),
        (
            Signal::Zapped,
            holders(graph, url).any(|message| graph.node(message).facts.has(message::ZAPPED)),
        ),
        (
            Signal::Smartscreen,
            sources(EdgeType::WarnedAbout).next().is_some(),
        ),
        (
            Signal::TextMismatch,
            sources(EdgeType::Contains).any(is_mismatch),
        ),
    ];
    let given = signals.into_iter().filter(|(_, is_given)| *is_given);
    given.map(|(signal, _)| signal).collect()
}
