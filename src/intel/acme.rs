//! The provider that `docs/providers.md` shows, to the letter below this line.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::answer::{open, other_shape};
use super::{Ask, Provider, Rate, Reading, Severity, Spec, below, segment};
use crate::journal::{Auth, Exchange, Limit, Method, Request};

pub(super) const SPEC: Spec = Spec {
    name: "acme",
    endpoint: Some("https://ti.acme.example"),
    secrets: &["LINKTRAIL_ACME_KEY"],
    rates: &[Rate::minute(60), Rate::day(10_000)],
    build: |setup| {
        Ok(Box::new(Acme {
            endpoint: setup.endpoint(&SPEC)?,
            key: setup.secret("LINKTRAIL_ACME_KEY"),
            limits: setup.limits(&SPEC),
        }))
    },
};

struct Acme {
    endpoint: Url,
    key: Option<SecretString>,
    limits: Vec<Limit>,
}

impl Provider for Acme {
    fn name(&self) -> &'static str {
        SPEC.name
    }

    fn ask(&self, asked: &str) -> Ask {
        Ask::Send(Request {
            source: SPEC.name,
            method: Method::Get,
            url: below(&self.endpoint, &format!("v1/url/{}", segment(asked))),
            headers: vec![],
            auth: match &self.key {
                Some(key) => Auth::Header("X-Acme-Key", key.clone()),
                None => Auth::None,
            },
            body: None,
            limits: self.limits.clone(),
            deadline: Duration::from_secs(30),
        })
    }

    fn read(&self, _url: &Url, exchange: &Exchange) -> Reading {
        let answer = match open(exchange, &SPEC) {
            Ok(Some(answer)) => answer,
            Ok(None) => return Reading::not_found("Acme does not know it"),
            Err(reading) => return reading,
        };
        match answer.get("malicious").and_then(Value::as_bool) {
            Some(true) => Reading::rated(Severity::High, "malicious"),
            Some(false) => Reading::rated(Severity::Information, "harmless"),
            None => other_shape("no malicious"),
        }
    }
}
