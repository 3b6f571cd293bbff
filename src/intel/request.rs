//! Decides what a provider is asked about a url. All that leaves the tenant for threat intelligence passes through here.

use url::Url;

use super::privacy::{Decision, Privacy};
use super::provider::{Lookup, Provider};
use super::verdict::Verdict;

/// What is asked of one provider about one url, after the privacy rules.
#[derive(Debug, Clone)]
pub struct ProviderRequest {
    /// What has to be done to get the verdict.
    pub lookup: Lookup,
    /// The string that is sent, if it differs from the url.
    pub asked: Option<String>,
}

/// Applies the privacy rules to a url and asks the provider how to look it up.
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
