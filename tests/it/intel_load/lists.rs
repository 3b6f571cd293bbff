//! Loads with lists of one's own: what they say of urls, what of them cannot be read, and where `evidence` finds it.

use super::*;

/// A list of each kind, each with one url, and the line on which it stands.
const LISTS: [(&str, &str, &str, usize); 7] = [
    (
        "urlhaus.csv",
        "# Dump\r\n#\r\n# id,dateadded,url,url_status\r\n\"7\",\"2026-10-15 15:07:33\",\"https://one.example/a\",\"online\"\r\n",
        "https://one.example/a",
        4,
    ),
    (
        "opencti.csv",
        "sep=;\nname;url\n\nx;hxxps://two[.]example[:]8443/a\n",
        "https://two.example:8443/a",
        4,
    ),
    (
        "allow-block.txt",
        "# ours\r\r*.three.example/*\r",
        "https://www.three.example/a",
        3,
    ),
    (
        "event.json",
        "{\"Event\": {\"Attribute\": [\n\n{\"type\": \"ip-dst\", \"value\": \"203.0.113.9\", \"to_ids\": true}]}}",
        "http://203.0.113.9/a",
        3,
    ),
    (
        "talos.json",
        "{\"type\": \"bundle\", \"objects\": [\n{\"type\": \"indicator\", \"id\": \"indicator--1\", \"pattern\": \"[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'five.example']\"}]}",
        "https://five.example/a",
        2,
    ),
    (
        "pulse.json",
        "{\"indicators\": [\n{\"indicator\": \"six.example\", \"type\": \"hostname\"}]}",
        "https://six.example/a",
        2,
    ),
    (
        "taxii.stix2",
        "{\"more\": false, \"objects\": [\n\n\n{\"type\": \"indicator\", \"id\": \"indicator--1\", \"pattern\": \"[url:value = 'https://seven.example/a']\"}]}",
        "https://seven.example/a",
        4,
    ),
];

/// A tenant whose configuration names these lists.
fn with_lists(lists: &[(&str, &str)]) -> Lab {
    let lab = Lab::new(World::small(), Options::default());
    let mut names = Vec::new();
    for (name, text) in lists {
        let path = lab.folder().join(name);
        std::fs::write(&path, text).unwrap();
        names.push(format!("{:?}", path.display().to_string()));
    }
    let intel = format!("providers = [\"file\"]\nfile = [{}]", names.join(", "));
    lab.edit_config(|config| {
        config.replacen("providers = [\"defender\", \"otx\", \"xforce\"]", &intel, 1)
    });
    lab
}

#[test]
fn evidence_shows_the_very_line_of_each_kind_of_list() {
    let lists: Vec<(&str, &str)> = LISTS
        .iter()
        .map(|(name, text, ..)| (*name, *text))
        .collect();
    let lab = with_lists(&lists);
    let case = lab.case("case");
    let mut arguments = Vec::new();
    for (_, _, url, _) in &LISTS {
        arguments.extend(["--url", *url]);
    }
    let ran = lab.load(&case, &arguments);
    let listed = verdicts(&case, "file");
    for (name, _, url, line) in &LISTS {
        let summary = listed[*url]["summary"].as_str().unwrap();
        assert!(
            summary.contains(&format!("{name} line {line} (")),
            "{url}: {summary}\n{ran:#?}"
        );
        let mut command = lab.binary();
        command.args(["evidence", url, "HAS_VERDICT", &format!("file|{url}")]);
        let ran = run(command.args(["--format", "json", "--case"]).arg(&case));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let found: Value = serde_json::from_str(&ran.stdout).unwrap();
        let records = found["records"].as_array().unwrap();
        let [record] = records.as_slice() else {
            panic!("{url}: {found}");
        };
        let parts = record["parts"]["found"].as_array().unwrap();
        let [part] = parts.as_slice() else {
            panic!("{url}: {found}");
        };
        assert_eq!(part["at"], *line, "{url}: {part}");
        let host = Url::parse(url).unwrap();
        let host = host.host_str().unwrap().trim_start_matches("www.");
        let word = host.split('.').next().unwrap();
        assert!(
            part["part"].as_str().unwrap().contains(word),
            "{url}: {part}"
        );
    }
}

#[test]
fn lines_that_cannot_be_read_are_a_gap_and_the_others_count() {
    let good = "https://one.example/a\n".repeat(2000);
    let lab = with_lists(&[
        ("long.txt", &format!("{good}not one\nnor this\n")),
        ("empty.csv", "url,tags\n"),
    ]);
    let case = lab.case("case");
    let ran = lab.load(&case, &["--url", "https://one.example/a"]);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let result: Value = serde_json::from_str(&ran.stdout).unwrap();
    let gaps: Vec<&Value> = result["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|gap| gap["source"] == "file")
        .collect();
    let about = |name: &str| {
        let gap = gaps
            .iter()
            .find(|gap| gap["reason"].as_str().unwrap().contains(name));
        gap.unwrap_or_else(|| panic!("{gaps:?}"))
    };
    let long =
        about("long.txt has lines that are no indicators; the first is line 2001: `not one`");
    assert_eq!(long["affected"], 2);
    assert_eq!(
        about("empty.csv has no entry that a url can match")["affected"],
        1
    );
    assert_eq!(
        verdicts(&case, "file")["https://one.example/a"]["state"],
        "hit"
    );
    replays_alike(&lab, &case, 3);
}
