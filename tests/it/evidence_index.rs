//! `linktrail evidence` by the index of a stored graph: the same answers as from the whole graph, whatever becomes of the
//! index.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;

use linktrail::case::Case;
use linktrail::evidence::{self, Dossier, Element, Matcher, NotFound, Resolver};
use linktrail::graph::file::Indexed;
use linktrail::graph::{Graph, Label, NodeRef};
use serde_json::{Value, json};
use tenant_sim::{Options, World};

use crate::evidence::{demo, everything, graph_of};
use crate::run::{self, Lab, Ran, binary};

fn indexed(case: &Case, words: &[String]) -> Result<Dossier, NotFound> {
    let open = |name: &str| File::open(case.dir().join(name)).expect("a stored graph");
    let indexed = Indexed::open(case.id(), open("graph.jsonl.zst"), open("graph.index"));
    Dossier::indexed(indexed.expect("an index"), words).expect("a whole index")
}

fn words(graph: &Graph, element: Element) -> Vec<String> {
    let word = |node: NodeRef| format!("{}:{}", graph.node(node).label, graph.node(node).id);
    match element {
        Element::Node(node) => vec![word(node)],
        Element::Edge(from, kind, to) => vec![word(from), kind.to_string(), word(to)],
    }
}

/// Everything that is shown of an element, but for its records.
fn shown(dossier: &Dossier) -> Value {
    let graph = &dossier.graph;
    let node = |node: NodeRef| [graph.node(node).label.as_str(), &graph.node(node).id].join(":");
    let element = dossier.element.expect("an element");
    let neighbours = dossier.neighbours.iter();
    let neighbours: Vec<_> = neighbours
        .map(|known| {
            let labels: Vec<_> = known.labels.iter().map(|label| label.as_str()).collect();
            json!([
                known.kind.as_str(),
                known.out,
                known.count,
                labels,
                node(known.first)
            ])
        })
        .collect();
    let properties = graph.stored(element.written(graph).expect("it is in the graph"));
    let properties: BTreeMap<_, _> = properties
        .iter()
        .map(|(name, value)| (*name, value.to_json()))
        .collect();
    let example = dossier.neighbours.first().map(|known| {
        let Some(Element::Node(of)) = dossier.element else {
            panic!("an edge has no neighbours");
        };
        let edge = match known.out {
            true => Element::Edge(of, known.kind, known.first),
            false => Element::Edge(known.first, known.kind, of),
        };
        evidence::command(graph, edge)
    });
    json!([
        words(graph, element),
        properties,
        neighbours,
        example,
        dossier.records,
        dossier.count,
        element.unrecorded(graph),
    ])
}

/// Compares all answers about a case.
async fn all_is_the_same(folder: &Path) {
    let case = Case::open(folder).expect("a case");
    let graph = graph_of(&case).await;
    let resolver = Resolver::of(&graph);
    let mut records = Vec::new();
    case.journal()
        .each(|record| records.push(record))
        .expect("whole records");
    let mut lent = graph.clone();
    let all = everything(&graph);
    assert!(all.len() > 150, "{}", all.len());
    for element in all {
        let words = words(&graph, element);
        let whole = Dossier::in_graph(lent, &words);
        let part = indexed(&case, &words);
        let (whole, part) = match (whole, part) {
            (Ok(whole), Ok(part)) => (whole, part),
            (whole, part) => {
                assert_eq!(whole.err(), part.err(), "{words:?}");
                lent = graph.clone();
                continue;
            }
        };
        assert_eq!(shown(&part), shown(&whole), "{words:?}");
        lent = whole.graph;
        let of_part = Resolver::of(&part.graph);
        let found = part.element.expect("an element");
        for number in part.records {
            let at = usize::try_from(number).unwrap() - 1;
            let whole = Matcher::new(&resolver, element).parts(&records[at]);
            let part = Matcher::new(&of_part, found).excerpt(&records[at]);
            assert_eq!(
                serde_json::to_value(part).unwrap(),
                serde_json::to_value(whole).unwrap(),
                "{words:?} in {number}"
            );
        }
    }
    for (at, node) in graph.nodes().into_iter().enumerate() {
        // As people type, and some with a slip, which is compared with all names.
        let mut slip = node.id.clone();
        slip.pop();
        let slip = Some(slip).filter(|_| at % 9 == 0);
        let names = linktrail::graph::naming::names(node);
        let names = names.into_iter().map(str::to_uppercase);
        for typed in names.chain([node.id.to_lowercase()]).chain(slip) {
            let words = [typed];
            let whole = Dossier::in_graph(graph.clone(), &words);
            let part = indexed(&case, &words);
            match (whole, part) {
                (Ok(whole), Ok(part)) => assert_eq!(shown(&part), shown(&whole), "{words:?}"),
                (whole, part) => assert_eq!(whole.err(), part.err(), "{words:?}"),
            }
        }
    }
}

#[tokio::test]
async fn the_demo_by_its_index() {
    let folder = demo();
    all_is_the_same(&folder.path().join("cases/demo")).await;
}

#[tokio::test]
async fn a_stranger_world_by_its_index() {
    let lab = Lab::new(World::small(), Options::default());
    let folder = lab.case("all");
    let more = [
        "--chats-of",
        "all",
        "--channels",
        "all",
        "--pivot-on",
        "all",
    ];
    let ran = lab.load(&folder, &more);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
    all_is_the_same(&folder).await;
}

/// All files of a folder, by their paths.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => {
                let name = path.to_string_lossy().into_owned();
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// The last line on stderr, where an error is.
fn complaint(ran: &Ran) -> &str {
    ran.stderr.lines().last().unwrap_or_default()
}

/// What the command prints with an index, with a damaged one and without one.
#[test]
fn the_index_changes_no_answer_and_nothing_is_written() {
    let folder = demo();
    let case = folder.path().join("cases/demo");
    let graph = run::graph::GraphFile::read(&case);
    let mut asked: Vec<Vec<String>> = Vec::new();
    let mut labels = BTreeSet::new();
    for (label, id) in graph.nodes.keys() {
        if labels.insert(label) {
            asked.push(vec![format!("{label}:{id}")]);
        }
    }
    assert!(labels.contains(&Label::User.to_string()));
    for typed in ["priya.nair@contoso.co", "General", "nothing like it"] {
        asked.push(vec![typed.to_owned()]);
    }
    let lure = "https://view.fabrikam-invoices.example/INV-20418.html";
    asked.push(
        ["priya.nair@contoso.com", "OPENED", lure]
            .map(str::to_owned)
            .to_vec(),
    );
    let ask = |words: &[String], more: &[&str]| -> Ran {
        let mut command = binary(folder.path());
        command.arg("evidence").args(words).args(more);
        run::run(&mut command)
    };
    let all = || -> Vec<Ran> {
        let formats = [&[][..], &["--format", "json"]];
        let runs = asked
            .iter()
            .flat_map(|words| formats.map(|more| ask(words, more)));
        runs.collect()
    };
    let before = files(&case);
    let by_index = all();
    assert!(
        by_index
            .iter()
            .all(|ran| !ran.stderr.contains("graph.index"))
    );
    assert_eq!(files(&case), before);

    let index = case.join("graph.index");
    let mut damaged = fs::read(&index).unwrap();
    let middle = damaged.len() / 2;
    damaged.truncate(middle);
    fs::write(&index, damaged).unwrap();
    for (ran, known) in all().iter().zip(&by_index) {
        assert_eq!((ran.code, &ran.stdout), (known.code, &known.stdout));
        if ran.code != Some(0) {
            assert_eq!(complaint(ran), complaint(known));
        }
        let said = ran.stderr.contains("graph.index is not used");
        assert!(said, "{ran:#?}");
        assert!(ran.stderr.contains("load --replay"), "{ran:#?}");
    }
    fs::remove_file(&index).unwrap();
    let before = files(&case);
    for (ran, known) in all().iter().zip(&by_index) {
        assert_eq!((ran.code, &ran.stdout), (known.code, &known.stdout));
        assert!(!ran.stderr.contains("graph.index"), "{ran:#?}");
    }
    assert_eq!(files(&case), before);
}
