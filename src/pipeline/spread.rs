//! Stage 6, spread: finds every message of the tenant that holds a risky url, whoever sent it and wherever it stands,
//! and what was done to these messages after delivery.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::findings::Findings;
use super::known::{Known, Spread};
use super::logged_messages::LoggedMessages;
use super::pivot;
use super::urls::Urls;
use super::verdicts::Verdicts;
use super::{found_messages, intel, risk};
use crate::graph::schema::message;
use crate::graph::{Graph, Label, NodeRef, Seen};
use crate::http::Failure;
use crate::link::MessageAddress;
use crate::model::Stage;
use crate::source::logs::{Query, Row, chunks};

/// Finds the messages with these ids, and puts them into the graph with all their links. Returns the people in them.
pub(super) async fn find_named(
    context: &Context,
    findings: &mut Findings,
    urls: &mut Urls,
    verdicts: &mut Verdicts,
    spread: &mut Spread,
    ids: Vec<String>,
) -> Result<Vec<NodeRef>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let asked: BTreeSet<String> = ids.iter().map(|id| id.to_lowercase()).collect();
    let ids = chunks(ids, |id: &String| vec![id.clone()]);
    let logs = &context.logs;
    let answers = logs.query_chunks(Query::MessagesOn, context.window, "needles", ids);
    let mut found = LoggedMessages::default();
    for rows in answers.await? {
        rows.rows.into_iter().for_each(|row| found.add(row));
        findings.add_log_problems(Stage::Seeds, rows.problems);
    }
    found.retain(|id, _| asked.contains(&id.to_lowercase()));
    findings.add_unknown_messages(context, Stage::Seeds, found.nameless);
    let put = found.put(&mut findings.graph, urls, &mut verdicts.words);
    Ok(spread.remember(&put))
}

/// Finds the messages that hold a url which is risky, or was named by hand, and was not searched for yet. Their other
/// urls are rated, and if one of them is risky it is searched for too.
pub(super) async fn follow(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
    stage: Stage,
) -> Result<(), Failure> {
    for _ in 0..context.options.rounds.max(1) {
        let Known {
            directory,
            urls,
            verdicts,
            spread,
            ..
        } = &mut *known;
        let mut targets = pivot::risky(context, &findings.graph, urls, verdicts);
        targets.retain(|target| !spread.searched.contains(&target.node));
        if targets.is_empty() {
            break;
        }
        spread
            .searched
            .extend(targets.iter().map(|target| target.node));
        let window = context.window;
        let answers = pivot::search(context, Query::MessagesOn, window, &targets).await?;
        let mut found = LoggedMessages::default();
        for chunk in answers {
            chunk.rows.rows.into_iter().for_each(|row| found.add(row));
            findings.add_log_problems(stage, chunk.rows.problems);
        }
        let wanted: BTreeSet<&url::Url> = targets.iter().map(|target| &target.url).collect();
        found.retain(|_, links| links.iter().any(|link| wanted.contains(link)));
        findings.add_unknown_messages(context, stage, found.nameless);
        let put = found.put(&mut findings.graph, urls, &mut verdicts.words);
        let people = spread.remember(&put);
        directory.resolve(context, findings, stage, &people).await?;
        intel::ask_about_new(context, findings, stage, urls, verdicts).await?;
    }
    Ok(())
}

/// Reads in Microsoft Graph what only Defender's tables tell of so far, rates what it shows, and follows what is risky
/// of it.
pub(super) async fn read_rest(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
    stage: Stage,
) -> Result<(), Failure> {
    let people = found_messages::read(context, findings, known, stage).await?;
    let Known {
        directory,
        urls,
        verdicts,
        ..
    } = &mut *known;
    directory.resolve(context, findings, stage, &people).await?;
    intel::ask_about_new(context, findings, stage, urls, verdicts).await?;
    follow(context, findings, known, stage).await
}

/// Asks what was done to the risky messages after delivery, once for each.
pub(super) async fn what_was_done(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
    stage: Stage,
) -> Result<(), Failure> {
    let Known {
        verdicts, spread, ..
    } = known;
    let mut messages = risk::messages(&findings.graph, verdicts);
    messages.retain(|message| !spread.followed.contains(message));
    if messages.is_empty() {
        return Ok(());
    }
    let graph = &findings.graph;
    let by_id: BTreeMap<String, NodeRef> = messages
        .iter()
        .flat_map(|message| {
            let ids = spread.ids_of(graph, *message);
            ids.into_iter().map(|id| (id, *message))
        })
        .collect();
    spread.followed.extend(messages);
    let ids = chunks(by_id.keys().cloned().collect(), |id: &String| {
        vec![id.clone()]
    });
    let logs = &context.logs;
    let answers = logs.query_chunks(Query::PostDelivery, context.window, "messages", ids);
    let mut done: BTreeMap<NodeRef, Vec<Row>> = BTreeMap::new();
    let mut problems = Vec::new();
    for rows in answers.await? {
        for row in rows.rows {
            let id = row.text("teams_message_id");
            let named = by_id.get(id).copied().or_else(|| find(&findings.graph, id));
            if let Some(message) = named {
                done.entry(message).or_default().push(row);
            }
        }
        problems.extend(rows.problems);
    }
    findings.add_log_problems(stage, problems);
    for (message, rows) in done {
        put_done(&mut findings.graph, message, &rows);
    }
    Ok(())
}

/// The message with an id of Defender's tables.
pub(super) fn find(graph: &Graph, id: &str) -> Option<NodeRef> {
    let id = MessageAddress::of_defender(id)?.id();
    graph.find(Label::Message, id.as_str())
}

/// Writes what was done to a message: where it was last known to be, and what succeeded. One that was delivered again
/// stands.
fn put_done(graph: &mut Graph, message: NodeRef, rows: &[Row]) {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| (row.time("time"), row.text("location")));
    let mut zapped = None;
    for row in &rows {
        graph.see(message, Seen::in_record(row.record));
        let kind = row.text("action_type");
        if !row.text("result").eq_ignore_ascii_case("success") {
            continue;
        }
        if is_redelivery(kind) || is_redelivery(row.text("action")) {
            zapped = None;
            continue;
        }
        if !kind.is_empty() {
            graph.set(message, message::ZAP, vec![kind.to_owned()]);
        }
        zapped = row.time("time").or(zapped);
    }
    if let Some(at) = zapped {
        graph.set(message, message::ZAPPED, at);
    }
    let mut locations = rows.iter().rev().map(|row| row.text("location"));
    if let Some(location) = locations.find(|location| !location.is_empty()) {
        graph.set(message, message::DELIVERY, location.to_owned());
    }
}

/// True for an action that gives a message back.
fn is_redelivery(action: &str) -> bool {
    let action = action.to_lowercase();
    action.contains("redeliver") || action.contains("release")
}
