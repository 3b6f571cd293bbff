//! The full text of every url in the graph.

use std::collections::{BTreeMap, HashMap};

use url::Url;

use crate::graph::{Edge, Graph, NodeRef, Seen, node};
use crate::link;

/// The urls of the graph by their nodes, and the other way round. The id of a node is no substitute: that of a very long
/// url is cut.
#[derive(Default)]
pub(super) struct Urls {
    nodes: BTreeMap<Url, NodeRef>,
    urls: HashMap<NodeRef, Url>,
}

impl Urls {
    /// Puts a url into the graph, with its domain.
    pub(super) fn put(&mut self, graph: &mut Graph, url: Url, seen: Seen) -> NodeRef {
        let domain = link::domain(&url).filter(|domain| is_registrable(domain, &url));
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

    /// Every url with its node, in the order of the urls.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Url, NodeRef)> {
        self.nodes.iter().map(|(url, node)| (url, *node))
    }

    pub(super) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The url of a node.
    pub(super) fn url(&self, node: NodeRef) -> Option<&Url> {
        self.urls.get(&node)
    }

    /// The node of a url.
    pub(super) fn node(&self, url: &Url) -> Option<NodeRef> {
        self.nodes.get(url).copied()
    }
}

/// True for a registered domain. A node for an address, a single label or a public suffix, which `link::Domain` gives
/// for urls without a registered domain, would connect unrelated urls.
fn is_registrable(domain: &link::Domain, url: &Url) -> bool {
    matches!(url.host(), Some(url::Host::Domain(_)))
        && domain.registrable.contains('.')
        && domain.suffix.as_ref() != Some(&domain.registrable)
}
