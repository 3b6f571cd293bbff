//! Which parts of a record mention a node or an edge.
//!
//! A record is read in blocks of parts, and what the parts of a block mention is dropped with the block: an answer can have
//! two hundred thousand rows.

use std::cell::OnceCell;
use std::ops::Range;

use super::body::Body;
use super::element::Element;
use super::excerpt::Excerpt;
use super::index::Index;
use super::mentions::{DeviceEvent, Mentions, RequestContext};
use super::parts::{Part, Parts};
use super::resolver::{NodeMatcher, Resolver};
use super::words::Words;
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

/// The number of parts that are compared at a time.
const BLOCK: usize = 4096;

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
    pub fn parts(&self, record: &Record) -> Parts {
        let body = Body::read(record);
        let mut places = places(record, &body, &[self]);
        let (places, note) = places.pop().unwrap_or_default();
        parts_at(&body, places, note, usize::MAX)
    }

    /// For each of several elements, the parts of a record that mention it, at most `most` of them.
    pub fn parts_of_each(matchers: &[&Self], record: &Record, most: usize) -> Vec<Parts> {
        let body = Body::read(record);
        let places = places(record, &body, matchers).into_iter();
        let parts = places.map(|(places, note)| parts_at(&body, places, note, most));
        parts.collect()
    }

    /// Like [`Matcher::parts`], but a part is only kept by its position.
    pub fn excerpt<'r>(&self, record: &'r Record) -> Excerpt<'r> {
        let body = Body::read(record);
        let mut places = places(record, &body, &[self]);
        let (places, note) = places.pop().unwrap_or_default();
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

    /// The result for a record whose parts need not be looked at; `None` when they have to be.
    fn without_parts(
        &self,
        record: &Record,
        body: &Body<'_>,
        list: &OnceCell<Option<Lists>>,
    ) -> Option<Places> {
        let Some(verdict) = self.verdict() else {
            return (!body.legible).then_some((Vec::new(), Some(ILLEGIBLE)));
        };
        let Some(url) = &verdict.url else {
            return Some((Vec::new(), Some("the url is too long to be compared")));
        };
        match Source::parse(&record.source) {
            // A service answers about one url.
            None | Some(Source::Graph | Source::Login | Source::Provider(_)) => Some((
                (0..body.len()).collect(),
                Some("the whole answer is about the url"),
            )),
            Some(Source::File) => {
                // A list may be long, and many verdicts can come from it.
                let list = list.get_or_init(|| {
                    let Record { url, body, .. } = record;
                    Lists::of_text(url, body, self.resolver.since).ok()
                });
                let lines = list.as_ref().map(|list| list.lines_about(url));
                let lines = lines.unwrap_or_default().into_iter();
                let places = lines.filter_map(|line| line.checked_sub(1));
                let places: Vec<usize> = places.filter(|at| *at < body.len()).collect();
                let note = "no line of the list names the url, which is what the verdict says";
                Some((places.clone(), places.is_empty().then_some(note)))
            }
            Some(Source::LogAnalytics | Source::Hunting) => None,
        }
    }

    /// Adds the parts of a block that mention the element.
    fn look(&self, subject: &Mentions, block: &Block, search: &mut Search) {
        let mentions = &block.mentions;
        let all = || (0..mentions.len()).collect();
        let place = |at: usize| block.first + at;
        if let Some(verdict) = self.verdict() {
            let Some(url) = &verdict.url else { return };
            let provider = verdict.data.verdict_id().map(|id| id.provider);
            let is_of_defender = provider.is_some_and(|name| name == intel::defender::DEFENDER);
            for (at, part) in mentions.iter().enumerate() {
                if is_of_defender {
                    search.words.add(place(at), part, url);
                } else if let Some((kind, value)) = &part.indicator
                    && intel::sentinel::names(kind, value, url)
                {
                    search.found.push(place(at));
                }
            }
            return;
        }
        let near = match &block.index {
            Some(index) => index.near(self.nearest(index, mentions), mentions),
            None => all(),
        };
        let found = near
            .into_iter()
            .filter(|at| self.is_in(subject, &mentions[*at]));
        search.found.extend(found.map(place));
        if let Compared::Edge { from, to, .. } = &self.element
            && search.found.is_empty()
        {
            let mut either: Vec<usize> = match &block.index {
                Some(index) => [from, to].map(|end| index.near(end, mentions)).concat(),
                None => all(),
            };
            either.sort_unstable();
            either.dedup();
            let half = either
                .into_iter()
                .filter(|at| self.is_half_in(&mentions[*at]));
            search.half.extend(half.map(place));
        }
    }

    /// The node that a part has to name, and that the fewest parts of the block name.
    fn nearest(&self, index: &Index, mentions: &[Mentions]) -> &NodeMatcher<'g> {
        match &self.element {
            Compared::Node(node) => node,
            Compared::Edge { kind, from, to, .. } => match named_by(*kind) {
                (true, false) => from,
                (false, _) => to,
                // A url may be in every row, but the user who clicked it is only in a few.
                (true, true) if index.count(from, mentions) <= index.count(to, mentions) => from,
                (true, true) => to,
            },
        }
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
    fn conclude(&self, search: Search, subject: &Mentions, parts: usize) -> Places {
        let Search {
            mut found,
            half,
            words,
        } = search;
        found.extend(words.places());
        found.sort_unstable();
        if !found.is_empty() {
            return (found, None);
        }
        match &self.element {
            _ if self.verdict().is_some() => {
                let note = "no row names the url, which is what the verdict says";
                (Vec::new(), Some(note))
            }
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
}

/// The parts of a record that mention an element, so far.
#[derive(Default)]
struct Search {
    /// Those that mention it.
    found: Vec<usize>,
    /// Those that mention one end of an edge, while none mentions both.
    half: Vec<usize>,
    /// For a verdict of Defender, what the parts say.
    words: Words,
}

/// Some parts of a record that follow each other.
struct Block {
    /// The position of the first of them.
    first: usize,
    /// What each part mentions.
    mentions: Vec<Mentions>,
    /// `None` where it would be used once, which is slower than to look at all parts.
    index: Option<Index>,
}

/// For each of several elements, which parts of a record are shown for it.
fn places(record: &Record, body: &Body<'_>, matchers: &[&Matcher<'_>]) -> Vec<Places> {
    let list = OnceCell::new();
    let known = matchers
        .iter()
        .map(|matcher| matcher.without_parts(record, body, &list));
    let known: Vec<Option<Places>> = known.collect();
    let open = known.iter().filter(|known| known.is_none()).count();
    let context = RequestContext::of(record);
    let mut searches: Vec<Search> = matchers.iter().map(|_| Search::default()).collect();
    let blocks = (0..body.len()).step_by(BLOCK).filter(|_| open > 0);
    for first in blocks {
        let parts = first..body.len().min(first + BLOCK);
        let block = Block::read(body, &context, parts, open > 1);
        for ((matcher, known), search) in matchers.iter().zip(&known).zip(&mut searches) {
            if known.is_none() {
                matcher.look(&context.subject, &block, search);
            }
        }
    }
    let results = matchers.iter().zip(known).zip(searches);
    let results = results.map(|((matcher, known), search)| match known {
        Some(places) => places,
        None => matcher.conclude(search, &context.subject, body.len()),
    });
    results.collect()
}

impl Block {
    fn read(
        body: &Body<'_>,
        context: &RequestContext,
        parts: Range<usize>,
        with_index: bool,
    ) -> Self {
        let first = parts.start;
        let parts = parts.map(|at| body.part(at).unwrap_or_default());
        let mentions: Vec<Mentions> = parts.map(|part| context.mentions(&part)).collect();
        Self {
            first,
            index: with_index.then(|| Index::of(&mentions)),
            mentions,
        }
    }
}

/// The parts at these positions, at most `most` of them.
fn parts_at(body: &Body<'_>, places: Vec<usize>, note: Option<&'static str>, most: usize) -> Parts {
    let part = |at: usize| {
        let part = body.part(at)?;
        Some(Part { at: at + 1, part })
    };
    Parts {
        unit: body.unit,
        of: body.len(),
        found: places.into_iter().filter_map(part).take(most).collect(),
        note,
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
        EdgeType::Sent => own(to) && from.is_among(&part.users),
        EdgeType::PostedIn => (own(from) || root(from)) && to.is_in(part),
        EdgeType::ReplyTo => own(from) && root(to),
        EdgeType::Contains => own(from) && to.is_in(part),
        EdgeType::Received => own(to) && from.is_among(&part.recipients),
        EdgeType::Reported => own(to) && from.is_among(&part.reporters),
        EdgeType::RedirectsTo => part.click && from.led_to(to, part),
        EdgeType::MemberOf => from.is_in(subject) && to.is_in(part),
        EdgeType::ParticipatesIn => to.is_in(subject) && from.is_in(part),
        EdgeType::HasChannel | EdgeType::Used | EdgeType::Mentions => both(),
        EdgeType::Opened => part.event == Some(DeviceEvent::Open) && both(),
        EdgeType::WarnedAbout => part.event == Some(DeviceEvent::Warning) && both(),
        EdgeType::Clicked => part.click && from.is_in(part) && to.is_url_of(part),
        EdgeType::ConnectedTo => from.is_in(part) && to.requested(part) == Some(matched),
        EdgeType::StartedFrom => to.is_in(part),
        EdgeType::OnDomain => from.is_in(part),
        EdgeType::HasVerdict => false,
    }
}
