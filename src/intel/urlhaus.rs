//! URLhaus of abuse.ch: complete urls that served malware.
//!
//! `POST https://urlhaus-api.abuse.ch/v1/url/` with the form field `url`.

use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::clip::clip;
use super::{Rate, Service, Severity, Spec, Unread, Verdict};
use crate::journal::{Body, Request};
use crate::model::url::below;

const KEY: &str = "LINKTRAIL_URLHAUS_KEY";

pub(super) const SPEC: Spec = Spec {
    name: "urlhaus",
    endpoint: Some("https://urlhaus-api.abuse.ch"),
    secrets: &[KEY],
    // abuse.ch publishes no figure and asks for fair use.
    rates: &[Rate::minute(120)],
    build: |setup| setup.service::<UrlHaus>(&SPEC, setup.key("Auth-Key", KEY)),
};

/// What URLhaus is asked, and what it answers.
pub(super) struct UrlHaus;

impl Service for UrlHaus {
    const TITLE: &'static str = "URLhaus";
    // URLhaus answers `no_results` with status 200 for a url that it does not know.
    const PROBE: &'static str = "https://example.com/";

    fn request(endpoint: &Url, asked: &str) -> Request {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("url", asked)
            .finish();
        let body = Body {
            content_type: "application/x-www-form-urlencoded",
            text: form,
        };
        Request::post(SPEC.source(), below(endpoint, "v1/url/"), body)
    }

    fn verdict(_url: &Url, answer: &Map<String, Value>) -> Result<Verdict, Unread> {
        let text = |field: &str| answer.get(field).and_then(Value::as_str);
        match text("query_status") {
            Some("ok") => {}
            Some("no_results") => return Ok(Verdict::not_found("URLhaus does not know it")),
            Some("unknown_auth_key") => {
                let reason = format!("URLhaus does not know the key; set {KEY}");
                return Err(Unread::Key(reason));
            }
            Some(other) => {
                let reason = format!("URLhaus refuses it: {}", clip(other, 40));
                return Err(Unread::Url(reason));
            }
            None => return Err("no query_status".into()),
        }
        let threat =
            text("threat").map_or_else(String::new, |threat| format!(", {}", clip(threat, 60)));
        let severity = match text("url_status") {
            Some("online") => Severity::High,
            // It served malware before; URLhaus does not know whether it still does.
            Some("offline" | "unknown") => Severity::Warning,
            _ => return Err("url_status is none of online, offline and unknown".into()),
        };
        let status = text("url_status").unwrap_or_default();
        let tags = answer.get("tags").and_then(Value::as_array);
        let tags = tags.into_iter().flatten().filter_map(Value::as_str);
        let summary = format!("malware url, {status}{threat}");
        Ok(Verdict::rated(severity, &summary)
            .tags(text("threat").into_iter().chain(tags))
            .reference(page(answer)))
    }

    fn is_not_known(_: &Map<String, Value>) -> bool {
        // It says so with status 200.
        false
    }
}

/// The url of the entry's page. Only the number of the entry comes from the answer.
fn page(answer: &Map<String, Value>) -> Option<String> {
    let id: u64 = match answer.get("id")? {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    Some(format!("https://urlhaus.abuse.ch/url/{id}/"))
}
