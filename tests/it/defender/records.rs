//! What a case holds of advanced hunting: its records, where its logs end, what it is resumed with.

use super::*;
use crate::intel_load::replays_alike;
use crate::run::{gaps, run};
use chrono::TimeDelta;
use linktrail::case::Case;
use tenant_sim::{Action, Fault, Service};

#[tokio::test]
async fn all_that_came_from_advanced_hunting_leads_to_a_part_of_a_record() {
    let lab = lab(world(), Options::default(), hunting_only);
    lab.edit_config(|config| {
        config.replacen(
            "providers = [\"otx\"",
            "providers = [\"sentinel\", \"otx\"",
            1,
        )
    });
    let folder = lab.case("case");
    lab.loaded(&folder, &["--chats-of", "all", "--pivot-on", "all"], 0);
    let case = Case::read(&folder).expect("a case");
    let unrecorded = crate::evidence::unrecorded(&case).await;
    let known = |text: &&String| text.starts_with("Case:") || text.contains("nothing was sent: ");
    assert!(
        unrecorded.iter().all(|text| known(&text)),
        "{unrecorded:#?}"
    );
    drop(case);
    // An analyst reads the evidence of an alert as rows, without the annotations of their types.
    let graph = GraphFile::read(&folder);
    let mut alerts = graph.nodes.keys().filter(|(label, _)| label == "Alert");
    let (_, alert) = alerts.next().expect("an alert");
    let mut command = lab.binary();
    command.args(["evidence", alert, "--case"]).arg(&folder);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for text in [
        "query kql/alerts_defender.kql",
        "rows speak of it",
        "hunting",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {ran:#?}");
    }
    assert!(!ran.stdout.contains("@odata"), "{ran:#?}");
}

#[test]
fn a_load_that_was_cut_short_goes_on_where_it_was() {
    let lab = lab(world(), Options::default(), hunting_only);
    let case = lab.case("case");
    lab.tenant.script([Fault::on(
        Service::Graph,
        "UrlClickEvents",
        Action::refused(403, "Forbidden", "Missing application roles. API required roles: ThreatHunting.Read.All, application roles: User.Read.All"),
    )
    .always()]);
    let result = lab.loaded(&case, &[], 3);
    assert_eq!(gaps(&result, "gaps").len(), 2, "{result:#}");
    replays_alike(&lab, &case, 3);
    lab.tenant.clear_script();
    lab.tenant.clear_requests();
    lab.loaded(&case, &[], 0);
    let asked = lab.tenant.requests();
    let asked: Vec<_> = asked
        .iter()
        .filter_map(|asked| asked.query.as_deref())
        .collect();
    assert_eq!(asked, ["url_clicks", "clicks_on"]);
    replays_alike(&lab, &case, 0);
}

#[test]
fn where_a_log_begins_in_advanced_hunting_is_a_note() {
    let lab = lab(world(), Options::default(), hunting_only);
    let case = lab.case("case");
    let world = lab.tenant.world();
    lab.tenant
        .begin_log("DeviceEvents", world.from() + TimeDelta::days(10));
    lab.tenant
        .end_log("UrlClickEvents", world.anchor - TimeDelta::days(2));
    let result = lab.loaded(&case, &[], 0);
    let notes = gaps(&result, "notes");
    for note in [
        "seeds hunting 1: DeviceEvents begins at 2026-10-11T00:00:00Z, and is asked for events from 2026-10-01T00:00:00Z on; earlier ones are missing; advanced hunting keeps its tables for 30 days",
        "seeds hunting 1: UrlClickEvents ends at 2026-10-28T23:59:59Z, and is asked for events up to 2026-10-31T00:00:00Z; later ones may not have arrived",
    ] {
        assert!(notes.iter().any(|found| found == note), "{notes:#?}");
    }
    let ends = log_ends(&case);
    let end = "DeviceEvents|2026-10-11T00:00:00Z|2026-10-31T00:59:59Z|2026-10-01T00:00:00Z|2026-10-31T00:00:00Z|hunting";
    assert!(ends.iter().any(|found| found == end), "{ends:#?}");
}

#[test]
fn a_case_keeps_the_places_that_it_was_made_with() {
    let lab = Lab::new(world(), Options::default());
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    let manifest = std::fs::read_to_string(case.join("case.json")).unwrap();
    assert!(!manifest.contains("hunting"), "{manifest}");
    // With advanced hunting beside it the case stays as it is.
    lab.edit_config(both);
    lab.tenant.clear_requests();
    lab.loaded(&case, &[], 0);
    assert_eq!(lab.tenant.requests().len(), 0);
    // A case of both is not gone on with when one of them may not be asked any more.
    let other = lab.case("both");
    lab.loaded(&other, &[], 0);
    for (setting, change) in [
        ("[defender] hunting", "hunting = true\n"),
        ("[sentinel] workspace_id", "workspace_id = "),
    ] {
        let kept = std::fs::read_to_string(lab.config()).unwrap();
        lab.edit_config(|config| match setting.starts_with("[defender]") {
            true => config.replacen(change, "", 1),
            false => config.replacen(change, "# workspace_id = ", 1),
        });
        let ran = lab.load(&other, &[]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.complaint().contains(setting), "{ran:#?}");
        lab.edit_config(|_| kept);
    }
}

#[test]
fn a_plan_counts_the_calls_of_advanced_hunting() {
    for (config, hunted) in [
        (hunting_only as fn(String) -> String, 6),
        (both, 0),
        (Into::into, 0),
    ] {
        let lab = lab(world(), Options::default(), config);
        let case = lab.case("case");
        let plan = lab.loaded(&case, &["--plan"], 0);
        assert_eq!(plan["queries"]["hunting"], hunted, "{plan:#}");
        assert_eq!(plan["queries"]["spread"], 2);
        assert_eq!(plan["queries"]["hosts"], 3);
    }
    let lab = lab(world(), unconnected(), both);
    for table in ["DeviceNetworkEvents", "SecurityAlert"] {
        lab.tenant.remove_table(table);
    }
    let plan = lab.loaded(&lab.case("case"), &["--plan"], 0);
    assert_eq!(plan["queries"]["hunting"], 2, "{plan:#}");
    assert!(sent(&plan, "hunting") > 0);
    let mut command = lab.binary();
    command
        .args(["load", "--no-neo4j", "--plan", "--case"])
        .arg(lab.case("case"));
    let ran = run(&mut command);
    for line in [
        "Queries to the workspace and advanced hunting, inside the tenant: about 2 on messages that hold the urls, about 3 on hosts and clicks, about 1 on alerts",
        "2 of them are calls of advanced hunting, which allows 45 a minute to everybody in the tenant",
    ] {
        assert!(ran.stdout.contains(line), "{ran:#?}");
    }
}

/// A load within the published limits: the tenant refuses the 46th call of a minute.
#[test]
fn a_load_keeps_to_the_calls_of_a_minute() {
    let options = Options {
        throttle: Some(1.0),
        ..Options::default()
    };
    let lab = lab(world(), options, hunting_only);
    let result = lab.loaded(&lab.case("case"), &[], 0);
    assert_eq!(result["requests"]["hunting"]["retried"], 0);
}
