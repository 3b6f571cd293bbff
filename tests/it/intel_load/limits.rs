//! Quotas, and providers that are down.

use chrono::{TimeDelta, Utc};

use super::{lab, replays_alike, states, verdicts};
use crate::run::{Ran, gaps, start};
use tenant_sim::{Action, Fault, Options, Service};

#[test]
fn a_quota_holds_across_cases_and_processes() {
    let today = || Utc::now().date_naive();
    // A quota is one of a day in UTC: when that ends in between, all begins anew.
    let (lab, cases, ran, before) = loop {
        let day = today();
        let lab = lab(
            Options::default(),
            "providers = [\"virustotal\"]\nlimits = [\"virustotal 60000/minute\", \"virustotal 7/day\"]",
        );
        let cases = ["one", "two", "three"].map(|name| lab.case(name));
        // Two at once, then a third.
        let children = [0, 1].map(|n| start(&mut lab.load_command(&cases[n], &[])));
        let [one, two] = children.map(|child| Ran::from(child.wait_with_output().unwrap()));
        let before = lab.tenant.received(Service::VirusTotal);
        let three = lab.load(&cases[2], &[]);
        if today() == day {
            break (lab, cases, [one, two, three], before);
        }
    };
    for ran in &ran {
        assert_eq!(ran.code, Some(3), "{ran:#?}");
    }
    let asked = || lab.tenant.received(Service::VirusTotal);
    assert_eq!(before, 7);
    // The third is refused at once, and says so.
    assert_eq!(asked(), 7);
    let (third, result) = (&cases[2], ran[2].json());
    let verdicts = verdicts(third, "virustotal");
    let states = states(&verdicts);
    assert_eq!(states.keys().collect::<Vec<_>>(), ["rate_limited"]);
    for verdict in verdicts
        .values()
        .filter(|verdict| verdict["state"] == "rate_limited")
    {
        assert!(!verdict.contains_key("severity"), "{verdict:?}");
    }
    assert_eq!(
        gaps(&result, "gaps"),
        [format!(
            "intel virustotal {}: the quota of 7 requests a day is used up; run again in the next day (UTC), or tell [intel] limits what the key allows",
            states["rate_limited"]
        )]
    );
    for case in &cases {
        replays_alike(&lab, case, 3);
    }
    // The next day has begun: only what is missing is asked.
    std::fs::remove_dir_all(lab.folder().join(".local")).unwrap();
    lab.edit_config(|config| config.replace("7/day", "100/day"));
    let all = lab.loaded(third, &[], 0)["nodes"]["Url"].as_u64().unwrap();
    let internal = super::withheld(third).len() as u64;
    assert_eq!(asked() as u64, 7 + all - internal);
    lab.loaded(third, &[], 0);
    assert_eq!(asked() as u64, 7 + all - internal);
    replays_alike(&lab, third, 0);
}

#[test]
fn a_free_key_of_virustotal_is_never_asked_too_often() {
    // A minute of the tenant's limits passes in a second, and the key's limit is told in the same measure.
    let options = Options {
        throttle: Some(60.0),
        ..Options::default()
    };
    let lab = lab(
        options,
        "providers = [\"virustotal\"]\nlimits = [\"virustotal 4/second\"]",
    );
    let world = lab.tenant.world();
    // A window in which nothing happened: what is asked is what is named.
    let to = world.from() - TimeDelta::days(1);
    let load = |arguments: &[&str]| {
        let mut command = lab.binary();
        command.args(["load", "--no-neo4j", "--format", "json", "--case", "case"]);
        command.args(["--from", &(to - TimeDelta::hours(1)).to_rfc3339()]);
        command.args(["--to", &to.to_rfc3339()]);
        for n in 0..6 {
            command.args(["--url", &format!("https://never-seen.example/{n}")]);
        }
        let ran = crate::run::run(command.args(arguments));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        ran.json()
    };
    load(&[]);
    // It knows none of them, and so is asked once about a url that it has to know.
    assert_eq!(lab.tenant.received(Service::VirusTotal), 7);
    lab.tenant.assert_clean();
    // Nothing told, it is four in any minute: one at once, and one more every 20 seconds. What `Rate::minute(4)` lets
    // through is tested beside it, on a clock that the test moves.
    std::fs::remove_dir_all(lab.folder().join("case")).unwrap();
    lab.edit_config(|config| config.replace("limits = [\"virustotal 4/second\"]", ""));
    let plan = load(&["--plan"]);
    let providers = plan["providers"].as_array().unwrap();
    assert_eq!(providers[0]["rates"][0], "4/minute", "{plan:#}");
    assert_eq!(providers[0]["seconds_at_least"], 100.0, "{plan:#}");
    assert_eq!(lab.tenant.received(Service::VirusTotal), 7);
}

#[test]
fn counts_that_cannot_be_kept_are_a_warning() {
    let lab = lab(
        Options::default(),
        "providers = [\"virustotal\"]\nlimits = [\"virustotal 60000/minute\", \"virustotal 500/day\"]",
    );
    std::fs::create_dir_all(lab.folder().join(".local")).unwrap();
    std::fs::write(lab.folder().join(".local/state"), "in the way").unwrap();
    let ran = lab.load(&lab.case("case"), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let warnings = ran
        .stderr
        .matches("quotas of providers are counted for this run alone");
    assert_eq!(warnings.count(), 1, "{}", ran.stderr);
}

#[test]
fn a_provider_that_hangs_is_left_alone_soon_and_the_others_go_on() {
    let lab = lab(Options::default(), "providers = [\"urlhaus\", \"otx\"]");
    lab.tenant
        .script([Fault::on(Service::UrlHaus, "POST", Action::Hang).always()]);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 3);
    let first = |service| lab.tenant.requests_to(service)[0].at;
    let waited = first(Service::Otx) - first(Service::UrlHaus);
    assert!(waited < TimeDelta::seconds(10), "otx waited for {waited}");
    // Each of these costs the time that a request may take, so few of them are soon.
    assert!(lab.tenant.received(Service::UrlHaus) <= 8);
    let urlhaus = verdicts(&case, "urlhaus");
    let states = states(&urlhaus);
    assert_eq!(states.keys().collect::<Vec<_>>(), ["unavailable"]);
    let found = gaps(&result, "gaps");
    let left: Vec<_> = found
        .iter()
        .filter(|gap| gap.contains("URLhaus gave no answer for 5 s (no answer: no answer in time"))
        .collect();
    // One for each stage that asks.
    assert!((1..=2).contains(&left.len()), "{found:?}");
    assert!(
        found.iter().all(|gap| gap.contains(" urlhaus ")),
        "{found:?}"
    );
    // What OTX says is all there.
    assert!(super::states(&verdicts(&case, "otx"))["hit"] > 1);
    replays_alike(&lab, &case, 3);
    // It is back.
    lab.tenant.clear_script();
    lab.loaded(&case, &[], 0);
    replays_alike(&lab, &case, 0);
}

#[test]
fn answers_in_spite_of_a_provider_that_went_away_are_used() {
    // The first urls are answered, later ones are not; then all but the last are.
    let lab = lab(Options::default(), "providers = [\"otx\"]");
    lab.tenant
        .script([Fault::on(Service::Otx, "GET", Action::status(403))
            .at(5)
            .always()]);
    let case = lab.case("case");
    lab.loaded(&case, &[], 3);
    let before = states(&verdicts(&case, "otx"));
    assert!(before["unavailable"] > 4, "{before:?}");
    replays_alike(&lab, &case, 3);
    lab.tenant.clear_script();
    lab.tenant
        .script([Fault::on(Service::Otx, "GET", Action::status(403))
            .at(4)
            .times(4)]);
    lab.loaded(&case, &[], 3);
    let after = states(&verdicts(&case, "otx"));
    assert!(
        after["unavailable"] < before["unavailable"],
        "{before:?} {after:?}"
    );
    replays_alike(&lab, &case, 3);
}

#[test]
fn urls_that_a_provider_takes_for_none_do_not_close_it() {
    for (service, name, status, body) in [
        (
            Service::UrlHaus,
            "urlhaus",
            200,
            "{\"query_status\":\"invalid_url\"}",
        ),
        (Service::Otx, "otx", 400, "{\"detail\":\"malformed\"}"),
        (Service::Otx, "otx", 414, "too long"),
    ] {
        let lab = lab(Options::default(), &format!("providers = [\"{name}\"]"));
        let action = Action::Answer {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        };
        lab.tenant.script([Fault::on(service, "", action).times(6)]);
        let case = lab.case("case");
        lab.loaded(&case, &[], 3);
        let states = states(&verdicts(&case, name));
        assert_eq!(states["unavailable"], 6, "{states:?}");
        assert!(states["not_found"] > 1, "{states:?}");
        replays_alike(&lab, &case, 3);
    }
}

#[test]
fn a_page_in_place_of_every_answer_closes_a_provider() {
    let lab = lab(Options::default(), "providers = [\"otx\"]");
    lab.tenant
        .script([Fault::on(Service::Otx, "GET", Action::Html).always()]);
    let case = lab.case("case");
    lab.loaded(&case, &[], 3);
    assert!(lab.tenant.received(Service::Otx) <= 14);
    let states = states(&verdicts(&case, "otx"));
    assert_eq!(states.keys().collect::<Vec<_>>(), ["unavailable"]);
    replays_alike(&lab, &case, 3);
    // A page is no answer that a case keeps to.
    lab.tenant.clear_script();
    lab.loaded(&case, &[], 0);
    assert!(super::states(&verdicts(&case, "otx"))["hit"] > 1);
    replays_alike(&lab, &case, 0);
}
