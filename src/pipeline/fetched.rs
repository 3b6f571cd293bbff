//! Channel messages that Microsoft Graph returned: they go into the graph as they arrive, in any order.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies::ReadMessage;
use super::links;
use super::listing::{ListedMessage, Listing, Wanted};
use super::people::{self, Sender};
use super::urls::Urls;
use crate::graph::node::Message;
use crate::graph::schema::message;
use crate::graph::{Edge, EdgeType, Graph, NodeRef, Seen};
use crate::model::{ChannelId, MessageId};

/// The `sources` of a message that the audit log lists.
const AUDIT: &str = "audit";

/// The messages that Microsoft Graph returned so far.
pub(super) struct Fetched<'a> {
    /// The tenant under investigation.
    pub(super) tenant: &'a str,
    pub(super) graph: &'a mut Graph,
    pub(super) urls: &'a mut Urls,
    pub(super) listing: Listing,
    pub(super) channels: BTreeMap<ChannelId, NodeRef>,
    pub(super) senders: BTreeSet<NodeRef>,
    /// What messages say of their senders, each with the first message that says so, by channel and id. Where two
    /// messages name one sender differently, the first one counts, and not the one that arrived first.
    pub(super) names: BTreeMap<Sender, (ChannelId, String)>,
}

impl Fetched<'_> {
    /// Puts a message into the graph, with its links and its sender.
    pub(super) fn put(&mut self, wanted: &Wanted, mut message: ReadMessage) {
        let Some(place) = self.channels.get(&wanted.channel).copied() else {
            return;
        };
        let Some(listed) = self.listing.take(wanted) else {
            return;
        };
        let id = MessageId::in_place(wanted.channel.as_str(), &wanted.id);
        let graph = &mut *self.graph;
        let node = message.put(graph, id, place);
        cite(graph, node, &listed);
        message.put_root(graph, wanted.channel.as_str(), &wanted.id, node, place);
        let sent = message.sent();
        let sender = match people::sender(&message.message.value, self.tenant) {
            Some(sender) => {
                let user = sender.put_bare(graph, sent);
                graph.link(user, Edge::Sent { at: sent.at }, node, sent);
                let says = (wanted.channel.clone(), wanted.id.clone());
                match self.names.get_mut(&sender) {
                    Some(first) if *first <= says => {}
                    Some(first) => *first = says,
                    None => {
                        self.names.insert(sender, says);
                    }
                }
                Some(user)
            }
            None => {
                let record = listed.records.numbers().next().or(sent.record);
                put_listed_sender(graph, &listed, node, Seen { record, ..sent })
            }
        };
        self.senders.extend(sender);
        links::put(graph, self.urls, node, message.links, sent);
    }

    /// Gives the senders the names that messages have for them.
    pub(super) fn name_senders(&mut self) {
        let names = std::mem::take(&mut self.names);
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by(|(sender, first), (other, other_first)| {
            (first, sender).cmp(&(other_first, other))
        });
        for (sender, _) in names {
            sender.put(self.graph, Seen::default());
        }
    }
}

/// Puts a listed message that Microsoft Graph did not return into the graph, and returns its sender.
pub(super) fn put_listed(
    graph: &mut Graph,
    id: MessageId,
    listed: &ListedMessage,
    place: NodeRef,
) -> Option<NodeRef> {
    let created = listed.created();
    let message = Message {
        id,
        created,
        ..Message::default()
    };
    let seen = Seen {
        at: listed.first,
        until: listed.last,
        record: None,
    };
    let node = graph.put(message, seen);
    cite(graph, node, listed);
    let record = listed.records.numbers().next()?;
    let sent = Seen::at(record, created.or(listed.first));
    let posted = Edge::PostedIn { at: sent.at };
    graph.link(node, posted, place, sent);
    put_listed_sender(graph, listed, node, sent)
}

/// Adds all records that list a message as its evidence.
fn cite(graph: &mut Graph, message: NodeRef, listed: &ListedMessage) {
    if listed.is_audited() {
        graph.set(message, message::SOURCES, vec![AUDIT.to_owned()]);
    }
    for record in listed.records.numbers() {
        graph.see(message, Seen::in_record(record));
    }
}

/// Puts the sender in the audit log into the graph, for a message whose own sender is not known otherwise.
fn put_listed_sender(
    graph: &mut Graph,
    listed: &ListedMessage,
    message: NodeRef,
    sent: Seen,
) -> Option<NodeRef> {
    if let Some(known) = graph.sources(message, EdgeType::Sent).first() {
        return Some(*known);
    }
    // The log names bots and connectors by something other than a UPN.
    let upn = listed.user().filter(|user| user.contains('@'))?;
    let user = people::put_logged(graph, "", upn, sent)?;
    graph.link(user, Edge::Sent { at: sent.at }, message, sent);
    Some(user)
}
