//! Stage 3, messages: reads the messages that the audit log lists with a link, in the channels of the teams.
//!
//! Only the audit log decides which messages become nodes (with `--channels all`, which channels are read), no matter
//! how the bodies are fetched. A listed message that was deleted becomes a node too. Each message goes into the graph
//! with its links as it arrives, whatever the order; what depends on the order is settled at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::bodies::{self, ReadMessage};
use super::context::Context;
use super::directory::Directory;
use super::findings::Findings;
use super::links;
use super::listing::{ListedMessage, Listing, Wanted};
use super::people::{self, Sender};
use super::urls::Urls;
use crate::graph::node::{Channel, Message, Team};
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::http::Failure;
use crate::model::{ChannelId, MessageId, Stage, TeamId};
use crate::source::logs::{Query, chunks};
use crate::source::msgraph::{self, changed_since};

const STAGE: Stage = Stage::Messages;
/// The number of teams whose messages are read at the same time.
const CONCURRENT: usize = 4;

/// Finds the messages with a link in all channels of the teams, and puts them into the graph with their links.
pub(super) async fn read(
    context: &Context,
    findings: &mut Findings,
    directory: &mut Directory,
    urls: &mut Urls,
    teams: &BTreeSet<TeamId>,
) -> Result<(), Failure> {
    let listing = list(context, findings, teams).await?;
    read_listed(context, findings, directory, urls, listing).await
}

/// Lists the messages with a link in all channels of the teams, from the audit log.
pub(super) async fn list(
    context: &Context,
    findings: &mut Findings,
    teams: &BTreeSet<TeamId>,
) -> Result<Listing, Failure> {
    let teams = teams.iter().map(TeamId::to_string).collect();
    let teams = chunks(teams, |team: &String| vec![team.clone()]);
    let listing = Mutex::new(Listing::new(context.options.channels, context.window));
    let answers = context
        .logs
        .visit_chunks(Query::LinkMessages, context.window, "teams", teams, |row| {
            lock(&listing).add(&row);
        })
        .await?;
    for rows in answers {
        findings.add_log_problems(STAGE, rows.problems);
    }
    Ok(listing.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Reads the listed messages, and puts them into the graph with their channels, senders and links.
pub(super) async fn read_listed(
    context: &Context,
    findings: &mut Findings,
    directory: &mut Directory,
    urls: &mut Urls,
    listing: Listing,
) -> Result<(), Failure> {
    let channels = put_channels(context, findings, &listing).await?;
    let fetched = Fetched {
        tenant: &context.settings.tenant,
        graph: &mut findings.graph,
        urls,
        listing,
        channels,
        senders: BTreeSet::new(),
        names: BTreeMap::new(),
    };
    let (listing, channels, mut senders, problems) = fetch(context, fetched).await?;
    for problem in problems {
        findings.add_msgraph_problem(STAGE, problem);
    }
    let mut absent = 0;
    for (id, channel) in listing.channels() {
        let Some(place) = channels.get(id).copied() else {
            continue;
        };
        let messages = channel.messages.iter();
        for (message, listed) in messages.filter(|(_, listed)| !listed.is_read) {
            absent += 1;
            let id = MessageId::in_place(id.as_str(), message);
            senders.extend(put_listed(&mut findings.graph, id, listed, place));
        }
    }
    if absent > 0 {
        let reason = "the audit log lists messages that Graph did not give; they are gone, or a gap says why";
        findings.notes.add(STAGE, msgraph::SOURCE, reason, absent);
    }
    drop(listing);
    let senders: Vec<_> = senders.into_iter().collect();
    directory.resolve(context, findings, STAGE, &senders).await
}

/// Puts the teams and channels of the audit log into the graph, with their names. Returns the channels by id.
async fn put_channels(
    context: &Context,
    findings: &mut Findings,
    listing: &Listing,
) -> Result<BTreeMap<ChannelId, NodeRef>, Failure> {
    let places = listing.places();
    let ids = places.keys();
    let ids = ids.map(|(team, channel)| (team.to_string(), channel.to_string()));
    let ids: Vec<(String, String)> = ids.collect();
    let answers = context.msgraph.channels(&ids).await?;
    let mut nodes = BTreeMap::new();
    for (((team, id), listed), answer) in places.into_iter().zip(answers) {
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

/// What [`fetch`] leaves: which messages were read, the channels, the senders and what is missing.
type Read = (
    Listing,
    BTreeMap<ChannelId, NodeRef>,
    BTreeSet<NodeRef>,
    Vec<msgraph::Problem>,
);

/// Reads the messages of every team with a listed message, and puts the wanted ones into the graph as they arrive.
async fn fetch(context: &Context, fetched: Fetched<'_>) -> Result<Read, Failure> {
    let changed = changed_since(context.window, context.now);
    let teams = fetched.listing.teams();
    let fetched = Mutex::new(fetched);
    let reads = stream::iter(teams).map(|team| {
        let fetched = &fetched;
        async move {
            // Messages of a shared channel, from another team than its first.
            let mut spare = Vec::new();
            let visit = |message: ReadMessage| {
                let mut fetched = lock(fetched);
                match fetched.listing.wants(&team, &message.message.value) {
                    Some(wanted) if wanted.is_first => fetched.put(&wanted, message),
                    Some(wanted) => spare.push((wanted, message)),
                    None => {}
                }
            };
            let msgraph = &context.msgraph;
            let read = bodies::reader(context);
            let problem = msgraph
                .team_messages(team.as_str(), changed, read, visit)
                .await?;
            Ok::<_, Failure>((spare, problem))
        }
    });
    let answers: Vec<_> = reads.buffered(CONCURRENT).try_collect().await?;
    let mut fetched = fetched.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut problems = Vec::new();
    for (spare, problem) in answers {
        for (wanted, message) in spare {
            fetched.put(&wanted, message);
        }
        problems.extend(problem);
    }
    fetched.name_senders();
    let Fetched {
        listing,
        channels,
        senders,
        ..
    } = fetched;
    Ok((listing, channels, senders, problems))
}

/// The messages that Microsoft Graph returned so far.
struct Fetched<'a> {
    /// The tenant under investigation.
    tenant: &'a str,
    graph: &'a mut Graph,
    urls: &'a mut Urls,
    listing: Listing,
    channels: BTreeMap<ChannelId, NodeRef>,
    senders: BTreeSet<NodeRef>,
    /// What messages say of their senders, each with the first message that says so, by channel and id. Where two
    /// messages name one sender differently, the first one counts, and not the one that arrived first.
    names: BTreeMap<Sender, (ChannelId, String)>,
}

impl Fetched<'_> {
    /// Puts a message into the graph, with its links and its sender.
    fn put(&mut self, wanted: &Wanted, mut message: ReadMessage) {
        let Some(place) = self.channels.get(&wanted.channel).copied() else {
            return;
        };
        let Some(listed) = self.listing.take(wanted) else {
            return;
        };
        let id = MessageId::in_place(wanted.channel.as_str(), &wanted.id);
        let graph = &mut *self.graph;
        let node = message.put(graph, id, place);
        cite(graph, node, listed);
        put_root(graph, wanted, node, place, &message);
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
                put_listed_sender(graph, listed, node, Seen { record, ..sent })
            }
        };
        self.senders.extend(sender);
        links::put(graph, self.urls, node, message.links, sent);
    }

    /// Gives the senders the names that messages have for them.
    fn name_senders(&mut self) {
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
fn put_listed(
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

/// Puts the root of a reply into the graph. It is a node even if it is not listed; then only its channel is known.
fn put_root(
    graph: &mut Graph,
    wanted: &Wanted,
    reply: NodeRef,
    place: NodeRef,
    message: &ReadMessage,
) {
    let root = message.message.value.reply_to_id.as_deref();
    let Some(root) = root.filter(|root| !root.is_empty() && *root != wanted.id) else {
        return;
    };
    let replied = message.sent();
    let seen = Seen {
        at: None,
        until: None,
        ..replied
    };
    let root = Message {
        id: MessageId::in_place(wanted.channel.as_str(), root),
        ..Message::default()
    };
    let root = graph.put(root, seen);
    graph.link(root, Edge::PostedIn { at: None }, place, seen);
    graph.link(reply, Edge::ReplyTo { at: replied.at }, root, replied);
}

/// Adds all audit records that list a message as its evidence.
fn cite(graph: &mut Graph, message: NodeRef, listed: &ListedMessage) {
    for record in listed.records.numbers() {
        graph.see(message, Seen::in_record(record));
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
    let upn = listed.user().filter(|user| user.contains('@'))?;
    let user = people::put_logged(graph, "", upn, sent)?;
    graph.link(user, Edge::Sent { at: sent.at }, message, sent);
    Some(user)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
