//! Loads with every provider: what is sent to whom, what becomes of quotas and of providers that are down, and what
//! later cases take from earlier ones.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

mod run;
mod tenant;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use run::graph::GraphFile;
use run::{Lab, Ran, gaps, run, start};
use serde_json::{Map, Value};
use tenant::service::decode;
use tenant::{Action, Exchange, Fault, Options, Query, Service, World};

const SERVICES: [Service; 4] = [
    Service::Otx,
    Service::XForce,
    Service::UrlHaus,
    Service::VirusTotal,
];
const FAST: &str = "limits = [\"virustotal 60000/minute\", \"urlhaus 60000/minute\"]";

/// A tenant, and a configuration with these lines under `[intel]`.
fn lab(options: Options, intel: &str) -> Lab {
    let lab = Lab::new(World::small(), options);
    lab.edit_config(|config| config.replacen("providers = [\"otx\", \"xforce\"]", intel, 1));
    lab
}

fn everybody() -> String {
    format!("providers = [\"otx\", \"xforce\", \"sentinel\", \"urlhaus\", \"virustotal\"]\n{FAST}")
}

fn replay(lab: &Lab, case: &Path) -> Ran {
    let mut command = lab.binary();
    command.args([
        "load",
        "--replay",
        "--no-neo4j",
        "--format",
        "json",
        "--case",
    ]);
    run(command.arg(case))
}

/// A replay asks nobody and gives the same graph, byte for byte.
fn replays_alike(lab: &Lab, case: &Path, code: i32) {
    let graph = || std::fs::read(case.join("graph.jsonl")).unwrap();
    let before = graph();
    let seen = lab.tenant.requests().len();
    std::fs::remove_file(case.join("graph.jsonl")).unwrap();
    let ran = replay(lab, case);
    assert_eq!(ran.code, Some(code), "{ran:#?}");
    let after = graph();
    let mut pairs = before
        .split(|b| *b == b'\n')
        .zip(after.split(|b| *b == b'\n'));
    if let Some((before, after)) = pairs.find(|(before, after)| before != after) {
        let text = String::from_utf8_lossy;
        panic!("another graph:\n{}\n{}", text(before), text(after));
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(lab.tenant.requests().len(), seen, "somebody was asked");
}

/// Verdicts of a provider, by url.
fn verdicts(case: &Path, provider: &str) -> BTreeMap<String, Map<String, Value>> {
    let nodes = GraphFile::read(case).nodes;
    let verdicts = nodes.into_iter().filter_map(|((label, id), properties)| {
        let url = id.strip_prefix(&format!("{provider}|"))?.to_owned();
        (label == "Verdict").then_some((url, properties))
    });
    verdicts.collect()
}

fn states(verdicts: &BTreeMap<String, Map<String, Value>>) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for verdict in verdicts.values() {
        *states
            .entry(verdict["state"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    states
}

fn assert_whole(result: &Value) {
    let world = World::small();
    let summary = world.truth(&Query::of(&world)).summary.to_json();
    assert_eq!(result["summary"], summary);
}

/// The string that a request asked about.
fn asked(request: &Exchange) -> String {
    let (path, _) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    match request.service {
        Service::UrlHaus => decode(request.body.strip_prefix("url=").unwrap(), true).unwrap(),
        Service::VirusTotal => {
            let id = path.strip_prefix("/api/v3/urls/").unwrap();
            String::from_utf8(URL_SAFE_NO_PAD.decode(id).unwrap()).unwrap()
        }
        _ => {
            let (_, encoded) = path.split_once("url/").unwrap();
            decode(encoded.strip_suffix("/general").unwrap_or(encoded), false).unwrap()
        }
    }
}

#[test]
fn all_providers_together_say_what_each_of_them_says() {
    let lab = lab(Options::default(), &everybody());
    let case = lab.case("case");
    assert_whole(&lab.loaded(&case, &[], 0));
    lab.tenant.assert_clean();
    for (provider, wanted) in [
        ("sentinel", &["hit", "not_found"][..]),
        ("urlhaus", &["hit", "not_found", "skipped"]),
        ("virustotal", &["clean", "hit", "skipped"]),
    ] {
        let verdicts = verdicts(&case, provider);
        let states = states(&verdicts);
        assert_eq!(
            states.keys().collect::<Vec<_>>(),
            wanted,
            "{provider}: {states:?}"
        );
        for (url, verdict) in verdicts
            .iter()
            .filter(|(_, verdict)| verdict["state"] != "skipped")
        {
            assert!(
                verdict["evidence_count"].as_u64() >= Some(1),
                "{provider} {url}: {verdict:?}"
            );
            assert!(
                verdict.contains_key("checked"),
                "{provider} {url}: {verdict:?}"
            );
        }
    }
    // Beside what is documented, no header is sent.
    for (service, own) in SERVICES.into_iter().zip([
        &["x-otx-api-key"][..],
        &["authorization"],
        &["auth-key", "content-length", "content-type"],
        &["x-apikey"],
    ]) {
        let mut wanted = vec!["accept", "accept-encoding", "host", "user-agent"];
        wanted.extend(own);
        wanted.sort_unstable();
        for request in lab.tenant.requests_to(service) {
            let names: Vec<&str> = request.headers.keys().map(String::as_str).collect();
            assert_eq!(names, wanted, "{service}");
            assert_eq!(request.body.is_empty(), service != Service::UrlHaus);
        }
    }
    // The workspace is the tenant's own: internal urls are looked up there, whole, and nowhere else.
    for (url, verdict) in verdicts(&case, "virustotal") {
        if verdict["state"] == "skipped" {
            assert_eq!(
                verdicts(&case, "sentinel")[&url]["state"],
                "not_found",
                "{url}"
            );
        }
    }
    replays_alike(&lab, &case, 0);
}

#[test]
fn nothing_private_leaves_whoever_is_asked() {
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJWRVJZU0VDUkVUIn0.VERYSECRET";
    let links = [
        "https://hr.contoso.com/VERYSECRET",
        "http://intranet/VERYSECRET",
        "http://10.20.30.40/VERYSECRET",
        "http://[fd00::7]/VERYSECRET",
        "http://server.corp/VERYSECRET",
        "https://bob:VERYSECRET@seeds.example/user",
        "https://seeds.example/?mail=VERYSECRET@contoso.com&n=1",
        "https://seeds.example/#VERYSECRET%40contoso.com",
        "https://seeds.example/blob?sv=2024-11-04&se=VERYSECRET&sp=r&sig=VERYSECRET%3D",
        "https://seeds.example/cb?code=VERYSECRET&state=1",
        "https://seeds.example/cb#access_token=VERYSECRET&id_token=VERYSECRET",
        "https://seeds.example/reset?user_password=VERYSECRET;api_key=VERYSECRET",
        "https://seeds.example/go?to=https%3A%2F%2Fwiki.contoso.com%2FVERYSECRET",
        "https://seeds.example/go?to=https%3A%2F%2Ffine.example%2F%3Ftoken%3DVERYSECRET",
        "https://seeds.example/go?to=https%3A%2F%2Fshop.partner.example%2FVERYSECRET",
        "https://shop.partner.example/VERYSECRET",
        "https://seeds.example/orders/VERYSECRET/7",
        &format!("https://seeds.example/v/{token}"),
        &format!("https://seeds.example/?t={token}"),
        &format!(
            "https://seeds.example/?d={}",
            URL_SAFE_NO_PAD.encode("https://fine.example/?token=VERYSECRET")
        ),
    ];
    for send_query in [false, true] {
        let intel = format!(
            "{}\nsend_query = {send_query}\ncache_age = \"1d\"\nnever_send = [\"*.partner.example\", \"*/orders/*\"]",
            everybody()
        );
        let lab = lab(Options::default(), &intel);
        let case = lab.case("case");
        let mut arguments = Vec::new();
        for link in &links {
            // With `send_query`, addresses are what is asked to be sent.
            if !(send_query && (link.contains("mail=") || link.contains("%40"))) {
                arguments.extend(["--url", link]);
            }
        }
        lab.loaded(&case, &arguments, 0);
        let mut told = 0;
        for request in lab.tenant.requests() {
            if !SERVICES.contains(&request.service) {
                continue;
            }
            let asked = asked(&request);
            told += usize::from(asked.contains("seeds.example"));
            if send_query && asked.contains("victim@contoso.com") {
                // The one address that stands in a message of this world.
                continue;
            }
            let mut forms = vec![asked.clone(), request.target.clone(), request.body.clone()];
            // However it is encoded.
            for part in asked.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))) {
                let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
                forms.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            for form in &forms {
                let plain = decode(form, true).unwrap_or_default();
                for text in [form, &plain] {
                    for never in [
                        "VERYSECRET",
                        "bob",
                        "contoso.com",
                        "intranet",
                        "10.20.30.40",
                        "fd00::7",
                        "server.corp",
                        "partner.example",
                    ] {
                        assert!(!text.contains(never), "{request:#?}");
                    }
                }
            }
        }
        assert!(told >= 4 * 8, "asked about {told} of them");
        if !send_query {
            lab.tenant.assert_clean();
        }
        // Neither what a verdict says was sent, nor what is kept for later cases, says more.
        for provider in ["otx", "xforce", "urlhaus", "virustotal"] {
            for (url, verdict) in verdicts(&case, provider) {
                let sent = verdict.get("asked").map(|asked| asked.as_str().unwrap());
                assert!(
                    !sent.is_some_and(|sent| sent.contains("VERYSECRET")),
                    "{url}: {sent:?}"
                );
                if url.contains("VERYSECRET") {
                    assert!(
                        sent.is_some() || verdict["state"] == "skipped",
                        "{url}: {verdict:?}"
                    );
                }
            }
        }
        let kept = run::files(&lab.folder().join(".cache"));
        assert!(kept.len() > 40, "{}", kept.len());
        for file in kept {
            let text = std::fs::read_to_string(&file).unwrap();
            for never in [
                "VERYSECRET",
                "wiki.contoso.com",
                "partner.example",
                "-key-",
                "0tx-",
            ] {
                assert!(!text.contains(never), "{text}");
            }
        }
        replays_alike(&lab, &case, 0);
    }
}

#[test]
fn an_older_workspace_answers_from_its_older_table() {
    let options = Options {
        absent_tables: vec!["ThreatIntelIndicators"],
        ..Options::default()
    };
    let lab = lab(options, "providers = [\"sentinel\"]");
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    lab.tenant.assert_clean();
    assert!(states(&verdicts(&case, "sentinel"))["hit"] > 1);
    let queries: Vec<_> = lab
        .tenant
        .requests()
        .into_iter()
        .filter_map(|request| request.query)
        .collect();
    assert!(
        queries.contains(&"threat_indicators_legacy".to_owned()),
        "{queries:?}"
    );
    replays_alike(&lab, &case, 0);
}

#[test]
fn a_workspace_without_indicators_is_one_gap_and_no_clean_verdict() {
    let options = Options {
        absent_tables: vec!["ThreatIntelIndicators", "ThreatIntelligenceIndicator"],
        ..Options::default()
    };
    let lab = lab(options, "providers = [\"sentinel\"]");
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 3);
    let found = gaps(&result, "gaps");
    let verdicts = verdicts(&case, "sentinel");
    assert_eq!(
        states(&verdicts).keys().collect::<Vec<_>>(),
        ["unavailable"]
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0],
        format!(
            "intel log_analytics {}: table absent: ThreatIntelIndicators and ThreatIntelligenceIndicator; connect its data source to the workspace",
            verdicts.len()
        )
    );
    replays_alike(&lab, &case, 3);
}

#[test]
fn a_workspace_that_refuses_is_no_clean_verdict() {
    for action in [
        Action::status(403),
        Action::status(404),
        Action::Html,
        Action::HalfJson,
    ] {
        let lab = lab(Options::default(), "providers = [\"sentinel\"]");
        lab.tenant
            .script([Fault::on(Service::LogAnalytics, "ThreatIntelIndicators", action).always()]);
        let case = lab.case("case");
        let result = lab.loaded(&case, &[], 3);
        assert_eq!(gaps(&result, "gaps").len(), 1, "{result:#}");
        assert_eq!(
            states(&verdicts(&case, "sentinel"))
                .keys()
                .collect::<Vec<_>>(),
            ["unavailable"]
        );
        assert_eq!(result["summary"]["risky_urls"], 0);
    }
}

#[test]
fn a_quota_holds_across_cases_and_processes() {
    let lab = lab(
        Options::default(),
        "providers = [\"virustotal\"]\nlimits = [\"virustotal 60000/minute\", \"virustotal 7/day\"]",
    );
    let asked = || lab.tenant.received(Service::VirusTotal);
    // Two at once.
    let cases = [lab.case("one"), lab.case("two")];
    let children = cases
        .each_ref()
        .map(|case| start(&mut lab.load_command(case, &[])));
    for child in children {
        let ran: Ran = child.wait_with_output().unwrap().into();
        assert_eq!(ran.code, Some(3), "{ran:#?}");
    }
    assert_eq!(asked(), 7);
    // A third is refused at once, and says so.
    let third = lab.case("three");
    let result = lab.loaded(&third, &[], 3);
    assert_eq!(asked(), 7);
    let verdicts = verdicts(&third, "virustotal");
    let states = states(&verdicts);
    assert_eq!(
        states.keys().collect::<Vec<_>>(),
        ["rate_limited", "skipped"]
    );
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
    for case in cases.iter().chain([&third]) {
        replays_alike(&lab, case, 3);
    }
    // The next day has begun: only what is missing is asked.
    std::fs::remove_dir_all(lab.folder().join(".local")).unwrap();
    lab.edit_config(|config| config.replace("7/day", "100/day"));
    let all = lab.loaded(&third, &[], 0)["nodes"]["Url"].as_u64().unwrap();
    let internal = self::states(&self::verdicts(&third, "virustotal"))["skipped"] as u64;
    assert_eq!(asked() as u64, 7 + all - internal);
    lab.loaded(&third, &[], 0);
    assert_eq!(asked() as u64, 7 + all - internal);
    replays_alike(&lab, &third, 0);
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
    let began = Instant::now();
    let result = lab.loaded(&case, &[], 3);
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    assert!(lab.tenant.received(Service::UrlHaus) <= 8);
    let urlhaus = verdicts(&case, "urlhaus");
    let states = states(&urlhaus);
    assert_eq!(
        states.keys().collect::<Vec<_>>(),
        ["skipped", "unavailable"]
    );
    let found = gaps(&result, "gaps");
    let left: Vec<_> = found
        .iter()
        .filter(|gap| gap.contains("not asked: 4 answers in a row were none"))
        .collect();
    // One for each stage that asks.
    assert!((1..=2).contains(&left.len()), "{found:?}");
    assert!(
        found.iter().all(|gap| gap.contains(" urlhaus ")),
        "{found:?}"
    );
    // What OTX says is all there.
    assert!(self::states(&verdicts(&case, "otx"))["hit"] > 1);
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

fn cache(lab: &Lab) -> Vec<PathBuf> {
    run::files(&lab.folder().join(".cache/linktrail/verdicts"))
}

#[test]
fn a_later_case_takes_answers_from_an_earlier_one() {
    let lab = lab(
        Options::default(),
        "providers = [\"otx\", \"xforce\"]\ncache_age = \"1h\"",
    );
    // One answer is none, and must not be kept.
    lab.tenant.script([Fault::on(
        Service::Otx,
        "micros0ft-verify.example%2Fmfa",
        Action::status(403),
    )]);
    let first = lab.case("first");
    lab.loaded(&first, &[], 3);
    let (otx, xforce) = (
        lab.tenant.received(Service::Otx),
        lab.tenant.received(Service::XForce),
    );
    assert_eq!(cache(&lab).len(), otx + xforce - 1);

    lab.tenant.clear_requests();
    let second = lab.case("second");
    let result = lab.loaded(&second, &[], 0);
    assert_whole(&result);
    assert_eq!(lab.tenant.received(Service::Otx), 1);
    assert_eq!(lab.tenant.received(Service::XForce), 0);
    assert_eq!(result["requests"]["xforce"]["replayed"], xforce);
    // A verdict says when it was given, and its record that it came from elsewhere.
    let (old, new) = (verdicts(&first, "xforce"), verdicts(&second, "xforce"));
    assert_eq!(old.len(), new.len());
    for (url, verdict) in &new {
        assert_eq!(verdict.get("checked"), old[url].get("checked"), "{url}");
        assert_eq!(verdict.get("severity"), old[url].get("severity"), "{url}");
    }
    let records = run::journal::records(&second);
    let adopted = records.values().filter(|record| {
        record["source"] == "xforce" && record["headers"]["linktrail-from-cache"].is_string()
    });
    assert_eq!(adopted.count(), xforce);
    // A replay needs no cache.
    std::fs::remove_dir_all(lab.folder().join(".cache")).unwrap();
    replays_alike(&lab, &second, 0);
}

#[test]
fn a_cache_full_of_rubbish_breaks_nothing() {
    let lab = lab(
        Options::default(),
        "providers = [\"otx\"]\ncache_age = \"1h\"",
    );
    lab.loaded(&lab.case("first"), &[], 0);
    let all = lab.tenant.received(Service::Otx);
    let files = cache(&lab);
    for (at, file) in files.iter().enumerate() {
        let text = std::fs::read_to_string(file).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        match at % 5 {
            0 => std::fs::write(file, &text[..text.len() / 2]).unwrap(),
            1 => {
                value["body"] = "<html>Sign in to the proxy</html>".into();
                std::fs::write(file, value.to_string()).unwrap();
            }
            2 => {
                value["at"] = "2999-01-01T00:00:00Z".into();
                std::fs::write(file, value.to_string()).unwrap();
            }
            3 => {
                value["status"] = 500.into();
                std::fs::write(file, value.to_string()).unwrap();
            }
            _ => {
                std::fs::remove_file(file).unwrap();
                std::fs::create_dir(file).unwrap();
            }
        }
    }
    lab.tenant.clear_requests();
    let second = lab.case("second");
    assert_whole_by_otx(&lab.loaded(&second, &[], 0), &lab.case("first"), &second);
    assert_eq!(lab.tenant.received(Service::Otx), all);
    // Nor does a folder that is none.
    std::fs::remove_dir_all(lab.folder().join(".cache")).unwrap();
    std::fs::write(lab.folder().join(".cache"), "in the way").unwrap();
    lab.loaded(&lab.case("third"), &[], 0);
}

fn assert_whole_by_otx(result: &Value, first: &Path, second: &Path) {
    assert_eq!(result["gaps"], Value::Array(Vec::new()));
    assert_eq!(
        states(&verdicts(first, "otx")),
        states(&verdicts(second, "otx"))
    );
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let lab = lab(Options::default(), "providers = [\"otx\", \"xforce\"]");
    lab.loaded(&lab.case("case"), &[], 0);
    assert!(!lab.folder().join(".cache").exists());
    assert!(!lab.folder().join(".local").exists());
}
