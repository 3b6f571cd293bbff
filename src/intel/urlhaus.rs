//! URLhaus of abuse.ch: urls from which malware was served, by their whole text.
//!
//! `POST https://urlhaus-api.abuse.ch/v1/url/` with the form field `url`.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::answer::{clip, open, other_shape};
use super::{Ask, Provider, Rate, Reading, Setup, SetupError, Severity, Spec, below};
use crate::journal::{Auth, Body, Exchange, Limit, Method, Request};

const KEY: &str = "LINKTRAIL_URLHAUS_KEY";

pub(super) const SPEC: Spec = Spec {
    name: "urlhaus",
    endpoint: Some("https://urlhaus-api.abuse.ch"),
    secrets: &[KEY],
    // abuse.ch publishes no figure, only that use be fair.
    rates: &[Rate::minute(120)],
    build,
};

struct UrlHaus {
    endpoint: Url,
    key: Option<SecretString>,
    limits: Vec<Limit>,
}

fn build(setup: &Setup) -> Result<Box<dyn Provider>, SetupError> {
    Ok(Box::new(UrlHaus {
        endpoint: setup.endpoint(&SPEC)?,
        key: setup.secret(KEY),
        limits: setup.limits(&SPEC),
    }))
}

impl Provider for UrlHaus {
    fn name(&self) -> &'static str {
        SPEC.name
    }

    fn ask(&self, asked: &str) -> Ask {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("url", asked)
            .finish();
        Ask::Send(Request {
            source: SPEC.name,
            method: Method::Post,
            url: below(&self.endpoint, "v1/url/"),
            headers: vec![("accept", "application/json".to_owned())],
            auth: match &self.key {
                Some(key) => Auth::Header("Auth-Key", key.clone()),
                None => Auth::None,
            },
            body: Some(Body {
                content_type: "application/x-www-form-urlencoded",
                text: form,
            }),
            limits: self.limits.clone(),
            deadline: Duration::from_secs(30),
        })
    }

    fn read(&self, _url: &Url, exchange: &Exchange) -> Reading {
        match open(exchange, &SPEC) {
            Ok(Some(answer)) => rate(&answer),
            Ok(None) => Reading::not_found("URLhaus does not know it"),
            Err(reading) => reading,
        }
    }
}

fn rate(answer: &Map<String, Value>) -> Reading {
    let text = |field: &str| answer.get(field).and_then(Value::as_str);
    match text("query_status") {
        Some("ok") => {}
        Some("no_results") => return Reading::not_found("URLhaus does not know it"),
        Some("unknown_auth_key") => {
            return Reading::unavailable(&format!("urlhaus does not know the key; set {KEY}"));
        }
        Some(other) => {
            return Reading::unavailable(&format!("urlhaus refuses it: {}", clip(other, 40)));
        }
        None => return other_shape("no query_status"),
    }
    let threat =
        text("threat").map_or_else(String::new, |threat| format!(", {}", clip(threat, 60)));
    let severity = match text("url_status") {
        Some("online") => Severity::High,
        // Known for serving malware; whether it still does, URLhaus cannot tell either.
        Some("offline" | "unknown") => Severity::Warning,
        _ => return other_shape("url_status is none of online, offline and unknown"),
    };
    let status = text("url_status").unwrap_or_default();
    let tags = answer.get("tags").and_then(Value::as_array);
    let tags = tags.into_iter().flatten().filter_map(Value::as_str);
    Reading::rated(severity, &format!("malware url, {status}{threat}"))
        .tags(text("threat").into_iter().chain(tags))
        .reference(page(answer))
}

/// Its page. Only the number of the entry is taken from outside.
fn page(answer: &Map<String, Value>) -> Option<String> {
    let id: u64 = match answer.get("id")? {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    Some(format!("https://urlhaus.abuse.ch/url/{id}/"))
}
