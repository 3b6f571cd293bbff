//! Stage 3, messages: reads the messages that the audit log lists with a link, in the channels of the teams.
//!
//! Only the audit log decides which messages become nodes (with `--channels all`, which channels are read), no matter
//! how the bodies are fetched. A listed message that was deleted becomes a node too.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::bodies::{self, MessageBody};
use super::context::Context;
use super::directory::Directory;
use super::findings::Findings;
use super::listing::{ListedMessage, Listing};
use super::people;
use crate::graph::node::{Channel, Message, Team};
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::http::Failure;
use crate::model::{ChannelId, Channels, MessageId, Stage, TeamId};
use crate::source::logs::{Query, chunks};
use crate::source::msgraph::{self, ChatMessage, Recorded, changed_since};

const STAGE: Stage = Stage::Messages;
/// The number of teams whose messages are read at the same time.
const CONCURRENT: usize = 4;

/// The fetched messages, by channel and message id.
type Fetched = BTreeMap<(ChannelId, String), Recorded<ChatMessage>>;

/// Finds the messages with a link in all channels of the teams, reads them, and returns the bodies of those that still
/// exist.
pub(super) async fn read(
    context: &Context,
    findings: &mut Findings,
    directory: &mut Directory,
    teams: &BTreeSet<TeamId>,
) -> Result<Vec<MessageBody>, Failure> {
    let listing = list(context, findings, teams).await?;
    read_listed(context, findings, directory, &listing).await
}

/// Lists the messages with a link in all channels of the teams, from the audit log.
pub(super) async fn list(
    context: &Context,
    findings: &mut Findings,
    teams: &BTreeSet<TeamId>,
) -> Result<Listing, Failure> {
    let teams = teams.iter().map(TeamId::to_string).collect();
    let teams = chunks(teams, |team: &String| vec![team.clone()]);
    let logs = &context.logs;
    let answers = logs
        .query_chunks(Query::LinkMessages, context.window, "teams", teams)
        .await?;
    let mut listing = Listing::default();
    for rows in answers {
        for row in &rows.rows {
            listing.add(row);
        }
        findings.add_log_problems(STAGE, rows.problems);
    }
    Ok(listing)
}

/// Reads the listed messages, and puts them into the graph with their channels and senders.
pub(super) async fn read_listed(
    context: &Context,
    findings: &mut Findings,
    directory: &mut Directory,
    listing: &Listing,
) -> Result<Vec<MessageBody>, Failure> {
    let channels = put_channels(context, findings, listing).await?;
    let fetched = fetch(context, findings, listing).await?;
    let (bodies, senders) = put_messages(context, findings, listing, &channels, fetched);
    directory
        .resolve(context, findings, STAGE, &senders)
        .await?;
    Ok(bodies)
}

/// Puts the teams and channels of the audit log into the graph, with their names. Returns the channels by id.
async fn put_channels(
    context: &Context,
    findings: &mut Findings,
    listing: &Listing,
) -> Result<BTreeMap<ChannelId, NodeRef>, Failure> {
    let ids = listing.channels();
    let ids = ids.map(|((team, channel), _)| (team.to_string(), channel.to_string()));
    let ids: Vec<(String, String)> = ids.collect();
    let answers = context.msgraph.channels(&ids).await?;
    let mut nodes = BTreeMap::new();
    for (((team, id), listed), answer) in listing.channels().zip(answers) {
        let seen = Seen::in_record(listed.record);
        let team = Team {
            id: team.clone(),
            name: (!listed.team_name.is_empty()).then(|| listed.team_name.clone()),
        };
        let team = findings.graph.put(team, seen);
        let mut channel = Channel {
            id: id.clone(),
            ..Channel::default()
        };
        let mut told = seen;
        match answer {
            Ok(info) => {
                channel.name = info.value.display_name;
                channel.membership = info.value.membership_type;
                told = Seen::in_record(info.record);
            }
            Err(problem) => {
                channel.name = Some(listed.name.clone());
                findings.add_msgraph_problem(STAGE, problem);
            }
        }
        let graph = &mut findings.graph;
        let channel = graph.put(channel, told);
        graph.see(channel, seen);
        graph.link(team, Edge::HasChannel, channel, seen);
        nodes.insert(id.clone(), channel);
    }
    Ok(nodes)
}

/// Reads the messages of every team with a listed message, and keeps the wanted ones.
async fn fetch(
    context: &Context,
    findings: &mut Findings,
    listing: &Listing,
) -> Result<Fetched, Failure> {
    let all_in = (context.options.channels == Channels::All).then_some(context.window);
    let changed = changed_since(context.window, context.now);
    let reads = stream::iter(listing.teams()).map(|team| async move {
        let mut kept = Vec::new();
        let keep = |message: Recorded<ChatMessage>| {
            if let Some(ids) = listing.wants(team, all_in, &message.value) {
                kept.push((ids, message));
            }
        };
        let msgraph = &context.msgraph;
        let problem = msgraph.team_messages(team.as_str(), changed, keep).await?;
        Ok::<_, Failure>((kept, problem))
    });
    let answers: Vec<_> = reads.buffered(CONCURRENT).try_collect().await?;
    let mut fetched = Fetched::new();
    for (kept, problem) in answers {
        for (ids, message) in kept {
            fetched.entry(ids).or_insert(message);
        }
        if let Some(problem) = problem {
            findings.add_msgraph_problem(STAGE, problem);
        }
    }
    Ok(fetched)
}

/// Puts the messages of all channels into the graph. Returns their bodies and their senders.
fn put_messages(
    context: &Context,
    findings: &mut Findings,
    listing: &Listing,
    channels: &BTreeMap<ChannelId, NodeRef>,
    mut fetched: Fetched,
) -> (Vec<MessageBody>, Vec<NodeRef>) {
    let (mut bodies, mut senders) = (Vec::new(), Vec::new());
    let mut absent = 0;
    for ((_, channel), listed) in listing.channels() {
        let Some(place) = channels.get(channel).copied() else {
            continue;
        };
        let unlisted: Vec<_> = fetched
            .range((channel.clone(), String::new())..)
            .map_while(|((of, id), _)| (of == channel).then(|| id.clone()))
            .filter(|id| !listed.messages.contains_key(id))
            .collect();
        for id in listed.messages.keys().chain(&unlisted) {
            let post = Post {
                channel,
                place,
                id,
                listed: listed.messages.get(id),
            };
            let sender = match fetched.remove(&(channel.clone(), id.clone())) {
                Some(message) => {
                    let (node, sender) = post.put_fetched(&mut findings.graph, context, &message);
                    bodies.push(MessageBody { node, message });
                    sender
                }
                None => {
                    absent += 1;
                    post.put_listed(&mut findings.graph)
                }
            };
            senders.extend(sender);
        }
    }
    if absent > 0 {
        let reason = "the audit log lists messages that Graph did not give; they are gone, or a gap says why";
        findings.notes.add(STAGE, msgraph::SOURCE, reason, absent);
    }
    (bodies, senders)
}

/// A message of a channel that is about to be put into the graph.
struct Post<'a> {
    channel: &'a ChannelId,
    /// The node of the channel.
    place: NodeRef,
    id: &'a str,
    /// The entry in the audit log; `None` for a message that is only read because of `--channels all`.
    listed: Option<&'a ListedMessage>,
}

impl Post<'_> {
    /// Puts a listed message that Microsoft Graph did not return into the graph, and returns its sender.
    fn put_listed(&self, graph: &mut Graph) -> Option<NodeRef> {
        let listed = self.listed?;
        let message = Message {
            id: MessageId::in_place(self.channel.as_str(), self.id),
            created: listed.created,
            ..Message::default()
        };
        let seen = Seen {
            at: listed.first,
            until: listed.last,
            record: None,
        };
        let node = graph.put(message, seen);
        cite(graph, node, listed);
        let record = listed.records.first().copied()?;
        let sent = Seen::at(record, listed.created.or(listed.first));
        let posted = Edge::PostedIn { at: sent.at };
        graph.link(node, posted, self.place, sent);
        put_listed_sender(graph, listed, node, sent)
    }

    /// Puts a message that Microsoft Graph returned into the graph, and returns its node and its sender.
    fn put_fetched(
        &self,
        graph: &mut Graph,
        context: &Context,
        message: &Recorded<ChatMessage>,
    ) -> (NodeRef, Option<NodeRef>) {
        let id = MessageId::in_place(self.channel.as_str(), self.id);
        let node = bodies::put(graph, context, id, message, self.place);
        if let Some(listed) = self.listed {
            cite(graph, node, listed);
        }
        self.put_root(graph, node, message);
        let sent = Seen::at(message.record, message.value.created_date_time);
        let tenant = &context.settings.tenant;
        let sender = match people::put_sender(graph, &message.value, tenant, sent) {
            Some(user) => {
                graph.link(user, Edge::Sent { at: sent.at }, node, sent);
                Some(user)
            }
            None => self.listed.and_then(|listed| {
                let record = listed.records.first().copied().or(sent.record);
                put_listed_sender(graph, listed, node, Seen { record, ..sent })
            }),
        };
        (node, sender)
    }

    /// Puts the root of a reply into the graph. It is a node even if it is not listed; then only its channel is known.
    fn put_root(&self, graph: &mut Graph, reply: NodeRef, message: &Recorded<ChatMessage>) {
        let root = message.value.reply_to_id.as_deref();
        let Some(root) = root.filter(|root| !root.is_empty() && *root != self.id) else {
            return;
        };
        let seen = Seen::in_record(message.record);
        let root = Message {
            id: MessageId::in_place(self.channel.as_str(), root),
            ..Message::default()
        };
        let root = graph.put(root, seen);
        graph.link(root, Edge::PostedIn { at: None }, self.place, seen);
        let at = message.value.created_date_time;
        let replied = Seen::at(message.record, at);
        graph.link(reply, Edge::ReplyTo { at }, root, replied);
    }
}

/// Adds all audit records that list a message as its evidence.
fn cite(graph: &mut Graph, message: NodeRef, listed: &ListedMessage) {
    for record in &listed.records {
        graph.see(message, Seen::in_record(*record));
    }
}

/// Puts the sender in the audit log into the graph, for a message whose own sender is not known.
fn put_listed_sender(
    graph: &mut Graph,
    listed: &ListedMessage,
    message: NodeRef,
    sent: Seen,
) -> Option<NodeRef> {
    // The log names bots and connectors by something other than a UPN.
    let upn = Some(listed.user.as_str()).filter(|user| user.contains('@'))?;
    let user = people::put_logged(graph, "", upn, sent)?;
    graph.link(user, Edge::Sent { at: sent.at }, message, sent);
    Some(user)
}
