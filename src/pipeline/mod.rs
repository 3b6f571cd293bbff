//! The pipeline: nine stages, each in a file of its own, that turn recorded answers into a graph.
//!
//! A stage is a function. It reads the `Context`, takes the results of earlier stages, and returns what later stages
//! need. It adds its findings to `Findings`, and whatever it could not read as a gap. It never uses the clock: the
//! current time is the time at which the case was created, and the times of evidence come from the records. Answers are
//! fetched in parallel and handled in a fixed order, so the graph depends only on the journal.
//!
//! `run_stages` is the sequence of the stages, and shows what each passes to the next.

mod absent;
mod alerts;
mod bodies;
mod chats;
mod clicks;
mod context;
mod counted;
mod defender_words;
mod devices;
mod directory;
mod fetched;
mod findings;
mod finish;
mod found_messages;
mod hosts;
mod intel;
mod known;
mod link_chats;
mod links;
mod listing;
mod log_ends;
mod logged_messages;
mod lookup;
mod merge;
mod messages;
mod named_messages;
mod outside;
mod people;
mod pivot;
mod plan;
mod progress;
mod reported;
mod risk;
mod seeds;
mod smartscreen;
mod spread;
mod starts;
mod teams;
mod urls;
mod verdicts;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::case::Manifest;
use crate::graph::NodeRef;
use crate::http::Client;
use crate::model::Stage;

use self::context::Context;
use self::directory::Directory;
use self::findings::Findings;
use self::known::{Known, Spread};
use self::logged_messages::PutMessage;
use self::progress::{Halt, Sequence};
use self::verdicts::Verdicts;

pub use self::context::{Intel, record_reach};
pub use self::findings::Outcome;
pub use self::plan::{
    ChannelPlan, ChatPlan, HeldBack, MessagePlan, Plan, ProviderPlan, QueryPlan, Quota, Sent,
    TeamPlan, plan,
};
pub use self::progress::{Progress, RunError};

/// Runs all stages.
///
/// # Errors
/// When no request can be made at all, for example without a token, with a full disk, or in a replay of a request that
/// was never recorded.
pub async fn run(
    manifest: &Manifest,
    client: Arc<Client>,
    intel: Intel,
    progress: Progress<'_>,
) -> Result<Outcome, RunError> {
    investigate(manifest, client, intel, None, progress).await
}

/// Runs the stages up to `last`, which is included.
///
/// # Errors
/// Those of [`run`].
pub async fn until(
    manifest: &Manifest,
    client: Arc<Client>,
    intel: Intel,
    last: Stage,
    progress: Progress<'_>,
) -> Result<Outcome, RunError> {
    investigate(manifest, client, intel, Some(last), progress).await
}

async fn investigate(
    manifest: &Manifest,
    client: Arc<Client>,
    intel: Intel,
    last: Option<Stage>,
    progress: Progress<'_>,
) -> Result<Outcome, RunError> {
    let context = Context::new(manifest, client, intel)?;
    let mut findings = Findings::new(&manifest.id, &manifest.options.settings.accepted);
    findings.note_lacks(context.settings.cloud, context.options.chats_of);
    let mut sequence = Sequence { progress, last };
    match run_stages(&context, &mut findings, &mut sequence).await {
        Ok(()) | Err(Halt::Reached) => Ok(findings.into()),
        Err(Halt::Failed(error)) => Err(error),
    }
}

/// Runs the stages in the order of [`Stage::ALL`], and completes the graph.
async fn run_stages(
    context: &Context,
    findings: &mut Findings,
    sequence: &mut Sequence<'_>,
) -> Result<(), Halt> {
    let mut directory = Directory::default();
    let mut verdicts = Verdicts::default();
    let mut spread = Spread::default();

    let seeds = async {
        let found = seeds::find(context, findings, &mut verdicts, &mut spread).await?;
        named_messages::add(context, findings, &mut verdicts, &mut spread, found).await
    };
    let seeds = sequence.stage(Stage::Seeds, seeds).await?;

    let teams = teams::find(context, findings, &mut directory, &seeds);
    let teams = sequence.stage(Stage::Teams, teams).await?;

    let mut urls = seeds.urls;
    let found = &seeds.messages;
    let messages = messages::read(context, findings, &mut directory, &mut urls, &teams, found);
    sequence.stage(Stage::Messages, messages).await?;
    spread.read.extend(asked_in_channels(found));

    // The links were read with their messages, whose text is not kept.
    sequence.stage(Stage::Links, async { Ok(()) }).await?;

    let asked = intel::ask(context, findings, &mut urls, &mut verdicts);
    sequence.stage(Stage::Intel, asked).await?;

    let mut known = Known {
        directory,
        urls,
        verdicts,
        spread,
        chat_users: BTreeSet::new(),
    };
    let stage = Stage::Spread;
    let followed = async {
        spread::follow(context, findings, &mut known, stage).await?;
        spread::what_was_done(context, findings, &mut known, stage).await
    };
    sequence.stage(stage, followed).await?;

    let chats = chats::read(context, findings, &mut known);
    sequence.stage(Stage::Chats, chats).await?;

    let stage = Stage::Hosts;
    let hosts = async {
        hosts::find(context, findings, &mut known, seeds.counted).await?;
        // Chats and the ends of redirects may have shown more.
        spread::what_was_done(context, findings, &mut known, stage).await
    };
    sequence.stage(stage, hosts).await?;
    chats::note_waiting(context, findings, &known);

    let alerts = alerts::find(context, findings, &known);
    sequence.stage(Stage::Alerts, alerts).await?;

    finish::finish(context, findings, known, seeds.starts);
    Ok(())
}

/// The messages in channels that Defender's tables tell of, which are listed like those of the audit log.
fn asked_in_channels(found: &[PutMessage]) -> impl Iterator<Item = NodeRef> {
    let listed = found.iter().filter(|message| message.team.is_some());
    listed.map(|message| message.node)
}

#[cfg(test)]
mod tests;
