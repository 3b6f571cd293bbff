//! A load can be stopped anywhere, by anything, and run again: nothing is lost, nothing is asked twice, and the
//! graph is the one that an undisturbed load gives.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::run::journal::{assert_same, comparable, segments, size};
use crate::run::{self, Lab, Ran, run};
use serde_json::Value;
use tenant_sim::world::dice::Dice;
use tenant_sim::{Action, Fault, Options, Service, World};

fn lab() -> Lab {
    Lab::new(World::small(), Options::default())
}

/// A result without what differs between a load and its repetition.
fn lasting(mut result: Value) -> Value {
    result.as_object_mut().unwrap().remove("requests");
    result["case"].as_object_mut().unwrap().remove("path");
    result
}

fn graph(case: &Path) -> Vec<u8> {
    run::graph::lines(case)
}

fn manifest(case: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(case.join("case.json")).unwrap()).unwrap()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    for file in run::files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, target).unwrap();
    }
}

pub(crate) fn wait_until(what: &str, mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn ended(child: Child) -> Ran {
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_second_run_asks_nobody_and_changes_nothing() {
    let lab = lab();
    let case = lab.case("case");
    let first = lab.loaded(&case, &[], 0);
    let (bytes, told) = (graph(&case), manifest(&case));
    assert_eq!(told["complete"], true);
    assert_eq!(told["records"], run::journal::records(&case).len());
    lab.tenant.clear_requests();
    let second = lab.loaded(&case, &[], 0);
    assert_eq!(lab.tenant.requests().len(), 0);
    for (source, counts) in second["requests"].as_object().unwrap() {
        assert_eq!(counts["sent"], 0, "{source}");
    }
    assert_eq!(lasting(first), lasting(second));
    assert_eq!(bytes, graph(&case));
    assert_eq!(told, manifest(&case));
    // With no options at all it goes on with those it was made with.
    let mut bare = lab.binary();
    bare.args(["load", "--no-neo4j", "--format", "json", "--case"]);
    let third = run(bare.arg(&case));
    assert_eq!(third.code, Some(0), "{third:#?}");
    // Other ones are refused.
    let other = lab.load(&case, &["--rounds", "5"]);
    assert_eq!(other.code, Some(2), "{other:#?}");
    let expected = format!(
        "error: the case in {} was started with other options; leave them out to go on with those, or start a new case",
        case.display()
    );
    assert_eq!(other.complaint(), expected);
    assert_eq!(bytes, graph(&case));
    assert_eq!(told, manifest(&case));
    assert_eq!(lab.tenant.requests().len(), 0);
}

#[test]
fn a_replay_needs_neither_tenant_nor_configuration_nor_secrets() {
    let lab = lab();
    let case = lab.case("case");
    let loaded = lab.loaded(&case, &[], 0);
    let bytes = graph(&case);
    let folder = lab.close();
    let elsewhere = folder.path().join("elsewhere");
    copy(&case, &elsewhere);
    for case in [case, elsewhere] {
        std::fs::remove_file(case.join("graph.jsonl.zst")).unwrap();
        let mut replay = run::binary(folder.path());
        replay.args(["load", "--replay", "--format", "json", "--case"]);
        let replayed = run(replay.arg(&case));
        assert_eq!(replayed.code, Some(0), "{replayed:#?}");
        assert_eq!(bytes, graph(&case));
        let replayed = replayed.json();
        for (source, counts) in replayed["requests"].as_object().unwrap() {
            assert_eq!(counts["sent"], 0, "{source}");
        }
        assert_eq!(lasting(loaded.clone()), lasting(replayed));
        let mut verify = run::binary(folder.path());
        let verified = run(verify.args(["case", "verify"]).arg(&case));
        assert_eq!(verified.code, Some(0), "{verified:#?}");
        assert!(verified.stdout.contains("case complete"), "{verified:#?}");
    }
}

/// From now on no load comes to its end by itself: one of the last queries is not answered.
fn never_end(lab: &Lab) {
    let last = Fault::on(Service::LogAnalytics, "SecurityAlert", Action::Hang);
    lab.tenant.script([last.always()]);
}

/// Waits until the journal is that large, or the load has come as far as it can.
fn wait_for_bytes(lab: &Lab, case: &Path, bytes: u64, unanswered: usize) {
    wait_until("the journal grows", || {
        size(case) >= bytes || lab.tenant.unanswered() > unanswered
    });
}

/// Twenty moments: four in each of five cases, spread over the growth of the journal and drawn by a seed.
#[test]
fn killed_at_twenty_moments_and_run_again() {
    let mut dice = Dice::new(20);
    // In thousandths of the journal, and milliseconds after that.
    let mut kills: Vec<(u64, u64)> = (0..20)
        .map(|n| (n * 50 + dice.below(50) as u64, dice.below(12) as u64))
        .collect();
    // The first comes as early as it can, the last when the journal is as good as whole.
    kills[0].0 = 0;
    kills[19].0 = 1000;
    std::thread::scope(|scope| {
        for n in 0..5 {
            let moments = kills.iter().skip(n).step_by(5);
            scope.spawn(move || {
                let options = Options {
                    query_millis: 40,
                    ..Options::default()
                };
                let lab = Lab::new(World::small(), options);
                let reference = lab.case("reference");
                lab.loaded(&reference, &[], 0);
                let (expected, whole) = (comparable(&reference), size(&reference));
                never_end(&lab);
                let case = lab.case("killed");
                for (share, millis) in moments {
                    let before = lab.tenant.unanswered();
                    let mut child = run::start(&mut lab.load_command(&case, &[]));
                    wait_for_bytes(&lab, &case, whole * share / 1000, before);
                    std::thread::sleep(Duration::from_millis(*millis));
                    child.kill().unwrap();
                    let ran = ended(child);
                    assert_eq!(ran.code, None, "{ran:#?}");
                }
                lab.tenant.clear_script();
                lab.loaded(&case, &[], 0);
                assert_same(&expected, &case);
                lab.tenant.assert_clean();
            });
        }
    });
}

#[test]
fn a_torn_last_record_is_fetched_again() {
    let lab = lab();
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    let expected = comparable(&case);
    let records = run::journal::records(&case).len();
    for cut in [1, 7, 100] {
        let torn = lab.case(&format!("torn-{cut}"));
        copy(&case, &torn);
        let last = segments(&torn).pop().unwrap();
        let file = std::fs::File::options().write(true).open(&last).unwrap();
        file.set_len(file.metadata().unwrap().len() - cut).unwrap();
        drop(file);

        let mut replay = lab.binary();
        let replayed = run(replay
            .args(["load", "--replay", "--no-neo4j", "--case"])
            .arg(&torn));
        // It shows the stored graph, and leaves the rest of the record to a load.
        assert_eq!(replayed.code, Some(0), "{replayed:#?}");
        for said in [
            "the graph was not rebuilt, and the stored one is used",
            "fetches what is missing",
        ] {
            assert!(replayed.stderr.contains(said), "{replayed:#?}");
        }
        std::fs::remove_file(torn.join("graph.jsonl.zst")).unwrap();
        let mut replay = lab.binary();
        let replayed = run(replay
            .args(["load", "--replay", "--no-neo4j", "--case"])
            .arg(&torn));
        assert_eq!(replayed.code, Some(1), "{replayed:#?}");
        let said = "run the same command without --replay to fetch what is missing";
        assert!(replayed.stderr.contains(said), "{replayed:#?}");
        lab.tenant.clear_requests();
        let ran = lab.load(&torn, &[]);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        assert!(ran.stderr.contains("cut short"), "{ran:#?}");
        let asked: Vec<_> = lab.tenant.requests();
        let fetched = asked
            .iter()
            .filter(|exchange| exchange.service != Service::Login);
        assert_eq!(fetched.count(), 1, "{asked:#?}");
        assert_eq!(run::journal::records(&torn).len(), records);
        assert_same(&expected, &torn);
    }
}

#[test]
fn damage_in_the_middle_is_an_error_and_changes_nothing() {
    let lab = lab();
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    let journal = segments(&case).remove(0);
    let whole = std::fs::read(&journal).unwrap();
    lab.tenant.clear_requests();
    let mut dice = Dice::new(4);
    // Not behind the last record's start: a torn record begins like that.
    let magic = 0xFD2F_B528_u32.to_le_bytes();
    let last = memchr::memmem::rfind(&whole, &magic).unwrap();
    let mut places = vec![0, 3];
    places.extend((0..14).map(|_| dice.below(last)));
    let bytes = graph(&case);
    let mut noticed = 0;
    for place in places {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << dice.below(8);
        std::fs::write(&journal, &damaged).unwrap();
        let before = manifest(&case);
        let ran = lab.load(&case, &[]);
        assert_eq!(damaged, std::fs::read(&journal).unwrap(), "byte {place}");
        assert_eq!(before, manifest(&case), "byte {place}");
        assert_eq!(bytes, graph(&case), "byte {place}");
        if ran.code == Some(0) {
            // Some bits of a frame only say how much memory it takes: every record is still whole.
            continue;
        }
        noticed += 1;
        assert_eq!(ran.code, Some(1), "byte {place}: {ran:#?}");
        assert!(ran.stdout.is_empty(), "byte {place}: {ran:#?}");
        let said = ran.complaint();
        let start = format!("error: {} is damaged ", journal.display());
        assert!(said.starts_with(&start), "byte {place}: {said}");
        let advice = "restore the file from a backup, or start a new case";
        assert!(said.ends_with(advice), "byte {place}: {said}");
    }
    assert!(
        noticed >= 14,
        "only {noticed} of 16 flipped bits were noticed"
    );
    assert_eq!(lab.tenant.requests().len(), 0);
    std::fs::write(&journal, &whole).unwrap();
    lab.loaded(&case, &[], 0);
}

#[test]
fn a_case_of_another_version_is_left_alone() {
    let lab = lab();
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    let mut other = manifest(&case);
    other["format"] = 3.into();
    other["later"] = "unknown".into();
    std::fs::write(case.join("case.json"), other.to_string()).unwrap();
    for arguments in [
        &["load", "--no-neo4j", "--case"][..],
        &["load", "--replay", "--case"],
        &["case", "verify"],
    ] {
        let mut command = lab.binary();
        let ran = run(command.args(arguments).arg(&case));
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let expected = format!(
            "error: {} was made by another version of linktrail (format 3, this one reads 1 to 2); use that version, or start a new case",
            case.display()
        );
        assert_eq!(ran.complaint(), expected);
    }
    assert_eq!(other, manifest(&case));
    std::fs::write(case.join("case.json"), "{\"format\":1,").unwrap();
    let ran = lab.load(&case, &[]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let said = ran.complaint();
    assert!(said.contains("/case.json cannot be read: "), "{said}");
    assert!(
        said.ends_with("restore it from a backup or start a new case"),
        "{said}"
    );
}

#[test]
fn a_case_in_use_is_refused() {
    let lab = lab();
    let case = lab.case("case");
    lab.tenant.hold_queries(true);
    let first = run::start(&mut lab.load_command(&case, &[]));
    wait_until("the case is there", || case.join("case.json").exists());
    for arguments in [
        &["load", "--no-neo4j", "--case"][..],
        &["load", "--replay", "--case"],
        &["case", "delete", "--yes"],
    ] {
        let mut command = lab.binary();
        let second = run(command.args(arguments).arg(&case));
        assert_eq!(second.code, Some(1), "{second:#?}");
        let expected = format!(
            "error: {} is in use by another linktrail; wait for it to end, or stop it",
            case.display()
        );
        assert_eq!(second.complaint(), expected);
    }
    // Listing cases only reads.
    let mut list = lab.binary();
    let listed = run(list.args(["case", "list", "."]));
    assert_eq!(listed.code, Some(0), "{listed:#?}");
    assert!(listed.stdout.contains("not complete"), "{listed:#?}");
    lab.tenant.hold_queries(false);
    let first = ended(first);
    assert_eq!(first.code, Some(0), "{first:#?}");
    lab.tenant.assert_clean();
}

/// The command under a limit on the size of files: writing past it fails as on a full disk, in the middle of a
/// record or of the graph.
pub(crate) fn limited(command: &Command, kib: u64) -> Command {
    let mut shell = Command::new("bash");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\""])
        .arg(kib.to_string())
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    shell
}

#[test]
fn a_full_disk_loses_nothing() {
    let lab = lab();
    let reference = lab.case("reference");
    lab.loaded(&reference, &[], 0);
    let expected = comparable(&reference);
    let journal = size(&reference) / 1024;
    let stored = reference.join("graph.jsonl.zst");
    let graph = stored.metadata().unwrap().len() / 1024;
    for (kib, full) in [
        (4, "journal"),
        (journal / 2, "journal"),
        (graph - 2, "graph.jsonl.zst"),
    ] {
        let case = lab.case(&format!("full-{full}-{kib}"));
        if full != "journal" {
            // Everything is on record, so that only the graph is left to write.
            lab.loaded(&case, &["--until", "alerts"], 0);
        }
        let command = lab.load_command(&case, &[]);
        let ran = run(&mut limited(&command, kib));
        assert_eq!(ran.code, Some(1), "{kib} KiB: {ran:#?}");
        let said = ran.complaint();
        assert!(
            said.starts_with(&format!("error: cannot write {}", case.display())),
            "{said}"
        );
        assert!(said.contains(full), "{said}");
        let advice =
            "nothing recorded so far is lost: free some space and run the same command again";
        assert!(said.ends_with(advice), "{said}");
        assert_eq!(manifest(&case)["complete"], false);
        let kept = run::journal::records(&case).len();
        lab.tenant.clear_requests();
        let result = lab.loaded(&case, &[], 0);
        let replayed: u64 = result["requests"]
            .as_object()
            .unwrap()
            .values()
            .map(|counts| counts["replayed"].as_u64().unwrap())
            .sum();
        assert!(
            kept > 0 && replayed >= kept as u64,
            "{kept} kept, {replayed} used"
        );
        assert_same(&expected, &case);
        let left: Vec<_> = run::files(&case)
            .into_iter()
            .filter(|file| file.extension().is_some_and(|end| end == "part"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// The command without root's right to write where the modes forbid it.
pub(crate) fn powerless(command: &Command) -> Command {
    let mut prefixed = Command::new("bash");
    prefixed
        .args([
            "-c",
            "((EUID)) || exec setpriv --inh-caps=-dac_override --bounding-set=-dac_override -- \"$0\" \"$@\"; exec \"$0\" \"$@\"",
        ])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    prefixed
}

#[cfg(unix)]
#[test]
fn a_folder_that_takes_no_writes_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let lab = lab();
    let locked = lab.case("locked");
    let case = locked.join("done");
    lab.loaded(&case, &[], 0);
    lab.tenant.clear_requests();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for file in run::files(&locked) {
        mode(&file, 0o444);
    }
    let folders = [&locked, &case, &case.join("journal")];
    for folder in folders {
        mode(folder, 0o555);
    }
    let [new, done] = ["new", "done"].map(|name| {
        let command = lab.load_command(&locked.join(name), &[]);
        run(&mut powerless(&command))
    });
    // Before anything can fail, since such a folder cannot be removed.
    for folder in folders {
        mode(folder, 0o755);
    }
    for (ran, made, file) in [
        (new, "make", locked.join("new")),
        (done, "write", case.join("case.lock")),
    ] {
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let said = ran.complaint();
        assert!(
            said.starts_with(&format!("error: cannot {made} {}: ", file.display())),
            "{said}"
        );
        assert!(
            said.ends_with("; choose a folder that you may write to with --case"),
            "{said}"
        );
    }
    assert_eq!(lab.tenant.requests().len(), 0);
}

#[cfg(unix)]
#[test]
fn an_interrupted_load_says_so_and_goes_on_later() {
    let lab = lab();
    let reference = lab.case("reference");
    lab.loaded(&reference, &[], 0);
    let (expected, whole) = (comparable(&reference), size(&reference));
    never_end(&lab);
    let case = lab.case("case");
    for share in [0, 3, 6, 9] {
        let before = lab.tenant.unanswered();
        let child = run::start(&mut lab.load_command(&case, &[]));
        wait_until("the case is there", || case.join("case.json").exists());
        wait_for_bytes(&lab, &case, whole * share / 12, before);
        // `kill` is a program of its own that is not everywhere, but every shell has one built in.
        let signal = Command::new("bash")
            .args(["-c", "kill -INT $0", &child.id().to_string()])
            .status();
        assert!(signal.unwrap().success());
        let ran = ended(child);
        assert_eq!(ran.code, Some(130), "{ran:#?}");
        assert!(ran.stdout.is_empty(), "{ran:#?}");
        assert_eq!(
            ran.complaint(),
            "interrupted; run the same command with the same --case to go on"
        );
        assert_eq!(manifest(&case)["complete"], false);
    }
    lab.tenant.clear_script();
    lab.loaded(&case, &[], 0);
    assert_same(&expected, &case);
    lab.tenant.assert_clean();
}

/// A replay waits for nothing, so a signal can only be heard beside it. The list makes it compute for seconds.
#[cfg(unix)]
#[test]
fn a_load_that_computes_hears_a_signal() {
    use std::io::{BufRead, BufReader, Read};

    let lab = lab();
    let list = lab.folder().join("list.txt");
    let lines = (0..100_000).map(|n| format!("https://host{n}.elsewhere.example/path/{n}\n"));
    std::fs::write(&list, lines.collect::<String>()).unwrap();
    let providers = format!(
        "providers = [\"otx\", \"xforce\", \"file\"]\nfile = [{:?}]",
        list
    );
    lab.edit_config(|config| {
        config.replacen(
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            &providers,
            1,
        )
    });
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    for signal in ["INT", "TERM"] {
        let mut replay = run::binary(lab.folder());
        replay
            .args(["load", "--replay", "--no-neo4j", "--case"])
            .arg(&case);
        let mut child = run::start(&mut replay);
        // What it says before it reads the list.
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.starts_with("case "), "{line}");
        let sent = Command::new("bash")
            .args(["-c", "kill -$1 $0", &child.id().to_string(), signal])
            .status();
        assert!(sent.unwrap().success());
        let ran = ended(child);
        assert_eq!(ran.code, Some(130), "{signal}: {ran:#?}");
        assert!(ran.stdout.is_empty(), "{ran:#?}");
        let mut told = String::new();
        stderr.read_to_string(&mut told).unwrap();
        assert_eq!(
            told,
            "interrupted; run the same command with the same --case to go on\n"
        );
    }
}
