//! Messages that a log lists and the list of their team did not give. Their absence is proven, or it is a gap.
//!
//! Each is asked for singly. It is gone when Microsoft Graph says when it was deleted, or answers 404 while it shows
//! other messages of that channel. A reply is 404 everywhere but under its first message, which only Defender's log
//! names. So what else may be a reply is only gone when its channel was read whole.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies::ReadMessage;
use super::context::Context;
use super::fetched::Fetched;
use super::findings::Findings;
use super::listing::{ListedChannel, Wanted};
use crate::graph::{EdgeType, Label};
use crate::http::Failure;
use crate::model::{ChannelId, MessageId, Stage, TeamId};
use crate::source::msgraph::{self, MessagePlace, Problem};
use crate::terminal::clean;

const STAGE: Stage = Stage::Messages;
/// The highest number of messages of a channel that are asked for one by one.
pub(super) const OF_A_CHANNEL: usize = 300;
/// The bounds of a load.
const BOUNDS: Bounds = Bounds {
    of_a_channel: OF_A_CHANNEL,
    in_all: 5_000,
};
/// The most teams with the same reason that are named; the others are counted together.
const MOST_TEAMS: usize = 10;

const GONE: &str = "the audit log lists messages that are gone: asked for one by one, Graph says that they were deleted or do not exist, and it shows others of their channels";
const NOTHING_ELSE: &str = "asked for one by one, Graph answers 404, but it shows no other message of their channels either, so these may be closed to it; when they can be read, a new case shows them";
const MAYBE_REPLIES: &str = "asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and the list of the team's messages is not whole; run the same command again later";
const MAYBE_REPLIES_OF_A_PERSON: &str = "asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and only an application is given the list in which it would stand";
const TOO_MANY: &str = "the list of the team's messages lacks them, and more are not asked for one by one (300 of a channel, 5,000 in all, the newest); load another case with a shorter window";

/// How the lists of the teams' messages ended.
#[derive(Default)]
pub(super) struct Lists {
    /// Why the list of a team is not whole; `None` when it is.
    pub(super) teams: BTreeMap<TeamId, Option<Problem>>,
    /// The number of wanted messages that name no channel, and whose channel the audit log does not tell.
    pub(super) without_channel: u64,
    /// The first message of the thread of a reply that names no channel, by team and id.
    roots: BTreeMap<(TeamId, String), String>,
}

impl Lists {
    /// Finds the channel of a message that names none: the only one of the team in which its id is listed and was not
    /// given.
    pub(super) fn place(&mut self, fetched: &mut Fetched<'_>, team: &TeamId, message: ReadMessage) {
        let value = &message.message.value;
        let id = value.id.clone().unwrap_or_default();
        let channels = fetched.listing.channels_with(team, &id);
        let channels: Vec<ChannelId> = channels.take(2).cloned().collect();
        match channels.as_slice() {
            [channel] => {
                let wanted = Wanted {
                    channel: channel.clone(),
                    id,
                    is_first: true,
                };
                fetched.put(&wanted, message);
            }
            [] => self.without_channel += u64::from(fetched.listing.is_wanted_unlisted(value)),
            // It is asked for in each of them, as a reply under its first message.
            _ => {
                if let Some(root) = value.reply_to_id.clone().filter(|root| !root.is_empty()) {
                    self.roots.insert((team.clone(), id), root);
                }
            }
        }
    }

    /// True when a list that can hold the messages of this channel was read to its end.
    fn is_whole(&self, channel: &ListedChannel) -> bool {
        let mut teams = channel.teams.keys();
        teams.any(|team| matches!(self.teams.get(team), Some(None)))
    }
}

/// How many messages are asked for singly.
struct Bounds {
    of_a_channel: usize,
    in_all: usize,
}

impl Bounds {
    /// The messages that are asked for, the newest of each channel first, and those that are too many.
    fn choose<M>(&self, channels: impl IntoIterator<Item = Vec<M>>) -> (Vec<M>, Vec<M>) {
        let (mut chosen, mut left) = (Vec::new(), Vec::new());
        for mut messages in channels {
            let room = self.in_all.saturating_sub(chosen.len());
            let take = messages.len().min(self.of_a_channel).min(room);
            left.extend(messages.drain(..messages.len() - take));
            chosen.append(&mut messages);
        }
        (chosen, left)
    }
}

/// What became of the absent messages.
#[derive(Default)]
pub(super) struct Absent {
    gone: u64,
    /// The number of messages that were not read, by reason and by the name of the team.
    unread: BTreeMap<String, BTreeMap<String, u64>>,
    /// The teams of whose messages it says why their list could not be read.
    explained: BTreeSet<TeamId>,
    /// The number of messages that the person who is signed in cannot have.
    out_of_reach: BTreeMap<Problem, u64>,
}

/// A message that was not given.
struct AbsentMessage {
    team: TeamId,
    channel: ChannelId,
    id: String,
    root: Option<String>,
}

/// Asks for the messages that are left in the listing. Those that are given go into the graph, and the others stay in
/// the listing.
pub(super) async fn settle(
    context: &Context,
    fetched: &mut Fetched<'_>,
    lists: &Lists,
) -> Result<Absent, Failure> {
    let mut absent = Absent::default();
    let mut channels = Vec::new();
    for (id, channel) in fetched.listing.channels() {
        let Some(team) = team_to_ask(channel, lists) else {
            continue;
        };
        let reason = lists.teams.get(team).and_then(Option::as_ref);
        if let Some(problem) = reason.filter(|problem| problem.is_of_the_service()) {
            let count = channel.messages.len() as u64;
            if count > 0 {
                match problem.is_out_of_reach() {
                    true => *absent.out_of_reach.entry(problem.clone()).or_default() += count,
                    false => absent.unread(channel, team, problem.to_string(), count),
                }
                absent.explained.insert(team.clone());
            }
            continue;
        }
        let messages = channel.messages.keys().map(|message| AbsentMessage {
            team: team.clone(),
            channel: id.clone(),
            id: message.to_string(),
            root: lists
                .roots
                .get(&(team.clone(), message.to_string()))
                .cloned()
                .or_else(|| logged_root(fetched, id, message)),
        });
        channels.push(messages.collect::<Vec<_>>());
    }
    let (asked, too_many) = BOUNDS.choose(channels);
    for message in too_many {
        absent.unread_one(fetched, &message, TOO_MANY.to_owned());
    }
    let places: Vec<MessagePlace> = asked.iter().map(AbsentMessage::place).collect();
    let answers = context.msgraph.channel_messages(&places).await?;
    let mut not_found = Vec::new();
    let mut given_in = BTreeSet::new();
    for (message, answer) in asked.into_iter().zip(answers) {
        match answer {
            Ok(given) => {
                absent.gone += u64::from(given.value.deleted_date_time.is_some());
                given_in.insert(message.channel.clone());
                let wanted = Wanted {
                    channel: message.channel,
                    id: message.id,
                    is_first: true,
                };
                fetched.put(&wanted, ReadMessage::of(given, context.settings.store));
            }
            Err(Problem::NotFound { .. }) => not_found.push(message),
            Err(problem) => absent.unread_one(fetched, &message, problem.to_string()),
        }
    }
    for message in not_found {
        let Some(channel) = fetched.listing.channel(&message.channel) else {
            continue;
        };
        // A list that lacks a message which Graph gives singly may lack others too.
        let is_whole = lists.is_whole(channel) && !given_in.contains(&message.channel);
        let is_no_unknown_reply = message.root.is_some() || is_root(fetched, &message);
        if !channel.is_seen {
            absent.unread_one(fetched, &message, NOTHING_ELSE.to_owned());
        } else if is_whole || is_no_unknown_reply {
            absent.gone += 1;
        } else {
            let reason = match lists.teams.get(&message.team) {
                Some(Some(Problem::OneByOne { .. })) => MAYBE_REPLIES_OF_A_PERSON,
                _ => MAYBE_REPLIES,
            };
            absent.unread_one(fetched, &message, reason.to_owned());
        }
    }
    Ok(absent)
}

/// The first message of the thread of a reply that Defender's log names.
fn logged_root(fetched: &Fetched<'_>, channel: &ChannelId, message: &str) -> Option<String> {
    let id = MessageId::in_place(channel.as_str(), message);
    let node = fetched.graph.find(Label::Message, id.as_str())?;
    let root = fetched
        .graph
        .targets(node, EdgeType::ReplyTo)
        .into_iter()
        .next()?;
    let (_, root) = fetched.graph.node(root).id.rsplit_once('/')?;
    Some(root.to_owned())
}

/// The team in which a channel's messages are asked for: one whose list could be read, else the first.
fn team_to_ask<'l>(channel: &'l ListedChannel, lists: &Lists) -> Option<&'l TeamId> {
    let mut teams = channel.teams.keys();
    let whole = teams.find(|team| matches!(lists.teams.get(*team), Some(None)));
    whole.or_else(|| channel.teams.keys().next())
}

/// True when a reply that was read names the message as the first of its thread.
fn is_root(fetched: &Fetched<'_>, message: &AbsentMessage) -> bool {
    let id = MessageId::in_place(message.channel.as_str(), &message.id);
    let node = fetched.graph.find(Label::Message, id.as_str());
    node.is_some_and(|node| !fetched.graph.sources(node, EdgeType::ReplyTo).is_empty())
}

impl AbsentMessage {
    fn place(&self) -> MessagePlace {
        MessagePlace {
            team: self.team.to_string(),
            channel: self.channel.to_string(),
            root: self.root.clone(),
            id: self.id.clone(),
        }
    }
}

impl Absent {
    /// True when a gap about this team's messages will say why their list could not be read.
    pub(super) fn explains(&self, team: &TeamId) -> bool {
        self.explained.contains(team)
    }

    fn unread(&mut self, channel: &ListedChannel, team: &TeamId, reason: String, count: u64) {
        let listed = channel.teams.get(team).map(|listed| &listed.team_name);
        let name = listed.filter(|name| !name.is_empty()).cloned();
        let name = name.unwrap_or_else(|| team.to_string());
        let name: String = clean(&name).chars().take(80).collect();
        let teams = self.unread.entry(reason).or_default();
        *teams.entry(name).or_default() += count;
    }

    fn unread_one(&mut self, fetched: &Fetched<'_>, message: &AbsentMessage, reason: String) {
        if let Some(channel) = fetched.listing.channel(&message.channel) {
            self.unread(channel, &message.team, reason, 1);
        }
    }

    /// Adds a note about those that are gone, and a gap for each team with others.
    pub(super) fn report(self, findings: &mut Findings) {
        findings.notes.add(STAGE, msgraph::SOURCE, GONE, self.gone);
        for (problem, count) in self.out_of_reach {
            findings.add_out_of_reach(STAGE, problem, count);
        }
        for (reason, teams) in self.unread {
            for (teams, count) in named(teams) {
                let reason =
                    format!("the audit log lists messages in {teams} that were not read: {reason}");
                findings.gaps.add(STAGE, msgraph::SOURCE, reason, count);
            }
        }
    }
}

/// The teams with the most messages by their names, and the others together.
fn named(teams: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut teams: Vec<(String, u64)> = teams.into_iter().collect();
    teams.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let others = teams.split_off(teams.len().min(MOST_TEAMS));
    for (name, _) in &mut teams {
        *name = format!("the team {name}");
    }
    if !others.is_empty() {
        let count = others.iter().map(|(_, count)| count).sum();
        teams.push((format!("{} other teams", others.len()), count));
    }
    teams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_asked_for_than_the_bounds_allow() {
        let bounds = Bounds {
            of_a_channel: 3,
            in_all: 5,
        };
        let channels = [vec![1, 2, 3, 4], vec![11], vec![21, 22], vec![31]];
        let (asked, left) = bounds.choose(channels);
        // The newest have the highest ids.
        assert_eq!(asked, [2, 3, 4, 11, 22]);
        assert_eq!(left, [1, 21, 31]);
        let (asked, left) = BOUNDS.choose([(0..301).collect::<Vec<_>>()]);
        assert_eq!((asked.len(), left), (300, vec![0]));
        let (asked, left) = BOUNDS.choose((0..18).map(|_| vec![0; 300]));
        assert_eq!((asked.len(), left.len()), (5_000, 400));
    }

    #[test]
    fn ten_teams_are_named_and_the_others_counted() {
        let teams = (1..=12).map(|n| (format!("T{n:02}"), n));
        let named = named(teams.collect());
        assert_eq!(named.len(), 11);
        assert_eq!(named[0], ("the team T12".to_owned(), 12));
        assert_eq!(named[10], ("2 other teams".to_owned(), 3));
    }
}
