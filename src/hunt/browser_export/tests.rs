use std::collections::BTreeSet;
use std::io::Read;

use super::*;
use crate::graph::schema::{EDGES, NODES};

fn content(name: &str, case: Option<&str>) -> Vec<u8> {
    let files = files(case).unwrap();
    files
        .into_iter()
        .find(|file| file.name == name)
        .unwrap()
        .content
}

fn entries(case: Option<&str>) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(content(HUNTS_FILE, case))).unwrap();
    let mut entries = Vec::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        entries.push((entry.name().unwrap().into_owned(), text));
    }
    entries
}

#[test]
fn every_hunt_is_a_favourite_called_by_its_name_and_title() {
    let entries = entries(None);
    for hunt in library().unwrap() {
        let name = format!("linktrail {}/{}.cypher", hunt.group, hunt.name);
        let (_, text) = entries.iter().find(|(found, _)| *found == name).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("// {}: {}", hunt.name, hunt.title));
        assert!(text.ends_with(&format!("{};\n", body(&hunt))), "{text}");
        // Neo4j Browser cuts at semicolons, and shows the answer of a single statement only.
        let code = lines.iter().filter(|line| !line.starts_with("//"));
        assert_eq!(code.filter(|line| line.contains(';')).count(), 1, "{text}");
    }
    assert_eq!(entries.len(), library().unwrap().len() + 3);
    let names: BTreeSet<&str> = entries
        .iter()
        .map(|(_, text)| text.lines().next().unwrap())
        .collect();
    assert_eq!(names.len(), entries.len(), "two favourites have one name");
}

#[test]
fn every_parameter_of_every_hunt_is_set_and_has_one_type() {
    let (_, script) = &entries(None)[0];
    let mut types = std::collections::BTreeMap::new();
    for hunt in library().unwrap() {
        for parameter in hunt.parameters {
            let line = format!("\n:param {} => ", parameter.name);
            assert_eq!(script.matches(&line).count(), 1, "{script}");
            let known = types
                .entry(parameter.name.clone())
                .or_insert(parameter.kind);
            assert_eq!(
                *known, parameter.kind,
                "{} of {}",
                parameter.name, hunt.name
            );
        }
    }
    assert!(
        script.contains("\n:param case => null;\n:param alert => '"),
        "{script}"
    );
    assert!(script.contains("\n:param limit => 10000;\n"), "{script}");
    assert_eq!(script.matches(":param").count(), types.len() + 1);
}

#[test]
fn the_export_has_the_same_bytes_each_time_and_can_be_narrowed_to_a_case() {
    assert_eq!(files(None).unwrap(), files(None).unwrap());
    let (_, script) = &entries(Some("01J'\\"))[0];
    assert!(
        script.contains("\n:param case => '01J\\'\\\\';\n"),
        "{script}"
    );
    let guide = String::from_utf8(content(GUIDE_FILE, Some("01J"))).unwrap();
    assert!(guide.contains(":param case =&gt; '01J';"), "{guide}");
}

#[test]
fn values_are_written_as_cypher_writes_them() {
    let time = chrono::DateTime::parse_from_rfc3339("2026-10-01T08:00:00Z").unwrap();
    for (value, expected) in [
        (Argument::Null, "null"),
        (Argument::Integer(-3), "-3"),
        (Argument::Boolean(true), "true"),
        (Argument::Text("it's\n\\".to_owned()), "'it\\'s\\n\\\\'"),
        (
            Argument::Time(time),
            "datetime('2026-10-01T08:00:00+00:00')",
        ),
        (
            Argument::List(vec!["a".to_owned(), "b'".to_owned()]),
            "['a', 'b\\'']",
        ),
    ] {
        assert_eq!(literal(&value), expected);
    }
}

/// `UPDATE_SNAPSHOTS=1` writes the file again.
#[test]
fn the_guide_in_the_repository_is_in_step_with_the_hunts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cypher/browser/guide.html");
    let wanted = String::from_utf8(content(GUIDE_FILE, None)).unwrap();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "cypher/browser/guide.html is not what the hunts give; run the tests with UPDATE_SNAPSHOTS=1"
    );
}

/// Neo4j Browser takes ` on…=value` out of a guide, whatever it is.
#[test]
fn nothing_in_the_guide_looks_like_an_event_handler() {
    let handler =
        regex::Regex::new(r#"\s+(on[^\s=]+)[^\s=]*\s*=\s*("[^"]*"|'[^']*'|[\w\-.:]+\s*)"#).unwrap();
    let guide = String::from_utf8(content(GUIDE_FILE, None)).unwrap();
    assert!(handler.is_match("a online = 'b'"));
    assert!(handler.find(&guide).is_none(), "{:?}", handler.find(&guide));
    assert!(!guide.contains("{{") && !guide.contains("}}"));
}

#[test]
fn the_style_draws_every_label_in_a_colour_of_its_own_and_risk_last() {
    let rules: Vec<(&str, &str)> = STYLE
        .split('}')
        .filter_map(|rule| rule.split_once('{').map(|(name, rule)| (name.trim(), rule)))
        .collect();
    let property = |rule: &str, name: &str| {
        let lines = rule.lines().filter_map(|line| line.trim().split_once(": "));
        let mut found = lines.filter(|(key, _)| *key == name);
        found
            .next()
            .map(|(_, value)| value.trim_end_matches(';').to_owned())
    };
    // A caption in quotes holds braces, so its rule is cut short above: look at the text instead.
    let mut colours = BTreeSet::new();
    for spec in NODES {
        let name = format!("node.{}", spec.label);
        let (_, rule) = rules.iter().find(|(found, _)| *found == name).unwrap();
        colours.insert(property(rule, "color").unwrap());
        let start = STYLE.find(&format!("{name} {{")).unwrap();
        let rule = &STYLE[start..start + STYLE[start..].find("\n}").unwrap()];
        assert!(rule.contains("caption: \"{"), "{rule}");
    }
    assert_eq!(colours.len(), NODES.len());
    assert!(!colours.contains("#D55E00"), "vermilion is for risk alone");
    // Later rules win: what is malicious has to be drawn so whatever its label says.
    for label in ["User", "Message", "Url"] {
        let marked = STYLE.find(&format!("node.{label}.Risky {{")).unwrap();
        assert!(marked > STYLE.rfind("\nnode.Alert {").unwrap());
        assert!(STYLE[marked..].contains("#D55E00"));
    }
    // What was taken away stands out from what still stands, malicious or not.
    let removed = STYLE.find("node.Message.Removed {").unwrap();
    assert!(removed > STYLE.find("node.Message.Risky {").unwrap());
    for label in ["Risky", "Removed", "Outside"] {
        assert!(MARK.contains(&format!(":{label};")), "{label}");
        assert!(UNMARK.contains(label), "{label} stays");
    }
    for kind in ["RECEIVED", "REPORTED", "REDIRECTS_TO"] {
        assert!(STYLE.contains(&format!("relationship.{kind} {{")), "{kind}");
    }
    for name in rules
        .iter()
        .filter_map(|(name, _)| name.strip_prefix("relationship."))
    {
        assert!(
            EDGES.iter().any(|spec| spec.kind.as_str() == name),
            "{name}"
        );
    }
}
