//! Opens a connection, and explains why it cannot be opened.

use std::time::Duration;

use neo4rs::{BoltMap, ConfigBuilder, Operation};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Neo4jError;
use super::address::{Address, is_loopback};
use super::error::one_line;
use super::target::Target;

/// The time limit for connecting, and again for the answer to the first query.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The driver's time limit for an answer. The driver has one setting for connecting and for reading, and a transaction
/// of [`Tuning::rows`] on a busy server needs more time than connecting.
const READ_TIMEOUT: Duration = Duration::from_secs(600);

/// The oldest major version that supports the Cypher of the loader and the hunts.
const OLDEST_MAJOR: u32 = 5;

/// The section `[neo4j]` of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address: `bolt://` or `neo4j://`, with `+s` or `+ssc` for TLS.
    pub uri: String,
    /// The user, `neo4j` by default.
    pub user: String,
    /// The password, from `LINKTRAIL_NEO4J_PASSWORD`.
    pub password: SecretString,
    /// The database, `neo4j` by default.
    pub database: String,
    /// Whether passwords and data may leave this machine without encryption.
    pub plaintext: bool,
}

/// The sizes of transactions, and the limits on parallel work and waiting.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// The highest number of rows in one transaction.
    pub rows: usize,
    /// The approximate limit on the bytes of values in one transaction. A larger single row is sent alone.
    pub bytes: usize,
    /// The number of transactions at the same time.
    pub sessions: usize,
    /// How long to wait for a lost server to return.
    pub wait_for_server: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            // While some sessions wait for a commit or build their rows, the others keep the server busy:
            // docs/loading.md.
            rows: 2_000,
            bytes: 8 << 20,
            sessions: 4,
            wait_for_server: Duration::from_secs(120),
        }
    }
}

/// The version and edition of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The version, for instance `5.26.30`.
    pub version: String,
    /// The edition: `community` or `enterprise`.
    pub edition: String,
}

/// An open connection to one database.
pub struct Connection {
    pub(super) graph: neo4rs::Graph,
    pub(super) target: Target,
    pub(super) tuning: Tuning,
    server: Server,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("target", &self.target)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects, signs in and asks the server for its version. This takes seconds at most.
    ///
    /// # Errors
    /// A separate variant of [`Neo4jError`] for each cause: an invalid address, no server or another service at it,
    /// TLS, a wrong password, a missing database, or a server older than Neo4j 5.
    pub async fn open(settings: &Settings) -> Result<Self, Neo4jError> {
        let address = Address::parse(&settings.uri)?;
        if address.exposes() && !settings.plaintext {
            return Err(Neo4jError::Plaintext {
                address: address.to_string(),
            });
        }
        probe(&address).await?;
        if address.tls && rustls::crypto::CryptoProvider::get_default().is_none() {
            // The driver panics without a default provider when two are compiled in. If another part of the program has
            // installed one already, that one is used.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let target = Target {
            address,
            user: settings.user.clone(),
            database: settings.database.clone(),
        };
        let graph = driver(&target.address.uri, settings).map_err(|error| target.explain(error))?;
        let server = if target.address.routed {
            // A routing driver does not report why it found no server, so the address itself is tried first.
            let direct =
                driver(&target.address.direct, settings).map_err(|error| target.explain(error))?;
            match ask(&direct, &target).await {
                // Another member of the cluster may have the database.
                Ok(_) | Err(Neo4jError::DatabaseMissing { .. }) => {}
                Err(error) => return Err(error),
            }
            if !target.address.tls && !settings.plaintext {
                let named = routed_to(&direct, &target.database).await;
                if let Some(beyond) = named.into_iter().find(|host| !is_loopback(host)) {
                    return Err(Neo4jError::RoutedInPlaintext {
                        address: target.address.to_string(),
                        beyond: one_line(&beyond),
                        direct: target.address.direct.clone(),
                    });
                }
            }
            match ask(&graph, &target).await {
                Err(Neo4jError::Unreachable { .. } | Neo4jError::DatabaseMissing { .. })
                    if !known(&direct, &settings.database).await =>
                {
                    Err(missing(&direct, &target).await)
                }
                other => other,
            }
        } else {
            match ask(&graph, &target).await {
                Err(Neo4jError::DatabaseMissing { .. }) => Err(missing(&graph, &target).await),
                other => other,
            }
        }?;
        if major(&server.version).is_some_and(|major| major < OLDEST_MAJOR) {
            return Err(Neo4jError::TooOld {
                version: one_line(&server.version),
            });
        }
        Ok(Self {
            graph,
            target,
            tuning: Tuning::default(),
            server,
        })
    }

    /// The same connection with other sizes than the defaults.
    #[must_use]
    pub fn with_tuning(mut self, tuning: Tuning) -> Self {
        self.tuning = Tuning {
            rows: tuning.rows.max(1),
            bytes: tuning.bytes.max(1),
            sessions: tuning.sessions.max(1),
            wait_for_server: tuning.wait_for_server,
        };
        self
    }

    /// The driver, for the queries of hunts.
    pub fn graph(&self) -> &neo4rs::Graph {
        &self.graph
    }

    /// The version and edition of the server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Runs one statement in a transaction of its own and commits it. A statement that returns a column `rows` reports
    /// in it how many rows it handled.
    pub(super) async fn write(
        &self,
        cypher: &str,
        parameters: BoltMap,
    ) -> Result<Written, neo4rs::Error> {
        let mut txn = timeout(ANSWER_TIMEOUT, self.graph.start_txn())
            .await
            .map_err(|_| neo4rs::Error::ConnectionTimedOut)??;
        let statement = neo4rs::query(cypher).with_params(parameters);
        let mut stream = txn.execute(statement).await?;
        let mut written = Written::default();
        while let Some(row) = stream.next(txn.handle()).await? {
            written.answers.push(row);
        }
        written.stats = stream.finish(txn.handle()).await?.stats;
        // A server that is stopping sends an empty success, which could be mistaken for the answer to COMMIT. Only a
        // bookmark proves that the transaction was committed.
        match txn.commit().await? {
            Some(_) => Ok(written),
            None => Err(neo4rs::Error::ConnectionError),
        }
    }
}

/// The result of a committed statement.
#[derive(Default)]
pub(super) struct Written {
    /// The rows that it returned.
    pub(super) answers: Vec<neo4rs::Row>,
    /// The numbers of changes that it made.
    pub(super) stats: neo4rs::summary::Counters,
}

impl Written {
    /// An integer column of the first row; 0 without a row.
    pub(super) fn number(&self, column: &str) -> usize {
        self.answers
            .first()
            .and_then(|row| row.get::<i64>(column).ok())
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or_default()
    }
}

/// Connects to the port and disconnects. When no server is there, the error of the operating system is clearer than the
/// driver's.
async fn probe(address: &Address) -> Result<(), Neo4jError> {
    let unreachable = |reason: String| Neo4jError::Unreachable {
        address: address.to_string(),
        reason,
    };
    match timeout(
        CONNECT_TIMEOUT,
        TcpStream::connect((address.host.as_str(), address.port)),
    )
    .await
    {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(unreachable(one_line(&error.to_string()))),
        Err(_) => Err(unreachable(format!(
            "no answer within {} s",
            CONNECT_TIMEOUT.as_secs()
        ))),
    }
}

fn driver(uri: &str, settings: &Settings) -> Result<neo4rs::Graph, neo4rs::Error> {
    let config = ConfigBuilder::default()
        .uri(uri)
        .user(settings.user.as_str())
        .password(settings.password.expose_secret())
        .db(settings.database.as_str())
        .connection_timeout(READ_TIMEOUT)
        .fetch_size(1_000)
        .build()?;
    neo4rs::Graph::connect(config)
}

/// Signs in to the configured database and asks for the version.
async fn ask(graph: &neo4rs::Graph, target: &Target) -> Result<Server, Neo4jError> {
    let question = async {
        let mut txn = graph.start_txn_as(Operation::Read, None).await?;
        let mut stream = txn
            .execute(
                "CALL dbms.components() YIELD name, versions, edition \
                 WHERE name = 'Neo4j Kernel' RETURN versions[0] AS version, edition",
            )
            .await?;
        let row = stream.next(txn.handle()).await?;
        let text = |column| {
            row.as_ref()
                .and_then(|row| row.get::<String>(column).ok())
                .unwrap_or_default()
        };
        Ok(Server {
            version: text("version"),
            edition: text("edition"),
        })
    };
    timeout(ANSWER_TIMEOUT, question)
        .await
        .unwrap_or(Err(neo4rs::Error::ConnectionTimedOut))
        .map_err(|error| target.explain(error))
}

/// The names of the databases that the server shows to this user; empty when it shows none.
async fn databases(graph: &neo4rs::Graph) -> Vec<String> {
    let question = async {
        let mut stream = graph
            .execute_on(
                Operation::Read,
                "system",
                "SHOW DATABASES YIELD name, aliases RETURN name, aliases ORDER BY name",
            )
            .await?;
        let mut names = Vec::new();
        while let Some(row) = stream.next().await? {
            names.extend(row.get::<String>("name").ok());
            names.extend(row.get::<Vec<String>>("aliases").unwrap_or_default());
        }
        Ok::<_, neo4rs::Error>(names)
    };
    // This only improves an error message, so a failure here is not an error.
    match timeout(CONNECT_TIMEOUT, question).await {
        Ok(Ok(names)) => names,
        _ => Vec::new(),
    }
}

/// The hosts that the server names for a driver that routes; empty when it names none, and the driver then finds none
/// either.
async fn routed_to(direct: &neo4rs::Graph, database: &str) -> Vec<String> {
    let question = async {
        let query = neo4rs::query(
            "CALL dbms.routing.getRoutingTable({}, $database) YIELD servers \
             UNWIND servers AS server UNWIND server.addresses AS address RETURN DISTINCT address",
        );
        let mut stream = direct
            .execute_read(query.param("database", database))
            .await?;
        let mut hosts = Vec::new();
        while let Some(row) = stream.next().await? {
            let address: String = row.get("address").unwrap_or_default();
            let host = address.rsplit_once(':').map_or(&*address, |(host, _)| host);
            hosts.push(host.trim_matches(['[', ']']).to_owned());
        }
        Ok::<_, neo4rs::Error>(hosts)
    };
    match timeout(ANSWER_TIMEOUT, question).await {
        Ok(Ok(hosts)) => hosts,
        _ => Vec::new(),
    }
}

async fn known(graph: &neo4rs::Graph, database: &str) -> bool {
    let names = databases(graph).await;
    names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(database))
}

async fn missing(graph: &neo4rs::Graph, target: &Target) -> Neo4jError {
    let mut names = databases(graph).await;
    names.retain(|name| name != "system");
    Neo4jError::DatabaseMissing {
        database: one_line(&target.database),
        known: if names.is_empty() {
            String::new()
        } else {
            format!(" (it has {})", one_line(&names.join(", ")))
        },
    }
}

/// The major version: `5` for `5.26.30`, `2026` for `2026.08.1`.
fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn majors_are_read_from_either_form_of_version() {
        assert_eq!(major("4.4.38"), Some(4));
        assert_eq!(major("5.26-aura"), Some(5));
        assert_eq!(major("2026.08.1"), Some(2026));
        assert_eq!(major("dev"), None);
    }

    #[test]
    fn settings_do_not_show_their_password() {
        let settings = Settings {
            uri: "bolt://localhost".into(),
            user: "neo4j".into(),
            password: SecretString::from("s3cret"),
            database: "neo4j".into(),
            plaintext: false,
        };
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
