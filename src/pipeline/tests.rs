//! Runs the sequence of the stages on the recorded case of the demo, and tests what the stages share.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::case::Case;
use crate::graph::{Label, Seen};
use crate::intel::{Privacy, Quotas, Setup, spec};
use crate::source::{logs, msgraph};

/// A copy of the demo's case in a temporary folder.
fn demo() -> (TempDir, Case) {
    let folder = TempDir::new().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    fs::create_dir(folder.path().join("journal")).unwrap();
    fs::copy(demo.join("case.json"), folder.path().join("case.json")).unwrap();
    for segment in fs::read_dir(demo.join("journal")).unwrap() {
        let segment = segment.unwrap();
        let to = folder.path().join("journal").join(segment.file_name());
        fs::copy(segment.path(), to).unwrap();
    }
    let case = Case::replay(folder.path()).unwrap();
    (folder, case)
}

/// The client and the providers for a replay of a case.
fn replay(case: &Case) -> (Arc<Client>, Intel) {
    let settings = &case.manifest().options.settings;
    let setup = Setup {
        endpoints: settings.endpoints.intel.clone(),
        since: case.manifest().window.from,
        ..Setup::default()
    };
    let providers = settings.providers.iter();
    let intel = Intel {
        providers: providers
            .map(|name| (spec(name).unwrap().build)(&setup).unwrap())
            .collect(),
        privacy: Privacy::of(settings).unwrap(),
        quotas: Quotas::default(),
        cache: None,
        patience: std::time::Duration::ZERO,
        lists: Vec::new(),
    };
    (
        Arc::new(Client::new(Arc::clone(case.journal()), None)),
        intel,
    )
}

#[tokio::test]
async fn stages_run_in_their_order() {
    let (_folder, case) = demo();
    let (client, intel) = replay(&case);
    let (mut started, mut ended) = (Vec::new(), Vec::new());
    let progress = Progress {
        started: &mut |stage| started.push(stage),
        ended: &mut |stage| {
            ended.push(stage);
            Ok(())
        },
    };
    let outcome = run(case.manifest(), client, intel, progress).await.unwrap();
    assert_eq!(started, Stage::ALL);
    assert_eq!(ended, Stage::ALL);
    assert_eq!(outcome.graph.labelled(Label::Case).len(), 1);
}

#[tokio::test]
async fn stages_stop_after_the_last_one_wanted() {
    let (_folder, case) = demo();
    for last in Stage::ALL {
        let (client, intel) = replay(&case);
        let (mut started, mut ended) = (Vec::new(), Vec::new());
        let progress = Progress {
            started: &mut |stage| started.push(stage),
            ended: &mut |stage| {
                ended.push(stage);
                Ok(())
            },
        };
        until(case.manifest(), client, intel, last, progress)
            .await
            .unwrap();
        assert_eq!(started, Stage::ALL[..last.number()]);
        assert_eq!(ended, Stage::ALL[..last.number()]);
    }
}

#[tokio::test]
async fn a_stage_that_cannot_be_noted_ends_the_investigation() {
    let (folder, case) = demo();
    let (client, intel) = replay(&case);
    let mut started = Vec::new();
    let progress = Progress {
        started: &mut |stage| started.push(stage),
        // Opening the case a second time fails, like a write to a full disk.
        ended: &mut |_| Case::open(folder.path()).map(|_| ()),
    };
    let error = run(case.manifest(), client, intel, progress).await;
    assert!(matches!(error, Err(RunError::Case(_))), "{error:?}");
    assert_eq!(started, [Stage::Seeds]);
}

#[test]
fn an_absent_table_is_one_gap_and_a_failed_query_one_each_time() {
    let mut findings = Findings::new("case", &[]);
    let problem = |why| logs::Problem {
        place: logs::Place::Workspace,
        why,
    };
    let absent = || {
        let absence = logs::Absence::of("UrlClickEvents", logs::Place::Workspace);
        problem(logs::Why::TableAbsent(absence))
    };
    let busy = || {
        problem(logs::Why::Busy {
            query: "alerts",
            asked: String::new(),
        })
    };
    findings.add_log_problems(Stage::Alerts, [absent(), busy(), absent(), busy()]);
    let affected: Vec<u64> = findings
        .gaps
        .list()
        .iter()
        .map(|gap| gap.affected)
        .collect();
    assert_eq!(affected.iter().sum::<u64>(), 3);
    assert_eq!(affected.len(), 2);
}

#[test]
fn what_microsoft_graph_does_not_know_is_a_note_and_no_gap() {
    let mut findings = Findings::new("case", &[]);
    let problem = msgraph::Problem::NotFound { what: "user" };
    findings.add_msgraph_problem(Stage::Teams, problem);
    assert_eq!(findings.gaps.list(), []);
    assert_eq!(findings.notes.list().len(), 1);
}

#[test]
fn a_url_stays_whole_where_the_id_of_its_node_is_cut() {
    let mut graph = crate::graph::Graph::new("case");
    let mut urls = urls::Urls::default();
    let long = format!("https://evil.example/{}", "a".repeat(9_000));
    let node = urls.put_text(&mut graph, &long, Seen::default()).unwrap();
    assert_eq!(urls.url(&graph, node).unwrap().as_str(), long);
    assert!(graph.node(node).id.len() < long.len());
    assert_eq!(
        urls.put_text(&mut graph, &long, Seen::default()),
        Some(node)
    );
    assert_eq!(urls.nodes(&graph).len(), 1);
}

#[test]
fn a_url_is_new_to_the_providers_once() {
    let mut graph = crate::graph::Graph::new("case");
    let (mut urls, mut verdicts) = (urls::Urls::default(), verdicts::Verdicts::default());
    for url in ["https://b.example/", "https://a.example/"] {
        urls.put_text(&mut graph, url, Seen::default());
    }
    let new: Vec<_> = verdicts
        .take_new(&graph, &mut urls)
        .into_iter()
        .map(|node| graph.node(node).id.as_str())
        .collect();
    assert_eq!(new, ["https://a.example/", "https://b.example/"]);
    for url in ["https://a.example/", "https://c.example/"] {
        urls.put_text(&mut graph, url, Seen::default());
    }
    let new: Vec<_> = verdicts
        .take_new(&graph, &mut urls)
        .into_iter()
        .map(|node| graph.node(node).id.as_str())
        .collect();
    assert_eq!(new, ["https://c.example/"]);
}
