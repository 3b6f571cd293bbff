//! Messages that the analyst named: each is read singly, whatever the logs list.

use std::collections::BTreeMap;

use super::bodies::ReadMessage;
use super::context::Context;
use super::findings::Findings;
use super::known::Spread;
use super::link_chats;
use super::logged_messages::DEFENDER;
use super::spread;
use super::starts::Seeds;
use super::verdicts::Verdicts;
use crate::graph::node::{Channel, Message, Team};
use crate::graph::schema::message;
use crate::graph::{Edge, Label, NodeRef, Seen};
use crate::http::Failure;
use crate::link::MessageAddress;
use crate::model::{BY_HAND, ChannelId, MessageId, Stage, TeamId};
use crate::source::msgraph::{
    self, ChatMessage, ChatMessagePlace, MessagePlace, Problem, Recorded,
};

const STAGE: Stage = Stage::Seeds;

/// Adds the messages that the analyst named to the starting points, with their senders and teams, and reads them.
pub(super) async fn add(
    context: &Context,
    findings: &mut Findings,
    verdicts: &mut Verdicts,
    spread: &mut Spread,
    mut seeds: Seeds,
) -> Result<Seeds, Failure> {
    let named = context.options.messages.iter();
    let named = named.filter_map(|text| MessageAddress::parse(text));
    let (in_channels, in_chats): (Vec<_>, Vec<_>) = named.partition(MessageAddress::is_in_channel);
    for address in in_channels.iter().chain(&in_chats) {
        let message = Message {
            id: address.id(),
            ..Message::default()
        };
        let message = findings.graph.put(message, Seen::default());
        seeds.starts.add(message, BY_HAND, Seen::default());
        // Each is asked for here.
        spread.read.insert(message);
    }
    let ids = in_channels.iter().chain(&in_chats);
    let ids = ids.flat_map(|address| ids_of(context, address)).collect();
    let urls = &mut seeds.urls;
    let people = spread::find_named(context, findings, urls, verdicts, spread, ids).await?;
    seeds.people.extend(people);
    if !in_channels.is_empty() {
        read_in_channels(context, findings, &mut seeds, in_channels).await?;
    }
    if !in_chats.is_empty() {
        read_in_chats(context, findings, &mut seeds, in_chats).await?;
    }
    Ok(seeds)
}

/// The ids that Defender's tables can have for a message. One that does not say its team can stand in each team that
/// was named by hand.
fn ids_of(context: &Context, address: &MessageAddress) -> Vec<String> {
    let in_team = |team: Option<String>| MessageAddress {
        team,
        ..address.clone()
    };
    if !address.is_in_channel() {
        return in_team(None).defender_ids();
    }
    if address.team.is_some() {
        return address.defender_ids();
    }
    let by_hand = context.options.teams.iter().cloned().map(Some);
    by_hand
        .flat_map(|team| in_team(team).defender_ids())
        .collect()
}

/// Reads messages of channels. One that does not say its team is asked for in each team that was named by hand.
async fn read_in_channels(
    context: &Context,
    findings: &mut Findings,
    seeds: &mut Seeds,
    addresses: Vec<MessageAddress>,
) -> Result<(), Failure> {
    let by_hand = &context.options.teams;
    let mut places = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        let teams = match &address.team {
            Some(team) => std::slice::from_ref(team),
            None => by_hand.as_slice(),
        };
        for team in teams {
            let place = MessagePlace {
                team: TeamId::from(team.as_str()).to_string(),
                channel: address.thread.clone(),
                root: address.root.clone(),
                id: address.message.clone(),
            };
            places.push((at, place));
        }
    }
    let (owners, places): (Vec<usize>, Vec<MessagePlace>) = places.into_iter().unzip();
    let answers = context.msgraph.channel_messages(&places).await?;
    let mut found: BTreeMap<usize, (MessagePlace, Recorded<ChatMessage>)> = BTreeMap::new();
    let mut problems: BTreeMap<usize, Problem> = BTreeMap::new();
    for ((at, place), answer) in owners.into_iter().zip(places).zip(answers) {
        match answer {
            Ok(message) => {
                found.entry(at).or_insert((place, message));
            }
            Err(problem) => {
                problems.entry(at).or_insert(problem);
            }
        }
    }
    problems.retain(|at, _| !found.contains_key(at));
    for (at, problem) in problems {
        add_problem(findings, &addresses[at].id(), problem);
    }
    let found: Vec<_> = found.into_values().collect();
    let ids: Vec<(String, String)> = found
        .iter()
        .map(|(place, _)| (place.team.clone(), place.channel.clone()))
        .collect();
    let channels = context.msgraph.channels(&ids).await?;
    for ((place, message), channel) in found.into_iter().zip(channels) {
        let seen = Seen::in_record(message.record);
        let team = TeamId::from(place.team.as_str());
        let node = Team {
            id: team.clone(),
            name: None,
        };
        let node = findings.graph.put(node, seen);
        seeds.teams.insert(team);
        let mut named = Channel {
            id: ChannelId::from(place.channel.as_str()),
            ..Channel::default()
        };
        let told = match channel {
            Ok(info) => {
                named.name = info.value.display_name;
                named.membership = info.value.membership_type;
                Seen::in_record(info.record)
            }
            Err(problem) => {
                findings.add_msgraph_problem(STAGE, problem);
                seen
            }
        };
        let channel = findings.graph.put(named, told);
        findings.graph.link(node, Edge::HasChannel, channel, seen);
        put(context, findings, seeds, &place.channel, channel, message);
    }
    Ok(())
}

/// Puts a message into the graph, in its channel, with its links, its sender and the first message of its thread.
fn put(
    context: &Context,
    findings: &mut Findings,
    seeds: &mut Seeds,
    thread: &str,
    place: NodeRef,
    message: Recorded<ChatMessage>,
) {
    let message = ReadMessage::of(message, context.settings.store);
    let sent = message.sent();
    let tenant = &context.settings.tenant;
    let graph = &mut findings.graph;
    let (_, sender) = message.put_whole(graph, &mut seeds.urls, tenant, thread, place);
    if let Some(sender) = sender {
        seeds.start_from_user(sender, BY_HAND, sent);
    }
}

/// Reads messages of chats, with the members of the chats.
async fn read_in_chats(
    context: &Context,
    findings: &mut Findings,
    seeds: &mut Seeds,
    addresses: Vec<MessageAddress>,
) -> Result<(), Failure> {
    let places: Vec<ChatMessagePlace> = addresses
        .into_iter()
        .map(|address| ChatMessagePlace {
            chat: address.thread,
            id: address.message,
        })
        .collect();
    let answers = context.msgraph.single_chat_messages(&places).await?;
    let mut by_chat: BTreeMap<String, Vec<ReadMessage>> = BTreeMap::new();
    for (place, answer) in places.into_iter().zip(answers) {
        match answer {
            Ok(message) => {
                let message = ReadMessage::of(message, context.settings.store);
                by_chat.entry(place.chat).or_default().push(message);
            }
            Err(problem) => {
                let id = MessageId::in_place(&place.chat, &place.id);
                add_problem(findings, &id, problem);
            }
        }
    }
    let read = link_chats::of(context, findings, STAGE, by_chat).await?;
    let put = link_chats::put(context, findings, &mut seeds.urls, STAGE, read).await?;
    for user in put.senders {
        seeds.start_from_user(user, BY_HAND, Seen::default());
    }
    Ok(())
}

/// Adds a message that could not be read. The analyst named it, so that it has to exist.
fn add_problem(findings: &mut Findings, id: &MessageId, problem: Problem) {
    let known = findings.graph.find(Label::Message, id.as_str());
    let is_logged = known.is_some_and(|node| {
        let sources = findings.graph.node(node).facts.get(message::SOURCES);
        sources.is_some_and(|sources| sources.contains(&DEFENDER))
    });
    match problem {
        // It stands in a chat that another tenant owns, or was removed since.
        Problem::NotFound { .. } if is_logged => {
            let reason = "messages: Graph does not give one that was named with --message, which is known from Defender's log alone";
            findings.notes.add(STAGE, msgraph::SOURCE, reason, 1);
        }
        Problem::NotFound { .. } => {
            let reason = "messages: not found, although named with --message; check the link, or whether the message was deleted";
            findings.gaps.add(STAGE, msgraph::SOURCE, reason, 1);
        }
        problem => findings.add_msgraph_problem(STAGE, problem),
    }
}
