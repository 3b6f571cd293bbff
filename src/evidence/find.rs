//! Finds the node, edge or record that an analyst means by what they type.

use crate::graph::naming;
use crate::graph::schema::{self, domain, host, message, user};
use crate::graph::value::indexable;
use crate::graph::{EdgeType, Graph, Label, NodeData, NodeRef};
use crate::link;
use crate::model::suggest;
use crate::model::{HostId, MessageId, RecordId, RecordNumber, UserId, VerdictId};
use crate::terminal;

use super::element::Element;

/// The highest number of candidates that an error lists.
const LISTED: usize = 12;
/// The longest name that is compared with the typed text, in bytes.
const COMPARED: usize = 256;
/// The limit on a comparison with all names, in bytes of a name times bytes of the typed text. It takes about a second.
const WORK: usize = 500_000_000;

/// The result of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A node or an edge.
    Element(Element),
    /// A record, by its number. The journal may not have it.
    Record(RecordNumber),
}

/// Why nothing, or more than one thing, matches. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum NotFound {
    #[error("the case has no node `{typed}`{}", nearest(.near))]
    Nothing { typed: String, near: Vec<String> },
    #[error(
        "`{typed}` can be {count} nodes; write one of them: {}",
        listed(.candidates, *.count)
    )]
    Ambiguous {
        typed: String,
        count: usize,
        candidates: Vec<String>,
    },
    #[error("there is no edge {kind} from `{from}` to `{to}`{}", others(.between))]
    NoEdge {
        kind: &'static str,
        from: String,
        to: String,
        between: Vec<String>,
    },
    #[error("`{typed}` is no type of edge; it can be {}", EdgeType::names())]
    NoType { typed: String },
    #[error("the record `{typed}` is of another case; this one is {case}")]
    OtherCase { typed: String, case: String },
}

fn nearest(near: &[String]) -> String {
    match near {
        [] => "; `linktrail export --format jsonl` lists all that it has".to_owned(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

fn listed(candidates: &[String], count: usize) -> String {
    let mut shown = candidates.join(", ");
    if count > candidates.len() {
        shown.push_str(&format!(" and {} more", count - candidates.len()));
    }
    shown
}

fn others(between: &[String]) -> String {
    match between {
        [] => "; ask for one of the two nodes to see the edges that it has".to_owned(),
        between => format!("; between them there is {}", between.join(", ")),
    }
}

/// Finds what the words identify. One word can be a node, a record, or an edge written `FROM -[TYPE]-> TO`; three words
/// are an edge.
///
/// # Errors
/// When nothing in the graph matches, or more than one thing does.
pub fn find(graph: &Graph, words: &[String]) -> Result<Found, NotFound> {
    match words {
        [from, kind, to] => edge(graph, from, kind, to),
        [word] => {
            if let Some(record) = record(graph, word)? {
                return Ok(Found::Record(record));
            }
            match arrow(word) {
                Some((from, kind, to)) => edge(graph, from, kind, to),
                None => Ok(Found::Element(Element::Node(node(graph, word)?))),
            }
        }
        words => Err(NotFound::Nothing {
            typed: words.join(" "),
            near: Vec::new(),
        }),
    }
}

/// The record of this case with the number in the word; `None` when the word does not have the form of a record id.
fn record(graph: &Graph, word: &str) -> Result<Option<RecordNumber>, NotFound> {
    let Some(RecordId { case, number }) = RecordId::parse(word.trim()) else {
        return Ok(None);
    };
    if case.eq_ignore_ascii_case(graph.case()) {
        return Ok(Some(number));
    }
    match ulid::Ulid::from_string(&case) {
        Ok(_) => Err(NotFound::OtherCase {
            typed: terminal::clean(word).into_owned(),
            case: graph.case().to_owned(),
        }),
        Err(_) => Ok(None),
    }
}

/// Splits an edge that is written as one word. A url may contain an arrow too, so only an arrow with a type in it
/// counts.
fn arrow(word: &str) -> Option<(&str, &str, &str)> {
    word.match_indices("-[").find_map(|(at, open)| {
        let rest = &word[at + open.len()..];
        let (kind, to) = rest.split_once("]->")?;
        let kind = kind.trim().trim_start_matches(':');
        EdgeType::parse(&kind.to_uppercase())?;
        Some((word[..at].trim(), kind, to.trim()))
    })
}

fn edge(graph: &Graph, from: &str, kind: &str, to: &str) -> Result<Found, NotFound> {
    let typed = kind.trim().to_uppercase();
    let kind = EdgeType::parse(&typed).ok_or_else(|| NotFound::NoType {
        typed: terminal::clean(kind).into_owned(),
    })?;
    let joins = kind.spec().joins;
    let sources = candidates(graph, from, |label| {
        joins.iter().any(|(from, _)| *from == label)
    });
    let targets = candidates(graph, to, |label| joins.iter().any(|(_, to)| *to == label));
    let pairs: Vec<_> = sources
        .iter()
        .flat_map(|from| targets.iter().map(move |to| (*from, *to)))
        .filter(|(from, to)| graph.edge(*from, kind, *to).is_some())
        .collect();
    if let [(from, to)] = pairs[..] {
        return Ok(Found::Element(Element::Edge(from, kind, to)));
    }
    // A missing or ambiguous end is reported first.
    let (from, to) = (node(graph, from)?, node(graph, to)?);
    let between = schema::EDGES.iter().map(|spec| spec.kind);
    let between = between.filter(|kind| graph.edge(from, *kind, to).is_some());
    Err(NotFound::NoEdge {
        kind: kind.as_str(),
        from: shown(graph.node(from)),
        to: shown(graph.node(to)),
        between: between.map(|kind| kind.as_str().to_owned()).collect(),
    })
}

/// The one node that the text identifies.
fn node(graph: &Graph, typed: &str) -> Result<NodeRef, NotFound> {
    let found = candidates(graph, typed, |_| true);
    match found[..] {
        [node] => Ok(node),
        [] => Err(NotFound::Nothing {
            typed: terminal::clean(typed).into_owned(),
            near: near(graph, typed),
        }),
        _ => Err(NotFound::Ambiguous {
            typed: terminal::clean(typed).into_owned(),
            count: found.len(),
            candidates: found
                .iter()
                .take(LISTED)
                .map(|node| shown(graph.node(*node)))
                .collect(),
        }),
    }
}

/// `Label:id`, which is how an ambiguous id has to be written.
fn shown(node: &NodeData) -> String {
    let id = terminal::clean(&node.id);
    match naming::beside_id(node) {
        Some(name) => format!("`{}:{id}` ({})", node.label, terminal::clean(name)),
        None => format!("`{}:{id}`", node.label),
    }
}

/// How well a text matches a node, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The text is its id.
    Id,
    /// The text is the id in another spelling, or another unique key such as a UPN or the name of a device.
    Key,
    /// The text is a name, which other nodes may have as well.
    Name,
}

/// True when a text, with the node's label before it, identifies this node and no other.
pub(super) fn is_meant(graph: &Graph, node: NodeRef, text: &str) -> bool {
    let data = graph.node(node);
    if text.trim() != text {
        return false;
    }
    match graph.find(data.label, text) {
        Some(found) => found == node,
        None => {
            // In other labels several nodes can have the same name.
            matches!(data.label, Label::Url | Label::Verdict)
                && Typed::of(text).fits(data).is_some()
        }
    }
}

/// The nodes that the text matches best.
fn candidates(graph: &Graph, typed: &str, of: impl Fn(Label) -> bool) -> Vec<NodeRef> {
    let typed = typed.trim();
    let prefixed = typed.split_once(':').and_then(|(label, id)| {
        let labels = schema::NODES.iter().map(|spec| spec.label);
        let label = labels
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(label))?;
        Some((label, id.trim()))
    });
    if let Some((label, id)) = prefixed {
        if let Some(node) = graph.find(label, id).filter(|_| of(label)) {
            return vec![node];
        }
        let found = best(graph, id, |other| other == label && of(other));
        if !found.is_empty() {
            return found;
        }
    }
    best(graph, typed, of)
}

fn best(graph: &Graph, typed: &str, of: impl Fn(Label) -> bool) -> Vec<NodeRef> {
    let typed = Typed::of(typed);
    let mut found: Vec<(Fit, NodeRef)> = Vec::new();
    for spec in schema::NODES.iter() {
        if !of(spec.label) {
            continue;
        }
        for node in graph.labelled(spec.label) {
            found.extend(typed.fits(graph.node(node)).map(|fit| (fit, node)));
        }
    }
    let best = found.iter().map(|(fit, _)| *fit).min();
    found.retain(|(fit, _)| Some(*fit) == best);
    found.into_iter().map(|(_, node)| node).collect()
}

/// The typed text, in the forms in which it is compared.
struct Typed<'t> {
    text: &'t str,
    lower: String,
    url: Option<String>,
    verdict: Option<String>,
}

impl<'t> Typed<'t> {
    fn of(text: &'t str) -> Self {
        let url = |text: &str| link::canonical(text).map(|(url, _)| url.to_string());
        let verdict = VerdictId::parse(text).and_then(|id| {
            let provider = id.provider.to_lowercase();
            Some(VerdictId::new(&provider, &url(&id.url)?).to_string())
        });
        Self {
            text,
            lower: text.to_lowercase(),
            url: url(text),
            verdict,
        }
    }

    fn fits(&self, node: &NodeData) -> Option<Fit> {
        if self.text.is_empty() {
            return None;
        }
        if node.id == self.text {
            return Some(Fit::Id);
        }
        let is = |name: &str| name.to_lowercase() == self.lower;
        let has = |name: Option<&str>| name.is_some_and(is);
        let (id, facts) = (node.id.as_str(), &node.facts);
        let same = match node.label {
            Label::Url => {
                let url = self.url.as_ref();
                url.is_some_and(|url| indexable(url.clone()) == node.id)
            }
            Label::Verdict => {
                let verdict = self.verdict.as_ref();
                verdict.is_some_and(|id| indexable(id.clone()) == node.id)
            }
            Label::User => {
                let id = node.user_id();
                has(id.as_ref().map(UserId::directory_key)) || has(facts.get(user::UPN))
            }
            Label::Host => {
                let id = node.host_id();
                has(id.as_ref().map(HostId::bare)) || has(facts.get(host::NAME))
            }
            Label::Domain => is(id) || has(facts.get(domain::UNICODE)),
            Label::Message => facts.get(message::WEB_URL) == Some(self.text),
            Label::Alert | Label::Case | Label::Team => is(id),
            // The ids of channels and chats are case-sensitive.
            Label::Channel | Label::Chat => false,
        };
        if same {
            return Some(Fit::Key);
        }
        let named = match node.label {
            Label::User => has(facts.get(user::NAME)) || has(facts.get(user::MAIL)),
            Label::Host => {
                let name = facts.get(host::NAME).unwrap_or_default();
                is(link::first_label(name))
            }
            Label::Message => MessageId::from(id).message() == self.text,
            _ => naming::names(node).into_iter().any(is),
        };
        named.then_some(Fit::Name)
    }
}

/// Names of nodes that are similar to the typed text, the most similar first.
fn near(graph: &Graph, typed: &str) -> Vec<String> {
    let typed = link::canonical(typed).map_or_else(|| typed.to_owned(), |(url, _)| url.to_string());
    // Ids of messages are numbers, and all of them are similar to each other.
    let labels = schema::NODES.iter().map(|spec| spec.label);
    let mut labels: Vec<Label> = labels.filter(|label| *label != Label::Message).collect();
    // Names come first, since there are fewer names than urls.
    labels.sort_by_key(|label| matches!(label, Label::Url | Label::Verdict));
    // Each url has verdicts, whose ids are as similar as the url itself.
    labels.retain(|label| *label != Label::Verdict || VerdictId::looks_like(&typed));
    let nodes = labels.into_iter().flat_map(|label| graph.labelled(label));
    let keys = nodes.flat_map(|node| {
        let node = graph.node(node);
        std::iter::once(node.id.as_str()).chain(naming::names(node))
    });
    let head = &typed[..typed.floor_char_boundary(COMPARED)];
    let mut left = WORK;
    let compared = keys.filter(|key| key.len() <= COMPARED).take_while(|key| {
        match left.checked_sub(key.len() * head.len()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        }
    });
    let mut near = suggest::close(head, compared);
    near.dedup();
    near.into_iter()
        .map(|name| format!("`{}`", terminal::clean(name)))
        .collect()
}
