//! The messages with a link that the audit log lists.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::model::{ChannelId, RecordNumber, TeamId, Window};
use crate::source::logs::Row;
use crate::source::msgraph::ChatMessage;

/// The channels that the audit log names, by team and channel id.
#[derive(Default)]
pub(super) struct Listing(BTreeMap<(TeamId, ChannelId), ListedChannel>);

/// The entries of the audit log about one channel.
pub(super) struct ListedChannel {
    pub(super) name: String,
    pub(super) team_name: String,
    /// The first record that names the channel.
    pub(super) record: RecordNumber,
    /// The messages with a link, by message id.
    pub(super) messages: BTreeMap<String, ListedMessage>,
}

/// The entries of the audit log about one message.
#[derive(Default)]
pub(super) struct ListedMessage {
    pub(super) records: BTreeSet<RecordNumber>,
    /// The sender of the message, or the user who changed it if the log does not contain its creation.
    pub(super) user: String,
    /// When it was sent; `None` when the log only holds changes of it.
    pub(super) created: Option<DateTime<Utc>>,
    /// The time of its first row in the log.
    pub(super) first: Option<DateTime<Utc>>,
    /// The time of its last row in the log.
    pub(super) last: Option<DateTime<Utc>>,
}

impl Listing {
    /// Adds a row of the query `link_messages`.
    pub(super) fn add(&mut self, row: &Row) {
        let (team, channel, id) = (
            row.text("team_id"),
            row.text("channel_id"),
            row.text("message_id"),
        );
        if team.is_empty() || channel.is_empty() || id.is_empty() {
            return;
        }
        let key = (TeamId::from(team), ChannelId::from(channel));
        let channel = self.0.entry(key).or_insert_with(|| ListedChannel {
            name: row.text("channel_name").to_owned(),
            team_name: row.text("team_name").to_owned(),
            record: row.record,
            messages: BTreeMap::new(),
        });
        channel.messages.entry(id.to_owned()).or_default().add(row);
    }

    /// All channels, sorted by team and channel id.
    pub(super) fn channels(&self) -> impl Iterator<Item = (&(TeamId, ChannelId), &ListedChannel)> {
        self.0.iter()
    }

    /// The ids of the teams with a listed message, without duplicates.
    pub(super) fn teams(&self) -> BTreeSet<&TeamId> {
        self.0.keys().map(|(team, _)| team).collect()
    }

    /// The channel and message id, if the message is wanted: a listed message or, with a window (`--channels all`), any
    /// message that was sent or changed in the window, in a channel with a listed message.
    pub(super) fn wants(
        &self,
        team: &TeamId,
        all_in: Option<Window>,
        message: &ChatMessage,
    ) -> Option<(ChannelId, String)> {
        let channel = message.channel_identity.as_ref()?.channel_id.as_deref()?;
        let channel = ChannelId::from(channel);
        let id = message.id.clone()?;
        let listed = self.0.get(&(team.clone(), channel.clone()))?;
        let is_wanted = listed.messages.contains_key(&id)
            || all_in.is_some_and(|window| is_in(window, message) && !message.is_system());
        is_wanted.then_some((channel, id))
    }
}

impl ListedMessage {
    fn add(&mut self, row: &Row) {
        self.records.insert(row.record);
        let (first, last) = (row.time("first"), row.time("last"));
        if row.text("operation") == "MessageCreatedHasLink" {
            self.created = [self.created, first].into_iter().flatten().min();
            row.text("user").clone_into(&mut self.user);
        } else if self.user.is_empty() {
            row.text("user").clone_into(&mut self.user);
        }
        self.first = [self.first, first].into_iter().flatten().min();
        self.last = self.last.max(last);
    }
}

/// True when a message was sent or last changed in a window.
pub(super) fn is_in(window: Window, message: &ChatMessage) -> bool {
    let times = [message.created_date_time, message.last_modified_date_time];
    times.into_iter().flatten().any(|at| window.contains(at))
}
