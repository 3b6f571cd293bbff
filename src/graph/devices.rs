//! Resolves a host name to a device, for records that have a name but no device id.

use std::collections::HashMap;

use super::schema::host;
use super::{Graph, Label, NodeRef};
use crate::link::first_label;

/// The devices with a known id, by their names.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    by_name: HashMap<String, Vec<NodeRef>>,
    by_label: HashMap<String, Vec<NodeRef>>,
}

impl Devices {
    /// Indexes the devices of a graph that have a device id.
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut devices = Self::default();
        for device in graph.labelled(Label::Host) {
            let node = graph.node(device);
            if node.host_id().is_none_or(|id| id.as_name().is_some()) {
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

    /// The device with this lower-case name, or else the one with the same first label. A name that several devices
    /// share resolves to no device.
    pub(crate) fn named(&self, name: &str) -> Option<NodeRef> {
        let found = [self.by_name.get(name), self.by_label.get(first_label(name))];
        let found = found.into_iter().flatten();
        match found.map(Vec::as_slice).find(|hosts| hosts.len() == 1) {
            Some([host]) => Some(*host),
            _ => None,
        }
    }
}
