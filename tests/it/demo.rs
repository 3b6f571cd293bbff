//! The demo that ships with linktrail replays, and tells what its world knows.

use crate::run::{self, binary};
use tenant_sim::{Query, World};

#[test]
fn the_demo_replays_and_agrees_with_its_world() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut command = binary(folder.path());
    command.args(["load", "--demo", "--no-neo4j", "--format", "json"]);
    let ran = run::run(&mut command);
    // A request that is not on record means that the demo has to be recorded anew: scripts/record-demo.
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let result = ran.json();

    let world = World::demo();
    let truth = world.truth(&Query::of(&world));
    let mut summary = result["summary"].clone();
    let wanted = truth.summary.to_json();
    summary
        .as_object_mut()
        .expect("an object")
        .retain(|name, _| wanted.get(name).is_some());
    assert_eq!(summary, wanted);
    assert_eq!(
        run::gaps(&result, "gaps").len(),
        1,
        "one gap, to show what a gap is"
    );
    for counts in result["requests"].as_object().expect("an object").values() {
        assert_eq!(counts["sent"], 0, "nothing is asked");
    }
    let size: u64 = run::files(std::path::Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/demo"
    )))
    .iter()
    .map(|file| file.metadata().expect("a file").len())
    .sum();
    assert!(size < 1 << 20, "the demo is {size} bytes");
}

#[cfg(unix)]
#[test]
fn a_result_in_json_is_safe_on_a_terminal() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let case = folder.path().join("a\u{1b}[31m\u{9b}31m\u{202e}b");
    let mut command = binary(folder.path());
    command.args(["load", "--demo", "--no-neo4j", "--format", "json", "--case"]);
    let result = run::run(command.arg(&case)).json();
    assert_eq!(result["case"]["path"], case.to_str().expect("a text"));
}

#[test]
fn the_demo_takes_no_options_and_leaves_another_case_alone() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut command = binary(folder.path());
    command.args(["load", "--demo", "--no-neo4j", "--since", "7d"]);
    let ran = run::run(&mut command);
    assert_eq!(ran.code, Some(2), "{ran:#?}");

    let other = folder.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    std::fs::write(other.join("case.json"), r#"{"format":9}"#).expect("a file");
    let mut command = binary(folder.path());
    command.args(["load", "--demo", "--no-neo4j", "--case", "other"]);
    let ran = run::run(&mut command);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("another version"), "{ran:#?}");
}
