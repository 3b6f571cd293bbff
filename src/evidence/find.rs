//! Finds the node, edge or record that an analyst means by what they type.

use crate::graph::file::{Fit, Key, Spelling, keys};
use crate::graph::naming;
use crate::graph::schema;
use crate::graph::value::indexable;
use crate::graph::{EdgeType, Graph, Label, NodeData, NodeRef};
use crate::link;
use crate::model::{RecordId, RecordNumber, VerdictId};
use crate::terminal;

use super::element::Element;
use super::similar::Similar;

/// The highest number of candidates that an error lists.
const LISTED: usize = 12;

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
    find_with(graph, words, &mut |typed| Similar::in_graph(graph, typed))
}

/// Like [`find()`] in a graph that has only those nodes that can match. `similar` gives the names in the whole graph that
/// are similar to a typed text.
pub(super) fn find_with(
    graph: &Graph,
    words: &[String],
    similar: &mut dyn FnMut(&str) -> Vec<String>,
) -> Result<Found, NotFound> {
    if let Some(record) = record(graph.case(), words)? {
        return Ok(Found::Record(record));
    }
    match ends(words) {
        Some([from, kind, to]) => edge(graph, from, kind, to, similar),
        None => match words {
            [word] => Ok(Found::Element(Element::Node(node(graph, word, similar)?))),
            words => Err(NotFound::Nothing {
                typed: words.join(" "),
                near: Vec::new(),
            }),
        },
    }
}

/// The start, the type and the end of an edge in the words; `None` when they are no edge.
fn ends(words: &[String]) -> Option<[&str; 3]> {
    match words {
        [from, kind, to] => Some([from, kind, to]),
        [word] => arrow(word).map(|(from, kind, to)| [from, kind, to]),
        _ => None,
    }
}

/// The spellings in which keys of nodes can be equal to what was typed. There is one list for a node, and for an edge one
/// for each of its ends.
pub(super) fn spellings(case: &str, words: &[String]) -> Vec<Vec<String>> {
    let typed = match (ends(words), words) {
        (Some([from, _, to]), _) => vec![from, to],
        (None, [word]) => vec![word.as_str()],
        _ => Vec::new(),
    };
    let spellings = typed.into_iter().map(|typed| {
        let typed = typed.trim();
        let mut all = Typed::of(case, typed).spellings();
        if let Some((_, id)) = labelled(typed) {
            all.extend(Typed::of(case, id).spellings());
        }
        all
    });
    spellings.collect()
}

/// The number of the record of this case that the words are; `None` when they do not have the form of a record id.
///
/// # Errors
/// When they are a record of another case.
pub fn record(case: &str, words: &[String]) -> Result<Option<RecordNumber>, NotFound> {
    let [word] = words else { return Ok(None) };
    let Some(id) = RecordId::parse(word.trim()) else {
        return Ok(None);
    };
    if id.case.eq_ignore_ascii_case(case) {
        return Ok(Some(id.number));
    }
    match ulid::Ulid::from_string(&id.case) {
        Ok(_) => Err(NotFound::OtherCase {
            typed: terminal::clean(word).into_owned(),
            case: case.to_owned(),
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

fn edge(
    graph: &Graph,
    from: &str,
    kind: &str,
    to: &str,
    similar: &mut dyn FnMut(&str) -> Vec<String>,
) -> Result<Found, NotFound> {
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
    let (from, to) = (node(graph, from, similar)?, node(graph, to, similar)?);
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
fn node(
    graph: &Graph,
    typed: &str,
    similar: &mut dyn FnMut(&str) -> Vec<String>,
) -> Result<NodeRef, NotFound> {
    let found = candidates(graph, typed, |_| true);
    match found[..] {
        [node] => Ok(node),
        [] => Err(NotFound::Nothing {
            typed: terminal::clean(typed).into_owned(),
            near: similar(typed),
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
                && Typed::of(graph.case(), text).fits(data).is_some()
        }
    }
}

/// The nodes that the text matches best.
fn candidates(graph: &Graph, typed: &str, of: impl Fn(Label) -> bool) -> Vec<NodeRef> {
    let typed = typed.trim();
    if let Some((label, id)) = labelled(typed) {
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

/// The label before the first colon, and the text after it.
fn labelled(typed: &str) -> Option<(Label, &str)> {
    let (label, id) = typed.split_once(':')?;
    let mut labels = schema::NODES.iter().map(|spec| spec.label);
    let label = labels.find(|known| known.as_str().eq_ignore_ascii_case(label))?;
    Some((label, id.trim()))
}

fn best(graph: &Graph, typed: &str, of: impl Fn(Label) -> bool) -> Vec<NodeRef> {
    let typed = Typed::of(graph.case(), typed);
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
    /// As the id of a verdict, of which the case need not be typed.
    verdict: Option<String>,
}

impl<'t> Typed<'t> {
    fn of(case: &str, text: &'t str) -> Self {
        let url = |text: &str| link::canonical(text).map(|(url, _)| url.to_string());
        let verdict = VerdictId::typed(case, text).and_then(|id| {
            let provider = id.provider.to_lowercase();
            Some(VerdictId::new(case, &provider, &url(&id.url)?).to_string())
        });
        Self {
            text,
            lower: text.to_lowercase(),
            url: url(text).map(indexable),
            verdict: verdict.map(indexable),
        }
    }

    fn fits(&self, node: &NodeData) -> Option<Fit> {
        if self.text.is_empty() {
            return None;
        }
        let keys = keys(node).into_iter();
        keys.filter(|key| self.is(key)).map(|key| key.fit).min()
    }

    fn is(&self, key: &Key) -> bool {
        match key.spelling {
            Spelling::Exact => key.text == self.text,
            Spelling::Folded => key.text == self.lower,
            Spelling::Url => self.url.as_ref() == Some(&key.text),
            Spelling::Verdict => self.verdict.as_ref() == Some(&key.text),
        }
    }

    /// Every text that a key can be equal to.
    fn spellings(self) -> Vec<String> {
        let mut all = vec![
            self.text.to_owned(),
            indexable(self.text.to_owned()),
            self.lower,
        ];
        all.extend(self.url);
        all.extend(self.verdict);
        all.sort_unstable();
        all.dedup();
        all
    }
}
