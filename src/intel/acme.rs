//! The example provider of `docs/providers.md`. A test compares everything below this line with the code in that file.

use serde_json::{Map, Value};
use url::Url;

use super::{Rate, Service, Severity, Spec, Unread, Verdict};
use crate::journal::Request;
use crate::model::url::{below, encode};

const KEY: &str = "LINKTRAIL_ACME_KEY";

pub(super) const SPEC: Spec = Spec {
    name: "acme",
    endpoint: Some("https://ti.acme.example"),
    secrets: &[KEY],
    rates: &[Rate::minute(60), Rate::day(10_000)],
    build: |setup| setup.service::<Acme>(&SPEC, setup.key("X-Acme-Key", KEY)),
};

struct Acme;

impl Service for Acme {
    const TITLE: &'static str = "Acme";
    // Acme rates its own site.
    const PROBE: &'static str = "https://www.acme.example/";

    fn request(endpoint: &Url, asked: &str) -> Request {
        let path = format!("v1/url/{}", encode(asked));
        Request::get(SPEC.source(), below(endpoint, &path))
    }

    fn verdict(_url: &Url, answer: &Map<String, Value>) -> Result<Verdict, Unread> {
        match answer.get("malicious").and_then(Value::as_bool) {
            Some(true) => Ok(Verdict::rated(Severity::High, "malicious")),
            Some(false) => Ok(Verdict::rated(Severity::Information, "harmless")),
            None => Err("no malicious".into()),
        }
    }

    fn is_not_known(answer: &Map<String, Value>) -> bool {
        answer.get("error").and_then(Value::as_str) == Some("unknown url")
    }
}
