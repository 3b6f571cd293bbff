//! A case as one file, and the end of a case.

use super::*;
use crate::load_resume::copy;

#[test]
fn a_packed_case_is_the_same_bytes_and_becomes_the_same_case() {
    let (folder, case) = demo_case();
    let pack = |case: &str, out: &[&str]| {
        let ran = linktrail(folder.path(), &[&["case", "pack", case], out].concat());
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    };
    pack("cases/demo", &[]);
    let id = manifest(&case)["id"].as_str().unwrap().to_owned();
    let name = format!("{id}.linktrail.tar.zst");
    let packed = folder.path().join(&name);
    assert_eq!(std::fs::metadata(&packed).unwrap().mode() & 0o777, 0o600);
    // Elsewhere, later, and with what is not part of a case.
    copy(&case, &folder.path().join("copy"));
    for extra in [
        "report.html",
        "journal/000001.jsonl.zst.torn",
        ".case.json.x.part",
        "notes.txt",
    ] {
        std::fs::write(folder.path().join("copy").join(extra), "x").unwrap();
    }
    pack("copy", &["--out", "again"]);
    let again = std::fs::read(folder.path().join("again")).unwrap();
    assert!(std::fs::read(&packed).unwrap() == again);

    let ran = linktrail(
        folder.path(),
        &["case", "unpack", &name, "--out", "new/case"],
    );
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        ran.stdout.ends_with("new/case: unpacked and whole\n"),
        "{ran:#?}"
    );
    let unpacked = folder.path().join("new/case");
    let names: Vec<_> = run::files(&unpacked)
        .into_iter()
        .map(|file| file.strip_prefix(&unpacked).unwrap().to_owned())
        .collect();
    let expected = [
        "case.json",
        "graph.index",
        "graph.jsonl.zst",
        "journal/000001.jsonl.zst",
    ];
    assert_eq!(names, expected.map(PathBuf::from));
    for name in names {
        let (old, new) = (case.join(&name), unpacked.join(&name));
        assert!(std::fs::read(old).unwrap() == std::fs::read(new).unwrap());
    }
    for (path, _, _, mode) in state(&unpacked) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
    // Never over something.
    for out in [&["--out", "new/case"][..], &["--out", "cases"]] {
        let ran = linktrail(
            folder.path(),
            &[&["case", "unpack", name.as_str()], out].concat(),
        );
        assert_eq!(ran.code, Some(2), "{ran:#?}");
    }
    let ran = linktrail(folder.path(), &["case", "unpack", &name]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        folder
            .path()
            .join("cases")
            .join(&id)
            .join("case.json")
            .exists()
    );
}

#[test]
fn a_packed_case_that_is_not_whole_is_not_unpacked() {
    let (folder, case) = demo_case();
    rewrite(&case, |lines| {
        lines.remove(9);
    });
    // What nobody should have packed: `pack` refuses it.
    let refused = linktrail(folder.path(), &["case", "pack", "cases/demo"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    let id = manifest(&case)["id"].as_str().unwrap().to_owned();
    let mut tar = tar::Builder::new(Vec::new());
    for name in ["case.json", "graph.jsonl.zst", "journal/000001.jsonl.zst"] {
        let path = format!("{id}/{name}");
        tar.append_path_with_name(case.join(name), path).unwrap();
    }
    let bytes = zstd::encode_all(&tar.into_inner().unwrap()[..], 3).unwrap();
    for (name, bytes, said) in [
        ("lacking", &bytes[..], "record 10 is missing"),
        ("half", &bytes[..bytes.len() / 2], "this is no packed case"),
        ("garbage", b"garbage", "this is no packed case"),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let ran = linktrail(
            folder.path(),
            &["case", "unpack", name, "--out", "out/case"],
        );
        assert_eq!(ran.code, Some(1), "{name}: {ran:#?}");
        assert!(ran.stderr.contains(said), "{name}: {ran:#?}");
        assert!(
            ran.stderr.contains("nothing was unpacked"),
            "{name}: {ran:#?}"
        );
        assert_eq!(
            std::fs::read_dir(folder.path().join("out"))
                .unwrap()
                .count(),
            0
        );
    }
}

#[test]
fn a_case_is_deleted_with_what_is_its_own() {
    let (folder, case) = demo_case();
    let delete = |words: &[&str]| linktrail(folder.path(), &[&["case", "delete"], words].concat());
    let before = state(&case);
    let asked = delete(&["cases/demo"]);
    assert_eq!(asked.code, Some(2), "{asked:#?}");
    assert!(
        asked
            .complaint()
            .contains("nothing was deleted: nobody can be asked here")
    );
    let none = delete(&["--yes", "cases"]);
    assert_eq!(none.code, Some(1), "{none:#?}");
    assert!(none.complaint().contains("holds no case"), "{none:#?}");
    assert_unchanged(&before, &case, "delete");

    std::fs::write(case.join("notes.txt"), "mine").unwrap();
    std::fs::write(case.join("report.html"), "made").unwrap();
    let deleted = delete(&["--yes", "cases/demo"]);
    assert_eq!(deleted.code, Some(0), "{deleted:#?}");
    assert!(
        deleted
            .stdout
            .contains("other files in the folder were left")
    );
    assert_eq!(run::files(&case), [case.join("notes.txt")]);
    std::fs::remove_dir_all(&case).unwrap();

    let case = demo(folder.path());
    let deleted = delete(&["--yes", "cases/demo"]);
    assert_eq!(deleted.code, Some(0), "{deleted:#?}");
    assert!(!case.exists());
}
