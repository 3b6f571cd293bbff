//! Which device a record means that tells a name and no id.

use std::collections::HashMap;

use super::schema::host;
use super::{Graph, Label, NodeRef};
use crate::model::HostId;

/// Devices that are known by id, by the names that they go by.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    by_name: HashMap<String, Vec<NodeRef>>,
    by_label: HashMap<String, Vec<NodeRef>>,
}

impl Devices {
    /// Indexes the devices of a graph that are known by id.
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut devices = Self::default();
        for device in graph.labelled(Label::Host) {
            let node = graph.node(device);
            if HostId::from(node.id.as_str()).as_name().is_some() {
                continue;
            }
            if let Some(name) = node.facts.get(host::NAME) {
                let name = name.to_lowercase();
                let label = first_label(&name).to_owned();
                devices.by_label.entry(label).or_default().push(device);
                devices.by_name.entry(name).or_default().push(device);
            }
        }
        devices
    }

    /// The device that a name in lower case means: the one of that name, else the one of its first label. What two
    /// devices have in common names neither of them.
    pub(crate) fn named(&self, name: &str) -> Option<NodeRef> {
        let found = [self.by_name.get(name), self.by_label.get(first_label(name))];
        let found = found.into_iter().flatten();
        match found.map(Vec::as_slice).find(|hosts| hosts.len() == 1) {
            Some([host]) => Some(*host),
            _ => None,
        }
    }
}

/// What comes before the domain.
pub(crate) fn first_label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}
