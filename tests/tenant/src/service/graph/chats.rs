//! Chats, their members and messages.

use super::ask::Ask;
use super::{bodies, graph_error};
use crate::service::Reply;
use crate::world::facts::*;
use std::cmp::Reverse;

impl Ask<'_> {
    pub(super) fn chats(&self, key: &str) -> Reply {
        let limits = [
            (format!("chats {}", key.to_lowercase()), 5.0),
            ("other".to_owned(), 30.0),
        ];
        let top = self
            .enter("Chat.Read.All", &["$top", "$expand"], &limits)
            .and_then(|()| self.top(20));
        let top = match top {
            Ok(top) => top,
            Err(reply) => return reply,
        };
        let expand = match self.option("$expand") {
            None => false,
            Some("members") => true,
            Some(other) => {
                return graph_error(400, "BadRequest", "Cannot expand.")
                    .violating(format!("chats cannot expand {other}"));
            }
        };
        let world = &self.state.world;
        let Some(ix) = self.state.index.user(key) else {
            return self.missing_user(key);
        };
        if let Err(reply) = self.own(|person| person == ix) {
            return reply.violating("a list of another person");
        }
        let extra = if expand { "&$expand=members" } else { "" };
        let path = format!("/users('{}')/chats", world.users[ix].id);
        self.page(self.state.index.chats_of(ix), top, &path, extra, |chat| {
            bodies::chat(world, *chat, expand)
        })
    }

    fn find_chat(&self, id: &str) -> Result<ChatIx, Reply> {
        let found = self.state.index.chat(id);
        let chat = found.ok_or_else(|| graph_error(404, "NotFound", "NotFound"))?;
        let world = &self.state.world;
        self.own(|person| world.chats[chat].members.contains(&person))?;
        if world.chats[chat].kind == "meeting" && !self.state.options.cloud.serves_meeting_chats() {
            let text = "Chats of meetings are not supported in application context.";
            return Err(graph_error(403, "Forbidden", text)
                .violating("the chat of a meeting in a cloud that does not serve it"));
        }
        match world.chats[chat].owner == world.tenant_id {
            true => Ok(chat),
            false => {
                let text = "The thread is not in this tenant.";
                Err(graph_error(403, "Forbidden", text))
            }
        }
    }

    /// What every request about a chat itself meets.
    fn enter_chat(&self, id: &str) -> Result<ChatIx, Reply> {
        let limits = [(format!("chat {id}"), 1.0), ("other".to_owned(), 30.0)];
        self.enter("Chat.Read.All", &[], &limits)?;
        self.find_chat(id)
    }

    pub(super) fn chat(&self, id: &str) -> Reply {
        match self.enter_chat(id) {
            Ok(chat) => Reply::json(200, &bodies::chat(&self.state.world, chat, false)),
            Err(reply) => reply,
        }
    }

    pub(super) fn members(&self, id: &str) -> Reply {
        let chat = match self.enter_chat(id) {
            Ok(chat) => chat,
            Err(reply) => return reply,
        };
        let world = &self.state.world;
        let path = format!("/chats/{id}/members");
        self.page(&world.chats[chat].members, 25, &path, "", |member| {
            bodies::member(world, chat, *member)
        })
    }

    fn message_limits_of_chat(id: &str) -> [(String, f64); 2] {
        [
            ("messages".to_owned(), 20.0),
            (format!("messages of {id}"), 1.0),
        ]
    }

    pub(super) fn chat_message(&self, id: &str, message: &str) -> Reply {
        let found = self
            .enter("Chat.Read.All", &[], &Self::message_limits_of_chat(id))
            .and_then(|()| self.find_chat(id));
        let found = found.map(|chat| self.state.index.message(Place::Chat(chat), message));
        match found {
            Ok(Some(ix)) => Reply::json(200, &self.rendered(ix)),
            Ok(None) => graph_error(404, "NotFound", "NotFound"),
            Err(reply) => reply,
        }
    }

    pub(super) fn chat_messages(&self, id: &str) -> Reply {
        let limits = Self::message_limits_of_chat(id);
        let found = self
            .enter("Chat.Read.All", &["$top", "$orderby", "$filter"], &limits)
            .and_then(|()| Ok((self.top(20)?, self.find_chat(id)?, self.modified_filter()?)));
        let (top, chat, filter) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let ordered = match self.option("$orderby") {
            None => false,
            Some(_) if !self.state.options.cloud.sorts_chat_messages() => {
                let text = "Query option 'OrderBy' is not supported in this environment.";
                let reply = graph_error(400, "BadRequest", text);
                return match self.state.options.cloud.is_known_to_the_client() {
                    true => reply.violating("$orderby in a cloud that is known to refuse it"),
                    false => reply,
                };
            }
            Some("lastModifiedDateTime desc") => true,
            Some(other) => {
                return graph_error(400, "BadRequest", "Invalid orderby.")
                    .violating(format!("chat messages are not ordered by {other}"));
            }
        };
        // Graph ignores such a filter in silence.
        if filter.is_some() && !ordered {
            return graph_error(
                400,
                "BadRequest",
                "QueryOptions to order by must be in filter.",
            )
            .violating("$filter on chat messages without $orderby is ignored");
        }
        let filter = filter.unwrap_or_default();
        let messages = &self.state.world.messages;
        let in_chat = self.state.index.messages_in(Place::Chat(chat)).iter();
        let mut found: Vec<MessageIx> = in_chat
            .copied()
            .filter(|ix| filter.holds(&messages[*ix]))
            .collect();
        found.sort_by_key(|ix| (Reverse(messages[*ix].modified), *ix));
        let mut extra = String::new();
        for name in ["$orderby", "$filter"] {
            if let Some(value) = self.option(name) {
                extra.push_str(&format!("&{name}={}", value.replace(' ', "+")));
            }
        }
        let path = format!("/chats/{id}/messages");
        self.page(&found, top, &path, &extra, |ix| self.rendered(*ix))
    }
}
