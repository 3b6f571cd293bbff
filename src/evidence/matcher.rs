//! Which parts of a record mention a node or an edge.

use std::cell::OnceCell;

use super::body::Body;
use super::element::Element;
use super::excerpt::Excerpt;
use super::mentions::{DeviceEvent, Mentions, RequestContext};
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

/// What is done with each part, by its position.
type Visit<'v> = &'v mut dyn FnMut(usize, &Mentions);

/// The note about a body that could not be split.
const ILLEGIBLE: &str = "the answer is no JSON, so that no part of it can be told from another";

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

    /// The parts of a record that mention the element, for a record that is compared with no other element.
    pub fn excerpt<'r>(&self, record: &'r Record) -> Excerpt<'r> {
        let body = Body::read(record);
        let context = RequestContext::of(record);
        let (places, note) = self.places_once(record, &body, &context);
        Excerpt::new(body, places, note)
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
            let each = &mut |visit: Visit<'_>| {
                let parts = mentions.iter().enumerate();
                parts.for_each(|(at, part)| visit(at, part));
            };
            return self.about_url(verdict, record.record, body.len(), &record.list, each);
        }
        if !body.legible {
            return (Vec::new(), Some(ILLEGIBLE));
        }
        let those = |mut places: Vec<usize>, test: &dyn Fn(&Mentions) -> bool| -> Vec<usize> {
            places.retain(|at| mentions.get(*at).is_some_and(test));
            places
        };
        let near = match &self.element {
            Compared::Node(node) => node,
            Compared::Edge { kind, from, to, .. } => match named_by(*kind) {
                (true, false) => from,
                (false, _) => to,
                // A url may be in every row, but the user who clicked it is only in a few.
                (true, true) if index.count(from, mentions) <= index.count(to, mentions) => from,
                (true, true) => to,
            },
        };
        let found = those(index.near(near, mentions), &|part| {
            self.is_in(subject, part)
        });
        let half = match &self.element {
            Compared::Edge { from, to, .. } if found.is_empty() => {
                let mut either = index.near(from, mentions);
                either.extend(index.near(to, mentions));
                either.sort_unstable();
                either.dedup();
                those(either, &|part| self.is_half_in(part))
            }
            _ => Vec::new(),
        };
        self.conclude(found, half, subject, mentions.len())
    }

    /// The same as [`Matcher::places`], in a single pass that keeps nothing of a part.
    fn places_once(&self, record: &Record, body: &Body<'_>, context: &RequestContext) -> Places {
        let mut each = |visit: Visit<'_>| {
            for (at, part) in body.parts().enumerate() {
                visit(at, &context.mentions(&part));
            }
        };
        if let Some(verdict) = self.verdict() {
            return self.about_url(verdict, record, body.len(), &OnceCell::new(), &mut each);
        }
        if !body.legible {
            return (Vec::new(), Some(ILLEGIBLE));
        }
        let (mut found, mut half) = (Vec::new(), Vec::new());
        each(&mut |at, part| {
            if self.is_in(&context.subject, part) {
                found.push(at);
            } else if found.is_empty() && self.is_half_in(part) {
                half.push(at);
            }
        });
        self.conclude(found, half, &context.subject, body.len())
    }

    /// True when a part mentions the node, or proves the edge.
    fn is_in(&self, subject: &Mentions, part: &Mentions) -> bool {
        match &self.element {
            Compared::Node(node) => node.is_in(part),
            Compared::Edge {
                kind,
                from,
                to,
                matched,
            } => joins(*kind, from, to, *matched, subject, part),
        }
    }

    /// True when a part mentions one of the ends of the edge.
    fn is_half_in(&self, part: &Mentions) -> bool {
        match &self.element {
            Compared::Node(_) => false,
            Compared::Edge { from, to, .. } => from.is_in(part) || to.is_in(part),
        }
    }

    /// What is shown, and the note about it: the parts that mention the element or, when there is none, what comes
    /// closest.
    fn conclude(
        &self,
        found: Vec<usize>,
        half: Vec<usize>,
        subject: &Mentions,
        parts: usize,
    ) -> Places {
        if !found.is_empty() {
            return (found, None);
        }
        match &self.element {
            Compared::Node(node) if node.is_in(subject) => {
                let note = "the request names it, and the whole answer is about it";
                ((0..parts).collect(), Some(note))
            }
            Compared::Edge { .. } if !half.is_empty() => {
                let note = "no part of the answer names both ends; these name one of them";
                (half, Some(note))
            }
            _ => (Vec::new(), Some("no part of the answer names it")),
        }
    }

    /// The parts of a record about a verdict's url: lines of a list, rows of the workspace, or the whole answer of a
    /// service, since a service answers about one url.
    fn about_url(
        &self,
        verdict: &NodeMatcher<'_>,
        record: &Record,
        parts: usize,
        list: &OnceCell<Option<Lists>>,
        each: &mut dyn FnMut(Visit<'_>),
    ) -> Places {
        let Some(url) = &verdict.url else {
            return (Vec::new(), Some("the url is too long to be compared"));
        };
        let (found, none): (Vec<usize>, _) = match Source::parse(&record.source) {
            Some(Source::File) => {
                // A list may be long, and many verdicts can come from it.
                let list = list.get_or_init(|| {
                    let Record { url, body, .. } = record;
                    Lists::of_text(url, body, self.resolver.since).ok()
                });
                let lines = list.as_ref().map(|list| list.lines_about(url));
                let lines = lines.unwrap_or_default();
                let places = lines.into_iter().filter_map(|line| line.checked_sub(1));
                (
                    places.filter(|at| *at < parts).collect(),
                    "no line of the list names the url, which is what the verdict says",
                )
            }
            Some(Source::LogAnalytics) => {
                let mut found = Vec::new();
                each(&mut |at, part| {
                    let indicator = part.indicator.as_ref();
                    if indicator
                        .is_some_and(|(kind, value)| intel::sentinel::names(kind, value, url))
                    {
                        found.push(at);
                    }
                });
                (
                    found,
                    "no row names the url, which is what the verdict says",
                )
            }
            _ => {
                let all = (0..parts).collect();
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
