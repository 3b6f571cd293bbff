//! The clock, the folder of the cases, and Neo4j where there is none.

use chrono::{TimeDelta, Utc};
use tenant_sim::{Action, Fault, Service};

use super::{check, found, lab, line, wrong};
use crate::run::run;

/// From now on Entra's and Graph's clocks differ from this machine's.
fn shift_clock(lab: &crate::run::Lab, by: TimeDelta) {
    let date = (Utc::now() + by)
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    let answer = |status, body: &str| Action::Answer {
        status,
        headers: vec![
            ("content-type".into(), "application/json".into()),
            ("date".into(), date.clone()),
        ],
        body: body.into(),
    };
    let tenant = answer(
        200,
        r#"{"token_endpoint":"x","msgraph_host":"graph.microsoft.com"}"#,
    );
    let not_found = answer(404, r#"{"error":{"code":"NotFound","message":""}}"#);
    lab.tenant.script([
        Fault::on(Service::Login, "openid-configuration", tenant).always(),
        Fault::on(Service::Graph, "", not_found).always(),
    ]);
}

#[test]
fn a_clock_that_is_off_is_told() {
    for (by, detail) in [
        (TimeDelta::minutes(20), "20 minutes behind the services"),
        (TimeDelta::hours(-3), "3 hours ahead of the services"),
    ] {
        let lab = lab();
        shift_clock(&lab, by);
        let (lines, code) = check(&lab);
        assert_eq!(
            (wrong(&lines), code),
            (vec![("clock", "failed")], 3),
            "{lines:#?}"
        );
        line(&lines, "clock").says("failed", detail, "timedatectl set-ntp true");
    }
    let lab = lab();
    shift_clock(&lab, TimeDelta::seconds(20));
    let (lines, code) = check(&lab);
    assert_eq!((wrong(&lines), code), (vec![], 0), "{lines:#?}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_takes_no_writes_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let lab = lab();
    let cases = lab.folder().join("cases");
    std::fs::create_dir(&cases).unwrap();
    let mode = |mode| {
        std::fs::set_permissions(&cases, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o500);
    let mut command = lab.binary();
    command.args(["check", "--format", "json"]);
    let ran = run(&mut crate::load_resume::powerless(&command));
    mode(0o700);
    let (lines, code) = found(&ran);
    assert_eq!(
        (wrong(&lines), code),
        (vec![("case folder", "failed")], 1),
        "{lines:#?}"
    );
    line(&lines, "case folder").says(
        "failed",
        "it cannot be written (Permission denied",
        "make it writable",
    );
    let (lines, code) = check(&lab);
    assert_eq!((wrong(&lines), code), (vec![], 0), "{lines:#?}");
    mode(0o755);
    let (lines, code) = check(&lab);
    assert_eq!((wrong(&lines), code), (vec![], 0), "{lines:#?}");
    line(&lines, "case folder").says(
        "ok",
        "others on this machine see its names (mode 0755)",
        "chmod 700 cases",
    );
}

#[test]
fn a_file_in_the_place_of_the_folder() {
    let lab = lab();
    std::fs::write(lab.folder().join("cases"), "x").unwrap();
    let (lines, code) = check(&lab);
    assert_eq!(code, 1, "{lines:#?}");
    line(&lines, "case folder").says("failed", "that is no folder", "--case");
}

#[test]
fn a_neo4j_that_does_not_answer_ends_a_load() {
    let lab = lab();
    let mut command = lab.binary();
    command
        .env("LINKTRAIL_NEO4J_URI", "bolt://127.0.0.1:1")
        .env("LINKTRAIL_NEO4J_PASSWORD", "x")
        .args(["check", "--format", "json"]);
    let (lines, code) = found(&run(&mut command));
    assert_eq!(code, 1, "{lines:#?}");
    line(&lines, "neo4j server").says(
        "failed",
        "cannot connect to Neo4j at bolt://127.0.0.1:1",
        "start it, or set [neo4j] uri",
    );
    // Plain text beyond this machine is an error of the configuration, as it is for a load.
    let mut command = lab.binary();
    command
        .env("LINKTRAIL_NEO4J_URI", "bolt://192.0.2.1:7687")
        .env("LINKTRAIL_NEO4J_PASSWORD", "x")
        .args(["check", "--format", "json"]);
    let (lines, code) = found(&run(&mut command));
    assert_eq!(code, 2, "{lines:#?}");
    line(&lines, "configuration").says("failed", "in plain text", "");
    line(&lines, "neo4j server").says("skipped", "not complete", "");
}

/// Another service behind the port, which never speaks Bolt, does not hold the check up.
#[test]
fn a_neo4j_that_hangs_does_not_hold_the_check_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let lab = lab();
    let mut command = lab.binary();
    let uri = format!("bolt://{}", silent.local_addr().unwrap());
    command
        .env("LINKTRAIL_NEO4J_URI", uri)
        .env("LINKTRAIL_NEO4J_PASSWORD", "x")
        .args(["check", "--format", "json"]);
    let begun = std::time::Instant::now();
    let (lines, code) = found(&run(&mut command));
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
    assert_eq!(code, 1, "{lines:#?}");
    line(&lines, "neo4j server").says("failed", "no answer within 10 s", "");
}
