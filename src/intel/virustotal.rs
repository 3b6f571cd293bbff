//! VirusTotal, version 3 of its API: the number of engines that rate the url malicious.
//!
//! `GET https://www.virustotal.com/api/v3/urls/{id}`, where the id is the url in base64url without padding. Requesting
//! a report does not submit the url: VirusTotal answers 404 for a url that it does not know.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use url::Url;

use super::account::{self, Account, Allowance};
use super::{Rate, Service, Severity, Spec, Unread, Verdict};
use crate::journal::Request;
use crate::model::url::below;

const KEY: &str = "LINKTRAIL_VIRUSTOTAL_KEY";

pub(super) const SPEC: Spec = Spec {
    name: "virustotal",
    endpoint: Some("https://www.virustotal.com"),
    secrets: &[KEY],
    // The limits of a free key.
    rates: &[Rate::minute(4), Rate::day(500)],
    build: |setup| setup.service::<VirusTotal>(&SPEC, setup.key("x-apikey", KEY)),
};

/// What VirusTotal is asked, and what it answers.
pub(super) struct VirusTotal;

impl Service for VirusTotal {
    const TITLE: &'static str = "VirusTotal";
    // A url that VirusTotal has had a report of for as long as it exists.
    const PROBE: &'static str = "http://www.google.com/";

    // The account that the key belongs to, so that the key does not stand in an address.
    const ACCOUNT: Option<&'static str> = Some("api/v3/users/current");

    fn account(answer: &Value) -> Account {
        let data = account::object(answer.get("data"));
        let quotas = account::object(answer.pointer("/data/attributes/quotas"));
        let spans = [
            ("hour", "api_requests_hourly"),
            ("day", "api_requests_daily"),
            ("month", "api_requests_monthly"),
        ];
        let quotas = spans.into_iter().filter_map(|(per, name)| {
            let quota = quotas.get(name)?;
            let quota = quota.get("user").unwrap_or(quota);
            Some(Allowance {
                per,
                used: account::number(quota.get("used"))?,
                allowed: account::number(quota.get("allowed"))?,
            })
        });
        Account {
            quotas: quotas.collect(),
            ..Account::named(data.get("id").and_then(Value::as_str))
        }
    }

    fn request(endpoint: &Url, asked: &str) -> Request {
        let id = URL_SAFE_NO_PAD.encode(asked);
        Request::get(SPEC.source(), below(endpoint, &format!("api/v3/urls/{id}")))
    }

    fn verdict(_url: &Url, answer: &Map<String, Value>) -> Result<Verdict, Unread> {
        let data = answer.get("data").and_then(Value::as_object);
        let data = data.ok_or("no data")?;
        let attributes = data.get("attributes").and_then(Value::as_object);
        let attributes = attributes.ok_or("no data.attributes")?;
        let engines = match attributes.get("last_analysis_stats") {
            Some(Value::Object(stats)) => Engines::parse(stats)?,
            // The url was submitted and has not been analysed yet.
            None | Some(Value::Null) => Engines::default(),
            Some(_) => return Err("last_analysis_stats is no object".into()),
        };
        let (malicious, all) = (engines.malicious, engines.all);
        let summary = format!(
            "malicious to {malicious} and suspicious to {} of {all} engines",
            engines.suspicious
        );
        let verdict = match (malicious, all) {
            (0, 0) => Verdict::not_found("no engine has rated it"),
            (0, _) => Verdict::rated(Severity::Information, &summary),
            (1, _) => Verdict::rated(Severity::Warning, &summary),
            _ => Verdict::rated(Severity::High, &summary),
        };
        #[allow(clippy::cast_precision_loss, reason = "engines are few")]
        let score = malicious as f64;
        Ok(verdict
            .score(score)
            .tags(tags(attributes))
            .reference(page(data)))
    }

    fn is_not_known(answer: &Map<String, Value>) -> bool {
        let code = answer
            .get("error")
            .and_then(|error| error.get("code")?.as_str());
        code == Some("NotFoundError")
    }
}

/// The numbers of engines by their result.
#[derive(Default)]
struct Engines {
    malicious: u64,
    suspicious: u64,
    /// The engines with a result. An engine that timed out does not count.
    all: u64,
}

impl Engines {
    fn parse(stats: &Map<String, Value>) -> Result<Self, &'static str> {
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

/// The url of the report's page. Only the id comes from the answer: the digest of the url in VirusTotal's spelling.
fn page(data: &Map<String, Value>) -> Option<String> {
    let id = data.get("id")?.as_str()?;
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| format!("https://www.virustotal.com/gui/url/{id}"))
}
