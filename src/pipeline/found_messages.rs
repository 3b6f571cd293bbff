//! Messages that only Defender's tables tell of so far: what Microsoft Graph has of them is read, message by message.
//!
//! A chat that another tenant owns can only be read from the side of somebody who received its messages.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies::{self, ReadMessage};
use super::context::Context;
use super::directory::Directory;
use super::findings::Findings;
use super::known::Known;
use super::link_chats;
use super::logged_messages::DEFENDER;
use super::urls::Urls;
use super::{listing, messages};
use crate::graph::node::Channel;
use crate::graph::schema::{channel, message, user};
use crate::graph::{EdgeType, Graph, Label, NodeRef, Seen};
use crate::http::Failure;
use crate::model::{ChannelId, ChatsOf, Stage, TeamId};
use crate::source::msgraph::{self, ChatMessagePlace, MessagePlace, Problem, changed_since};

/// The highest number of messages that are asked for one by one at a time, the newest first.
const MOST: usize = 5_000;

/// The messages that were not asked for in Microsoft Graph, by where they stand.
#[derive(Default)]
struct Unread {
    in_channels: Vec<(NodeRef, MessagePlace)>,
    in_chats: Vec<(NodeRef, ChatMessagePlace)>,
    /// In chats that another tenant owns, by chat.
    foreign: BTreeMap<NodeRef, Vec<NodeRef>>,
    /// The number of those in channels that another tenant owns.
    abroad: u64,
    too_many: u64,
}

/// Reads the messages that only Defender's tables tell of so far. Returns the people in them.
pub(super) async fn read(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
    stage: Stage,
) -> Result<Vec<NodeRef>, Failure> {
    let mut unread = Unread::of(context, &findings.graph, known);
    unread.leave_others(context, findings, stage).await?;
    let reason = "messages in channels that another tenant owns are known from Defender's log alone: only that tenant can read them";
    findings
        .notes
        .add(stage, msgraph::SOURCE, reason, unread.abroad);
    let reason = "messages that Defender's log names were not read in Graph: more than 5,000 are not asked for one by one (the newest were); load another case with a shorter window";
    findings
        .gaps
        .add(stage, msgraph::SOURCE, reason, unread.too_many);
    let urls = &mut known.urls;
    let in_channels = read_in_channels(context, findings, urls, stage, unread.in_channels).await?;
    let in_chats = read_in_chats(context, findings, urls, stage, unread.in_chats).await?;
    let foreign = read_foreign(context, findings, known, stage, unread.foreign).await?;
    Ok([in_channels, in_chats, foreign].concat())
}

impl Unread {
    /// Takes them from the messages that Defender's tables tell of, and marks them as asked for.
    fn of(context: &Context, graph: &Graph, known: &mut Known) -> Self {
        let Known {
            verdicts, spread, ..
        } = known;
        let is_foreign = |message: NodeRef| {
            let owned = graph.node(message).facts.get(message::OWNED);
            owned == Some(false)
        };
        let holds_risk = |message: NodeRef| {
            let mut urls = graph.targets(message, EdgeType::Contains).into_iter();
            urls.any(|url| verdicts.is_risky(url))
        };
        let alone = verdicts.words.logged();
        let alone = alone.filter(|message| is_of_defender_alone(graph, *message));
        // What another tenant owns is read from somebody's side, which is asked for only where a risky url stands.
        let alone = alone.filter(|message| !is_foreign(*message) || holds_risk(*message));
        let mut messages: Vec<NodeRef> = alone.collect();
        messages.retain(|message| spread.read.insert(*message));
        messages.sort_by_key(|message| {
            let data = graph.node(*message);
            (data.facts.get(message::CREATED), &data.id)
        });
        let mut unread = Self::default();
        if messages.len() > MOST {
            let too_many = messages.len() - MOST;
            messages.drain(..too_many);
            unread.too_many = too_many as u64;
        }
        let has_chats = context.options.chats_of != ChatsOf::None;
        for message in messages {
            let data = graph.node(message);
            let Some((thread, id)) = data.id.rsplit_once('/') else {
                continue;
            };
            let place = graph
                .targets(message, EdgeType::PostedIn)
                .into_iter()
                .next();
            let Some(place) = place else {
                continue;
            };
            if graph.node(place).label == Label::Channel && is_foreign(message) {
                unread.abroad += 1;
            } else if graph.node(place).label == Label::Channel {
                let teams = graph.sources(place, EdgeType::HasChannel);
                let root = graph.targets(message, EdgeType::ReplyTo).into_iter().next();
                let root = root.and_then(|root| graph.node(root).id.rsplit_once('/'));
                if let Some(team) = teams.first() {
                    let place = MessagePlace {
                        team: graph.node(*team).id.clone(),
                        channel: thread.to_owned(),
                        root: root.map(|(_, root)| root.to_owned()),
                        id: id.to_owned(),
                    };
                    unread.in_channels.push((message, place));
                }
            } else if !has_chats {
                continue;
            } else if is_foreign(message) {
                unread.foreign.entry(place).or_default().push(message);
            } else {
                let place = ChatMessagePlace {
                    chat: thread.to_owned(),
                    id: id.to_owned(),
                };
                unread.in_chats.push((message, place));
            }
        }
        unread
    }
}

impl Unread {
    /// Leaves out what the person who is signed in cannot have: messages of teams that they have not joined, and of chats
    /// in which they are not.
    async fn leave_others(
        &mut self,
        context: &Context,
        findings: &mut Findings,
        stage: Stage,
    ) -> Result<(), Failure> {
        let team = |place: &MessagePlace| TeamId::from(place.team.as_str());
        let teams = self.in_channels.iter();
        let teams = teams.map(|(_, place)| team(place)).collect();
        let own = messages::own_teams(context, &teams).await?;
        let before = self.in_channels.len();
        let is_own =
            |place: &MessagePlace| own.as_ref().is_none_or(|own| own.contains(&team(place)));
        self.in_channels.retain(|(_, place)| is_own(place));
        let what = msgraph::CHANNEL_MESSAGES;
        let left = (before - self.in_channels.len()) as u64;
        findings.add_out_of_reach(stage, Problem::NotJoined { what }, left);
        let before = self.in_chats.len();
        let graph = &findings.graph;
        self.in_chats.retain(|(message, _)| {
            let users =
                [EdgeType::Sent, EdgeType::Received].map(|kind| graph.sources(*message, kind));
            let places = graph.targets(*message, EdgeType::PostedIn).into_iter();
            let members = places.flat_map(|place| graph.sources(place, EdgeType::ParticipatesIn));
            let users = users.into_iter().flatten().chain(members);
            let keys: Vec<&str> = users
                .flat_map(|user| {
                    let data = graph.node(user);
                    [Some(data.id.as_str()), data.facts.get(user::UPN)]
                })
                .flatten()
                .collect();
            context.msgraph.may_read_chat_of(keys.into_iter())
        });
        let what = msgraph::CHAT_MESSAGES;
        let left = (before - self.in_chats.len()) as u64;
        findings.add_out_of_reach(stage, Problem::OfOthers { what }, left);
        Ok(())
    }
}

/// True for a message that nothing but Defender's tables tells of.
fn is_of_defender_alone(graph: &Graph, message: NodeRef) -> bool {
    let sources = graph.node(message).facts.get(message::SOURCES);
    sources.is_some_and(|sources| sources == [DEFENDER])
}

async fn read_in_channels(
    context: &Context,
    findings: &mut Findings,
    urls: &mut Urls,
    stage: Stage,
    messages: Vec<(NodeRef, MessagePlace)>,
) -> Result<Vec<NodeRef>, Failure> {
    let mut people = Vec::new();
    let (nodes, places): (Vec<NodeRef>, Vec<MessagePlace>) = messages.into_iter().unzip();
    name_channels(context, findings, stage, &places).await?;
    let answers = context.msgraph.channel_messages(&places).await?;
    let mut absent = Vec::new();
    for ((node, place), answer) in nodes.into_iter().zip(places).zip(answers) {
        let graph = &findings.graph;
        let channel = graph.targets(node, EdgeType::PostedIn).into_iter().next();
        match (answer, channel) {
            (Ok(mut message), Some(channel)) => {
                // It is the one that was asked for.
                message.value.id = Some(place.id);
                let message = ReadMessage::of(message, context.settings.store);
                let (graph, tenant) = (&mut findings.graph, &context.settings.tenant);
                let (_, sender) = message.put_whole(graph, urls, tenant, &place.channel, channel);
                people.extend(sender);
            }
            (Ok(_), None) => {}
            (Err(Problem::NotFound { .. }), _) => absent.push(node),
            (Err(problem), _) => findings.add_msgraph_problem(stage, problem),
        }
    }
    say_absent(findings, stage, &absent);
    Ok(people)
}

/// Gives channels the names that only Microsoft Graph has.
async fn name_channels(
    context: &Context,
    findings: &mut Findings,
    stage: Stage,
    places: &[MessagePlace],
) -> Result<(), Failure> {
    let channels = places
        .iter()
        .map(|place| (place.team.clone(), place.channel.clone()));
    let channels: BTreeSet<(String, String)> = channels.collect();
    let is_nameless = |(_, channel): &(String, String)| {
        let node = findings.graph.find(Label::Channel, channel);
        node.is_some_and(|node| !findings.graph.node(node).facts.has(channel::MEMBERSHIP))
    };
    let channels: Vec<(String, String)> = channels.into_iter().filter(is_nameless).collect();
    let answers = context.msgraph.channels(&channels).await?;
    for ((_, id), answer) in channels.into_iter().zip(answers) {
        match answer {
            Ok(info) => {
                let channel = Channel {
                    id: ChannelId::from(id.as_str()),
                    name: info.value.display_name,
                    membership: info.value.membership_type,
                };
                findings.graph.put(channel, Seen::in_record(info.record));
            }
            Err(problem) => findings.add_msgraph_problem(stage, problem),
        }
    }
    Ok(())
}

async fn read_in_chats(
    context: &Context,
    findings: &mut Findings,
    urls: &mut Urls,
    stage: Stage,
    messages: Vec<(NodeRef, ChatMessagePlace)>,
) -> Result<Vec<NodeRef>, Failure> {
    let (nodes, places): (Vec<NodeRef>, Vec<ChatMessagePlace>) = messages.into_iter().unzip();
    let answers = context.msgraph.single_chat_messages(&places).await?;
    let mut by_chat: BTreeMap<String, Vec<ReadMessage>> = BTreeMap::new();
    let mut absent = Vec::new();
    for ((node, place), answer) in nodes.into_iter().zip(places).zip(answers) {
        match answer {
            Ok(message) => {
                let message = ReadMessage::of(message, context.settings.store);
                by_chat.entry(place.chat).or_default().push(message);
            }
            Err(Problem::NotFound { .. }) => absent.push(node),
            Err(problem) => findings.add_msgraph_problem(stage, problem),
        }
    }
    let read = link_chats::of(context, findings, stage, by_chat).await?;
    let put = link_chats::put(context, findings, urls, stage, read).await?;
    say_absent(findings, stage, &absent);
    Ok([put.senders, put.members].concat())
}

/// Reads messages of chats that another tenant owns, from the side of people of this one who received them.
async fn read_foreign(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
    stage: Stage,
    chats: BTreeMap<NodeRef, Vec<NodeRef>>,
) -> Result<Vec<NodeRef>, Failure> {
    let mut people = Vec::new();
    let Known {
        directory, urls, ..
    } = known;
    let changed = changed_since(context.window, context.now);
    let wanted: BTreeMap<String, NodeRef> = chats
        .keys()
        .map(|chat| (findings.graph.node(*chat).id.clone(), *chat))
        .collect();
    let mut given: BTreeSet<NodeRef> = BTreeSet::new();
    for key in sides(&findings.graph, directory, &chats) {
        let mut read = Vec::new();
        let keep = |message: ReadMessage| {
            let value = &message.message.value;
            let chat = value.chat_id.as_ref().and_then(|id| wanted.get(id));
            let has_id = value.id.as_ref().is_some_and(|id| !id.is_empty());
            let is_wanted = has_id && !message.links.is_empty();
            if let Some(chat) = chat.filter(|_| is_wanted && listing::is_in(context.window, value))
            {
                read.push((*chat, message));
            }
        };
        let reader = bodies::reader(context);
        let msgraph = &context.msgraph;
        let problem = msgraph
            .messages_from_outside(&key, changed, reader, keep)
            .await?;
        if let Some(problem) = problem {
            findings.add_msgraph_problem(stage, problem);
        }
        for (chat, message) in read {
            let (graph, tenant) = (&mut findings.graph, &context.settings.tenant);
            let thread = graph.node(chat).id.clone();
            let (message, sender) = message.put_whole(graph, urls, tenant, &thread, chat);
            people.extend(sender);
            given.insert(message);
        }
    }
    let is_given = |message: &&NodeRef| given.contains(*message);
    let missing = chats
        .values()
        .flatten()
        .filter(|message| !is_given(message))
        .count();
    let read = chats
        .values()
        .filter(|messages| messages.iter().any(|message| is_given(&message)));
    let read = read.count();
    let reason = "messages in chats that another tenant owns are known from Defender's log alone: no recipient's side gave them";
    findings
        .notes
        .add(stage, msgraph::SOURCE, reason, missing as u64);
    let reason = "chats that another tenant owns were read from a recipient's side, which lacks what the recipients answered";
    findings
        .notes
        .add(stage, msgraph::SOURCE, reason, read as u64);
    Ok(people)
}

/// The keys of as few recipients as give each of these chats, in the directory of this tenant.
fn sides(
    graph: &Graph,
    directory: &Directory,
    chats: &BTreeMap<NodeRef, Vec<NodeRef>>,
) -> BTreeSet<String> {
    let mut chosen = BTreeSet::new();
    for messages in chats.values() {
        let messages = messages.iter();
        let recipients = messages.flat_map(|message| graph.sources(*message, EdgeType::Received));
        let keys = recipients.filter_map(|user| directory.account(graph, user));
        let keys: BTreeSet<String> = keys.map(|account| account.key).collect();
        if !keys.iter().any(|key| chosen.contains(key)) {
            chosen.extend(keys.into_iter().next());
        }
    }
    chosen
}

/// Says what became of messages that Microsoft Graph does not have: they are gone if it shows others of their places.
fn say_absent(findings: &mut Findings, stage: Stage, absent: &[NodeRef]) {
    let graph = &findings.graph;
    let is_shown = |place: NodeRef| {
        let mut messages = graph.sources(place, EdgeType::PostedIn).into_iter();
        messages.any(|message| {
            let sources = graph.node(message).facts.get(message::SOURCES);
            sources.is_some_and(|sources| sources.contains(&bodies::GRAPH))
        })
    };
    let mut shown: BTreeMap<NodeRef, bool> = BTreeMap::new();
    let mut is_gone = |message: &&NodeRef| {
        let places = graph.targets(**message, EdgeType::PostedIn).into_iter();
        let mut places = places.map(|place| *shown.entry(place).or_insert_with(|| is_shown(place)));
        places.any(|is_shown| is_shown)
    };
    let gone = absent.iter().filter(|message| is_gone(message)).count();
    let unknown = absent.len() - gone;
    let reason = "messages that Defender's log names are gone: asked for one by one, Graph answers 404, and it shows others of their channels and chats";
    findings
        .notes
        .add(stage, msgraph::SOURCE, reason, gone as u64);
    let reason = "messages that Defender's log names: asked for one by one, Graph answers 404, but it shows no other message of their channels or chats either, so these may be closed to it; when they can be read, a new case shows them";
    findings
        .gaps
        .add(stage, msgraph::SOURCE, reason, unknown as u64);
}
