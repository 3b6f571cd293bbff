//! `linktrail check` through the binary, against the simulated tenant: each thing that can be missing, what is said of it,
//! how it is to be mended, and the exit code.

mod clouds;
mod graph;
mod hunting;
mod intel;
mod machine;
mod sign_in;
mod tables;
mod text;

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tenant_sim::{Action, Fault, Options, Service, World};

use crate::run::{Lab, Ran, run};

/// The states that a check can have.
const STATES: [&str; 5] = ["ok", "missing", "absent", "failed", "skipped"];

/// The tables that a load reads.
pub(crate) const TABLES: [&str; 11] = [
    "CloudAppEvents",
    "CommonSecurityLog",
    "DeviceEvents",
    "DeviceNetworkEvents",
    "DeviceNetworkInfo",
    "MessageEvents",
    "MessagePostDeliveryEvents",
    "MessageUrlInfo",
    "OfficeActivity",
    "SecurityAlert",
    "UrlClickEvents",
];

/// A tenant in which nothing is missing, with logs that go on.
fn lab() -> Lab {
    lab_with(Options::default())
}

fn lab_with(options: Options) -> Lab {
    let lab = Lab::new(World::small(), options);
    fill_logs(&lab, &TABLES);
    lab
}

/// From now on these tables have events, the newest of half an hour ago, and the others are absent.
fn fill_logs(lab: &Lab, tables: &[&str]) {
    let at = |ago: TimeDelta| (Utc::now() - ago).to_rfc3339().replace("+00:00", "Z");
    let row = |table: &&str| json!([table, at(TimeDelta::days(31)), at(TimeDelta::minutes(30))]);
    answer_logs(lab, tables.iter().map(row).collect());
}

/// From now on the newest and oldest events of the logs are these.
fn answer_logs(lab: &Lab, rows: Vec<Value>) {
    let columns = ["log", "oldest", "newest"];
    let columns = columns.map(|name| json!({"name": name, "type": "string"}));
    let body = json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]});
    let action = Action::page(200, "application/json", &body.to_string());
    lab.tenant
        .script([Fault::on(Service::LogAnalytics, "log_ends", action).always()]);
}

/// What a check found, as a program reads it.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    state: String,
    detail: String,
    fix: Option<String>,
}

/// All checks of a run by what they are about, and the exit code. The form is that of the contract.
fn found(ran: &Ran) -> (BTreeMap<String, Line>, i32) {
    let result = ran.json();
    let keys: Vec<&String> = result.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["checks"], "{ran:#?}");
    let mut lines = BTreeMap::new();
    for check in result["checks"].as_array().unwrap() {
        let check = check.as_object().unwrap();
        let keys: Vec<&String> = check.keys().collect();
        assert_eq!(keys.len(), 4, "{check:?}");
        let text = |key: &str| check[key].as_str().unwrap().to_owned();
        let line = Line {
            state: text("state"),
            detail: text("detail"),
            fix: check["fix"].as_str().map(str::to_owned),
        };
        assert!(STATES.contains(&line.state.as_str()), "{line:?}");
        let is_text = check["fix"].is_null() || check["fix"].is_string();
        assert!(is_text, "{check:?}");
        let what = text("what");
        // Each mistake of a configuration has a line of its own.
        let known = lines.insert(what.clone(), line);
        assert!(known.is_none() || what == "configuration", "{what} twice");
    }
    (lines, ran.code.unwrap())
}

/// Runs `check --format json`.
fn check(lab: &Lab) -> (BTreeMap<String, Line>, i32) {
    found(&run(lab.binary().args(["check", "--format", "json"])))
}

/// All that is not as a load needs it, but for a Neo4j that is not configured.
fn wrong(lines: &BTreeMap<String, Line>) -> Vec<(&str, &str)> {
    let wrong = lines.iter().filter(|(what, line)| {
        line.state != "ok" && !(*what == "neo4j server" && line.state == "skipped")
    });
    wrong
        .map(|(what, line)| (what.as_str(), line.state.as_str()))
        .collect()
}

/// The line about this.
fn line<'l>(lines: &'l BTreeMap<String, Line>, what: &str) -> &'l Line {
    let known = || format!("{what}: {:#?}", lines.keys());
    lines.get(what).unwrap_or_else(|| panic!("{}", known()))
}

impl Line {
    #[track_caller]
    fn says(&self, state: &str, detail: &str, fix: &str) {
        assert_eq!(self.state, state, "{self:#?}");
        assert!(self.detail.contains(detail), "{detail}: {self:#?}");
        let said = self.fix.as_deref().unwrap_or_default();
        assert!(said.contains(fix), "{fix}: {self:#?}");
    }
}

#[test]
fn all_is_well() {
    let lab = lab();
    let ran = run(lab.binary().args(["check", "--format", "json"]));
    assert!(ran.stderr.is_empty(), "{ran:#?}");
    let (lines, code) = found(&ran);
    assert_eq!(wrong(&lines), [], "{lines:#?}");
    assert_eq!(code, 0);
    let mut expected = vec![
        "case folder".to_owned(),
        "clock".to_owned(),
        "configuration".to_owned(),
        "neo4j server".to_owned(),
        "provider otx".to_owned(),
        "provider xforce".to_owned(),
        "sign-in graph".to_owned(),
        "sign-in log analytics".to_owned(),
        "sign-in tenant".to_owned(),
        "table workspace".to_owned(),
    ];
    expected.extend(tenant_sim::PERMISSIONS.map(|name| format!("permission {name}")));
    expected.extend(TABLES.map(|name| format!("table {name}")));
    expected.sort();
    let names: Vec<&String> = lines.keys().collect();
    assert_eq!(names, expected.iter().collect::<Vec<_>>());
    lab.tenant.assert_clean();
}

/// What a load would record is not recorded, and no case is made.
#[test]
fn nothing_is_written() {
    let lab = lab();
    let before = crate::run::files(lab.folder());
    let (_, code) = check(&lab);
    assert_eq!(code, 0);
    assert_eq!(crate::run::files(lab.folder()), before);
    assert!(!lab.folder().join("cases").exists());
    let temporary = lab.folder().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let ran = run(lab.binary().env("TMPDIR", &temporary).arg("check"));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(crate::run::files(&temporary).is_empty());
}

/// Each request to a service is sent once: a check is cheap.
#[test]
fn a_check_takes_few_requests() {
    let lab = lab();
    check(&lab);
    let sent = |service| lab.tenant.received(service);
    assert_eq!(sent(Service::Login), 3, "two tokens and the tenant");
    assert_eq!(sent(Service::Graph), tenant_sim::PERMISSIONS.len());
    assert_eq!(sent(Service::LogAnalytics), 1);
    assert_eq!((sent(Service::Otx), sent(Service::XForce)), (1, 1));
}

/// Secrets and tokens stand in nothing that is shown, not even in the log of every request.
#[test]
fn no_secret_is_shown() {
    let lab = lab();
    lab.edit_config(|config| {
        config.replace("\"xforce\"]", "\"xforce\", \"urlhaus\", \"virustotal\"]")
    });
    for arguments in [&["check", "-vv"][..], &["check", "-vv", "--format", "json"]] {
        let ran = run(lab.binary().args(arguments));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let shown = format!("{}{}", ran.stdout, ran.stderr);
        let mut secrets: Vec<String> = lab.tenant.env().into_iter().map(|(_, it)| it).collect();
        for asked in lab.tenant.requests() {
            let bearer = asked.headers.get("authorization");
            secrets.extend(bearer.and_then(|it| Some(it.split_once(' ')?.1.to_owned())));
        }
        assert!(secrets.len() > 6);
        for secret in secrets {
            assert!(!shown.contains(&secret), "{secret}: {shown}");
        }
    }
}

#[test]
fn a_wrong_configuration_is_told_as_a_whole_and_the_rest_is_tried() {
    let lab = lab();
    lab.edit_config(|config| {
        config
            .replacen("patience = \"5s\"", "patience = \"soon\"", 1)
            .replacen("[sentinel]", "[sentinel]\nworkspace = \"x\"", 1)
    });
    let ran = run(lab
        .binary()
        .args(["check", "--format", "json"])
        .env_remove("LINKTRAIL_OTX_KEY"));
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    let result = ran.json();
    let checks = result["checks"].as_array().unwrap();
    let told: Vec<&str> = checks
        .iter()
        .filter(|check| check["what"] == "configuration")
        .map(|check| {
            assert_eq!(check["state"], "failed");
            check["detail"].as_str().unwrap()
        })
        .collect();
    let load = lab.load(&lab.case("case"), &[]);
    assert_eq!(load.code, Some(2));
    for told in &told {
        assert!(
            told.contains("OTX_KEY") || load.stderr.contains(told),
            "{told}: {load:#?}"
        );
    }
    assert_eq!(told.len(), 3, "{told:#?}");
    // What has no mistake is tried.
    let (lines, _) = found(&ran);
    for what in ["sign-in graph", "permission Chat.Read.All", "clock"] {
        assert_eq!(line(&lines, what).state, "ok", "{what}");
    }
    line(&lines, "table workspace").says("skipped", "", "");
}

/// A mistake about the tenant may mean another tenant: nobody is signed in to.
#[test]
fn a_tenant_that_is_not_certain_is_not_asked() {
    let lab = lab();
    lab.edit_config(|config| config.replacen("cloud = \"public\"", "cloud = \"moon\"", 1));
    let (lines, code) = check(&lab);
    assert_eq!(code, 2);
    line(&lines, "configuration").says("failed", "[tenant] cloud is `moon`", "");
    line(&lines, "sign-in graph").says("skipped", "not complete", "");
    line(&lines, "provider otx").says("ok", "", "");
    assert_eq!(lab.tenant.received(Service::Login), 0);
    assert_eq!(lab.tenant.received(Service::Graph), 0);
}

#[test]
fn without_any_configuration_everything_is_said() {
    let folder = tempfile::TempDir::new().unwrap();
    let ran = run(crate::run::binary(folder.path()).args(["check", "--format", "json"]));
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    let result = ran.json();
    let checks = result["checks"].as_array().unwrap();
    let told = checks
        .iter()
        .filter(|check| check["what"] == "configuration")
        .map(|check| format!("  - {}", check["detail"].as_str().unwrap()));
    let told: Vec<String> = told.collect();
    let load = run(crate::run::binary(folder.path()).args(["load", "--no-neo4j"]));
    let expected: Vec<&str> = load.stderr.lines().skip(1).collect();
    assert!(told.len() > 4, "{told:#?}");
    assert_eq!(told, expected, "the same as a load says");
    let states: Vec<&Value> = checks
        .iter()
        .filter(|check| check["what"].as_str().unwrap().starts_with("permission"))
        .map(|check| &check["state"])
        .collect();
    assert_eq!(states, vec!["skipped"; tenant_sim::PERMISSIONS.len()]);
}

#[test]
fn a_file_of_certificates_that_holds_none_is_a_wrong_configuration() {
    let lab = lab();
    std::fs::write(lab.folder().join("none.pem"), "none").unwrap();
    let mut command = lab.binary();
    command.env("LINKTRAIL_ENDPOINTS_CA_FILE", "none.pem");
    let ran = run(command.args(["check", "--format", "json"]));
    let (lines, code) = found(&ran);
    assert_eq!(code, 2, "{ran:#?}");
    line(&lines, "configuration").says("failed", "[endpoints] ca_file none.pem", "");
    line(&lines, "provider otx").says("skipped", "ca_file", "");
}

/// Ctrl-C is heard while a service hangs.
#[cfg(unix)]
#[test]
fn a_check_is_interrupted() {
    let lab = lab();
    let hang = Fault::on(Service::Graph, "", Action::Hang).always();
    lab.tenant.script([hang]);
    let child = crate::run::start(lab.binary().arg("check"));
    let begun = std::time::Instant::now();
    while lab.tenant.unanswered() == 0 {
        assert!(begun.elapsed().as_secs() < 30, "Graph was never asked");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let interrupted = std::time::Instant::now();
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(sent.unwrap().success());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert!(interrupted.elapsed().as_secs() < 2);
    assert_eq!(ran.code, Some(130), "{ran:#?}");
    assert_eq!(ran.complaint(), "interrupted; nothing was written");
}

/// A service that hangs holds up neither the others nor the end.
#[test]
fn a_check_ends_when_services_hang() {
    let lab = lab();
    let hang = |service| Fault::on(service, "", Action::Hang).always();
    lab.tenant.script([Service::Graph, Service::Otx].map(hang));
    let begun = std::time::Instant::now();
    let (lines, code) = check(&lab);
    assert!(begun.elapsed().as_secs() < 25, "{:?}", begun.elapsed());
    assert_eq!(code, 3);
    for name in tenant_sim::PERMISSIONS {
        let line = line(&lines, &format!("permission {name}"));
        line.says(
            "failed",
            "no answer",
            "see that this machine reaches Microsoft Graph",
        );
    }
    line(&lines, "provider otx").says("failed", "no answer", "reaches OTX");
    line(&lines, "provider xforce").says("ok", "", "");
    line(&lines, "table DeviceEvents").says("ok", "", "");
}
