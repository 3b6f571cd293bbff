//! `linktrail evidence`: whatever stands in the graph leads back to what a service said.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::run::{self, Lab, Ran, binary};
use linktrail::case::Case;
use linktrail::evidence::{self, Element, Found, Matcher, Resolver};
use linktrail::graph::schema::user;
use linktrail::graph::{EdgeType, Graph, Label};
use linktrail::http::Client;
use linktrail::intel::{self, List, Privacy, Quotas, Setup};
use linktrail::journal::Record;
use linktrail::link::defang_text;
use linktrail::model::Source;
use linktrail::pipeline::{self, Intel, Progress};
use linktrail::report::{About, Report};
use serde_json::Value;
use tempfile::TempDir;
use tenant_sim::{Options, World};

const LURE: &str = "https://view.fabrikam-invoices.example/INV-20418.html";
const PRIYA: &str = "7fbf4470-99e5-460e-9c77-250b72706799";

/// A folder with the demo in `cases/demo`.
pub(crate) fn demo() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let mut command = binary(folder.path());
    command.args(["load", "--demo", "--no-neo4j", "--format", "json"]);
    let ran = run::run(&mut command);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    folder
}

fn ask(folder: &TempDir, arguments: &[&str]) -> Ran {
    let mut command = binary(folder.path());
    command.arg("evidence").args(arguments);
    run::run(&mut command)
}

fn text(folder: &TempDir, arguments: &[&str]) -> String {
    let ran = ask(folder, arguments);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        !ran.stdout
            .contains(|c: char| c != '\n' && linktrail::terminal::is_unsafe(c)),
        "{ran:#?}"
    );
    ran.stdout
}

fn json(folder: &TempDir, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let ran = ask(folder, &all);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    ran.json()
}

fn refused(folder: &TempDir, arguments: &[&str], code: i32) -> String {
    let ran = ask(folder, arguments);
    assert_eq!(ran.code, Some(code), "{arguments:?} {ran:#?}");
    assert!(ran.stdout.is_empty(), "{ran:#?}");
    ran.complaint()
}

/// The graph of a complete case, rebuilt from its journal.
pub(crate) async fn graph_of(case: &Case) -> Graph {
    let settings = &case.manifest().options.settings;
    let client = Arc::new(Client::new(Arc::clone(case.journal()), None));
    let kept = settings.files.iter();
    let kept: Vec<_> = kept
        .map(|name| {
            (
                name,
                client.keep(Source::File, name, None).expect("on record"),
            )
        })
        .collect();
    let setup = Setup {
        endpoints: settings.endpoints.intel.clone(),
        since: case.manifest().window.from,
        lists: kept
            .iter()
            .map(|(name, kept)| List {
                name: (*name).clone(),
                text: kept.body().to_owned(),
            })
            .collect(),
        ..Setup::default()
    };
    let specs = settings.providers.iter().map(|name| intel::spec(name));
    let intel = Intel {
        providers: specs
            .map(|spec| (spec.expect("a provider").build)(&setup).expect("it can be built"))
            .collect(),
        privacy: Privacy::of(settings).expect("rules"),
        quotas: Quotas::default(),
        cache: None,
        patience: std::time::Duration::ZERO,
        lists: kept.iter().map(|(_, kept)| kept.record).collect(),
    };
    let manifest = case.manifest().clone();
    let progress = Progress {
        started: &mut |_| {},
        ended: &mut |_| Ok(()),
    };
    pipeline::run(&manifest, client, intel, progress)
        .await
        .expect("it replays")
        .graph
}

fn shown(graph: &Graph, thing: Element) -> String {
    let node = |node| format!("{}:{}", graph.node(node).label, graph.node(node).id);
    match thing {
        Element::Node(n) => node(n),
        Element::Edge(from, kind, to) => format!("{} -[{kind}]-> {}", node(from), node(to)),
    }
}

pub(crate) fn everything(graph: &Graph) -> Vec<Element> {
    let find = |label: Label, id: &str| graph.find(label, id).expect("it is there");
    let nodes = graph.nodes().into_iter();
    let edges = graph.edges();
    nodes
        .map(|node| Element::Node(find(node.label, &node.id)))
        .chain(edges.map(|(from, edge, to)| {
            Element::Edge(
                find(from.label, &from.id),
                edge.kind,
                find(to.label, &to.id),
            )
        }))
        .collect()
}

/// What a command of plain and quoted words finds.
fn found(graph: &Graph, command: &str) -> Found {
    let rest = command.strip_prefix("linktrail evidence ").expect(command);
    let (mut words, mut inside) = (vec![String::new()], false);
    for c in rest.chars() {
        match c {
            '"' => inside = !inside,
            ' ' if !inside => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    evidence::find(graph, &words).unwrap_or_else(|error| panic!("{command}: {error}"))
}

/// Every command of a graph and of its report means that thing, or its first record when the thing cannot be typed.
fn commands_mean_what_they_stand_by(case: &Case, graph: &Graph) {
    let mut by_record = 0;
    let mut all: HashMap<String, Vec<Element>> = HashMap::new();
    for thing in everything(graph) {
        let Some(command) = evidence::command(graph, thing) else {
            assert!(thing.records(graph).is_empty(), "{}", shown(graph, thing));
            continue;
        };
        match found(graph, &command) {
            Found::Record(number) => {
                by_record += 1;
                assert_eq!(Some(&number), thing.records(graph).first(), "{command}");
            }
            same => assert_eq!(same, Found::Element(thing), "{command}"),
        }
        all.entry(command).or_default().push(thing);
    }
    assert!(by_record * 3 < all.len(), "{by_record} of {}", all.len());
    let report = Report {
        about: &About::from(case.manifest()),
        graph,
        gaps: &[],
        notes: &[],
        record: &|_| Ok(None),
        quotes: false,
    };
    let model = report.model().expect("a model");
    let things = model["things"].as_array().expect("things");
    assert!(things.len() > 50, "{}", things.len());
    for thing in things {
        let Some(command) = thing.get("command") else {
            assert_eq!(thing["count"], 0, "{thing:#}");
            continue;
        };
        let known = &all[command.as_str().unwrap()];
        let same = |known: &&Element| match **known {
            Element::Node(node) => {
                let data = graph.node(node);
                let ids = [defang_text(&data.id), data.id.as_str().into()];
                let known = ids.iter().any(|id| thing["id"] == id.as_ref());
                thing["type"] == data.label.as_str() && known
            }
            Element::Edge(_, kind, _) => thing["type"] == kind.as_str(),
        };
        let count = known.iter().filter(same).count();
        assert!(count > 0, "{command}: {thing:#}");
    }
}

/// What has no record, with the reason. Everything else has, and each record a part that speaks of it.
pub(crate) async fn unrecorded(case: &Case) -> Vec<String> {
    let graph = graph_of(case).await;
    let mut records: Vec<Record> = Vec::new();
    case.journal()
        .each(|record| records.push(record))
        .expect("whole records");
    let resolver = Resolver::of(&graph);
    commands_mean_what_they_stand_by(case, &graph);
    let mut wrong = Vec::new();
    let mut unrecorded = Vec::new();
    let all = everything(&graph);
    assert!(all.len() > 150, "{}", all.len());
    for thing in all {
        let numbers = thing.records(&graph);
        let reason = thing.unrecorded(&graph);
        assert_eq!(numbers.is_empty(), reason.is_some(), "one or the other");
        if let Some(reason) = reason {
            unrecorded.push(format!("{}: {reason}", shown(&graph, thing)));
            continue;
        }
        for number in numbers {
            let record = &records[usize::try_from(number).unwrap() - 1];
            let parts = Matcher::new(&resolver, thing).parts(record);
            let note = parts.note.unwrap_or_default();
            let nothing =
                parts.found.is_empty() && !note.contains("which is what the verdict says");
            if nothing || note.contains("one of them") {
                wrong.push(format!("{} in {number}: {note}", shown(&graph, thing)));
            }
            // What is found is a part of that body, and where it is said to be.
            let places = 1..=parts.of;
            assert!(parts.found.iter().all(|part| places.contains(&part.at)));
        }
    }
    assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
    unrecorded
}

#[tokio::test]
async fn all_that_the_demo_holds_leads_to_a_part_of_a_record_or_says_why_not() {
    let folder = demo();
    let case = Case::read(&folder.path().join("cases/demo")).expect("a case");
    let unrecorded = unrecorded(&case).await;
    let known = |text: &&String| text.starts_with("Case:") || text.contains("nothing was sent: ");
    assert!(
        unrecorded.iter().all(|text| known(&text)),
        "{unrecorded:#?}"
    );
}

/// Replies, bots, guests, meetings, messages that are gone, cards, shared hosts; every provider, and a start by hand.
#[tokio::test]
async fn all_that_a_stranger_world_holds_does_too() {
    let lab = Lab::new(World::small(), Options::default());
    let list = lab.folder().join("bad.csv");
    std::fs::write(&list, "indicator,tag\nmicros0ft-verify.example,phishing\n").unwrap();
    let providers = format!(
        "providers = [\"otx\", \"xforce\", \"sentinel\", \"urlhaus\", \"virustotal\", \"file\"]\nfile = [\"{}\"]\nlimits = [\"virustotal 60000/minute\", \"urlhaus 60000/minute\"]",
        list.display()
    );
    lab.edit_config(|config| {
        config.replacen(
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            &providers,
            1,
        )
    });
    let hostile = |case: &Path| {
        let nodes = run::graph::GraphFile::read(case).nodes;
        let is_gita = |node: &Value| node.to_string().contains("Gita");
        let mut gita = nodes
            .into_iter()
            .filter(|(_, node)| node.get("name").is_some_and(is_gita));
        let ((_, id), _) = gita.next().expect("she is in the world");
        for arguments in [
            &[id.as_str()][..],
            &[&id, "--whole"],
            &[&id, "--format", "json"],
        ] {
            let mut command = lab.binary();
            command
                .arg("evidence")
                .args(arguments)
                .arg("--case")
                .arg(case);
            let ran = run::run(&mut command);
            assert_eq!(ran.code, Some(0), "{ran:#?}");
            assert!(ran.stdout.contains("Gita"), "{ran:#?}");
            let is_unsafe = |c: char| c != '\n' && linktrail::terminal::is_unsafe(c);
            assert!(!ran.stdout.contains(is_unsafe), "{ran:#?}");
        }
    };
    for (name, more) in [
        ("few", &[][..]),
        ("all", &["--channels", "all", "--pivot-on", "all"]),
    ] {
        let folder = lab.case(name);
        let mut arguments = vec![
            "--chats-of",
            "all",
            "--user",
            "nobody@contoso.com",
            "--url",
            "https://by-hand.example/x",
            "--team",
            "f573461d-f015-4b69-bc2e-a42ae2a0ed9e",
        ];
        arguments.extend(more);
        let ran = lab.load(&folder, &arguments);
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
        let case = Case::read(&folder).expect("a case");
        let unrecorded = unrecorded(&case).await;
        let known = |text: &&String| {
            let by_hand = text.contains("by hand") && text.contains("by-hand.example")
                || text.contains("upn:nobody@contoso.com")
                || text.contains("-[STARTED_FROM]-> Team:");
            by_hand || text.starts_with("Case:01") || text.contains("nothing was sent: ")
        };
        assert!(
            unrecorded.iter().all(|text| known(&text)),
            "{unrecorded:#?}"
        );
        drop(case);
        hostile(&folder);
    }
}

/// A part that speaks of one thing must not be shown for another: of all messages, rows and items only those are.
#[tokio::test]
async fn no_part_is_shown_that_does_not_speak_of_it() {
    let folder = demo();
    let case = Case::read(&folder.path().join("cases/demo")).expect("a case");
    let graph = graph_of(&case).await;
    let resolver = Resolver::of(&graph);
    for thing in everything(&graph) {
        let Element::Edge(from, kind, to) = thing else {
            continue;
        };
        // By the text of the ids alone, which these parts hold as they are; a log knows a user by UPN.
        let id = |node| {
            let data = graph.node(node);
            let id = data.id.rsplit('/').next().expect("an id").to_owned();
            [Some(id), data.facts.get(user::UPN).map(str::to_owned)]
        };
        let needles = match kind {
            EdgeType::Sent | EdgeType::HasChannel => vec![id(from), id(to)],
            EdgeType::MemberOf => vec![id(to)],
            EdgeType::ParticipatesIn => vec![id(from)],
            _ => continue,
        };
        for number in thing.records(&graph) {
            let record = case.journal().get(number).unwrap().unwrap();
            let parts = Matcher::new(&resolver, thing).parts(&record);
            for part in &parts.found {
                let text = part.part.to_string();
                for mut names in needles.iter().map(|names| names.iter().flatten()) {
                    assert!(
                        names.any(|name| text.contains(name)),
                        "{} {text}",
                        shown(&graph, thing)
                    );
                }
            }
            if kind == EdgeType::Sent {
                // A log has a row for each link of a message, and the export of a log a row more that came twice.
                let wanted = rows_about(&record, &graph.node(to).id).unwrap_or(1);
                assert_eq!(parts.found.len(), wanted, "{}", shown(&graph, thing));
            }
        }
    }
}

/// The number of rows of a log's answer that are about a message; `None` for what is no answer of a log.
fn rows_about(record: &Record, message: &str) -> Option<usize> {
    let (_, id) = message.rsplit_once('/').expect("a place and an id");
    let body: Value = serde_json::from_str(&record.body).ok()?;
    let table = &body["tables"][0];
    let columns = table["columns"].as_array()?.iter();
    let at = columns.map(|column| column["name"].as_str());
    let at: Vec<usize> = at
        .enumerate()
        .filter(|(_, name)| matches!(name, Some("message_id" | "teams_message_id")))
        .map(|(at, _)| at)
        .collect();
    let is_about = |row: &&Value| {
        let mut cells = at.iter().filter_map(|at| row[*at].as_str());
        cells.any(|cell| cell.rsplit('/').next() == Some(id))
    };
    Some(table["rows"].as_array()?.iter().filter(is_about).count())
}

#[tokio::test]
async fn a_node_goes_by_what_an_analyst_would_type() {
    let folder = demo();
    let graph = {
        let case = Case::read(&folder.path().join("cases/demo")).expect("a case");
        graph_of(&case).await
    };
    let found = |typed: &str| match evidence::find(&graph, &[typed.to_owned()]) {
        Ok(Found::Element(Element::Node(node))) => {
            let data = graph.node(node);
            (data.label.as_str().to_owned(), data.id.clone())
        }
        other => panic!("{typed}: {other:?}"),
    };
    for node in graph.nodes() {
        let (label, id) = (node.label.as_str(), &node.id);
        let both = (label.to_owned(), id.clone());
        for typed in [
            id.clone(),
            format!("{label}:{id}"),
            format!(" {}:{id} ", label.to_lowercase()),
        ] {
            assert_eq!(found(&typed), both, "{typed}");
        }
    }
    let verdict = format!("{}|otx|{LURE}", graph.case());
    for (typed, label, id) in [
        ("Priya.Nair@Contoso.com", "User", PRIYA),
        ("Priya Nair", "User", PRIYA),
        (&PRIYA.to_uppercase(), "User", PRIYA),
        (
            "hxxps://view[.]fabrikam-invoices[.]example/INV-20418.html",
            "Url",
            LURE,
        ),
        (
            "HTTPS://VIEW.fabrikam-invoices.example:443/INV-20418.html",
            "Url",
            LURE,
        ),
        (
            "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fview.fabrikam-invoices.example%2FINV-20418.html&data=05",
            "Url",
            LURE,
        ),
        (
            "FIN-LT-031.contoso.com",
            "Host",
            "466d7e37bf27fb320df721926f4d5e9306b66b5b",
        ),
        (
            "fin-lt-031",
            "Host",
            "466d7e37bf27fb320df721926f4d5e9306b66b5b",
        ),
        (
            "Finance Operations",
            "Team",
            "f4df33f3-4acf-4eac-816c-835a0f23a057",
        ),
        (
            "FABRIKAM-INVOICES.example",
            "Domain",
            "fabrikam-invoices.example",
        ),
        (&format!("OTX|{LURE}"), "Verdict", &verdict),
        (&verdict, "Verdict", &verdict),
    ] {
        assert_eq!(found(typed), (label.to_owned(), id.to_owned()), "{typed}");
    }
}

#[test]
fn each_label_by_the_command() {
    let folder = demo();
    let graph = run::graph::GraphFile::read(&folder.path().join("cases/demo"));
    for label in [
        "Alert", "Case", "Channel", "Chat", "Domain", "Host", "Message", "Team", "User", "Verdict",
    ] {
        let (_, id) = graph.nodes.keys().find(|(l, _)| l == label).expect("one");
        let answer = json(&folder, &[id]);
        assert_eq!(
            (&answer["kind"], &answer["label"]),
            (&"node".into(), &label.into())
        );
        assert_eq!(answer["id"], id.as_str());
        let bare = answer["records"].as_array().unwrap().is_empty();
        assert_eq!(bare, answer.get("unrecorded").is_some(), "{answer:#}");
        let stored = Value::from(graph.node(label, id).clone());
        assert_eq!(answer["properties"], stored);
    }
}

#[test]
fn an_edge_is_three_words_or_an_arrow() {
    let folder = demo();
    let words = json(&folder, &["priya.nair@contoso.com", "OPENED", LURE]);
    let arrow =
        format!("{PRIYA} -[opened]-> hxxps://view[.]fabrikam-invoices[.]example/INV-20418.html");
    assert_eq!(json(&folder, &[&arrow]), words);
    assert_eq!(words["kind"], "edge");
    assert_eq!(words["type"], "OPENED");
    let record = &words["records"][0];
    assert_eq!(record["source"], "log_analytics");
    assert_eq!(record["parts"]["unit"], "rows");
    let found = record["parts"]["found"].as_array().unwrap();
    assert!(!found.is_empty());
    for part in found {
        assert_eq!(part["part"]["kind"], "open");
        assert_eq!(part["part"]["url"], LURE);
        assert_eq!(part["part"]["upn"], "priya.nair@contoso.com");
    }
    // The body is the one that the journal has, to the byte.
    let raw = run::journal::records(&folder.path().join("cases/demo"));
    let kept = &raw[record["id"].as_str().unwrap()];
    for name in [
        "id", "at", "source", "method", "url", "request", "status", "headers", "body",
    ] {
        assert_eq!(record[name], kept[name], "{name}");
    }
}

#[test]
fn what_people_read() {
    let folder = demo();
    let page = text(&folder, &[LURE]);
    assert!(
        page.starts_with("Url hxxps://view[.]fabrikam-invoices[.]example/INV-20418.html\n"),
        "{page}"
    );
    for line in [
        "  severity: high\n",
        "rows speak of it",
        "items of value speak of it",
        "<-[CONTAINS]- Message",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
    // As the record has it.
    assert!(page.contains(&format!("url: {LURE}")), "{page}");
    let user = text(&folder, &["priya.nair@contoso.com"]);
    assert!(
        user.contains("7fbf4470-99e5-460e-9c77-250b72706799 (priya.nair@contoso.com)"),
        "{user}"
    );
    let records = run::journal::records(&folder.path().join("cases/demo"));
    let body = |id: &String| records[id]["body"].as_str().unwrap();
    let tom = "\"userPrincipalName\":\"tom.arends@contoso.com\"";
    let of_tom = records.keys().find(|id| body(id).contains(tom)).unwrap();
    let whole = text(&folder, &[of_tom, "--whole"]);
    assert!(whole.contains(tom), "{whole}");
    let longest = records.keys().max_by_key(|id| body(id).len()).unwrap();
    let long = text(&folder, &[longest]);
    assert!(
        long.contains("more characters; --whole shows all"),
        "{long}"
    );
    let nothing = text(&folder, &[longest.split('/').next().unwrap()]);
    assert!(
        nothing.contains("No record: a case is what load was asked for"),
        "{nothing}"
    );
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let folder = demo();
    let records = run::journal::records(&folder.path().join("cases/demo"));
    let case = records.keys().next().unwrap().split('/').next().unwrap();
    let record = |number: &str| format!("{case}/{number}");
    let count = records.len();
    let [none, beyond, no_number] =
        ["0", &(count + 1).to_string(), "99999999999999999999999"].map(record);
    let those = format!("its records are 1 to {count}");
    for (typed, said) in [
        (
            vec!["priya.nair@contoso.co"],
            "did you mean `priya.nair@contoso.com`",
        ),
        (
            vec!["https://view.fabrikam-invoices.example/INV-20419.html"],
            "INV-20418.html`",
        ),
        (vec!["\u{1b}[31mnobody\u{202e}"], "no node `[31mnobody`"),
        (vec![""], "no node ``"),
        (vec!["Host:priya.nair@contoso.com"], "no node"),
        (
            vec!["priya.nair@contoso.com", "SAW", LURE],
            "`SAW` is no type of edge; it can be CLICKED",
        ),
        (
            vec!["priya.nair@contoso.com", "MENTIONS", LURE],
            "there is no edge MENTIONS",
        ),
        (
            vec!["nobody@contoso.com", "OPENED", LURE],
            "no node `nobody@contoso.com`",
        ),
        (vec![none.as_str()], "the case has no record"),
        (vec![beyond.as_str()], those.as_str()),
        (vec![no_number.as_str()], "no node"),
        (vec!["01ARZ3NDEKTSV4RRFFQ69G5FAV/1"], "is of another case"),
        (vec!["General"], "can be"),
    ] {
        let complaint = refused(&folder, &typed, 2);
        assert!(complaint.contains(said), "{typed:?}: {complaint}");
        assert!(
            !complaint.contains(linktrail::terminal::is_unsafe),
            "{complaint:?}"
        );
    }
    // Three words at most.
    let ran = ask(&folder, &["a", "b", "c", "d"]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
}

#[test]
fn a_case_that_cannot_be_read_is_said() {
    let folder = TempDir::new().expect("a folder");
    let complaint = refused(&folder, &[LURE], 2);
    assert!(
        complaint.contains("no complete case under ./cases"),
        "{complaint}"
    );
    let folder = demo();
    let segment = folder.path().join("cases/demo/journal/000001.jsonl.zst");
    let asked = [LURE, "--case", "cases/demo"];
    let cited = json(&folder, &asked)["properties"]["evidence"].clone();
    let numbers = cited.as_array().unwrap().iter();
    let numbers = numbers.map(|id| id.as_str().unwrap().rsplit_once('/').unwrap().1);
    let first: usize = numbers.map(|number| number.parse().unwrap()).min().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    // A record is a frame of its own.
    let magic = 0xFD2F_B528_u32.to_le_bytes();
    let frames: Vec<usize> = memchr::memmem::find_iter(&bytes, &magic).collect();
    bytes[usize::midpoint(frames[first - 1], frames[first])] ^= 0xff;
    std::fs::write(&segment, bytes).unwrap();
    let complaint = refused(&folder, &asked, 1);
    assert!(complaint.contains("is damaged"), "{complaint}");
    assert!(Path::new(&segment).exists());
}
