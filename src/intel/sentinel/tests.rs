#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::intel::{State, overall};
use crate::journal::{Answer, Exchange, NoAnswer};
use crate::source::logs::{Place, Query};

const URL: &str = "https://bob:pw@login.evil.example/a?b#c";

fn provider() -> WorkspaceIndicators {
    WorkspaceIndicators {
        since: "2026-10-01T00:00:00Z".parse().unwrap(),
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Exchange {
        record: 1,
        at: "2026-11-01T00:00:00Z".parse().unwrap(),
        answer: Answer::Response {
            status,
            headers: headers.collect::<BTreeMap<_, _>>(),
            body: body.to_owned(),
        },
    }
}

/// An answer of Log Analytics with indicators, each given by kind, value, confidence and expiry.
fn answer(rows: &[(&str, &str, Value, Value)]) -> Exchange {
    let columns = [
        "id",
        "kind",
        "value",
        "confidence",
        "valid_until",
        "source",
        "tags",
        "time",
    ];
    let columns: Vec<Value> = columns.iter().map(|name| json!({ "name": name })).collect();
    let rows: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(at, (kind, value, confidence, until))| {
            let time = "2026-10-20T00:00:00Z";
            json!([
                format!("i-{at}"),
                kind,
                value,
                confidence,
                until,
                "Contoso",
                "[\"kit\"]",
                time
            ])
        })
        .collect();
    let body = json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]});
    response(200, &[], &body.to_string())
}

fn named(exchange: &Exchange) -> Option<Verdict> {
    let rows = Rows::of(Place::Workspace, Query::ThreatIndicators, exchange);
    let verdict = provider().judge(&Url::parse(URL).unwrap(), &rows);
    // A row rates the url, or nothing is said of it.
    assert!(
        verdict.iter().all(|verdict| verdict.severity.is_some()),
        "{verdict:?}"
    );
    verdict
}

fn judge(exchange: &Exchange) -> Verdict {
    named(exchange).unwrap()
}

fn verdict(exchange: &Exchange) -> (&'static str, &'static str) {
    match named(exchange) {
        Some(verdict) => (verdict.state.as_str(), overall([&verdict]).as_str()),
        None => NOTHING,
    }
}

const NOTHING: (&str, &str) = ("no verdict", "unknown");

#[test]
fn indicators_are_rated_by_confidence() {
    let url = "https://login.evil.example/a?b#c";
    for (confidence, wanted) in [
        (json!(0), ("clean", "information")),
        (json!(49.9), ("clean", "information")),
        (json!(50), ("hit", "warning")),
        (json!("79"), ("hit", "warning")),
        (json!(80), ("hit", "high")),
        (json!(100), ("hit", "high")),
        // An active indicator without a confidence.
        (Value::Null, ("hit", "warning")),
        (json!(""), ("hit", "warning")),
        (json!("NaN"), ("hit", "warning")),
    ] {
        let exchange = answer(&[("url", url, confidence.clone(), Value::Null)]);
        assert_eq!(verdict(&exchange), wanted, "{confidence}");
    }
    let reading = judge(&answer(&[("url", url, json!(85), Value::Null)]));
    assert_eq!(
        reading.summary,
        "indicator of the url: confidence 85, of Contoso"
    );
    assert_eq!(
        (reading.score, reading.tags),
        (Some(85.0), vec!["kit".to_owned()])
    );
}

#[test]
fn only_what_names_the_url_or_its_domain_counts() {
    for (kind, value, counts) in [
        ("url", "https://login.evil.example/a?b#c", true),
        ("url", "https://login.evil.example/a?b", true),
        ("url", "hxxps://LOGIN.evil[.]example/a?b", true),
        ("url", "login.evil.example/a?b", true),
        ("domain", "login.evil.example", true),
        ("domain", "EVIL.example.", true),
        ("url", "https://login.evil.example/A?b", false),
        ("url", "https://login.evil.example/a", false),
        // An indicator of the front page does not match other pages of the host.
        ("url", "https://login.evil.example", false),
        ("url", "login.evil.example", false),
        ("domain", "other.evil.example", false),
        ("domain", "example", false),
        ("domain", "", false),
        ("domain", "not a domain", false),
        ("", "", false),
    ] {
        let exchange = answer(&[(kind, value, json!(90), Value::Null)]);
        let wanted = if counts { ("hit", "high") } else { NOTHING };
        assert_eq!(verdict(&exchange), wanted, "{kind} {value}");
    }
    let front = provider().judge(
        &Url::parse("http://login.evil.example/").unwrap(),
        &Rows::of(
            Place::Workspace,
            Query::ThreatIndicators,
            &answer(&[("url", "login.evil.example", json!(90), Value::Null)]),
        ),
    );
    assert_eq!(front.unwrap().state, State::Hit);
    let domain = judge(&answer(&[(
        "domain",
        "evil.example",
        json!(60),
        Value::Null,
    )]));
    assert_eq!(
        domain.summary,
        "indicator of the domain evil.example: confidence 60, of Contoso"
    );
}

#[test]
fn the_surest_indicator_decides_and_expired_ones_do_not() {
    let url = "https://login.evil.example/a?b";
    let rows = [
        ("url", url, json!(30), Value::Null),
        (
            "domain",
            "evil.example",
            json!(70),
            json!("2026-10-01T00:00:01Z"),
        ),
        ("url", url, json!(95), json!("2026-09-30T23:00:00Z")),
        ("url", url, json!(95), json!("2026-10-01T00:00:00Z")),
    ];
    assert_eq!(verdict(&answer(&rows)), ("hit", "warning"));
    assert_eq!(verdict(&answer(&rows[..1])), ("clean", "information"));
    assert_eq!(verdict(&answer(&rows[2..])), NOTHING);
    assert_eq!(verdict(&answer(&[])), NOTHING);
}

#[test]
fn what_is_no_answer_is_no_verdict_and_a_problem() {
    let hit = answer(&[("domain", "evil.example", json!(90), Value::Null)]);
    let truncated = &hit.body()[..hit.body().len() / 2];
    let absent = r#"{"error":{"code":"BadArgumentError","innererror":{"code":"SemanticError","innererror":{"code":"SEM0100","message":"'where' operator: Failed to resolve table or column expression named 'ThreatIntelIndicators'"}}}}"#;
    let html = "<!DOCTYPE html><html></html>";
    let refused = r#"{"error":{"code":"x","message":"no"}}"#;
    let nothing = |why: &str| Exchange {
        answer: Answer::Nothing(NoAnswer::Failed(why.to_owned())),
        ..hit.clone()
    };
    for (exchange, says) in [
        (response(401, &[], refused), "Log Analytics Reader"),
        (response(403, &[], refused), "Log Analytics Reader"),
        (response(404, &[], refused), "workspace_id"),
        (response(404, &[], html), "workspace_id"),
        (response(429, &[], ""), "too many"),
        (response(429, &[("retry-after", "60")], refused), "too many"),
        (response(400, &[], absent), "table absent"),
        (response(400, &[], refused), "400"),
        (response(500, &[], html), "500"),
        (response(502, &[], ""), "502"),
        (response(503, &[], refused), "503"),
        (response(504, &[], refused), "too heavy"),
        (response(204, &[], ""), "no data at all"),
        (nothing("no answer in time"), "no answer in time"),
        (response(200, &[], html), "not what Log Analytics"),
        (response(200, &[], truncated), "not what Log Analytics"),
        (response(200, &[], ""), "did not understand"),
        (response(200, &[], "null"), "not what Log Analytics"),
        (response(200, &[], "{}"), "PrimaryResult"),
    ] {
        assert_eq!(verdict(&exchange), NOTHING, "{exchange:?}");
        let problem =
            Rows::of(Place::Workspace, Query::ThreatIndicators, &exchange).problems[0].to_string();
        assert!(problem.contains(says), "{problem}");
    }
    // The rows before a truncation are an answer.
    let cut = hit
        .body()
        .replacen('{', r#"{"error":{"code":"PartialError"},"#, 1);
    assert_eq!(verdict(&response(200, &[], &cut)), ("hit", "high"));
    let other = answer(&[("domain", "fine.example", json!(90), Value::Null)]);
    let cut = other
        .body()
        .replacen('{', r#"{"error":{"code":"PartialError"},"#, 1);
    assert_eq!(verdict(&response(200, &[], &cut)), NOTHING);
}

#[test]
fn the_workspace_is_asked_for_every_spelling_and_never_for_a_user() {
    let values = search_terms(&Url::parse("https://bob:pw@a.bücher.example/").unwrap());
    for wanted in [
        "a.bücher.example",
        "a.bücher.example/",
        "a.xn--bcher-kva.example",
        "a.xn--bcher-kva.example.",
        "a.xn--bcher-kva.example/",
        "a.xn--bcher-kva.example:443",
        "bücher.example",
        "https://a.bücher.example/",
        "https://a.xn--bcher-kva.example",
        "https://a.xn--bcher-kva.example./",
        "https://a.xn--bcher-kva.example/",
        "https://a.xn--bcher-kva.example:443/",
        "xn--bcher-kva.example",
    ] {
        assert!(
            values.iter().any(|value| value == wanted),
            "{wanted}: {values:?}"
        );
    }
    assert!(
        !values.iter().any(|value| value.contains("bob")),
        "{values:?}"
    );
    let values = search_terms(&Url::parse("http://intranet/a#b").unwrap());
    assert_eq!(
        values,
        [
            "http://intranet./a",
            "http://intranet./a#b",
            "http://intranet/a",
            "http://intranet/a#b",
            "http://intranet:80/a",
            "http://intranet:80/a#b",
            "intranet./a",
            "intranet./a#b",
            "intranet/a",
            "intranet/a#b",
            "intranet:80/a",
            "intranet:80/a#b",
        ]
    );
    // The search terms fit into a query, however long the url or its host is.
    let labels = "a.".repeat(120);
    for url in [
        format!("https://{labels}example/"),
        format!("https://x.example/{}", "y".repeat(1 << 20)),
    ] {
        let values = search_terms(&Url::parse(&url).unwrap());
        assert!(!values.is_empty() && values.len() <= 500);
        assert!(values.iter().map(|value| value.len() + 4).sum::<usize>() <= 64 * 1024);
    }
}

#[test]
fn an_indicator_is_found_whatever_way_it_is_spelt() {
    for (written, url) in [
        (
            "http://p.evil.example:80/bin.sh",
            "http://p.evil.example/bin.sh",
        ),
        ("https://p.evil.example:443/", "https://p.evil.example/"),
        (
            "http://sp.evil.example/a b.exe",
            "http://sp.evil.example/a%20b.exe",
        ),
        (
            "http://uni.evil.example/bücher",
            "http://uni.evil.example/b%C3%BCcher",
        ),
        (
            "http://q.evil.example/?q=bücher x",
            "http://q.evil.example/?q=b%C3%BCcher%20x",
        ),
        ("http://tld.evil.example./x", "http://tld.evil.example/x"),
        ("http://bücher.example/x", "http://xn--bcher-kva.example/x"),
        ("HTTP://UP.EVIL.EXAMPLE/X", "http://up.evil.example/X"),
        ("https://front.evil.example", "https://front.evil.example/"),
        ("bare.evil.example/x", "https://bare.evil.example/x"),
        ("http://p.evil.example/x", "http://p.evil.example/x#top"),
    ] {
        let url = Url::parse(url).unwrap();
        // The query compares in any case.
        let terms = search_terms(&url);
        let asked = terms
            .iter()
            .any(|term| term.to_lowercase() == written.to_lowercase());
        assert!(asked, "{written}: {terms:?}");
        assert!(names("url", written, &url), "{written}");
    }
}
