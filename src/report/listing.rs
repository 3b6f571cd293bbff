//! Decides which events a report lists one by one, and counts the others.
//!
//! A case can have a million messages, nearly all of them harmless. Listed one by one with their evidence they would
//! make a file that no browser opens, so only the earliest harmless messages are listed. Malicious messages and every
//! report, removal, click, redirect, warning, connection and alert are listed up to a far higher bound.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::reach;
use super::view::View;
use crate::graph::schema::{alert, message, reported};
use crate::graph::{EdgeType, Label, NodeRef};

/// The highest numbers of what a report lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Harmless messages.
    pub(super) harmless: usize,
    /// Urls in those messages: the table of messages has a row for each.
    pub(super) links: usize,
    /// All other events.
    pub(super) others: usize,
    /// Spans of time in which unlisted events are counted.
    pub(super) spans: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            harmless: 5_000,
            links: 20_000,
            others: 20_000,
            spans: 20_000,
        }
    }
}

/// The kind of an event. Events at the same time are sorted in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EventKind {
    Message,
    Report,
    Removal,
    Warning,
    Click,
    Redirect,
    Connection,
    Alert,
}

/// Where an event is in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// A message, its removal, or an alert.
    Node(NodeRef),
    /// An edge that leads to a url, or from who reported a message to it.
    Edge(NodeRef, EdgeType, NodeRef),
}

/// An event before anything is written about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) kind: EventKind,
    pub(super) risky: bool,
    pub(super) first: Option<DateTime<Utc>>,
    pub(super) last: Option<DateTime<Utc>>,
    pub(super) spot: Spot,
    /// For a harmless message, the number of its urls.
    harmless: Option<u32>,
    /// For a message, whether its time of creation is known. The table of messages has no others.
    created: bool,
}

impl Occurrence {
    /// The time of the event, in milliseconds.
    pub(super) fn at(&self) -> Option<i64> {
        Some(self.first.or(self.last)?.timestamp_millis())
    }
}

/// What is counted and not listed.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Unlisted {
    /// Harmless messages.
    pub(super) harmless: usize,
    /// All other events: malicious messages, reports, removals, clicks, redirects, warnings, connections and alerts.
    pub(super) others: usize,
    /// The length of a span of time, in milliseconds.
    span: i64,
    /// The numbers of unlisted events with a time: kind, whether risky, the start of the span in milliseconds, number.
    counts: Vec<(EventKind, bool, i64, usize)>,
    /// The messages that the table of messages lacks.
    #[serde(skip)]
    pub(super) rows: usize,
    /// The messages that the table of malicious messages lacks.
    #[serde(skip)]
    pub(super) risky_rows: usize,
}

/// The listed events, and the number of all others.
#[derive(Debug)]
pub(super) struct Listing {
    /// The listed events in the order in which the graph is gone through.
    pub(super) events: Vec<Occurrence>,
    /// The number of events without a time, listed or not.
    pub(super) undated: usize,
    pub(super) unlisted: Unlisted,
    messages: HashSet<NodeRef>,
}

const HOUR: i64 = 3_600_000;

impl Listing {
    pub(super) fn of(view: View<'_>, bounds: Bounds) -> Self {
        let mut undated = 0;
        let mut unlisted = Unlisted::default();
        let mut counts = BTreeMap::new();
        let mut count = |event: Occurrence| {
            unlisted.add(&event, view);
            if let Some(at) = event.at() {
                let span = at.div_euclid(HOUR);
                *counts.entry((event.kind, event.risky, span)).or_default() += 1;
            }
        };
        let (mut harmless, mut others) = (First::new(bounds.harmless), First::new(bounds.others));
        let mut position = 0;
        each_occurrence(view, |event| {
            position += 1;
            undated += usize::from(event.at().is_none());
            let first = if event.harmless.is_some() {
                &mut harmless
            } else {
                &mut others
            };
            if let Some(last) = first.add(Ranked { position, event }) {
                count(last);
            }
        });
        let mut links = 0;
        let mut listed = others.best.into_vec();
        for ranked in harmless.best.into_sorted_vec() {
            links += ranked.event.harmless.map_or(0, |links| links as usize);
            if links <= bounds.links {
                listed.push(ranked);
            } else {
                count(ranked.event);
            }
        }
        listed.sort_unstable_by_key(|ranked| ranked.position);
        let events: Vec<Occurrence> = listed.into_iter().map(|ranked| ranked.event).collect();
        unlisted.count(counts, bounds.spans);
        let messages = events.iter().filter_map(|event| match event.spot {
            Spot::Node(node) if event.kind == EventKind::Message => Some(node),
            _ => None,
        });
        Self {
            messages: messages.collect(),
            events,
            undated,
            unlisted,
        }
    }

    /// Whether the report may list this node: it lists everything but the messages that are only counted.
    pub(super) fn lists(&self, view: View<'_>, node: NodeRef) -> bool {
        view.label(node) != Label::Message || self.messages.contains(&node)
    }
}

impl Unlisted {
    pub(super) fn is_empty(&self) -> bool {
        self.harmless + self.others == 0
    }

    fn add(&mut self, event: &Occurrence, view: View<'_>) {
        match event.harmless {
            Some(_) => self.harmless += 1,
            None => self.others += 1,
        }
        if let (EventKind::Message, Spot::Node(message)) = (event.kind, event.spot) {
            self.risky_rows += usize::from(holds_risky(view, message));
        }
        self.rows += usize::from(event.created);
    }

    /// Takes the numbers by hour, over longer spans if there are too many hours.
    fn count(&mut self, mut counts: BTreeMap<(EventKind, bool, i64), usize>, most: usize) {
        self.span = HOUR;
        while counts.len() > most.max(10) {
            self.span *= 2;
            let mut wider = BTreeMap::new();
            for ((kind, risky, span), count) in counts {
                *wider.entry((kind, risky, span.div_euclid(2))).or_default() += count;
            }
            counts = wider;
        }
        let counts = counts.into_iter();
        self.counts = counts
            .map(|((kind, risky, at), count)| (kind, risky, at * self.span, count))
            .collect();
    }
}

/// An event with its rank: malicious ones come first, then the earliest. Events without a time come last, and equals
/// are in the order of their ids.
struct Ranked {
    position: usize,
    event: Occurrence,
}

impl Ranked {
    fn rank(&self) -> (bool, bool, Option<i64>, usize) {
        let at = self.event.at();
        (!self.event.risky, at.is_none(), at, self.position)
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

/// The first events by rank, so many and no more, so that a case of any size takes little memory.
struct First {
    most: usize,
    best: BinaryHeap<Ranked>,
}

impl First {
    fn new(most: usize) -> Self {
        Self {
            most,
            best: BinaryHeap::new(),
        }
    }

    /// Adds an event, and gives the one for which there is no room.
    fn add(&mut self, event: Ranked) -> Option<Occurrence> {
        self.best.push(event);
        if self.best.len() <= self.most {
            return None;
        }
        self.best.pop().map(|last| last.event)
    }
}

/// Goes through every event of the graph: messages by id, each with its removal and reports, then events of other
/// kinds.
fn each_occurrence(view: View<'_>, mut found: impl FnMut(Occurrence)) {
    for (node, urls) in view.messages_with(|_| true) {
        let facts = view.facts(node);
        let sender = view.senders(node).first().copied().flatten();
        let at = view.sent(node, sender).or(facts.first_seen);
        let risky = facts.is(message::RISKY);
        let matters = risky || urls.iter().any(|url| view.risky(*url));
        let links = u32::try_from(urls.len()).unwrap_or(u32::MAX);
        found(Occurrence {
            kind: EventKind::Message,
            risky,
            first: at,
            last: at,
            spot: Spot::Node(node),
            harmless: (!matters).then_some(links),
            created: facts.get(message::CREATED).is_some(),
        });
        // People delete what they wrote all the time: that matters of what is malicious alone.
        let zapped = facts.get(message::ZAPPED);
        let gone = zapped.or_else(|| matters.then(|| reach::removed_at(view, node)).flatten());
        if gone.is_some() {
            found(Occurrence {
                kind: EventKind::Removal,
                risky: matters,
                first: gone,
                last: gone,
                spot: Spot::Node(node),
                harmless: None,
                created: false,
            });
        }
        for who in view.graph.sources(node, EdgeType::Reported) {
            let told = view.graph.edge(who, EdgeType::Reported, node);
            let at = told.and_then(|told| told.facts.get(reported::AT).or(told.facts.first_seen));
            found(Occurrence {
                kind: EventKind::Report,
                risky: matters,
                first: at,
                last: at,
                spot: Spot::Edge(who, EdgeType::Reported, node),
                harmless: None,
                created: false,
            });
        }
    }
    for (kind, edge) in [
        (EventKind::Warning, EdgeType::WarnedAbout),
        (EventKind::Click, EdgeType::Clicked),
        (EventKind::Redirect, EdgeType::RedirectsTo),
        (EventKind::Connection, EdgeType::ConnectedTo),
    ] {
        for url in view.graph.labelled(Label::Url) {
            for who in view.graph.sources(url, edge) {
                let Some(seen) = view.graph.edge(who, edge, url) else {
                    continue;
                };
                found(Occurrence {
                    kind,
                    risky: view.risky(url) || (kind == EventKind::Redirect && view.risky(who)),
                    first: seen.facts.first_seen,
                    last: seen.facts.last_seen,
                    spot: Spot::Edge(who, edge, url),
                    harmless: None,
                    created: false,
                });
            }
        }
    }
    for node in view.graph.labelled(Label::Alert) {
        let facts = view.facts(node);
        let at = facts.get(alert::TIME).or(facts.first_seen);
        found(Occurrence {
            kind: EventKind::Alert,
            risky: view
                .graph
                .targets(node, EdgeType::Mentions)
                .into_iter()
                .any(|node| view.label(node) == Label::Url && view.risky(node)),
            first: at,
            last: at,
            spot: Spot::Node(node),
            harmless: None,
            created: false,
        });
    }
}

fn holds_risky(view: View<'_>, message: NodeRef) -> bool {
    let urls = view.graph.targets(message, EdgeType::Contains);
    urls.into_iter().any(|url| view.risky(url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::node::{Alert, Message, Url, User};
    use crate::graph::schema::{message, url};
    use crate::graph::summary::summarise;
    use crate::graph::{Edge, Graph, Seen};
    use crate::report::view::Places;

    /// Messages one hour apart, of which every fifth is malicious. Each malicious url is clicked, and an
    /// alert mentions the url of every seventh message.
    fn graph(messages: usize) -> Graph {
        let mut graph = Graph::new("01KBREPRT00000000000000000");
        for n in 0..messages {
            let hours = i64::try_from(n).unwrap();
            let at = DateTime::from_timestamp(1_793_577_600 + hours * 3_600, 0);
            let seen = Seen::at(1, at);
            let message = graph.put(
                Message {
                    id: format!("19:{n}@thread.tacv2/1").into(),
                    created: at,
                    ..Message::default()
                },
                seen,
            );
            let address = ::url::Url::parse(&format!("https://a.example/{n}")).unwrap();
            let url = graph.put(Url(address.clone()), seen);
            let contains = Edge::Contains {
                origin: "href",
                text: None,
                raw: address.to_string(),
                wrapped_by: Vec::new(),
                mismatch: false,
                defanged: false,
            };
            graph.link(message, contains, url, seen);
            if n % 5 == 0 {
                graph.set(message, message::RISKY, true);
                graph.set(url, url::RISKY, true);
                let user = graph.put(User::by_id(&format!("user {n}")), seen);
                let clicked = Edge::Clicked {
                    count: 1,
                    action: "ClickAllowed".to_owned(),
                    clicked_through: false,
                    ip: "198.51.100.7".to_owned(),
                };
                graph.link(user, clicked, url, seen);
            }
            if n % 7 == 0 {
                let alert = graph.put(
                    Alert {
                        id: format!("alert {n}").into(),
                        time: at,
                        ..Alert::default()
                    },
                    seen,
                );
                graph.link(alert, Edge::Mentions, url, seen);
            }
        }
        graph
    }

    fn listing(graph: &Graph, bounds: Bounds) -> Listing {
        let (summary, _) = summarise(graph);
        let places = Places::of(graph);
        let view = View {
            graph,
            summary: &summary,
            places: &places,
        };
        Listing::of(view, bounds)
    }

    fn numbers(listing: &Listing) -> (usize, usize) {
        let harmless = listing.events.iter().filter(|e| e.harmless.is_some());
        let harmless = harmless.count();
        (harmless, listing.events.len() - harmless)
    }

    fn counted(listing: &Listing) -> usize {
        listing.unlisted.counts.iter().map(|count| count.3).sum()
    }

    // Of 70 messages 14 are malicious and clicked. There are 10 alerts, of which 2 mention a malicious url.
    const HARMLESS: usize = 70 - 14;
    const RISKY: usize = 14 + 14 + 2;
    const OTHERS: usize = RISKY + 8;

    #[test]
    fn few_events_are_all_listed() {
        let listing = listing(&graph(70), Bounds::default());
        assert_eq!(numbers(&listing), (HARMLESS, OTHERS));
        assert_eq!(
            listing.unlisted,
            Unlisted {
                span: HOUR,
                ..Unlisted::default()
            }
        );
    }

    #[test]
    fn the_earliest_harmless_messages_are_listed_and_all_that_matters() {
        let bounds = Bounds {
            harmless: 3,
            ..Bounds::default()
        };
        let listing = listing(&graph(70), bounds);
        assert_eq!(numbers(&listing), (3, OTHERS));
        assert_eq!(listing.unlisted.harmless, HARMLESS - 3);
        assert_eq!(listing.unlisted.others, 0);
        assert_eq!(listing.unlisted.risky_rows, 0);
        assert_eq!(listing.unlisted.rows, HARMLESS - 3);
        assert_eq!(counted(&listing), HARMLESS - 3);
        let times = |listed: &[Occurrence]| -> Vec<Option<i64>> {
            let harmless = listed.iter().filter(|event| event.harmless.is_some());
            let mut times: Vec<_> = harmless.map(Occurrence::at).collect();
            times.sort();
            times
        };
        let hour = |n: i64| Some((1_793_577_600 + n * 3_600) * 1_000);
        assert_eq!(times(&listing.events), [hour(1), hour(2), hour(3)]);
    }

    #[test]
    fn malicious_events_come_before_others_where_not_all_are_listed() {
        let bounds = Bounds {
            others: RISKY,
            ..Bounds::default()
        };
        let listing = listing(&graph(70), bounds);
        assert_eq!(numbers(&listing), (HARMLESS, RISKY));
        let risky = listing.events.iter().filter(|event| event.risky);
        assert_eq!(risky.count(), RISKY);
        assert_eq!(listing.unlisted.others, OTHERS - RISKY);
        assert_eq!(counted(&listing), OTHERS - RISKY);
        assert!(listing.unlisted.counts.iter().all(|(_, risky, ..)| !risky));
    }

    #[test]
    fn urls_are_bounded_too() {
        let bounds = Bounds {
            links: 2,
            ..Bounds::default()
        };
        assert_eq!(numbers(&listing(&graph(70), bounds)), (2, OTHERS));
    }

    #[test]
    fn many_hours_are_counted_in_longer_spans() {
        let bounds = Bounds {
            harmless: 0,
            links: 0,
            others: 0,
            spans: 12,
        };
        let listing = listing(&graph(70), bounds);
        assert!(listing.events.is_empty());
        assert!(listing.unlisted.counts.len() <= 12);
        assert!(listing.unlisted.span > HOUR);
        assert_eq!(counted(&listing), HARMLESS + OTHERS);
        assert_eq!(listing.unlisted.risky_rows, 14);
        assert!(
            listing
                .unlisted
                .counts
                .iter()
                .all(|count| count.2 % listing.unlisted.span == 0)
        );
    }
}
