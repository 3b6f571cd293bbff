//! Loads that stop before the end: `--plan`, and `--until` a stage.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{done, numbered, open, prepare, result};
use crate::case::{Case, StageState};
use crate::cli::{Global, Load, LoadFormat};
use crate::command::typed::{self, Typed};
use crate::command::{Exit, UsageError, output};
use crate::config::Config;
use crate::http::Counts;
use crate::model::{Gap, Source, Stage};
use crate::pipeline::{self, Plan, Progress, ProviderPlan, Sent, Stopped};
use crate::terminal::{clean, harmless};

/// What a load came to that stopped.
enum Came {
    Plan(Box<Plan>),
    Until(Stopped),
}

type Requests = BTreeMap<Source, Counts>;

/// Neo4j is not touched, and the case is not complete afterwards.
pub(super) async fn run(global: &Global, arguments: &Load) -> anyhow::Result<Exit> {
    let (mut case, mode) = open(arguments, Config::read(global.config.as_deref())?)?;
    if case.manifest().complete {
        return Err(UsageError(format!(
            "the case in {} is complete, so nothing is left to plan or to stop at; run load again to ask for what failed",
            case.dir().display()
        ))
        .into());
    }
    output::complain(&format!("case {}", clean(&case.dir().to_string_lossy())));
    let (client, intel) = prepare(&case, mode)?;
    let manifest = case.manifest().clone();
    let bar = output::progress(global);
    let mut started = |stage: Stage| bar.set_message(numbered(stage));
    let mut ended = |stage: Stage| done(&mut case, stage);
    let progress = Progress {
        started: &mut started,
        ended: &mut ended,
    };
    let came = match arguments.until {
        Some(stage) => {
            let stopped =
                pipeline::until(&manifest, Arc::clone(&client), intel, stage, progress).await;
            stopped.map(Came::Until)
        }
        None => {
            let plan = pipeline::plan(&manifest, Arc::clone(&client), intel, progress).await;
            plan.map(|plan| Came::Plan(Box::new(plan)))
        }
    };
    bar.finish_and_clear();
    let came = came?;
    case.note(|_| {})?;
    let requests = client.counts();
    let next = typed::command(global, "load")
        .words("--case")
        .path("DIR", case.dir());
    let text = match arguments.format {
        LoadFormat::Json => as_json(&case, &came, requests, next)?,
        LoadFormat::Text => as_text(&case, &came, &next)?,
    };
    output::print(&text)?;
    Ok(if came.gaps().is_empty() {
        Exit::Complete
    } else {
        Exit::Gaps
    })
}

impl Came {
    fn gaps(&self) -> &[Gap] {
        match self {
            Self::Plan(plan) => &plan.gaps,
            Self::Until(stopped) => &stopped.gaps,
        }
    }

    fn notes(&self) -> &[Gap] {
        match self {
            Self::Plan(plan) => &plan.notes,
            Self::Until(stopped) => &stopped.notes,
        }
    }
}

fn as_json(
    case: &Case,
    came: &Came,
    mut requests: Requests,
    next: Typed,
) -> serde_json::Result<String> {
    for source in [Source::Login, Source::Graph, Source::LogAnalytics] {
        requests.entry(source).or_default();
    }
    for gap in came.gaps().iter().chain(came.notes()) {
        requests.entry(gap.source).or_default();
    }
    let mut result = match came {
        Came::Plan(plan) => serde_json::to_value(plan)?,
        Came::Until(stopped) => json!({"gaps": stopped.gaps, "notes": stopped.notes}),
    };
    result["case"] = json!({"id": case.id(), "path": case.dir().to_string_lossy(), "window": case.manifest().window});
    result["stages"] = serde_json::to_value(&case.manifest().stages)?;
    result["requests"] = serde_json::to_value(requests)?;
    result["next"] = Value::from(next.command);
    serde_json::to_string_pretty(&result).map(|text| harmless(&text) + "\n")
}

fn as_text(case: &Case, came: &Came, next: &Typed) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    match came {
        Came::Plan(plan) => planned(&mut text, plan)?,
        Came::Until(_) => {
            let stages = &case.manifest().stages;
            let is_done = |stage: &Stage| stages.get(stage) == Some(&StageState::Done);
            let stages: Vec<_> = Stage::ALL
                .into_iter()
                .filter(is_done)
                .map(Stage::as_str)
                .collect();
            writeln!(
                text,
                "Stages done: {}. The case is not complete, and Neo4j was not written to.\n",
                stages.join(", ")
            )?;
        }
    }
    result::gaps(
        &mut text,
        "Not to be had by any permission (notes)",
        came.notes(),
    );
    result::gaps(&mut text, "MISSING so far (gaps)", came.gaps());
    writeln!(text, "Case {} goes on with: {next}", case.id())?;
    Ok(text)
}

fn planned(text: &mut String, plan: &Plan) -> std::fmt::Result {
    let messages = &plan.messages;
    writeln!(
        text,
        "Messages: {} listed in {} team(s), {} of them unread; read from Microsoft Graph, inside the tenant",
        messages.listed,
        messages.teams.len(),
        messages.unread
    )?;
    for team in &messages.teams {
        let state = match (team.read, team.pages_recorded) {
            (true, pages) => format!("read: {pages} page(s) on record, nothing is asked again"),
            (false, 0) => format!("at least {} request(s)", team.requests_at_least),
            (false, pages) => format!(
                "at least {} request(s) more; {pages} page(s) on record",
                team.requests_at_least
            ),
        };
        writeln!(
            text,
            "  {} ({}): {state}",
            clean(&team.name),
            clean(&team.id)
        )?;
        for channel in &team.channels {
            writeln!(
                text,
                "    {}: {} listed, {} on record",
                clean(&channel.name),
                channel.listed,
                channel.recorded
            )?;
        }
    }
    if messages.requests_at_least > 0 {
        writeln!(
            text,
            "  Together at least {} request(s) and {}: {}.",
            messages.requests_at_least,
            lasting(messages.seconds_at_least),
            messages.estimate
        )?;
    }
    write!(text, "\nUrls: {} known", plan.urls)?;
    if plan.chats.urls > 0 {
        write!(text, ", {} of them in chats alone", plan.chats.urls)?;
    }
    if !plan.urls_complete {
        write!(text, " so far; those in unread messages are not known")?;
    }
    text.push('\n');
    for (at, provider) in plan.providers.iter().enumerate() {
        text.push('\n');
        told(text, provider, &plan.providers[..at])?;
    }
    let condition = if plan.queries.if_all_risky {
        ", if all of them are risky"
    } else {
        ""
    };
    writeln!(
        text,
        "\nQueries to the workspace, inside the tenant: about {} on hosts and clicks, about {} on alerts, for the urls known{condition}; more when an answer is too large, since its time is then halved and asked for again",
        plan.queries.hosts, plan.queries.alerts
    )?;
    text.push('\n');
    if !plan.unknown.is_empty() {
        writeln!(text, "Not known yet:")?;
        for unknown in &plan.unknown {
            writeln!(text, "  {}", clean(unknown))?;
        }
        text.push('\n');
    }
    Ok(())
}

/// What a provider is told, string by string: to see them is what a plan is for.
fn told(text: &mut String, plan: &ProviderPlan, before: &[ProviderPlan]) -> std::fmt::Result {
    let name = plan.name;
    if plan.inside {
        writeln!(
            text,
            "{name}: nothing leaves the tenant; {} url(s) looked up{}",
            plan.looked_up,
            match plan.queries {
                0 => String::new(),
                queries => format!(
                    " in about {queries} query(s) to the workspace; more when an answer is too large, twice as many where the table ThreatIntelIndicators is absent"
                ),
            }
        )?;
    } else {
        writeln!(text, "{name}: would be sent {} string(s)", plan.send.len())?;
        match before.iter().find(|other| other.send == plan.send) {
            Some(other) if !plan.send.is_empty() => writeln!(text, "  the same as {}", other.name)?,
            _ => sent(text, "", &plan.send)?,
        }
        for (why, strings) in [
            ("the answer is in the case", &plan.recorded),
            ("the answer is kept from an earlier case", &plan.kept),
        ] {
            if !strings.is_empty() {
                writeln!(text, "  not sent, since {why}: {}", strings.len())?;
                sent(text, "  ", strings)?;
            }
        }
        let rates = match plan.rates.is_empty() {
            true => "no limit is known".to_owned(),
            false => plan.rates.join(", "),
        };
        write!(text, "  rate {rates}; {}", lasting(plan.seconds_at_least))?;
        for quota in &plan.quotas {
            write!(text, "; {} left of {}", quota.left, quota.quota)?;
            if quota.over > 0 {
                write!(
                    text,
                    ", so at least {} of the {} are not sent in this period",
                    quota.over,
                    plan.send.len()
                )?;
            }
        }
        text.push('\n');
    }
    if !plan.held_back.is_empty() {
        write!(text, "  held back: {}", plan.held_back.len())?;
        let mut others = before.iter();
        if let Some(other) = others.find(|other| other.held_back == plan.held_back) {
            writeln!(text, ", the same as from {}", other.name)?;
            return Ok(());
        }
        text.push('\n');
        for held in &plan.held_back {
            writeln!(text, "    {}: {}", clean(&held.url), clean(&held.reason))?;
        }
    }
    Ok(())
}

fn sent(text: &mut String, indent: &str, strings: &[Sent]) -> std::fmt::Result {
    for sent in strings {
        write!(text, "  {indent}{}", clean(&sent.asked))?;
        match &sent.urls[..] {
            [url] if *url == sent.asked => {}
            [url] => write!(text, "  (for {})", clean(url))?,
            urls => write!(text, "  (for {} urls)", urls.len())?,
        }
        text.push('\n');
    }
    Ok(())
}

/// A length of time, rounded up to what one can picture.
fn lasting(seconds: f64) -> String {
    match seconds {
        ..1.0 => "under a second".to_owned(),
        ..120.0 => format!("at least {} s", seconds.ceil()),
        ..7200.0 => format!("at least {} min", (seconds / 60.0).ceil()),
        _ => format!("at least {} h", (seconds / 3600.0).ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_rounded_up() {
        for (seconds, text) in [
            (0.0, "under a second"),
            (1.5, "at least 2 s"),
            (121.0, "at least 3 min"),
            (7201.0, "at least 3 h"),
        ] {
            assert_eq!(lasting(seconds), text);
        }
    }
}
