//! The Neo4j server that `scripts/test` starts for all tests of this binary.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use linktrail::sink::neo4j::{Connection, Settings};
use neo4rs::BoltType;

/// What `LINKTRAIL_TEST_NEO4J_<name>` says.
///
/// Without a server the whole run ends here, with one sentence rather than with the same failure of every test.
pub(crate) fn server(name: &str) -> String {
    static THERE: LazyLock<Result<(), String>> = LazyLock::new(look_for_server);
    let value = match &*THERE {
        Ok(()) => variable(name),
        Err(why) => Err(why.clone()),
    };
    value.unwrap_or_else(|why| {
        // The harness shows only what `print!` and `eprint!` wrote when a test ends by itself.
        let _ = writeln!(
            std::io::stderr(),
            "error: {why}; these tests need a Neo4j server: run `scripts/test test`, which starts one, or start one as \
             CONTRIBUTING.md says"
        );
        std::process::exit(2)
    })
}

fn variable(name: &str) -> Result<String, String> {
    let variable = format!("LINKTRAIL_TEST_NEO4J_{name}");
    std::env::var(&variable).map_err(|_| format!("{variable} is not set"))
}

fn look_for_server() -> Result<(), String> {
    for name in ["USER", "PASSWORD", "HTTP"] {
        variable(name)?;
    }
    let uri = variable("URI")?;
    let address = uri.trim_start_matches("bolt://");
    let connected = address.to_socket_addrs().and_then(|addresses| {
        let mut last = Err(std::io::ErrorKind::AddrNotAvailable.into());
        for address in addresses {
            last = TcpStream::connect_timeout(&address, Duration::from_secs(10));
            if last.is_ok() {
                break;
            }
        }
        last
    });
    match connected {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("nothing answers at {uri} ({error})")),
    }
}

/// Held by who loads a world of the simulated tenant into that server. Such worlds share nodes, so one is looked at after
/// the other.
pub(crate) static ONE_WORLD_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// How the library connects to that server.
pub(crate) fn settings() -> Settings {
    Settings {
        uri: server("URI"),
        user: server("USER"),
        password: server("PASSWORD").into(),
        database: "neo4j".to_owned(),
        plaintext: false,
    }
}

/// The command, told of that server.
pub(crate) fn with_server(command: &mut Command) -> &mut Command {
    command
        .env("LINKTRAIL_NEO4J_URI", server("URI"))
        .env("LINKTRAIL_NEO4J_USER", server("USER"))
        .env("LINKTRAIL_NEO4J_PASSWORD", server("PASSWORD"))
}

/// A connection to that server, with the schema.
pub(crate) async fn open() -> Connection {
    let connection = Connection::open(&settings()).await.expect("the server");
    connection.apply_schema().await.expect("the schema");
    connection
}

/// Nodes and edges with their properties, by kind and ids.
pub(crate) type Content = BTreeMap<String, BTreeMap<String, BoltType>>;

/// Everything of a world, whose name stands in all ids.
pub(crate) async fn content(connection: &Connection, world: &str) -> Content {
    let mut found = Content::new();
    for statement in [
        "MATCH (n) WHERE n.id CONTAINS $world RETURN labels(n)[0] + ' ' + n.id AS key, n{.*} AS p",
        "MATCH (a)-[r]->(b) WHERE a.id CONTAINS $world RETURN type(r) + ' ' + a.id + ' ' + b.id AS key, r{.*} AS p",
    ] {
        let query = neo4rs::query(statement).param("world", world);
        let mut rows = connection.graph().execute(query).await.expect("rows");
        while let Some(row) = rows.next().await.expect("a row") {
            found.insert(
                row.get("key").expect("a key"),
                row.get("p").expect("properties"),
            );
        }
    }
    found
}
