//! The starting points of the investigation, and the reasons for them.

use std::collections::{BTreeMap, BTreeSet};

use super::counted::CountedEvents;
use super::logged_messages::PutMessage;
use super::urls::Urls;
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::model::TeamId;

/// The nodes that the investigation starts from, each with its reasons and their evidence.
#[derive(Default)]
pub(super) struct Starts(BTreeMap<NodeRef, Vec<(&'static str, Seen)>>);

impl Starts {
    pub(super) fn add(&mut self, node: NodeRef, why: &'static str, seen: Seen) {
        self.0.entry(node).or_default().push((why, seen));
    }

    /// Moves the reasons of a node to the node that it is merged into.
    pub(super) fn merge(&mut self, alias: NodeRef, into: NodeRef) {
        if let Some(reasons) = self.0.remove(&alias) {
            self.0.entry(into).or_default().extend(reasons);
        }
    }

    /// Links the node of the case to each starting point.
    pub(super) fn link_from(self, graph: &mut Graph, case: NodeRef) {
        for (node, reasons) in self.0 {
            let why: BTreeSet<&str> = reasons.iter().map(|(why, _)| *why).collect();
            let why = why.into_iter().collect::<Vec<_>>().join(", ");
            for (_, seen) in reasons {
                let why = why.clone();
                graph.link(case, Edge::StartedFrom { why }, node, seen);
            }
        }
    }
}

/// The starting points of the investigation.
#[derive(Default)]
pub(super) struct Seeds {
    /// The nodes of the starting points, with the reasons.
    pub(super) starts: Starts,
    /// The users whose teams are read.
    pub(super) users: BTreeSet<NodeRef>,
    /// The ids of the teams that the analyst named, and of those in which a message with a known threat stands.
    pub(super) teams: BTreeSet<TeamId>,
    /// The urls that logs or the analyst named.
    pub(super) urls: Urls,
    /// The people in messages that Defender's tables tell of, who are looked up in the directory.
    pub(super) people: Vec<NodeRef>,
    /// The messages that Defender's tables tell of.
    pub(super) messages: Vec<PutMessage>,
    /// The clicks that were counted. The stage `hosts` finds some of them again.
    pub(super) counted: CountedEvents,
}

impl Seeds {
    /// Starts from a user, whose teams are read.
    pub(super) fn start_from_user(&mut self, user: NodeRef, why: &'static str, seen: Seen) {
        self.starts.add(user, why, seen);
        self.users.insert(user);
    }
}
