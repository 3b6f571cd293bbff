//! Commands that read: they write nothing, whoever runs them and whatever else goes on.

use std::process::Stdio;

use super::*;
use crate::load_resume::{copy, wait_until};

/// The recorded case of the demo as it was in format 1, with the graph that the version of that time made.
const FORMAT_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/case-format-1");

#[test]
fn every_reading_command_leaves_a_case_as_it_is() {
    let (folder, case) = demo_case();
    read_all(&case, |words| {
        let mut command = binary(folder.path());
        command.args(words);
        command
    });
}

#[test]
fn a_case_of_format_1_is_read() {
    let folder = TempDir::new().unwrap();
    let case = folder.path().join("cases/old");
    copy(Path::new(FORMAT_1), &case);
    let out = TempDir::new().unwrap();
    let before = state(&case);
    for (words, code) in reading(&case, out.path()) {
        let ran = linktrail(folder.path(), &words);
        if words[1] == "verify" {
            // Whether this version makes the same graph is not what is asked here.
            let told = "121 record(s) whole, case complete\ngeneration 1: 121 record(s)\nhead none: records of format 1 have no chain\n";
            assert!(ran.stdout.starts_with(told), "{ran:#?}");
        } else {
            assert_eq!(ran.code, Some(code), "{words:?}: {ran:#?}");
        }
        assert_unchanged(&before, &case, &words.join(" "));
    }
    // Its gaps are those that the graph names.
    let page = std::fs::read_to_string(out.path().join("report.html")).unwrap();
    assert!(page.contains("table absent: MessageEvents"));
}

/// As the user nobody, or, when the tests do not run as root, as themselves.
fn another_user(folder: &Path, words: &[String]) -> Command {
    let plain = binary(folder);
    if !is_root() {
        eprintln!(
            "NOT TESTED as another user: only root can become one; the modes alone are tested"
        );
        let mut command = plain;
        command.args(words);
        return command;
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(plain.get_program())
        .args(words)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

fn is_root() -> bool {
    let probe = tempfile::tempfile().unwrap();
    probe.metadata().unwrap().uid() == 0
}

/// Takes away every right to write.
fn close(case: &Path) {
    for (path, ..) in state(case) {
        open(&path, if path.is_dir() { 0o555 } else { 0o444 });
    }
}

#[test]
fn a_read_only_copy_is_read_by_another_user() {
    let (folder, case) = demo_case();
    open(folder.path(), 0o755);
    open(case.parent().unwrap(), 0o755);
    // The program itself has to be within reach of that user.
    let program = binary(folder.path());
    let copied = folder.path().join("linktrail");
    std::fs::copy(program.get_program(), &copied).unwrap();
    open(&copied, 0o755);
    let command = |words: &[String]| {
        let command = another_user(folder.path(), words);
        let mut moved = Command::new(command.get_program());
        let program = binary(folder.path());
        moved.args(
            command
                .get_args()
                .map(|word| match word == program.get_program() {
                    true => copied.as_os_str(),
                    false => word,
                }),
        );
        moved
            .env_clear()
            .current_dir(folder.path())
            .stdin(Stdio::null());
        moved
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", "/nonexistent");
        moved
    };
    close(&case);
    read_all(&case, command);

    let before = state(&case);
    let words = |words: &[&str]| -> Vec<String> {
        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        words.push(case.to_str().unwrap().to_owned());
        words
    };
    let replay = words(&run::REPLAY);
    let ran = run::run(&mut command(&replay));
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    assert_eq!(ran.json()["summary"]["risky_senders"], 6, "{ran:#?}");
    assert!(
        ran.stderr.contains("nothing was saved: the case in "),
        "{ran:#?}"
    );
    assert_unchanged(&before, &case, "load --replay");

    let ran = run::run(&mut command(&words(&["report", "--case"])));
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(
        ran.complaint().contains("name a file with --out"),
        "{ran:#?}"
    );
    assert_unchanged(&before, &case, "report");
    // So that the folder can be removed.
    for (path, ..) in state(&case) {
        open(&path, 0o755);
    }
}

/// A load holds the lock and has added records of a newer generation.
#[test]
fn a_case_is_read_while_a_load_goes_on_with_it() {
    let (lab, case) = with_gaps();
    let graph = run::graph::lines(&case);
    let size = run::journal::size(&case);
    let hang = Fault::on(Service::XForce, "GET", Action::Hang).always();
    lab.tenant.script([hang]);
    let mut load = run::start(&mut lab.load_command(&case, &[]));
    wait_until("the load waits", || {
        run::journal::size(&case) > size && lab.tenant.unanswered() > 0
    });
    // Until all that can come has come.
    let mut seen = run::journal::size(&case);
    loop {
        std::thread::sleep(std::time::Duration::from_millis(1_000));
        match run::journal::size(&case) {
            size if size == seen => break,
            size => seen = size,
        }
    }
    read_all(&case, |words| {
        let mut command = binary(lab.folder());
        command.args(words);
        command
    });
    let verified = linktrail(lab.folder(), &["case", "verify", case.to_str().unwrap()]);
    assert!(
        verified.stdout.contains("are of a newer load"),
        "{verified:#?}"
    );

    // Killed, nothing of it is lost, and nothing of the last complete generation.
    load.kill().unwrap();
    load.wait().unwrap();
    read_all(&case, |words| {
        let mut command = binary(lab.folder());
        command.args(words);
        command
    });
    let mut replay = lab.binary();
    replay.args(run::REPLAY);
    let replayed = run::run(replay.arg(&case));
    assert_eq!(replayed.code, Some(3), "{replayed:#?}");
    assert_eq!(run::graph::lines(&case), graph);
    assert_eq!(manifest(&case)["generation"]["number"], 1);

    lab.tenant.clear_script();
    let loaded = lab.loaded(&case, &[], 0);
    assert!(
        loaded["requests"]["otx"]["replayed"].as_u64() > Some(0),
        "{loaded:#}"
    );
    let generation = &manifest(&case)["generation"];
    assert_eq!(generation["number"], 2);
    assert_eq!(generation["records"], run::journal::records(&case).len());
    assert_ne!(run::graph::lines(&case), graph);
    let verified = linktrail(lab.folder(), &["case", "verify", case.to_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
    let head = format!("head {}\n", generation["head"].as_str().unwrap());
    assert!(verified.stdout.contains(&head), "{verified:#?}");
}

/// The hidden file that an export is written to does not outlive it.
#[test]
fn an_interrupted_export_leaves_nothing() {
    let (folder, case) = demo_case();
    let id = manifest(&case)["id"].as_str().unwrap().to_owned();
    let mut graph = Vec::new();
    for n in 0..100_000 {
        let line = format!(
            "{{\"id\":\"user-{n:06}\",\"kind\":\"node\",\"label\":\"User\",\"properties\":{{\"cases\":[\"{id}\"],\"evidence_count\":0}}}}\n"
        );
        graph.extend(line.bytes());
    }
    let graph = zstd::encode_all(&graph[..], 1).unwrap();
    std::fs::write(case.join("graph.jsonl.zst"), graph).unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    for signal in ["INT", "TERM"] {
        let mut command = binary(folder.path());
        command
            .args([
                "export",
                "--format",
                "graphml",
                "--out",
                "out/graph.xml",
                "--case",
            ])
            .arg(&case);
        let child = run::start(&mut command);
        wait_until("something is written", || {
            std::fs::read_dir(&out).unwrap().next().is_some()
        });
        let sent = Command::new("bash")
            .args(["-c", "kill -$1 $0", &child.id().to_string(), signal])
            .status();
        assert!(sent.unwrap().success());
        let ran: Ran = child.wait_with_output().unwrap().into();
        assert_eq!(ran.code, Some(130), "{ran:#?}");
        assert_eq!(ran.complaint(), "interrupted; nothing was written");
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
    }
}

#[test]
fn without_a_graph_that_can_be_read_the_command_that_makes_one_is_named() {
    let (folder, case) = demo_case();
    let stored = case.join("graph.jsonl.zst");
    let whole = std::fs::read(&stored).unwrap();
    let half = &whole[..whole.len() / 2];
    let foreign = zstd::encode_all(&b"{\"kind\":\"later\"}\n"[..], 1).unwrap();
    for harmed in [None, Some(half), Some(&foreign[..]), Some(b"x")] {
        match harmed {
            None => std::fs::remove_file(&stored).unwrap(),
            Some(bytes) => std::fs::write(&stored, bytes).unwrap(),
        }
        let before = state(&case);
        for (words, _) in reading(&case, folder.path()) {
            if !["report", "export", "evidence"].contains(&words[0].as_str()) {
                continue;
            }
            // A record is shown without the graph.
            let mut words = words;
            if words[0] == "evidence" {
                words.pop();
                words.push("priya.nair@contoso.com".to_owned());
            }
            let ran = linktrail(folder.path(), &words);
            assert_eq!(ran.code, Some(1), "{words:?}: {ran:#?}");
            let said = ran.complaint();
            assert!(
                said.contains("`linktrail load --replay --no-neo4j --case "),
                "{said}"
            );
            assert!(said.ends_with(" rebuilds it"), "{said}");
        }
        let verified = linktrail(folder.path(), &["case", "verify", case.to_str().unwrap()]);
        assert_eq!(verified.code, Some(1), "{verified:#?}");
        assert!(verified.stdout.contains("`load --replay` writes it again"));
        assert_unchanged(&before, &case, "reading");
    }
    let mut replay = binary(folder.path());
    let replayed = run::run(
        replay
            .args(["load", "--replay", "--no-neo4j", "--case"])
            .arg(&case),
    );
    assert_eq!(replayed.code, Some(3), "{replayed:#?}");
    assert_eq!(std::fs::read(&stored).unwrap(), whole);
}
