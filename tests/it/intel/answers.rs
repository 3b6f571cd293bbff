//! What every answer means.

use linktrail::intel::{Severity, State, Verdict, overall, risky};
use linktrail::journal::{Answer, NoAnswer};
use proptest::prelude::*;

use super::{Exchange, Provider, exchange, provider, read, response};

/// Every provider that sends something. `sentinel` and `file` have tables of their own.
const SERVICES: [&str; 4] = ["otx", "xforce", "urlhaus", "virustotal"];
const HTML: &str = "<!DOCTYPE html><html><body>Sign in to the proxy</body></html>";
const OTX_NOTHING: &str = r#"{"indicator":"x","pulse_info":{"count":0,"pulses":[]}}"#;

/// State and severity as the design's table spells them, checked for what holds of every verdict.
fn state_and_severity(name: &str, exchange: &Exchange) -> (&'static str, Option<&'static str>) {
    let verdict = read(name, exchange);
    let answered = matches!(verdict.state, State::Hit | State::Clean | State::NotFound);
    assert_eq!(answered, verdict.severity.is_some(), "{verdict:?}");
    assert!(!verdict.summary.is_empty(), "{verdict:?}");
    assert!(verdict.summary.chars().count() <= 300, "{verdict:?}");
    (
        verdict.state.as_str(),
        verdict.severity.map(Severity::as_str),
    )
}

const HIGH: (&str, Option<&str>) = ("hit", Some("high"));
const WARNING: (&str, Option<&str>) = ("hit", Some("warning"));
const CLEAN: (&str, Option<&str>) = ("clean", Some("information"));
const NOT_FOUND: (&str, Option<&str>) = ("not_found", Some("information"));
const RATE_LIMITED: (&str, Option<&str>) = ("rate_limited", None);
const UNAVAILABLE: (&str, Option<&str>) = ("unavailable", None);

#[test]
fn what_is_no_answer_is_told_apart_for_every_service() {
    let truncated = r#"{"pulse_info":{"count":0,"pul"#;
    let long = "x".repeat(1_000_000);
    for name in SERVICES {
        for (exchange, wanted, says) in [
            (
                response(401, &[], r#"{"error":"no"}"#),
                UNAVAILABLE,
                "LINKTRAIL_",
            ),
            (
                response(402, &[], r#"{"error":"quota"}"#),
                UNAVAILABLE,
                "used up",
            ),
            (response(403, &[], HTML), UNAVAILABLE, "LINKTRAIL_"),
            (response(404, &[], ""), UNAVAILABLE, "empty"),
            (response(404, &[], "[]"), UNAVAILABLE, "404"),
            (response(404, &[], "{}"), UNAVAILABLE, "other JSON"),
            (
                response(404, &[], r#"{"message":"no Route matched"}"#),
                UNAVAILABLE,
                "other JSON",
            ),
            (
                response(404, &[("content-type", "text/html")], HTML),
                UNAVAILABLE,
                "page",
            ),
            (
                response(404, &[], "404 page not found"),
                UNAVAILABLE,
                "not JSON",
            ),
            (response(404, &[], r#"{"error":"#), UNAVAILABLE, "cut off"),
            (response(407, &[], ""), UNAVAILABLE, "proxy"),
            (response(408, &[], ""), UNAVAILABLE, "408"),
            (response(429, &[], ""), RATE_LIMITED, "too many"),
            (
                response(429, &[("retry-after", "120")], "{}"),
                RATE_LIMITED,
                "too many",
            ),
            (
                response(
                    429,
                    &[("retry-after", "Sat, 31 Oct 2026 12:02:00 GMT")],
                    HTML,
                ),
                RATE_LIMITED,
                "too many",
            ),
            (
                response(429, &[("retry-after", "soon")], ""),
                RATE_LIMITED,
                "too many",
            ),
            (response(500, &[], OTX_NOTHING), UNAVAILABLE, "500"),
            (response(502, &[], HTML), UNAVAILABLE, "502"),
            (
                response(503, &[("retry-after", "5")], ""),
                UNAVAILABLE,
                "503",
            ),
            (response(504, &[], ""), UNAVAILABLE, "504"),
            (
                response(302, &[("location", "https://x.example/")], ""),
                UNAVAILABLE,
                "[endpoints]",
            ),
            (response(204, &[], ""), UNAVAILABLE, "empty"),
            (response(206, &[], OTX_NOTHING), UNAVAILABLE, "206"),
            (response(400, &[], OTX_NOTHING), UNAVAILABLE, "400"),
            (
                exchange(Answer::Nothing(NoAnswer::Failed(
                    "timed out after 30 s".to_owned(),
                ))),
                UNAVAILABLE,
                "timed out",
            ),
            (
                exchange(Answer::Nothing(NoAnswer::NotSent(
                    "the quota of a day".to_owned(),
                ))),
                RATE_LIMITED,
                "the quota of a day",
            ),
            (
                exchange(Answer::Nothing(NoAnswer::Failed(String::new()))),
                UNAVAILABLE,
                "no answer",
            ),
            (
                exchange(Answer::Nothing(NoAnswer::Failed(long.clone()))),
                UNAVAILABLE,
                "no answer",
            ),
            (response(200, &[], ""), UNAVAILABLE, "empty"),
            (response(200, &[], " \n"), UNAVAILABLE, "empty"),
            (response(200, &[], HTML), UNAVAILABLE, "page"),
            (response(200, &[], truncated), UNAVAILABLE, "cut off"),
            (response(200, &[], "ok"), UNAVAILABLE, "not JSON"),
            (response(200, &[], "{} {}"), UNAVAILABLE, "not JSON"),
            (
                response(200, &[], &"[".repeat(100_000)),
                UNAVAILABLE,
                "not JSON",
            ),
            (response(200, &[], "null"), UNAVAILABLE, "shape"),
            (response(200, &[], "[]"), UNAVAILABLE, "shape"),
            (response(200, &[], "0"), UNAVAILABLE, "shape"),
            (response(200, &[], "{}"), UNAVAILABLE, "shape"),
            (
                response(200, &[], r#"{"detail":"ok"}"#),
                UNAVAILABLE,
                "shape",
            ),
        ] {
            assert_eq!(
                state_and_severity(name, &exchange),
                wanted,
                "{name}: {exchange:?}"
            );
            let summary = read(name, &exchange).summary;
            assert!(summary.contains(says), "{name}: {summary}");
        }
    }
}

/// The tables of what each service says of a url that it does not know; any other 404 comes from somebody else.
#[test]
fn a_404_is_an_answer_only_in_the_words_of_its_service() {
    let detail = r#"{"detail":"Not found."}"#;
    let error = r#"{"error":"Not found."}"#;
    let code = r#"{"error":{"code":"NotFoundError","message":"URL \"x\" not found"}}"#;
    for (body, owner) in [(detail, "otx"), (error, "xforce"), (code, "virustotal")] {
        for name in SERVICES {
            let wanted = if name == owner {
                NOT_FOUND
            } else {
                UNAVAILABLE
            };
            let answer = response(404, &[], body);
            assert_eq!(state_and_severity(name, &answer), wanted, "{name} {body}");
            let Provider::Service(service) = provider(name) else {
                panic!("no service");
            };
            let is_answer = service.request("https://evil.example/").is_answer;
            assert_eq!(is_answer(&answer.answer), name == owner, "{name} {body}");
            // Whatever it says, it is no report, which the probe has to get.
            assert!(!(service.probe().is_answer)(&answer.answer), "{name}");
        }
    }
    for (name, body) in [
        ("otx", r#"{"detail":"endpoint not found"}"#),
        ("otx", r#"{"detail":["Not found."]}"#),
        ("xforce", r#"{"error":{"code":404}}"#),
        ("virustotal", r#"{"error":{"code":"NotFound"}}"#),
        ("urlhaus", r#"{"query_status":"no_results"}"#),
    ] {
        let answer = response(404, &[], body);
        assert_eq!(
            state_and_severity(name, &answer),
            UNAVAILABLE,
            "{name} {body}"
        );
    }
}

#[test]
fn what_says_nothing_is_no_answer_and_what_a_service_says_of_one_url_is() {
    for name in SERVICES {
        let Provider::Service(service) = provider(name) else {
            panic!("no service");
        };
        let is_answer = service.request("https://evil.example/").is_answer;
        for (status, body, wanted) in [
            (200, "", false),
            (200, "[]", false),
            (200, "{}", false),
            (200, HTML, false),
            (200, "{\"pulse_info\":", false),
            (400, "{}", true),
            (414, "", true),
            (401, "{}", false),
            (403, "{}", false),
            (405, "{}", false),
            (429, "{}", false),
            (503, "{}", false),
        ] {
            let answer = response(status, &[], body);
            assert_eq!(is_answer(&answer.answer), wanted, "{name} {status} {body}");
        }
    }
}

#[test]
fn a_refusal_names_the_variables_of_its_provider() {
    let refused = response(401, &[], "");
    assert!(read("otx", &refused).summary.contains("LINKTRAIL_OTX_KEY"));
    let summary = read("xforce", &refused).summary;
    assert!(
        summary.contains("LINKTRAIL_XFORCE_KEY and LINKTRAIL_XFORCE_PASSWORD"),
        "{summary}"
    );
}

#[test]
fn otx_answers_are_rated_by_pulses() {
    for (body, wanted) in [
        (r#"{"pulse_info":{"count":0,"pulses":[]}}"#, NOT_FOUND),
        (
            r#"{"pulse_info":{"count":1,"pulses":[{"name":"p"}]}}"#,
            WARNING,
        ),
        (r#"{"pulse_info":{"count":2,"pulses":[]}}"#, HIGH),
        (r#"{"pulse_info":{"count":49,"pulses":null}}"#, HIGH),
        (r#"{"pulse_info":{"count":"12"}}"#, HIGH),
        (r#"{"pulse_info":{"count":" 1 "}}"#, WARNING),
        (r#"{"pulse_info":{"count":2.0}}"#, HIGH),
        (r#"{"pulse_info":{"pulses":[{},{}]}}"#, HIGH),
        (r#"{"pulse_info":{"count":0,"pulses":[{}]}}"#, WARNING),
        (r#"{"pulse_info":null,"indicator":"x"}"#, NOT_FOUND),
        (r#"{"pulse_info":{"count":null,"pulses":null}}"#, NOT_FOUND),
        (r#"{"pulse_info":{"count":0},"validation":null}"#, NOT_FOUND),
        (r#"{"pulse_info":{"count":0},"validation":[]}"#, NOT_FOUND),
        (r#"{"pulse_info":{"count":3},"validation":[]}"#, HIGH),
        (r#"{"pulse_info":{"count":3},"validation":[null,{}]}"#, HIGH),
        (
            r#"{"pulse_info":{"count":3},"validation":"whitelist"}"#,
            HIGH,
        ),
        (
            r#"{"pulse_info":{"count":9},"validation":[{"source":"whitelist","name":"Whitelisted domain"}]}"#,
            CLEAN,
        ),
        (
            r#"{"pulse_info":{"count":0},"validation":[{"source":"majestic"}]}"#,
            CLEAN,
        ),
        (
            r#"{"pulse_info":null,"validation":[{"name":"Known False Positive"}]}"#,
            CLEAN,
        ),
        ("\u{feff}{\"pulse_info\":{\"count\":2}}", HIGH),
        (r#"{"pulse_info":{}}"#, UNAVAILABLE),
        (r#"{"pulse_info":[]}"#, UNAVAILABLE),
        (r#"{"pulse_info":{"count":-1}}"#, UNAVAILABLE),
        (r#"{"pulse_info":{"count":1.5}}"#, UNAVAILABLE),
        (r#"{"pulse_info":{"count":"many"}}"#, UNAVAILABLE),
        (r#"{"pulse_info":{"count":true}}"#, UNAVAILABLE),
        (r#"{"pulse_info":{"count":[]}}"#, UNAVAILABLE),
        (r#"{"validation":[{"source":"whitelist"}]}"#, UNAVAILABLE),
    ] {
        assert_eq!(
            state_and_severity("otx", &response(200, &[], body)),
            wanted,
            "{body}"
        );
    }
}

#[test]
fn xforce_answers_are_rated_by_score() {
    for (score, wanted) in [
        ("null", NOT_FOUND),
        ("\"\"", NOT_FOUND),
        ("0", CLEAN),
        ("1", CLEAN),
        ("1.9", CLEAN),
        ("\"1.99\"", CLEAN),
        ("2", WARNING),
        ("\"2\"", WARNING),
        ("4.3", WARNING),
        ("4.99", WARNING),
        ("5", HIGH),
        ("\" 7.1 \"", HIGH),
        ("10", HIGH),
        ("-1", UNAVAILABLE),
        ("\"NaN\"", UNAVAILABLE),
        ("\"inf\"", UNAVAILABLE),
        ("\"bad\"", UNAVAILABLE),
        ("true", UNAVAILABLE),
        ("[7]", UNAVAILABLE),
    ] {
        let body = format!(
            r#"{{"result":{{"url":"evil.example","cats":{{}},"score":{score}}},"tags":[]}}"#
        );
        assert_eq!(
            state_and_severity("xforce", &response(200, &[], &body)),
            wanted,
            "{score}"
        );
    }
    for (body, wanted) in [
        (r#"{"result":{}}"#, NOT_FOUND),
        (
            r#"{"result":{"url":null,"cats":null,"score":6,"categoryDescriptions":null},"tags":null}"#,
            HIGH,
        ),
        (r#"{"result":null}"#, UNAVAILABLE),
        (r#"{"result":[]}"#, UNAVAILABLE),
        (r#"{"score":9}"#, UNAVAILABLE),
    ] {
        assert_eq!(
            state_and_severity("xforce", &response(200, &[], body)),
            wanted,
            "{body}"
        );
    }
}

#[test]
fn urlhaus_answers_are_rated_by_what_the_url_does_now() {
    for (body, wanted) in [
        (r#"{"query_status":"no_results"}"#, NOT_FOUND),
        (r#"{"query_status":"ok","url_status":"online"}"#, HIGH),
        (r#"{"query_status":"ok","url_status":"offline"}"#, WARNING),
        (r#"{"query_status":"ok","url_status":"unknown"}"#, WARNING),
        (
            r#"{"query_status":"ok","url_status":"online","threat":null,"tags":null,"id":null}"#,
            HIGH,
        ),
        (r#"{"query_status":"ok"}"#, UNAVAILABLE),
        (r#"{"query_status":"ok","url_status":null}"#, UNAVAILABLE),
        (
            r#"{"query_status":"ok","url_status":"ONLINE?"}"#,
            UNAVAILABLE,
        ),
        (r#"{"query_status":"ok","url_status":true}"#, UNAVAILABLE),
        (
            r#"{"query_status":null,"url_status":"online"}"#,
            UNAVAILABLE,
        ),
        (r#"{"url_status":"online"}"#, UNAVAILABLE),
        (r#"{"query_status":"invalid_url"}"#, UNAVAILABLE),
        (r#"{"query_status":"http_post_expected"}"#, UNAVAILABLE),
        (r#"{"query_status":"unknown_auth_key"}"#, UNAVAILABLE),
    ] {
        assert_eq!(
            state_and_severity("urlhaus", &response(200, &[], body)),
            wanted,
            "{body}"
        );
    }
    let body = r#"{"query_status":"ok","id":"12345","urlhaus_reference":"https://elsewhere.example/","url_status":"online",
        "threat":"malware_download","tags":["emotet",null,7,"doc"],"blacklists":null}"#;
    let verdict = read("urlhaus", &response(200, &[], body));
    assert_eq!(verdict.summary, "malware url, online, malware_download");
    assert_eq!(verdict.tags, ["malware_download", "emotet", "doc"]);
    assert_eq!(
        verdict.reference.as_deref(),
        Some("https://urlhaus.abuse.ch/url/12345/")
    );
    let refused = read(
        "urlhaus",
        &response(200, &[], r#"{"query_status":"unknown_auth_key"}"#),
    );
    assert!(refused.summary.contains("LINKTRAIL_URLHAUS_KEY"));
}

#[test]
fn virustotal_answers_are_rated_by_engines() {
    let stats =
        |stats: &str| format!(r#"{{"data":{{"attributes":{{"last_analysis_stats":{stats}}}}}}}"#);
    for (counts, wanted) in [
        (
            r#"{"malicious":0,"suspicious":0,"harmless":60,"undetected":30}"#,
            CLEAN,
        ),
        (r#"{"malicious":0,"suspicious":3,"harmless":1}"#, CLEAN),
        (
            r#"{"malicious":1,"suspicious":0,"harmless":90,"timeout":1}"#,
            WARNING,
        ),
        (r#"{"malicious":2}"#, HIGH),
        (r#"{"malicious":70,"harmless":null}"#, HIGH),
        // Known, and nobody has said anything of it.
        (
            r#"{"malicious":0,"suspicious":0,"harmless":0,"undetected":0,"timeout":9}"#,
            NOT_FOUND,
        ),
        ("{}", NOT_FOUND),
        ("null", NOT_FOUND),
        (r#"{"malicious":"2"}"#, UNAVAILABLE),
        (r#"{"malicious":-1}"#, UNAVAILABLE),
        (r#"{"malicious":1.5}"#, UNAVAILABLE),
        (r#"{"malicious":18446744073709551615}"#, UNAVAILABLE),
        (r#"{"malicious":0,"harmless":true}"#, UNAVAILABLE),
        ("[]", UNAVAILABLE),
        ("2", UNAVAILABLE),
    ] {
        let body = stats(counts);
        assert_eq!(
            state_and_severity("virustotal", &response(200, &[], &body)),
            wanted,
            "{body}"
        );
    }
    for body in [
        r#"{"data":null}"#,
        r#"{"data":[]}"#,
        r#"{"data":{}}"#,
        r#"{"data":{"attributes":null}}"#,
        r#"{"last_analysis_stats":{"malicious":5}}"#,
    ] {
        assert_eq!(
            state_and_severity("virustotal", &response(200, &[], body)),
            UNAVAILABLE,
            "{body}"
        );
    }
    let digest = "0123456789abcdef".repeat(4);
    let body = format!(
        r#"{{"data":{{"id":"{digest}","links":{{"self":"https://elsewhere.example/"}},"attributes":{{
            "threat_names":["Phish.X"],"tags":["login",null],"categories":{{"Engine":"phishing"}},
            "last_analysis_stats":{{"malicious":3,"suspicious":1,"harmless":50,"undetected":20,"timeout":2}}}}}}}}"#
    );
    let verdict = read("virustotal", &response(200, &[], &body));
    assert_eq!(
        verdict.summary,
        "malicious to 3 and suspicious to 1 of 74 engines"
    );
    assert_eq!(verdict.score, Some(3.0));
    assert_eq!(verdict.tags, ["Phish.X", "login", "phishing"]);
    assert_eq!(
        verdict.reference,
        Some(format!("https://www.virustotal.com/gui/url/{digest}"))
    );
}

#[test]
fn recorded_answers_have_the_severity_that_was_recorded_with_them() {
    for (provider, name, wanted, score) in [
        ("otx", "otx_no_pulse", NOT_FOUND, Some(0.0)),
        ("otx", "otx_one_pulse", WARNING, Some(1.0)),
        ("otx", "otx_two_pulses", HIGH, Some(2.0)),
        ("otx", "otx_domain_many_pulses", HIGH, Some(22.0)),
        ("otx", "otx_address_many_pulses", HIGH, Some(49.0)),
        ("xforce", "xforce_score_null", NOT_FOUND, None),
    ] {
        let path = format!(
            "{}/tests/fixtures/intel/recorded/{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let answer = response(200, &[], &std::fs::read_to_string(path).unwrap());
        assert_eq!(state_and_severity(provider, &answer), wanted, "{name}");
        assert_eq!(read(provider, &answer).score, score, "{name}");
    }
}

#[test]
fn what_a_provider_says_beside_its_rating_is_kept_and_bounded() {
    let tag = "t".repeat(5_000);
    let many: Vec<String> = (0..500).map(|n| format!("\"tag{n}\"")).collect();
    let body = format!(
        r#"{{"pulse_info":{{"count":2,"pulses":[
            {{"id":"5d399c0a84da61b4bf401e9e","name":"Kit\u001b[31m {tag}","tags":["b","a","a",{},"{tag}"],
              "malware_families":[{{"display_name":"Locky"}},"Emotet"]}},
            {{"id":"../../x","name":"\u202eSecond","tags":null}}]}}}}"#,
        many.join(",")
    );
    let verdict = read("otx", &response(200, &[], &body));
    assert_eq!(verdict.tags.len(), 20);
    assert_eq!(&verdict.tags[..3], ["b", "a", "tag0"]);
    assert!(
        verdict.summary.starts_with("in 2 pulses: Kit [31m ttt"),
        "{}",
        verdict.summary
    );
    assert!(verdict.summary.ends_with("; Second"), "{}", verdict.summary);
    assert_eq!(
        verdict.reference.as_deref(),
        Some("https://otx.alienvault.com/pulse/5d399c0a84da61b4bf401e9e")
    );

    let body = r#"{"result":{"url":"evil.example","cats":{"Phishing":true,"Spam":false},"score":7.1},
        "tags":[{"tag":"kit","user":"somebody"},"plain"]}"#;
    let verdict = read("xforce", &response(200, &[], body));
    assert_eq!(verdict.summary, "score 7.1 for the host evil.example");
    assert_eq!(verdict.tags, ["Phishing", "kit", "plain"]);
    assert_eq!(
        verdict.reference.as_deref(),
        Some("https://exchange.xforce.ibmcloud.com/url/evil.example")
    );
}

#[test]
fn a_url_is_as_bad_as_the_worst_answer_and_unknown_without_one() {
    let none = [
        Verdict::skipped("x"),
        Verdict::unavailable("x"),
        Verdict::rate_limited("x"),
    ];
    assert_eq!((overall(&none).as_str(), risky(&none)), ("unknown", false));
    assert_eq!((overall([]).as_str(), risky([])), ("unknown", false));
    let low = [Verdict::unavailable("x"), Verdict::not_found("x")];
    assert_eq!(
        (overall(&low).as_str(), risky(&low)),
        ("information", false)
    );
    let doubtful = [
        Verdict::not_found("x"),
        Verdict::rated(Severity::Warning, "x"),
        Verdict::skipped("x"),
    ];
    assert_eq!(
        (overall(&doubtful).as_str(), risky(&doubtful)),
        ("warning", true)
    );
    let bad = [
        Verdict::rated(Severity::High, "x"),
        Verdict::rated(Severity::Information, "x"),
    ];
    assert_eq!((overall(&bad).as_str(), risky(&bad)), ("high", true));
}

proptest! {
    #[test]
    fn no_answer_makes_a_reader_panic(status in prop::sample::select(vec![200, 404, 429, 500]), body in ".{0,80}", after in ".{0,20}") {
        for name in SERVICES {
            let verdict = read(name, &response(status, &[("retry-after", &after)], &body));
            prop_assert_ne!(verdict.state, State::Clean);
            prop_assert_ne!(verdict.state, State::Hit);
        }
    }
}
