//! The end: aliases become one, risk is written onto the graph, and the case itself becomes a node.

use std::collections::{BTreeMap, BTreeSet};

use super::{Investigation, Outcome};
use crate::graph::node::Case;
use crate::graph::{Edge, Label, NodeRef, Seen};

pub(super) fn run(mut run: Investigation) -> Outcome {
    run.merge_users();
    run.merge_hosts();
    run.assess();
    let gaps = run.gaps.list();
    let case = Case {
        id: run.id.clone(),
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
    /// Merges hosts that are known by name only into those of the same name that are known by id.
    fn merge_hosts(&mut self) {
        let mut by_name: BTreeMap<String, Vec<NodeRef>> = BTreeMap::new();
        let mut by_label: BTreeMap<String, Vec<NodeRef>> = BTreeMap::new();
        let mut nameless = Vec::new();
        for host in self.graph.labelled(Label::Host) {
            let node = self.graph.node(host);
            if let Some(name) = node.id.strip_prefix("name:") {
                nameless.push((name.to_owned(), host));
            } else if let Some(name) = node.facts.text("name") {
                let name = name.to_lowercase();
                by_label
                    .entry(first_label(&name).to_owned())
                    .or_default()
                    .push(host);
                by_name.entry(name).or_default().push(host);
            }
        }
        for (name, host) in nameless {
            // The same first label on two devices names neither of them.
            let known = [by_name.get(&name), by_label.get(first_label(&name))]
                .into_iter()
                .flatten()
                .find(|hosts| hosts.len() == 1);
            if let Some([known]) = known.map(Vec::as_slice) {
                self.graph.merge(host, *known);
            }
        }
    }
}

fn first_label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}
