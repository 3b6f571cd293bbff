//! Finds things in a world without walking all of it.

use super::World;
use super::facts::*;
use std::collections::HashMap;

/// Indexes over a finished world.
#[derive(Debug, Default)]
pub(crate) struct Index {
    users: HashMap<String, UserIx>,
    teams: HashMap<String, TeamIx>,
    channels: HashMap<String, ChannelIx>,
    chats: HashMap<String, ChatIx>,
    links: HashMap<String, LinkIx>,
    chats_of: HashMap<UserIx, Vec<ChatIx>>,
    messages_in: HashMap<Place, Vec<MessageIx>>,
    replies_to: HashMap<MessageIx, Vec<MessageIx>>,
    by_id: HashMap<(Place, String), MessageIx>,
}

impl Index {
    /// Indexes `world`. What Graph has lost is left out of the messages.
    pub(crate) fn of(world: &World) -> Self {
        let mut index = Self::default();
        for (ix, user) in world
            .users
            .iter()
            .enumerate()
            .filter(|(_, u)| u.in_directory())
        {
            for key in [&user.id, &user.upn].into_iter().filter(|k| !k.is_empty()) {
                index.users.insert(key.to_lowercase(), ix);
            }
        }
        for (ix, team) in world.teams.iter().enumerate() {
            index.teams.insert(team.id.to_lowercase(), ix);
        }
        for (ix, channel) in world.channels.iter().enumerate() {
            index.channels.insert(channel.id.clone(), ix);
        }
        for (ix, chat) in world.chats.iter().enumerate() {
            index.chats.insert(chat.id.clone(), ix);
            for member in &chat.members {
                index.chats_of.entry(*member).or_default().push(ix);
            }
        }
        for (ix, link) in world.links.iter().enumerate() {
            index.links.insert(link.url.clone(), ix);
        }
        for (ix, message) in world.messages.iter().enumerate().filter(|(_, m)| !m.gone) {
            index.messages_in.entry(message.place).or_default().push(ix);
            index.by_id.insert((message.place, message.id.clone()), ix);
            if let Some(root) = message.root {
                index.replies_to.entry(root).or_default().push(ix);
            }
        }
        index
    }

    /// The user of the directory with this id or UPN, ignoring case.
    pub(crate) fn user(&self, key: &str) -> Option<UserIx> {
        self.users.get(&key.to_lowercase()).copied()
    }

    /// The team with this id, ignoring case.
    pub(crate) fn team(&self, id: &str) -> Option<TeamIx> {
        self.teams.get(&id.to_lowercase()).copied()
    }

    /// The channel with this id.
    pub(crate) fn channel(&self, id: &str) -> Option<ChannelIx> {
        self.channels.get(id).copied()
    }

    /// The chat with this id.
    pub(crate) fn chat(&self, id: &str) -> Option<ChatIx> {
        self.chats.get(id).copied()
    }

    /// The link with this normalised url.
    pub(crate) fn link(&self, url: &str) -> Option<LinkIx> {
        self.links.get(url).copied()
    }

    /// The chats a user is in.
    pub(crate) fn chats_of(&self, user: UserIx) -> &[ChatIx] {
        self.chats_of.get(&user).map_or(&[], Vec::as_slice)
    }

    /// What stands in a place.
    pub(crate) fn messages_in(&self, place: Place) -> &[MessageIx] {
        self.messages_in.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The replies to a root.
    pub(crate) fn replies_to(&self, root: MessageIx) -> &[MessageIx] {
        self.replies_to.get(&root).map_or(&[], Vec::as_slice)
    }

    /// The message with this id in a place.
    pub(crate) fn message(&self, place: Place, id: &str) -> Option<MessageIx> {
        self.by_id.get(&(place, id.to_owned())).copied()
    }
}
