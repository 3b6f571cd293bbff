//! Finds the parts of a record that can mention a node, so that not every part has to be compared with every node.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::mentions::Mentions;
use super::resolver::NodeMatcher;
use crate::graph::Label;
use crate::graph::value::indexable;
use crate::link;

/// The positions of parts, by what they name.
type Places = HashMap<(Label, String), Vec<usize>>;

/// The parts of a record, indexed by what they mention.
#[derive(Debug)]
pub(super) struct Index {
    names: Places,
    /// Built when a url is looked for, since that is when the links of messages are extracted.
    urls: OnceCell<Places>,
    connections: Vec<usize>,
    /// Alerts with an entity that can name a message or a thread.
    alerts: Vec<usize>,
}

impl Index {
    pub(super) fn of(parts: &[Mentions]) -> Self {
        let mut names = Places::new();
        let (mut connections, mut alerts) = (Vec::new(), Vec::new());
        for (at, part) in parts.iter().enumerate() {
            let mut add = |label, id: &str| add(&mut names, label, id, at);
            for user in part.everybody() {
                let known_by = match user.id.as_str() {
                    "" => &user.upn,
                    id => id,
                };
                add(Label::User, known_by);
            }
            for host in &part.hosts {
                let known_by = match host.id.as_str() {
                    "" => link::first_label(&host.name),
                    id => id,
                };
                add(Label::Host, known_by);
            }
            for id in &part.teams {
                add(Label::Team, id.as_str());
            }
            for id in &part.places {
                add(Label::Channel, id);
            }
            let named = part.entities.iter().flat_map(|entity| &entity.messages);
            for id in part.message.iter().chain(&part.root).chain(named) {
                add(Label::Message, id.as_str());
            }
            if let Some(id) = &part.alert {
                add(Label::Alert, id);
            }
            if part.connection.is_some() {
                connections.push(at);
            }
            if !part.entities.is_empty() {
                alerts.push(at);
            }
        }
        Self {
            names,
            urls: OnceCell::new(),
            connections,
            alerts,
        }
    }

    /// The parts that can mention a node, in order. Every part that does mention it is included.
    pub(super) fn near(&self, node: &NodeMatcher<'_>, parts: &[Mentions]) -> Vec<usize> {
        let mut near = self.lists(node, parts).concat();
        near.sort_unstable();
        near.dedup();
        near
    }

    /// An upper bound on the number of parts that [`Index::near`] returns.
    pub(super) fn count(&self, node: &NodeMatcher<'_>, parts: &[Mentions]) -> usize {
        let lists = self.lists(node, parts);
        lists.iter().map(|list| list.len()).sum()
    }

    /// The parts listed under the node's id, and those under its other key.
    fn lists(&self, node: &NodeMatcher<'_>, parts: &[Mentions]) -> [&[usize]; 2] {
        let id = node.data.id.as_str();
        match node.data.label {
            label @ (Label::Url | Label::Domain) => {
                let urls = self.urls.get_or_init(|| urls(parts));
                let led = match label {
                    Label::Url => self.connections.as_slice(),
                    _ => &[],
                };
                [list(urls, label, id), led]
            }
            label @ Label::User => {
                let upn = node.upn.as_deref().unwrap_or_default();
                [list(&self.names, label, id), list(&self.names, label, upn)]
            }
            label @ Label::Host => {
                let first = link::first_label(node.host_name.as_deref().unwrap_or_default());
                [
                    list(&self.names, label, id),
                    list(&self.names, label, first),
                ]
            }
            Label::Chat | Label::Channel => [list(&self.names, Label::Channel, id), &self.alerts],
            label => [list(&self.names, label, id), &[]],
        }
    }
}

fn list<'p>(places: &'p Places, label: Label, id: &str) -> &'p [usize] {
    let list = places.get(&(label, id.to_owned()));
    list.map_or(&[], Vec::as_slice)
}

fn urls(parts: &[Mentions]) -> Places {
    let mut places = Places::new();
    for (at, part) in parts.iter().enumerate() {
        for url in part.urls().iter().chain(part.steps()) {
            add(&mut places, Label::Url, url.as_str(), at);
            if let Some(domain) = link::domain(url) {
                add(&mut places, Label::Domain, &domain.registrable, at);
            }
        }
    }
    places
}

/// Ids are truncated as in the graph.
fn add(places: &mut Places, label: Label, id: &str, at: usize) {
    let known = places.entry((label, indexable(id.to_owned()))).or_default();
    if known.last() != Some(&at) {
        known.push(at);
    }
}
