//! The library as a whole.

use std::collections::BTreeSet;

use linktrail::hunt::{self, Group, HuntError};

/// Names and columns that others rely on.
const PROMISED: &[(&str, &str)] = &[
    (
        "summary",
        "risky_urls, senders, messages, channels, chats, sentence",
    ),
    (
        "malicious-urls-by-sender",
        "sender, url, severity, places, messages",
    ),
    ("risky-users", "user, name, urls, messages, first, last"),
    (
        "risky-messages",
        "at, sender, place, urls, preview, message",
    ),
    (
        "channels-with-risky-messages",
        "team, channel, messages, senders, urls",
    ),
    ("message-timeline", "at, risky, sender, place, url"),
    ("alert-timeline", "at, alert, severity, url"),
    ("hosts-that-accessed", "host, url, how, first, last, count"),
    (
        "suspicious-urls",
        "url, severity, providers, senders, hosts, first, last",
    ),
    ("entities", "kind, entity"),
    ("who-opened", "user, host, url, at, action"),
    ("url-blast-radius", "user, message, at, place, opened, host"),
    (
        "external-first-contact",
        "sender, name, domain, tenant, at, to, place, people, messages, risky, urls, message",
    ),
    (
        "recipients-of",
        "user, name, how, at, outcome, reported, sender, place, removed, removed_at, message",
    ),
    (
        "also-received",
        "user, name, how, at, sender, place, urls, outcome, message",
    ),
    (
        "still-standing",
        "at, sender, place, urls, threats, recipients, owned, web_url, message",
    ),
    (
        "zap-coverage",
        "kind, what, messages, removed, standing, not_ours, share, minutes, slowest",
    ),
    (
        "reported-lures",
        "at, user, sender, sent, minutes, place, urls, verdict, others, rated, message",
    ),
    (
        "redirect-chains",
        "from, via, to, hops, clicks, risky_from, risky, clicked_by",
    ),
];

#[test]
fn lint_has_no_finding() {
    let findings = hunt::lint(&hunt::library().unwrap());
    let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn names_and_columns_are_those_promised() {
    for (name, columns) in PROMISED {
        assert_eq!(
            hunt::find(name).unwrap().columns.join(", "),
            *columns,
            "{name}"
        );
    }
    let library = hunt::library().unwrap();
    let groups: BTreeSet<_> = library.iter().map(|hunt| hunt.group).collect();
    assert_eq!(groups.len(), Group::LIBRARY.len());
    assert!(library.is_sorted_by_key(|hunt| (hunt.group, hunt.name.clone())));
}

#[test]
fn every_file_of_the_folder_is_in_the_library() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cypher/hunts");
    let mut files = 0;
    for group in std::fs::read_dir(folder).unwrap() {
        for file in std::fs::read_dir(group.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let hunt = hunt::find(path.file_stem().unwrap().to_str().unwrap()).unwrap();
            assert!(path.ends_with(&hunt.file), "{}", path.display());
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                hunt.text,
                "built from an older file"
            );
            files += 1;
        }
    }
    assert_eq!(files, hunt::library().unwrap().len());
}

#[test]
fn a_name_near_to_a_hunt_is_suggested() {
    let error = hunt::find("risky-user").unwrap_err();
    let HuntError::Unknown { close, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(close[0], "risky-users");
    assert!(error.is_usage());
    assert!(
        error
            .to_string()
            .starts_with("there is no hunt `risky-user`; did you mean risky-users"),
        "{error}"
    );
}

#[test]
fn a_file_is_found_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.cypher");
    std::fs::write(&path, "\u{feff}// name: mine\n// title: T\n// description: D.\n// returns: table\n// columns: a\nRETURN 1 AS a").unwrap();
    let hunt = hunt::find(path.to_str().unwrap()).unwrap();
    assert_eq!(
        (hunt.name.as_str(), hunt.group, hunt.declared),
        ("mine", Group::Own, true)
    );

    std::fs::write(&path, "RETURN 1 AS a").unwrap();
    let hunt = hunt::find(path.to_str().unwrap()).unwrap();
    assert_eq!((hunt.name.as_str(), hunt.declared), ("mine", false));

    std::fs::write(&path, "// name: mine\n// colums: a\nRETURN 1 AS a").unwrap();
    let error = hunt::find(path.to_str().unwrap()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("mine.cypher:2: unknown key `colums`; did you mean `columns`?"),
        "{error}"
    );

    for missing in ["nowhere/mine", "nowhere.cypher"] {
        let error = hunt::find(missing).unwrap_err();
        assert!(
            matches!(error, HuntError::Unreadable { .. }) && error.is_usage(),
            "{error}"
        );
    }
}

#[test]
fn every_known_answer_has_a_hunt() {
    let answers =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hunts/answers");
    for file in std::fs::read_dir(answers).unwrap() {
        let path = file.unwrap().path();
        hunt::find(path.file_stem().unwrap().to_str().unwrap()).unwrap();
    }
}
