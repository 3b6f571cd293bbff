//! Messages of channels.

use super::ask::Ask;
use super::paging::{self, Promise};
use super::{bodies, graph_error};
use crate::service::Reply;
use crate::world::facts::*;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::cmp::Reverse;

/// Bounds of `lastModifiedDateTime`, each exclusive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Modified {
    after: Option<Time>,
    before: Option<Time>,
}

impl Modified {
    pub(super) fn holds(self, message: &Message) -> bool {
        self.after.is_none_or(|t| message.modified > t)
            && self.before.is_none_or(|t| message.modified < t)
    }
}

impl Ask<'_> {
    fn message_limits(&self, team: &str, channel: &str) -> Vec<(String, f64)> {
        let mut limits = self.team_limits(team, "messages", 20.0);
        limits.push((format!("messages of {channel}"), 1.0));
        limits
    }

    /// A message as this request sees it.
    pub(super) fn rendered(&self, ix: MessageIx) -> Value {
        bodies::message(&self.state.world, ix, self.known_enums)
    }

    pub(super) fn channel_message(
        &self,
        team: &str,
        channel: &str,
        id: &str,
        root: Option<&str>,
    ) -> Reply {
        let limits = self.message_limits(team, channel);
        let found = self
            .enter("ChannelMessage.Read.All", &[], &limits)
            .and_then(|()| self.find_channel(team, channel));
        let channel = match found {
            Ok(channel) => channel,
            Err(reply) => return reply,
        };
        let messages = &self.state.world.messages;
        let found = self.state.index.message(Place::Channel(channel), id);
        // A reply is found under its root only, never beside it.
        let in_place = |ix: &MessageIx| {
            let root_of = messages[*ix].root.map(|r| messages[r].id.as_str());
            root_of == root
        };
        match found.filter(in_place) {
            Some(ix) => Reply::json(200, &self.rendered(ix)),
            None => graph_error(404, "NotFound", "NotFound"),
        }
    }

    fn newest_replies(&self, root: MessageIx) -> Vec<MessageIx> {
        let mut replies = self.state.index.replies_to(root).to_vec();
        replies.sort_by_key(|ix| Reverse(self.state.world.messages[*ix].created));
        replies
    }

    fn replies_path(&self, team: &str, channel: ChannelIx, root: &str) -> String {
        let id = &self.state.world.channels[channel].id;
        format!("/teams('{team}')/channels('{id}')/messages('{root}')/replies")
    }

    pub(super) fn replies(&self, team: &str, channel: &str, root: &str) -> Reply {
        let limits = self.message_limits(team, channel);
        let found = self
            .enter("ChannelMessage.Read.All", &["$top"], &limits)
            .and_then(|()| Ok((self.top(20)?, self.find_channel(team, channel)?)));
        let (top, channel) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let found = self.state.index.message(Place::Channel(channel), root);
        match found.filter(|ix| self.state.world.messages[*ix].root.is_none()) {
            Some(ix) => {
                let path = self.replies_path(team, channel, root);
                let replies = self.newest_replies(ix);
                self.page(&replies, top, &path, "", |ix| self.rendered(*ix))
            }
            None => graph_error(404, "NotFound", "NotFound"),
        }
    }

    pub(super) fn channel_messages(&self, team: &str, id: &str) -> Reply {
        let limits = self.message_limits(team, id);
        let found = self
            .enter("ChannelMessage.Read.All", &["$top", "$expand"], &limits)
            .and_then(|()| Ok((self.top(20)?, self.find_channel(team, id)?)));
        let (top, channel) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let expand = match self.option("$expand") {
            None => false,
            Some("replies") => true,
            Some(other) => {
                return graph_error(400, "BadRequest", "Cannot expand.")
                    .violating(format!("channel messages cannot expand {other}"));
            }
        };
        let messages = &self.state.world.messages;
        let in_channel = self.state.index.messages_in(Place::Channel(channel)).iter();
        let mut roots: Vec<MessageIx> = in_channel
            .copied()
            .filter(|ix| messages[*ix].root.is_none())
            .collect();
        roots.sort_by_key(|ix| Reverse(messages[*ix].modified));
        let extra = if expand { "&$expand=replies" } else { "" };
        let path = format!("/teams('{team}')/channels('{id}')/messages");
        self.page(&roots, top, &path, extra, |ix| {
            let mut item = self.rendered(*ix);
            if expand {
                self.expand_replies(&mut item, *ix, team, channel);
            }
            item
        })
    }

    fn expand_replies(&self, item: &mut Value, root: MessageIx, team: &str, channel: ChannelIx) {
        let mut replies = self.newest_replies(root);
        item["replies@odata.count"] = json!(replies.len());
        let limit = self.state.options.expanded_replies;
        if replies.len() > limit {
            replies.truncate(limit);
            let channel_id = &self.state.world.channels[channel].id;
            let root = &self.state.world.messages[root].id;
            let segments = [
                "v1.0", "teams", team, "channels", channel_id, "messages", root, "replies",
            ];
            let next = Promise {
                segments: segments.iter().map(|s| (*s).to_owned()).collect(),
                pairs: Vec::new(),
                offset: limit,
                page: 2,
                epoch: 0,
            };
            let path = self.replies_path(team, channel, root);
            let link = paging::next_link(self.state, &path, 20, "", next);
            item["replies@odata.nextLink"] = json!(link);
        }
        let replies: Vec<Value> = replies.into_iter().map(|ix| self.rendered(ix)).collect();
        item["replies"] = json!(replies);
    }

    /// `$filter=lastModifiedDateTime gt <t> and lastModifiedDateTime lt <t>`, either half or both.
    pub(super) fn modified_filter(&self) -> Result<Option<Modified>, Reply> {
        let filter = self.option("$filter");
        filter
            .map(|filter| self.modified_between(filter))
            .transpose()
    }

    /// The bounds that such a filter names.
    pub(super) fn modified_between(&self, filter: &str) -> Result<Modified, Reply> {
        let bad = || {
            let text = format!("Invalid filter clause: {filter}");
            graph_error(400, "BadRequest", &text).violating(text)
        };
        let mut bounds = Modified::default();
        for clause in filter.split(" and ") {
            let words: Vec<&str> = clause.split(' ').collect();
            let ["lastModifiedDateTime", operator, time] = words.as_slice() else {
                return Err(bad());
            };
            let zulu = time.ends_with('Z');
            let time = DateTime::parse_from_rfc3339(time).map_err(|_| bad())?;
            let time = time.with_timezone(&Utc);
            match *operator {
                "gt" if bounds.after.is_none() && zulu => bounds.after = Some(time),
                "lt" if bounds.before.is_none() && zulu => bounds.before = Some(time),
                _ => return Err(bad()),
            }
        }
        Ok(bounds)
    }

    pub(super) fn all_messages(&self, team: &str) -> Reply {
        let limits = self.team_limits(team, "getAllMessages", 200.0);
        let found = self
            .enter("ChannelMessage.Read.All", &["$top", "$filter"], &limits)
            .and_then(|()| {
                Ok((
                    self.top(20)?,
                    self.find_team(team)?,
                    self.modified_filter()?,
                ))
            });
        let (top, ix, filter) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        if self.token.person.is_some() && !self.state.options.person_sees_all {
            let text = "Requested API is not supported in delegated context.";
            return graph_error(412, "PreconditionFailed", text)
                .violating("an export for a person");
        }
        let filter = filter.unwrap_or_default();
        let world = &self.state.world;
        let items: Vec<MessageIx> = (0..world.channels.len())
            .filter(|c| world.channels[*c].team == ix && self.state.is_served(*c))
            .flat_map(|c| {
                self.state
                    .index
                    .messages_in(Place::Channel(c))
                    .iter()
                    .copied()
            })
            .filter(|m| filter.holds(&world.messages[*m]))
            .collect();
        let extra = self
            .option("$filter")
            .map(|f| format!("&$filter={}", f.replace(' ', "+").replace(':', "%3a")))
            .unwrap_or_default();
        let path = format!("/teams('{team}')/channels/getallMessages");
        self.page(&items, top, &path, &extra, |ix| {
            let mut item = self.rendered(*ix);
            item["@odata.type"] = json!("#microsoft.graph.chatMessage");
            item
        })
    }
}
