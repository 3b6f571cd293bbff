//! The verdicts of the providers so far.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use url::Url;

use super::urls::Urls;
use crate::graph::{Graph, NodeRef};
use crate::intel::{self, Verdict};

/// The verdicts on the urls that were looked up, and the providers that were given up.
#[derive(Default)]
pub(super) struct Verdicts {
    /// By the node of the url. A url that was looked up has an entry even if no provider answered.
    by_url: HashMap<NodeRef, Vec<Verdict>>,
    /// Providers that were given up in this load, by name, with the verdict for their unanswered requests.
    pub(super) given_up: BTreeMap<&'static str, Verdict>,
}

impl Verdicts {
    /// The urls that were not looked up yet. They are marked as looked up.
    pub(super) fn take_new(&mut self, graph: &Graph, urls: &Urls) -> BTreeSet<Url> {
        let mut new = BTreeSet::new();
        for (url, node) in urls.iter(graph) {
            self.by_url.entry(node).or_insert_with(|| {
                new.insert(url);
                Vec::new()
            });
        }
        new
    }

    /// Adds the verdict of one provider on a url.
    pub(super) fn add(&mut self, url: NodeRef, verdict: Verdict) {
        self.by_url.entry(url).or_default().push(verdict);
    }

    /// The verdicts of the providers on a url.
    pub(super) fn of(&self, url: NodeRef) -> &[Verdict] {
        self.by_url.get(&url).map_or(&[], Vec::as_slice)
    }

    /// True when a provider rates the url as risky. Signals do not count here: they start neither a round of chats nor
    /// a search in the logs.
    pub(super) fn is_risky(&self, url: NodeRef) -> bool {
        intel::risky(self.of(url))
    }
}
