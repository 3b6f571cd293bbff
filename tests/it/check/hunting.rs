//! Advanced hunting of Microsoft Defender, in the place of a workspace or beside one.

use tenant_sim::{Action, Fault, Hunting, Options, Service, World};

use super::{check, line, wrong};
use crate::defender::{both, hunting_only, unconnected};
use crate::run::Lab;

fn lab(options: Options, config: fn(String) -> String) -> Lab {
    let lab = Lab::new(World::small(), options);
    lab.edit_config(config);
    lab
}

/// From now on every query of advanced hunting is answered so.
fn answer(lab: &Lab, action: Action) {
    let fault = Fault::on(Service::Graph, "runHuntingQuery", action);
    lab.tenant.script([fault.always()]);
}

#[test]
fn a_tenant_without_a_workspace() {
    let lab = lab(Options::default(), hunting_only);
    let (lines, code) = check(&lab);
    assert_eq!((wrong(&lines), code), (vec![], 0), "{lines:#?}");
    for what in [
        "sign-in log analytics",
        "table workspace",
        "table SecurityAlert",
    ] {
        assert!(!lines.contains_key(what), "{what}: {lines:#?}");
    }
    line(&lines, "permission ThreatHunting.Read.All").says("ok", "", "");
    line(&lines, "table advanced hunting").says("ok", "", "");
    // Defender's own alerts are read in the place of those of a workspace.
    for table in [
        "DeviceEvents",
        "MessageEvents",
        "AlertInfo",
        "AlertEvidence",
    ] {
        line(&lines, &format!("table {table}")).says("ok", "", "");
    }
    assert_eq!(lab.tenant.received(Service::LogAnalytics), 0);
    lab.tenant.assert_clean();
}

#[test]
fn a_workspace_that_is_not_connected() {
    let lab = lab(unconnected(), hunting_only);
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table CommonSecurityLog").says(
        "absent",
        "not in advanced hunting",
        "or connect a workspace that has it",
    );
    // The audit records are read from another table, so that nothing is missing.
    line(&lines, "table OfficeActivity").says(
        "absent",
        "not there; CloudAppEvents in its place",
        "",
    );
    line(&lines, "table CloudAppEvents").says("ok", "", "");
    assert_eq!(
        wrong(&lines),
        [
            ("table CommonSecurityLog", "absent"),
            ("table OfficeActivity", "absent")
        ]
    );
}

#[test]
fn each_table_that_defender_does_not_show() {
    for (table, told) in [
        ("DeviceEvents", "DeviceEvents"),
        ("UrlClickEvents", "UrlClickEvents"),
        ("AlertInfo", "AlertInfo"),
    ] {
        let options = Options {
            hunting: Hunting {
                absent: vec![table],
                ..Hunting::default()
            },
            ..Options::default()
        };
        let lab = lab(options, hunting_only);
        let (lines, code) = check(&lab);
        let what = format!("table {told}");
        assert_eq!(wrong(&lines), [(what.as_str(), "absent")], "{lines:#?}");
        assert_eq!(code, 3);
        line(&lines, &what).says("absent", "without it:", "licence");
    }
}

#[test]
fn without_the_permission_it_is_named_with_its_command() {
    for (config, devices) in [
        (hunting_only as fn(String) -> String, "skipped"),
        (both, "ok"),
    ] {
        let options = Options {
            withheld: vec!["ThreatHunting.Read.All"],
            ..Options::default()
        };
        let lab = lab(options, config);
        let (lines, code) = check(&lab);
        assert_eq!(code, 3, "{lines:#?}");
        line(&lines, "permission ThreatHunting.Read.All").says(
            "missing",
            "HTTP 403",
            "dd98c7f5-2d42-42d3-a0e4-633161547251=Role",
        );
        line(&lines, "table advanced hunting").says("skipped", "without the permission", "");
        line(&lines, "table DeviceEvents").says(devices, "", "");
    }
}

#[test]
fn a_tenant_without_a_licence() {
    let mut absent = vec!["AlertEvidence", "AlertInfo", "CloudAppEvents"];
    absent.extend(super::TABLES);
    let options = Options {
        hunting: Hunting {
            absent,
            connected_workspace: false,
            ..Hunting::default()
        },
        ..Options::default()
    };
    let lab = lab(options, hunting_only);
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "permission ThreatHunting.Read.All").says("ok", "", "");
    line(&lines, "table advanced hunting").says("absent", "knows none of the tables", "licence");
    line(&lines, "table MessageEvents").says("absent", "not in advanced hunting", "licence");
}

#[test]
fn hunting_that_is_not_there_or_does_not_answer() {
    let with = |action: Action| {
        let lab = lab(Options::default(), hunting_only);
        answer(&lab, action);
        check(&lab)
    };
    let (lines, code) = with(Action::refused(404, "NotFound", "Resource not found."));
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table advanced hunting").says("failed", "HTTP 404", "[tenant] cloud");
    line(&lines, "table MessageEvents").says("skipped", "advanced hunting cannot be read", "");
    let begun = std::time::Instant::now();
    let (lines, code) = with(Action::Hang);
    assert!(begun.elapsed().as_secs() < 35, "{:?}", begun.elapsed());
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "table advanced hunting").says(
        "failed",
        "no answer within 25 s",
        "reaches Microsoft Graph",
    );
    line(&lines, "permission Chat.Read.All").says("ok", "", "");
}

/// With both places, what the workspace lacks is looked for in advanced hunting, as a load does.
#[test]
fn a_table_is_told_where_it_is() {
    let options = Options {
        absent_tables: vec!["MessageEvents", "OfficeActivity"],
        ..unconnected()
    };
    let lab = lab(options, both);
    let (lines, code) = check(&lab);
    assert_eq!(code, 0, "{lines:#?}");
    line(&lines, "table MessageEvents").says("ok", "in advanced hunting", "");
    let devices = line(&lines, "table DeviceEvents");
    assert!(!devices.detail.contains("hunting"), "{devices:#?}");
    line(&lines, "table OfficeActivity").says("absent", "CloudAppEvents in its place", "");
    line(&lines, "table workspace").says("ok", "", "");
    line(&lines, "table advanced hunting").says("ok", "", "");
    lab.tenant.assert_clean();
}

#[test]
fn a_hostile_text_of_advanced_hunting_is_cleaned() {
    let lab = lab(Options::default(), hunting_only);
    let text = "\u{1b}[2J\u{202e}\nwrong";
    answer(&lab, Action::refused(403, "Forbidden", text));
    // `json` looks for harmful characters.
    let (lines, _) = check(&lab);
    line(&lines, "permission ThreatHunting.Read.All").says("failed", "[2J", "");
}

/// One table that fails hides no other.
#[test]
fn a_table_that_fails_is_the_only_one_that_is_told() {
    let lab = lab(Options::default(), hunting_only);
    let ends = Action::refused(400, "BadRequest", "The table is being moved.");
    let ends = Fault::on(Service::Graph, "log_end$", ends);
    lab.tenant.script([ends]);
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "permission ThreatHunting.Read.All").says("ok", "", "");
    line(&lines, "table advanced hunting").says("failed", "single tables can be read", "");
    let told = |words: &str| {
        let tables = lines.iter().filter(|(what, _)| what.starts_with("table "));
        tables
            .filter(|(_, line)| line.detail.contains(words))
            .count()
    };
    assert!(told("newest") > 4, "{lines:#?}");
    assert!(told("it can be read; when it begins and ends is not told") > 0);
}
