#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::super::answer::is_answer;
use super::super::place::Place;
use super::super::plain::plain_row;
use super::super::query::Query;
use super::super::rows::Rows;
use super::*;
use crate::journal::{Exchange, NoAnswer};

fn answer(status: u16, body: &str) -> Answer {
    Answer::Response {
        status,
        headers: BTreeMap::new(),
        body: body.to_owned(),
    }
}

fn refused(code: &str, message: &str) -> String {
    json!({"error": {"code": code, "message": message, "innerError": {"date": "2026-07-23T10:00:00"}}}).to_string()
}

fn rows(query: Query, answer: Answer) -> Rows {
    let exchange = Exchange {
        record: 1,
        at: DateTime::UNIX_EPOCH,
        answer,
    };
    Rows::of(Place::Hunting, query, &exchange)
}

/// The table in `docs/operations.md`.
#[test]
fn each_answer_is_one_or_is_none() {
    let empty =
        json!({"schema": [{"name": "time", "type": "DateTime"}], "results": []}).to_string();
    for (status, body, expected) in [
        (200, empty, [true, true]),
        (200, json!({"Schema": []}).to_string(), [true, true]),
        (200, json!({"results": [[1]]}).to_string(), [false, false]),
        (200, json!({"value": []}).to_string(), [false, false]),
        (200, "<html></html>".to_owned(), [false, false]),
        (
            400,
            refused(
                "BadRequest",
                "'where' operator: Failed to resolve table or column expression named 'X'. Fix semantic errors in your query.",
            ),
            [false, false],
        ),
        (
            400,
            refused(
                "BadRequest",
                "'project' operator: Failed to resolve scalar expression named 'X'.",
            ),
            [false, false],
        ),
        (
            400,
            refused(
                "BadRequest",
                "Query could not be parsed at '|' on line [1,20]. Fix syntax errors in your query.",
            ),
            [false, false],
        ),
        (
            400,
            refused(
                "BadRequest",
                "Query execution has exceeded the allowed result size. Optimize your query",
            ),
            [true, true],
        ),
        (
            400,
            refused(
                "BadRequest",
                "Query execution has exceeded the allowed limits. Optimize your query and try again.",
            ),
            [true, false],
        ),
        (504, refused("UnknownError", ""), [true, false]),
        (504, String::new(), [true, false]),
        (500, refused("UnknownError", ""), [true, false]),
        (
            500,
            refused("InternalServerError", "broken"),
            [false, false],
        ),
        (503, String::new(), [false, false]),
        (
            429,
            refused("TooManyRequests", "Too many requests."),
            [false, false],
        ),
        (
            403,
            refused("Forbidden", "Missing application roles."),
            [false, false],
        ),
        (
            401,
            refused("InvalidAuthenticationToken", ""),
            [false, false],
        ),
        (404, refused("ResourceNotFound", ""), [false, false]),
    ] {
        let answer = answer(status, &body);
        let found = [false, true].map(|is_last| is_answer(Place::Hunting, is_last)(&answer));
        assert_eq!(found, expected, "{status} {body}");
    }
    let nothing = Answer::Nothing(NoAnswer::Failed("timed out".to_owned()));
    assert!(!is_answer(Place::Hunting, false)(&nothing));
}

#[test]
fn as_many_rows_as_are_ever_given_may_not_be_all() {
    let of = |count: usize| {
        let body =
            json!({"schema": [{"name": "url"}], "results": vec![json!({"url": "a"}); count]});
        let rows = rows(Query::UrlClicks, answer(200, &body.to_string()));
        assert_eq!(rows.rows.len(), count);
        rows.problems.len()
    };
    assert_eq!((of(99_999), of(100_000)), (0, 1));
}

#[test]
fn a_row_is_read_whatever_the_spelling_of_its_keys_and_values() {
    let body = json!({
        "@odata.context": "x",
        "Schema": [{"Name": "time", "Type": "DateTime"}, {"Name": "Url"}, {"Name": "clicked_through"}, {"Name": "events"}, {"Name": "upn"}],
        "Results": [
            {"Time": "2026-07-23T10:16:31.1234567Z", "url": "u", "clicked_through@odata.type": "#SByte", "clicked_through": 1,
             "events@odata.type": "#Int64", "events": 9_007_199_254_740_993_i64, "upn": {}},
            {"time": {}, "URL": "", "clicked_through": "False"},
            {"time": null, "clicked_through": "True", "events": "7"},
        ],
    });
    let rows = rows(Query::UrlClicks, answer(200, &body.to_string())).rows;
    assert!(rows[0].time("time").is_some() && rows[0].boolean("clicked_through"));
    assert_eq!(rows[0].integer("events"), 9_007_199_254_740_993);
    assert_eq!((rows[0].text("url"), rows[0].text("upn")), ("u", ""));
    assert_eq!(
        (rows[1].time("time"), rows[1].boolean("clicked_through")),
        (None, false)
    );
    assert_eq!(
        (
            rows[2].integer("events"),
            rows[2].boolean("clicked_through")
        ),
        (7, true)
    );
    assert_eq!(rows[1].identity(), r#"[null,"","False",null,null]"#);
}

#[test]
fn annotations_are_left_out_at_every_level() {
    let row = json!({
        "Details@odata.type": "#Collection(String)", "Details": ["{\"a\":1}"],
        "Nested": {"@odata.type": "#microsoft.graph.security.dynamicColumnValue", "Phish@odata.type": "#Collection(String)", "Phish": ["x"], "none": {}},
        "Gone": {},
    });
    let Value::Object(row) = row else {
        unreachable!()
    };
    assert_eq!(
        Value::from(plain_row(row)),
        json!({"details": ["{\"a\":1}"], "nested": {"Phish": ["x"], "none": null}, "gone": null})
    );
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_service() {
    let told = |query, status, body: &str| {
        let problems = rows(query, answer(status, body)).problems;
        problems
            .first()
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    for (status, body, expected) in [
        (
            400,
            refused(
                "BadRequest",
                "'where' operator: Failed to resolve table or column expression named 'MessageEvents'. Fix semantic errors in your query.",
            ),
            "table absent: MessageEvents; advanced hunting does not know it; see whether Defender's licence for it or the right to it is missing, or whether a workspace that has it can be connected",
        ),
        (
            400,
            refused(
                "BadRequest",
                "'project' operator: Failed to resolve scalar expression named 'ThreadType'.",
            ),
            "message_urls: HTTP 400: BadRequest: 'project' operator: Failed to resolve scalar expression named 'ThreadType'.",
        ),
        (
            400,
            refused(
                "BadRequest",
                "Query could not be parsed at '|' on line [1,20]. Fix syntax errors in your query.",
            ),
            "kql/message_urls.kql line 5 column 20: BadRequest: Query could not be parsed at '|' on line [1,20]. Fix syntax errors in your query.",
        ),
        (
            403,
            refused(
                "Forbidden",
                "Missing application roles. API required roles: ThreatHunting.Read.All, application roles: User.Read.All,Team.ReadBasic.All",
            ),
            "message_urls: no access to advanced hunting (HTTP 403: Forbidden: Missing application roles. API required roles: ThreatHunting.Read.All, application roles: User.Read.All,Team.ReadBasic.All); grant ThreatHunting.Read.All with the consent of an administrator; a person who is signed in also needs a role such as Security Reader",
        ),
        (
            404,
            String::new(),
            "message_urls: there is no advanced hunting here (HTTP 404); check [tenant] cloud and [endpoints] graph, and that the tenant has Microsoft Defender XDR",
        ),
        (
            429,
            refused("TooManyRequests", "Too many requests."),
            "message_urls: too many requests; run again later",
        ),
        (
            429,
            refused(
                "TooManyRequests",
                "You have exceeded processing resources allocated to this tenant. You can run queries again in 40 minutes.",
            ),
            "message_urls: too many requests (the resources of the tenant are used up; the service asks to wait for 40 minutes); run again later",
        ),
        (
            504,
            refused("UnknownError", ""),
            "message_urls: too heavy for the service (UnknownError); read in full: nothing",
        ),
    ] {
        assert_eq!(
            told(Query::MessageUrls, status, &body),
            expected,
            "{status} {body}"
        );
    }
}

#[test]
fn the_pause_until_the_resources_are_back_is_read_from_the_text() {
    let pause = |status: u16, message: &str, date: Option<&str>| {
        let headers = date.map(|date| ("date".to_owned(), date.to_owned()));
        said_pause(&Answer::Response {
            status,
            headers: headers.into_iter().collect(),
            body: refused("TooManyRequests", message),
        })
        .map(|pause| pause.as_secs())
    };
    let quota = |time: &str| {
        format!(
            "You have exceeded processing resources allocated to this tenant. You can run queries again in {time}."
        )
    };
    for (time, seconds) in [
        ("15 minutes", 900),
        ("1 minute", 60),
        ("1 minute and 30 seconds", 90),
        ("1 hour", 3600),
        ("00:12:30", 750),
        ("00:00:05.5", 5),
        ("PT12M30S", 750),
        ("45 seconds", 45),
    ] {
        assert_eq!(pause(429, &quota(time), None), Some(seconds), "{time}");
    }
    // Without a time that can be read it is the rest of the cycle.
    let date = Some("Thu, 23 Jul 2026 10:04:20 GMT");
    for text in [
        quota("a while"),
        "You have exceeded processing resources allocated to this tenant.".to_owned(),
    ] {
        assert_eq!(pause(429, &text, date), Some(640));
        assert_eq!(pause(429, &text, None), Some(900));
    }
    assert_eq!(pause(429, "Too many requests.", None), None);
    assert_eq!(pause(400, &quota("15 minutes"), None), None);
}
