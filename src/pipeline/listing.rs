//! The messages with a link that the audit log lists, and which of them were read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::graph::Evidence;
use crate::model::{ChannelId, Channels, RecordNumber, TeamId, Window};
use crate::source::logs::Row;
use crate::source::msgraph::ChatMessage;

/// The channels that the audit log names. A shared channel can be listed under several teams.
#[derive(Default)]
pub(super) struct Listing {
    channels: BTreeMap<ChannelId, ListedChannel>,
    /// The channels of each team.
    by_team: BTreeMap<TeamId, BTreeSet<ChannelId>>,
    /// With `--channels all`, the window whose messages are read in these channels, listed or not.
    all_in: Option<Window>,
    /// The number of rows that name no team, no channel or no message.
    pub(super) incomplete: u64,
    /// The number of messages with a link that Microsoft Graph gave without an id.
    pub(super) nameless: u64,
    /// The names of users so far: many messages have the same sender.
    users: HashSet<Arc<str>>,
}

/// The entries of the audit log about one channel.
#[derive(Default)]
pub(super) struct ListedChannel {
    pub(super) teams: BTreeMap<TeamId, ListedIn>,
    /// The messages with a link, by message id.
    pub(super) messages: BTreeMap<Box<str>, ListedMessage>,
    /// With `--channels all`, the messages that were taken, listed or not.
    taken: HashSet<Box<str>>,
    /// Whether Microsoft Graph gave any message of the channel.
    pub(super) is_seen: bool,
}

/// What the audit log says about a channel in one of its teams.
pub(super) struct ListedIn {
    pub(super) name: String,
    pub(super) team_name: String,
    /// The first record that names the channel.
    pub(super) record: RecordNumber,
}

/// The entries of the audit log about one message. There can be millions.
#[derive(Default)]
pub(super) struct ListedMessage {
    pub(super) records: Evidence,
    /// The sender of the message, or the user who changed it if the log does not contain its creation.
    by: Option<By>,
    /// The time of its first row in the log.
    pub(super) first: Option<DateTime<Utc>>,
    /// The time of its last row in the log.
    pub(super) last: Option<DateTime<Utc>>,
}

/// The user of a row. The least one counts: who created the message before who changed it, the earlier before the later.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct By {
    is_change: bool,
    at: Option<DateTime<Utc>>,
    user: Arc<str>,
}

/// The place of a message that is wanted.
pub(super) struct Wanted {
    pub(super) channel: ChannelId,
    /// The id of the message.
    pub(super) id: String,
    /// True in the first team of the channel. Others are asked for what that one does not give.
    pub(super) is_first: bool,
}

impl Listing {
    /// A listing without entries.
    pub(super) fn new(channels: Channels, window: Window) -> Self {
        Self {
            all_in: (channels == Channels::All).then_some(window),
            ..Self::default()
        }
    }

    /// Adds a row of the query `link_messages`. The order of the rows of different teams makes no difference.
    pub(super) fn add(&mut self, row: &Row) {
        let (team, channel, id) = (
            row.text("team_id"),
            row.text("channel_id"),
            row.text("message_id"),
        );
        if team.is_empty() || channel.is_empty() || id.is_empty() {
            self.incomplete += 1;
            return;
        }
        let by = By {
            is_change: row.text("operation") != "MessageCreatedHasLink",
            at: row.time("first"),
            user: self.shared(row.text("user")),
        };
        let channel_id = ChannelId::from(channel);
        let of_team = self.by_team.entry(TeamId::from(team)).or_default();
        of_team.insert(channel_id.clone());
        let channel = self.channels.entry(channel_id).or_default();
        channel
            .teams
            .entry(TeamId::from(team))
            .or_insert_with(|| ListedIn {
                name: row.text("channel_name").to_owned(),
                team_name: row.text("team_name").to_owned(),
                record: row.record,
            });
        let message = channel.messages.entry(id.into()).or_default();
        message.records.add(row.record);
        message.first = [message.first, by.at].into_iter().flatten().min();
        message.last = message.last.max(row.time("last"));
        if message.by.as_ref().is_none_or(|known| by < *known) {
            message.by = Some(by);
        }
    }

    /// Adds a message of a channel that Defender's tables tell of, so that it is read like one that the audit log
    /// lists.
    pub(super) fn add_found(
        &mut self,
        team: &TeamId,
        channel: &str,
        id: &str,
        record: RecordNumber,
    ) {
        let channel_id = ChannelId::from(channel);
        let of_team = self.by_team.entry(team.clone()).or_default();
        of_team.insert(channel_id.clone());
        let channel = self.channels.entry(channel_id).or_default();
        channel
            .teams
            .entry(team.clone())
            .or_insert_with(|| ListedIn {
                name: String::new(),
                team_name: String::new(),
                record,
            });
        let message = channel.messages.entry(id.into()).or_default();
        message.records.add(record);
    }

    fn shared(&mut self, user: &str) -> Arc<str> {
        if let Some(known) = self.users.get(user) {
            return Arc::clone(known);
        }
        let new: Arc<str> = user.into();
        self.users.insert(Arc::clone(&new));
        new
    }

    /// All channels, sorted by id.
    pub(super) fn channels(&self) -> impl Iterator<Item = (&ChannelId, &ListedChannel)> {
        self.channels.iter()
    }

    /// All channels with each of their teams, sorted by team and channel id.
    pub(super) fn places(&self) -> BTreeMap<(&TeamId, &ChannelId), &ListedIn> {
        let channels = self.channels.iter();
        channels
            .flat_map(|(id, channel)| {
                let teams = channel.teams.iter();
                teams.map(move |(team, listed)| ((team, id), listed))
            })
            .collect()
    }

    /// The ids of the teams with a listed message, without duplicates.
    pub(super) fn teams(&self) -> BTreeSet<TeamId> {
        self.by_team.keys().cloned().collect()
    }

    /// What the log says of a channel; `None` when it lists no message in it.
    pub(super) fn channel(&self, id: &ChannelId) -> Option<&ListedChannel> {
        self.channels.get(id)
    }

    /// The channels of a team in which a message with this id is listed and was not taken.
    pub(super) fn channels_with<'l>(
        &'l self,
        team: &TeamId,
        message: &'l str,
    ) -> impl Iterator<Item = &'l ChannelId> {
        let channels = self.by_team.get(team).into_iter().flatten();
        channels.filter(move |id| {
            let channel = self.channels.get(*id);
            channel.is_some_and(|channel| channel.messages.contains_key(message))
        })
    }

    /// True when a message that names no channel may be a wanted one of this team.
    pub(super) fn may_want(&self, team: &TeamId, message: &ChatMessage) -> bool {
        let id = message.id.as_deref().unwrap_or_default();
        channel_of(message).is_none()
            && (self.is_wanted_unlisted(message) || self.channels_with(team, id).next().is_some())
    }

    /// True when `--channels all` wants a message, listed or not.
    pub(super) fn is_wanted_unlisted(&self, message: &ChatMessage) -> bool {
        let all_in = self.all_in;
        all_in.is_some_and(|window| is_in(window, message) && !message.is_system())
    }

    /// Remembers that Microsoft Graph gave this message, wanted or not.
    pub(super) fn see(&mut self, message: &ChatMessage) {
        let channel = channel_of(message).map(ChannelId::from);
        if let Some(channel) = channel.and_then(|id| self.channels.get_mut(&id)) {
            channel.is_seen = true;
        }
    }

    /// The place of a message of a team, if it is wanted: a listed message or, with `--channels all`, any message that
    /// was sent or changed in the window, in a channel with a listed message.
    pub(super) fn wants(&self, team: &TeamId, message: &ChatMessage) -> Option<Wanted> {
        let channel = ChannelId::from(channel_of(message)?);
        let id = message.id.clone()?;
        let listed = self.channels.get(&channel)?;
        let is_wanted =
            listed.messages.contains_key(id.as_str()) || self.is_wanted_unlisted(message);
        let is_first = listed.teams.keys().next() == Some(team);
        (is_wanted && listed.teams.contains_key(team)).then_some(Wanted {
            channel,
            id,
            is_first,
        })
    }

    /// Takes the entry of a wanted message out of the listing; `None` when it was taken before. What is left at the end
    /// is what was not given.
    pub(super) fn take(&mut self, wanted: &Wanted) -> Option<ListedMessage> {
        let channel = self.channels.get_mut(&wanted.channel)?;
        channel.is_seen = true;
        let listed = channel.messages.remove(wanted.id.as_str());
        if self.all_in.is_none() {
            return listed;
        }
        let is_new = channel.taken.insert(wanted.id.as_str().into());
        is_new.then(|| listed.unwrap_or_default())
    }
}

impl ListedMessage {
    /// The user in the log; `None` for a message that is only read because of `--channels all`.
    pub(super) fn user(&self) -> Option<&str> {
        self.by.as_ref().map(|by| &*by.user)
    }

    /// True when the audit log lists it.
    pub(super) fn is_audited(&self) -> bool {
        self.by.is_some()
    }

    /// When it was sent; `None` when the log only holds changes of it.
    pub(super) fn created(&self) -> Option<DateTime<Utc>> {
        let by = self.by.as_ref().filter(|by| !by.is_change)?;
        by.at
    }
}

/// The channel that a message names.
fn channel_of(message: &ChatMessage) -> Option<&str> {
    let channel = message.channel_identity.as_ref()?.channel_id.as_deref();
    channel.filter(|id| !id.is_empty())
}

/// True when a message was sent or last changed in a window.
pub(super) fn is_in(window: Window, message: &ChatMessage) -> bool {
    let times = [message.created_date_time, message.last_modified_date_time];
    times.into_iter().flatten().any(|at| window.contains(at))
}
