//! Stage 6: the chats of those who sent a risky url, round after round, until nobody new turns up.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::{Investigation, intel};
use crate::graph::node::Chat;
use crate::graph::{Edge, EdgeType, Label, NodeRef, Seen};
use crate::http::Failure;
use crate::link::Link;
use crate::model::ChatsOf;
use crate::model::RecordNumber;
use crate::model::Stage;
use crate::model::{ChatKind, MessageId};
use crate::source::msgraph::{self, ChatInfo, ChatMessage, Problem, Recorded, changed_since};

const STAGE: Stage = Stage::Chats;
/// Chats read at the same time.
const CONCURRENT: usize = 16;

/// A message of a chat with its links.
struct Found {
    record: RecordNumber,
    message: ChatMessage,
    links: Vec<Link>,
}

pub(super) async fn run(run: &mut Investigation) -> Result<(), Failure> {
    if run.scope.options.chats_of == ChatsOf::None {
        return Ok(());
    }
    let mut asked = BTreeSet::new();
    for _ in 0..run.scope.options.rounds {
        let waiting = waiting(run, &asked);
        if waiting.is_empty() {
            return Ok(());
        }
        asked.extend(waiting.iter().copied());
        round(run, waiting).await?;
        intel::run(run, STAGE).await?;
    }
    let left = waiting(run, &asked);
    let reason = "all rounds are used up and new senders of risky urls wait; raise --rounds in a new case to read their chats";
    if !left.is_empty() {
        run.notes
            .add(STAGE, msgraph::SOURCE, reason, left.len() as u64);
    }
    Ok(())
}

/// Users whose chats are to be read and have not been.
fn waiting(run: &Investigation, asked: &BTreeSet<NodeRef>) -> Vec<NodeRef> {
    let users = match run.scope.options.chats_of {
        ChatsOf::All => {
            let mut users = run.graph.labelled(Label::User);
            users.retain(|user| !run.graph.targets(*user, EdgeType::Sent).is_empty());
            users
        }
        ChatsOf::Risky | ChatsOf::None => run.risky_senders(),
    };
    users
        .into_iter()
        .filter(|user| !asked.contains(user))
        .collect()
}

async fn round(run: &mut Investigation, users: Vec<NodeRef>) -> Result<(), Failure> {
    run.resolve(STAGE, &users).await?;
    let mut keys = BTreeSet::new();
    let mut others = 0;
    for user in users {
        match run.directory_user(user) {
            Some((key, _)) => {
                keys.insert(key);
            }
            None => others += 1,
        }
    }
    if others > 0 {
        let reason = "own chats of senders outside the directory (external, bot, anonymous, deleted) cannot be read";
        run.notes.add(STAGE, msgraph::SOURCE, reason, others);
    }
    let keys: Vec<String> = keys.into_iter().collect();
    let mut chats: BTreeMap<String, Recorded<ChatInfo>> = BTreeMap::new();
    for list in run.msgraph.chats(&keys).await? {
        for chat in list.items {
            let Some(id) = chat.value.id.clone().filter(|id| !id.is_empty()) else {
                continue;
            };
            if run.chats_read.insert(id.clone()) {
                chats.insert(id, chat);
            }
        }
        if let Some(problem) = list.problem {
            run.graph_gap(STAGE, problem);
        }
    }
    let found = read(run, &chats).await?;
    put(run, &chats, found).await
}

/// The messages with a link of every chat.
async fn read(
    run: &mut Investigation,
    chats: &BTreeMap<String, Recorded<ChatInfo>>,
) -> Result<Vec<(String, Vec<Found>)>, Failure> {
    let changed = changed_since(run.window, run.created);
    let (msgraph, window) = (&run.msgraph, run.window);
    let reads = stream::iter(chats.keys()).map(|id| async move {
        let mut found = Vec::new();
        let keep = |Recorded {
                        record,
                        value: message,
                    }: Recorded<ChatMessage>| {
            let times = [message.created_date_time, message.last_modified_date_time];
            if !times.into_iter().flatten().any(|at| window.contains(at)) {
                return;
            }
            let links = message.links();
            if !links.is_empty() && message.id.as_deref().is_some_and(|id| !id.is_empty()) {
                found.push(Found {
                    record,
                    message,
                    links,
                });
            }
        };
        let problem = msgraph.chat_messages(id, changed, keep).await?;
        Ok::<_, Failure>((id.clone(), found, problem))
    });
    let answers: Vec<(String, Vec<Found>, Option<Problem>)> =
        reads.buffered(CONCURRENT).try_collect().await?;
    let mut kept = Vec::new();
    for (id, found, problem) in answers {
        if let Some(problem) = problem {
            run.graph_gap(STAGE, problem);
        }
        if !found.is_empty() {
            kept.push((id, found));
        }
    }
    Ok(kept)
}

/// Puts the chats that hold a link into the graph, with those messages and with all their members.
async fn put(
    run: &mut Investigation,
    chats: &BTreeMap<String, Recorded<ChatInfo>>,
    found: Vec<(String, Vec<Found>)>,
) -> Result<(), Failure> {
    let ids: Vec<String> = found.iter().map(|(id, _)| id.clone()).collect();
    let members = run.msgraph.chat_members(&ids).await?;
    let mut people = Vec::new();
    for ((id, messages), members) in found.into_iter().zip(members) {
        let Some(info) = chats.get(&id) else { continue };
        let chat = Chat {
            id: id.as_str().into(),
            kind: info.value.chat_type.clone().map(ChatKind::from),
            topic: info.value.topic.clone(),
        };
        let chat = run.graph.put(chat, Seen::in_record(info.record));
        for found in messages {
            let Found {
                record,
                message,
                links,
            } = found;
            let key = MessageId::in_place(&id, message.id.as_deref().unwrap_or_default());
            let node = run.put_message(key, record, &message, chat);
            let sent = Seen::at(record, message.created_date_time);
            if let Some(user) = run.sender(&message, sent) {
                run.graph.link(user, Edge::Sent { at: sent.at }, node, sent);
                people.push(user);
            }
            run.contain(node, record, &message, links);
        }
        for member in members.items {
            let seen = Seen::in_record(member.record);
            if let Some(user) = run.member(&member.value, seen) {
                run.graph.link(user, Edge::ParticipatesIn, chat, seen);
                people.push(user);
            }
        }
        if let Some(problem) = members.problem {
            run.graph_gap(STAGE, problem);
        }
    }
    run.resolve(STAGE, &people).await
}
