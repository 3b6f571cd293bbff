//! `linktrail hunt` from the outside: what stands on stdout, what on stderr, and the exit code.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use neo4rs::Query;
use serde_json::{Value, json};

use crate::run::binary;
use crate::shared::with_server;

use super::world::World;

/// The binary, in a folder of its own, with the test server as its Neo4j.
fn linktrail(folder: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = binary(folder);
    with_server(&mut command).args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    linktrail(folder.path(), arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json_of(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a hunt on one case of a world, as JSON.
fn hunt(world: &World, name: &str, more: &[&str]) -> Output {
    let case = world.own("case=A-TOKEN");
    let mut arguments = vec!["hunt", "run", name, "--format", "json", "-p", &case];
    arguments.extend(more);
    run(&arguments)
}

#[tokio::test]
async fn rows_that_only_one_of_two_cases_has() {
    let world = World::named("lures").await;
    let other = world.own("B-TOKEN");
    let found = json_of(&hunt(&world, "entities", &["--diff", &other]));
    let rows: Vec<String> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let cell = |name: &str| row[name].as_str().unwrap().to_owned();
            format!("{} {} {}", cell("only_in"), cell("kind"), cell("entity"))
        })
        .collect();
    // The url that both hold is not told.
    let expected = [
        "A-TOKEN host h1-TOKEN.contoso.example",
        "A-TOKEN host h2-TOKEN",
        "A-TOKEN url https://evil.TOKEN-e.example/",
        "A-TOKEN url https://hidden.TOKEN-h.example/x",
        "A-TOKEN user Build bot TOKEN",
        "A-TOKEN user Wes TOKEN",
        "A-TOKEN user uma@TOKEN.example",
        "A-TOKEN user vic@TOKEN.example",
        "B-TOKEN user xia@TOKEN.example",
    ];
    let mut expected: Vec<String> = expected.iter().map(|row| world.own(row)).collect();
    expected.sort();
    let mut sorted = rows.clone();
    sorted.sort();
    assert_eq!(sorted, expected);
    assert!(
        rows.last().unwrap().starts_with(&world.own("B-TOKEN")),
        "{rows:?}"
    );

    let same = hunt(&world, "entities", &["--diff", &world.own("A-TOKEN")]);
    assert_eq!(json_of(&same), json!([]));
    assert!(
        text(&same.stderr).contains("Both cases give the same answer, of 9 row(s)."),
        "{same:?}"
    );

    let alone = run(&["hunt", "run", "entities", "--diff", &other]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(
        text(&alone.stderr).contains("give the one as -p case=ID"),
        "{alone:?}"
    );
    world.remove().await;
}

#[tokio::test]
async fn what_was_never_collected_is_told_beside_an_empty_answer() {
    let world = World::named("lures").await;
    // Case B has neither hosts nor a reason; then it gets one.
    let asked = || {
        let case = world.own("case=B-TOKEN");
        let output = run(&[
            "hunt",
            "run",
            "hosts-that-accessed",
            "--format",
            "csv",
            "-p",
            &case,
        ]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output.stdout), "host,url,how,first,last,count\n");
        text(&output.stderr)
    };
    let told = asked();
    assert!(
        told.starts_with("The answer is empty, and this may be why:\n"),
        "{told}"
    );
    for line in [
        "no Host node was collected",
        "no CONNECTED_TO edge",
        "no WARNED_ABOUT edge",
    ] {
        assert!(told.contains(line), "{told}");
    }
    assert!(
        told.contains(&world.own("case B-TOKEN is not complete")),
        "{told}"
    );
    let gaps = "MATCH (c:Case {id: 'B-TOKEN'}) SET c.gaps = ['hosts (log_analytics): table absent: DeviceInfo; 1 affected', \
                'intel (otx): rate limited; 7 affected']";
    world.graph.run(Query::new(world.own(gaps))).await.unwrap();
    let told = asked();
    assert!(
        told.contains(&world.own(
            "gap of case B-TOKEN: hosts (log_analytics): table absent: DeviceInfo; 1 affected"
        )),
        "{told}"
    );
    assert!(
        !told.contains("rate limited"),
        "another stage's gap: {told}"
    );

    // Everything of the kind is there, and nothing is missing: then an empty answer is an answer.
    let received = "MATCH (u:User {id: 'TOKEN-uma'}) MATCH (m:Message {id: '19:TOKEN-duo/6'}) \
                    CREATE (u)-[:RECEIVED {cases: ['A-TOKEN']}]->(m)";
    let received = Query::new(world.own(received));
    world.graph.run(received).await.unwrap();
    let output = hunt(&world, "chat-spread", &["-p", "user=nobody"]);
    assert_eq!(json_of(&output), json!([]));
    let told = text(&output.stderr);
    assert!(
        told.contains("chats (graph): forbidden") && !told.contains("was collected"),
        "{told}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.cypher");
    std::fs::write(
        &file,
        "MATCH (a:Alert {id: 'none'}) WHERE $case IN a.cases RETURN a.id AS id",
    )
    .unwrap();
    let output = hunt(&world, file.to_str().unwrap(), &[]);
    assert_eq!(
        (json_of(&output), text(&output.stderr)),
        (json!([]), String::new())
    );

    // An answer can be wrong without being empty.
    for name in ["summary", "risky-users"] {
        let output = run(&["hunt", "run", name, "-p", "case=01J-NOT-THERE"]);
        assert_eq!(output.status.code(), Some(0));
        let told = text(&output.stderr);
        assert!(told.contains("Neo4j holds no case 01J-NOT-THERE"), "{told}");
    }
    world.remove().await;
}

#[tokio::test]
async fn an_answer_that_was_cut_says_so() {
    let world = World::named("lures").await;
    let cut = hunt(&world, "message-timeline", &["-p", "limit=2"]);
    assert_eq!(json_of(&cut).as_array().unwrap().len(), 2);
    assert!(text(&cut.stderr).contains("Cut at limit=2"), "{cut:?}");
    let whole = hunt(&world, "message-timeline", &[]);
    assert_eq!(json_of(&whole).as_array().unwrap().len(), 11);
    assert!(whole.stderr.is_empty(), "{whole:?}");
    let window = hunt(
        &world,
        "message-timeline",
        &["-p", "from=2026-10-04", "-p", "to=2026-10-06T04:00:00Z"],
    );
    assert_eq!(json_of(&window).as_array().unwrap().len(), 2);
    world.remove().await;
}

#[tokio::test]
async fn a_file_of_the_analysts_own_takes_typed_parameters() {
    let world = World::named("lures").await;
    let folder = tempfile::tempdir().unwrap();
    let file = "// name: mine\n// title: T\n// description: D.\n// parameters: n integer required example 3; m integer optional default 2\n\
                // returns: table\n// columns: sum\nMATCH (c:Case) WHERE $case IN c.cases RETURN $n + $m AS sum";
    std::fs::write(folder.path().join("mine.cypher"), file).unwrap();
    let case = world.own("case=A-TOKEN");
    let run = |more: &[&str]| {
        let mut arguments = vec![
            "hunt",
            "run",
            "./mine.cypher",
            "--format",
            "json",
            "-p",
            &case,
        ];
        arguments.extend(more);
        linktrail(folder.path(), &arguments).output().unwrap()
    };
    assert_eq!(json_of(&run(&["-p", "n=40"])), json!([{"sum": 42}]));
    let missing = run(&[]);
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(text(&missing.stderr), "error: the hunt mine needs -p n=3\n");
    let mistyped = run(&["-p", "n=many"]);
    assert_eq!(mistyped.status.code(), Some(2));
    assert!(
        text(&mistyped.stderr).contains("takes a whole number, not `many`"),
        "{mistyped:?}"
    );
    world.remove().await;
}

/// What a program has written so far, in a text that grows.
#[cfg(unix)]
fn gathered(mut from: impl Read + Send + 'static) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let text = Arc::new(Mutex::new(String::new()));
    let all = text.clone();
    let reader = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let more = String::from_utf8_lossy(&buffer[..read]);
            all.lock().unwrap().push_str(&more);
        }
    });
    (text, reader)
}

/// Waits until something is there, for as long as a busy machine may take.
#[cfg(unix)]
async fn seen(what: &str, mut there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_watch_shows_what_changed_and_ends_cleanly() {
    let world = World::named("lures").await;
    let folder = tempfile::tempdir().unwrap();
    let case = world.own("case=B-TOKEN");
    let arguments = [
        "hunt",
        "run",
        "risky-users",
        "--format",
        "csv",
        "-p",
        &case,
        "--watch",
        "1",
    ];
    let mut child = linktrail(folder.path(), &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (written, reader) = gathered(child.stdout.take().unwrap());
    let (told, _) = gathered(child.stderr.take().unwrap());
    let times = |text: &Arc<Mutex<String>>, what: &str| text.lock().unwrap().matches(what).count();
    let header = "user,name,urls";
    let round = "Ctrl-C ends it";
    // Twice before the change and twice after it.
    seen("two rounds", || times(&told, round) >= 2).await;
    seen("an answer", || times(&written, header) == 1).await;
    let rename = world.own("MATCH (u:User {id: 'TOKEN-xia'}) SET u.name = 'Xia'");
    world.graph.run(Query::new(rename)).await.unwrap();
    seen("the change", || times(&written, ",Xia,") == 1).await;
    let rounds = times(&told, round);
    seen("two rounds more", || times(&told, round) >= rounds + 2).await;
    // `kill` is a program of its own that is not everywhere, but every shell has one built in. Ctrl-C is pressed once:
    // it is heard whatever the watch is doing.
    let interrupted = Command::new("bash")
        .args(["-c", "kill -INT $0", &child.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    let mut ended = None;
    seen("the end", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    })
    .await;
    assert_eq!(ended.unwrap().code(), Some(0));
    reader.join().unwrap();
    // Although it ran more often: nothing else changed.
    assert_eq!(times(&written, header), 2);
    assert_eq!(times(&written, ",Xia,"), 1);
    world.remove().await;
}
