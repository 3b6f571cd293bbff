//! Which parts of a record mention a node or an edge.

use super::element::Element;
use super::mentions::{DeviceEvent, Mentions};
use super::record::{ParsedRecord, Parts};
use super::resolver::{NodeMatcher, Resolver};
use crate::graph::schema::connected_to;
use crate::graph::{EdgeType, Label};
use crate::intel::{self, file::Lists};
use crate::journal::Record;
use crate::model::{MatchKind, Source};

/// An element of the graph, prepared for comparison with the parts of records.
pub struct Matcher<'g> {
    resolver: &'g Resolver<'g>,
    element: Compared<'g>,
}

enum Compared<'g> {
    Node(NodeMatcher<'g>),
    Edge {
        kind: EdgeType,
        from: NodeMatcher<'g>,
        to: NodeMatcher<'g>,
        /// The match of a CONNECTED_TO edge.
        matched: MatchKind,
    },
}

/// The positions of the parts that were found, and a note about them.
type Places = (Vec<usize>, Option<&'static str>);

impl<'g> Matcher<'g> {
    /// Prepares an element of the resolver's graph.
    pub fn new(resolver: &'g Resolver<'g>, element: Element) -> Self {
        let element = match element {
            Element::Node(node) => Compared::Node(resolver.node(node)),
            Element::Edge(from, kind, to) => {
                let edge = resolver.graph.edge(from, kind, to);
                let matched = edge.and_then(|edge| edge.facts.get(connected_to::MATCH));
                Compared::Edge {
                    kind,
                    from: resolver.node(from),
                    to: resolver.node(to),
                    matched: matched.unwrap_or(MatchKind::Host),
                }
            }
        };
        Self { resolver, element }
    }

    /// The parts of a record that mention the element.
    pub fn parts(&self, record: &ParsedRecord<'_>) -> Parts {
        self.first_parts(record, usize::MAX)
    }

    /// Like [`Matcher::parts`], but at most `most` of them.
    pub fn first_parts(&self, record: &ParsedRecord<'_>, most: usize) -> Parts {
        let (places, note) = self.places(record);
        record.parts_at(places, note, most)
    }

    /// The verdict, if the element is one or is an edge to one.
    fn verdict(&self) -> Option<&NodeMatcher<'_>> {
        let node = match &self.element {
            Compared::Node(node) => node,
            Compared::Edge { to, .. } => to,
        };
        (node.data.label == Label::Verdict).then_some(node)
    }

    fn places(&self, record: &ParsedRecord<'_>) -> Places {
        let ParsedRecord {
            body,
            subject,
            mentions,
            index,
            ..
        } = record;
        if let Some(verdict) = self.verdict() {
            return self.about_url(verdict, record);
        }
        if !body.legible {
            let note = "the answer is no JSON, so that no part of it can be told from another";
            return (Vec::new(), Some(note));
        }
        let those = |places: Vec<usize>, test: &dyn Fn(&Mentions) -> bool| -> Vec<usize> {
            let places = places.into_iter();
            places
                .filter(|at| mentions.get(*at).is_some_and(test))
                .collect()
        };
        match &self.element {
            Compared::Node(node) => {
                let found = those(index.near(node, mentions), &|part| node.is_in(part));
                if !found.is_empty() {
                    (found, None)
                } else if node.is_in(subject) {
                    let note = "the request names it, and the whole answer is about it";
                    ((0..mentions.len()).collect(), Some(note))
                } else {
                    (Vec::new(), Some("no part of the answer names it"))
                }
            }
            Compared::Edge {
                kind,
                from,
                to,
                matched,
            } => {
                let near = match named_by(*kind) {
                    (true, false) => from,
                    (false, _) => to,
                    // A url may be in every row, but the user who clicked it is only in a few.
                    (true, true) if index.count(from, mentions) <= index.count(to, mentions) => {
                        from
                    }
                    (true, true) => to,
                };
                let near = index.near(near, mentions);
                let found = those(near, &|part| {
                    joins(*kind, from, to, *matched, subject, part)
                });
                if !found.is_empty() {
                    return (found, None);
                }
                let mut either = index.near(from, mentions);
                either.extend(index.near(to, mentions));
                either.sort_unstable();
                either.dedup();
                let either = those(either, &|part| from.is_in(part) || to.is_in(part));
                let note = match either.is_empty() {
                    true => "no part of the answer names it",
                    false => "no part of the answer names both ends; these name one of them",
                };
                (either, Some(note))
            }
        }
    }

    /// The parts of a record about a verdict's url: lines of a list, rows of the workspace, or the whole answer of a
    /// service, since a service answers about one url.
    fn about_url(&self, verdict: &NodeMatcher<'_>, record: &ParsedRecord<'_>) -> Places {
        let Some(url) = &verdict.url else {
            return (Vec::new(), Some("the url is too long to be compared"));
        };
        let (found, none): (Vec<usize>, _) = match Source::parse(&record.record.source) {
            Some(Source::File) => {
                // A list may be long, and many verdicts can come from it.
                let list = record.list.get_or_init(|| {
                    let Record { url, body, .. } = record.record;
                    Lists::of_text(url, body, self.resolver.since).ok()
                });
                let lines = list.as_ref().map(|list| list.lines_about(url));
                let lines = lines.unwrap_or_default();
                let places = lines.into_iter().filter_map(|line| line.checked_sub(1));
                (
                    places.filter(|at| *at < record.body.parts.len()).collect(),
                    "no line of the list names the url, which is what the verdict says",
                )
            }
            Some(Source::LogAnalytics) => {
                let named = |part: &Mentions| {
                    let indicator = part.indicator.as_ref();
                    indicator.is_some_and(|(kind, value)| intel::sentinel::names(kind, value, url))
                };
                let parts = record.mentions.iter().enumerate();
                let places = parts.filter(|(_, part)| named(part));
                (
                    places.map(|(at, _)| at).collect(),
                    "no row names the url, which is what the verdict says",
                )
            }
            _ => {
                let all = (0..record.body.parts.len()).collect();
                return (all, Some("the whole answer is about the url"));
            }
        };
        let note = found.is_empty().then_some(none);
        (found, note)
    }
}

/// Which ends of an edge, start and end, a part has to name to prove it. An end that need not be named is in the
/// request, or follows from the part.
fn named_by(kind: EdgeType) -> (bool, bool) {
    match kind {
        EdgeType::ParticipatesIn | EdgeType::ConnectedTo | EdgeType::OnDomain => (true, false),
        EdgeType::MemberOf | EdgeType::StartedFrom => (false, true),
        _ => (true, true),
    }
}

/// True when a part proves an edge of this type between two nodes.
fn joins(
    kind: EdgeType,
    from: &NodeMatcher<'_>,
    to: &NodeMatcher<'_>,
    matched: MatchKind,
    subject: &Mentions,
    part: &Mentions,
) -> bool {
    let own = |node: &NodeMatcher<'_>| node.is_message(part.message.as_ref());
    let root = |node: &NodeMatcher<'_>| node.is_message(part.root.as_ref());
    let both = || from.is_in(part) && to.is_in(part);
    match kind {
        EdgeType::Sent => own(to) && from.is_in(part),
        EdgeType::PostedIn => (own(from) || root(from)) && to.is_in(part),
        EdgeType::ReplyTo => own(from) && root(to),
        EdgeType::Contains => own(from) && to.is_in(part),
        EdgeType::MemberOf => from.is_in(subject) && to.is_in(part),
        EdgeType::ParticipatesIn => to.is_in(subject) && from.is_in(part),
        EdgeType::HasChannel | EdgeType::Used | EdgeType::Mentions => both(),
        EdgeType::Opened => part.event == Some(DeviceEvent::Open) && both(),
        EdgeType::WarnedAbout => part.event == Some(DeviceEvent::Warning) && both(),
        EdgeType::Clicked => part.click && both(),
        EdgeType::ConnectedTo => from.is_in(part) && to.requested(part) == Some(matched),
        EdgeType::StartedFrom => to.is_in(part),
        EdgeType::OnDomain => from.is_in(part),
        EdgeType::HasVerdict => false,
    }
}
