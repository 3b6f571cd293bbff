//! A world of two overlapping cases in the test server's database.

use std::path::PathBuf;
use std::time::Duration;

use linktrail::hunt::{self, Hunt, HuntError, Parameters, ResultTable};
use neo4rs::{Graph, Query};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::shared::server;

pub(crate) const DATABASE: &str = "neo4j";
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn connect() -> Graph {
    Graph::new(server("URI"), server("USER"), server("PASSWORD")).unwrap()
}

pub(crate) fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/hunts")
        .join(path)
}

/// Held by who has the world of the lures in the database: what is counted by address without a case would count the
/// clicks of two such worlds together.
static LURES: Mutex<()> = Mutex::const_new(());

pub(crate) struct World {
    pub(crate) graph: Graph,
    token: String,
    _turn: Option<MutexGuard<'static, ()>>,
}

impl World {
    pub(crate) fn at(graph: Graph, token: String) -> Self {
        Self {
            graph,
            token,
            _turn: None,
        }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The world of `fixtures/hunts/world.cypher`.
    pub(crate) async fn load() -> Self {
        Self::named("world").await
    }

    /// The world of a file in `fixtures/hunts/`.
    pub(crate) async fn named(name: &str) -> Self {
        let token = ulid::Ulid::generate().to_string().to_lowercase();
        let mut world = Self::at(connect(), token);
        if name == "lures" {
            world._turn = Some(LURES.lock().await);
        }
        let text = std::fs::read_to_string(fixture(&format!("{name}.cypher"))).unwrap();
        world.graph.run(Query::new(world.own(&text))).await.unwrap();
        world
    }

    /// A fixture's text with this world's ids.
    pub(crate) fn own(&self, text: &str) -> String {
        text.replace("TOKEN", &self.token)
    }

    pub(crate) fn owns(&self, row: &[Value]) -> bool {
        row.iter()
            .any(|value| value.to_string().contains(&self.token))
    }

    pub(crate) async fn run(
        &self,
        hunt: &Hunt,
        parameters: &[(&str, &str)],
    ) -> Result<ResultTable, HuntError> {
        let parameters: Parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), self.own(value)))
            .collect();
        hunt::run(&self.graph, DATABASE, hunt, &parameters, LIMIT).await
    }

    /// Takes the world out again. A test that failed leaves it there to be looked at.
    pub(crate) async fn remove(self) {
        let cases = vec![self.own("A-TOKEN"), self.own("B-TOKEN")];
        let query = Query::new(
            "MATCH (n:Alert|Case|Channel|Chat|Domain|Host|Message|Team|Url|User|Verdict) \
             WHERE any(case IN n.cases WHERE case IN $cases) DETACH DELETE n"
                .to_owned(),
        );
        self.graph.run(query.param("cases", cases)).await.unwrap();
    }
}

/// A hunt of the library.
pub(crate) fn library_hunt(name: &str) -> Hunt {
    hunt::find(name).unwrap()
}
