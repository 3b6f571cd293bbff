//! VirusTotal, version 3 of its API: how many engines call the url malicious.
//!
//! `GET https://www.virustotal.com/api/v3/urls/{id}`, where the id is the url in base64url without padding. Asking for
//! a report does not submit the url: one that VirusTotal does not know is 404.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::answer::{open, other_shape};
use super::{Ask, Provider, Rate, Reading, Setup, SetupError, Severity, Spec, below};
use crate::journal::{Auth, Exchange, Limit, Method, Request};

const KEY: &str = "LINKTRAIL_VIRUSTOTAL_KEY";

pub(super) const SPEC: Spec = Spec {
    name: "virustotal",
    endpoint: Some("https://www.virustotal.com"),
    secrets: &[KEY],
    // Of a free key.
    rates: &[Rate::minute(4), Rate::day(500)],
    build,
};

struct VirusTotal {
    endpoint: Url,
    key: Option<SecretString>,
    limits: Vec<Limit>,
}

fn build(setup: &Setup) -> Result<Box<dyn Provider>, SetupError> {
    Ok(Box::new(VirusTotal {
        endpoint: setup.endpoint(&SPEC)?,
        key: setup.secret(KEY),
        limits: setup.limits(&SPEC),
    }))
}

impl Provider for VirusTotal {
    fn name(&self) -> &'static str {
        SPEC.name
    }

    fn ask(&self, asked: &str) -> Ask {
        let id = URL_SAFE_NO_PAD.encode(asked);
        Ask::Send(Request {
            source: SPEC.name,
            method: Method::Get,
            url: below(&self.endpoint, &format!("api/v3/urls/{id}")),
            headers: vec![("accept", "application/json".to_owned())],
            auth: match &self.key {
                Some(key) => Auth::Header("x-apikey", key.clone()),
                None => Auth::None,
            },
            body: None,
            limits: self.limits.clone(),
            deadline: Duration::from_secs(30),
        })
    }

    fn read(&self, _url: &Url, exchange: &Exchange) -> Reading {
        match open(exchange, &SPEC) {
            Ok(Some(answer)) => rate(&answer).unwrap_or_else(other_shape),
            Ok(None) => Reading::not_found("VirusTotal does not know it"),
            Err(reading) => reading,
        }
    }
}

fn rate(answer: &Map<String, Value>) -> Result<Reading, &'static str> {
    let data = answer.get("data").and_then(Value::as_object);
    let data = data.ok_or("no data")?;
    let attributes = data.get("attributes").and_then(Value::as_object);
    let attributes = attributes.ok_or("no data.attributes")?;
    let engines = match attributes.get("last_analysis_stats") {
        Some(Value::Object(stats)) => Engines::read(stats)?,
        // Submitted, and not looked at yet.
        None | Some(Value::Null) => Engines::default(),
        Some(_) => return Err("last_analysis_stats is no object"),
    };
    let (malicious, all) = (engines.malicious, engines.all);
    let summary = format!(
        "malicious to {malicious} and suspicious to {} of {all} engines",
        engines.suspicious
    );
    let reading = match (malicious, all) {
        (0, 0) => Reading::not_found("no engine has rated it"),
        (0, _) => Reading::rated(Severity::Information, &summary),
        (1, _) => Reading::rated(Severity::Warning, &summary),
        _ => Reading::rated(Severity::High, &summary),
    };
    #[allow(clippy::cast_precision_loss, reason = "engines are few")]
    let score = malicious as f64;
    Ok(reading
        .score(score)
        .tags(tags(attributes))
        .reference(page(data)))
}

/// Engines by what they say of it.
#[derive(Default)]
struct Engines {
    malicious: u64,
    suspicious: u64,
    /// Those that said anything: an engine that gave up in time is none.
    all: u64,
}

impl Engines {
    fn read(stats: &Map<String, Value>) -> Result<Self, &'static str> {
        let count = |name: &str| match stats.get(name) {
            None | Some(Value::Null) => Ok(0),
            Some(value) => value
                .as_u64()
                .filter(|count| *count < 1 << 32)
                .ok_or("a count in last_analysis_stats is none"),
        };
        let (malicious, suspicious) = (count("malicious")?, count("suspicious")?);
        let all = malicious + suspicious + count("harmless")? + count("undetected")?;
        Ok(Self {
            malicious,
            suspicious,
            all,
        })
    }
}

fn tags(attributes: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let list = |field: &str| {
        let items = attributes.get(field).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str)
    };
    let categories = attributes.get("categories").and_then(Value::as_object);
    let categories = categories
        .into_iter()
        .flatten()
        .filter_map(|(_, category)| category.as_str());
    list("threat_names").chain(list("tags")).chain(categories)
}

/// Its page. The id is the digest of the url as VirusTotal spells it, and all that is taken from outside.
fn page(data: &Map<String, Value>) -> Option<String> {
    let id = data.get("id")?.as_str()?;
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| format!("https://www.virustotal.com/gui/url/{id}"))
}
