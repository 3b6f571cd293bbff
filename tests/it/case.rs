//! A case on disk: whoever reads it leaves it as it is, and whatever happens to it has a name.

mod archive;
mod generations;
mod readers;
mod tails;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use tenant_sim::{Action, Fault, Options, Service, World};

use crate::run::demo_case::demo;
use crate::run::{self, Lab, Ran, binary};

/// What a file or a folder is: its path, its bytes, when it was changed, and its mode.
type State = (PathBuf, Vec<u8>, (i64, i64), u32);

/// Everything in a folder, and the folder itself.
fn state(folder: &Path) -> Vec<State> {
    let mut paths = vec![folder.to_owned()];
    let mut state = Vec::new();
    while let Some(path) = paths.pop() {
        let data = std::fs::symlink_metadata(&path).unwrap();
        let mut bytes = Vec::new();
        if data.is_dir() {
            paths.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            bytes = std::fs::read(&path).unwrap();
        }
        state.push((path, bytes, (data.mtime(), data.mtime_nsec()), data.mode()));
    }
    state.sort();
    state
}

fn assert_unchanged(before: &[State], folder: &Path, what: &str) {
    let after = state(folder);
    let names =
        |state: &[State]| -> Vec<PathBuf> { state.iter().map(|(path, ..)| path.clone()).collect() };
    assert_eq!(names(before), names(&after), "{what}");
    for (before, after) in before.iter().zip(&after) {
        assert!(before == after, "{what} changed {}", before.0.display());
    }
}

/// Every command that reads a case, writing into `out`, with the exit code that it ends with.
fn reading(case: &Path, out: &Path) -> Vec<(Vec<String>, i32)> {
    let case = case.to_str().unwrap().to_owned();
    let out = |name: &str| out.join(name).to_str().unwrap().to_owned();
    let id: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&case).join("case.json")).unwrap())
            .unwrap();
    let record = format!("{}/1", id["id"].as_str().unwrap());
    let parent = Path::new(&case).parent().unwrap().to_str().unwrap();
    let mut commands = vec![
        (
            vec!["report", "--case", &case, "--out", &out("report.html")],
            0,
        ),
        (vec!["evidence", "--case", &case, &record], 0),
        (
            vec!["evidence", "--case", &case, "--format", "json", &record],
            0,
        ),
        (
            vec!["evidence", "--case", &case, "https://nowhere.example/"],
            2,
        ),
        (vec!["case", "verify", &case], 0),
        (vec!["case", "list", parent], 0),
        (vec!["case", "pack", &case, "--out", &out("packed")], 0),
    ]
    .into_iter()
    .map(|(words, code)| (words.into_iter().map(str::to_owned).collect(), code))
    .collect::<Vec<(Vec<String>, i32)>>();
    for format in ["graphml", "csv", "opengraph", "jsonl", "stix"] {
        let words = [
            "export",
            "--case",
            &case,
            "--format",
            format,
            "--out",
            &out(format),
        ];
        commands.push((words.map(str::to_owned).into(), 0));
    }
    commands
}

/// Runs them all and insists that the case is what it was.
fn read_all(case: &Path, command: impl Fn(&[String]) -> Command) {
    let out = TempDir::new().unwrap();
    open(out.path(), 0o777);
    let before = state(case);
    for (words, code) in reading(case, out.path()) {
        let ran = run::run(&mut command(&words));
        assert_eq!(ran.code, Some(code), "{words:?}: {ran:#?}");
        assert_unchanged(&before, case, &words.join(" "));
    }
}

fn open(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn linktrail(folder: &Path, words: &[impl AsRef<std::ffi::OsStr>]) -> Ran {
    run::run(binary(folder).args(words))
}

fn manifest(case: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(case.join("case.json")).unwrap()).unwrap()
}

/// A tenant, and a complete case with gaps: no provider answered.
fn with_gaps() -> (Lab, PathBuf) {
    let lab = Lab::new(World::small(), Options::default());
    lab.tenant.script([
        Fault::on(Service::Otx, "GET", Action::status(403)).always(),
        Fault::on(Service::XForce, "GET", Action::status(403)).always(),
    ]);
    let case = lab.case("case");
    lab.loaded(&case, &[], 3);
    lab.tenant.clear_script();
    (lab, case)
}

/// The segments' lines, each with the segment that it stands in.
fn rewrite(case: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let segments = run::journal::segments(case);
    let [segment] = &segments[..] else {
        panic!("one segment: {segments:?}");
    };
    let text = zstd::decode_all(&std::fs::read(segment).unwrap()[..]).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    let mut bytes = Vec::new();
    for line in lines {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        std::io::Write::write_all(&mut encoder, format!("{line}\n").as_bytes()).unwrap();
        bytes.extend(encoder.finish().unwrap());
    }
    std::fs::write(segment, bytes).unwrap();
}

/// Makes of a case what a version that wrote format 1 would have made.
fn make_format_1(case: &Path) {
    rewrite(case, |lines| {
        for line in lines {
            let end = line.rfind(r#","chain":"#).unwrap();
            line.replace_range(end.., "}");
        }
    });
    let mut value = manifest(case);
    value["format"] = 1.into();
    for key in ["generation", "gaps", "notes"] {
        value.as_object_mut().unwrap().remove(key);
    }
    std::fs::write(case.join("case.json"), format!("{value:#}\n")).unwrap();
    std::fs::write(case.join("graph.jsonl"), run::graph::lines(case)).unwrap();
    std::fs::remove_file(case.join("graph.jsonl.zst")).unwrap();
}

/// A folder with the demo's case in it.
fn demo_case() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let case = demo(folder.path());
    (folder, case)
}
