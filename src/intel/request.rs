//! Decides what is sent to a provider about a url. Everything that leaves the tenant for threat intelligence passes
//! here.

use url::Url;

use super::privacy::{Decision, Privacy};
use super::provider::{Lookup, Provider};

/// The lookup of one url at one provider, after the privacy rules.
#[derive(Debug, Clone)]
pub struct ProviderRequest {
    /// The way to get the verdict.
    pub lookup: Lookup,
    /// The string that is sent, if it differs from the url.
    pub asked: Option<String>,
}

/// Applies the privacy rules to a url, and lets the provider build its lookup.
pub fn provider_request(provider: &Provider, privacy: &Privacy, url: &Url) -> ProviderRequest {
    if provider.local() {
        return ProviderRequest {
            lookup: provider.look_up(url.as_str()),
            asked: None,
        };
    }
    match privacy.decide(url) {
        Decision::Skip(reason) => ProviderRequest {
            lookup: Lookup::Withheld(reason),
            asked: None,
        },
        Decision::Ask(string) => ProviderRequest {
            lookup: provider.look_up(&string),
            asked: (string != url.as_str()).then_some(string),
        },
    }
}
