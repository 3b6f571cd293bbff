//! What a provider of threat intelligence is, and what one is built from.
//!
//! A provider neither sends nor waits. It builds a [`Request`] from the string that may be sent, and reads the recorded
//! exchange, so that the journal can be in between.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use url::Url;

use super::file::{self, List, ListError, Lists};
use super::http_provider::{HttpProvider, Service};
use super::rate::Rate;
use super::sentinel::{self, WorkspaceIndicators};
use super::verdict::Verdict;
use crate::journal::{Auth, Request};
use crate::model::Source;
use crate::source::logs;

/// A provider of threat intelligence.
#[derive(Debug)]
pub enum Provider {
    /// A service outside the tenant, asked over HTTP.
    Service(HttpProvider),
    /// The tenant's own indicators, asked for in the workspace by KQL, for many urls at once.
    Workspace(WorkspaceIndicators),
    /// Indicator lists from files.
    List(Lists),
}

impl Provider {
    /// Name in the configuration and in verdicts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Service(service) => service.name(),
            Self::Workspace(_) => sentinel::NAME,
            Self::List(_) => file::NAME,
        }
    }

    /// The key under which its requests and gaps are counted.
    pub fn source(&self) -> Source {
        match self {
            Self::Service(service) => Source::Provider(service.name()),
            Self::Workspace(_) => logs::SOURCE,
            Self::List(_) => Source::File,
        }
    }

    /// Whether nothing leaves the tenant when it is asked. It is then asked about internal urls too, and about whole urls.
    pub fn local(&self) -> bool {
        match self {
            Self::Service(_) => false,
            Self::Workspace(_) | Self::List(_) => true,
        }
    }

    /// What has to be done to get its verdict on that string.
    pub fn look_up(&self, asked: &str) -> Lookup {
        if let Self::Service(service) = self {
            return Lookup::Send(service.request(asked));
        }
        let url = match Url::parse(asked) {
            Ok(url) => url,
            Err(error) => {
                return Lookup::Known(Verdict::unavailable(&format!("not a url: {error}")));
            }
        };
        match self {
            Self::List(lists) => Lookup::Known(lists.look_up(&url)),
            _ => Lookup::Workspace(sentinel::search_terms(&url)),
        }
    }
}

/// What has to be done to get a provider's verdict on one url.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// Send this request; [`HttpProvider::read`] makes a verdict of the answer.
    Send(Request),
    /// Look for indicators with these values in the workspace, together with those of other urls;
    /// [`WorkspaceIndicators::judge`] makes a verdict of the rows.
    Workspace(Vec<String>),
    /// Nothing: this is the verdict.
    Known(Verdict),
}

/// The description of a provider: what the configuration needs to know of it, and how to build it.
#[derive(Debug)]
pub struct Spec {
    /// Name in the configuration and in verdicts.
    pub name: &'static str,
    /// Published address of the service, which `[endpoints]` can replace. None for what is no service.
    pub endpoint: Option<&'static str>,
    /// Environment variables of the secrets it needs to be asked. A replay needs none.
    pub secrets: &'static [&'static str],
    /// Published rate limits, which `[intel] limits` can replace.
    pub rates: &'static [Rate],
    /// Builds the provider.
    pub build: fn(&Setup) -> Result<Provider, SetupError>,
}

impl Spec {
    /// The key under which requests to the service are counted.
    pub(super) const fn source(&self) -> Source {
        Source::Provider(self.name)
    }
}

/// The configuration that providers are built from.
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
    /// The published address is no url: a mistake in the code of a new provider.
    #[error("the address of {0} is not a url")]
    Endpoint(&'static str),
    /// A list of indicators cannot be used.
    #[error(transparent)]
    List(#[from] ListError),
}

impl Setup {
    /// Builds the provider of a service.
    pub(super) fn service(
        &self,
        spec: &'static Spec,
        service: Service,
    ) -> Result<Provider, SetupError> {
        let endpoint = match (self.endpoints.get(spec.name), spec.endpoint) {
            (Some(endpoint), _) => Some(endpoint.clone()),
            (None, published) => published.and_then(|address| Url::parse(address).ok()),
        };
        let limits = self.rates(spec).iter();
        Ok(Provider::Service(HttpProvider {
            name: spec.name,
            secrets: spec.secrets,
            endpoint: endpoint.ok_or(SetupError::Endpoint(spec.name))?,
            limits: limits.filter_map(|rate| rate.limit(spec.name)).collect(),
            service,
        }))
    }

    /// Credentials that consist of a key in a header. Without the environment variable there are none.
    pub(super) fn key(&self, header: &'static str, variable: &str) -> Auth {
        match self.secret(variable) {
            Some(key) => Auth::Header(header, key),
            None => Auth::None,
        }
    }

    pub(super) fn secret(&self, variable: &str) -> Option<SecretString> {
        self.secrets.get(variable).cloned()
    }

    /// The rate limits of a provider: those of `[intel] limits`, else the published ones.
    pub(super) fn rates<'a>(&'a self, spec: &'a Spec) -> &'a [Rate] {
        self.limits.get(spec.name).map_or(spec.rates, Vec::as_slice)
    }
}
