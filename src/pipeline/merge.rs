//! Nodes that turn out to be the same become one.

use std::collections::HashMap;

use super::directory::Directory;
use super::ids;
use super::starts::Starts;
use crate::graph::devices::Devices;
use crate::graph::{Graph, Label, NodeRef};

/// Merges users who are known by UPN alone into those who are known by id: the one that the directory gave for that
/// UPN, else the one who has that UPN, else the one who has that mail address.
pub(super) fn users(graph: &mut Graph, directory: &Directory, starts: &mut Starts) {
    let users = graph.labelled(Label::User);
    let by = |property: &str| -> HashMap<String, NodeRef> {
        let known = users.iter().filter_map(|user| {
            let node = graph.node(*user);
            let name = node.facts.text(property)?.to_lowercase();
            ids::upn_of(node).is_none().then_some((name, *user))
        });
        known.collect()
    };
    let (by_upn, by_mail) = (by("upn"), by("mail"));
    for alias in users {
        let known = ids::upn_of(graph.node(alias)).and_then(|upn| {
            let known = by_upn.get(upn).or_else(|| by_mail.get(upn)).copied();
            directory.user(upn).or(known)
        });
        if let Some(known) = known {
            graph.merge(alias, known);
            starts.merge(alias, known);
        }
    }
}

/// Merges hosts that are known by name alone into the devices that those names mean.
pub(super) fn hosts(graph: &mut Graph) {
    let devices = Devices::of(graph);
    for alias in graph.labelled(Label::Host) {
        let name = ids::name_of(graph.node(alias));
        if let Some(device) = name.and_then(|name| devices.named(name)) {
            graph.merge(alias, device);
        }
    }
}
