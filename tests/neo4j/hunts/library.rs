//! The library as a whole, checked by the server.

use linktrail::hunt::{self, Group, Hunt};

use super::world::{DATABASE, LIMIT, connect};

#[tokio::test]
async fn the_server_returns_the_columns_that_the_headers_declare() {
    let graph = connect();
    for hunt in hunt::library().unwrap() {
        let findings = hunt::verify(&graph, DATABASE, &hunt, LIMIT).await.unwrap();
        assert_eq!(findings, []);
    }
}

#[tokio::test]
async fn other_columns_than_declared_and_bad_statements_are_found_by_the_server() {
    let graph = connect();
    let text = "// name: x\n// title: T\n// description: D.\n// returns: table\n// columns: a, b\n";
    for (body, finding) in [
        ("WITH 1 AS a, 2 AS b RETURN *", None),
        (
            "WITH 1 AS a, 2 AS c RETURN *",
            Some("x.cypher:5: columns: the server returns other columns"),
        ),
        (
            "RETRUN 1 AS a, 2 AS b",
            Some("x.cypher:1: syntax: Invalid input 'RETRUN'"),
        ),
        (
            "RETURN nothing AS a, 2 AS b",
            Some("x.cypher:1: syntax: Variable `nothing` not defined"),
        ),
    ] {
        let hunt = Hunt::parse("x.cypher", Group::Own, &format!("{text}{body};")).unwrap();
        let found = hunt::verify(&graph, DATABASE, &hunt, LIMIT).await.unwrap();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        match finding {
            None => assert_eq!(found, Vec::<String>::new()),
            Some(finding) => assert!(
                found.len() == 1 && found[0].starts_with(finding),
                "{found:?}"
            ),
        }
    }
}
