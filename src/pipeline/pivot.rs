//! Chooses the urls that are searched for in logs and alerts, and their search terms.

use url::Url;

use super::context::Context;
use super::urls::Urls;
use super::verdicts::Verdicts;
use crate::graph::{Graph, Label, NodeRef};
use crate::http::Failure;
use crate::link;
use crate::model::{PivotOn, Window, sorted};
use crate::source::logs::{Query, Rows, chunks};

/// A url that is searched for.
pub(super) struct Target {
    pub(super) node: NodeRef,
    pub(super) url: Url,
    /// True for a url on a shared service or on a host of the tenant's own, where only exactly this url counts.
    pub(super) shared: bool,
    /// The search terms for logs.
    search_terms: Vec<String>,
    /// The hosts by which alerts are searched, since products write the rest of a url in different ways.
    pub(super) hosts: Vec<String>,
}

/// The targets of one query, and its rows.
pub(super) struct Chunk<'a> {
    pub(super) targets: Vec<&'a Target>,
    pub(super) rows: Rows,
}

/// The urls to search for, sorted by the ids of their nodes: the risky ones and those that the analyst named, or all with
/// `--pivot-on all`.
pub(super) fn targets(
    context: &Context,
    graph: &Graph,
    urls: &Urls,
    verdicts: &Verdicts,
) -> Vec<Target> {
    if context.options.pivot_on == PivotOn::Risky {
        return risky(context, graph, urls, verdicts);
    }
    let nodes = graph.labelled(Label::Url);
    to_targets(context, graph, urls, nodes)
}

/// The risky urls and those that the analyst named, sorted by the ids of their nodes.
pub(super) fn risky(
    context: &Context,
    graph: &Graph,
    urls: &Urls,
    verdicts: &Verdicts,
) -> Vec<Target> {
    let mut nodes = verdicts.risky(graph);
    nodes.extend(urls.named(graph, &context.options.urls));
    nodes.sort_by_key(|url| &graph.node(*url).id);
    nodes.dedup();
    to_targets(context, graph, urls, nodes)
}

/// The number of queries of this kind for all urls of the graph.
pub(super) fn query_count(context: &Context, graph: &Graph, urls: &Urls, query: Query) -> usize {
    let targets = to_targets(context, graph, urls, graph.labelled(Label::Url));
    let targets: Vec<&Target> = targets.iter().collect();
    chunks(targets, |target| search_terms(query, target)).len()
}

fn to_targets(context: &Context, graph: &Graph, urls: &Urls, nodes: Vec<NodeRef>) -> Vec<Target> {
    let urls = nodes
        .into_iter()
        .filter_map(|node| Some((node, urls.url(graph, node)?)));
    urls.filter_map(|(node, url)| Target::new(context, node, url))
        .collect()
}

/// Runs a query for all targets, in as many chunks as necessary, with the search terms that fit the query.
pub(super) async fn search<'a>(
    context: &Context,
    query: Query,
    window: Window,
    targets: &'a [Target],
) -> Result<Vec<Chunk<'a>>, Failure> {
    let words = |target: &&Target| search_terms(query, target);
    let chunks = chunks(targets.iter().collect(), words);
    let lists = chunks
        .iter()
        .map(|chunk| sorted(chunk.iter().flat_map(words).collect()))
        .collect();
    let logs = &context.logs;
    let answers = logs.query_chunks(query, window, "needles", lists).await?;
    let chunks = chunks.into_iter().zip(answers);
    Ok(chunks
        .map(|(targets, rows)| Chunk { targets, rows })
        .collect())
}

/// The terms by which a query searches for a target.
fn search_terms(query: Query, target: &Target) -> Vec<String> {
    match query {
        Query::Alerts => target.hosts.clone(),
        // These logs can have a link as it was sent, with a wrapper around it.
        Query::MessagesOn | Query::ClicksOn => wrapped(&target.search_terms),
        _ => target.search_terms.clone(),
    }
}

/// Search terms, and the same as they stand in the address of a wrapper, encoded once or twice: the slash before a host
/// is part of its first word then.
fn wrapped(terms: &[String]) -> Vec<String> {
    let encoded =
        |term: &String, slash: &str| format!("{}{}", &slash[1..], term.replace('/', slash));
    let all = terms
        .iter()
        .flat_map(|term| [term.clone(), encoded(term, "%2F"), encoded(term, "%252F")]);
    all.collect()
}

impl Target {
    /// `None` for a url without any search term.
    fn new(context: &Context, node: NodeRef, url: Url) -> Option<Self> {
        // On a host of the tenant's own everybody comes and goes, as on a shared one.
        let shared = link::is_shared(&url, &context.settings.shared_domains)
            || context.intel.privacy.is_internal(&url);
        let hosts = link::host_search_terms(&url);
        let search_terms = if shared {
            link::path_search_terms(&url)
        } else {
            hosts.clone()
        };
        (!search_terms.is_empty()).then_some(Self {
            node,
            url,
            shared,
            search_terms,
            hosts,
        })
    }
}
