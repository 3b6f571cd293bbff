//! `linktrail hunt list` and `linktrail browser` from the outside: neither needs a server.

use std::process::{Command, Output};

use crate::run::binary;

fn linktrail(folder: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = binary(folder);
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    linktrail(folder.path(), arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn hunts_are_listed_by_tag() {
    let all = text(&run(&["hunt", "list"]).stdout);
    assert!(
        all.contains("\nhealth\n") && all.contains("\nTags: alert, "),
        "{all}"
    );
    let some = text(&run(&["hunt", "list", "--tag", "picture"]).stdout);
    assert!(
        some.contains("incident-graph") && !some.contains("summary\n  summary"),
        "{some}"
    );
    let both = text(&run(&["hunt", "list", "--tag", "picture", "--tag", "user"]).stdout);
    assert!(
        both.contains("user-graph") && !both.contains("incident-graph"),
        "{both}"
    );

    let unknown = run(&["hunt", "list", "--tag", "pictures"]);
    assert_eq!(unknown.status.code(), Some(2));
    let complaint = text(&unknown.stderr);
    assert!(
        complaint.starts_with(
            "error: no hunt has the tag `pictures`; did you mean picture?; the tags are alert,"
        ),
        "{complaint}"
    );
    assert!(unknown.stdout.is_empty());
}

#[test]
fn the_kit_for_neo4j_browser_is_written_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| linktrail(folder.path(), arguments).output().unwrap();
    let output = run(&["browser"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for name in ["linktrail-hunts.zip", "linktrail.grass", "guide.html"] {
        let file = folder.path().join("linktrail-browser").join(name);
        assert!(file.metadata().unwrap().len() > 500, "{name}");
        assert!(text(&output.stdout).contains(name));
    }
    std::fs::write(folder.path().join("taken"), "").unwrap();
    let output = run(&["browser", "--out", "taken"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).starts_with("error: cannot write taken"),
        "{output:?}"
    );
}
