//! The events of the case, ordered by time.

use serde::Serialize;

use super::elements::{Elements, Ref};
use super::json::shown;
use super::listing::{EventKind, Listing, Occurrence, Spot};
use super::reach;
use super::view::View;
use crate::graph::schema::{alert, clicked, connected_to, message, redirects_to, reported};
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
                Spot::Node(message) if occurrence.kind == EventKind::Removal => {
                    of_removal(view, elements, message)
                }
                Spot::Node(alert) => of_alert(view, elements, alert),
                Spot::Edge(who, EdgeType::Reported, message) => {
                    of_report(view, elements, who, message)
                }
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
        place: place(view, message),
        refs,
    }
}

/// The place of a message, and how many people received it there.
fn place(view: View<'_>, message: NodeRef) -> Option<String> {
    let place = view.place_of(message).map(str::to_owned);
    match reach::recipients(view, message) {
        None | Some(0) => place,
        Some(people) => {
            let received = format!("received by {people}");
            Some(place.map_or(received.clone(), |place| format!("{place}, {received}")))
        }
    }
}

/// A message that was taken away: what it was, and how.
fn of_removal(view: View<'_>, elements: &mut Elements<'_>, message: NodeRef) -> Draft {
    let facts = view.facts(message);
    let ways = facts.get(message::ZAP).unwrap_or_default();
    let how = match ways.as_slice() {
        [] if facts.has(message::ZAPPED) => "taken out".to_owned(),
        [] => "deleted".to_owned(),
        ways => ways.join(", "),
    };
    Draft {
        place: Some(how),
        ..of_message(view, elements, message)
    }
}

/// A message that somebody reported, with the verdict of the report.
fn of_report(view: View<'_>, elements: &mut Elements<'_>, who: NodeRef, message: NodeRef) -> Draft {
    let told = view.graph.edge(who, EdgeType::Reported, message);
    let verdict = told.and_then(|told| told.facts.get(reported::VERDICT));
    let message_itself = of_message(view, elements, message);
    let mut refs: Vec<Ref> = elements
        .edge(who, EdgeType::Reported, message)
        .into_iter()
        .collect();
    refs.extend(elements.node(who));
    refs.extend(message_itself.refs);
    Draft {
        who: Some(view.shown(who).to_owned()),
        what: message_itself.what,
        place: verdict.map(|verdict| format!("graded {verdict}")),
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
    let seen = view.graph.edge(who, edge, url);
    let how = seen.and_then(|seen| match edge {
        EdgeType::Clicked => Some(seen.facts.get(clicked::ACTIONS)?.join(", ")),
        EdgeType::RedirectsTo => Some(match seen.facts.get(redirects_to::COUNT)? {
            1 => "1 click".to_owned(),
            clicks => format!("{clicks} clicks"),
        }),
        _ => Some(seen.facts.get(connected_to::SOURCES)?.join(", ")),
    });
    Draft {
        who: Some(view.shown(who).to_owned()),
        what: view.id(url).to_owned(),
        place: how.filter(|how| !how.is_empty()),
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
