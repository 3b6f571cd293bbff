//! The workspace and its tables.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tenant_sim::{Action, Fault, Options, Service, World};

use super::{TABLES, answer_logs, check, fill_logs, lab, lab_with, line, wrong};
use crate::run::Lab;

#[test]
fn each_table_that_is_absent_is_named_with_its_connector() {
    for table in TABLES {
        let lab = Lab::new(World::small(), Options::default());
        let others: Vec<&str> = TABLES.into_iter().filter(|other| *other != table).collect();
        fill_logs(&lab, &others);
        let (lines, code) = check(&lab);
        let what = format!("table {table}");
        assert_eq!(wrong(&lines), [(what.as_str(), "absent")], "{lines:#?}");
        // Another table has the audit records too.
        if table == "OfficeActivity" {
            assert_eq!(code, 0);
            line(&lines, &what).says("absent", "CloudAppEvents in its place", "");
            continue;
        }
        assert_eq!(code, 3);
        line(&lines, &what).says("absent", "without it:", "Content hub");
    }
}

/// A table is accepted by what a load accepts it by: its own name, or that of the place that was asked first.
#[test]
fn an_absent_table_is_accepted_as_in_a_load() {
    for (name, expected) in [
        ("UrlClickEvents", 0),
        ("log_analytics", 0),
        ("hunting", 3),
        ("DeviceEvents", 3),
    ] {
        let lab = Lab::new(World::small(), Options::default());
        let others: Vec<&str> = TABLES
            .into_iter()
            .filter(|other| *other != "UrlClickEvents")
            .collect();
        fill_logs(&lab, &others);
        lab.edit_config(|config| format!("{config}\n[gaps]\naccepted = [\"{name}\"]\n"));
        let (lines, code) = check(&lab);
        assert_eq!(code, expected, "{name}: {lines:#?}");
    }
}

/// The sim's own answer: a table that was never ingested is left out by the fuzzy union.
#[test]
fn the_query_finds_what_is_absent() {
    let lab = Lab::new(
        World::small(),
        Options {
            absent_tables: vec!["UrlClickEvents", "MessageEvents"],
            ..Options::default()
        },
    );
    lab.edit_config(|config| format!("{config}\n[gaps]\naccepted = [\"MessageEvents\"]\n"));
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table UrlClickEvents").says("absent", "not in the workspace", "Defender XDR");
    line(&lines, "table MessageEvents").says("absent", "accepted by [gaps] accepted", "");
    line(&lines, "table DeviceEvents").says("ok", "", "");
    lab.tenant.assert_clean();
    lab.edit_config(|config| {
        config.replace(
            "\"MessageEvents\"]",
            "\"MessageEvents\", \"UrlClickEvents\"]",
        )
    });
    let (lines, code) = check(&lab);
    assert_eq!(code, 0, "{lines:#?}");
}

#[test]
fn no_table_at_all() {
    let lab = Lab::new(
        World::small(),
        Options {
            absent_tables: TABLES.to_vec(),
            ..Options::default()
        },
    );
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table workspace").says("ok", "", "");
    for table in TABLES {
        assert_eq!(line(&lines, &format!("table {table}")).state, "absent");
    }
}

#[test]
fn tables_that_are_old_late_or_empty_are_told_and_are_no_gap() {
    let lab = Lab::new(World::small(), Options::default());
    let at = |ago: TimeDelta| json!((Utc::now() - ago).to_rfc3339().replace("+00:00", "Z"));
    let minutes = TimeDelta::minutes(30);
    let mut rows = vec![
        json!([
            "DeviceEvents",
            at(TimeDelta::days(31)),
            at(TimeDelta::days(5))
        ]),
        json!(["UrlClickEvents", at(TimeDelta::days(12)), at(minutes)]),
        json!(["OfficeActivity", null, null]),
    ];
    let others = TABLES
        .into_iter()
        .filter(|table| !["DeviceEvents", "UrlClickEvents", "OfficeActivity"].contains(table));
    rows.extend(others.map(|table| json!([table, at(TimeDelta::days(31)), at(minutes)])));
    answer_logs(&lab, rows);
    let (lines, code) = check(&lab);
    assert_eq!((wrong(&lines), code), (vec![], 0), "{lines:#?}");
    line(&lines, "table DeviceEvents").says("ok", "newest 5 days ago", "still sends");
    line(&lines, "table UrlClickEvents").says(
        "ok",
        "newest 30 minutes ago; begins 12 days ago",
        "keep the table for longer",
    );
    line(&lines, "table OfficeActivity").says("ok", "no event in the last 31 days", "still sends");
    line(&lines, "table SecurityAlert").says("ok", "newest 30 minutes ago; all of 30 days", "");
}

#[test]
fn a_workspace_without_access_is_one_line_with_the_role() {
    let lab = Lab::new(
        World::small(),
        Options {
            no_workspace_access: true,
            ..Options::default()
        },
    );
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    let world = lab.tenant.world();
    let command = format!(
        "az role assignment create --role \"Log Analytics Reader\" --assignee {} --scope \"$(az monitor log-analytics workspace list --query \"[?customerId=='{}'].id\" -o tsv)\"",
        world.client_id, world.workspace_id
    );
    line(&lines, "table workspace").says("missing", "HTTP 403", &command);
    line(&lines, "table DeviceEvents").says("skipped", "the workspace cannot be read", "");
}

#[test]
fn a_workspace_that_is_not_there() {
    let lab = lab();
    lab.tenant.clear_script();
    let id = lab.tenant.world().workspace_id.clone();
    lab.edit_config(|config| config.replace(&id, "00000000-0000-4000-8000-00000000dead"));
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table workspace").says(
        "failed",
        "there is no workspace 00000000-0000-4000-8000-00000000dead",
        "az monitor log-analytics workspace list",
    );
}

#[test]
fn a_workspace_without_data() {
    let lab = Lab::new(
        World::small(),
        Options {
            empty_workspace: true,
            ..Options::default()
        },
    );
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table workspace").says("absent", "HTTP 204", "connect data sources");
}

#[test]
fn a_workspace_that_fails() {
    for action in [Action::status(500), Action::Html, Action::Drop] {
        let lab = Lab::new(World::small(), Options::default());
        lab.tenant
            .script([Fault::on(Service::LogAnalytics, "", action.clone()).always()]);
        let (lines, code) = check(&lab);
        assert_eq!(code, 3, "{lines:#?}");
        line(&lines, "table workspace").says("failed", "", "reaches Log Analytics");
    }
}

#[test]
fn the_workspaces_own_indicators_are_looked_for_where_they_are_asked() {
    let lab = lab();
    lab.edit_config(|config| config.replace("\"xforce\"]", "\"xforce\", \"sentinel\"]"));
    let (lines, code) = check(&lab);
    assert_eq!(code, 0, "{lines:#?}");
    line(&lines, "table ThreatIntelIndicators").says("ok", "in the workspace", "");
    let absent = |absent_tables: &[&'static str]| {
        let lab = lab_with(Options {
            absent_tables: absent_tables.to_vec(),
            ..Options::default()
        });
        lab.edit_config(|config| config.replace("\"xforce\"]", "\"xforce\", \"sentinel\"]"));
        check(&lab)
    };
    let (lines, code) = absent(&["ThreatIntelIndicators"]);
    assert_eq!(code, 0, "{lines:#?}");
    line(&lines, "table ThreatIntelligenceIndicator").says("ok", "in the workspace", "");
    let (lines, code) = absent(&["ThreatIntelIndicators", "ThreatIntelligenceIndicator"]);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table ThreatIntelIndicators").says(
        "absent",
        "`sentinel` has nothing to say",
        "Content hub",
    );
}

/// Whoever may read single tables is told of the others, and not to have the whole workspace opened.
#[test]
fn rights_to_single_tables_are_told_table_by_table() {
    let lab = Lab::new(World::small(), Options::default());
    let refuse = |pattern: &str| {
        let action = Action::refused(403, "InsufficientAccessError", "no access");
        let fault = Fault::on(Service::LogAnalytics, pattern, action);
        lab.tenant.script([fault.always()]);
    };
    refuse("log_ends");
    refuse("DeviceEvents.*take 0");
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table DeviceEvents").says(
        "missing",
        "no access to this table (HTTP 403",
        "a role on the table itself is enough",
    );
    line(&lines, "table UrlClickEvents").says("ok", "it can be read", "");
    let workspace = line(&lines, "table workspace");
    workspace.says(
        "failed",
        "single tables can be read",
        "each by itself or all by",
    );
    assert!(!workspace.fix.as_ref().unwrap().contains("az role"));
    let wrong: Vec<_> = wrong(&lines).into_iter().map(|(what, _)| what).collect();
    assert_eq!(wrong, ["table DeviceEvents", "table workspace"]);
    // As of a load, it is the place that is accepted, not the table.
    for (name, expected) in [("DeviceEvents", 3), ("log_analytics", 0)] {
        lab.edit_config(|config| {
            let config = config.split("\n[gaps]").next().unwrap().to_owned();
            format!("{config}\n[gaps]\naccepted = [\"{name}\"]\n")
        });
        let (lines, code) = check(&lab);
        assert_eq!(code, expected, "{name}: {lines:#?}");
    }
}
