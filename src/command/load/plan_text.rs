//! Renders a plan as text for people: the known requests, and every string that would leave the tenant.

use std::fmt::Write as _;

use crate::pipeline::{Plan, ProviderPlan, QueryPlan, Sent};
use crate::terminal::clean;

/// Writes the whole plan.
pub(super) fn render_plan(text: &mut String, plan: &Plan) -> std::fmt::Result {
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
            at_least(messages.seconds_at_least),
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
        render_provider(text, provider, &plan.providers[..at], place(&plan.queries))?;
    }
    let condition = if plan.queries.if_all_risky {
        ", if all of them are risky"
    } else {
        ""
    };
    writeln!(
        text,
        "\nQueries to {}, inside the tenant: about {} on messages that hold the urls, about {} on hosts and clicks, about {} on alerts, for the urls known{condition}; more when an answer is too large, since its time is then halved and asked for again",
        place(&plan.queries),
        plan.queries.spread,
        plan.queries.hosts,
        plan.queries.alerts
    )?;
    if plan.queries.hunting > 0 {
        writeln!(
            text,
            "{} of them are calls of advanced hunting, which allows 45 a minute to everybody in the tenant",
            plan.queries.hunting
        )?;
    }
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

/// Where the queries go.
fn place(queries: &QueryPlan) -> &'static str {
    match queries.hunting {
        0 => "the workspace",
        hunting if hunting == queries.spread + queries.hosts + queries.alerts => "advanced hunting",
        _ => "the workspace and advanced hunting",
    }
}

/// Writes every string that would be sent to a provider, since the purpose of a plan is to see them before they are
/// sent.
fn render_provider(
    text: &mut String,
    plan: &ProviderPlan,
    before: &[ProviderPlan],
    logs: &str,
) -> std::fmt::Result {
    let name = plan.name;
    if plan.inside {
        writeln!(
            text,
            "{name}: nothing leaves the tenant; {} url(s) looked up{}",
            plan.looked_up,
            match plan.queries {
                0 => String::new(),
                queries => format!(
                    " in about {queries} query(s) to {logs}; more when an answer is too large, twice as many where the table ThreatIntelIndicators is absent"
                ),
            }
        )?;
    } else {
        writeln!(text, "{name}: would be sent {} string(s)", plan.send.len())?;
        match before.iter().find(|other| other.send == plan.send) {
            Some(other) if !plan.send.is_empty() => writeln!(text, "  the same as {}", other.name)?,
            _ => render_strings(text, "", &plan.send)?,
        }
        for (why, strings) in [
            ("the answer is in the case", &plan.recorded),
            ("the answer is kept from an earlier case", &plan.kept),
        ] {
            if !strings.is_empty() {
                writeln!(text, "  not sent, since {why}: {}", strings.len())?;
                render_strings(text, "  ", strings)?;
            }
        }
        let rates = match plan.rates.is_empty() {
            true => "no limit is known".to_owned(),
            false => plan.rates.join(", "),
        };
        write!(text, "  rate {rates}; {}", at_least(plan.seconds_at_least))?;
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

fn render_strings(text: &mut String, indent: &str, strings: &[Sent]) -> std::fmt::Result {
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

/// A minimal duration in a suitable unit, rounded up.
fn at_least(seconds: f64) -> String {
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
    fn times_are_rounded_up() {
        for (seconds, text) in [
            (0.0, "under a second"),
            (1.5, "at least 2 s"),
            (121.0, "at least 3 min"),
            (7201.0, "at least 3 h"),
        ] {
            assert_eq!(at_least(seconds), text);
        }
    }
}
