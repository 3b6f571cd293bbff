//! The verdicts of the providers so far.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::defender_words::DefenderWords;
use super::intel::ServiceState;
use super::urls::Urls;
use crate::graph::{Graph, NodeRef};
use crate::intel::{self, Verdict};

/// The verdicts on the urls that were looked up, and how the services of the providers behaved.
#[derive(Default)]
pub(super) struct Verdicts {
    /// The nodes of the urls that were looked up, whether a provider answered or not.
    looked_up: HashSet<NodeRef>,
    /// By the node of the url.
    by_url: HashMap<NodeRef, Vec<Verdict>>,
    /// By the node of the url.
    of_defender: HashMap<NodeRef, Verdict>,
    /// The urls that the analyst named benign.
    benign: HashSet<NodeRef>,
    /// What Defender's rows say.
    pub(super) words: DefenderWords,
    /// What the services of the providers answered so far, by name, and whether they are asked.
    pub(super) services: BTreeMap<&'static str, ServiceState>,
}

impl Verdicts {
    /// The nodes of the urls that were not looked up yet, sorted by url. They are marked as looked up.
    pub(super) fn take_new(&mut self, graph: &Graph, urls: &mut Urls) -> Vec<NodeRef> {
        let mut new = urls.take_new(graph);
        new.retain(|node| self.looked_up.insert(*node));
        new
    }

    /// Adds the verdict of one provider on a url.
    pub(super) fn add(&mut self, url: NodeRef, verdict: Verdict) {
        self.by_url.entry(url).or_default().push(verdict);
    }

    /// Sets the verdict of Defender on a url, which outdates an earlier one: it can only have become worse.
    pub(super) fn set_of_defender(&mut self, url: NodeRef, verdict: Verdict) {
        self.of_defender.insert(url, verdict);
    }

    /// The verdicts of the providers on a url.
    pub(super) fn of(&self, url: NodeRef) -> impl Iterator<Item = &Verdict> {
        let given = self.by_url.get(&url).into_iter().flatten();
        given.chain(self.of_defender.get(&url))
    }

    /// Takes a url out of risk, since the analyst named it benign.
    pub(super) fn set_benign(&mut self, url: NodeRef) {
        self.benign.insert(url);
    }

    /// True when the analyst named the url benign.
    pub(super) fn is_benign(&self, url: NodeRef) -> bool {
        self.benign.contains(&url)
    }

    /// The urls that are risky, sorted by the ids of their nodes.
    pub(super) fn risky(&self, graph: &Graph) -> Vec<NodeRef> {
        let rated = self.by_url.keys().chain(self.of_defender.keys());
        let mut risky: Vec<NodeRef> = rated.copied().filter(|url| self.is_risky(*url)).collect();
        risky.sort_by_key(|url| &graph.node(*url).id);
        risky.dedup();
        risky
    }

    /// True when a provider rates the url as risky, and the analyst did not name it benign. Signals do not count here:
    /// they start neither a round of chats nor a search in the logs.
    pub(super) fn is_risky(&self, url: NodeRef) -> bool {
        !self.is_benign(url) && intel::risky(self.of(url))
    }
}
