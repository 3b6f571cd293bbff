//! Where the logs end: a log can lack events of the window, since they arrive late or were never kept.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::context::Context;
use super::findings::Findings;
use crate::http::Failure;
use crate::model::{Stage, Window, format_time};
use crate::source::logs::{self, LATEST, Problem, Query, Rows};

/// How long before the window a log is looked at. A quiet log can have days without an event.
const BEFORE: TimeDelta = TimeDelta::days(7);
/// A log that ends less than this before the window does is up to date: every log takes a few minutes.
const USUAL: TimeDelta = TimeDelta::minutes(15);

/// The stage that reads a log first.
fn stage(log: &str) -> Stage {
    match log {
        "OfficeActivity" => Stage::Messages,
        "CommonSecurityLog" | "DeviceNetworkInfo" | "DeviceNetworkEvents" => Stage::Hosts,
        "SecurityAlert" => Stage::Alerts,
        _ => Stage::Seeds,
    }
}

/// The oldest and the newest event of a log; `None` when it holds none.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    oldest: Option<DateTime<Utc>>,
    newest: Option<DateTime<Utc>>,
}

/// Asks where the logs end.
pub(super) async fn ask(context: &Context) -> Result<Rows, Failure> {
    let all = Query::LogEnds.tables().count();
    let is_known = |rows: &Rows| by_log(rows).len() == all;
    let (range, until) = (looked_at(context), context.window.to);
    context.logs.ends(range, until, is_known).await
}

/// The time in which the events of a log are looked for. Events after the window show that a log goes on.
fn looked_at(context: &Context) -> Window {
    let pivot_window = context.options.pivot_window(context.window);
    around(context.window, pivot_window, context.now)
}

fn around(window: Window, pivot_window: Window, now: DateTime<Utc>) -> Window {
    Window {
        from: window.from.min(pivot_window.from) - BEFORE,
        to: (window.to + LATEST).max(now),
    }
}

/// Adds a note for each log that ends before the window does or begins after it.
pub(super) fn add(context: &Context, findings: &mut Findings, rows: Rows) {
    let range = looked_at(context);
    for (log, ends) in by_log(&rows) {
        let stage = stage(log);
        let window = match stage {
            Stage::Hosts => context.options.pivot_window(context.window),
            _ => context.window,
        };
        for reason in reasons(log, ends, window, range) {
            findings.notes.add(stage, logs::SOURCE, reason, 1);
        }
        let time = |at: Option<DateTime<Utc>>| at.map(format_time).unwrap_or_default();
        findings.log_ends.push(format!(
            "{log}|{}|{}|{}|{}",
            time(ends.oldest),
            time(ends.newest),
            format_time(window.from),
            format_time(window.to)
        ));
    }
    // The queries that read the logs say themselves that a table is absent or the workspace empty.
    let problems = rows.problems.into_iter();
    let problems =
        problems.filter(|problem| !matches!(problem, Problem::TableAbsent(_) | Problem::NoData));
    findings.add_log_problems(Stage::Seeds, problems);
}

/// The ends of each log. A time range that was halved has a row for each half.
fn by_log(rows: &Rows) -> BTreeMap<&'static str, Ends> {
    let mut logs = BTreeMap::new();
    for row in &rows.rows {
        let Some(log) = Query::LogEnds.tables().find(|log| *log == row.text("log")) else {
            continue;
        };
        let ends: &mut Ends = logs.entry(log).or_default();
        let (oldest, newest) = (row.time("oldest"), row.time("newest"));
        ends.oldest = [ends.oldest, oldest].into_iter().flatten().min();
        ends.newest = ends.newest.max(newest);
    }
    logs
}

/// What is wrong with a log that is asked about a window.
fn reasons(log: &str, ends: Ends, window: Window, range: Window) -> Vec<String> {
    let (Some(oldest), Some(newest)) = (ends.oldest, ends.newest) else {
        return vec![format!(
            "{log} holds no event from {} to {}",
            format_time(range.from),
            format_time(range.to)
        )];
    };
    let mut reasons = Vec::new();
    if oldest > window.from {
        reasons.push(format!(
            "{log} begins at {}, and is asked for events from {} on; earlier ones are missing",
            format_time(oldest),
            format_time(window.from)
        ));
    }
    if newest < window.to - USUAL {
        reasons.push(format!(
            "{log} ends at {}, and is asked for events up to {}; later ones may not have arrived",
            format_time(newest),
            format_time(window.to)
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse_time;

    #[test]
    fn a_log_that_does_not_reach_over_the_window_says_what_is_missing() {
        let at = |text: &str| parse_time(&format!("2026-10-{text}:00Z"));
        let range = |from: &str, to: &str| Window {
            from: at(from).unwrap(),
            to: at(to).unwrap(),
        };
        let found = |oldest, newest| {
            let ends = Ends {
                oldest: at(oldest),
                newest: at(newest),
            };
            let (window, range) = (range("10T00:00", "20T00:00"), range("03T00:00", "20T06:00"));
            let reasons = reasons("L", ends, window, range);
            let word = |reason: &String| reason.split(' ').nth(1).map(str::to_owned);
            reasons
                .iter()
                .filter_map(word)
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (oldest, newest, reasons) in [
            ("09T23:59", "20T01:00", ""),
            ("10T00:00", "19T23:45", ""),
            ("10T00:01", "19T23:45", "begins"),
            ("03T00:00", "19T23:44", "ends"),
            ("11T00:00", "12T00:00", "begins ends"),
            ("", "", "holds"),
        ] {
            assert_eq!(found(oldest, newest), reasons, "{oldest} {newest}");
        }
    }

    #[test]
    fn a_log_is_looked_at_before_and_after_the_time_that_it_is_asked_for() {
        let at = |text: &str| parse_time(&format!("2026-10-{text}T00:00:00Z")).unwrap();
        let window = |from, to| Window {
            from: at(from),
            to: at(to),
        };
        let found = around(window("20", "21"), window("14", "21"), at("21"));
        assert_eq!((found.from, found.to), (at("07"), at("21") + LATEST));
        let found = around(window("12", "21"), window("14", "21"), at("25"));
        assert_eq!((found.from, found.to), (at("05"), at("25")));
    }

    #[test]
    fn every_log_has_the_stage_that_reads_it() {
        let hosts = Query::LogEnds
            .tables()
            .filter(|log| stage(log) == Stage::Hosts);
        let read: Vec<&str> = Query::ProxyHosts
            .tables()
            .chain(Query::DefenderHosts.tables())
            .collect();
        assert_eq!(hosts.count(), read.len());
        for query in Query::ALL
            .into_iter()
            .filter(|query| *query != Query::LogEnds)
        {
            for table in query
                .tables()
                .filter(|table| !table.starts_with("ThreatIntel"))
            {
                assert!(Query::LogEnds.tables().any(|log| log == table), "{table}");
            }
        }
    }
}
