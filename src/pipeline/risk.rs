//! Risk: which urls, messages and senders are risky, and why.

use super::context::Context;
use super::urls::Urls;
use super::verdicts::Verdicts;
use crate::graph::{EdgeType, Graph, Label, NodeRef, Value};
use crate::intel;
use crate::link::Lookalikes;

/// Users who sent a message with a url that a provider calls risky.
pub(super) fn senders(graph: &Graph, verdicts: &Verdicts) -> Vec<NodeRef> {
    let is_risky = |message: NodeRef| {
        let mut urls = graph.targets(message, EdgeType::Contains).into_iter();
        urls.any(|url| verdicts.is_risky(url))
    };
    let mut users = graph.labelled(Label::User);
    users.retain(|user| {
        let mut messages = graph.targets(*user, EdgeType::Sent).into_iter();
        messages.any(is_risky)
    });
    users
}

/// Writes severity, signals and risk onto urls, and risk onto messages and users.
pub(super) fn assess(context: &Context, graph: &mut Graph, urls: &Urls, verdicts: &Verdicts) {
    let settings = &context.settings;
    let imitated = settings.internal_domains.iter();
    let imitated: Vec<&String> = imitated.chain(&settings.protected_domains).collect();
    let lookalikes = Lookalikes::of(&imitated);
    for url in graph.labelled(Label::Url) {
        let mut signals = signals(graph, url);
        if let Some(reason) = urls.url(url).and_then(|url| lookalikes.reason(url)) {
            signals.push("lookalike_domain".to_owned());
            graph.set(url, "lookalike", Value::Text(reason));
        }
        let mut decisive = signals.iter();
        let is_risky =
            verdicts.is_risky(url) || decisive.any(|signal| settings.signals.contains(signal));
        let severity = intel::overall(verdicts.of(url)).to_owned();
        graph.set(url, "severity", Value::Text(severity));
        graph.set(url, "risky", Value::Boolean(is_risky));
        if !signals.is_empty() {
            graph.set(url, "signals", Value::List(signals));
        }
    }
    for message in graph.labelled(Label::Message) {
        let is_risky = leads_to_risky(graph, message, EdgeType::Contains);
        graph.set(message, "risky", Value::Boolean(is_risky));
    }
    for user in graph.labelled(Label::User) {
        let is_risky = leads_to_risky(graph, user, EdgeType::Sent);
        graph.set(user, "risky_sender", Value::Boolean(is_risky));
    }
}

/// Whether an edge of that type leads to a node that is marked as risky.
fn leads_to_risky(graph: &Graph, from: NodeRef, edges: EdgeType) -> bool {
    let mut targets = graph.targets(from, edges).into_iter();
    targets.any(|target| graph.node(target).facts.flag("risky"))
}

/// What besides the verdicts speaks against a url. `[risk] signals` says which of it makes the url risky.
fn signals(graph: &Graph, url: NodeRef) -> Vec<String> {
    let is_blocked = |user: NodeRef| {
        let edge = graph.edge(user, EdgeType::Clicked, url);
        let actions = edge.and_then(|edge| edge.facts.properties.get("actions"));
        matches!(actions, Some(Value::List(actions)) if actions.iter().any(|action| action.contains("Block")))
    };
    let is_mismatch = |message: NodeRef| {
        let edge = graph.edge(message, EdgeType::Contains, url);
        edge.is_some_and(|edge| edge.facts.flag("mismatch"))
    };
    let sources = |edges: EdgeType| graph.sources(url, edges).into_iter();
    let signals = [
        ("alert", sources(EdgeType::Mentions).next().is_some()),
        ("click_blocked", sources(EdgeType::Clicked).any(is_blocked)),
        (
            "smartscreen",
            sources(EdgeType::WarnedAbout).next().is_some(),
        ),
        (
            "text_mismatch",
            sources(EdgeType::Contains).any(is_mismatch),
        ),
    ];
    let given = signals.into_iter().filter(|(_, is_given)| *is_given);
    given.map(|(signal, _)| signal.to_owned()).collect()
}
