//! The full text of every url in the graph.

use std::collections::{BTreeSet, HashMap};

use url::Url;

use crate::graph::{Edge, Graph, Label, NodeRef, Seen, node};
use crate::link;

/// The urls of the graph. The id of a node is its url, but for the few that are too long for an index of Neo4j and are
/// truncated there.
#[derive(Default)]
pub(super) struct Urls {
    /// The urls of nodes whose id is truncated.
    long: HashMap<NodeRef, Url>,
    /// The urls that were put and not taken since.
    new: Vec<NodeRef>,
}

impl Urls {
    /// Puts a url into the graph, with its domain, unless a node for that would connect unrelated urls.
    pub(super) fn put(&mut self, graph: &mut Graph, url: Url, seen: Seen) -> NodeRef {
        let domain = link::domain(&url).filter(link::Domain::is_below_suffix);
        let length = url.as_str().len();
        let known = graph.find(Label::Url, url.as_str());
        let node = match known {
            Some(node) => {
                graph.see(node, seen);
                node
            }
            None => graph.put(node::Url(url.clone()), seen),
        };
        if let Some(domain) = domain {
            let domain = graph.put(node::Domain(domain), seen);
            graph.link(node, Edge::OnDomain, domain, seen);
        }
        if known.is_none() {
            self.new.push(node);
            if graph.node(node).id.len() != length {
                self.long.insert(node, url);
            }
        }
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

    /// Takes the urls that were put since they were taken last, sorted by url.
    pub(super) fn take_new(&mut self, graph: &Graph) -> Vec<NodeRef> {
        let mut new = std::mem::take(&mut self.new);
        new.sort_by_key(|node| self.text(graph, *node));
        new
    }

    /// The nodes of all urls, sorted by url.
    pub(super) fn nodes(&self, graph: &Graph) -> Vec<NodeRef> {
        let mut nodes = graph.labelled(Label::Url);
        if !self.long.is_empty() {
            nodes.sort_by_key(|node| self.text(graph, *node));
        }
        nodes
    }

    /// The url of a node; `None` when it is not a node of a url.
    pub(super) fn url(&self, graph: &Graph, node: NodeRef) -> Option<Url> {
        let data = graph.node(node);
        match self.long.get(&node) {
            Some(url) => Some(url.clone()),
            None if data.label == Label::Url => Url::parse(&data.id).ok(),
            None => None,
        }
    }

    /// The node of a url; `None` when the url is not in the graph.
    pub(super) fn node(&self, graph: &Graph, url: &Url) -> Option<NodeRef> {
        graph.find(Label::Url, url.as_str())
    }

    /// The nodes of the urls that the analyst named; the texts are those of the options.
    pub(super) fn named(&self, graph: &Graph, texts: &[String]) -> BTreeSet<NodeRef> {
        let urls = texts.iter().filter_map(|text| link::canonical(text));
        urls.filter_map(|(url, _)| self.node(graph, &url)).collect()
    }

    fn text<'t>(&'t self, graph: &'t Graph, node: NodeRef) -> &'t str {
        let long = self.long.get(&node).map(Url::as_str);
        long.unwrap_or(&graph.node(node).id)
    }
}
