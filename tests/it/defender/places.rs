//! One world, loaded by the workspace alone, by advanced hunting alone, and by both.

use super::*;
use crate::check::TABLES;
use crate::intel_load::replays_alike;
use crate::run::equal::{Ways, assert_equal, differences};
use crate::run::gaps;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tenant_sim::{Action, Fault, Messages, Service, Tenant};

/// A load of the workspace alone.
fn by_workspace(world: World, arguments: &[&str], script: impl Fn(&Tenant)) -> (GraphFile, Value) {
    let lab = Lab::new(world, Options::default());
    script(&lab.tenant);
    let case = lab.case("case");
    let ran = lab.load(&case, arguments);
    let result = ran.json();
    assert_eq!(sources(&case).get("hunting"), None);
    (GraphFile::read(&case), result)
}

#[test]
fn both_places_give_the_same_graph_of_the_tables_that_both_have() {
    let (expected, of_workspace) = by_workspace(world(), &[], |_| {});
    let lab = lab(world(), Options::default(), hunting_only);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 0);
    assert_equal(&expected, &GraphFile::read(&case), Ways::Places);
    for part in ["summary", "entities", "nodes", "edges", "gaps"] {
        assert_eq!(result[part], of_workspace[part], "{part}");
    }
    assert_eq!(sources(&case).get("log_analytics"), None);
    // The ends of nine logs, of two with the evidence of alerts, the columns of two tables, and ten queries, of which
    // three are asked again for what chats show to be risky.
    assert_eq!(sent(&result, "hunting"), 28);
    assert_eq!(
        hunted(&case),
        [
            "AlertEvidence",
            "AlertInfo",
            "CloudAppEvents",
            "CommonSecurityLog",
            "DeviceEvents",
            "DeviceNetworkEvents",
            "DeviceNetworkInfo",
            "MessageEvents",
            "MessageUrlInfo",
            "OfficeActivity",
            "UrlClickEvents",
        ]
    );
    lab.tenant.assert_clean();
    replays_alike(&lab, &case, 0);
    // Nothing is left to ask.
    lab.tenant.clear_requests();
    lab.loaded(&case, &[], 0);
    assert_eq!(lab.tenant.requests().len(), 0);
}

#[test]
fn an_attack_from_outside_is_the_same_wherever_its_tables_are() {
    let world = || rated_by_message(World::outside());
    let of_defender: [&'static str; 5] = [
        "CloudAppEvents",
        "MessageEvents",
        "MessagePostDeliveryEvents",
        "MessageUrlInfo",
        "UrlClickEvents",
    ];
    // Each place is given the columns that name the topic of a chat.
    let turned = || Options {
        messages: Messages {
            turned_columns: true,
            ..Messages::default()
        },
        ..Options::default()
    };
    let (expected, of_workspace) = {
        let lab = Lab::new(world(), turned());
        let case = lab.case("case");
        let result = lab.loaded(&case, &[], 0);
        (GraphFile::read(&case), result)
    };
    for (config, options, removed) in [
        (
            hunting_only as fn(String) -> String,
            Options::default(),
            &[][..],
        ),
        (both, Options::default(), &of_defender[..]),
        (both, turned(), &[]),
    ] {
        let lab = lab(world(), options, config);
        for table in removed {
            lab.tenant.remove_table(table);
        }
        let case = lab.case("case");
        let result = lab.loaded(&case, &[], 0);
        assert_equal(&expected, &GraphFile::read(&case), Ways::Places);
        assert_eq!(result["summary"], of_workspace["summary"]);
        assert_eq!(gaps(&result, "gaps"), [""; 0]);
        lab.tenant.assert_clean();
        replays_alike(&lab, &case, 0);
    }
}

#[test]
fn a_column_that_advanced_hunting_lacks_is_a_note_and_explains_what_is_missing() {
    let (expected, of_workspace) = by_workspace(World::small(), &[], |_| {});
    let lab = lab(World::small(), Options::default(), hunting_only);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 0);
    let notes = gaps(&result, "notes");
    let usual = gaps(&of_workspace, "notes");
    let is_usual =
        |note: &&String| usual.contains(&note.replacen(" hunting ", " log_analytics ", 1));
    let more: Vec<_> = notes.iter().filter(|note| !is_usual(note)).collect();
    assert_eq!(
        more,
        [
            "seeds hunting 1: message_urls: MessageUrlInfo has no column ThreatTypes in advanced hunting; what it would say is not known"
        ]
    );
    // A message that is a threat only by its url is no starting point: the url is one by other logs, and its sender, who is
    // none by them, is not asked for the teams that they joined.
    let world = lab.tenant.world();
    let dario = world
        .directory("dario@contoso.com")
        .expect("he is in the directory");
    let dario = format!("(\"User\", \"{}\")", world.users[dario].id);
    let lure = "login.micros0ft-verify.example/oauth";
    let wrong = differences(&expected, &GraphFile::read(&case), Ways::Places);
    let is_of =
        |line: &String, kind: &str, thing: &str| line.contains(kind) && line.contains(thing);
    let starts = wrong
        .iter()
        .filter(|line| is_of(line, " STARTED_FROM ", lure));
    assert_eq!(starts.count(), 2, "{}", wrong.join("\n"));
    let lacking = wrong.iter().filter(|line| {
        line.starts_with("- ")
            && (is_of(line, " STARTED_FROM ", &dario) || is_of(line, " MEMBER_OF ", &dario))
    });
    assert_eq!(lacking.count() + 2, wrong.len(), "{}", wrong.join("\n"));
    assert_eq!(result["summary"], of_workspace["summary"]);
}

#[test]
fn without_a_connected_workspace_defender_has_tables_of_its_own() {
    let absent = |tenant: &Tenant| tenant.remove_table("CommonSecurityLog");
    let (expected, _) = by_workspace(world(), &[], absent);
    let lab = lab(world(), unconnected(), hunting_only);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 3);
    assert_eq!(
        gaps(&result, "gaps"),
        [
            "hosts hunting 1: table absent: CommonSecurityLog; advanced hunting does not know it; see whether Defender's licence for it or the right to it is missing, or whether a workspace that has it can be connected"
        ]
    );
    // The messages come from CloudAppEvents, the alerts from AlertInfo and AlertEvidence.
    assert_equal(&expected, &GraphFile::read(&case), Ways::Places);
    let found = hunted(&case);
    for log in ["AlertEvidence", "AlertInfo", "CloudAppEvents"] {
        assert!(found.iter().any(|found| found == log), "{found:?}");
    }
    lab.tenant.assert_clean();
    replays_alike(&lab, &case, 3);
}

#[test]
fn with_both_each_table_is_asked_where_it_is() {
    let (expected, of_workspace) = by_workspace(world(), &[], |_| {});
    let lab = lab(world(), unconnected(), both);
    // One side of a join is in the workspace alone, the other in Defender alone: no place has both.
    for table in [
        "DeviceEvents",
        "MessageEvents",
        "SecurityAlert",
        "OfficeActivity",
    ] {
        lab.tenant.remove_table(table);
    }
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 0);
    assert_equal(&expected, &GraphFile::read(&case), Ways::Places);
    assert_eq!(result["summary"], of_workspace["summary"]);
    assert_eq!(
        hunted(&case),
        [
            "AlertEvidence",
            "AlertInfo",
            "DeviceEvents",
            "MessageEvents"
        ]
    );
    // The workspace first: the ends of its logs, and one query each, whether it has the table or not.
    // `link_messages_cloud` is answered there. The columns of two tables are asked for there too, and what chats show
    // to be risky takes another two.
    assert_eq!(sent(&result, "log_analytics"), 14);
    let queries: Vec<String> = lab
        .tenant
        .requests_to(tenant_sim::Service::Graph)
        .into_iter()
        .filter_map(|asked| asked.query)
        .collect();
    for (query, times) in [
        ("smartscreen", 1),
        ("smartscreen_opens", 1),
        ("message_urls", 1),
        ("link_messages", 1),
        ("link_messages_cloud", 0),
        ("messages_on", 2),
        ("post_delivery", 0),
        ("reported", 1),
        ("alerts", 0),
        ("alerts_defender", 1),
        ("url_clicks", 0),
        ("clicks_on", 0),
        ("defender_hosts", 0),
        ("proxy_hosts", 0),
    ] {
        let asked = queries.iter().filter(|asked| *asked == query);
        assert_eq!(asked.count(), times, "{query}: {queries:?}");
    }
    lab.tenant.assert_clean();
    replays_alike(&lab, &case, 0);
    // What is in the case is final, wherever it is.
    lab.tenant.clear_requests();
    lab.loaded(&case, &[], 0);
    assert_eq!(lab.tenant.requests().len(), 0);
}

#[test]
fn what_is_in_neither_place_is_one_gap_that_names_both() {
    let lab = lab(world(), unconnected(), both);
    for table in ["UrlClickEvents", "SecurityAlert"] {
        lab.tenant.remove_table(table);
    }
    for table in ["UrlClickEvents", "AlertInfo"] {
        lab.tenant.hide_table(table);
    }
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 3);
    let advice = "neither the workspace nor advanced hunting has it; connect its data source to the workspace, or see whether Defender's licence for it or the right to it is missing";
    assert_eq!(
        gaps(&result, "gaps"),
        [
            format!("alerts log_analytics 1: table absent: SecurityAlert and AlertInfo; {advice}"),
            format!("seeds log_analytics 1: table absent: UrlClickEvents; {advice}"),
        ]
    );
    replays_alike(&lab, &case, 3);
    // It comes to one of them later.
    lab.tenant.clear_script();
    let result = lab.loaded(&case, &[], 0);
    let (expected, _) = by_workspace(world(), &[], |_| {});
    assert_equal(&expected, &GraphFile::read(&case), Ways::Same);
    assert_eq!(gaps(&result, "gaps"), [""; 0]);
    assert_eq!(hunted(&case), [""; 0]);
}

#[test]
fn an_empty_workspace_is_no_gap_where_defender_has_the_tables() {
    let options = Options {
        empty_workspace: true,
        ..unconnected()
    };
    let lab = lab(world(), options, both);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 3);
    let absent = |tenant: &Tenant| tenant.remove_table("CommonSecurityLog");
    let (expected, _) = by_workspace(world(), &[], absent);
    assert_equal(&expected, &GraphFile::read(&case), Ways::Places);
    let found = gaps(&result, "gaps");
    assert!(
        found.len() == 1 && found[0].contains("table absent: CommonSecurityLog; advanced"),
        "{found:#?}"
    );
}

#[test]
fn audit_records_in_a_workspace_that_come_by_defender_alone() {
    let mut options = Options::default();
    options.hunting.streamed = vec!["CloudAppEvents"];
    let lab = Lab::new(World::small(), options);
    lab.tenant.remove_table("OfficeActivity");
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 0);
    let (expected, of_workspace) = by_workspace(World::small(), &[], |_| {});
    assert_eq!(result["summary"], of_workspace["summary"]);
    let mut wrong = differences(&expected, &GraphFile::read(&case), Ways::Same);
    // Only where the log ends is said of another log.
    wrong.retain(|line| !line.contains("\"Case\""));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        log_ends(&case)
            .iter()
            .any(|end| end.starts_with("CloudAppEvents|2026-"))
    );
    replays_alike(&lab, &case, 0);
}

/// The answer of a workspace about the ends of its logs, of which one ends at another time; `None` when it holds no event.
fn ends_of_workspace(world: &World, other: &str, newest: Option<DateTime<Utc>>) -> Fault {
    let text = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let begin = world.anchor - TimeDelta::days(60);
    let rows = TABLES.map(|log| {
        let newest = match log == other {
            true => newest,
            false => Some(world.anchor),
        };
        json!([log, newest.map(|_| text(begin)), newest.map(text)])
    });
    let columns = ["log", "oldest", "newest"].map(|name| json!({ "name": name }));
    let body = json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]});
    let answer = Action::page(200, "application/json", &body.to_string());
    Fault::on(Service::LogAnalytics, "log_ends", answer).always()
}

/// The workspace has a table without any event in it, and has none in another one either when that is asked alone.
fn without_events(tenant: &Tenant, table: &'static str) {
    let columns = ["oldest", "newest"].map(|name| json!({ "name": name }));
    let body = json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": []}]});
    let answer = Action::page(200, "application/json", &body.to_string());
    tenant.script([
        ends_of_workspace(tenant.world(), table, None),
        Fault::on(Service::LogAnalytics, "log_end$", answer.clone()).always(),
        Fault::on(Service::LogAnalytics, table, answer).always(),
    ]);
}

#[test]
fn a_table_without_events_in_the_workspace_is_read_in_advanced_hunting() {
    for table in ["UrlClickEvents", "SecurityAlert"] {
        let (expected, of_workspace) = by_workspace(world(), &[], |_| {});
        let lab = lab(world(), unconnected(), both);
        without_events(&lab.tenant, table);
        let case = lab.case("case");
        let result = lab.loaded(&case, &[], 0);
        assert_equal(&expected, &GraphFile::read(&case), Ways::Places);
        assert_eq!(result["summary"], of_workspace["summary"]);
        let found = match table {
            "SecurityAlert" => vec!["AlertEvidence", "AlertInfo"],
            table => vec![table],
        };
        assert_eq!(hunted(&case), found);
        replays_alike(&lab, &case, 0);
    }
}

#[test]
fn a_table_without_events_anywhere_is_no_gap() {
    let lab = lab(world(), unconnected(), both);
    // Only the workspace has it.
    without_events(&lab.tenant, "CommonSecurityLog");
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 0);
    let notes = gaps(&result, "notes");
    assert!(
        notes
            .iter()
            .any(|note| note.contains("hosts log_analytics 1: CommonSecurityLog holds no event")),
        "{notes:#?}"
    );
    assert_eq!(hunted(&case), [""; 0]);
}

#[test]
fn with_the_workspace_alone_a_table_without_events_is_asked_once() {
    let lab = Lab::new(world(), Options::default());
    without_events(&lab.tenant, "UrlClickEvents");
    lab.loaded(&lab.case("case"), &[], 0);
    let asked = lab.tenant.requests_to(Service::LogAnalytics);
    let mut queries = asked.iter().filter_map(|asked| asked.query.as_deref());
    assert!(!queries.any(|query| query == "log_end"));
}

#[test]
fn a_log_that_stopped_in_the_workspace_is_a_gap_when_advanced_hunting_goes_on() {
    let lab = lab(world(), unconnected(), both);
    let world = lab.tenant.world();
    let stopped = world.anchor - TimeDelta::hours(20);
    let ends = ends_of_workspace(world, "UrlClickEvents", Some(stopped));
    lab.tenant.script([ends]);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 3);
    let found = gaps(&result, "gaps");
    let text = stopped.format("%Y-%m-%dT%H:%M:%SZ");
    let start = format!(
        "seeds log_analytics 1: UrlClickEvents ends at {text} in the workspace and at 2026-"
    );
    assert!(
        found.len() == 1
            && found[0].starts_with(&start)
            && found[0].contains(" in advanced hunting; what is between them was not read; "),
        "{found:#?}"
    );
    replays_alike(&lab, &case, 3);
}

#[test]
fn a_join_of_tables_at_different_places_says_which_place_lacks_which() {
    let lab = lab(world(), unconnected(), both);
    lab.tenant.remove_table("MessageEvents");
    lab.tenant.hide_table("MessageUrlInfo");
    let result = lab.loaded(&lab.case("case"), &[], 3);
    assert_eq!(
        gaps(&result, "gaps"),
        [
            "seeds log_analytics 1: table absent: MessageEvents and MessageUrlInfo; the workspace lacks MessageEvents, advanced hunting lacks MessageUrlInfo, and one query cannot read both; connect the data source of MessageEvents to the workspace, or connect the workspace to Microsoft Defender if it has MessageUrlInfo"
        ]
    );
}
