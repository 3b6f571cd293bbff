//! What an analyst names by hand, and what the configuration says is known to be missing.

use serde_json::Value;
use tenant_sim::{Options, World};

use crate::run::{Lab, gaps};

fn lab() -> Lab {
    Lab::new(World::small(), Options::default())
}

#[test]
fn a_url_that_nothing_knows_is_said_to_be_so() {
    let lab = lab();
    let arguments = [
        "--url",
        "hxxps://nobody-saw[.]example/x",
        "--url",
        "https://news.adatum.example/today",
    ];
    let result = lab.loaded(&lab.case("case"), &arguments, 0);
    let notes = gaps(&result, "notes");
    let unknown: Vec<&String> = notes
        .iter()
        .filter(|note| note.contains("named by hand"))
        .collect();
    assert_eq!(
        unknown,
        [
            "alerts log_analytics 1: hxxps://nobody-saw[.]example/x, which was named by hand, stands nowhere in what was read: in no message, click, warning, connection or alert, and no provider knows it"
        ]
    );
}

#[test]
fn what_cannot_be_meant_is_refused_before_the_first_request() {
    let lab = lab();
    for (arguments, complaint) in [
        (
            vec!["--malicious", "mailto:a@b.example"],
            "error: --malicious `mailto:a@b.example` is not a web url",
        ),
        (
            vec!["--benign", "two words"],
            "error: --benign `two words` is neither a web url nor a host",
        ),
        (
            vec![
                "--malicious",
                "https://evil.example/a",
                "--benign",
                "evil.example",
            ],
            "error: --malicious and --benign both name `https://evil.example/a`; leave one of them out",
        ),
    ] {
        let ran = lab.load(&lab.case("case"), &arguments);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert_eq!(ran.complaint(), complaint);
    }
    assert!(lab.tenant.requests().is_empty());
}

/// A lab without two tables, where the configuration accepts these absences.
fn without_tables(accepted: &str) -> Lab {
    let options = Options {
        absent_tables: vec!["DeviceEvents", "SecurityAlert"],
        ..Options::default()
    };
    Lab::with(
        World::small(),
        options,
        &format!("\n[gaps]\naccepted = {accepted}\n"),
    )
}

#[test]
fn an_accepted_absence_is_a_note() {
    let is_absence = |gap: &&String| gap.contains("table absent");
    for (accepted, code, left) in [
        (r#"["DeviceEvents"]"#, 3, 1),
        (r#"["deviceevents", "SecurityAlert"]"#, 0, 0),
        (r#"["log_analytics"]"#, 0, 0),
        (r#"["graph", "ThreatIntelIndicators"]"#, 3, 2),
    ] {
        let lab = without_tables(accepted);
        let result: Value = lab.loaded(&lab.case("case"), &[], code);
        let (gaps, notes) = (gaps(&result, "gaps"), gaps(&result, "notes"));
        assert_eq!(gaps.len(), left, "{accepted}: {gaps:#?}");
        let notes: Vec<&String> = notes.iter().filter(is_absence).collect();
        assert_eq!(notes.len(), 2 - left, "{accepted}: {notes:#?}");
        assert!(
            notes
                .iter()
                .all(|note| note.ends_with("; [gaps] accepted names it")),
            "{notes:#?}"
        );
    }
}

#[test]
fn what_is_broken_cannot_be_accepted() {
    use tenant_sim::{Action, Fault, Service};
    let lab = Lab::with(
        World::small(),
        Options::default(),
        "\n[gaps]\naccepted = [\"log_analytics\", \"graph\", \"otx\"]\n",
    );
    lab.tenant.script([
        Fault::on(Service::LogAnalytics, "SecurityAlert", Action::status(400)).always(),
        Fault::on(Service::Graph, "/joinedTeams", Action::status(400)).always(),
    ]);
    let result = lab.loaded(&lab.case("case"), &[], 3);
    assert_eq!(gaps(&result, "gaps").len(), 2, "{result:#}");
}

#[test]
fn a_name_that_nobody_knows_is_refused() {
    let lab = without_tables(r#"["DeviceEvent", "nothing"]"#);
    let ran = lab.load(&lab.case("case"), &[]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.stderr.contains("holds `DeviceEvent`, which is neither a table that linktrail reads nor a source; did you mean `DeviceEvents`?"), "{ran:#?}");
    assert!(ran.stderr.contains("holds `nothing`"), "{ran:#?}");
}
