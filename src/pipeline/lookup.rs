//! Decides how each url is looked up at a provider, and reads the answers.

use std::collections::HashMap;

use url::Url;

use crate::graph::Seen;
use crate::intel::{
    AnswerCache, HttpProvider, Lookup, Privacy, Provider, ProviderRequest, State, Verdict,
    provider_request,
};
use crate::journal::{Body, Exchange, Request};

/// A url that is looked up at a provider.
#[derive(Clone)]
pub(super) struct LookupUrl {
    pub(super) url: Url,
    /// The string that is sent; `None` when it is the url itself.
    pub(super) sent_as: Option<String>,
}

/// A request to a provider, and the urls that it is about. Several urls can become the same string by the privacy
/// rules.
pub(super) struct SharedRequest {
    pub(super) request: Request,
    /// The urls, at least one.
    pub(super) urls: Vec<LookupUrl>,
}

/// The lookups at one provider.
#[derive(Default)]
pub(super) struct Lookups {
    /// The requests to its service.
    pub(super) requests: Vec<SharedRequest>,
    /// The urls that are looked up in the workspace, each with the values that an indicator of it can have.
    pub(super) workspace: Vec<(Url, Vec<String>)>,
    /// Urls whose result is known without a request: from a list.
    pub(super) local: Vec<(LookupUrl, Verdict)>,
    /// How many urls no list names.
    pub(super) not_named: usize,
    /// Urls that no provider outside may be told of, each with the reason.
    pub(super) withheld: Vec<(Url, String)>,
}

/// The result for one url at one provider.
pub(super) struct LookupResult {
    pub(super) url: LookupUrl,
    pub(super) verdict: Verdict,
    /// The records that prove it.
    pub(super) seen: Vec<Seen>,
}

impl LookupResult {
    /// True when the provider answered.
    pub(super) fn is_answer(&self) -> bool {
        is_answer(&self.verdict)
    }
}

impl Lookups {
    /// Decides how these urls are looked up. The load and its plan both use this function, so a plan shows exactly what
    /// will be sent.
    pub(super) fn of(provider: &Provider, privacy: &Privacy, urls: &[Url]) -> Self {
        let mut lookups = Self::default();
        let mut places: HashMap<(Url, Option<Body>), usize> = HashMap::new();
        for url in urls {
            let ProviderRequest { lookup, asked } = provider_request(provider, privacy, url);
            let url = LookupUrl {
                url: url.clone(),
                sent_as: asked,
            };
            match lookup {
                Lookup::Send(request) => {
                    let requests = &mut lookups.requests;
                    let key = (request.url.clone(), request.body.clone());
                    let place = *places.entry(key).or_insert(requests.len());
                    match requests.get_mut(place) {
                        Some(same) => same.urls.push(url),
                        None => requests.push(SharedRequest {
                            request: *request,
                            urls: vec![url],
                        }),
                    }
                }
                Lookup::Workspace(values) => lookups.workspace.push((url.url, values)),
                Lookup::Known(verdict) => lookups.local.push((url, verdict)),
                Lookup::NotNamed => lookups.not_named += 1,
                Lookup::Withheld(reason) => lookups.withheld.push((url.url, reason)),
            }
        }
        lookups
    }
}

impl SharedRequest {
    /// The results that an exchange gives for each of the urls.
    pub(super) fn results(
        &self,
        provider: &HttpProvider,
        exchange: &Exchange,
    ) -> Vec<LookupResult> {
        let results = self.urls.iter().map(|url| LookupResult {
            url: url.clone(),
            verdict: provider.parse_answer(&url.url, exchange),
            seen: vec![Seen::at(exchange.record, Some(exchange.at))],
        });
        results.collect()
    }

    /// True when an exchange contains an answer to the request.
    pub(super) fn is_answered_by(&self, provider: &HttpProvider, exchange: &Exchange) -> bool {
        let first = self.urls.first();
        first.is_some_and(|url| is_answer(&provider.parse_answer(&url.url, exchange)))
    }

    /// The answer of an earlier case from the cache. The cached file may have been changed, so it is only used if it is
    /// a valid answer.
    pub(super) fn kept_answer(
        &self,
        provider: &HttpProvider,
        cache: Option<&AnswerCache>,
    ) -> Option<Exchange> {
        let (at, answer) = cache?.get(&self.request)?;
        let kept = Exchange {
            record: 0,
            at,
            answer,
        };
        self.is_answered_by(provider, &kept).then_some(kept)
    }
}

fn is_answer(verdict: &Verdict) -> bool {
    matches!(verdict.state, State::Hit | State::Clean | State::NotFound)
}
