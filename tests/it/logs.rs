//! Where the logs end, as a case and its graph say it.

use std::path::Path;

use crate::run::graph::GraphFile;
use crate::run::{Lab, gaps, run};
use chrono::{DurationRound, TimeDelta, Utc};
use tenant_sim::{Options, Service, World};

/// The texts about the ends of logs in the node of the case.
fn ends(case: &Path) -> Vec<String> {
    let graph = GraphFile::read(case);
    let (_, node) = graph
        .nodes
        .iter()
        .find(|((label, _), _)| label == "Case")
        .unwrap();
    let ends = node.get("log_ends").and_then(|ends| ends.as_array());
    let text = |end: &serde_json::Value| end.as_str().unwrap().to_owned();
    ends.into_iter().flatten().map(text).collect()
}

fn ends_of_replay(lab: &Lab, case: &Path) -> Vec<String> {
    let mut replay = lab.binary();
    replay.args(["load", "--replay", "--no-neo4j", "--case"]);
    let ran = run(replay.arg(case));
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
    ends(case)
}

#[test]
fn the_case_says_where_each_log_begins_and_ends() {
    let lab = Lab::new(World::small(), Options::default());
    let case = lab.case("case");
    let world = lab.tenant.world();
    lab.tenant
        .end_log("OfficeActivity", world.anchor - TimeDelta::hours(2));
    lab.tenant
        .end_log("SecurityAlert", world.from() - TimeDelta::days(30));
    lab.loaded(&case, &[], 0);
    let found = ends(&case);
    // The hosts are looked for in the last seven days.
    let week = "2026-10-24T00:00:00Z|2026-10-31T00:00:00Z";
    let month = "2026-10-01T00:00:00Z|2026-10-31T00:00:00Z";
    let whole = "2026-09-24T00:00:00Z|2026-10-31T00:59:59Z";
    let expected = [
        format!("CloudAppEvents|{whole}|{month}"),
        format!("CommonSecurityLog|{whole}|{week}"),
        format!("DeviceEvents|{whole}|{month}"),
        format!("DeviceNetworkEvents|{whole}|{week}"),
        format!("DeviceNetworkInfo|{whole}|{week}"),
        format!("MessageEvents|{whole}|{month}"),
        format!("MessageUrlInfo|{whole}|{month}"),
        format!("OfficeActivity|2026-09-24T00:00:00Z|2026-10-30T21:59:59Z|{month}"),
        format!("SecurityAlert|||{month}"),
        format!("UrlClickEvents|{whole}|{month}"),
    ];
    assert_eq!(found, expected);
    assert_eq!(ends_of_replay(&lab, &case), found);
}

/// The window is long past, so all answers are final but for the one that did not know the table.
#[test]
fn a_table_that_is_connected_later_is_asked_for_its_ends() {
    let lab = Lab::new(World::small(), Options::default());
    let case = lab.case("case");
    lab.tenant.remove_table("DeviceEvents");
    lab.loaded(&case, &[], 3);
    assert_eq!(ends(&case).len(), 9);
    lab.tenant.clear_script();
    let connected = lab.tenant.world().anchor - TimeDelta::days(3);
    lab.tenant.begin_log("DeviceEvents", connected);
    lab.tenant.clear_requests();
    let result = lab.loaded(&case, &[], 0);
    assert_eq!(ends(&case).len(), 10);
    let note = "seeds log_analytics 1: DeviceEvents begins at 2026-10-28T00:00:00Z";
    let notes = gaps(&result, "notes");
    assert!(
        notes.iter().any(|found| found.starts_with(note)),
        "{notes:#?}"
    );
    let asked = lab.tenant.requests_to(Service::LogAnalytics);
    let asked: Vec<_> = asked
        .iter()
        .filter_map(|asked| asked.query.as_deref())
        .collect();
    assert_eq!(
        asked.iter().filter(|query| **query == "log_ends").count(),
        1
    );
    assert!(!asked.contains(&"link_messages"), "{asked:?}");
    // Now there is nothing to ask.
    lab.tenant.clear_requests();
    let before = std::fs::read(case.join("case.json")).unwrap();
    lab.loaded(&case, &[], 0);
    assert_eq!(lab.tenant.requests().len(), 0);
    assert_eq!(std::fs::read(case.join("case.json")).unwrap(), before);
}

/// The window ends now: a later load asks for the last events again, and the note goes when they have arrived.
#[test]
fn recent_answers_of_the_logs_and_of_nobody_else_are_asked_for_again() {
    let now = Utc::now().duration_trunc(TimeDelta::hours(1)).unwrap();
    let lab = Lab::new(World::small_at(7, now), Options::default());
    let case = lab.case("case");
    lab.tenant
        .end_log("OfficeActivity", now - TimeDelta::hours(2));
    let lags = |result: &serde_json::Value| {
        let notes = gaps(result, "notes");
        let lag = "messages log_analytics 1: OfficeActivity ends at ";
        notes.iter().filter(|note| note.starts_with(lag)).count()
    };
    assert_eq!(lags(&lab.loaded(&case, &[], 0)), 1);
    lab.tenant.clear_script();
    lab.tenant.clear_requests();
    let result = lab.loaded(&case, &[], 0);
    assert_eq!(lags(&result), 0);
    let asked = lab.tenant.requests();
    assert_eq!(lab.tenant.requests_to(Service::LogAnalytics).len(), 15);
    let others = asked
        .iter()
        .filter(|asked| asked.service != Service::LogAnalytics && asked.service != Service::Login);
    assert_eq!(others.count(), 0, "{asked:#?}");
    let found = ends(&case);
    assert_eq!(ends_of_replay(&lab, &case), found);
    // A log that is up to date but for the usual minutes makes no note.
    let lab = Lab::new(World::small_at(7, now), Options::default());
    lab.tenant
        .end_log("OfficeActivity", now - TimeDelta::minutes(10));
    assert_eq!(lags(&lab.loaded(&lab.case("case"), &[], 0)), 0);
}
