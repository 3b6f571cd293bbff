//! From a url to what a provider is asked. All that leaves the tenant for threat intelligence passes through here.

use url::Url;

use super::privacy::{Decision, Privacy};
use super::provider::{Lookup, Provider};
use super::verdict::Verdict;

/// What one provider is asked about one url, after the privacy rules.
#[derive(Debug, Clone)]
pub struct ProviderRequest {
    /// How it comes to its verdict.
    pub lookup: Lookup,
    /// The string that is sent, if it is not the url.
    pub asked: Option<String>,
}

/// What to ask a provider about a url.
pub fn provider_request(provider: &Provider, privacy: &Privacy, url: &Url) -> ProviderRequest {
    if provider.local() {
        return ProviderRequest {
            lookup: provider.look_up(url.as_str()),
            asked: None,
        };
    }
    match privacy.decide(url) {
        Decision::Skip(reason) => ProviderRequest {
            lookup: Lookup::Known(Verdict::skipped(&reason)),
            asked: None,
        },
        Decision::Ask(string) => ProviderRequest {
            lookup: provider.look_up(&string),
            asked: (string != url.as_str()).then_some(string),
        },
    }
}
