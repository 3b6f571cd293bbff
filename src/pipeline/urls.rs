//! The full text of every url in the graph.

use std::collections::{BTreeMap, HashMap};

use url::Url;

use crate::graph::{Edge, Graph, NodeRef, Seen, node};
use crate::link;

/// The nodes of the urls, and the urls of the nodes. The id of a node cannot replace the url, since the id of a very
/// long url is truncated.
#[derive(Default)]
pub(super) struct Urls {
    nodes: BTreeMap<Url, NodeRef>,
    urls: HashMap<NodeRef, Url>,
}

impl Urls {
    /// Puts a url into the graph, with its domain, unless a node for that would connect unrelated urls.
    pub(super) fn put(&mut self, graph: &mut Graph, url: Url, seen: Seen) -> NodeRef {
        let domain = link::domain(&url).filter(link::Domain::is_below_suffix);
        let node = graph.put(node::Url(url.clone()), seen);
        if let Some(domain) = domain {
            let domain = graph.put(node::Domain(domain), seen);
            graph.link(node, Edge::OnDomain, domain, seen);
        }
        self.urls.entry(node).or_insert_with(|| {
            self.nodes.insert(url.clone(), node);
            url
        });
        node
    }

    /// Puts a url that a log or the analyst names into the graph; `None` if it is not a web url.
    pub(super) fn put_text(
        &mut self,
        graph: &mut Graph,
        text: &str,
        seen: Seen,
    ) -> Option<NodeRef> {
        let (url, _) = link::canonical(text)?;
        Some(self.put(graph, url, seen))
    }

    /// All urls with their nodes, sorted by url.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Url, NodeRef)> {
        self.nodes.iter().map(|(url, node)| (url, *node))
    }

    pub(super) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The url of a node; `None` when it is not a node of a url.
    pub(super) fn url(&self, node: NodeRef) -> Option<&Url> {
        self.urls.get(&node)
    }

    /// The node of a url; `None` when the url is not in the graph.
    pub(super) fn node(&self, url: &Url) -> Option<NodeRef> {
        self.nodes.get(url).copied()
    }
}
