//! What stands between a provider and the network beside the journal: quotas, and answers kept from earlier cases.
//!
//! A replay needs neither: what they did is on record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Cache, Ledger, PROVIDERS, Rate, Setup};
use crate::source::{Answer, Exchange, Request};

/// Quotas and kept answers of all providers.
#[derive(Debug, Default)]
pub struct Desk {
    quotas: BTreeMap<&'static str, Vec<Rate>>,
    ledger: Ledger,
    cache: Option<Cache>,
}

impl Desk {
    /// Counts in that ledger by the rates of the setup, and keeps answers in that cache, if any.
    pub fn new(setup: &Setup, ledger: Ledger, cache: Option<Cache>) -> Self {
        let quotas = PROVIDERS.iter().map(|spec| {
            let rates = setup.rates(spec).iter().copied();
            (spec.name, rates.filter(|rate| rate.is_quota()).collect())
        });
        Self {
            quotas: quotas.collect(),
            ledger,
            cache,
        }
    }

    /// Whether a request may be sent now; it is counted when it may.
    ///
    /// # Errors
    /// When a quota of its provider is used up; the text says which.
    pub fn permit(&self, request: &Request) -> Result<(), String> {
        let quotas = self.quotas.get(request.source);
        let quotas = quotas.map_or(&[][..], Vec::as_slice);
        self.ledger.take(request, quotas, Utc::now())
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
