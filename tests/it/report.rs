//! `linktrail report`: its tables are the hunts' answers, and nothing in the file can do harm.

use std::path::Path;

use crate::run::page::{Element, data, elements};
use crate::run::{self, Lab, Ran, binary};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use linktrail::graph::node::{Alert, Channel, Host, Message, Team, Url, User};
use linktrail::graph::{Edge, Graph, NodeRef, Seen, schema};
use linktrail::journal::Method;
use linktrail::journal::Record;
use linktrail::link::defang_text;
use linktrail::model::Window;
use linktrail::model::{HostId, StoredGap};
use linktrail::report::{About, Report};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tenant_sim::{Options, World};

fn report(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = binary(folder);
    run::run(command.arg("report").args(arguments))
}

/// The demo's case in a folder, loaded.
fn demo(folder: &Path) {
    let mut command = binary(folder);
    let ran = run::run(command.args(["load", "--demo", "--no-neo4j"]));
    assert_eq!(ran.code, Some(3), "{ran:#?}");
}

/// Texts that end what they should not, do what they should not, or turn what stands beside them around.
const HOSTILE: &[&str] = &[
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "\u{2}linktrail-data-goes-here\u{2}",
    "invoice\u{202e}fdp.exe\u{2066}",
    "\0\u{1}\u{1b}[2J",
    "line\u{2028}line\u{2029}line\r\n",
    r"\ud800 \u003c \",
    "https://evil.example/a http://b.example/?u=https://c.example www.evil.example",
    "&lt;b&gt;&#x3c;i>",
];

fn plain(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("text {n}")).collect()
}

fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    texts.push("é<".repeat(40_000));
    texts
}

/// A graph in which each text stands wherever a text can; in the other order when it is built backwards.
fn graph(texts: &[String], backwards: bool) -> Graph {
    let mut graph = Graph::new("01KBREPRT00000000000000000");
    let mut texts: Vec<(usize, &String)> = texts.iter().enumerate().collect();
    if backwards {
        texts.reverse();
    }
    for (n, text) in texts {
        let at = "2026-11-02T10:00:00Z"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap();
        let at = Some(at + chrono::TimeDelta::minutes(i64::try_from(n).unwrap()));
        let seen = Seen::at(n as u64 + 1, at);
        let user = User {
            name: Some(text.clone()),
            ..User::by_id(&format!("user {n}"))
        };
        let user = graph.put(user, seen);
        let team = Team {
            id: format!("team {n}").into(),
            name: Some(text.clone()),
        };
        let team = graph.put(team, seen);
        let channel = Channel {
            id: format!("19:{n}@thread.tacv2").into(),
            name: Some(text.clone()),
            membership: None,
        };
        let channel = graph.put(channel, seen);
        graph.link(team, Edge::HasChannel, channel, seen);
        let message = Message {
            id: format!("19:{n}@thread.tacv2/1").into(),
            created: at,
            preview: Some(text.clone()),
            subject: Some(text.clone()),
            ..Message::default()
        };
        let message = graph.put(message, seen);
        graph.link(user, Edge::Sent { at }, message, seen);
        graph.link(message, Edge::PostedIn { at }, channel, seen);
        let mut url = url::Url::parse("https://evil.example/").unwrap();
        url.set_path(&format!("{n}"));
        url.set_fragment(Some(text));
        let url = graph.put(Url(url), seen);
        let edge = Edge::Contains {
            origin: "href",
            text: Some(text.clone()),
            raw: text.clone(),
            wrapped_by: Vec::new(),
            mismatch: true,
            defanged: false,
        };
        graph.link(message, edge, url, seen);
        graph.set(message, schema::message::RISKY, true);
        graph.set(message, schema::message::DELIVERY, text.clone());
        graph.set(message, schema::message::ZAP, vec![text.clone()]);
        if let Some(at) = at {
            graph.set(message, schema::message::ZAPPED, at);
        }
        let reader = User {
            name: Some(text.clone()),
            ..User::by_id(&format!("reader {n}"))
        };
        let reader = graph.put(reader, seen);
        graph.link(reader, Edge::Received { at }, message, seen);
        let verdict = Some(text.clone());
        graph.link(reader, Edge::Reported { at, verdict }, message, seen);
        let mut end = url::Url::parse("https://end.example/").unwrap();
        end.set_fragment(Some(text));
        let end = graph.put(Url(end), seen);
        graph.link(url, Edge::RedirectsTo { count: 1 }, end, seen);
        graph.set(url, schema::url::RISKY, true);
        graph.set(user, schema::user::RISKY_SENDER, true);
        let host = Host {
            id: HostId::device(&format!("host {n}")),
            name: Some(text.clone()),
            os: None,
        };
        let host: NodeRef = graph.put(host, seen);
        graph.link(host, Edge::WarnedAbout { count: 1 }, url, seen);
        let clicked = Edge::Clicked {
            count: 1,
            action: text.clone(),
            clicked_through: false,
            ip: "198.51.100.7".to_owned(),
        };
        graph.link(user, clicked, url, seen);
        graph.link(user, Edge::Used { count: 1 }, host, seen);
        let alert = Alert {
            id: format!("alert {n}").into(),
            name: Some(text.clone()),
            product: Some(text.clone()),
            time: at,
            ..Alert::default()
        };
        let alert = graph.put(alert, seen);
        graph.link(alert, Edge::Mentions, url, seen);
    }
    graph
}

/// The report of such a graph: its page and its model.
fn of(texts: &[String], backwards: bool) -> (String, Value) {
    let graph = graph(texts, backwards);
    let at = "2026-11-03T00:00:00Z".parse().unwrap();
    let about = About {
        id: graph.case().to_owned(),
        version: "0.0.0".to_owned(),
        created: at,
        window: Window { from: at, to: at },
    };
    let gaps: Vec<StoredGap> = texts
        .iter()
        .map(|text| StoredGap {
            stage: "messages".to_owned(),
            source: "graph".to_owned(),
            reason: text.clone(),
            affected: 1,
        })
        .collect();
    let report = Report {
        about: &about,
        graph: &graph,
        gaps: &gaps,
        notes: &gaps,
        record: &|number| {
            let text = usize::try_from(number).ok().and_then(|n| texts.get(n - 1));
            Ok(Some(Record {
                id: format!("x/{number}"),
                at,
                source: "otx".to_owned(),
                method: Method::Get,
                url: format!("https://otx.example/{number}"),
                request: None,
                status: Some(200),
                headers: Default::default(),
                body: json!({ "text": text }).to_string(),
                chain: None,
            }))
        },
        quotes: true,
    };
    let mut page = Vec::new();
    report.write(&mut page).unwrap();
    (String::from_utf8(page).unwrap(), report.model().unwrap())
}

#[test]
fn hostile_texts_are_texts() {
    let texts = hostile();
    let (page, model) = of(&texts, false);
    assert_eq!(
        data(&page),
        model,
        "the block holds the model, whatever stands in it"
    );
    // The same elements with the same attributes as a page of harmless texts has.
    let shape = |page: &str| -> Vec<_> {
        let all = elements(page).into_iter();
        all.map(|element| (element.name, element.attributes))
            .collect()
    };
    assert_eq!(shape(&page), shape(&of(&plain(texts.len()), false).0));
    // They are there, and not cut away: what they say is evidence.
    let previews: Vec<&Value> = model["tables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|table| table["name"] == "risky-messages")
        .map(|table| {
            table["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| &row[4])
                .collect()
        })
        .unwrap();
    for text in &texts {
        let wanted = json!(defang_text(text));
        assert!(previews.contains(&&wanted), "{wanted}");
    }
    // Outside of the data nothing turns a line around.
    for wrong in ['\0', '\u{1b}', '\u{202e}', '\u{2066}', '\u{2028}'] {
        assert!(!page.contains(wrong), "{wrong:?}");
    }
}

/// What `[messages] store = "none"` promises.
#[test]
fn where_messages_are_not_stored_none_is_quoted() {
    let quoted = |store: &str| {
        let lab = Lab::new(World::small(), Options::default());
        lab.edit_config(|config| format!("{config}\n[messages]\nstore = \"{store}\"\n"));
        let case = lab.case("case");
        let ran = lab.load(&case, &[]);
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
        let mut command = lab.binary();
        let ran = run::run(command.arg("report").arg("--case").arg(&case));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let data = data(&std::fs::read_to_string(case.join("report.html")).unwrap());
        let things = data["things"].as_array().unwrap().iter();
        let previews = things
            .clone()
            .filter(|thing| thing["properties"].get("preview").is_some());
        let excerpts = things
            .filter_map(|thing| thing.get("excerpts")?.as_object())
            .flat_map(|excerpts| excerpts.keys());
        let (graph, others): (Vec<&String>, Vec<&String>) =
            excerpts.partition(|number| data["records"][*number]["source"] == "graph");
        (previews.count() > 0, !graph.is_empty(), !others.is_empty())
    };
    assert_eq!(quoted("none"), (false, false, true));
    assert_eq!(quoted("preview"), (true, true, true));
}

/// More harmless messages than are listed, and among and after them malicious ones.
#[test]
fn harmless_messages_beyond_the_bound_are_counted() {
    const HARMLESS: usize = 5_200;
    const RISKY: usize = 40;
    let mut graph = Graph::new("01KBREPRT00000000000000000");
    let from = "2026-11-02T10:00:00Z"
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap();
    let sender = graph.put(User::by_id("sender"), Seen::at(1, Some(from)));
    for n in 0..HARMLESS + RISKY {
        // The last of all are malicious, so that the earliest alone would not do.
        let risky = n >= HARMLESS;
        let at = Some(from + chrono::TimeDelta::minutes(i64::try_from(n).unwrap()));
        let seen = Seen::at(1, at);
        let message = Message {
            id: format!("19:a@thread.tacv2/{n}").into(),
            created: at,
            ..Message::default()
        };
        let message = graph.put(message, seen);
        graph.link(sender, Edge::Sent { at }, message, seen);
        let address = url::Url::parse(&format!("https://a.example/{n}")).unwrap();
        let url = graph.put(Url(address.clone()), seen);
        let contains = Edge::Contains {
            origin: "href",
            text: None,
            raw: address.to_string(),
            wrapped_by: Vec::new(),
            mismatch: false,
            defanged: false,
        };
        graph.link(message, contains, url, seen);
        if risky {
            graph.set(message, schema::message::RISKY, true);
            graph.set(url, schema::url::RISKY, true);
            graph.set(sender, schema::user::RISKY_SENDER, true);
        }
    }
    let about = About {
        id: graph.case().to_owned(),
        version: "0.0.0".to_owned(),
        created: from,
        window: Window { from, to: from },
    };
    let report = Report {
        about: &about,
        graph: &graph,
        gaps: &[],
        notes: &[],
        record: &|_| Ok(None),
        quotes: true,
    };
    let model = report.model().unwrap();

    let events = model["timeline"].as_array().unwrap();
    let risky = events.iter().filter(|event| event[3] == true).count();
    assert_eq!(risky, RISKY, "every malicious message is listed");
    let harmless = events.len() - risky;
    assert_eq!(harmless, 5_000);
    let counted: u64 = model["unlisted"]["counts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| {
            assert_eq!(count[0], "message");
            assert_eq!(count[1], false);
            count[3].as_u64().unwrap()
        })
        .sum();
    assert_eq!(model["unlisted"]["harmless"], counted);
    assert_eq!(harmless + usize::try_from(counted).unwrap(), HARMLESS);
    assert_eq!(model["unlisted"]["others"], 0);
    assert_eq!(model["summary"]["messages"], HARMLESS + RISKY);

    let table = |name: &str| {
        let mut tables = model["tables"].as_array().unwrap().iter();
        tables.find(|table| table["name"] == name).unwrap()
    };
    let timeline = table("message-timeline");
    assert_eq!(timeline["rows"].as_array().unwrap().len(), 5_000 + RISKY);
    assert_eq!(timeline["unlisted"], counted);
    let messages = table("risky-messages");
    assert_eq!(messages["rows"].as_array().unwrap().len(), RISKY);
    assert_eq!(messages.get("unlisted"), None);
    let things = model["things"].as_array().unwrap().iter();
    let told = things.filter(|thing| thing["type"] == "Message");
    assert_eq!(told.count(), 5_000 + RISKY, "nothing else has evidence");
}

#[test]
fn the_order_in_which_things_were_found_does_not_show() {
    let texts = hostile();
    assert!(of(&texts, false).0 == of(&texts, true).0);
}

/// The page without its own scripts and style, which hold no text from outside.
fn without_scripts(page: &str) -> String {
    let mut rest = page.to_owned();
    for element in elements(page) {
        if element.name == "script" && element.attribute("id") != Some("data") {
            rest = rest.replacen(&element.text, "", 1);
        }
    }
    rest
}

fn has_no_link(page: &str) {
    let rest = format!("{}{}", without_scripts(page), data(page)).to_lowercase();
    for scheme in ["http://", "https://"] {
        if let Some(at) = rest.find(scheme) {
            let from = rest.floor_char_boundary(at.saturating_sub(60));
            let to = rest.ceil_char_boundary((at + 60).min(rest.len()));
            panic!("a link: {}", &rest[from..to]);
        }
    }
    // Scripts name the namespaces of SVG and XHTML, and nothing else.
    for script in elements(page)
        .iter()
        .filter(|element| element.name == "script")
    {
        for (at, _) in script.text.match_indices("://") {
            let from = script.text[..at].rfind(|c: char| !c.is_ascii_alphanumeric());
            let scheme = &script.text[from.map_or(0, |from| from + 1)..at];
            if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
                let rest = &script.text[at + 3..];
                let known = ["www.w3.org/", "d3js.org"]
                    .iter()
                    .any(|known| rest.starts_with(known));
                assert!(known, "{}", &rest[..rest.floor_char_boundary(60)]);
            }
        }
    }
}

#[test]
fn no_url_in_the_file_can_be_followed() {
    has_no_link(&of(&hostile(), false).0);
    let folder = TempDir::new().unwrap();
    demo(folder.path());
    assert_eq!(report(folder.path(), &[]).code, Some(0));
    let page = std::fs::read_to_string(folder.path().join("cases/demo/report.html")).unwrap();
    has_no_link(&page);
    let told = data(&page).to_string();
    assert!(told.contains("hxxps://login[.]contoso-payroll[.]example/"));
    let links = elements(&page);
    let outside = links
        .iter()
        .flat_map(|element| &element.attributes)
        .filter(|(name, _)| matches!(name.as_str(), "href" | "src" | "srcset" | "action"))
        .find(|(_, value)| !value.starts_with('#'));
    assert_eq!(outside, None);
}

#[test]
fn the_policy_lets_the_page_itself_run_and_nothing_else() {
    let (page, _) = of(&plain(2), false);
    let all = elements(&page);
    let policies: Vec<&str> = all
        .iter()
        .filter(|element| element.attribute("http-equiv") == Some("Content-Security-Policy"))
        .filter_map(|element| element.attribute("content"))
        .collect();
    let [policy] = policies.as_slice() else {
        panic!("one policy: {policies:?}");
    };
    let sources = |name: &str| -> Vec<String> {
        let mut directives = policy.split(';').map(str::trim);
        let directive = directives
            .find_map(|directive| directive.strip_prefix(name)?.strip_prefix(' '))
            .unwrap_or_else(|| panic!("no {name}"));
        directive.split(' ').map(str::to_owned).collect()
    };
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let hashes = |wanted: &dyn Fn(&Element) -> bool| -> Vec<String> {
        all.iter()
            .filter(|e| wanted(e))
            .map(|e| hash(&e.text))
            .collect()
    };
    let runs = |e: &Element| e.name == "script" && e.attribute("type").is_none();
    assert_eq!(sources("script-src"), hashes(&runs));
    assert_eq!(sources("style-src"), hashes(&|e| e.name == "style"));
    assert_eq!(sources("default-src"), ["'none'"]);
    assert_eq!(sources("base-uri"), ["'none'"]);
    assert_eq!(sources("form-action"), ["'none'"]);
    assert_eq!(sources("img-src"), ["data:"]);
    // The policy forbids them, so that none may be needed.
    let inline = |(name, _): &&(String, String)| name == "style" || name.starts_with("on");
    assert_eq!(all.iter().flat_map(|e| &e.attributes).find(inline), None);
    let first = all.iter().position(|e| e.attribute("http-equiv").is_some());
    let script = all
        .iter()
        .position(|e| matches!(e.name.as_str(), "script" | "style"));
    assert!(first < script, "the policy comes before what it is about");
}

#[test]
fn the_same_case_gives_the_same_bytes_in_a_private_file() {
    let folder = TempDir::new().unwrap();
    demo(folder.path());
    let first = report(folder.path(), &[]);
    assert_eq!(first.code, Some(0), "{first:#?}");
    let path = folder.path().join("cases/demo/report.html");
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(
        first.stdout,
        format!("cases/demo/report.html: {} bytes\n", bytes.len())
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only its owner reads it");
    }
    let again = report(
        folder.path(),
        &["--case", "cases/demo", "--out", "again.html"],
    );
    assert_eq!(again.code, Some(0), "{again:#?}");
    assert!(std::fs::read(folder.path().join("again.html")).unwrap() == bytes);
}

#[test]
fn what_cannot_be_is_told() {
    let folder = TempDir::new().unwrap();
    let none = report(folder.path(), &[]);
    assert_eq!(none.code, Some(2), "{none:#?}");
    assert!(none.complaint().contains("no complete case under ./cases"));

    demo(folder.path());
    let taken = report(folder.path(), &["--out", "cases"]);
    assert_eq!(taken.code, Some(2), "{taken:#?}");
    assert!(
        taken.complaint().contains("--out cases is a folder"),
        "{taken:#?}"
    );

    let nowhere = report(folder.path(), &["--out", "nowhere/report.html"]);
    assert_eq!(nowhere.code, Some(1), "{nowhere:#?}");
    assert!(
        nowhere
            .complaint()
            .contains("cannot write nowhere/report.html"),
        "{nowhere:#?}"
    );

    let manifest = folder.path().join("cases/demo/case.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["complete"] = false.into();
    value.as_object_mut().unwrap().remove("generation");
    std::fs::write(&manifest, value.to_string()).unwrap();
    let unfinished = report(folder.path(), &["--case", "cases/demo"]);
    assert_eq!(unfinished.code, Some(2), "{unfinished:#?}");
    assert!(unfinished.complaint().contains("is not complete"));
}

#[test]
fn the_model_of_the_demo() {
    let folder = TempDir::new().unwrap();
    demo(folder.path());
    assert_eq!(report(folder.path(), &[]).code, Some(0));
    let page = std::fs::read_to_string(folder.path().join("cases/demo/report.html")).unwrap();
    let mut model = data(&page);
    // Its length, and what it begins with.
    let begin = |value: &mut Value, keep: usize| {
        if let Value::Array(items) = value {
            let all = items.len();
            items.truncate(keep);
            items.push(format!("{all} in all").into());
        }
    };
    // That all rows are those of the hunts is compared in tests/neo4j/report.rs; the first ones stand for them here.
    for table in model["tables"].as_array_mut().unwrap() {
        let table = table.as_object_mut().unwrap();
        begin(&mut table["rows"], 2);
        let kinds: Vec<&str> = table["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        table["kinds"] = kinds.join(", ").into();
        begin(&mut table["refs"], 2);
    }
    begin(&mut model["timeline"], 4);
    begin(&mut model["things"], 6);
    let records = model["records"].as_object_mut().unwrap();
    let kept: serde_json::Map<String, Value> = records
        .iter()
        .take(3)
        .map(|(n, line)| (n.clone(), line.clone()))
        .collect();
    *records = kept;
    insta::assert_json_snapshot!(model);
}
