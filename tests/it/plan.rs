//! `load --plan` and `load --until`: what is planned is what is done, and planning it tells nobody.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::run::graph::GraphFile;
use crate::run::journal::{assert_same, comparable};
use crate::run::{self, Lab, Ran, binary, run};
use serde_json::Value;
use tenant_sim::{Action, Exchange, Fault, Options, Service, World};

const PROVIDERS: [(&str, Service); 4] = [
    ("otx", Service::Otx),
    ("xforce", Service::XForce),
    ("urlhaus", Service::UrlHaus),
    ("virustotal", Service::VirusTotal),
];

/// Everybody is asked, and some urls are nobody's business.
fn lab(options: Options, intel: &str) -> Lab {
    let lab = Lab::new(World::small(), options);
    let providers = format!(
        "providers = [\"otx\", \"xforce\", \"sentinel\", \"urlhaus\", \"virustotal\"]\n{intel}"
    );
    lab.edit_config(|config| {
        config.replacen(
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            &providers,
            1,
        )
    });
    lab
}

const FAST: &str = "limits = [\"virustotal 60000/minute\", \"urlhaus 60000/minute\"]";

/// Urls that the privacy rules change, join or hold back.
const BY_HAND: [&str; 12] = [
    "--url",
    "https://seeds.example/?mail=a@contoso.com&n=1",
    "--url",
    "https://seeds.example/?mail=b@contoso.com&n=1",
    "--url",
    "https://bob:pw@seeds.example/user",
    "--url",
    "https://hr.contoso.com/secret",
    "--url",
    "http://10.20.30.40/x",
    "--url",
    "https://shop.partner.example/x",
];

fn planned(lab: &Lab, case: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["--plan"];
    all.extend(arguments);
    lab.loaded(case, &all, 0)
}

/// What a provider was asked about, in order of the alphabet.
fn received(lab: &Lab, service: Service) -> Vec<String> {
    let mut asked: Vec<_> = lab
        .tenant
        .requests_to(service)
        .iter()
        .map(Exchange::asked)
        .collect();
    asked.sort();
    asked
}

fn provider<'p>(plan: &'p Value, name: &str) -> &'p Value {
    let providers = plan["providers"].as_array().unwrap();
    providers.iter().find(|plan| plan["name"] == name).unwrap()
}

/// Strings of a list of a plan, in order of the alphabet.
fn strings(plan: &Value, name: &str, list: &str) -> Vec<String> {
    let strings = provider(plan, name)[list].as_array().unwrap().iter();
    let mut strings: Vec<_> = strings
        .map(|sent| sent["asked"].as_str().unwrap().to_owned())
        .collect();
    strings.sort();
    strings
}

/// The graph of a case without when it was made, up to which the workspace is asked for indicators.
fn timeless(case: &Path) -> Vec<String> {
    let told = std::fs::read_to_string(case.join("case.json")).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    let created = told["created"].as_str().unwrap();
    let lines = comparable(case).into_iter();
    lines.map(|line| line.replace(created, "CREATED")).collect()
}

fn nobody_was_asked(lab: &Lab) {
    for (name, service) in PROVIDERS {
        assert_eq!(received(lab, service), [""; 0], "{name}");
    }
}

#[test]
fn what_is_planned_is_what_is_sent_string_by_string() {
    let intel = format!("{FAST}\nnever_send = [\"*.partner.example\"]");
    let lab = lab(Options::default(), &intel);
    let case = lab.case("case");
    let mut options = BY_HAND.to_vec();
    // Chats bring urls that no plan can know.
    options.extend(["--chats-of", "none"]);

    // The first plan reads no message.
    let first = planned(&lab, &case, &options);
    nobody_was_asked(&lab);
    let graph = lab.tenant.requests_to(Service::Graph);
    assert!(
        !graph
            .iter()
            .any(|request| request.target.contains("essages"))
    );
    assert_eq!(first["urls_complete"], false);
    assert!(first["messages"]["unread"].as_u64() > Some(0), "{first:#}");
    assert_eq!(first["messages"]["unread"], first["messages"]["listed"]);
    assert!(first["messages"]["requests_at_least"].as_u64() > Some(0));
    assert!(
        first["unknown"][0]
            .as_str()
            .unwrap()
            .contains("--until links")
    );
    assert!(!case.join("graph.jsonl.zst").exists());

    // The second asks for nothing, and says the same.
    lab.tenant.clear_requests();
    let mut second = planned(&lab, &case, &options);
    assert_eq!(lab.tenant.requests().len(), 0);
    let mut again = first.clone();
    for plan in [&mut again, &mut second] {
        plan.as_object_mut().unwrap().remove("requests");
    }
    assert_eq!(again, second);

    // Reading the messages tells nobody outside.
    let until = [&options[..], &["--until", "links"]].concat();
    let stopped = lab.loaded(&case, &until, 0);
    nobody_was_asked(&lab);
    assert_eq!(stopped["stages"]["links"], "done");
    assert_eq!(stopped["stages"]["intel"], "pending");
    assert!(!case.join("graph.jsonl.zst").exists());
    lab.tenant.clear_requests();
    let plan = planned(&lab, &case, &options);
    assert_eq!(lab.tenant.requests().len(), 0);
    assert_eq!(plan["urls_complete"], true);
    assert_eq!(plan["chats"]["complete"], true, "none is ever read");
    assert_eq!(plan["messages"]["unread"], 0);
    assert_eq!(plan["messages"]["requests_at_least"], 0);
    assert!(plan["urls"].as_u64() > first["urls"].as_u64());

    // And the load keeps to it.
    lab.loaded(&case, &options, 0);
    for (name, service) in PROVIDERS {
        let wanted = strings(&plan, name, "send");
        assert!(wanted.len() > 5, "{name}: {wanted:?}");
        assert_eq!(received(&lab, service), wanted, "{name}");
        let held: BTreeSet<String> = provider(&plan, name)["held_back"]
            .as_array()
            .unwrap()
            .iter()
            .map(|held| held["url"].as_str().unwrap().to_owned())
            .collect();
        let nodes = GraphFile::read(&case).nodes;
        let withheld = nodes
            .iter()
            .filter(|(_, node)| node.contains_key("withheld"));
        let withheld = withheld.map(|((_, id), _)| id.clone());
        assert_eq!(held, withheld.collect(), "{name}");
        assert!(held.len() >= 3, "{held:?}");
        // Two urls that differ in what is masked are one question.
        let sends = provider(&plan, name)["send"].as_array().unwrap();
        assert!(
            sends
                .iter()
                .any(|sent| sent["urls"].as_array().unwrap().len() == 2),
            "{sends:#?}"
        );
    }
    assert_eq!(provider(&plan, "sentinel")["inside"], true);
    assert_eq!(provider(&plan, "sentinel")["looked_up"], plan["urls"]);

    // The graph is that of a load alone.
    let alone = lab.case("alone");
    lab.loaded(&alone, &options, 0);
    assert_eq!(timeless(&alone), timeless(&case));
}

#[test]
fn stopped_after_any_stage_it_becomes_the_same_case() {
    let lab = Lab::new(World::small(), Options::default());
    let alone = lab.case("alone");
    lab.loaded(&alone, &[], 0);
    let case = lab.case("case");
    for stage in linktrail::model::Stage::ALL.map(linktrail::model::Stage::as_str) {
        let stopped = lab.loaded(&case, &["--until", stage], 0);
        assert_eq!(stopped["stages"][stage], "done");
        assert!(!case.join("graph.jsonl.zst").exists(), "{stage}");
        let told = std::fs::read_to_string(case.join("case.json")).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["complete"], false);
        assert_eq!(told["records"], run::journal::records(&case).len());
        // A plan can be asked for at any time, and neither asks nor changes anything by then.
        if stage != "seeds" && stage != "teams" {
            lab.tenant.clear_requests();
            let plan = planned(&lab, &case, &[]);
            assert_eq!(lab.tenant.requests().len(), 0, "{stage}");
            assert_eq!(plan["urls_complete"], true, "{stage}");
            let rest = strings(&plan, "otx", "send");
            let known = strings(&plan, "otx", "recorded");
            assert_eq!(
                rest.is_empty(),
                !["messages", "links"].contains(&stage),
                "{stage}"
            );
            assert_eq!(known.is_empty(), !rest.is_empty(), "{stage}");
            let read = ["chats", "hosts", "alerts"].contains(&stage);
            assert_eq!(plan["chats"]["complete"], read, "{stage}");
            assert_eq!(
                plan["chats"]["recorded"].as_u64() > Some(0),
                read,
                "{stage}"
            );
            assert_eq!(
                plan["unknown"].to_string().contains("chats of"),
                !read,
                "{stage}"
            );
        }
    }
    lab.tenant.clear_requests();
    lab.loaded(&case, &[], 0);
    assert_eq!(lab.tenant.requests().len(), 0);
    assert_same(&comparable(&alone), &case);
}

/// A load that was not answered about a round of chats: what it did not learn is listed, and nothing else is sent.
#[test]
fn what_is_left_unasked_of_chats_is_listed() {
    let lab = lab(Options::default(), FAST);
    let alone = lab.case("alone");
    lab.loaded(&alone, &["--until", "links"], 0);
    let first = strings(&planned(&lab, &alone, &[]), "otx", "send");
    lab.loaded(&alone, &[], 0);
    let mut wanted = received(&lab, Service::Otx);
    wanted.retain(|asked| !first.contains(asked));
    assert!(!wanted.is_empty());

    lab.tenant
        .script([Fault::on(Service::Otx, "GET", Action::status(403))
            .at(first.len() + 1)
            .always()]);
    let case = lab.case("case");
    lab.loaded(&case, &["--until", "chats"], 3);
    lab.tenant.clear_script();
    lab.tenant.clear_requests();
    let plan = planned(&lab, &case, &[]);
    assert_eq!(lab.tenant.requests().len(), 0);
    for (name, _) in PROVIDERS {
        let send = if name == "otx" { &wanted[..] } else { &[] };
        assert_eq!(strings(&plan, name, "send"), send, "{name}");
    }
    assert!(plan["chats"]["recorded"].as_u64() > Some(0), "{plan:#}");
    assert!(plan["chats"]["urls"].as_u64() >= Some(wanted.len() as u64));
    // What it says may lead to more chats.
    assert_eq!(plan["chats"]["complete"], false);
    let unknown = plan["unknown"].to_string();
    assert!(unknown.contains("on record are listed here"), "{unknown}");

    lab.loaded(&case, &[], 0);
    for (name, service) in PROVIDERS {
        let sent = if name == "otx" { &wanted[..] } else { &[] };
        assert_eq!(received(&lab, service), sent, "{name}");
    }
}

/// A load that broke off in the middle of a team: what is on record counts, and the rest is said to be unread.
#[test]
fn a_team_that_is_read_in_part_is_told_as_such() {
    let options = Options {
        page_limit: Some(2),
        ragged_pages: false,
        ..Options::default()
    };
    let lab = lab(options, FAST);
    lab.tenant.script([Fault::on(
        Service::Graph,
        "(?i)f573461d.*getAllMessages.*skiptoken",
        Action::status(403),
    )
    .at(2)
    .always()]);
    let case = lab.case("case");
    lab.loaded(&case, &["--until", "links"], 3);
    lab.tenant.clear_requests();
    let plan = planned(&lab, &case, &[]);
    assert_eq!(lab.tenant.requests().len(), 0);
    assert_eq!(plan["urls_complete"], false);
    let teams = plan["messages"]["teams"].as_array().unwrap();
    let broken = teams.iter().find(|team| team["read"] == false).unwrap();
    assert!(broken["id"].as_str().unwrap().starts_with("f573461d"));
    assert_eq!(teams.iter().filter(|team| team["read"] == true).count(), 2);
    assert!(broken["pages_recorded"].as_u64() >= Some(2), "{broken:#}");
    assert_eq!(broken["requests_at_least"], 1);
    let unread = plan["messages"]["unread"].as_u64().unwrap();
    assert!(unread > 0 && unread < 10, "{plan:#}");
    nobody_was_asked(&lab);
}

#[test]
fn rates_quotas_and_answers_kept_are_told() {
    let lab = lab(Options::default(), &format!("{FAST}\ncache_age = \"1d\""));
    let first = lab.case("first");
    let until = ["--chats-of", "none", "--until", "links"];
    lab.loaded(&first, &until, 0);
    let fast = planned(&lab, &first, &["--chats-of", "none"]);
    let virustotal = provider(&fast, "virustotal");
    assert_eq!(virustotal["rates"][0], "60000/minute");
    lab.loaded(&first, &["--chats-of", "none"], 0);
    lab.tenant.clear_requests();
    let second = lab.case("second");
    lab.loaded(&second, &until, 0);
    let kept = planned(&lab, &second, &["--chats-of", "none"]);
    nobody_was_asked(&lab);
    for (name, _) in PROVIDERS {
        assert_eq!(strings(&kept, name, "send"), [""; 0], "{name}");
        assert_eq!(
            strings(&kept, name, "kept"),
            strings(&fast, name, "send"),
            "{name}"
        );
    }
    // With the published rate it takes minutes, and a quota counts what was sent.
    lab.edit_config(|config| {
        config
            .replacen(
                FAST,
                "limits = [\"virustotal 4/minute\", \"virustotal 1/day\"]",
                1,
            )
            .replacen("cache_age = \"1d\"", "", 1)
    });
    let case = lab.case("third");
    let plan = planned(&lab, &case, &["--chats-of", "none"]);
    let virustotal = provider(&plan, "virustotal");
    let sends = virustotal["send"].as_array().unwrap().len();
    assert!(sends > 1, "{virustotal:#}");
    assert_eq!(virustotal["rates"][0], "4/minute");
    assert_eq!(virustotal["seconds_at_least"], (sends - 1) as f64 * 20.0);
    assert_eq!(virustotal["quotas"][0]["quota"], "1/day");
    assert_eq!(virustotal["quotas"][0]["left"], 1);
    assert_eq!(virustotal["quotas"][0]["over"], sends - 1);
    nobody_was_asked(&lab);
}

#[test]
fn people_see_every_string_and_what_is_missing() {
    let options = Options {
        absent_tables: vec!["DeviceEvents"],
        ..Options::default()
    };
    let lab = lab(options, FAST);
    let case = lab.case("case");
    let text = |arguments: &[&str]| -> Ran {
        let mut command = lab.binary();
        let world = lab.tenant.world();
        command
            .args(["load", "--case"])
            .arg(&case)
            .args(["--from", &world.from().to_rfc3339()])
            .args(["--to", &world.anchor.to_rfc3339()])
            // Nobody is there, and nobody is looked for.
            .env("LINKTRAIL_NEO4J_URI", "bolt://127.0.0.1:9")
            .env("LINKTRAIL_NEO4J_PASSWORD", "x")
            .args(arguments);
        run(&mut command)
    };
    let ran = text(&["--plan"]);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    for line in [
        "listed in",
        "an estimate: a team's messages are one list",
        "so far; those in unread messages are not known",
        "virustotal: would be sent",
        "the same as otx",
        "sentinel: nothing leaves the tenant",
        "in about 1 query(s) to the workspace; more when an answer is too large, twice as many where",
        "Queries to the workspace, inside the tenant: about 2 on messages that hold the urls, about 3 on hosts and clicks, about 1 on alerts, for the urls known, if all of them are risky; more when",
        "`load --until links` reads them",
        "INCOMPLETE so far: the following is missing (gaps): 1",
        "table absent: DeviceEvents",
        "goes on with: `linktrail load --case",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    let ran = text(&["--until", "links"]);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    assert!(
        ran.stdout
            .contains("Stages done: seeds, teams, messages, links."),
        "{ran:#?}"
    );
    let plan = lab.loaded(&case, &["--plan"], 3);
    let ran = text(&["--plan"]);
    let lines: BTreeSet<&str> = ran.stdout.lines().map(str::trim).collect();
    for (name, _) in PROVIDERS {
        for string in strings(&plan, name, "send") {
            assert!(
                lines.iter().any(|line| line.starts_with(&string)),
                "{string}: {}",
                ran.stdout
            );
        }
    }
    nobody_was_asked(&lab);
}

/// A shell reads what is printed as it was meant, and what it could misread is not printed.
#[test]
fn the_command_that_goes_on_can_be_typed() {
    let lab = Lab::new(World::small(), Options::default());
    let config = "my conf.toml";
    std::fs::rename(lab.config(), lab.folder().join(config)).unwrap();
    let until = |case: &str| -> Value {
        let world = lab.tenant.world();
        let mut command = lab.binary();
        command
            .args(["load", "--no-neo4j", "--until", "seeds", "--format", "json"])
            .args(["--config", config, "--case", case])
            .args(["--from", &world.from().to_rfc3339()])
            .args(["--to", &world.anchor.to_rfc3339()]);
        let ran = run(&mut command);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        ran.json()
    };
    let stopped = until("Q4 lure");
    let next = stopped["next"].as_str().unwrap();
    assert_eq!(
        next,
        "linktrail load --config \"my conf.toml\" --case \"Q4 lure\""
    );
    let typed = next.replacen("linktrail", "\"$LINKTRAIL\"", 1);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{typed} --no-neo4j --format json")])
        .env_clear()
        .envs(lab.tenant.env())
        .env("LINKTRAIL", assert_cmd::cargo::cargo_bin!("linktrail"))
        .current_dir(lab.folder());
    let ran = run(&mut shell);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(ran.json()["case"]["id"], stopped["case"]["id"]);

    let hostile = "$(id) \u{1b}[2J\u{9b}2J\u{202e}`x`";
    let stopped = until(hostile);
    assert_eq!(
        stopped["next"],
        "linktrail load --config \"my conf.toml\" --case DIR"
    );
    assert_eq!(stopped["case"]["path"], hostile);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let lab = Lab::new(World::small(), Options::default());
    let case = lab.case("case");
    for arguments in [
        &["--plan", "--replay"][..],
        &["--plan", "--demo"],
        &["--plan", "--until", "links"],
        &["--until", "links", "--replay"],
        &["--until", "links", "--demo"],
        &["--until", "nonsense"],
    ] {
        let mut command = binary(lab.folder());
        command.args(["load", "--case", "case"]).args(arguments);
        let ran = run(&mut command);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:#?}");
        assert!(!case.exists());
    }
    lab.loaded(&case, &[], 0);
    let graph = crate::run::graph::lines(&case);
    for arguments in [&["--plan"][..], &["--until", "links"]] {
        let ran = lab.load(&case, arguments);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.complaint().contains("is complete"), "{ran:#?}");
    }
    assert_eq!(graph, crate::run::graph::lines(&case));
}
