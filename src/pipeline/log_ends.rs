//! Where the logs end: a log can lack events of the window, since they arrive late or were never kept.

use chrono::{DateTime, TimeDelta, Utc};

use super::context::Context;
use super::findings::Findings;
use crate::http::Failure;
use crate::model::{Stage, Window, format_time};
use crate::source::logs::{Extent, LATEST, LogEnd, LogEnds, Place, is_rare};

/// How long before the window a log is looked at. A quiet log can have days without an event.
const BEFORE: TimeDelta = TimeDelta::days(7);
/// A log that ends less than this before the window does is up to date: every log takes a few minutes.
const USUAL: TimeDelta = TimeDelta::minutes(15);
/// For how long advanced hunting keeps its tables.
const KEPT: TimeDelta = TimeDelta::days(30);
/// How much later than the window a log may begin in advanced hunting, when the window is as long as it keeps them: there is
/// nothing before the window to tell a quiet log from one that begins late.
const QUIET: TimeDelta = TimeDelta::days(1);

/// The stage that reads a log first.
fn stage(log: &str) -> Stage {
    match log {
        "OfficeActivity" => Stage::Messages,
        "CommonSecurityLog" | "DeviceNetworkInfo" | "DeviceNetworkEvents" => Stage::Hosts,
        "SecurityAlert" | "AlertInfo" | "AlertEvidence" => Stage::Alerts,
        _ => Stage::Seeds,
    }
}

/// Asks where the logs end.
pub(super) async fn ask(context: &Context) -> Result<LogEnds, Failure> {
    let (range, until) = (looked_at(context), context.window.to);
    context.logs.ends(range, until).await
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
pub(super) fn add(context: &Context, findings: &mut Findings, found: LogEnds) {
    let range = looked_at(context);
    for end in found.ends {
        let LogEnd { log, place, extent } = end;
        if place != Place::Workspace {
            findings.hunted.insert(log);
        }
        if is_rare(log) {
            continue;
        }
        let stage = stage(log);
        let window = match stage {
            Stage::Hosts => context.options.pivot_window(context.window),
            _ => context.window,
        };
        for reason in reasons(end, window, range) {
            findings.notes.add(stage, place.source(), reason, 1);
        }
        let time = |at: Option<DateTime<Utc>>| at.map(format_time).unwrap_or_default();
        let mut text = format!(
            "{log}|{}|{}|{}|{}",
            time(extent.oldest),
            time(extent.newest),
            format_time(window.from),
            format_time(window.to)
        );
        // Where nothing is said it is the workspace.
        if place != Place::Workspace {
            text.push('|');
            text.push_str(place.source().as_str());
        }
        findings.log_ends.push(text);
    }
    findings.add_log_problems(Stage::Seeds, found.problems);
}

/// What is wrong with a log that is asked about a window.
fn reasons(end: LogEnd, window: Window, range: Window) -> Vec<String> {
    let LogEnd { log, place, extent } = end;
    let (Some(oldest), Some(newest)) = (extent.oldest, extent.newest) else {
        return vec![format!(
            "{log} holds no event from {} to {}",
            format_time(range.from),
            format_time(range.to)
        )];
    };
    let mut reasons = Vec::new();
    if oldest > window.from + quiet(place, extent, window) {
        let kept = match place {
            Place::Workspace => "",
            Place::Hunting => "; advanced hunting keeps its tables for 30 days",
        };
        reasons.push(format!(
            "{log} begins at {}, and is asked for events from {} on; earlier ones are missing{kept}",
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

/// How much later than the window a log may begin.
fn quiet(place: Place, extent: Extent, window: Window) -> TimeDelta {
    let kept_from = extent.at - KEPT;
    match place {
        Place::Hunting if (kept_from - window.from).abs() < QUIET => QUIET,
        _ => TimeDelta::zero(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse_time;
    use crate::source::logs::Query;

    #[test]
    fn a_log_that_does_not_reach_over_the_window_says_what_is_missing() {
        let at = |text: &str| parse_time(&format!("2026-10-{text}:00Z"));
        let range = |from: &str, to: &str| Window {
            from: at(from).unwrap(),
            to: at(to).unwrap(),
        };
        let found = |oldest, newest| {
            let extent = Extent {
                oldest: at(oldest),
                newest: at(newest),
                at: DateTime::UNIX_EPOCH,
            };
            let (window, range) = (range("10T00:00", "20T00:00"), range("03T00:00", "20T06:00"));
            let end = |place| LogEnd {
                log: "L",
                place,
                extent,
            };
            let reasons = reasons(end(Place::Workspace), window, range);
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

    /// Advanced hunting keeps 30 days, so that a window of 30 days has nothing before it that could be looked at.
    #[test]
    fn where_nothing_is_kept_before_the_window_a_quiet_log_is_not_late() {
        let at = |text: &str| parse_time(&format!("2026-11-{text}T00:00:00Z")).unwrap();
        let begins = |oldest: DateTime<Utc>, from: DateTime<Utc>, place: Place| {
            let window = Window { from, to: at("28") };
            let extent = Extent {
                oldest: Some(oldest),
                newest: Some(at("28")),
                at: at("28"),
            };
            let log = "L";
            let end = LogEnd { log, place, extent };
            let reasons = reasons(end, window, window);
            reasons
                .first()
                .is_some_and(|reason| reason.contains("begins"))
        };
        let kept_from = at("28") - KEPT;
        let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
        let late = |late: TimeDelta, place| begins(kept_from + late, kept_from, place);
        assert!(!late(hour, Place::Hunting));
        assert!(late(hour, Place::Workspace));
        assert!(late(day + hour, Place::Hunting));
        // What began before the time that is kept is missing, and so is what a shorter window lacks.
        assert!(begins(
            kept_from + hour,
            kept_from - day - hour,
            Place::Hunting
        ));
        assert!(begins(at("20") + hour, at("20"), Place::Hunting));
    }

    #[test]
    fn every_log_has_the_stage_that_reads_it() {
        let stages = |query: Query| query.tables().map(stage).collect::<Vec<_>>();
        for (stage, queries) in [
            (Stage::Hosts, vec![Query::ProxyHosts, Query::DefenderHosts]),
            (Stage::Alerts, vec![Query::Alerts, Query::AlertsDefender]),
            (Stage::Messages, vec![Query::LinkMessages]),
            // Reports come from a log that else stands in for the one of messages.
            (
                Stage::Seeds,
                vec![Query::Reported, Query::LinkMessagesCloud, Query::UrlClicks],
            ),
        ] {
            for query in queries {
                assert!(
                    stages(query).iter().all(|found| *found == stage),
                    "{query:?}"
                );
            }
        }
    }
}
