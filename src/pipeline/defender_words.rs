//! What Defender's rows say of urls, messages and people beside what the graph holds at once.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::urls::Urls;
use crate::graph::schema::user;
use crate::graph::{Graph, NodeRef, Seen};
use crate::intel::{self, Verdict};
use crate::link;
use crate::model::RecordNumber;

/// The words of Defender so far.
#[derive(Default)]
pub(super) struct DefenderWords {
    /// What rows found of a url.
    urls: BTreeMap<NodeRef, Words>,
    /// What rows found of a message, and not of its urls.
    messages: BTreeMap<NodeRef, Words>,
    /// The urls that rows show in each message.
    held: BTreeMap<NodeRef, BTreeSet<NodeRef>>,
    /// The names that rows have for people. What the directory or a message says of them stands over it.
    names: BTreeMap<NodeRef, String>,
    /// The verdicts that were given, so that one is given again only when it changed.
    given: BTreeMap<NodeRef, Words>,
}

/// The threats that rows name, and the records of these rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Words {
    threats: BTreeSet<String>,
    records: BTreeSet<RecordNumber>,
}

impl Words {
    fn add(&mut self, threats: &[String], record: RecordNumber) {
        if !threats.is_empty() {
            self.threats.extend(threats.iter().cloned());
            self.records.insert(record);
        }
    }
}

impl DefenderWords {
    /// A row found these threats in a url.
    pub(super) fn of_url(&mut self, url: NodeRef, threats: &[String], record: RecordNumber) {
        if !threats.is_empty() {
            self.urls.entry(url).or_default().add(threats, record);
        }
    }

    /// A row found these threats in a message.
    pub(super) fn of_message(
        &mut self,
        message: NodeRef,
        threats: &[String],
        record: RecordNumber,
    ) {
        if !threats.is_empty() {
            let words = self.messages.entry(message).or_default();
            words.add(threats, record);
        }
    }

    /// Rows show these urls in a message.
    pub(super) fn holds(&mut self, message: NodeRef, urls: impl IntoIterator<Item = NodeRef>) {
        self.held.entry(message).or_default().extend(urls);
    }

    /// The messages that rows tell of, in no order.
    pub(super) fn logged(&self) -> impl Iterator<Item = NodeRef> {
        self.held.keys().copied()
    }

    /// The messages that rows rate, in no order.
    pub(super) fn rated(&self) -> impl Iterator<Item = NodeRef> {
        self.messages.keys().copied()
    }

    /// A row has a name for somebody.
    pub(super) fn name(&mut self, user: NodeRef, name: Option<String>) {
        if let Some(name) = name {
            self.names.entry(user).or_insert(name);
        }
    }

    /// Gives people without a name the first one that a row has for them.
    pub(super) fn name_people(&mut self, graph: &mut Graph) {
        for (user, name) in std::mem::take(&mut self.names) {
            if graph.node(user).facts.get(user::NAME).is_none() {
                graph.set(user, user::NAME, Some(name));
            }
        }
    }

    /// The verdicts that are new or have changed, each with the records that prove it.
    pub(super) fn take_new(
        &mut self,
        context: &Context,
        graph: &Graph,
        urls: &Urls,
    ) -> Vec<(NodeRef, Verdict, Vec<Seen>)> {
        let mut all = self.urls.clone();
        for (message, words) in &self.messages {
            // What is found of a message is said of its url only when there is no other.
            let held = self.held.get(message).into_iter().flatten();
            let held: Vec<NodeRef> = held.copied().collect();
            let [only] = held.as_slice() else {
                continue;
            };
            if urls
                .url(graph, *only)
                .is_some_and(|url| is_of_one_party(context, &url))
            {
                let of_url = all.entry(*only).or_default();
                of_url.threats.extend(words.threats.iter().cloned());
                of_url.records.extend(&words.records);
            }
        }
        let mut new = Vec::new();
        for (url, words) in all {
            if self.given.get(&url) == Some(&words) {
                continue;
            }
            if let Some(verdict) = intel::defender::judge(&words.threats) {
                let seen = words.records.iter().map(|record| Seen::in_record(*record));
                new.push((url, verdict, seen.collect()));
            }
            self.given.insert(url, words);
        }
        new
    }
}

/// True for a url that is neither the tenant's own nor on a service that many parties share.
fn is_of_one_party(context: &Context, url: &url::Url) -> bool {
    !context.intel.privacy.is_internal(url)
        && !link::is_shared(url, &context.settings.shared_domains)
}
