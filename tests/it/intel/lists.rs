//! Lists of one's own.

use std::fmt::Write as _;
use std::path::Path;

use chrono::DateTime;
use linktrail::intel::file::{LARGEST, Lists};
use linktrail::intel::{List, Provider, Severity, State};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{file, look_up, url};
use crate::growth::{assert_linear, repeat};

fn fixtures(names: &[&str]) -> Provider {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/intel/file");
    let texts: Vec<String> = names
        .iter()
        .map(|name| List::open(&folder.join(name)).unwrap().text)
        .collect();
    let lists: Vec<(&str, &str)> = names
        .iter()
        .copied()
        .zip(texts.iter().map(String::as_str))
        .collect();
    file(&lists).unwrap()
}

#[test]
fn lists_of_every_kind_name_the_place_that_lists_a_url() {
    let all = fixtures(&["indicators.csv", "indicators.txt", "bundle.json"]);
    for (asked, place) in [
        (
            "https://login.evil-share.example/a?id=7",
            "indicators.csv line 3",
        ),
        (
            "https://user@login.evil-share.example/a?id=7#frag",
            "indicators.csv line 3",
        ),
        (
            "https://bad.example/",
            "indicators.csv line 4 (bad.example)",
        ),
        ("http://www.bad.example:8080/x", "indicators.csv line 4"),
        ("https://evil.example/landing", "indicators.txt line 2"),
        (
            "http://files.evil.example/drop.zip",
            "indicators.txt line 3",
        ),
        (
            "https://files.evil.example./drop.zip",
            "indicators.txt line 3",
        ),
        ("https://a.b.wild.example/", "indicators.txt line 4"),
        ("http://0xcb007109/", "indicators.txt line 5 (203.0.113.9)"),
        ("http://198.51.100.4:8443/any", "indicators.txt line 6"),
        (
            "https://shop.xn--bcher-kva.example/",
            "indicators.txt line 7",
        ),
        ("https://stix.example/it's", "bundle.json line 11"),
        ("https://www.stix-domain.example/", "bundle.json line 11"),
    ] {
        let verdict = look_up(&all, url(asked).as_str()).unwrap();
        assert_eq!(
            (verdict.state, verdict.severity),
            (State::Hit, Some(Severity::High)),
            "{asked}"
        );
        assert!(
            verdict.summary.contains(place),
            "{asked}: {}",
            verdict.summary
        );
    }
    assert_eq!(
        look_up(&all, "https://stix.example/it's").unwrap().tags,
        ["malicious-activity", "phishing"]
    );
    assert_eq!(
        look_up(&all, "https://login.evil-share.example/a?id=7")
            .unwrap()
            .tags,
        ["phishing", "kit"]
    );
    for asked in [
        "https://login.evil-share.example/a",
        "http://login.evil-share.example/a?id=7",
        "https://notbad.example/",
        "https://bad.example.net/",
        "https://evil.example/landing/x",
        "http://198.51.100.4/",
        "https://taken-back.example/",
        "https://stix.example/",
    ] {
        // A list says nothing about what it does not name.
        assert_eq!(look_up(&all, asked), None, "{asked}");
    }
    let none = look_up(&all, "not a url").unwrap();
    assert_eq!((none.state, none.severity), (State::Unavailable, None));
    let Provider::List(lists) = all else {
        panic!("no list");
    };
    assert_eq!(lists.left_out().unwrap().affected, 3);
}

#[test]
fn an_event_of_misp_is_a_list() {
    let event = fixtures(&["misp.json"]);
    for (asked, place) in [
        ("https://kit.example/login?x=1", "misp.json line 11"),
        ("http://any.kit-host.example/", "misp.json line 19"),
        ("https://object.example/drop", "misp.json line 49"),
    ] {
        let verdict = look_up(&event, asked).unwrap();
        assert_eq!(verdict.severity, Some(Severity::High), "{asked}");
        assert!(verdict.summary.contains(place), "{}", verdict.summary);
    }
    let kit = look_up(&event, "https://kit.example/login?x=1");
    let tags = kit.unwrap().tags;
    assert_eq!(tags, ["Network activity", "tlp:green"]);
    // Context, deleted, proposed, or of a kind that no url can match.
    for asked in [
        "https://context.example/",
        "https://deleted.example/",
        "https://proposed.example/",
    ] {
        assert_eq!(look_up(&event, asked), None, "{asked}");
    }
    let Provider::List(lists) = event else {
        panic!("no list");
    };
    assert_eq!(lists.left_out().unwrap().affected, 4);
}

/// What is wrong with the answers of a list of `lists.json`.
fn complaints(case: &Value) -> Vec<String> {
    let text = |name: &str| case[name].as_str().unwrap();
    let since = "2026-09-01T00:00:00Z".parse().unwrap();
    let list = match Lists::of_text(text("name"), text("text"), since) {
        Ok(list) => list,
        Err(error) => return vec![error.to_string()],
    };
    let mut wrong = Vec::new();
    for (asked, line) in case["hits"].as_object().unwrap() {
        let verdict = list.look_up(&url(asked));
        let line = line.as_u64().unwrap();
        let names = format!(" line {line} (");
        if !verdict
            .as_ref()
            .is_some_and(|verdict| verdict.state == State::Hit && verdict.summary.contains(&names))
        {
            wrong.push(format!("{asked} in line {line}: {verdict:?}"));
        }
        // What `evidence` shows is the same line.
        if list.lines_about(&url(asked)) != [usize::try_from(line).unwrap()] {
            wrong.push(format!("{asked}: {:?}", list.lines_about(&url(asked))));
        }
    }
    for asked in case["misses"].as_array().unwrap() {
        if let Some(verdict) = list.look_up(&url(asked.as_str().unwrap())) {
            wrong.push(format!("{asked} is none: {}", verdict.summary));
        }
    }
    let unread: usize = list.problems().iter().map(|problem| problem.affected).sum();
    if unread as u64 != case["unread"].as_u64().unwrap_or(0) {
        wrong.push(format!("{:?}", list.problems()));
    }
    wrong
}

#[test]
fn lists_as_others_publish_them_are_read_line_by_line() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../fixtures/intel/lists.json")).unwrap();
    assert!(cases.len() >= 120, "only {} lists", cases.len());
    let mut report = String::new();
    for case in &cases {
        for wrong in complaints(case) {
            let _ = writeln!(report, "{}: {wrong}", case["why"]);
        }
    }
    assert!(report.is_empty(), "\n{report}");
    let wrong = json!({
        "name": "a.txt", "text": "evil.example\nnot one\n",
        "hits": {"https://evil.example/": 2, "https://b.example/": 1}, "misses": ["https://evil.example/"],
    });
    assert_eq!(complaints(&wrong).len(), 6, "{:?}", complaints(&wrong));
}

#[test]
fn what_is_not_used_of_a_list_is_told() {
    let problems = |name: &str, text: &str| -> Vec<(String, usize)> {
        let list = Lists::of_text(name, text, DateTime::default()).unwrap();
        let problems = list.problems().iter();
        problems
            .map(|problem| (problem.reason.clone(), problem.affected))
            .collect()
    };
    let thousands = format!("{}not one\nand this\n", "a.example\n".repeat(5000));
    assert_eq!(
        problems("l.txt", &thousands),
        [(
            "l.txt has lines that are no indicators; the first is line 5001: `not one` is neither a url nor a domain"
                .to_owned(),
            2
        )]
    );
    for (name, text) in [
        ("l.txt", ""),
        ("l.txt", "# nothing yet\n"),
        ("l.csv", "url,tags\n"),
        ("l.json", "{\"type\": \"bundle\"}"),
        ("l.json", "{\"Event\": {\"info\": \"x\"}}"),
    ] {
        assert_eq!(
            problems(name, text),
            [(format!("{name} has no entry that a url can match"), 1)],
            "{text}"
        );
    }
    assert_eq!(
        problems("l.txt", "d41d8cd98f00b204e9800998ecf8427e\n"),
        [(
            "l.txt has no entry that a url can match (1 × hash)".to_owned(),
            1
        )]
    );
}

#[test]
fn a_file_of_windows_or_of_an_old_mac_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.txt");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        List::open(&path).unwrap().text
    };
    let text = "evil.example\r\nb.example\r\n";
    for (mark, unit) in [
        ([0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ([0xfe, 0xff], u16::to_be_bytes),
    ] {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
        assert_eq!(read(&[&mark[..], &bytes].concat()), text);
    }
    assert_eq!(
        read(b"a.example\r\rb.example\r"),
        "a.example\n\nb.example\n"
    );
    assert_eq!(read(text.as_bytes()), text);
}

#[test]
fn a_list_that_cannot_be_used_says_where_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.txt");
    let fails = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        List::open(&path).unwrap_err().to_string()
    };
    assert!(
        fails(b"a.example\nb.example\n\xff\xfe")
            .ends_with("list.txt, line 3: not UTF-8; save the file as UTF-8")
    );
    assert!(
        List::open(folder.path())
            .unwrap_err()
            .to_string()
            .contains("not a file")
    );
    assert!(
        List::open(&folder.path().join("none"))
            .unwrap_err()
            .to_string()
            .contains("none")
    );
    let large = std::fs::File::create(&path).unwrap();
    large.set_len(LARGEST + 1).unwrap();
    assert!(
        List::open(&path)
            .unwrap_err()
            .to_string()
            .contains("larger than 64 MiB")
    );

    for (name, text, wanted) in [
        ("a.txt", "\nnot one\n", "a.txt, line 2: `not one`"),
        ("a.csv", "url\n\ncom\n", "a.csv, line 3: `com`"),
        (
            "w.txt",
            "evil.*\n",
            "w.txt, line 1: `evil.*` has a wildcard in its host",
        ),
        ("a.json", "{\n\"type\":", "a.json, line 2: not JSON"),
        (
            "a.json",
            "{\"type\":\"bundle\",\"objects\":[\n{\"type\":\"indicator\",\"pattern\":\"[url:value = 'x\"}]}",
            "a.json, line 2:",
        ),
        (
            "a",
            "{\"type\":\"report\"}",
            "a, line 1: not a STIX 2.1 bundle",
        ),
        (
            "a.json",
            "{\"Event\":{\"Attribute\":[\n\n{\"type\":\"url\",\"to_ids\":true,\"value\":\"not one\"}]}}",
            "a.json, line 3: `not one`",
        ),
    ] {
        let Err(error) = file(&[(name, text)]) else {
            panic!("{name} is read");
        };
        assert!(error.to_string().starts_with(wanted), "{error}");
    }
}

#[test]
fn time_is_linear_in_hostile_lists() {
    let since = DateTime::default();
    for piece in [
        "\"",
        "\"a\n",
        "\"a,",
        ",",
        ",\"",
        "\"\"",
        "\r",
        "a\r\n",
        "# url,",
        "url,",
        "https://a.example/,x\n",
        "1,2,3\n",
        "a|b|",
        "*.a.example/*\n",
        "a.",
        "[.]",
        "\\\\a\\b\n",
        "https://safe.menlosecurity.com/",
    ] {
        for name in ["l.csv", "l.txt"] {
            assert_linear(
                &format!("{name} {piece}"),
                |size| repeat(piece, size),
                |input| {
                    let _ = Lists::of_text(name, input, since);
                },
            );
        }
    }
    let objects = |object: &str, size| format!("[{}1]", repeat(&format!("{object},"), size));
    let pattern = |piece: &str, size| {
        let pattern = repeat(piece, size).replace('"', "");
        format!("[{{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"{pattern}\"}}]")
    };
    for object in [
        "{\"url\":\"https://a.example/\"}",
        "{\"a\":{\"b\":[{}]}}",
        "{\"type\":\"url\",\"id\":\"url--1\",\"value\":\"https://a.example/\"}",
        "{\"type\":\"domain\",\"value\":\"a.example\",\"to_ids\":true}",
    ] {
        assert_linear(
            object,
            |size| objects(object, size),
            |input| {
                let _ = Lists::of_text("l.json", input, since);
            },
        );
    }
    for piece in [
        "[url:value = 'a.example'] OR ",
        "url:value IN ('a.example',",
        "url:value = 'a' AND ",
        "(",
        "[",
        "protocols[*]",
        "' ",
    ] {
        assert_linear(
            piece,
            |size| pattern(piece, size),
            |input| {
                let _ = Lists::of_text("l.json", input, since);
            },
        );
    }
}

proptest! {
    #[test]
    fn no_list_makes_its_reader_panic(text in "[ -~\\n\\t'\"é\\[\\]]{0,200}", extension in "(txt|csv|json)") {
        if let Ok(provider) = file(&[(&format!("l.{extension}"), &text)]) {
            let verdict = look_up(&provider, "https://evil.example/");
            prop_assert!(verdict.is_none_or(|verdict| verdict.severity.is_some()));
        }
    }
}
