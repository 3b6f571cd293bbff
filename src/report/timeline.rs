//! The events of the case, ordered by time.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::elements::{Elements, Ref};
use super::json::shown;
use super::view::View;
use crate::graph::schema::{alert, clicked, connected_to};
use crate::graph::{EdgeType, Label, NodeRef};

/// The kind of an event. Events at the same time are sorted in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum EventKind {
    Message,
    Warning,
    Click,
    Connection,
    Alert,
}

/// The fields are: time in milliseconds, end time if it differs, kind, whether it is risky, who, what, references, and
/// the place of a message or the details of any other event.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Event(
    i64,
    Option<i64>,
    EventKind,
    bool,
    Option<String>,
    String,
    Vec<Ref>,
    Option<String>,
);

/// The events, and the number of those without a time.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) events: Vec<Event>,
    pub(super) undated: usize,
}

struct Draft {
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    kind: EventKind,
    risky: bool,
    who: Option<String>,
    what: String,
    place: Option<String>,
    refs: Vec<Ref>,
}

impl Timeline {
    pub(super) fn new(view: View<'_>, elements: &mut Elements<'_>) -> Self {
        let mut drafts = messages(view, elements);
        for (kind, edge) in [
            (EventKind::Warning, EdgeType::WarnedAbout),
            (EventKind::Click, EdgeType::Clicked),
            (EventKind::Connection, EdgeType::ConnectedTo),
        ] {
            drafts.extend(reached(view, elements, kind, edge));
        }
        drafts.extend(alerts(view, elements));
        let all = drafts.len();
        let mut events: Vec<Event> = drafts.into_iter().filter_map(Draft::event).collect();
        events.sort();
        Self {
            undated: all - events.len(),
            events,
        }
    }
}

impl Draft {
    fn event(self) -> Option<Event> {
        let at = self.first.or(self.last)?.timestamp_millis();
        let until = self.last.map(|last| last.timestamp_millis());
        Some(Event(
            at,
            until.filter(|until| *until > at),
            self.kind,
            self.risky,
            self.who.as_deref().map(shown),
            shown(&self.what),
            self.refs,
            self.place.as_deref().map(shown),
        ))
    }
}

/// One event for each message with a link.
fn messages(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (message, urls) in view.messages_with(|_| true) {
        let senders: Vec<NodeRef> = view.senders(message).into_iter().flatten().collect();
        let mut refs = vec![elements.node(message)];
        refs.extend(senders.iter().map(|sender| elements.node(*sender)));
        // Risky urls come first, wherever they are in the message.
        let (risky, plain): (Vec<NodeRef>, Vec<NodeRef>) =
            urls.iter().partition(|url| view.risky(**url));
        for url in risky.iter().chain(&plain) {
            refs.push(elements.node(*url));
        }
        for url in &risky {
            refs.extend(elements.edge(message, EdgeType::Contains, *url));
        }
        let at = view
            .sent(message, senders.first().copied())
            .or(view.facts(message).first_seen);
        let first = risky.iter().chain(&plain).next();
        let mut what = first.map_or("", |url| view.id(*url)).to_owned();
        if urls.len() > 1 {
            // Defanged here, since the text appended to it would be taken for a part of the url.
            what = format!("{} and {} more", shown(&what), urls.len() - 1);
        }
        drafts.push(Draft {
            first: at,
            last: at,
            kind: EventKind::Message,
            risky: view.risky(message),
            who: senders.first().map(|sender| view.shown(*sender).to_owned()),
            what,
            place: view.place_of(message).map(str::to_owned),
            refs,
        });
    }
    drafts
}

/// One event for each edge of this type that leads to a url.
fn reached(
    view: View<'_>,
    elements: &mut Elements<'_>,
    kind: EventKind,
    edge: EdgeType,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for url in view.graph.labelled(Label::Url) {
        for who in view.graph.sources(url, edge) {
            let Some(seen) = view.graph.edge(who, edge, url) else {
                continue;
            };
            let mut refs: Vec<Ref> = elements.edge(who, edge, url).into_iter().collect();
            refs.extend([elements.node(who), elements.node(url)]);
            let how = match edge {
                EdgeType::Clicked => seen.facts.get(clicked::ACTIONS),
                _ => seen.facts.get(connected_to::SOURCES),
            };
            let how = how.unwrap_or_default();
            drafts.push(Draft {
                first: seen.facts.first_seen,
                last: seen.facts.last_seen,
                kind,
                risky: view.risky(url),
                who: Some(view.shown(who).to_owned()),
                what: view.id(url).to_owned(),
                place: (!how.is_empty()).then(|| how.join(", ")),
                refs,
            });
        }
    }
    drafts
}

/// One event for each alert.
fn alerts(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for alert in view.graph.labelled(Label::Alert) {
        let facts = view.facts(alert);
        let named = view.graph.targets(alert, EdgeType::Mentions);
        let mut refs = vec![elements.node(alert)];
        refs.extend(named.iter().map(|node| elements.node(*node)));
        let at = facts.get(alert::TIME).or(facts.first_seen);
        drafts.push(Draft {
            first: at,
            last: at,
            kind: EventKind::Alert,
            risky: named
                .iter()
                .any(|node| view.label(*node) == Label::Url && view.risky(*node)),
            who: facts
                .get(alert::PRODUCT)
                .or_else(|| facts.get(alert::PROVIDER))
                .map(str::to_owned),
            what: view.shown(alert).to_owned(),
            place: facts.get(alert::SEVERITY).map(str::to_owned),
            refs,
        });
    }
    drafts
}
