//! Merges nodes that turned out to be the same.

use std::collections::HashMap;

use super::directory::Directory;
use super::starts::Starts;
use crate::graph::devices::Devices;
use crate::graph::property::Text;
use crate::graph::schema::user;
use crate::graph::{Field, Graph, Label, NodeRef};
use crate::model::{HostId, UserId};

/// Merges users of whom only the UPN is known into users with an id: the user that the directory returned for the UPN,
/// or else the user with this UPN, or else the user with this mail address.
pub(super) fn users(graph: &mut Graph, directory: &Directory, starts: &mut Starts) {
    let users = graph.labelled(Label::User);
    let by = |property: Field<Option<Text>>| -> HashMap<String, NodeRef> {
        let known = users.iter().filter_map(|user| {
            let node = graph.node(*user);
            let name = node.facts.get(property)?.to_lowercase();
            let has_id = node.user_id()?.as_upn().is_none();
            has_id.then_some((name, *user))
        });
        known.collect()
    };
    let (by_upn, by_mail) = (by(user::UPN), by(user::MAIL));
    for alias in users {
        let id = graph.node(alias).user_id();
        let known = id.as_ref().and_then(UserId::as_upn).and_then(|upn| {
            let known = by_upn.get(upn).or_else(|| by_mail.get(upn)).copied();
            directory.user(upn).or(known)
        });
        if let Some(known) = known {
            graph.merge(alias, known);
            starts.merge(alias, known);
        }
    }
}

/// Merges hosts of which only the name is known into the devices with this name.
pub(super) fn hosts(graph: &mut Graph) {
    let devices = Devices::of(graph);
    for alias in graph.labelled(Label::Host) {
        let id = graph.node(alias).host_id();
        let name = id.as_ref().and_then(HostId::as_name);
        if let Some(device) = name.and_then(|name| devices.named(name)) {
            graph.merge(alias, device);
        }
    }
}
