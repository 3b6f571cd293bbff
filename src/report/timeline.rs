//! The events of the case, ordered by time.

use serde::Serialize;

use super::elements::{Elements, Ref};
use super::json::shown;
use super::listing::{EventKind, Listing, Occurrence, Spot};
use super::view::View;
use crate::graph::schema::{alert, clicked, connected_to};
use crate::graph::{EdgeType, NodeRef};

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

/// The listed events in the order of time.
pub(super) fn timeline(
    view: View<'_>,
    listing: &Listing,
    elements: &mut Elements<'_>,
) -> Vec<Event> {
    let events = listing.events.iter();
    let mut events: Vec<Event> = events
        .filter_map(|occurrence| {
            let draft = match occurrence.spot {
                Spot::Node(message) if occurrence.kind == EventKind::Message => {
                    of_message(view, elements, message)
                }
                Spot::Node(alert) => of_alert(view, elements, alert),
                Spot::Edge(who, edge, url) => of_edge(view, elements, who, edge, url),
            };
            draft.event(occurrence)
        })
        .collect();
    events.sort();
    events
}

/// What is written about an event.
struct Draft {
    who: Option<String>,
    what: String,
    place: Option<String>,
    refs: Vec<Ref>,
}

impl Draft {
    /// The event; `None` when it has no time.
    fn event(self, occurrence: &Occurrence) -> Option<Event> {
        let at = occurrence.at()?;
        let until = occurrence.last.map(|last| last.timestamp_millis());
        Some(Event(
            at,
            until.filter(|until| *until > at),
            occurrence.kind,
            occurrence.risky,
            self.who.as_deref().map(shown),
            shown(&self.what),
            self.refs,
            self.place.as_deref().map(shown),
        ))
    }
}

fn of_message(view: View<'_>, elements: &mut Elements<'_>, message: NodeRef) -> Draft {
    let urls = view.graph.targets(message, EdgeType::Contains);
    let senders: Vec<NodeRef> = view.senders(message).into_iter().flatten().collect();
    let mut refs: Vec<Ref> = elements.node(message).into_iter().collect();
    refs.extend(senders.iter().filter_map(|sender| elements.node(*sender)));
    // Risky urls come first, wherever they are in the message.
    let (risky, plain): (Vec<NodeRef>, Vec<NodeRef>) =
        urls.iter().partition(|url| view.risky(**url));
    for url in risky.iter().chain(&plain) {
        refs.extend(elements.node(*url));
    }
    for url in &risky {
        refs.extend(elements.edge(message, EdgeType::Contains, *url));
    }
    let first = risky.iter().chain(&plain).next();
    let mut what = first.map_or("", |url| view.id(*url)).to_owned();
    if urls.len() > 1 {
        // Defanged here, since the text appended to it would be taken for a part of the url.
        what = format!("{} and {} more", shown(&what), urls.len() - 1);
    }
    Draft {
        who: senders.first().map(|sender| view.shown(*sender).to_owned()),
        what,
        place: view.place_of(message).map(str::to_owned),
        refs,
    }
}

/// An edge that leads to a url.
fn of_edge(
    view: View<'_>,
    elements: &mut Elements<'_>,
    who: NodeRef,
    edge: EdgeType,
    url: NodeRef,
) -> Draft {
    let mut refs: Vec<Ref> = elements.edge(who, edge, url).into_iter().collect();
    refs.extend(elements.node(who));
    refs.extend(elements.node(url));
    let how = view.graph.edge(who, edge, url).and_then(|seen| match edge {
        EdgeType::Clicked => seen.facts.get(clicked::ACTIONS),
        _ => seen.facts.get(connected_to::SOURCES),
    });
    let how = how.unwrap_or_default();
    Draft {
        who: Some(view.shown(who).to_owned()),
        what: view.id(url).to_owned(),
        place: (!how.is_empty()).then(|| how.join(", ")),
        refs,
    }
}

fn of_alert(view: View<'_>, elements: &mut Elements<'_>, alert: NodeRef) -> Draft {
    let facts = view.facts(alert);
    let named = view.graph.targets(alert, EdgeType::Mentions);
    let mut refs: Vec<Ref> = elements.node(alert).into_iter().collect();
    refs.extend(named.iter().filter_map(|node| elements.node(*node)));
    Draft {
        who: facts
            .get(alert::PRODUCT)
            .or_else(|| facts.get(alert::PROVIDER))
            .map(str::to_owned),
        what: view.shown(alert).to_owned(),
        place: facts.get(alert::SEVERITY).map(str::to_owned),
        refs,
    }
}
