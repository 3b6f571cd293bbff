//! Chats in which messages with a link stand: they go into the graph with all their members.

use std::collections::BTreeMap;

use super::bodies::ReadMessage;
use super::context::Context;
use super::findings::Findings;
use super::people;
use super::urls::Urls;
use crate::graph::node::Chat;
use crate::graph::schema::chat;
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::model::{ChatId, ChatKind, Stage};
use crate::source::msgraph::{self, ChatInfo, Recorded};

/// A chat, with the messages of the window that hold a link.
pub(super) struct LinkChat {
    pub(super) id: String,
    pub(super) info: Recorded<ChatInfo>,
    pub(super) messages: Vec<ReadMessage>,
}

/// The users of chats that were put into the graph.
pub(super) struct ChatUsers {
    /// The senders of the messages, in the order of the messages.
    pub(super) senders: Vec<NodeRef>,
    /// The members of the chats.
    pub(super) members: Vec<NodeRef>,
}

/// The chats of messages that were asked for one by one, by the id of the chat. One whose details Graph does not give
/// is known by its id alone.
pub(super) async fn of(
    context: &Context,
    findings: &mut Findings,
    stage: Stage,
    messages: BTreeMap<String, Vec<ReadMessage>>,
) -> Result<Vec<LinkChat>, Failure> {
    let ids: Vec<String> = messages.keys().cloned().collect();
    let infos = context.msgraph.single_chats(&ids).await?;
    let mut chats = Vec::new();
    for ((id, messages), info) in messages.into_iter().zip(infos) {
        let info = info.unwrap_or_else(|problem| {
            findings.add_msgraph_problem(stage, problem);
            Recorded {
                record: messages.first().map_or(0, |message| message.message.record),
                value: ChatInfo::default(),
            }
        });
        chats.push(LinkChat { id, info, messages });
    }
    Ok(chats)
}

/// Puts chats into the graph, with these messages and with all members. Gaps are added under `stage`.
pub(super) async fn put(
    context: &Context,
    findings: &mut Findings,
    urls: &mut Urls,
    stage: Stage,
    chats: Vec<LinkChat>,
) -> Result<ChatUsers, Failure> {
    let mut users = ChatUsers {
        senders: Vec::new(),
        members: Vec::new(),
    };
    let put = chats.into_iter().map(|chat| {
        let id = chat.id.clone();
        (id, chat.put(context, findings, urls, &mut users.senders))
    });
    let (ids, chats): (Vec<String>, Vec<NodeRef>) = put.unzip();
    let members = context.msgraph.chat_members(&ids).await?;
    let tenant = &context.settings.tenant;
    for (chat, members) in chats.into_iter().zip(members) {
        if members.items.is_empty() && members.problem.is_none() {
            let reason = "chat members: Graph lists nobody in a chat that holds messages; run the same command again later";
            findings.gaps.add(stage, msgraph::SOURCE, reason, 1);
        }
        let (mut is_external, is_whole) = (false, members.problem.is_none());
        let are_any = !members.items.is_empty();
        for member in members.items {
            is_external |= people::is_from_outside(&member.value, tenant);
            let seen = Seen::in_record(member.record);
            if let Some(user) = people::put_member(&mut findings.graph, &member.value, tenant, seen)
            {
                findings.graph.link(user, Edge::ParticipatesIn, chat, seen);
                users.members.push(user);
            } else {
                // Members by phone and of other services have no id of a user.
                let reason = "chat members that Graph names by no user id, such as those by phone, were left out";
                findings.notes.add(stage, msgraph::SOURCE, reason, 1);
            }
        }
        if is_external || is_whole && are_any {
            findings.graph.set(chat, chat::EXTERNAL, Some(is_external));
        }
        if let Some(problem) = members.problem {
            findings.add_msgraph_problem(stage, problem);
        }
    }
    Ok(users)
}

impl LinkChat {
    /// Puts the chat into the graph with its messages, and adds their senders to `people`.
    fn put(
        self,
        context: &Context,
        findings: &mut Findings,
        urls: &mut Urls,
        people: &mut Vec<NodeRef>,
    ) -> NodeRef {
        let graph = &mut findings.graph;
        let chat = Chat {
            id: ChatId::from(self.id.as_str()),
            kind: self.info.value.chat_type.map(ChatKind::from),
            topic: self.info.value.topic,
            owned: self
                .info
                .value
                .tenant_id
                .as_deref()
                .map(|owner| !people::is_foreign(Some(owner), &context.settings.tenant)),
            external: None,
        };
        let chat = graph.put(chat, Seen::in_record(self.info.record));
        for message in self.messages {
            let tenant = &context.settings.tenant;
            let (_, sender) = message.put_whole(graph, urls, tenant, &self.id, chat);
            people.extend(sender);
        }
        chat
    }
}
