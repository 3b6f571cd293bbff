//! Which parts of a record can speak of a node, so that not every part is asked about every node.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::says::Says;
use super::wanted::Named;
use crate::graph::Label;
use crate::graph::devices::first_label;
use crate::graph::value::indexable;
use crate::link;

/// Places of parts by what they name.
type Places = HashMap<(Label, String), Vec<usize>>;

/// The parts of a record by what they name.
#[derive(Debug)]
pub(super) struct Index {
    names: Places,
    /// Made when a url is sought: a message is read for its links then.
    urls: OnceCell<Places>,
    connections: Vec<usize>,
}

impl Index {
    pub(super) fn of(says: &[Says]) -> Self {
        let mut names = Places::new();
        let mut connections = Vec::new();
        for (at, says) in says.iter().enumerate() {
            let mut add = |label, id: &str| add(&mut names, label, id, at);
            for user in &says.users {
                add(
                    Label::User,
                    if user.id.is_empty() {
                        &user.upn
                    } else {
                        &user.id
                    },
                );
            }
            for (id, name) in &says.hosts {
                add(
                    Label::Host,
                    if id.is_empty() { first_label(name) } else { id },
                );
            }
            for (label, ids) in [(Label::Team, &says.teams), (Label::Channel, &says.places)] {
                ids.iter().for_each(|id| add(label, id));
            }
            for id in says.message.iter().chain(&says.root) {
                add(Label::Message, id);
            }
            if let Some(id) = &says.alert {
                add(Label::Alert, id);
            }
            if says.connection.is_some() {
                connections.push(at);
            }
        }
        Self {
            names,
            urls: OnceCell::new(),
            connections,
        }
    }

    /// The parts that can speak of a node, in their order; those that do are among them.
    pub(super) fn near(&self, node: &Named<'_>, says: &[Says]) -> Vec<usize> {
        let mut near = self.lists(node, says).concat();
        near.sort_unstable();
        near.dedup();
        near
    }

    /// How many those are at most.
    pub(super) fn count(&self, node: &Named<'_>, says: &[Says]) -> usize {
        let lists = self.lists(node, says);
        lists.iter().map(|list| list.len()).sum()
    }

    /// By its id, and by what else it goes by.
    fn lists(&self, node: &Named<'_>, says: &[Says]) -> [&[usize]; 2] {
        let id = node.data.id.as_str();
        match node.data.label {
            label @ (Label::Url | Label::Domain) => {
                let urls = self.urls.get_or_init(|| urls(says));
                let led = match label {
                    Label::Url => self.connections.as_slice(),
                    _ => &[],
                };
                [list(urls, label, id), led]
            }
            label @ Label::User => {
                let upn = node.upn().unwrap_or_default().to_lowercase();
                [list(&self.names, label, id), list(&self.names, label, &upn)]
            }
            label @ Label::Host => {
                let name = node.data.facts.text("name").unwrap_or_default();
                let name = id.strip_prefix("name:").unwrap_or(name).to_lowercase();
                let first = first_label(&name);
                [
                    list(&self.names, label, id),
                    list(&self.names, label, first),
                ]
            }
            Label::Chat => [list(&self.names, Label::Channel, id), &[]],
            label => [list(&self.names, label, id), &[]],
        }
    }
}

fn list<'p>(places: &'p Places, label: Label, id: &str) -> &'p [usize] {
    let list = places.get(&(label, id.to_owned()));
    list.map_or(&[], Vec::as_slice)
}

fn urls(says: &[Says]) -> Places {
    let mut places = Places::new();
    for (at, says) in says.iter().enumerate() {
        for url in says.urls() {
            add(&mut places, Label::Url, url.as_str(), at);
            if let Some(domain) = link::domain(url) {
                add(&mut places, Label::Domain, &domain.registrable, at);
            }
        }
    }
    places
}

/// Ids are cut as the graph cuts them.
fn add(places: &mut Places, label: Label, id: &str, at: usize) {
    let known = places.entry((label, indexable(id.to_owned()))).or_default();
    if known.last() != Some(&at) {
        known.push(at);
    }
}
