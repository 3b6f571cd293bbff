//! A hunt whose server says nothing.

use std::time::Duration;

use linktrail::hunt::{self, Group, Hunt, HuntError, Parameters};
use neo4rs::{ConfigBuilder, Graph};

const DATABASE: &str = "neo4j";

fn own(text: &str) -> Hunt {
    Hunt::parse("mine.cypher", Group::Own, text).unwrap()
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let config = ConfigBuilder::default()
        .uri(format!("bolt://{address}"))
        .user("neo4j")
        .password("password")
        .build()
        .unwrap();
    let graph = Graph::connect(config).unwrap();
    let limit = Duration::from_millis(100);
    let answer = hunt::run(
        &graph,
        DATABASE,
        &own("RETURN 1 AS a"),
        &Parameters::new(),
        limit,
    )
    .await;
    let error = answer.unwrap_err();
    assert!(!error.is_usage(), "{error}");
    assert!(
        matches!(error, HuntError::TimedOut { .. } | HuntError::Neo4j { .. }),
        "{error}"
    );
}
