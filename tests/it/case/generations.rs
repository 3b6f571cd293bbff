//! Generations: what a load makes of a complete case, and what it leaves alone.

use super::*;
use crate::load_resume::limited;

#[test]
fn a_load_that_has_nothing_to_ask_changes_no_byte() {
    let lab = Lab::new(World::small(), Options::default());
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    for format in [2, 1] {
        if format == 1 {
            make_format_1(&case);
        }
        let before = state(&case);
        lab.tenant.clear_requests();
        lab.loaded(&case, &[], 0);
        assert_eq!(lab.tenant.requests().len(), 0);
        assert_unchanged(&before, &case, "the load");
    }
}

/// Old records stay as they are, new ones are chained, and the whole is a new generation in format 2.
#[test]
fn a_case_of_format_1_goes_on_in_format_2() {
    let (lab, case) = with_gaps();
    make_format_1(&case);
    let segment = run::journal::segments(&case).remove(0);
    let old = std::fs::read(&segment).unwrap();
    let records = run::journal::records(&case).len();
    lab.loaded(&case, &[], 0);
    let value = manifest(&case);
    assert_eq!(
        (&value["format"], &value["complete"]),
        (&2.into(), &true.into())
    );
    assert_eq!(value["generation"]["number"], 2);
    assert_eq!(std::fs::read(&segment).unwrap(), old);
    assert!(!case.join("graph.jsonl").exists());
    let all = run::journal::records(&case);
    assert!(all.len() > records);
    for (id, record) in &all {
        let number: usize = id.split_once('/').unwrap().1.parse().unwrap();
        assert_eq!(record.get("chain").is_some(), number > records, "{id}");
    }
    let verified = linktrail(lab.folder(), &["case", "verify", case.to_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
}

/// A case of format 1 is replayed, and is in format 2 then.
#[test]
fn a_case_of_format_1_is_replayed() {
    let (folder, case) = demo_case();
    let (graph, records) = (run::graph::lines(&case), run::journal::records(&case).len());
    make_format_1(&case);
    let ran = replayed(folder.path(), &case);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let value = manifest(&case);
    assert_eq!(value["format"], 2);
    assert_eq!(
        value["generation"],
        serde_json::json!({"number": 1, "records": records, "head": null})
    );
    assert_eq!(value["gaps"].as_array().unwrap().len(), 1);
    let verified = linktrail(folder.path(), &["case", "verify", case.to_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
    assert_eq!(run::graph::lines(&case), graph);
}

/// The case that an earlier version recorded lacks what this one asks for: its stored graph stands.
#[test]
fn the_case_of_an_earlier_version_is_shown_as_it_was() {
    let folder = TempDir::new().unwrap();
    let case = folder.path().join("old");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/case-format-1");
    crate::load_resume::copy(Path::new(fixture), &case);
    let ran = replayed(folder.path(), &case);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let said = "the graph was not rebuilt, and the stored one is used";
    assert!(ran.stderr.contains(said), "{ran:#?}");
    for name in ["case.json", "graph.jsonl"] {
        let read = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
        assert_eq!(read(&case), read(Path::new(fixture)), "{name}");
    }
}

fn replayed(folder: &Path, case: &Path) -> Ran {
    let mut replay = binary(folder);
    let replay = replay.args(["load", "--replay", "--no-neo4j", "--case"]);
    run::run(replay.arg(case))
}

/// However it ends, the last complete generation is what it was, and the next run makes the next one.
#[test]
fn a_full_disk_while_a_complete_case_goes_on_loses_nothing() {
    let (lab, case) = with_gaps();
    let graph = run::graph::lines(&case);
    let told = manifest(&case);
    let command = lab.load_command(&case, &[]);
    let ran = run::run(&mut limited(&command, 1));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let said = ran.complaint();
    assert!(said.contains("nothing recorded so far is lost"), "{said}");
    assert_eq!((run::graph::lines(&case), manifest(&case)), (graph, told));
    let verified = linktrail(lab.folder(), &["case", "verify", case.to_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
    lab.loaded(&case, &[], 0);
    assert_eq!(manifest(&case)["generation"]["number"], 2);
}

/// A crash on either side of the moment at which `case.json` is replaced.
#[test]
fn a_switch_that_was_cut_short_is_read_as_one_of_the_two() {
    let (lab, case) = with_gaps();
    let (old_graph, old) = (
        std::fs::read(case.join("graph.jsonl.zst")).unwrap(),
        std::fs::read(case.join("case.json")).unwrap(),
    );
    lab.loaded(&case, &[], 0);
    let (new_graph, new) = (
        std::fs::read(case.join("graph.jsonl.zst")).unwrap(),
        std::fs::read(case.join("case.json")).unwrap(),
    );
    let graph = |bytes: &[u8]| zstd::decode_all(bytes).unwrap();
    for (told, expected) in [(&old, &old_graph), (&new, &new_graph)] {
        // The new graph is there with its number, and the old one still has the usual name.
        std::fs::write(case.join("graph-2.jsonl.zst"), &new_graph).unwrap();
        std::fs::write(case.join("graph.jsonl.zst"), &old_graph).unwrap();
        std::fs::write(case.join("case.json"), told).unwrap();
        let before = state(&case);
        let out = TempDir::new().unwrap();
        let exported = out.path().join("graph");
        let mut export = binary(lab.folder());
        export
            .args(["export", "--format", "jsonl", "--case"])
            .arg(&case);
        let ran = run::run(export.arg("--out").arg(&exported));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        assert_eq!(std::fs::read(&exported).unwrap(), graph(expected));
        let verified = linktrail(lab.folder(), &["case", "verify", case.to_str().unwrap()]);
        assert_eq!(verified.code, Some(0), "{verified:#?}");
        assert_unchanged(&before, &case, "reading");
    }
    // The first load that makes something puts it in order.
    std::fs::write(case.join("case.json"), &old).unwrap();
    lab.loaded(&case, &[], 0);
    assert!(!case.join("graph-2.jsonl.zst").exists());
    assert_eq!(
        std::fs::read(case.join("graph.jsonl.zst")).unwrap(),
        new_graph
    );
    assert_eq!(std::fs::read(case.join("case.json")).unwrap(), new);
}

#[test]
fn a_name_that_another_version_uses_and_an_id_that_is_none() {
    let (folder, case) = demo_case();
    let told = manifest(&case);
    let mut later = told.clone();
    later["stages"]["spread"] = "done".into();
    later["gaps"][0]["stage"] = "spread".into();
    std::fs::write(case.join("case.json"), later.to_string()).unwrap();
    let out = folder.path().join("report.html");
    let words = [
        "report",
        "--out",
        "report.html",
        "--case",
        case.to_str().unwrap(),
    ];
    let ran = linktrail(folder.path(), &words);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(std::fs::read_to_string(out).unwrap().contains("spread"));
    for id in [
        "",
        "../evil",
        "01m89yjzq2fd4ss77v3crc6zx1",
        "01M89YJZQ2FD4SS77V3CRC6ZX",
    ] {
        let mut other = told.clone();
        other["id"] = id.into();
        std::fs::write(case.join("case.json"), other.to_string()).unwrap();
        let ran = linktrail(folder.path(), &words);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert!(ran.complaint().contains("is not a ULID"), "{ran:#?}");
    }
}
