//! Threat intelligence: who is asked about a url, what leaves for it, and what the answer means.
//!
//! A provider neither sends nor waits. It builds a [`Request`] from the string that may be sent and reads the
//! [`Exchange`] that came of it, so that the journal can stand in between. Every provider is one file here and one
//! line in [`PROVIDERS`].

#[cfg(test)]
mod acme;
mod answer;
mod cache;
mod desk;
pub mod file;
mod otx;
pub mod privacy;
mod quota;
mod rate;
mod reading;
pub mod sentinel;
mod urlhaus;
mod virustotal;
mod xforce;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use url::Url;

use crate::journal::{Exchange, Limit, Request};
use crate::model::Source;
use crate::source::logs::Rows;

pub use cache::Cache;
pub use desk::Desk;
pub use file::{List, ListError};
pub use privacy::{Decision, Privacy, PrivacyError};
pub use quota::Ledger;
pub use rate::{Period, Rate, RateError, limits};
pub use reading::{Reading, Severity, State, overall, risky};

/// Every provider there is. A new one is its file and a line here.
pub const PROVIDERS: &[&Spec] = &[
    &otx::SPEC,
    &xforce::SPEC,
    &sentinel::SPEC,
    &urlhaus::SPEC,
    &virustotal::SPEC,
    &file::SPEC,
];

/// Someone who can be asked about a url.
pub trait Provider: Send + Sync {
    /// Its name in the configuration, in verdicts and in the `requests` of the result.
    fn name(&self) -> &'static str;

    /// Whom its requests count for in the `requests` of the result, and its gaps.
    fn source(&self) -> Source {
        Source::of_provider(self.name())
    }

    /// Whether asking it tells nobody outside the tenant: it is then asked about internal urls too, whole.
    fn local(&self) -> bool {
        false
    }

    /// What to send to ask about that string, or the answer if nothing needs to be sent.
    fn ask(&self, asked: &str) -> Ask;

    /// What an answer says about the url.
    fn read(&self, url: &Url, exchange: &Exchange) -> Reading;

    /// What rows of the workspace say about the url; asked only of who asks by [`Ask::Workspace`].
    fn judge(&self, _url: &Url, _rows: &Rows) -> Reading {
        Reading::unavailable("it does not ask the workspace")
    }
}

/// How a provider comes to its answer.
#[derive(Debug, Clone)]
pub enum Ask {
    /// By this request, whose exchange it then reads.
    Send(Request),
    /// At once.
    Local(Reading),
    /// By looking for indicators of these values in the workspace, together with those of other urls.
    Workspace(Vec<String>),
}

/// What the configuration and whoever builds providers must know of one.
#[derive(Debug)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// Where its service is unless `[endpoints]` says otherwise; none when it has none.
    pub endpoint: Option<&'static str>,
    /// Environment variables of the secrets it needs to be asked. A replay needs none.
    pub secrets: &'static [&'static str],
    /// How often it may be asked, as it publishes it. `[intel] limits` can take their place.
    pub rates: &'static [Rate],
    /// Builds it.
    pub build: fn(&Setup) -> Result<Box<dyn Provider>, SetupError>,
}

/// What a provider is built from.
#[derive(Debug, Default)]
pub struct Setup {
    /// `[endpoints]`, by the name of the provider.
    pub endpoints: BTreeMap<String, Url>,
    /// Secrets, by the name of their environment variable. One that is absent is not sent; only what may send must
    /// insist on [`Spec::secrets`].
    pub secrets: BTreeMap<String, SecretString>,
    /// The lists of `[intel] file`.
    pub lists: Vec<List>,
    /// `[intel] limits`, by the name of the provider.
    pub limits: BTreeMap<String, Vec<Rate>>,
    /// Start of the time under investigation: an indicator that had expired before it counts for nothing.
    pub since: DateTime<Utc>,
}

/// Why a provider cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its default address is not one, which only a new provider can bring about.
    #[error("the address of {0} is not a url")]
    Endpoint(&'static str),
    /// A list of indicators is not what it should be.
    #[error(transparent)]
    List(#[from] ListError),
}

/// The provider of that name.
pub fn spec(name: &str) -> Option<&'static Spec> {
    PROVIDERS.iter().copied().find(|spec| spec.name == name)
}

impl Setup {
    fn endpoint(&self, spec: &Spec) -> Result<Url, SetupError> {
        if let Some(url) = self.endpoints.get(spec.name) {
            return Ok(url.clone());
        }
        spec.endpoint
            .and_then(|address| Url::parse(address).ok())
            .ok_or(SetupError::Endpoint(spec.name))
    }

    fn secret(&self, variable: &str) -> Option<SecretString> {
        self.secrets.get(variable).cloned()
    }

    /// The rates of a provider: its own, else those published.
    fn rates<'a>(&'a self, spec: &'a Spec) -> &'a [Rate] {
        self.limits.get(spec.name).map_or(spec.rates, Vec::as_slice)
    }

    /// The limits that its requests wait for.
    fn limits(&self, spec: &Spec) -> Vec<Limit> {
        let rates = self.rates(spec).iter();
        rates.filter_map(|rate| rate.limit(spec.name)).collect()
    }
}

/// One question to one provider, after the privacy rules.
#[derive(Debug, Clone)]
pub struct Question {
    /// What to do.
    pub ask: Ask,
    /// The string that is sent, if it is not the url.
    pub asked: Option<String>,
}

/// What to ask a provider about a url. All that leaves the tenant for threat intelligence passes through here.
pub fn question(provider: &dyn Provider, privacy: &Privacy, url: &Url) -> Question {
    if provider.local() {
        return Question {
            ask: provider.ask(url.as_str()),
            asked: None,
        };
    }
    match privacy.decide(url) {
        Decision::Skip(reason) => Question {
            ask: Ask::Local(Reading::skipped(&reason)),
            asked: None,
        },
        Decision::Ask(string) => Question {
            ask: provider.ask(&string),
            asked: (string != url.as_str()).then_some(string),
        },
    }
}

/// The string as one path segment of a provider's url: everything but unreserved characters is percent-encoded, `%`
/// too, so that the service gets exactly the string back.
fn segment(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A path below the service's own address, which may have a path itself.
fn below(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&format!("{}/{path}", endpoint.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::journal::{Answer, Auth};

    /// What the documentation shows is a provider that works.
    #[test]
    fn the_documented_provider_is_one() {
        let (_, code) = include_str!("acme.rs").split_once("\n\n").unwrap();
        let document = include_str!("../../docs/providers.md");
        assert!(document.contains(&format!("```rust\n{code}```")));

        let setup = Setup {
            secrets: [("LINKTRAIL_ACME_KEY".to_owned(), "key".to_owned().into())].into(),
            ..Setup::default()
        };
        let provider = (acme::SPEC.build)(&setup).unwrap();
        let Ask::Send(request) = provider.ask("https://evil.example/a?b") else {
            panic!("not sent");
        };
        assert_eq!(
            request.url.as_str(),
            "https://ti.acme.example/v1/url/https%3A%2F%2Fevil.example%2Fa%3Fb"
        );
        assert!(matches!(request.auth, Auth::Header("X-Acme-Key", _)));
        assert_eq!(request.limits[0].key, "acme per minute");
        let read = |status, body: &str| {
            let exchange = Exchange {
                record: 1,
                at: DateTime::default(),
                answer: Answer::Response {
                    status,
                    headers: BTreeMap::new(),
                    body: body.to_owned(),
                },
            };
            let url = Url::parse("https://evil.example/a?b").unwrap();
            provider.read(&url, &exchange).state
        };
        assert_eq!(read(200, "{\"malicious\": true}"), State::Hit);
        assert_eq!(read(200, "{\"malicious\": false}"), State::Clean);
        assert_eq!(read(200, "{\"malicious\": null}"), State::Unavailable);
        assert_eq!(read(404, ""), State::NotFound);
        assert_eq!(read(503, ""), State::Unavailable);
    }
}
