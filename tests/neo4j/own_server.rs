//! A Neo4j server of a test's own, by `scripts/neo4j`.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use linktrail::sink::neo4j::Settings;
use tempfile::TempDir;

use crate::shared;

const PASSWORD: &str = "only-for-a-test";

/// A port that nobody listens on, another one each time. It lies below those that outgoing connections get, so that
/// nothing takes it while the server is down.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let next = std::process::id() * 100 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + u16::try_from(next % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A server of a test's own.
pub(crate) struct Server {
    home: TempDir,
    ports: [u16; 2],
}

impl Server {
    pub(crate) fn start(configuration: &str) -> Self {
        // Where there is no server for all, nobody stops what an interrupted test leaves.
        shared::server("URI");
        let server = Self {
            // By its name scripts/test finds, and stops, what an interrupted test leaves.
            home: tempfile::Builder::new().prefix("neo4j-").tempdir().unwrap(),
            ports: [(); 2].map(|()| free_port()),
        };
        server.configure(configuration);
        server.run("start");
        server
    }

    /// Takes effect with the next start.
    pub(crate) fn configure(&self, configuration: &str) {
        std::fs::write(self.home.path().join("extra.conf"), configuration).unwrap();
    }

    pub(crate) fn run(&self, command: &str) {
        let done = self
            .command("scripts/neo4j")
            .arg(command)
            .output()
            .expect("scripts/neo4j");
        assert!(
            done.status.success(),
            "scripts/neo4j {command}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// A program of this repository, told about this server.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(program));
        command
            .env("NEO4J_STATE", self.home.path().join("state"))
            .env("NEO4J_BACKEND", "maven")
            .env("NEO4J_JIT", "c1")
            .env("NEO4J_HEAP", "512m")
            .env("NEO4J_PAGECACHE", "64m")
            .env("NEO4J_PASSWORD", PASSWORD)
            .env("NEO4J_BOLT_PORT", self.ports[0].to_string())
            .env("NEO4J_HTTP_PORT", self.ports[1].to_string())
            .env("NEO4J_EXTRA_CONF", self.home.path().join("extra.conf"));
        command
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            uri: format!("bolt://127.0.0.1:{}", self.ports[0]),
            user: "neo4j".to_owned(),
            password: PASSWORD.into(),
            database: "neo4j".to_owned(),
            plaintext: false,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("stop");
    }
}
