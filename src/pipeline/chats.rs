//! Stage 7, chats: reads the chats of users who sent a risky url. The urls that are found there are searched for in the
//! whole tenant, and this is repeated until no new sender appears.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::bodies::{self, ReadMessage};
use super::context::Context;
use super::directory::Directory;
use super::findings::Findings;
use super::known::Known;
use super::link_chats::{self, ChatUsers, LinkChat};
use super::urls::Urls;
use super::verdicts::Verdicts;
use super::{intel, listing, people, risk, spread};
use crate::graph::{EdgeType, Graph, Label, NodeRef};
use crate::http::Failure;
use crate::model::{ChatKind, ChatsOf, Stage, Word as _};
use crate::source::msgraph::{self, ChatInfo, Recorded, changed_since};

const STAGE: Stage = Stage::Chats;
/// The number of chats whose messages are read at the same time.
const CONCURRENT: usize = 16;

/// Reads the chats of senders and asks the providers about the urls in them, until there is no new sender or all rounds
/// are used up.
pub(super) async fn read(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
) -> Result<(), Failure> {
    let mut chats_done = BTreeSet::new();
    let rounds = context.options.rounds;
    for _ in 0..rounds.max(1) {
        let Known {
            directory,
            urls,
            verdicts,
            chat_users,
            ..
        } = &mut *known;
        let users = waiting(context, &findings.graph, verdicts, chat_users);
        if rounds > 0 && !users.is_empty() {
            chat_users.extend(users.iter().copied());
            let chats = chats_of(context, findings, directory, users, &mut chats_done).await?;
            let people = read_messages(context, findings, urls, chats).await?;
            directory.resolve(context, findings, STAGE, &people).await?;
            intel::ask_about_new(context, findings, STAGE, urls, verdicts).await?;
            spread::follow(context, findings, known, STAGE).await?;
        }
        spread::read_rest(context, findings, known, STAGE).await?;
        if waiting(context, &findings.graph, &known.verdicts, &known.chat_users).is_empty() {
            break;
        }
    }
    Ok(())
}

/// Notes how many users wait whose chats were not read, since all rounds are used up.
pub(super) fn note_waiting(context: &Context, findings: &mut Findings, known: &Known) {
    let left = waiting(context, &findings.graph, &known.verdicts, &known.chat_users).len();
    let reason = match context.options.chats_of {
        ChatsOf::Touched => {
            "all rounds are used up and users whom risky urls reached wait; raise --rounds in a new case to read their chats"
        }
        _ => {
            "all rounds are used up and new senders of risky urls wait; raise --rounds in a new case to read their chats"
        }
    };
    findings
        .notes
        .add(STAGE, msgraph::SOURCE, reason, left as u64);
}

/// The users whose chats should be read and have not been read.
fn waiting(
    context: &Context,
    graph: &Graph,
    verdicts: &Verdicts,
    done: &BTreeSet<NodeRef>,
) -> Vec<NodeRef> {
    let mut users = match context.options.chats_of {
        ChatsOf::All => {
            let mut users = graph.labelled(Label::User);
            users.retain(|user| !graph.targets(*user, EdgeType::Sent).is_empty());
            users
        }
        ChatsOf::None => Vec::new(),
        ChatsOf::Risky => risk::senders(graph, verdicts),
        ChatsOf::Touched => risk::touched(graph, verdicts),
    };
    users.retain(|user| !done.contains(user));
    users
}

/// The chats of these users that have not been read, by id. They are marked as read.
async fn chats_of(
    context: &Context,
    findings: &mut Findings,
    directory: &mut Directory,
    users: Vec<NodeRef>,
    done: &mut BTreeSet<String>,
) -> Result<BTreeMap<String, Recorded<ChatInfo>>, Failure> {
    directory.resolve(context, findings, STAGE, &users).await?;
    let mut keys = BTreeSet::new();
    let mut outside = 0;
    for user in users {
        match directory.account(&findings.graph, user) {
            Some(account) => {
                keys.insert(account.key);
            }
            None => outside += 1,
        }
    }
    let reason = "own chats of senders outside the directory (external, bot, anonymous, deleted) cannot be read";
    findings.notes.add(STAGE, msgraph::SOURCE, reason, outside);
    let keys: Vec<String> = keys.into_iter().collect();
    let mut chats = BTreeMap::new();
    let (mut foreign, mut of_meetings, mut nameless) = (0, 0, 0);
    for list in context.msgraph.chats(&keys).await? {
        for chat in list.items {
            let Some(id) = chat.value.id.clone().filter(|id| !id.is_empty()) else {
                nameless += 1;
                continue;
            };
            if !done.insert(id.clone()) {
                continue;
            }
            if people::is_foreign(chat.value.tenant_id.as_deref(), &context.settings.tenant) {
                foreign += 1;
            } else if is_closed(context, &chat.value) {
                of_meetings += 1;
            } else {
                chats.insert(id, chat);
            }
        }
        if let Some(problem) = list.problem {
            findings.add_msgraph_problem(STAGE, problem);
        }
    }
    findings.add_nameless(STAGE, "chats", nameless);
    let reason =
        "chats that another tenant owns were not listed: only that tenant can read them whole";
    findings.notes.add(STAGE, msgraph::SOURCE, reason, foreign);
    let reason = "chats of meetings were not read: Microsoft Graph does not serve them to applications in this cloud";
    findings
        .notes
        .add(STAGE, msgraph::SOURCE, reason, of_meetings);
    Ok(chats)
}

/// Whether this cloud serves the chat to no application.
fn is_closed(context: &Context, chat: &ChatInfo) -> bool {
    chat.chat_type.as_deref() == Some(ChatKind::Meeting.as_str())
        && !context.settings.cloud.serves_meeting_chats()
}

/// Reads the messages of the chats. The chats in which a message of the window holds a link are put into the graph,
/// with those messages and with all members. Returns the senders and members.
async fn read_messages(
    context: &Context,
    findings: &mut Findings,
    urls: &mut Urls,
    chats: BTreeMap<String, Recorded<ChatInfo>>,
) -> Result<Vec<NodeRef>, Failure> {
    let changed = changed_since(context.window, context.now);
    let reads = stream::iter(chats).map(|(id, info)| async move {
        let mut messages = Vec::new();
        let mut nameless = 0;
        let keep = |message: ReadMessage| {
            let value = &message.message.value;
            let has_id = value.id.as_ref().is_some_and(|id| !id.is_empty());
            if !message.links.is_empty() && listing::is_in(context.window, value) {
                match has_id {
                    true => messages.push(message),
                    false => nameless += 1,
                }
            }
        };
        let (msgraph, read) = (&context.msgraph, bodies::reader(context));
        let read = msgraph.chat_messages(&id, changed, read, keep).await?;
        Ok::<_, Failure>((LinkChat { id, info, messages }, nameless, read))
    });
    let mut reads = reads.buffered(CONCURRENT);
    let mut read = Vec::new();
    let mut unsorted = 0;
    while let Some((chat, nameless, how)) = reads.try_next().await? {
        findings.add_nameless(STAGE, "chat messages with a link", nameless);
        unsorted += u64::from(how.is_sorting_refused);
        if let Some(problem) = how.problem {
            findings.add_msgraph_problem(STAGE, problem);
        }
        if !chat.messages.is_empty() {
            read.push(chat);
        }
    }
    let reason = "Microsoft Graph refuses to sort the messages of a chat, as it does for tenants of GCC; chats were read without $orderby and filtered here, which takes more requests and leaves nothing out";
    findings.notes.add(STAGE, msgraph::SOURCE, reason, unsorted);
    let ChatUsers { senders, members } =
        link_chats::put(context, findings, urls, STAGE, read).await?;
    Ok([senders, members].concat())
}
