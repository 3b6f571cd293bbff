//! The sections of `linktrail.toml`, one struct each: the keys, their meaning and their defaults.
//!
//! `[section] key` can also be set by the variable `LINKTRAIL_SECTION_KEY`, where commas separate the items of a list.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::TimeDelta;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::cloud::Cloud;
use crate::intel::{self, PROVIDERS, Privacy, PrivacyError, Rate};
use crate::model::{Store, duration};
use crate::terminal::clean;

/// A section of the configuration.
pub(super) trait Section: Default + DeserializeOwned {
    /// Its name.
    const NAME: &str;
}

macro_rules! sections {
    ($($section:ident = $name:literal),+ $(,)?) => {
        $(impl Section for $section {
            const NAME: &str = $name;
        })+

        /// The names of all sections.
        pub(super) const SECTIONS: &[&str] = &[$($name),+];
    };
}

sections! {
    Tenant = "tenant",
    Auth = "auth",
    Sentinel = "sentinel",
    Neo4j = "neo4j",
    Intel = "intel",
    Risk = "risk",
    Hosts = "hosts",
    Messages = "messages",
    Endpoints = "endpoints",
}

/// `[tenant]`: whose messages are followed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tenant {
    /// Id of the tenant. A load needs it.
    pub(super) id: Option<String>,
    /// The cloud that the tenant is in: `public`, `usgov`, `usgov-dod` or `china`. `public` when not set.
    pub(super) cloud: Cloud,
    /// Domains, hosts and addresses of the tenant's own, which no provider outside is asked about. None when not set.
    #[serde(deserialize_with = "internal_domains")]
    pub(super) internal_domains: Vec<String>,
}

/// `[auth]`: how to sign in to Entra.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Auth {
    /// The method, which is never guessed. A load needs it.
    pub(super) method: Option<Method>,
    /// Id of the application (client). A load needs it.
    pub(super) client_id: Option<String>,
    /// File that holds the application's secret, when `LINKTRAIL_CLIENT_SECRET` does not.
    pub(super) client_secret_file: Option<PathBuf>,
    /// Refused until there is the method `client-certificate`.
    client_certificate_file: Option<OfAnotherMethod>,
    /// Refused until there is the method `managed-identity`.
    managed_identity_client_id: Option<OfAnotherMethod>,
}

/// A way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    ClientSecret,
}

/// The value of a key for a sign-in method that this version does not support. There is no valid value, since ignoring
/// the key would let its owner believe that it is used.
#[derive(Debug)]
enum OfAnotherMethod {}

impl<'de> Deserialize<'de> for OfAnotherMethod {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(
            "belongs to a way to sign in that this version does not have; only method = \"client-secret\" is there, so take the key out",
        ))
    }
}

/// `[sentinel]`: where the logs are.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sentinel {
    /// Id of the Log Analytics workspace. A load needs it.
    pub(super) workspace_id: Option<String>,
}

/// `[neo4j]`: where the graph goes. The password comes from `LINKTRAIL_NEO4J_PASSWORD`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Neo4j {
    /// Address: `bolt://` or `neo4j://`, with `+s` or `+ssc` for TLS. Neo4j is left out when not set.
    pub(super) uri: Option<String>,
    /// User. `neo4j` when not set.
    pub(super) user: String,
    /// Database. `neo4j` when not set.
    pub(super) database: String,
}

impl Default for Neo4j {
    fn default() -> Self {
        Self {
            uri: None,
            user: "neo4j".to_owned(),
            database: "neo4j".to_owned(),
        }
    }
}

/// `[intel]`: who is asked about urls, and what they may be told.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Intel {
    /// Providers, in the order in which they are asked. `otx` and `xforce` when not set.
    #[serde(deserialize_with = "providers")]
    pub(super) providers: Vec<String>,
    /// Send the query and the fragment of a url as they are, instead of with their values hidden. No when not set.
    pub(super) send_query: bool,
    /// Lists of indicators for the provider `file`.
    pub(super) file: Vec<String>,
    /// Hosts, or hosts with a path, that no provider outside is asked about; `*` stands for anything.
    #[serde(deserialize_with = "never_send")]
    pub(super) never_send: Vec<String>,
    /// How often a provider may be asked with the key at hand, such as `virustotal 1000/minute`, by its name. It takes
    /// the place of all that the provider publishes.
    #[serde(deserialize_with = "limits")]
    pub(super) limits: BTreeMap<String, Vec<Rate>>,
    /// How old an answer of another case may be to be taken for this one, such as `7d`. `off`, which is none, when not
    /// set.
    #[serde(deserialize_with = "cache_age")]
    pub(super) cache_age: TimeDelta,
}

impl Default for Intel {
    fn default() -> Self {
        Self {
            providers: vec!["otx".to_owned(), "xforce".to_owned()],
            send_query: false,
            file: Vec::new(),
            never_send: Vec::new(),
            limits: BTreeMap::new(),
            cache_age: TimeDelta::zero(),
        }
    }
}

/// `[risk]`: what makes a url risky beside the verdicts of providers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Risk {
    /// Signals that make a url risky. None when not set.
    #[serde(deserialize_with = "signals")]
    pub(super) signals: Vec<String>,
    /// Domains that others may imitate, beside the internal ones.
    #[serde(deserialize_with = "protected_domains")]
    pub(super) protected_domains: Vec<String>,
}

/// `[hosts]`: how hosts of the internet are grouped.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Hosts {
    /// Domains that many parties share, beside those that linktrail knows.
    #[serde(deserialize_with = "shared_domains")]
    pub(super) shared_domains: Vec<String>,
}

/// `[messages]`: what the graph holds of messages.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Messages {
    /// How much of a message's text: `preview` (280 characters), `none` or `full`. `preview` when not set.
    pub(super) store: Store,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            store: Store::Preview,
        }
    }
}

/// `[endpoints]`: addresses to use instead of those of the cloud and of the providers. A provider's stands under its
/// name, beside these.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Endpoints {
    /// Entra.
    pub(super) login: Option<Endpoint>,
    /// Microsoft Graph.
    pub(super) graph: Option<Endpoint>,
    /// Log Analytics.
    pub(super) log_analytics: Option<Endpoint>,
    /// File of certificates to trust beside the public ones.
    pub(super) ca_file: Option<PathBuf>,
}

/// The address of a service: https, or plain http on loopback, with nothing but a path behind the host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Endpoint(pub(super) Url);

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let shown = clean(&text);
        let url = Url::parse(&text)
            .map_err(|error| format!("is `{shown}`, which is not a url: {error}"))?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match url.scheme() {
            _ if !url.username().is_empty() || url.password().is_some() => {
                Err("holds a user or a password; take it out".to_owned())
            }
            _ if url.query().is_some() || url.fragment().is_some() => {
                Err(format!("is `{shown}`; take away what follows the path"))
            }
            "https" => Ok(Self(url)),
            "http" if loopback => Ok(Self(url)),
            "http" => Err(format!(
                "is `{shown}`; plain http is only allowed on loopback, use https"
            )),
            _ => Err(format!("is `{shown}`; use https")),
        }
    }
}

/// What `[risk] signals` can hold.
const SIGNALS: &[&str] = &[
    "smartscreen",
    "alert",
    "click_blocked",
    "text_mismatch",
    "lookalike_domain",
];

/// Reads a list and checks each of its items. The error has a line for each that is wrong.
fn each<'de, D, T>(
    deserializer: D,
    check: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
{
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for item in Vec::<String>::deserialize(deserializer)? {
        match check(&item) {
            Ok(item) => good.push(item),
            Err(problem) => wrong.push(problem),
        }
    }
    match wrong.is_empty() {
        true => Ok(good),
        false => Err(D::Error::custom(wrong.join("\n"))),
    }
}

/// Reads a list of names out of those known, each once.
fn known<'de, D>(deserializer: D, known: &[&str]) -> Result<Vec<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let names = each(deserializer, |name| match known.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "names `{}`; it can hold {}",
            clean(name),
            known.join(", ")
        )),
    })?;
    let mut kept = Vec::new();
    for name in names {
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    Ok(kept)
}

fn providers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names: Vec<&str> = PROVIDERS.iter().map(|spec| spec.name).collect();
    known(deserializer, &names)
}

fn signals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    known(deserializer, SIGNALS)
}

fn internal_domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    each(deserializer, |domain| {
        privacy(&[domain], &[]).map(|()| domain.to_owned())
    })
}

fn never_send<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    each(deserializer, |pattern| {
        privacy(&[], &[pattern]).map(|()| pattern.to_owned())
    })
}

/// Whether the privacy rules can be made of these.
fn privacy(internal_domains: &[&str], never_send: &[&str]) -> Result<(), String> {
    let rules = Privacy::new(internal_domains, false);
    match rules.and_then(|rules| rules.never_sending(never_send)) {
        Ok(_) => Ok(()),
        Err(PrivacyError::Domain(domain)) => Err(format!(
            "holds `{}`, which is neither a domain nor an address; write it as `contoso.com`, without scheme, port or path",
            clean(&domain)
        )),
        Err(PrivacyError::Pattern { pattern, what }) => Err(format!(
            "holds `{}`, which {what}; write it as `*.partner.example` or `partner.example/hr/*`",
            clean(&pattern)
        )),
    }
}

fn limits<'de, D>(deserializer: D) -> Result<BTreeMap<String, Vec<Rate>>, D::Error>
where
    D: Deserializer<'de>,
{
    let lines = each(deserializer, |line| match intel::limits(&[line]) {
        Ok(_) => Ok(line.to_owned()),
        Err(_) => Err(format!(
            "holds `{}`, which is not a limit of a provider; write it as `virustotal 1000/minute`, with second, minute, hour, day or month",
            clean(line)
        )),
    })?;
    intel::limits(&lines).map_err(D::Error::custom)
}

fn cache_age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "off" {
        return Ok(TimeDelta::zero());
    }
    duration(&text).map_err(|error| D::Error::custom(format!("is `{}`: {error}", clean(&text))))
}

fn protected_domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let domains = each(deserializer, |domain| {
        let domain = bare(domain);
        match domain.is_empty() || crate::link::is_registrable(&domain) {
            true => Ok(domain),
            false => Err(format!(
                "holds `{}`, which is not a domain that can be registered; write it as `contoso.com`, without scheme, port or path",
                clean(&domain)
            )),
        }
    })?;
    Ok(without_empty(domains))
}

fn shared_domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(without_empty(each(deserializer, |domain| {
        Ok(bare(domain))
    })?))
}

fn bare(domain: &str) -> String {
    domain.trim().trim_matches('.').to_lowercase()
}

fn without_empty(domains: Vec<String>) -> Vec<String> {
    domains
        .into_iter()
        .filter(|domain| !domain.is_empty())
        .collect()
}
