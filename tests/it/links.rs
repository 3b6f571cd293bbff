//! What links come out of messages: worked cases, properties, and time that grows with the input.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use linktrail::link::{Attachment, Body, Link, canonical, defang, extract, visible_text};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

mod linear;
mod wrap;

use wrap::Wrap;

const CASES: &str = include_str!("../fixtures/links/cases.json");

fn cases() -> Vec<Value> {
    let fixture: Value = serde_json::from_str(CASES).unwrap();
    fixture["cases"].as_array().unwrap().clone()
}

fn attachments(of: &Value) -> Vec<Attachment> {
    match &of["attachments"] {
        Value::Null => Vec::new(),
        list => serde_json::from_value(list.clone()).unwrap(),
    }
}

fn links_of(case: &Value) -> Vec<Link> {
    let body = Body {
        html: case["contentType"] == "html",
        content: case["content"].as_str(),
    };
    extract(body, &attachments(case))
}

fn urls(list: &Value) -> BTreeSet<String> {
    let url = |url: &Value| Url::parse(url.as_str().unwrap()).unwrap().to_string();
    list.as_array().unwrap().iter().map(url).collect()
}

/// What is wrong with the links of a case, one line each.
fn complaints(case: &Value) -> Vec<String> {
    let links = links_of(case);
    let (expected, tolerated) = (urls(&case["expected"]), urls(&case["tolerated"]));
    let mut wrong = Vec::new();
    for url in &expected {
        let times = links.iter().filter(|link| link.url.as_str() == url).count();
        if times != 1 {
            wrong.push(format!("{url} came out {times} times"));
        }
    }
    for link in &links {
        let url = link.url.as_str();
        if !expected.contains(url) && !tolerated.contains(url) {
            wrong.push(format!("{url} came out, which is no link here"));
        }
    }
    for (url, details) in case["details"].as_object().into_iter().flatten() {
        let url = Url::parse(url).unwrap();
        let Some(link) = links.iter().find(|link| link.url == url) else {
            wrong.push(format!("no details of {url}"));
            continue;
        };
        let wrappers: Vec<&str> = link
            .wrapped_by
            .iter()
            .map(|wrapper| wrapper.as_str())
            .collect();
        let found = json!({
            "origin": link.origin.as_str(),
            "text": link.text,
            "raw": link.raw,
            "wrapped_by": wrappers,
            "mismatch": link.mismatch,
            "defanged": link.defanged,
        });
        for (name, value) in details.as_object().unwrap() {
            if found[name] != *value {
                wrong.push(format!("{url}: {name} is {}, not {value}", found[name]));
            }
        }
    }
    wrong
}

#[test]
fn every_case() {
    let cases = cases();
    assert!(cases.len() >= 500, "only {} cases", cases.len());
    let mut report = String::new();
    for case in &cases {
        assert!(
            case["why"].as_str().is_some_and(|why| !why.is_empty()),
            "{}",
            case["id"]
        );
        for wrong in complaints(case) {
            let _ = writeln!(report, "{}: {wrong} ({})", case["id"], case["why"]);
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn a_case_can_fail() {
    let case = json!({
        "contentType": "text", "content": "https://evil.example/x",
        "expected": ["https://evil.example/y"], "tolerated": [],
        "details": {"https://evil.example/x": {"origin": "card"}},
    });
    assert_eq!(complaints(&case).len(), 3);
}

#[test]
fn raw_is_what_was_sent() {
    let body = Body {
        html: true,
        content: Some(
            "<a href=\"https://www.google.com/url?q=https://evil.example/x&amp;a\">x</a> \
             hxxps://other[.]example/y.",
        ),
    };
    let raw: Vec<String> = extract(body, &[])
        .into_iter()
        .map(|link| link.raw)
        .collect();
    assert_eq!(
        raw,
        [
            "https://www.google.com/url?q=https://evil.example/x&a",
            "hxxps://other[.]example/y"
        ]
    );
}

#[test]
fn one_url_from_a_log() {
    for (raw, expected) in [
        ("https://evil.example/x", Some("https://evil.example/x")),
        (
            "  \"https://evil.example/x\"\r\n",
            Some("https://evil.example/x"),
        ),
        ("<https://evil.example/x>", Some("https://evil.example/x")),
        ("'hxxps://evil[.]example/x'", Some("https://evil.example/x")),
        (
            "https://evil.example/it's'",
            Some("https://evil.example/it's'"),
        ),
        ("www.evil.example", Some("http://www.evil.example/")),
        ("evil.example/path", Some("https://evil.example/path")),
        ("evil-login.com", Some("https://evil-login.com/")),
        (
            "evil-login.com:8443/x",
            Some("https://evil-login.com:8443/x"),
        ),
        ("evil[.]example/path", Some("https://evil.example/path")),
        ("//evil.example/x", Some("https://evil.example/x")),
        ("192.0.2.7:8080/x", Some("https://192.0.2.7:8080/x")),
        ("HTTP://192.0.2.7", Some("http://192.0.2.7/")),
        ("http://localhost:3000/x", Some("http://localhost:3000/x")),
        (
            "ms-appinstaller:?source=https://evil.example/x",
            Some("https://evil.example/x"),
        ),
        ("", None),
        ("   ", None),
        ("C:\\Users\\adele\\Downloads\\report.html", None),
        ("C:/Users/adele/evil.example", None),
        ("file:///C:/Users/adele/report.html", None),
        (
            "\\\\srv.contoso.com\\share\\x",
            Some("file://srv.contoso.com/share/x"),
        ),
        ("/usr/share/evil.example", None),
        ("report.html", None),
        ("setup.zip", None),
        ("1.2.3.4", None),
        ("localhost:3000", None),
        ("intranet/x", None),
        ("adele@contoso.com", None),
        ("mailto:adele@contoso.com", None),
        ("javascript:location='https://evil.example'", None),
        ("about:blank", None),
        ("https://", None),
        ("https://evil .example", None),
        ("not a url", None),
    ] {
        let found = canonical(raw).map(|(url, _)| url.to_string());
        assert_eq!(found.as_deref(), expected, "{raw:?}");
    }
}

/// Urls as they are found in messages.
fn web_url() -> impl Strategy<Value = Url> {
    let host = prop_oneof![
        "[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?\\.(example|test|com|co\\.uk)",
        Just("192.0.2.17".to_owned()),
        Just("[2001:db8::17]".to_owned()),
        Just("b\u{fc}cher.example".to_owned()),
    ];
    let userinfo = prop_oneof![9 => Just(""), 1 => Just("login.contoso.com@")];
    let port = prop_oneof![4 => Just(""), 1 => Just(":8443")];
    let path = "(/[a-zA-Z0-9_~-]{0,8}(\\(([a-z]{1,3}|dot|at)\\))?){0,3}";
    let query = "(\\?[a-z]{1,3}=[a-zA-Z0-9%/:+-]{0,8}(&copy=[0-9])?)?";
    let fragment = "(#[a-z/]{0,6})?";
    ("(http|https)", userinfo, host, port, path, query, fragment).prop_filter_map(
        "a url whose end nobody could mistake for punctuation",
        |(scheme, userinfo, host, port, path, query, fragment)| {
            let text = format!("{scheme}://{userinfo}{host}{port}{path}{query}{fragment}");
            let url = Url::parse(&text).ok()?;
            let ends_well = url
                .as_str()
                .ends_with(|c: char| c.is_ascii_alphanumeric() || "/)".contains(c));
            // A percent sign that encodes nothing may come out of a wrapper as something else.
            let whole = url.as_str().match_indices('%').all(|(at, _)| {
                url.as_str()
                    .get(at + 1..at + 3)
                    .is_some_and(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))
            });
            (ends_well && whole).then_some(url)
        },
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn found(html: &str, attachments: &[Attachment]) -> Vec<Url> {
    let links = extract(
        Body {
            html: true,
            content: Some(html),
        },
        attachments,
    );
    links.into_iter().map(|link| link.url).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_on_any_text(text in any::<String>(), html in any::<bool>()) {
        let body = Body { html, content: Some(&text) };
        extract(body, &[]);
        visible_text(body);
        canonical(&text);
        let attachment = Attachment { content: Some(text.clone()), content_url: Some(text), ..Attachment::default() };
        extract(Body { html, content: None }, &[attachment]);
    }

    #[test]
    fn nothing_panics_on_any_markup(pieces in prop::collection::vec(prop_oneof![
        Just("<a href=\""), Just("\">"), Just("</a>"), Just("<b>"), Just("</td>"), Just("<table>"),
        Just("https://"), Just("hxxp[:]//"), Just("www."), Just("evil"), Just("."), Just("[.]"),
        Just("example"), Just("/"), Just("["), Just("]("), Just(")"), Just("("), Just("&"), Just("&#"),
        Just("@"), Just(":"), Just("%"), Just("\u{e4}"), Just("\u{3002}"), Just("\u{202e}"), Just("\u{200b}"),
        Just("{\""), Just("\":"), Just("url"), Just("}"), Just("ms-word:"), Just("|u|"), Just("\\"),
        Just("/v3/__"), Just("__;"), Just("*"), Just("<style>"), Just("<!--"), Just("..."), Just("\n"),
    ], 0..40), html in any::<bool>()) {
        let text: String = pieces.concat();
        let body = Body { html, content: Some(&text) };
        for link in extract(body, &[]) {
            prop_assert_eq!(canonical(link.url.as_str()).map(|(url, _)| url), Some(link.url));
        }
        let seen = visible_text(body);
        let bad = |c: char| c.is_control() || matches!(c, '\u{200b}' | '\u{202e}');
        prop_assert!(!seen.contains(bad) && !seen.contains("  ") && seen.trim() == seen);
        let attachment = Attachment { content: Some(text), ..Attachment::default() };
        extract(Body { html, content: None }, &[attachment]);
    }

    #[test]
    fn nothing_panics_on_any_json(text in "[\\[\\]{}\":,a-z\\\\u0-9 ]{0,60}") {
        let attachment = Attachment { content: Some(text.clone()), ..Attachment::default() };
        extract(Body { html: true, content: None }, &[attachment]);
        let _ = serde_json::from_str::<Attachment>(&text);
    }

    #[test]
    fn canonical_is_idempotent(text in prop_oneof![
        any::<String>(),
        "(https?|hxxps|ms-word|http)(:|\\[:\\])(//|\\\\\\\\)[a-z\u{e4}\u{3002}.@\\[\\](){}:'%/?#&= ]{0,30}",
        "https://www\\.google\\.com/url\\?q=[a-z:/.%0-9]{0,30}",
        "['\"<]?[a-z]{1,5}\\.(com|example)(/[a-z'\"%]{0,6})?['\">]?",
    ]) {
        if let Some((url, _)) = canonical(&text) {
            let again = canonical(url.as_str());
            prop_assert_eq!(again, Some((url, vec![])));
        }
    }

    #[test]
    fn what_is_put_in_is_found(urls in prop::collection::vec(web_url(), 1..6), kind in 0..7_u8) {
        let mut html = String::new();
        let mut attachments = Vec::new();
        for url in &urls {
            let (raw, escaped) = (url.as_str(), escape(url.as_str()));
            match kind {
                0 => { let _ = write!(html, "<p><a href=\"{escaped}\">here</a></p>"); }
                1 => { let _ = write!(html, "<div>look: {escaped}, (or {escaped}).</div>"); }
                2 => { let _ = write!(html, "<div>{} </div>", split(&escaped)); }
                3 => { let _ = write!(html, "<p>{} </p>", escape(&defang(url))); }
                4 => { let _ = write!(html, "<pre>get \"{escaped}\"; '{escaped}'</pre>"); }
                5 => attachments.push(json!({"type": "AdaptiveCard", "actions": [
                    {"type": "Action.OpenUrl", "title": "Open", "url": raw}]})),
                _ => attachments.push(json!({"type": "AdaptiveCard", "body": [
                    {"type": "TextBlock", "text": format!("see [this](<{raw}>) now")}]})),
            }
        }
        let attachments: Vec<Attachment> = attachments
            .into_iter()
            .map(|content| serde_json::from_value(json!({"contentType": "x", "content": content})).unwrap())
            .collect();
        let expected: BTreeSet<&Url> = urls.iter().collect();
        let found = found(&html, &attachments);
        prop_assert_eq!(found.iter().collect::<BTreeSet<_>>(), expected, "{} {:?}", html, attachments);
        prop_assert_eq!(found.len(), urls.iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn unwrapping_undoes_wrapping(url in web_url(), chain in prop::collection::vec(wrap::any(), 0..5)) {
        let mut raw = url.to_string();
        for wrap in &chain {
            raw = wrap.around(&raw);
        }
        let (target, wrappers) = canonical(&raw).unwrap();
        prop_assert_eq!(target, url, "{}", raw);
        let names: Vec<&str> = wrappers.iter().map(|wrapper| wrapper.as_str()).collect();
        let expected: Vec<&str> = chain.iter().rev().map(Wrap::name).collect();
        prop_assert_eq!(names, expected);
    }

    #[test]
    fn every_rule_undoes_its_service_and_no_other_host(url in web_url()) {
        for (name, form) in wrap::SERVICES {
            let raw = Wrap::Service(name, form).around(url.as_str());
            let (target, wrappers) = canonical(&raw).unwrap();
            prop_assert_eq!(&target, &url, "{}", raw);
            let names: Vec<&str> = wrappers.iter().map(|wrapper| wrapper.as_str()).collect();
            prop_assert_eq!(names, [name], "{}", raw);
            let raw = Wrap::Service(name, form.elsewhere()).around(url.as_str());
            let (_, wrappers) = canonical(&raw).unwrap();
            prop_assert!(wrappers.is_empty(), "{}", raw);
        }
    }

    #[test]
    fn hosts_that_a_service_rewrites_are_restored(
        host in "[a-z]{1,6}(-[a-z]{1,4})?\\.(example|test|com|co\\.uk)",
        path in "/[a-z0-9]{0,8}(/[a-z]{1,4})?(\\?[a-z]=[0-9])?",
    ) {
        let plain = format!("https://{host}{path}");
        let (before, after) = (host.replace('-', "--").replace('.', "-"), &path);
        let (place, _) = path.split_once('?').unwrap_or((&path, ""));
        for (name, raw, target) in [
            ("mcas", format!("https://{host}.mcas.ms{after}"), &plain),
            ("translate", format!("https://{before}.translate.goog{after}"), &plain),
            ("amp", format!("https://cdn.ampproject.org/c/s/{host}{after}"), &plain),
            ("yandex-turbo", format!("https://{before}.turbopages.org/{host}/s{after}"), &plain),
            ("mcas", format!("https://mcas-proxyweb.mcas.ms/certificate-checker?login=false&originalUrl=https://{host}.mcas.ms{place}"), &format!("https://{host}{place}")),
        ] {
            let (url, wrappers) = canonical(&raw).unwrap();
            let target = Url::parse(target).unwrap();
            prop_assert_eq!(&url, &target, "{}", raw);
            prop_assert_eq!(wrappers.iter().map(|wrapper| wrapper.as_str()).collect::<Vec<_>>(), [name]);
        }
    }

    #[test]
    fn defanging_is_undone(url in web_url()) {
        let broken = defang(&url);
        prop_assert!(broken.starts_with("hxxp://") || broken.starts_with("hxxps://"), "{}", broken);
        prop_assert!(!broken.contains("http://") && !broken.contains("https://"), "{}", broken);
        prop_assert_eq!(canonical(&broken).map(|(url, _)| url), Some(url));
    }
}

/// The url with inline elements in the middle of it, never inside a character reference.
fn split(escaped: &str) -> String {
    let mut html = String::new();
    for (at, piece) in escaped.split_inclusive(['/', '.', '-']).enumerate() {
        let _ = match at % 3 {
            0 => write!(html, "<b>{piece}</b>"),
            1 => write!(html, "<span style=\"color:red\">{piece}</span><wbr>"),
            _ => write!(html, "{piece}"),
        };
    }
    html
}
