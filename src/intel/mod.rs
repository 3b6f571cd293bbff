//! Threat intelligence: the providers, the rules for what may be sent to them, and the meaning of their answers.
//!
//! A [`Provider`] neither sends nor waits. [`provider_request`] says what one is asked about a url, after the rules of
//! [`Privacy`]; the pipeline sends it, by way of the journal, the [`Quotas`] and the [`AnswerCache`]. Every service is
//! one file here and one line in [`PROVIDERS`].

mod account;
#[cfg(test)]
mod acme;
mod analyst;
mod answer;
mod cache;
mod clip;
pub mod defender;
pub mod file;
mod http_provider;
mod key;
mod otx;
pub mod privacy;
mod provider;
mod providers;
mod quota;
mod rate;
mod request;
pub mod sentinel;
mod service;
mod urlhaus;
mod verdict;
mod virustotal;
mod xforce;

pub use account::{Account, Allowance, KeyState};
pub use analyst::{ANALYST, Analyst, Named};
pub use answer::Reading;
pub use cache::AnswerCache;
pub use file::{List, ListError};
pub use http_provider::HttpProvider;
pub use privacy::{Decision, Privacy, PrivacyError};
pub use provider::{Lookup, Provider, Setup, SetupError, Spec};
pub use providers::{PROVIDERS, limits, reads_lists, spec};
pub use quota::{QuotaStore, QuotaUsedUp, Quotas};
pub use rate::{Period, Rate, RateError};
pub use request::{ProviderRequest, provider_request};
pub use sentinel::WorkspaceIndicators;
pub use service::{Service, Unread};
pub use verdict::{Severity, State, Verdict, overall, risky};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;
    use url::Url;

    use super::*;
    use crate::journal::{Answer, Auth, Exchange};

    /// The provider in the documentation compiles and works.
    #[test]
    fn the_documented_provider_is_one() {
        let (_, code) = include_str!("acme.rs").split_once("\n\n").unwrap();
        let document = include_str!("../../docs/providers.md");
        assert!(document.contains(&format!("```rust\n{code}```")));

        let setup = Setup {
            secrets: [("LINKTRAIL_ACME_KEY".to_owned(), "key".to_owned().into())].into(),
            ..Setup::default()
        };
        let Provider::Service(provider) = (acme::SPEC.build)(&setup).unwrap() else {
            panic!("no service");
        };
        let request = provider.request("https://evil.example/a?b");
        assert_eq!(
            request.url.as_str(),
            "https://ti.acme.example/v1/url/https%3A%2F%2Fevil.example%2Fa%3Fb"
        );
        assert!(matches!(request.auth, Auth::Header("X-Acme-Key", _)));
        assert_eq!(
            provider.probe().url.as_str(),
            "https://ti.acme.example/v1/url/https%3A%2F%2Fwww.acme.example%2F"
        );
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
            provider.parse_answer(&url, &exchange).state
        };
        assert_eq!(read(200, "{\"malicious\": true}"), State::Hit);
        assert_eq!(read(200, "{\"malicious\": false}"), State::Clean);
        assert_eq!(read(200, "{\"malicious\": null}"), State::Unavailable);
        assert_eq!(read(404, "{\"error\": \"unknown url\"}"), State::NotFound);
        assert_eq!(read(404, "{\"error\": \"no route\"}"), State::Unavailable);
        assert_eq!(read(404, ""), State::Unavailable);
        assert_eq!(read(503, ""), State::Unavailable);
    }
}
