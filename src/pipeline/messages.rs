//! Stage 3: the messages of those teams that the audit log lists as holding a link, and their bodies.
//!
//! Which messages are nodes is up to the audit log alone (or, with `--channels all`, to the channels that it names):
//! how their bodies are fetched makes no difference. A listed message that is gone is still a node.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::{Investigation, Unread};
use crate::graph::node::{Channel, Message, Team};
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::link;
use crate::model::RecordNumber;
use crate::model::Stage;
use crate::model::Window;
use crate::model::{Channels, MessageId, Store};
use crate::source::logs::Query;
use crate::source::logs::{Row, chunks};
use crate::source::msgraph::{self, ChatMessage, Recorded, changed_since};

const STAGE: Stage = Stage::Messages;
/// Teams whose messages are read at the same time.
const CONCURRENT: usize = 4;
/// Characters of a message's text that the graph holds.
const PREVIEW: usize = 280;

/// What the audit log says of one message.
#[derive(Debug, Default)]
pub(super) struct Listed {
    records: BTreeSet<RecordNumber>,
    user: String,
    created: Option<DateTime<Utc>>,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

/// What the audit log says of one channel.
#[derive(Debug, Default)]
pub(super) struct ListedChannel {
    pub(super) name: String,
    pub(super) team_name: String,
    record: RecordNumber,
    pub(super) messages: BTreeMap<String, Listed>,
}

/// Listed channels by team and channel id.
pub(super) type Listing = BTreeMap<(String, String), ListedChannel>;

pub(super) async fn run(run: &mut Investigation) -> Result<(), Failure> {
    let listing = listed(run).await?;
    read(run, &listing).await
}

/// Reads the listed messages, and puts them with their places and senders into the graph.
pub(super) async fn read(run: &mut Investigation, listing: &Listing) -> Result<(), Failure> {
    let channels = places(run, listing).await?;
    let bodies = fetch(run, listing).await?;
    let senders = put(run, listing, &channels, bodies);
    run.resolve(STAGE, &senders).await
}

/// The messages with a link in all channels of the teams, by the audit log.
pub(super) async fn listed(run: &mut Investigation) -> Result<Listing, Failure> {
    let teams = chunks(run.teams.iter().cloned().collect(), |team: &String| {
        vec![team.clone()]
    });
    let answers = run
        .sentinel
        .query_chunks(Query::LinkMessages, run.window, "teams", teams)
        .await?;
    let mut listing = Listing::new();
    for rows in answers {
        for row in &rows.rows {
            list(&mut listing, row);
        }
        run.sentinel_gaps(STAGE, rows.problems);
    }
    Ok(listing)
}

fn list(listing: &mut Listing, row: &Row) {
    let (team, channel, id) = (
        row.text("team_id"),
        row.text("channel_id"),
        row.text("message_id"),
    );
    if team.is_empty() || channel.is_empty() || id.is_empty() {
        return;
    }
    let channel = listing
        .entry((team.to_lowercase(), channel.to_owned()))
        .or_insert_with(|| ListedChannel {
            name: row.text("channel_name").to_owned(),
            team_name: row.text("team_name").to_owned(),
            record: row.record,
            messages: BTreeMap::new(),
        });
    let listed = channel.messages.entry(id.to_owned()).or_default();
    listed.records.insert(row.record);
    let (first, last) = (row.time("first"), row.time("last"));
    if row.text("operation") == "MessageCreatedHasLink" {
        listed.created = [listed.created, first].into_iter().flatten().min();
        row.text("user").clone_into(&mut listed.user);
    } else if listed.user.is_empty() {
        row.text("user").clone_into(&mut listed.user);
    }
    listed.first = [listed.first, first].into_iter().flatten().min();
    listed.last = listed.last.max(last);
}

/// Puts the teams and channels that the audit log names into the graph, with their names.
async fn places(
    run: &mut Investigation,
    listing: &Listing,
) -> Result<BTreeMap<String, NodeRef>, Failure> {
    let ids: Vec<(String, String)> = listing.keys().cloned().collect();
    let answers = run.msgraph.channels(&ids).await?;
    let mut nodes = BTreeMap::new();
    for (((team, id), channel), answer) in listing.iter().zip(answers) {
        let seen = Seen::in_record(channel.record);
        let name = (!channel.team_name.is_empty()).then(|| channel.team_name.clone());
        let team = run.graph.put(
            Team {
                id: team.as_str().into(),
                name,
            },
            seen,
        );
        let mut known = Channel {
            id: id.as_str().into(),
            ..Channel::default()
        };
        let mut told = seen;
        match answer {
            Ok(info) => {
                known.name = info.value.display_name;
                known.membership = info.value.membership_type;
                told = Seen::in_record(info.record);
            }
            Err(problem) => {
                known.name = Some(channel.name.clone());
                run.graph_gap(STAGE, problem);
            }
        }
        let node = run.graph.put(known, told);
        run.graph.see(node, seen);
        run.graph.link(team, Edge::HasChannel, node, seen);
        nodes.insert(id.clone(), node);
    }
    Ok(nodes)
}

/// Message bodies by channel and message id.
type Bodies = BTreeMap<(String, String), Recorded<ChatMessage>>;

/// Reads the messages of every team with a listed one, and keeps those that are wanted.
async fn fetch(run: &mut Investigation, listing: &Listing) -> Result<Bodies, Failure> {
    let all = run.scope.options.channels == Channels::All;
    let teams: BTreeSet<&String> = listing.keys().map(|(team, _)| team).collect();
    let changed = changed_since(run.window, run.created);
    let (msgraph, window) = (&run.msgraph, run.window);
    let reads = stream::iter(teams).map(|team| async move {
        let mut kept = Vec::new();
        let keep = |message: Recorded<ChatMessage>| {
            if let Some(key) = wanted(listing, team, all.then_some(window), &message.value) {
                kept.push((key, message));
            }
        };
        let problem = msgraph.team_messages(team, changed, keep).await?;
        Ok::<_, Failure>((kept, problem))
    });
    let answers: Vec<_> = reads.buffered(CONCURRENT).try_collect().await?;
    let mut bodies = Bodies::new();
    for (kept, problem) in answers {
        for (key, message) in kept {
            bodies.entry(key).or_insert(message);
        }
        if let Some(problem) = problem {
            run.graph_gap(STAGE, problem);
        }
    }
    Ok(bodies)
}

/// Channel and id of a message that is wanted: one that is listed, or with a window any that somebody wrote in it.
pub(super) fn wanted(
    listing: &Listing,
    team: &str,
    all_in: Option<Window>,
    message: &ChatMessage,
) -> Option<(String, String)> {
    let channel = message.channel_identity.as_ref()?.channel_id.clone()?;
    let id = message.id.clone()?;
    let listed = listing.get(&(team.to_owned(), channel.clone()))?;
    let times = [message.created_date_time, message.last_modified_date_time];
    let in_window = |window: Window| times.into_iter().flatten().any(|at| window.contains(at));
    let wanted = listed.messages.contains_key(&id)
        || all_in.is_some_and(|window| in_window(window) && !message.is_system());
    wanted.then_some((channel, id))
}

/// Puts the messages into the graph. Gives their senders.
fn put(
    run: &mut Investigation,
    listing: &Listing,
    channels: &BTreeMap<String, NodeRef>,
    mut bodies: Bodies,
) -> Vec<NodeRef> {
    let mut senders = Vec::new();
    let mut absent = 0;
    for ((_, channel), listed) in listing {
        let Some(place) = channels.get(channel).copied() else {
            continue;
        };
        let unlisted: Vec<_> = bodies
            .range((channel.clone(), String::new())..)
            .map_while(|((of, id), _)| (of == channel).then(|| id.clone()))
            .filter(|id| !listed.messages.contains_key(id))
            .collect();
        for id in listed.messages.keys().chain(&unlisted) {
            let body = bodies.remove(&(channel.clone(), id.clone()));
            absent += u64::from(body.is_none());
            let listed = listed.messages.get(id);
            senders.extend(put_one(run, channel, place, id, listed, body));
        }
    }
    if absent > 0 {
        let reason = "the audit log lists messages that Graph did not give; they are gone, or a gap says why";
        run.notes.add(STAGE, msgraph::SOURCE, reason, absent);
    }
    senders
}

fn put_one(
    run: &mut Investigation,
    channel: &str,
    place: NodeRef,
    id: &str,
    listed: Option<&Listed>,
    body: Option<Recorded<ChatMessage>>,
) -> Option<NodeRef> {
    let key = MessageId::in_place(channel, id);
    let Some(Recorded { record, value }) = body else {
        let listed = listed?;
        let message = Message {
            id: key,
            created: listed.created,
            ..Message::default()
        };
        let seen = Seen {
            at: listed.first,
            until: listed.last,
            record: None,
        };
        let node = run.graph.put(message, seen);
        cite(run, node, listed);
        let sent = Seen::at(
            listed.records.first().copied()?,
            listed.created.or(listed.first),
        );
        run.graph
            .link(node, Edge::PostedIn { at: sent.at }, place, sent);
        return run.listed_sender(listed, node, sent);
    };
    let node = run.put_message(key, record, &value, place);
    if let Some(listed) = listed {
        cite(run, node, listed);
    }
    if let Some(root) = value
        .reply_to_id
        .as_deref()
        .filter(|root| !root.is_empty() && *root != id)
    {
        // The root is a node whether it is listed or not; unless it is, nothing but its place is known of it.
        let seen = Seen::in_record(record);
        let root = run.graph.put(
            Message {
                id: MessageId::in_place(channel, root),
                ..Message::default()
            },
            seen,
        );
        run.graph
            .link(root, Edge::PostedIn { at: None }, place, seen);
        let at = value.created_date_time;
        run.graph
            .link(node, Edge::ReplyTo { at }, root, Seen::at(record, at));
    }
    let sent = Seen::at(record, value.created_date_time);
    let sender = match run.sender(&value, sent) {
        Some(user) => {
            run.graph.link(user, Edge::Sent { at: sent.at }, node, sent);
            Some(user)
        }
        None => listed.and_then(|listed| {
            let record = listed.records.first().copied().unwrap_or(record);
            run.listed_sender(
                listed,
                node,
                Seen {
                    record: Some(record),
                    ..sent
                },
            )
        }),
    };
    run.unread.push(Unread {
        node,
        record,
        message: value,
    });
    sender
}

fn cite(run: &mut Investigation, node: NodeRef, listed: &Listed) {
    for record in &listed.records {
        run.graph.see(node, Seen::in_record(*record));
    }
}

impl Investigation {
    /// Who sent a message by the audit log: the only word on it when the message itself tells no sender.
    fn listed_sender(&mut self, listed: &Listed, node: NodeRef, sent: Seen) -> Option<NodeRef> {
        // Bots and connectors stand in the log by other names than a UPN.
        let upn = Some(listed.user.as_str()).filter(|user| user.contains('@'))?;
        let user = self.logged_user("", upn, sent)?;
        self.graph
            .link(user, Edge::Sent { at: sent.at }, node, sent);
        Some(user)
    }

    /// Puts a message with its place into the graph.
    pub(super) fn put_message(
        &mut self,
        id: MessageId,
        record: RecordNumber,
        message: &ChatMessage,
        place: NodeRef,
    ) -> NodeRef {
        let (created, modified) = (message.created_date_time, message.last_modified_date_time);
        let node = Message {
            id,
            created,
            modified,
            deleted: message.deleted_date_time,
            edited: Some(message.last_edited_date_time.is_some()),
            subject: message.subject.clone(),
            importance: message.importance.clone(),
            preview: self.preview(message),
            web_url: message.web_url.clone(),
        };
        let seen = Seen::between(record, created, created.max(modified));
        let node = self.graph.put(node, seen);
        self.graph.link(
            node,
            Edge::PostedIn { at: created },
            place,
            Seen::at(record, created),
        );
        node
    }

    fn preview(&self, message: &ChatMessage) -> Option<String> {
        let text = || link::visible_text(message.text());
        match self.scope.settings.store {
            Store::None => None,
            Store::Full => Some(text()),
            Store::Preview => Some(text().chars().take(PREVIEW).collect()),
        }
    }
}
