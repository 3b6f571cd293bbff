#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::json;

use super::super::rows::Rows;
use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer::Response {
        status,
        headers: BTreeMap::new(),
        body: body.to_owned(),
    }
}

fn rows(query: Query, answer: Answer) -> Rows {
    let exchange = Exchange {
        record: 1,
        at: chrono::DateTime::UNIX_EPOCH,
        answer,
    };
    Rows::of(Place::Workspace, query, &exchange)
}

fn table(error: Option<Value>) -> String {
    let table =
        json!({"name": "PrimaryResult", "columns": [{"name": "url"}], "rows": [["a"], ["b"]]});
    let mut body = json!({"tables": [table]});
    if let Some(error) = error {
        body["error"] = error;
    }
    body.to_string()
}

fn error(code: &str, message: &str) -> Value {
    let inner = json!({"code": code, "message": message});
    json!({"code": "BadArgumentError", "message": "outer", "innererror": {"code": "SemanticError", "innererror": inner}})
}

fn partial(code: &str, message: &str, severity: Value) -> Value {
    let inner = json!({"code": code, "message": message, "severity": severity});
    json!({"code": "PartialError", "message": "There were some errors.", "details": [{"code": "EngineError", "innererror": inner}]})
}

/// The table in `docs/operations.md`.
#[test]
fn each_answer_is_one_or_is_none() {
    let refused = |code: &str, message: &str| json!({"error": error(code, message)}).to_string();
    let unresolved = "'where' operator: Failed to resolve table or column expression named 'X'";
    for (status, body, is_final) in [
        (200, table(None), true),
        (200, table(Some(partial("-2133196797", "", json!(2)))), true),
        (
            200,
            table(Some(partial("1", "E_RUNAWAY_QUERY", json!(2)))),
            true,
        ),
        (
            200,
            table(Some(partial("1", "shard lost", json!(2)))),
            false,
        ),
        (
            200,
            table(Some(partial("1", "column gone", json!(3)))),
            false,
        ),
        (
            200,
            table(Some(partial("1", "for your information", json!(4)))),
            true,
        ),
        (200, table(Some(partial("1", unresolved, json!(3)))), true),
        (200, table(Some(partial("1", unresolved, json!(2)))), false),
        (200, table(Some(json!({"code": "PartialError"}))), false),
        (200, json!({"error": {"code": "x"}}).to_string(), false),
        (200, json!({"tables": []}).to_string(), false),
        (200, String::new(), false),
        (200, "<html></html>".to_owned(), false),
        (200, table(None).replace("]]", ""), false),
        (204, String::new(), false),
        (302, String::new(), false),
        (400, refused("SEM0100", unresolved), false),
        (400, refused("SEM0001", "wrong type"), false),
        (400, refused("SYN0002", "unexpected"), false),
        (400, refused("80DA0003", "exceeded"), true),
        (400, "<html></html>".to_owned(), false),
        (401, refused("x", ""), false),
        (403, refused("x", ""), false),
        (404, refused("x", ""), false),
        (429, refused("x", ""), false),
        (500, refused("x", ""), false),
        (503, String::new(), false),
    ] {
        let found = answer(status, &body);
        for is_last in [false, true] {
            assert_eq!(
                is_answer(Place::Workspace, is_last)(&found),
                is_final,
                "{status} {body}"
            );
        }
    }
    let is =
        |answer: &Answer| [false, true].map(|is_last| is_answer(Place::Workspace, is_last)(answer));
    assert_eq!(is(&answer(504, "")), [true, false]);
    let unsent = Answer::Nothing(NoAnswer::NotSent(String::new()));
    assert_eq!(is(&unsent), [false, false]);
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_service() {
    let told = |query, status, body: &str| {
        let problems = rows(query, answer(status, body)).problems;
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        told.join("; ")
    };
    let refused = |error: Value| json!({ "error": error }).to_string();
    let absent = "Failed to resolve table or column expression named 'OfficeActivity'";
    let column = "Failed to resolve column named 'ChannelGuid' [line:position=3:17]";
    let placed = json!({"code": "SyntaxError", "innererror": {"code": "SYN0002", "message": "unexpected", "line": 4, "pos": 9}});
    let query = Query::LinkMessages;
    let head = query.header_lines();
    for (status, body, expected) in [
        (400, refused(error("SEM0100", absent)), "table absent: OfficeActivity; connect its data source to the workspace".to_owned()),
        (400, refused(error("SEM0100", column)), format!("kql/link_messages.kql line {} column 17: SEM0100: {column}", head + 3)),
        (400, refused(placed), format!("kql/link_messages.kql line {} column 9: SYN0002: unexpected", head + 4)),
        (400, refused(error("SEM0001", "wrong\u{202e} type\u{1b}[31m\n")), "link_messages: HTTP 400: SEM0001: wrong type[31m".to_owned()),
        (403, refused(json!({"code": "InsufficientAccessError", "message": "no"})), "link_messages: no access to the workspace (HTTP 403: InsufficientAccessError: no); the application needs Log Analytics Reader on it".to_owned()),
        (504, refused(json!({"code": "GatewayTimeout", "message": "too long"})), "link_messages: too heavy for the service (GatewayTimeout: too long); read in full: nothing".to_owned()),
        (503, String::new(), "link_messages: HTTP 503".to_owned()),
        (200, table(Some(partial("-2133196790", "'extend' operator: Failed to resolve scalar expression named 'x'", json!(3)))), "link_messages: the service gave a part of the rows only (-2133196790: 'extend' operator: Failed to resolve scalar expression named 'x')".to_owned()),
        (200, table(Some(json!({"code": "PartialError", "message": "There were some errors."}))), "link_messages: the service gave a part of the rows only (PartialError: There were some errors.)".to_owned()),
        (200, table(None), String::new()),
    ] {
        assert_eq!(told(query, status, &body), expected, "{status} {body}");
    }
    let long = error("C", &"ö".repeat(100_000));
    let told = told(query, 400, &refused(long));
    assert!(told.ends_with('…') && told.chars().count() < 400, "{told}");
}

#[test]
fn the_worst_of_several_faults_decides_and_the_rows_that_came_are_kept() {
    let detail = |message: &str, severity: u8| json!({"innererror": {"message": message, "severity": severity}});
    let body = |details: &[Value]| table(Some(json!({"code": "PartialError", "details": details})));
    for (details, expected) in [
        (vec![detail("fyi", 4)], None),
        (vec![detail("fyi", 4), detail("warned", 3)], Some("warned")),
        (
            vec![detail("warned", 3), detail("broken", 2)],
            Some("broken"),
        ),
        (
            vec![
                detail("broken", 2),
                detail("E_QUERY_RESULT_SET_TOO_LARGE", 2),
            ],
            Some("E_QUERY_RESULT_SET_TOO_LARGE"),
        ),
    ] {
        let rows = rows(Query::UrlClicks, answer(200, &body(&details)));
        assert_eq!(rows.rows.len(), 2);
        let told = rows
            .problems
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert_eq!(rows.problems.len(), usize::from(expected.is_some()));
        assert!(told.contains(expected.unwrap_or_default()), "{told}");
    }
}

#[test]
fn as_many_rows_as_the_service_gives_at_most_may_not_be_all() {
    let of = |count: usize| {
        let rows = vec![["a"]; count];
        let table = json!({"name": "PrimaryResult", "columns": [{"name": "url"}], "rows": rows});
        let answer = answer(200, &json!({"tables": [table]}).to_string());
        matches!(
            Content::of(Place::Workspace, &answer),
            Content::Rows(_, Some(Shortfall::Limit(_)))
        )
    };
    let limit = Place::Workspace.row_limit();
    assert!(of(limit) && !of(limit - 1));
}

#[test]
fn without_a_schema_the_columns_of_a_table_are_not_known() {
    let workspace = |columns: Value| json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": []}]});
    let hunting = |schema: Value| json!({"schema": schema, "results": []});
    for (place, body, is_told) in [
        (Place::Workspace, workspace(json!([{"name": "a"}])), true),
        (Place::Workspace, workspace(json!([])), false),
        (Place::Hunting, hunting(json!([{"name": "a"}])), true),
        (Place::Hunting, hunting(json!([])), false),
        (Place::Hunting, json!({"results": []}), false),
    ] {
        let told = tells_columns(place)(&answer(200, &body.to_string()));
        assert_eq!(told, is_told, "{body}");
    }
}
