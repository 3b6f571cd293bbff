//! A case goes on where it was: run twice, killed, replayed, cut short, damaged, on a full disk.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]
#![cfg(unix)]

mod run;
mod tenant;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use linktrail::case::{Case, Journal};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use run::{Lab, binary};
use serde_json::Value;
use tenant::{Options, World};

const KILLS: usize = 20;

fn small() -> Lab {
    Lab::new(
        World::named("small", Some(7), World::default_anchor()).expect("a world"),
        Options::default(),
    )
}

fn graph(case: &Path) -> String {
    std::fs::read_to_string(case.join("graph.jsonl")).expect("graph.jsonl")
}

/// Waits until a load has made its case.
fn made(case: &Path) {
    let patience = Instant::now();
    while !case.join("case.json").exists() {
        assert!(
            patience.elapsed() < Duration::from_secs(60),
            "no case was made"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The graph without what must differ between two cases: the case's id, record numbers, which follow the order in
/// which answers came, and times of the load itself. Record ids become what was asked in that record.
fn comparable(case: &Path) -> Vec<Value> {
    let manifest = Case::read_manifest(case).expect("case.json");
    let journal = Journal::open(&case.join("journal"), &manifest.id).expect("the journal");
    let mut asked = BTreeMap::new();
    journal
        .each(|record| {
            let url = url::Url::parse(&record.url).expect("a url");
            let what = format!(
                "{} {} {}",
                record.source,
                url.path(),
                record.request.is_some()
            );
            asked.insert(record.id, what);
        })
        .expect("every record");
    let text = graph(case);
    let mut lines: Vec<Value> = Vec::new();
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).expect("a line");
        let kind = line["label"]
            .as_str()
            .or(line["type"].as_str())
            .expect("a label or type")
            .to_owned();
        let properties = line["properties"].as_object_mut().expect("properties");
        let count = properties["evidence_count"].as_u64().expect("a count");
        if let Some(evidence) = properties.get_mut("evidence") {
            let mut keys: Vec<&String> = evidence
                .as_array()
                .expect("a list")
                .iter()
                .map(|id| &asked[id.as_str().expect("an id")])
                .collect();
            keys.sort();
            // Which twenty of more are named depends on their numbers.
            *evidence = if count > 20 {
                Value::Null
            } else {
                serde_json::to_value(keys).expect("texts")
            };
        }
        let of_the_load: &[&str] = match kind.as_str() {
            "Case" => &["started", "finished"],
            "Verdict" | "HAS_VERDICT" => &["checked", "first_seen", "last_seen"],
            _ => &[],
        };
        properties.retain(|name, _| !of_the_load.contains(&name.as_str()));
        let text = line.to_string().replace(&manifest.id, "CASE");
        lines.push(serde_json::from_str(&text).expect("still JSON"));
    }
    lines.sort_by_key(Value::to_string);
    lines
}

#[test]
fn a_second_run_asks_nothing_and_changes_nothing() {
    let lab = small();
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    let (before, manifest) = (
        graph(&case),
        std::fs::read(case.join("case.json")).expect("case.json"),
    );
    lab.tenant.clear_requests();
    let result = lab.loaded(&case, &[], 0);
    assert_eq!(lab.tenant.requests().len(), 0, "nothing is asked");
    assert_eq!(result["requests"]["graph"]["sent"], 0);
    assert!(result["requests"]["graph"]["replayed"].as_u64() > Some(0));
    assert_eq!(graph(&case), before);
    assert_eq!(
        std::fs::read(case.join("case.json")).expect("case.json"),
        manifest
    );

    // Without its options, since a case keeps them; with others it is refused.
    let mut bare = lab.binary();
    bare.args(["load", "--no-neo4j", "--case"]).arg(&case);
    assert_eq!(run::run(&mut bare).code, Some(0));
    let other = lab.load(&case, &["--rounds", "5"]);
    assert_eq!(other.code, Some(2), "{other:#?}");
    assert!(other.complaint().contains("other options"), "{other:#?}");
}

#[test]
fn a_replay_needs_no_network_no_secret_and_no_configuration() {
    let lab = small();
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    let before = graph(&case);
    std::fs::remove_file(case.join("graph.jsonl")).expect("remove it");
    let folder = lab.close();
    let mut replay = binary(folder.path());
    replay
        .args(["load", "--replay", "--format", "json", "--case"])
        .arg(&case);
    let ran = run::run(&mut replay);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(graph(&case), before, "byte for byte");
    let mut verify = binary(folder.path());
    verify.args(["case", "verify"]).arg(&case);
    let ran = run::run(&mut verify);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

#[test]
fn killed_at_random_moments_it_comes_to_the_same_graph() {
    let lab = small();
    let undisturbed = lab.case("undisturbed");
    let began = Instant::now();
    lab.loaded(&undisturbed, &[], 0);
    let length = began.elapsed();
    let wanted = comparable(&undisturbed);

    let mut dice = StdRng::seed_from_u64(20);
    let moments: Vec<f64> = (0..KILLS).map(|_| dice.random_range(0.02..0.98)).collect();
    let cut_short = std::sync::atomic::AtomicUsize::new(0);
    // The load waits for throttles most of the time, so several of them do not disturb one another.
    std::thread::scope(|scope| {
        for (worker, moments) in moments.chunks(KILLS / 4).enumerate() {
            let (lab, wanted, cut_short) = (&lab, &wanted, &cut_short);
            scope.spawn(move || {
                for (at, moment) in moments.iter().enumerate() {
                    let case = lab.case(&format!("killed-{worker}-{at}"));
                    let mut child = run::start(&mut lab.load_command(&case, &[]));
                    std::thread::sleep(length.mul_f64(*moment));
                    child.kill().expect("SIGKILL");
                    child.wait().expect("its end");
                    if !case.join("graph.jsonl").exists() {
                        cut_short.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                    lab.loaded(&case, &[], 0);
                    assert_eq!(
                        &comparable(&case),
                        wanted,
                        "killed after {moment:.2} of the time"
                    );
                }
            });
        }
    });
    let cut_short = cut_short.into_inner();
    assert!(
        cut_short >= KILLS / 2,
        "only {cut_short} of {KILLS} kills came before the end"
    );
}

#[test]
fn interrupted_it_ends_with_130_and_goes_on() {
    let lab = small();
    let case = lab.case("case");
    let child = run::start(&mut lab.load_command(&case, &[]));
    made(&case);
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(interrupt.success());
    let ran: run::Ran = child.wait_with_output().expect("its end").into();
    assert_eq!(ran.code, Some(130), "{ran:#?}");
    assert!(ran.complaint().contains("run the same command"), "{ran:#?}");
    lab.loaded(&case, &[], 0);
}

#[test]
fn a_record_that_was_cut_short_is_fetched_again_and_damage_is_told() {
    let lab = small();
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    let wanted = comparable(&case);
    let segment = case.join("journal").join("000001.jsonl.zst");
    let whole = std::fs::read(&segment).expect("the segment");

    std::fs::write(&segment, &whole[..whole.len() - 7]).expect("cut it");
    lab.tenant.clear_requests();
    lab.loaded(&case, &[], 0);
    assert_eq!(comparable(&case), wanted);
    let asked = lab
        .tenant
        .requests()
        .iter()
        .filter(|exchange| exchange.service != tenant::Service::Login)
        .count();
    assert_eq!(asked, 1, "the one exchange that was cut");

    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 0x40;
    std::fs::write(&segment, damaged).expect("damage it");
    let ran = lab.load(&case, &[]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.complaint().contains("is damaged"), "{ran:#?}");
}

#[test]
fn a_case_of_another_version_or_in_use_is_refused() {
    let lab = small();
    let case = lab.case("case");
    let mut first = run::start(&mut lab.load_command(&case, &[]));
    made(&case);
    let second = lab.load(&case, &[]);
    assert_eq!(second.code, Some(1), "{second:#?}");
    assert!(
        second.complaint().contains("in use by another linktrail"),
        "{second:#?}"
    );
    first.kill().expect("SIGKILL");
    first.wait().expect("its end");

    let manifest = case.join("case.json");
    let text = std::fs::read_to_string(&manifest)
        .expect("case.json")
        .replace("\"format\": 1", "\"format\": 2");
    std::fs::write(&manifest, text).expect("write it");
    let ran = lab.load(&case, &[]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.complaint().contains("another version"), "{ran:#?}");
}

/// The limit of a file's size stands for a full disk: the same call fails, and half of what was to be written is there.
#[test]
fn a_full_disk_loses_nothing() {
    let lab = small();
    let case = lab.case("case");
    let load = lab.load_command(&case, &[]);
    let mut limited = lab.binary();
    let program = load.get_program().to_owned();
    let arguments: Vec<_> = load.get_args().map(ToOwned::to_owned).collect();
    // In blocks of 1,024 bytes; SIGXFSZ is ignored, so that the write fails as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 12; exec \"$0\" \"$@\"";
    let environment: Vec<_> = limited
        .get_envs()
        .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
        .collect();
    limited = Command::new("bash");
    limited
        .args(["-c", script])
        .arg(program)
        .args(arguments)
        .env_clear()
        .current_dir(lab.folder());
    for (name, value) in environment {
        if let Some(value) = value {
            limited.env(name, value);
        }
    }
    let ran = run::run(&mut limited);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(
        ran.complaint()
            .contains("free some space and run the same command again"),
        "{ran:#?}"
    );

    lab.loaded(&case, &[], 0);
    let other = lab.case("other");
    lab.loaded(&other, &[], 0);
    assert_eq!(comparable(&case), comparable(&other));
}
