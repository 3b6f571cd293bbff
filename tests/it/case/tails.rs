//! What crashes and power failures leave at the end of a journal, and what people change in it.

use super::*;
use crate::load_resume::copy;
use crate::run::journal::{assert_same, comparable, segments};

/// The end of the journal, what a reading command and a load say of it, and whether a record is lost.
#[test]
fn a_tail_is_left_by_readers_and_fetched_again_by_a_load() {
    let lab = Lab::new(World::small(), Options::default());
    let whole = lab.case("whole");
    lab.loaded(&whole, &[], 0);
    let expected = comparable(&whole);
    let records = run::journal::records(&whole).len();
    type Harm = fn(&mut Vec<u8>);
    let harms: [(&str, bool, Harm); 4] = [
        ("half a record", true, |bytes| {
            bytes.truncate(bytes.len() - 50)
        }),
        ("zeros behind", false, |bytes| bytes.extend([0; 512])),
        ("zeros in the last record", true, |bytes| {
            let end = bytes.len();
            bytes[end - 40..].fill(0);
        }),
        ("garbage", false, |bytes| {
            bytes.extend(b"\x28\xb5\x2f\xfdnothing that anybody wrote");
        }),
    ];
    for (what, lost, harm) in harms {
        let case = lab.case(&what.replace(' ', "-"));
        copy(&whole, &case);
        let last = segments(&case).pop().unwrap();
        let mut bytes = std::fs::read(&last).unwrap();
        harm(&mut bytes);
        std::fs::write(&last, &bytes).unwrap();
        let before = state(&case);
        let out = TempDir::new().unwrap();
        for (words, code) in reading(&case, out.path()) {
            let ran = linktrail(lab.folder(), &words);
            let code = match ["verify", "pack"].contains(&words[1].as_str()) && lost {
                true => 1,
                false => code,
            };
            assert_eq!(ran.code, Some(code), "{what}: {words:?}: {ran:#?}");
            if words[0] == "report" {
                let said = "bytes(s) behind record".replace("bytes", "byte");
                assert_eq!(
                    ran.stderr.matches(&said).count(),
                    usize::from(lost),
                    "{what}: {ran:#?}"
                );
            }
            if words[1] == "verify" {
                assert!(
                    ran.stdout.contains("are no whole record"),
                    "{what}: {ran:#?}"
                );
                let missing = format!("record {records} is missing");
                assert_eq!(ran.stdout.contains(&missing), lost, "{what}: {ran:#?}");
                assert_eq!(ran.stdout, linktrail(lab.folder(), &words).stdout, "{what}");
            }
            assert_unchanged(&before, &case, &words.join(" "));
        }

        lab.tenant.clear_requests();
        let ran = lab.load(&case, &[]);
        assert_eq!(ran.code, Some(0), "{what}: {ran:#?}");
        assert!(
            ran.stderr.contains("it is kept aside and fetched again"),
            "{what}: {ran:#?}"
        );
        let asked = lab.tenant.requests();
        let asked = asked
            .iter()
            .filter(|exchange| exchange.service != Service::Login);
        assert_eq!(asked.count(), usize::from(lost), "{what}");
        let torn = PathBuf::from(format!("{}.torn", last.display()));
        assert!(bytes.ends_with(&std::fs::read(&torn).unwrap()), "{what}");
        assert_eq!(run::journal::records(&case).len(), records, "{what}");
        assert_same(&expected, &case);
        let verified = linktrail(lab.folder(), &["case", "verify", case.to_str().unwrap()]);
        assert_eq!(verified.code, Some(0), "{what}: {verified:#?}");
        // A second load says nothing of it.
        let again = lab.load(&case, &[]);
        assert!(!again.stderr.contains("kept aside"), "{what}: {again:#?}");
    }
}

/// Every checksum is right, and still it is not what was recorded. Nothing that reads takes it for whole.
#[test]
fn a_changed_removed_or_moved_record_is_named() {
    let (folder, whole) = demo_case();
    // A page of messages, which the report quotes.
    fn page(lines: &[String]) -> usize {
        let mut lines = lines.iter();
        lines
            .position(|line| line.contains("getAllMessages"))
            .unwrap()
    }
    type Change = fn(&mut Vec<String>);
    let changes: [(&str, Change, &str); 3] = [
        (
            "changed",
            |lines| {
                let at = page(lines);
                lines[at] = lines[at].replacen("\"status\":200", "\"status\":404", 1);
            },
            "record N was changed",
        ),
        (
            "removed",
            |lines| {
                lines.remove(page(lines));
            },
            "record N is missing",
        ),
        (
            "moved",
            |lines| {
                let at = page(lines);
                let line = lines.remove(at);
                lines.insert(at + 9, line);
            },
            "record N was moved: it stands behind record M",
        ),
    ];
    for (what, change, finding) in changes {
        let case = folder.path().join("cases").join(what);
        copy(&whole, &case);
        let mut number = 0;
        rewrite(&case, |lines| {
            number = page(lines) + 1;
            change(lines);
        });
        let finding = finding.replace('N', &number.to_string());
        let finding = finding.replace('M', &(number + 9).to_string());
        let before = state(&case);
        let verify = ["case", "verify", case.to_str().unwrap()];
        let first = linktrail(folder.path(), &verify);
        assert_eq!(first.code, Some(1), "{what}: {first:#?}");
        assert!(first.stdout.contains(&finding), "{what}: {first:#?}");
        assert_eq!(first.stdout, linktrail(folder.path(), &verify).stdout);
        let report = [
            "report",
            "--out",
            "r.html",
            "--case",
            case.to_str().unwrap(),
        ];
        let ran = linktrail(folder.path(), &report);
        assert_eq!(ran.code, Some(1), "{what}: {ran:#?}");
        assert!(
            ran.stderr
                .contains("`linktrail case verify` names all that is wrong")
        );
        assert_unchanged(&before, &case, what);
    }
}

/// Whoever makes a new chain for a changed record cannot make the head that was noted elsewhere.
#[test]
fn a_replaced_end_shows_in_the_head() {
    let (folder, case) = demo_case();
    let mut value = manifest(&case);
    let head = value["generation"]["head"].as_str().unwrap().to_owned();
    value["generation"]["head"] = head
        .replace(&head[..1], if &head[..1] == "0" { "1" } else { "0" })
        .into();
    std::fs::write(case.join("case.json"), value.to_string()).unwrap();
    let ran = linktrail(folder.path(), &["case", "verify", case.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stdout.contains("case.json names the head"), "{ran:#?}");
    assert!(ran.stdout.contains(&format!("head {head}\n")), "{ran:#?}");
}
