//! The request log: what was asked of the tenant, what it answered, and what should never have been
//! asked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use super::service::decode;

/// One of the tenant's services, each on its own port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Entra's token endpoint.
    Login,
    /// The instance metadata of a machine in Azure, over plain HTTP.
    InstanceMetadata,
    /// The endpoint by which App Service gives tokens, over plain HTTP.
    AppService,
    /// Microsoft Graph.
    Graph,
    /// Log Analytics.
    LogAnalytics,
    /// AlienVault OTX.
    Otx,
    /// IBM X-Force Exchange.
    XForce,
    /// URLhaus of abuse.ch.
    UrlHaus,
    /// VirusTotal.
    VirusTotal,
}

impl Service {
    /// All of them.
    pub const ALL: [Service; 9] = [
        Service::Login,
        Service::InstanceMetadata,
        Service::AppService,
        Service::Graph,
        Service::LogAnalytics,
        Service::Otx,
        Service::XForce,
        Service::UrlHaus,
        Service::VirusTotal,
    ];

    /// Whether it speaks plain HTTP, since it never leaves its machine.
    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Service::InstanceMetadata | Service::AppService)
    }

    /// The name it has in the configuration and in gaps.
    pub fn name(self) -> &'static str {
        match self {
            Service::Login => "login",
            Service::InstanceMetadata => "instance_metadata",
            Service::AppService => "app_service",
            Service::Graph => "graph",
            Service::LogAnalytics => "log_analytics",
            Service::Otx => "otx",
            Service::XForce => "xforce",
            Service::UrlHaus => "urlhaus",
            Service::VirusTotal => "virustotal",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// Who was asked.
    pub service: Service,
    /// Method.
    pub method: String,
    /// Path and query as they came over the wire.
    pub target: String,
    /// Request headers, names in lower case; `authorization` and keys are there too.
    pub headers: BTreeMap<String, String>,
    /// Request body.
    pub body: String,
    /// Status answered; 0 when the connection was dropped or hung instead.
    pub status: u16,
    /// Body answered, as far as it is text.
    pub answer: String,
    /// Part of a `$batch`.
    pub in_batch: bool,
    /// Answered by a scripted fault.
    pub fault: bool,
    /// For Log Analytics: the query it was (`smartscreen`, …).
    pub query: Option<String>,
    /// Why a careful client would not have sent this.
    pub violation: Option<String>,
}

impl Exchange {
    /// The string that a provider of intelligence was asked about.
    pub fn asked(&self) -> String {
        let (path, _) = self.target.split_once('?').unwrap_or((&self.target, ""));
        match self.service {
            Service::UrlHaus => decode(self.body.strip_prefix("url=").unwrap(), true).unwrap(),
            Service::VirusTotal => {
                let id = path.strip_prefix("/api/v3/urls/").unwrap();
                String::from_utf8(URL_SAFE_NO_PAD.decode(id).unwrap()).unwrap()
            }
            _ => {
                let (_, encoded) = path.split_once("url/").unwrap();
                decode(encoded.strip_suffix("/general").unwrap_or(encoded), false).unwrap()
            }
        }
    }
}

/// All exchanges of a tenant.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Exchange>>);

impl Log {
    /// Adds one.
    pub(crate) fn push(&self, exchange: Exchange) {
        self.lock().push(exchange);
    }

    /// A copy of all.
    pub(crate) fn all(&self) -> Vec<Exchange> {
        self.lock().clone()
    }

    /// How many are such.
    pub(crate) fn count(&self, such: impl Fn(&Exchange) -> bool) -> usize {
        self.lock().iter().filter(|e| such(e)).count()
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Exchange>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
