//! What the server would do to answer: EXPLAIN of every hunt.

use linktrail::graph::docs::schema_statements;
use linktrail::graph::schema::{EDGES, NODES};
use linktrail::hunt;
use linktrail::sink::neo4j::{columns, merge_edges, merge_nodes};
use neo4rs::Query;
use serde_json::{Value, json};

use crate::shared::server;

use super::world::{DATABASE, connect};

/// Operators that look at everything there is, or at everything times everything.
const COSTLY: &[&str] = &[
    "AllNodesScan",
    "CartesianProduct",
    "UndirectedAllRelationshipsScan",
    "DirectedAllRelationshipsScan",
];

/// The driver does not hand out plans; the same server does over HTTP.
struct Planner {
    client: reqwest::Client,
    address: String,
}

impl Planner {
    fn new() -> Self {
        Self {
            client: reqwest::Client::new(),
            address: format!("{}/db/{DATABASE}/query/v2", server("HTTP")),
        }
    }

    /// The operators of a statement's plan, with what each works on.
    async fn operators(&self, statement: &str) -> Vec<(String, String)> {
        let user = server("USER");
        let request = self
            .client
            .post(&self.address)
            .basic_auth(user, Some(server("PASSWORD")))
            .json(&json!({"statement": format!("EXPLAIN {statement}")}));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let mut found = Vec::new();
        collect(&answer["queryPlan"], &mut found);
        assert!(!found.is_empty(), "no plan: {answer}");
        found
    }
}

fn collect(plan: &Value, found: &mut Vec<(String, String)>) {
    if let Some(operator) = plan["operatorType"].as_str() {
        let name = operator.split('@').next().unwrap().to_owned();
        found.push((
            name,
            plan["arguments"]["Details"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ));
    }
    for child in plan["children"].as_array().into_iter().flatten() {
        collect(child, found);
    }
}

/// Makes the constraints and indexes that a load makes.
async fn index() {
    let graph = connect();
    for statement in schema_statements() {
        graph.run(Query::new(statement)).await.unwrap();
    }
}

/// A merge looks up each end of a row in the index of the constraint, and works row by row: an `Eager` would hold the
/// whole batch in memory.
#[tokio::test]
async fn loading_looks_up_each_row_in_the_index_of_its_constraint() {
    index().await;
    let planner = Planner::new();
    let mut statements: Vec<_> = NODES
        .iter()
        .map(|spec| (merge_nodes(spec.label, &columns(spec.all_properties())), 1))
        .collect();
    for spec in EDGES {
        let joins = spec.joins.iter();
        statements.extend(joins.map(|(from, to)| {
            (
                merge_edges(spec.kind, *from, *to, &columns(spec.all_properties())),
                2,
            )
        }));
    }
    let mut wrong = Vec::new();
    for (statement, look_ups) in statements {
        let operators = planner.operators(&statement).await;
        let seeks = operators
            .iter()
            .filter(|(operator, _)| operator.starts_with("NodeUniqueIndexSeek"));
        let seeks = seeks.count();
        let bad = operators
            .iter()
            .find(|(operator, _)| operator.contains("Scan") || operator == "Eager");
        if seeks != look_ups || bad.is_some() {
            wrong.push(format!("{seeks} {bad:?} {operators:?}\n{statement}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn no_hunt_looks_at_everything() {
    index().await;
    let planner = Planner::new();
    let mut costly = Vec::new();
    for hunt in hunt::library().unwrap() {
        for (operator, details) in planner.operators(hunt.statement()).await {
            if COSTLY.contains(&operator.as_str()) {
                costly.push(format!("{}: {operator} {details}", hunt.name));
            }
        }
    }
    assert!(costly.is_empty(), "{}", costly.join("\n"));
}

#[tokio::test]
async fn a_plan_that_looks_at_everything_is_seen() {
    let planner = Planner::new();
    for (statement, operator) in [
        ("MATCH (n) RETURN n.id", "AllNodesScan"),
        (
            "MATCH (a:User), (b:Url) RETURN a.id, b.id",
            "CartesianProduct",
        ),
    ] {
        let found = planner.operators(statement).await;
        assert!(found.iter().any(|(name, _)| name == operator), "{found:?}");
        assert!(COSTLY.contains(&operator));
    }
}

#[tokio::test]
async fn the_url_of_a_pivot_is_found_by_its_key() {
    index().await;
    let hunt = hunt::find("url-blast-radius").unwrap();
    let found = Planner::new().operators(hunt.statement()).await;
    let seek = |(operator, details): &(String, String)| {
        operator == "NodeUniqueIndexSeek" && details.contains("url:Url(id)")
    };
    assert!(found.iter().any(seek), "{found:?}");
}
