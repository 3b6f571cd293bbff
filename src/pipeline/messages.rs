//! Stage 3, messages: reads the messages that the audit log lists with a link, in the channels of the teams.
//!
//! Only the logs decide which messages become nodes (with `--channels all`, which channels are read), no matter
//! how the bodies are fetched. A listed message that was deleted becomes a node too. Each message goes into the graph
//! with its links as it arrives, whatever the order; what depends on the order is settled at the end, and so is what
//! became of the messages that the lists did not give (`absent.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::absent::{self, Lists};
use super::bodies::{self, ReadMessage};
use super::context::Context;
use super::directory::Directory;
use super::fetched::{Fetched, put_listed};
use super::findings::Findings;
use super::listing::Listing;
use super::logged_messages::PutMessage;
use super::urls::Urls;
use crate::graph::node::{Channel, Team};
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::model::{ChannelId, MessageId, Stage, TeamId};
use crate::source::logs::{Query, chunks};
use crate::source::msgraph::{self, Recorded, TeamInfo, changed_since};

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
    found: &[PutMessage],
) -> Result<(), Failure> {
    let listing = list(context, findings, teams, found).await?;
    read_listed(context, findings, directory, urls, listing).await
}

/// Lists the messages with a link in all channels of the teams, from the audit log, and those that Defender's tables
/// tell of.
pub(super) async fn list(
    context: &Context,
    findings: &mut Findings,
    teams: &BTreeSet<TeamId>,
    found: &[PutMessage],
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
    let mut listing = listing.into_inner().unwrap_or_else(PoisonError::into_inner);
    for message in found {
        let id = &findings.graph.node(message.node).id;
        if let (Some(team), Some((channel, id)), Some(record)) =
            (&message.team, id.rsplit_once('/'), message.sent.record)
        {
            listing.add_found(team, channel, id, record);
        }
    }
    let reason = "link_messages: rows of the audit log that name no team, no channel or no message were left out; if they stay so, the log was changed on its way to the workspace";
    let count = listing.incomplete;
    let source = context.logs.first().source();
    findings.gaps.add(STAGE, source, reason, count);
    Ok(listing)
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
    let mut fetched = Fetched {
        tenant: &context.settings.tenant,
        graph: &mut findings.graph,
        urls,
        listing,
        channels,
        senders: BTreeSet::new(),
        names: BTreeMap::new(),
    };
    let lists = fetch(context, &mut fetched).await?;
    let absent = absent::settle(context, &mut fetched, &lists).await?;
    fetched.name_senders();
    let Fetched {
        listing,
        channels,
        mut senders,
        ..
    } = fetched;
    for (team, problem) in lists.teams {
        // Each message was asked for singly then, and what became of it is said of it.
        let is_said = |problem: &msgraph::Problem| {
            absent.explains(&team) || matches!(problem, msgraph::Problem::OneByOne { .. })
        };
        if let Some(problem) = problem.filter(|problem| !is_said(problem)) {
            findings.add_msgraph_problem(STAGE, problem);
        }
    }
    let reason = "messages for which Graph names no channel were left out, since the audit log does not tell where they stand";
    let count = lists.without_channel;
    findings.gaps.add(STAGE, msgraph::SOURCE, reason, count);
    findings.add_nameless(STAGE, "channel messages", listing.nameless);
    absent.report(findings);
    for (id, channel) in listing.channels() {
        let Some(place) = channels.get(id).copied() else {
            continue;
        };
        for (message, listed) in &channel.messages {
            let id = MessageId::in_place(id.as_str(), message);
            senders.extend(put_listed(&mut findings.graph, id, listed, place));
        }
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
                channel.name = Some(listed.name.clone()).filter(|name| !name.is_empty());
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

/// Reads the messages of every team with a listed message, and puts the wanted ones into the graph as they arrive.
async fn fetch(context: &Context, fetched: &mut Fetched<'_>) -> Result<Lists, Failure> {
    let changed = changed_since(context.window, context.now);
    let teams = fetched.listing.teams();
    let own = own_teams(context, &teams).await?;
    let shared = Mutex::new(&mut *fetched);
    let reads = stream::iter(teams).map(|team| {
        let (shared, own) = (&shared, &own);
        async move {
            if own.as_ref().is_some_and(|own| !own.contains(&team)) {
                let what = msgraph::CHANNEL_MESSAGES;
                let problem = msgraph::Problem::NotJoined { what };
                return Ok((team, Vec::new(), Vec::new(), Some(problem)));
            }
            // Messages of a shared channel, from another team than its first, and messages that name no channel.
            let (mut spare, mut unplaced) = (Vec::new(), Vec::new());
            let visit = |message: ReadMessage| {
                let mut fetched = lock(shared);
                let value = &message.message.value;
                fetched.listing.see(value);
                // A listed one is asked for singly. With `--channels all`, nothing else names the others.
                let has_id = value.id.as_ref().is_some_and(|id| !id.is_empty());
                if !has_id {
                    fetched.listing.nameless +=
                        u64::from(fetched.listing.is_wanted_unlisted(value));
                    return;
                }
                match fetched.listing.wants(&team, value) {
                    Some(wanted) if wanted.is_first => fetched.put(&wanted, message),
                    Some(wanted) => spare.push((wanted, message)),
                    None if fetched.listing.may_want(&team, value) => unplaced.push(message),
                    None => {}
                }
            };
            let msgraph = &context.msgraph;
            let read = bodies::reader(context);
            let problem = msgraph
                .team_messages(team.as_str(), changed, read, visit)
                .await?;
            Ok::<_, Failure>((team, spare, unplaced, problem))
        }
    });
    let answers: Vec<_> = reads.buffered(CONCURRENT).try_collect().await?;
    let mut lists = Lists::default();
    let mut without_channel = Vec::new();
    for (team, spare, unplaced, problem) in answers {
        for (wanted, message) in spare {
            fetched.put(&wanted, message);
        }
        without_channel.extend(unplaced.into_iter().map(|message| (team.clone(), message)));
        lists.teams.insert(team, problem);
    }
    for (team, message) in without_channel {
        lists.place(fetched, &team, message);
    }
    Ok(lists)
}

/// The teams whose messages a person may have, if one is signed in and they are known.
pub(super) async fn own_teams(
    context: &Context,
    teams: &BTreeSet<TeamId>,
) -> Result<Option<BTreeSet<TeamId>>, Failure> {
    if teams.is_empty() {
        return Ok(None);
    }
    let own = context.msgraph.own_teams().await?;
    let ids = |own: Vec<Recorded<TeamInfo>>| {
        let ids = own.into_iter().filter_map(|team| team.value.id);
        ids.map(TeamId::from).collect()
    };
    Ok(own.map(ids))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
