//! The end: aliases become one, risk is written onto the graph, and the case itself becomes a node.

use std::collections::BTreeSet;

use super::{Investigation, Outcome};
use crate::graph::devices::Devices;
use crate::graph::node::Case;
use crate::graph::{Edge, Label, Seen};
use crate::model::HostId;

pub(super) fn run(mut run: Investigation) -> Outcome {
    run.merge_users();
    run.merge_hosts();
    run.assess();
    let gaps = run.gaps.list();
    let case = Case {
        id: run.id.clone().into(),
        started: run.created,
        finished: run.client.newest(),
        window_from: run.window.from,
        window_to: run.window.to,
        version: run.version.clone(),
        complete: true,
        gaps: gaps.iter().map(ToString::to_string).collect(),
    };
    let case = run.graph.put(case, Seen::default());
    for (node, starts) in std::mem::take(&mut run.starts) {
        let reasons: BTreeSet<_> = starts.iter().map(|(why, _)| *why).collect();
        let why = reasons.into_iter().collect::<Vec<_>>().join(", ");
        for (_, seen) in starts {
            let why = why.clone();
            run.graph.link(case, Edge::StartedFrom { why }, node, seen);
        }
    }
    Outcome {
        graph: run.graph,
        gaps,
        notes: run.notes.list(),
    }
}

impl Investigation {
    /// Merges hosts that are known by name only into the devices that those names mean.
    fn merge_hosts(&mut self) {
        let devices = Devices::of(&self.graph);
        for host in self.graph.labelled(Label::Host) {
            let id = HostId::from(self.graph.node(host).id.as_str());
            if let Some(device) = id.as_name().and_then(|name| devices.named(name)) {
                self.graph.merge(host, device);
            }
        }
    }
}
