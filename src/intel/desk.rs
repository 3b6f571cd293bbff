//! What stands between a provider and the network beside the journal: quotas, and answers kept from earlier cases.
//!
//! A replay needs neither: what they did is on record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Cache, Ledger, PROVIDERS, Rate, Setup};
use crate::journal::{Answer, Exchange, Request};

/// Quotas and kept answers of all providers.
#[derive(Debug, Default)]
pub struct Desk {
    rates: BTreeMap<&'static str, Vec<Rate>>,
    ledger: Ledger,
    cache: Option<Cache>,
}

impl Desk {
    /// Counts in that ledger by the rates of the setup, and keeps answers in that cache, if any.
    pub fn new(setup: &Setup, ledger: Ledger, cache: Option<Cache>) -> Self {
        let rates = PROVIDERS.iter();
        let rates = rates.map(|spec| (spec.name, setup.rates(spec).to_vec()));
        Self {
            rates: rates.collect(),
            ledger,
            cache,
        }
    }

    /// Whether a request may be sent now; it is counted when it may.
    ///
    /// # Errors
    /// When a quota of its provider is used up; the text says which.
    pub fn permit(&self, request: &Request) -> Result<(), String> {
        self.ledger.take(request, &self.quotas(request), Utc::now())
    }

    /// How often the provider of that name may be asked.
    pub fn rates(&self, provider: &str) -> &[Rate] {
        self.rates.get(provider).map_or(&[], Vec::as_slice)
    }

    /// What is left of the quotas that a request counts against. Nothing is counted.
    pub fn left(&self, request: &Request) -> Vec<(Rate, u64)> {
        self.ledger.left(request, &self.quotas(request), Utc::now())
    }

    fn quotas(&self, request: &Request) -> Vec<Rate> {
        let rates = self.rates(request.source).iter().copied();
        rates.filter(|rate| rate.is_quota()).collect()
    }

    /// The answer that an earlier case got, with the time of then.
    pub fn kept(&self, request: &Request) -> Option<(DateTime<Utc>, Answer)> {
        self.cache.as_ref()?.get(request, Utc::now())
    }

    /// Keeps an answer for later cases. Only what was read as an answer may be kept.
    pub fn keep(&self, request: &Request, exchange: &Exchange) {
        if let Some(cache) = &self.cache {
            cache.put(request, exchange.at, &exchange.answer);
        }
    }
}
