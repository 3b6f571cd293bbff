//! What the stages know so far, and add to.

use std::collections::{BTreeMap, BTreeSet};

use super::directory::Directory;
use super::logged_messages::PutMessage;
use super::urls::Urls;
use super::verdicts::Verdicts;
use crate::graph::{EdgeType, Graph, Label, NodeRef};
use crate::link::MessageAddress;

/// What the stages behind the seeds know beside the graph.
pub(super) struct Known {
    /// The users who were looked up.
    pub(super) directory: Directory,
    /// The full text of the urls.
    pub(super) urls: Urls,
    /// What is said of the urls.
    pub(super) verdicts: Verdicts,
    /// The messages that Defender's tables tell of.
    pub(super) spread: Spread,
    /// The users whose chats were read.
    pub(super) chat_users: BTreeSet<NodeRef>,
}

/// The messages that Defender's tables tell of, and what was asked about them so far.
#[derive(Default)]
pub(super) struct Spread {
    /// The ids by which Defender's tables name messages.
    pub(super) ids: BTreeMap<NodeRef, String>,
    /// The urls that were searched for.
    pub(super) searched: BTreeSet<NodeRef>,
    /// The messages of which it was asked what was done to them.
    pub(super) followed: BTreeSet<NodeRef>,
    /// The messages that were asked for in Microsoft Graph.
    pub(super) read: BTreeSet<NodeRef>,
}

impl Spread {
    /// Remembers messages, and returns the people in them.
    pub(super) fn remember(&mut self, messages: &[PutMessage]) -> Vec<NodeRef> {
        for message in messages {
            self.ids.insert(message.node, message.defender_id.clone());
        }
        let people = messages.iter();
        people
            .flat_map(|message| message.sender.iter().chain(&message.recipients))
            .copied()
            .collect()
    }

    /// The ids that Defender's tables can have for a message.
    pub(super) fn ids_of(&self, graph: &Graph, message: NodeRef) -> Vec<String> {
        if let Some(id) = self.ids.get(&message) {
            return vec![id.clone()];
        }
        let data = graph.node(message);
        let Some((thread, id)) = data.id.rsplit_once('/') else {
            return Vec::new();
        };
        let roots = graph.targets(message, EdgeType::ReplyTo).into_iter();
        let mut roots = roots.filter_map(|root| graph.node(root).id.rsplit_once('/'));
        let in_chat = MessageAddress {
            thread: thread.to_owned(),
            message: id.to_owned(),
            root: roots.next().map(|(_, root)| root.to_owned()),
            team: None,
        };
        let mut ids = Vec::new();
        for place in graph.targets(message, EdgeType::PostedIn) {
            if graph.node(place).label == Label::Chat {
                ids.extend(in_chat.defender_ids());
                continue;
            }
            for team in graph.sources(place, EdgeType::HasChannel) {
                let in_team = MessageAddress {
                    team: Some(graph.node(team).id.clone()),
                    ..in_chat.clone()
                };
                ids.extend(in_team.defender_ids());
            }
        }
        ids
    }
}
