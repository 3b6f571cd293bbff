//! Puts the hosts that logs and alerts name into the graph.

use crate::graph::node::Host;
use crate::graph::{Graph, NodeRef, Seen};
use crate::source::logs::{Device, Row};

/// The host of a log row, by device id, name or both; `None` when the row has neither.
pub(super) fn put_logged(graph: &mut Graph, row: &Row, seen: Seen) -> Option<NodeRef> {
    let host = Host::new(row.text("device_id"), row.text("device_name"))?;
    Some(graph.put(host, seen))
}

/// Puts the host of an alert's entity into the graph.
pub(super) fn put_entity(graph: &mut Graph, device: &Device<'_>, seen: Seen) -> Option<NodeRef> {
    let host = Host {
        os: (!device.os.is_empty()).then(|| device.os.to_owned()),
        ..Host::new(device.id, &device.name)?
    };
    Some(graph.put(host, seen))
}
