//! The Neo4j sink when the server fails: connections that break, a restart half-way, too little memory, no writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use linktrail::graph::Graph;
use linktrail::sink::neo4j::{Connection, Neo4jError, Settings, Tuning};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use ulid::Ulid;

use crate::own_server::Server;
use crate::shared::{server, settings};
use crate::synthetic;

fn address(settings: &Settings) -> String {
    settings.uri.trim_start_matches("bolt://").to_owned()
}

/// How many nodes and edges of a case the server holds.
async fn held(settings: &Settings, case: &str) -> (usize, usize) {
    let connection = Connection::open(settings).await.expect("the server");
    let mut found = [0, 0];
    for (at, statement) in [
        "MATCH (n) WHERE $case IN n.cases RETURN count(n) AS found",
        "MATCH ()-[r]->() WHERE $case IN r.cases RETURN count(r) AS found",
    ]
    .into_iter()
    .enumerate()
    {
        let query = neo4rs::query(statement).param("case", case);
        let mut rows = connection.graph().execute(query).await.expect("rows");
        let row = rows.next().await.expect("a row").expect("a row");
        found[at] = usize::try_from(row.get::<i64>("found").expect("a count")).unwrap();
    }
    (found[0], found[1])
}

fn size(graph: &Graph) -> (usize, usize) {
    (graph.nodes().len(), graph.edge_count())
}

/// A port that passes everything on to the server, for as long as it is let.
struct Proxy {
    settings: Settings,
    /// Bytes from the client that still pass before every connection is cut.
    budget: Arc<AtomicUsize>,
    /// No connection passes any more.
    away: Arc<AtomicBool>,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = settings();
        let proxy = Self {
            settings: Settings {
                uri: format!("bolt://{}", listener.local_addr().unwrap()),
                ..server.clone()
            },
            budget: Arc::new(AtomicUsize::new(usize::MAX)),
            away: Arc::default(),
            cuts: Arc::default(),
        };
        let target = address(&server);
        let (budget, away, cuts) = (proxy.budget.clone(), proxy.away.clone(), proxy.cuts.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if away.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(pass(
                    client,
                    server,
                    budget.clone(),
                    away.clone(),
                    cuts.clone(),
                ));
            }
        });
        proxy
    }
}

/// Passes bytes both ways until one end closes or the budget is used up.
async fn pass(
    client: TcpStream,
    server: TcpStream,
    budget: Arc<AtomicUsize>,
    away: Arc<AtomicBool>,
    cuts: Arc<AtomicUsize>,
) {
    let (mut client_in, mut client_out) = client.into_split();
    let (mut server_in, mut server_out) = server.into_split();
    let up = async {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = client_in.read(&mut buffer).await.unwrap_or(0);
            if read == 0 || away.load(Ordering::SeqCst) {
                return;
            }
            let spent = budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(read)
            });
            if spent.is_err() {
                // The next one may live a little longer.
                budget.store(700 << 10, Ordering::SeqCst);
                cuts.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if server_out.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let _ = tokio::io::copy(&mut server_in, &mut client_out).await;
    };
    tokio::select! { () = up => {}, () = down => {} }
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again() {
    let proxy = Proxy::start().await;
    let case = Ulid::generate().to_string();
    let graph = synthetic::graph(&case, 4_000);
    let connection = Connection::open(&proxy.settings)
        .await
        .expect("the server")
        .with_tuning(Tuning {
            rows: 500,
            ..Tuning::default()
        });
    connection.apply_schema().await.expect("the schema");
    proxy.budget.store(300 << 10, Ordering::SeqCst);
    let counters = connection.load(&graph, &|_, _| {}).await.expect("a load");
    let cuts = proxy.cuts.load(Ordering::SeqCst);
    assert!(cuts >= 3, "{cuts} cuts are too few to show anything");
    assert!(counters.retries >= 3, "{} retries", counters.retries);
    let (nodes, edges) = size(&graph);
    assert_eq!(
        counters.rows as usize,
        nodes + edges,
        "each row counts once"
    );
    assert_eq!(held(&settings(), &case).await, (nodes, edges));
    proxy.budget.store(usize::MAX, Ordering::SeqCst);
    connection.prune(&case).await.expect("a prune");
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up() {
    let proxy = Proxy::start().await;
    let case = Ulid::generate().to_string();
    let graph = synthetic::graph(&case, 2_000);
    let connection = Connection::open(&proxy.settings)
        .await
        .expect("the server")
        .with_tuning(Tuning {
            rows: 500,
            wait_for_server: Duration::from_secs(1),
            ..Tuning::default()
        });
    connection.apply_schema().await.expect("the schema");
    let away = proxy.away.clone();
    let error = connection
        .load(&graph, &|done, all| {
            if done > all / 4 {
                away.store(true, Ordering::SeqCst);
            }
        })
        .await
        .expect_err("nobody answers");
    assert!(matches!(error, Neo4jError::Lost { .. }), "{error}");
    assert!(error.to_string().contains("case push"), "{error}");

    // What is there is part of the case, and the next load adds the rest.
    let direct = Connection::open(&settings()).await.expect("the server");
    let (nodes, edges) = held(&settings(), &case).await;
    let whole = size(&graph);
    assert!(nodes > 0, "nothing was loaded");
    assert!(nodes + edges < whole.0 + whole.1, "all of it was loaded");
    direct.load(&graph, &|_, _| {}).await.expect("a load");
    assert_eq!(held(&settings(), &case).await, size(&graph));
    direct.prune(&case).await.expect("a prune");
}

#[tokio::test]
async fn two_cases_at_once_lose_nothing() {
    let world = Ulid::generate().to_string();
    // The same nodes and edges in each: only `cases` and `evidence` tell them apart.
    let graphs: Vec<Graph> = (0..2)
        .map(|_| synthetic::shared(&Ulid::generate().to_string(), &world, 3_000))
        .collect();
    let mut connections = Vec::new();
    for _ in &graphs {
        let connection = Connection::open(&settings()).await.expect("the server");
        connection.apply_schema().await.expect("the schema");
        connections.push(connection.with_tuning(Tuning {
            rows: 300,
            ..Tuning::default()
        }));
    }
    let nothing = |_, _| {};
    let (one, two) = tokio::join!(
        connections[0].load(&graphs[0], &nothing),
        connections[1].load(&graphs[1], &nothing)
    );
    one.expect("a load");
    two.expect("a load");
    for graph in &graphs {
        assert_eq!(held(&settings(), graph.case()).await, size(graph));
    }
    for graph in &graphs {
        connections[0].prune(graph.case()).await.expect("a prune");
    }
    assert_eq!(held(&settings(), graphs[1].case()).await, (0, 0));
}

#[tokio::test]
async fn a_prune_that_was_broken_off_is_ended_by_the_next() {
    let case = Ulid::generate().to_string();
    let graph = synthetic::graph(&case, 3_000);
    let connection = Connection::open(&settings())
        .await
        .expect("the server")
        .with_tuning(Tuning {
            rows: 200,
            ..Tuning::default()
        });
    connection.apply_schema().await.expect("the schema");
    connection.load(&graph, &|_, _| {}).await.expect("a load");
    let whole = size(&graph);
    // The node that a prune takes last is locked, so that none comes to its end, however fast it is.
    let mut lock = connection.graph().start_txn().await.expect("a lock");
    let held_back = neo4rs::query("MATCH (c:Case {id: $case}) SET c.locked = true");
    lock.run(held_back.param("case", case.as_str()))
        .await
        .expect("a lock");
    let begun = async {
        while held(&settings(), &case).await == whole {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        ended = connection.prune(&case) => panic!("not broken off: {ended:?}"),
        begun = tokio::time::timeout(Duration::from_secs(120), begun) => begun.expect("a prune"),
    }
    lock.rollback().await.expect("the lock is given back");
    assert!(held(&settings(), &case).await.0 > 0, "the prune ended");
    connection.prune(&case).await.expect("a prune");
    assert_eq!(held(&settings(), &case).await, (0, 0));
}

#[tokio::test]
async fn what_is_no_neo4j_is_told_apart() {
    // Bound and not listening: nobody else gets the port.
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = bound.local_addr().unwrap();
    let http = server("HTTP");
    let http = http.trim_start_matches("http://");
    let bolt = address(&settings());
    for (uri, expected) in [
        (format!("bolt://{closed}"), "cannot connect to Neo4j at"),
        (format!("bolt://{http}"), "does not speak Bolt"),
        (format!("bolt+s://{bolt}"), "TLS with Neo4j at"),
        ("http://127.0.0.1:7474".to_owned(), "write it as bolt://"),
        ("bolt://".to_owned(), "write it as bolt://"),
    ] {
        let settings = Settings {
            uri: uri.clone(),
            ..settings()
        };
        let error = Connection::open(&settings)
            .await
            .expect_err(&uri)
            .to_string();
        assert!(error.contains(expected), "{uri}: {error}");
        assert!(!error.contains('\n'), "one line: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_too_large_for_the_memory_of_the_server_is_halved() {
    let server = Server::start("db.memory.transaction.max=6m\n");
    let case = Ulid::generate().to_string();
    let graph = synthetic::graph(&case, 12_000);
    let connection = Connection::open(&server.settings())
        .await
        .expect("the server");
    connection.apply_schema().await.expect("the schema");
    let counters = connection.load(&graph, &|_, _| {}).await.expect("a load");
    assert!(counters.retries > 0, "6 MiB were enough for every batch");
    assert_eq!(held(&server.settings(), &case).await, size(&graph));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_is_waited_for() {
    // Who is locked out stays so until the end of the test.
    let server = Arc::new(Server::start("dbms.security.auth_lock_time=1h\n"));
    let case = Ulid::generate().to_string();
    let graph = synthetic::graph(&case, 8_000);
    let connection = Connection::open(&server.settings())
        .await
        .expect("the server")
        .with_tuning(Tuning {
            rows: 500,
            ..Tuning::default()
        });
    connection.apply_schema().await.expect("the schema");
    let restarts = AtomicUsize::new(0);
    let restarted = std::sync::Mutex::new(None);
    let counters = connection
        .load(&graph, &|done, all| {
            if done > all / 3 && restarts.fetch_add(1, Ordering::SeqCst) == 0 {
                // All sessions wait here, some of them within a transaction, and find the server gone.
                server.run("stop");
                let server = server.clone();
                *restarted.lock().unwrap() = Some(std::thread::spawn(move || server.run("start")));
            }
        })
        .await
        .expect("a load");
    let thread = restarted.lock().unwrap().take().expect("a restart");
    thread.join().expect("a restart");
    assert!(counters.retries > 0, "the restart went unnoticed");
    assert_eq!(held(&server.settings(), &case).await, size(&graph));

    // Three wrong passwords, and the server refuses the right one too for a while.
    let wrong = Settings {
        password: "not-the-password".into(),
        ..server.settings()
    };
    for _ in 0..3 {
        let error = Connection::open(&wrong).await.expect_err("wrong");
        assert!(matches!(error, Neo4jError::Credentials { .. }), "{error}");
    }
    let error = Connection::open(&server.settings())
        .await
        .expect_err("locked");
    assert!(matches!(error, Neo4jError::LockedOut { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_told() {
    // The database has to be made before it can be closed to writes.
    let server = Server::start("");
    server.run("stop");
    server.configure("server.databases.read_only=neo4j\n");
    server.run("start");
    let connection = Connection::open(&server.settings())
        .await
        .expect("the server");
    let error = connection.apply_schema().await.expect_err("read-only");
    assert!(matches!(error, Neo4jError::ReadOnly { .. }), "{error}");
    let graph = synthetic::graph(&Ulid::generate().to_string(), 10);
    let error = connection
        .load(&graph, &|_, _| {})
        .await
        .expect_err("read-only");
    assert!(matches!(error, Neo4jError::ReadOnly { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn loads_that_begin_together_make_one_schema() {
    let server = Server::start("");
    let settings = server.settings();
    let begin = (0..6).map(|_| async {
        let connection = Connection::open(&settings).await.unwrap();
        connection.apply_schema().await
    });
    for made in futures::future::join_all(begin).await {
        made.unwrap();
    }
}
