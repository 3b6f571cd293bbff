//! The types that describe a provider of threat intelligence and build one.
//!
//! A provider neither sends nor waits. It builds a [`Request`] from the string that may be sent, and parses the
//! recorded exchange. So the journal can be between the two.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use url::Url;

use super::defender;
use super::file::{self, List, ListError, Lists};
use super::http_provider::HttpProvider;
use super::rate::Rate;
use super::sentinel::{self, WorkspaceIndicators};
use super::service::Service;
use super::verdict::Verdict;
use crate::journal::{Auth, Request};
use crate::model::Source;

/// A provider of threat intelligence.
#[derive(Debug)]
pub enum Provider {
    /// A service outside the tenant, which is asked over HTTP.
    Service(HttpProvider),
    /// What Microsoft Defender found, as rows of the tenant's logs have it. It is not asked.
    Defender,
    /// The tenant's own indicators, which are queried in the workspace by KQL, for many urls at once.
    Workspace(WorkspaceIndicators),
    /// Lists of indicators in files.
    List(Lists),
}

impl Provider {
    /// The name in the configuration and in verdicts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Service(service) => service.name(),
            Self::Defender => defender::DEFENDER,
            Self::Workspace(_) => sentinel::NAME,
            Self::List(_) => file::NAME,
        }
    }

    /// The source under which its requests and gaps are counted.
    pub fn source(&self) -> Source {
        match self {
            Self::Service(service) => Source::Provider(service.name()),
            Self::Workspace(_) | Self::Defender => Source::LogAnalytics,
            Self::List(_) => Source::File,
        }
    }

    /// True when asking it sends nothing out of the tenant. Such a provider is asked about internal urls too, and about
    /// complete urls.
    pub fn local(&self) -> bool {
        match self {
            Self::Service(_) => false,
            Self::Workspace(_) | Self::List(_) | Self::Defender => true,
        }
    }

    /// The way to get its verdict on this string.
    pub fn look_up(&self, asked: &str) -> Lookup {
        if let Self::Service(service) = self {
            return Lookup::Send(Box::new(service.request(asked)));
        }
        let url = match Url::parse(asked) {
            Ok(url) => url,
            Err(error) => {
                return Lookup::Known(Verdict::unavailable(&format!("not a url: {error}")));
            }
        };
        match self {
            Self::List(lists) => match lists.look_up(&url) {
                Some(verdict) => Lookup::Known(verdict),
                None => Lookup::NotNamed,
            },
            Self::Defender => Lookup::NotNamed,
            _ => Lookup::Workspace(sentinel::search_terms(&url)),
        }
    }
}

/// The way to get a provider's verdict on one url.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// Send this request; [`HttpProvider::parse_answer`] converts the answer to a verdict.
    Send(Box<Request>),
    /// Query the workspace for indicators with these values, together with those of other urls;
    /// [`WorkspaceIndicators::judge`] converts the rows to a verdict.
    Workspace(Vec<String>),
    /// Do nothing, since the verdict is already known.
    Known(Verdict),
    /// Do nothing and make no verdict, since no list names the url. That says nothing about it.
    NotNamed,
    /// Do nothing and make no verdict, since the privacy rules keep the url from every provider outside; for this
    /// reason.
    Withheld(String),
}

/// The description of a provider: what the configuration has to know about it, and the function that builds it.
#[derive(Debug)]
pub struct Spec {
    /// The name in the configuration and in verdicts.
    pub name: &'static str,
    /// The published address of the service, which `[endpoints]` can replace. `None` for a provider that is not a
    /// service.
    pub endpoint: Option<&'static str>,
    /// The environment variables of its secrets. A replay does not need them.
    pub secrets: &'static [&'static str],
    /// The published rate limits, which `[intel] limits` can replace.
    pub rates: &'static [Rate],
    /// Builds the provider.
    pub build: fn(&Setup) -> Result<Provider, SetupError>,
}

impl Spec {
    /// The source under which requests to the service are counted.
    pub(super) const fn source(&self) -> Source {
        Source::Provider(self.name)
    }
}

/// The configuration that providers are built from.
#[derive(Debug, Default)]
pub struct Setup {
    /// `[endpoints]`, by the name of the provider.
    pub endpoints: BTreeMap<String, Url>,
    /// Secrets, by the name of their environment variable. A request is built without a missing secret, so a command
    /// that sends requests has to check [`Spec::secrets`] before.
    pub secrets: BTreeMap<String, SecretString>,
    /// The lists of `[intel] file`.
    pub lists: Vec<List>,
    /// `[intel] limits`, by the name of the provider.
    pub limits: BTreeMap<String, Vec<Rate>>,
    /// The start of the window. Indicators that expired before it are ignored.
    pub since: DateTime<Utc>,
}

/// The reason why a provider cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The published address is not a url, which is a mistake in the code of a new provider.
    #[error("the address of {0} is not a url")]
    Endpoint(&'static str),
    /// A list of indicators cannot be used.
    #[error(transparent)]
    List(#[from] ListError),
}

impl Setup {
    /// Builds the provider of a service.
    pub(super) fn service<S: Service>(
        &self,
        spec: &'static Spec,
        auth: Auth,
    ) -> Result<Provider, SetupError> {
        let endpoint = match (self.endpoints.get(spec.name), spec.endpoint) {
            (Some(endpoint), _) => Some(endpoint.clone()),
            (None, published) => published.and_then(|address| Url::parse(address).ok()),
        };
        let limits = self.rates(spec).iter();
        Ok(Provider::Service(HttpProvider::of::<S>(
            spec.name,
            spec.secrets,
            endpoint.ok_or(SetupError::Endpoint(spec.name))?,
            auth,
            limits.filter_map(|rate| rate.limit(spec.name)).collect(),
        )))
    }

    /// Credentials that consist of a key in a header; no credentials if the environment variable is not set.
    pub(super) fn key(&self, header: &'static str, variable: &str) -> Auth {
        match self.secret(variable) {
            Some(key) => Auth::Header(header, key),
            None => Auth::None,
        }
    }

    pub(super) fn secret(&self, variable: &str) -> Option<SecretString> {
        self.secrets.get(variable).cloned()
    }

    /// The rate limits of a provider: those of `[intel] limits`, or else the published ones.
    pub(super) fn rates<'a>(&'a self, spec: &'a Spec) -> &'a [Rate] {
        self.limits.get(spec.name).map_or(spec.rates, Vec::as_slice)
    }
}
