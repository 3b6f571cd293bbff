//! The text for people, in a terminal of 80 columns.

use std::os::unix::fs::PermissionsExt;

use tenant_sim::{Action, Fault, Options, Service};

use super::{TABLES, fill_logs, lab, lab_with};
use crate::run::{Ran, run};

/// The text, without what differs from run to run: the folder and its free space.
fn text(ran: &Ran) -> String {
    let mut lines = Vec::new();
    let mut skip = false;
    for line in ran.stdout.lines() {
        let begins = line.len() > 11 && line.starts_with("  ") && !line.starts_with("   ");
        skip = skip && !begins && !line.is_empty() && line.starts_with("   ");
        if line.contains(" case folder ") {
            lines.push(format!(
                "{}…",
                &line[..line.find("folder").unwrap() + "folder ".len()]
            ));
            skip = true;
        } else if !skip {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

#[test]
fn a_healthy_tenant() {
    let lab = lab();
    let ran = run(lab.binary().args(["check", "--color", "never"]));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    insta::assert_snapshot!(text(&ran));
}

#[test]
fn a_tenant_in_which_much_is_missing() {
    let lab = lab_with(Options {
        withheld: vec!["ChannelMessage.Read.All", "Chat.Read.All", "User.Read.All"],
        ..Options::default()
    });
    lab.tenant.clear_script();
    let others: Vec<&str> = TABLES
        .into_iter()
        .filter(|table| !["UrlClickEvents", "MessageEvents"].contains(table))
        .collect();
    fill_logs(&lab, &others);
    lab.tenant
        .script([Fault::on(Service::Otx, "", Action::status(403)).always()]);
    lab.edit_config(|config| {
        format!("{config}\n[gaps]\naccepted = [\"MessageEvents\"]\n")
            .replace("\"xforce\"]", "\"xforce\", \"urlhaus\"]")
    });
    let cases = lab.folder().join("cases");
    std::fs::create_dir(&cases).unwrap();
    std::fs::set_permissions(&cases, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = lab.binary();
    command
        .env("LINKTRAIL_NEO4J_URI", "bolt://127.0.0.1:1")
        .env("LINKTRAIL_NEO4J_PASSWORD", "x")
        .args(["check", "--color", "never"]);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    insta::assert_snapshot!(text(&ran));
}

#[test]
fn a_workspace_without_access_and_no_neo4j() {
    let lab = lab_with(Options {
        no_workspace_access: true,
        ..Options::default()
    });
    lab.tenant.clear_script();
    let ran = run(lab.binary().args(["check", "--color", "never"]));
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    insta::assert_snapshot!(text(&ran));
}

#[test]
fn the_text_fits_into_80_columns() {
    let lab = lab_with(Options {
        withheld: tenant_sim::PERMISSIONS.to_vec(),
        no_workspace_access: true,
        ..Options::default()
    });
    lab.tenant.clear_script();
    let ran = run(lab.binary().args(["check", "--color", "never"]));
    for line in ran.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    // The commands are those of the JSON form, broken as a shell takes them.
    let joined = ran.stdout.replace(" \\\n      ", " ");
    assert!(
        joined.contains("az ad app permission admin-consent --id"),
        "{joined}"
    );
    assert_eq!(joined.matches("az ad app permission add").count(), 1);
}

#[test]
fn colours_are_for_terminals_and_on_demand() {
    let lab = lab();
    let plain = run(lab.binary().arg("check"));
    assert!(!plain.stdout.contains('\u{1b}'), "{plain:#?}");
    let coloured = run(lab.binary().args(["check", "--color", "always"]));
    assert!(coloured.stdout.contains("\u{1b}[32mok"), "{coloured:#?}");
    let json = run(lab
        .binary()
        .args(["check", "--color", "always", "--format", "json"]));
    assert!(!json.stdout.contains('\u{1b}'), "{json:#?}");
}

#[test]
fn nobody_signs_in() {
    let lab = lab();
    let mut command = lab.binary();
    command
        .env("LINKTRAIL_CLIENT_SECRET", "of-another-application")
        .args(["check", "--color", "never"]);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    insta::assert_snapshot!(text(&ran));
}
