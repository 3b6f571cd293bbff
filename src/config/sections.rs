//! The sections of `linktrail.toml`, one struct each: the keys, their meaning and their defaults.
//!
//! `[section] key` can also be set by the variable `LINKTRAIL_SECTION_KEY`, where commas separate the items of a list and `[]` is an
//! empty one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::document::did_you_mean;
use crate::http::SignInKind;
use crate::intel::{self, PROVIDERS, Privacy, PrivacyError, Rate};
use crate::model::{Cloud, Signal, Source, Store, duration};
use crate::source::logs::Query;
use crate::terminal::clean;

/// A section of the configuration.
pub(super) trait Section: Default + DeserializeOwned {
    /// The name of the section.
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
    Defender = "defender",
    Neo4j = "neo4j",
    Intel = "intel",
    Risk = "risk",
    Hosts = "hosts",
    Gaps = "gaps",
    Messages = "messages",
    Endpoints = "endpoints",
}

/// `[tenant]`: the tenant under investigation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tenant {
    /// The id of the tenant. A load requires it.
    pub(super) id: Option<String>,
    /// The cloud that the tenant is in: `public`, `usgov`, `usgov-dod` or `china`. `public` when not set.
    pub(super) cloud: Cloud,
    /// Internal domains, hosts and addresses, about which no outside provider is asked. A load that asks an outside
    /// provider requires it; an empty list says that there are none.
    #[serde(deserialize_with = "internal_domains")]
    pub(super) internal_domains: Option<Vec<String>>,
}

/// `[auth]`: how to sign in to Entra.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Auth {
    /// The sign-in method, which is never guessed. A load requires it.
    pub(super) method: Option<SignInKind>,
    /// The id of the application (client), for the methods that have one.
    pub(super) client_id: Option<String>,
    /// The file with the application's secret, used when `LINKTRAIL_CLIENT_SECRET` is not set.
    pub(super) client_secret_file: Option<PathBuf>,
    /// The PEM file with the application's certificate and its private key.
    pub(super) client_certificate_file: Option<PathBuf>,
    /// The client id of a user-assigned managed identity. The system-assigned one is used when it is not set.
    pub(super) managed_identity_client_id: Option<String>,
}

/// `[sentinel]`: the workspace of the logs.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sentinel {
    /// The id of the Log Analytics workspace. A load requires it, or `[defender] hunting`, or both.
    pub(super) workspace_id: Option<String>,
}

/// `[defender]`: the logs of Microsoft Defender.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Defender {
    /// Ask for logs in advanced hunting, where there is no workspace or where it lacks a table. `false` when not set.
    pub(super) hunting: bool,
}

/// `[neo4j]`: the database for the graph. The password comes from `LINKTRAIL_NEO4J_PASSWORD`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Neo4j {
    /// The address: `bolt://` or `neo4j://`, with `+s` or `+ssc` for TLS. Neo4j is not used when it is not set.
    pub(super) uri: Option<String>,
    /// The user. `neo4j` when not set.
    pub(super) user: String,
    /// The database. `neo4j` when not set.
    pub(super) database: String,
    /// Send passwords and data to another machine without encryption. `false` when not set, and an address that would
    /// do so is then an error.
    pub(super) plaintext: bool,
}

impl Default for Neo4j {
    fn default() -> Self {
        Self {
            uri: None,
            user: "neo4j".to_owned(),
            database: "neo4j".to_owned(),
            plaintext: false,
        }
    }
}

/// `[intel]`: the providers, and what may be sent to them.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Intel {
    /// The providers, in the order in which they are asked. `defender`, `otx` and `xforce` when not set.
    #[serde(deserialize_with = "providers")]
    pub(super) providers: Vec<String>,
    /// Send the query and the fragment of a url unchanged, instead of with their values hidden. `false` when not set.
    pub(super) send_query: bool,
    /// The lists of indicators for the provider `file`.
    pub(super) file: Vec<String>,
    /// Hosts, or hosts with a path, that are never sent to an outside provider; `*` matches any text.
    #[serde(deserialize_with = "never_send")]
    pub(super) never_send: Vec<String>,
    /// The rate limits of the user's own keys, such as `virustotal 1000/minute`. The limits of a provider replace all
    /// that it publishes.
    #[serde(deserialize_with = "limits")]
    pub(super) limits: BTreeMap<String, Vec<Rate>>,
    /// The maximal age of an answer of another case that may be used in this one, such as `7d`. `off`, which never uses
    /// one, when not set.
    #[serde(deserialize_with = "cache_age")]
    pub(super) cache_age: TimeDelta,
    /// How long to go on with a provider that does not answer, such as `10m` or `30s`. Ten minutes when not set.
    #[serde(deserialize_with = "patience")]
    pub(super) patience: Duration,
}

impl Default for Intel {
    fn default() -> Self {
        Self {
            providers: ["defender", "otx", "xforce"].map(str::to_owned).to_vec(),
            send_query: false,
            file: Vec::new(),
            never_send: Vec::new(),
            limits: BTreeMap::new(),
            cache_age: TimeDelta::zero(),
            patience: Duration::from_secs(600),
        }
    }
}

/// `[risk]`: what makes a url risky in addition to the verdicts of providers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Risk {
    /// The signals that make a url risky. Empty when not set.
    #[serde(deserialize_with = "signals")]
    pub(super) signals: Vec<Signal>,
    /// Domains that others may imitate, in addition to the internal ones.
    #[serde(deserialize_with = "protected_domains")]
    pub(super) protected_domains: Vec<String>,
}

/// `[hosts]`: which domains many parties share.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Hosts {
    /// Domains that many parties share, in addition to those that linktrail knows.
    #[serde(deserialize_with = "shared_domains")]
    pub(super) shared_domains: Vec<String>,
}

/// `[gaps]`: what is known to be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Gaps {
    /// Tables, and sources by their key in `requests`, whose absence is a note and no gap. Empty when not set.
    #[serde(deserialize_with = "accepted")]
    pub(super) accepted: Vec<String>,
}

/// `[messages]`: what the graph stores of messages.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Messages {
    /// How much of a message's text is stored: `preview` (280 characters), `none` or `full`. `preview` when not set.
    pub(super) store: Store,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            store: Store::Preview,
        }
    }
}

/// `[endpoints]`: addresses that replace those of the cloud and of the providers. Providers have their names as keys.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Endpoints {
    /// Entra.
    pub(super) login: Option<Endpoint>,
    /// Microsoft Graph.
    pub(super) graph: Option<Endpoint>,
    /// Log Analytics.
    pub(super) log_analytics: Option<Endpoint>,
    /// The instance metadata that gives tokens to a managed identity.
    pub(super) instance_metadata: Option<MetadataEndpoint>,
    /// A file of certificates that are trusted in addition to the public ones.
    pub(super) ca_file: Option<PathBuf>,
}

/// The address of instance metadata: http on this machine, or on the link-local address that it has in Azure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct MetadataEndpoint(pub(super) Url);

impl MetadataEndpoint {
    /// The address in Azure.
    pub(super) const PUBLISHED: &str = "http://169.254.169.254";
}

impl TryFrom<String> for MetadataEndpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = Url::parse(&text).ok().filter(|url| {
            let is_published = url.as_str().trim_end_matches('/') == Self::PUBLISHED;
            is_published || url.scheme() == "http" && Endpoint::try_from(text.clone()).is_ok()
        });
        url.map(Self).ok_or_else(|| {
            format!(
                "is `{}`; it can be {} or an http address on loopback",
                clean(&text),
                Self::PUBLISHED
            )
        })
    }
}

/// The address of a service: https, or http on loopback, with at most a path after the host.
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

/// Reads a list and checks each item. The error has a line for each invalid item.
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

/// Reads a list of known values by their names, without duplicates.
fn known<'de, D, T>(deserializer: D, known: &[(&str, T)]) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Clone + PartialEq,
{
    let values = each(deserializer, |name| {
        let found = known.iter().find(|(of, _)| *of == name);
        found.map(|(_, value)| value.clone()).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            format!("names `{}`; it can hold {}", clean(name), names.join(", "))
        })
    })?;
    let mut kept = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    Ok(kept)
}

fn providers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = PROVIDERS
        .iter()
        .map(|spec| (spec.name, spec.name.to_owned()));
    known(deserializer, &names.collect::<Vec<_>>())
}

fn signals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Signal>, D::Error> {
    let signals = Signal::ALL.iter().map(|signal| (signal.as_str(), *signal));
    known(deserializer, &signals.collect::<Vec<_>>())
}

fn internal_domains<'de, D>(deserializer: D) -> Result<Option<Vec<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    let domains = each(deserializer, |domain| {
        privacy(&[domain], &[]).map(|()| domain.to_owned())
    });
    domains.map(Some)
}

fn never_send<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    each(deserializer, |pattern| {
        privacy(&[], &[pattern]).map(|()| pattern.to_owned())
    })
}

/// Checks that the privacy rules can be built from these settings.
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

fn patience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let unit = text.chars().last().and_then(|unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3600),
        _ => None,
    });
    let seconds = unit.and_then(|unit| {
        let number: u64 = text[..text.len() - 1].parse().ok()?;
        number.checked_mul(unit)
    });
    match seconds {
        Some(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err(D::Error::custom(format!(
            "is `{}`; write a number and s, m or h, such as 10m, between 1s and 24h",
            clean(&text)
        ))),
    }
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

/// The names of tables and sources, in the spelling that linktrail uses.
fn accepted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let tables = Query::ALL.into_iter().flat_map(Query::tables);
    let sources = Source::OWN.into_iter().map(Source::as_str);
    let providers = PROVIDERS.iter().map(|provider| provider.name);
    let names: BTreeSet<&str> = tables.chain(sources).chain(providers).collect();
    let names = Vec::from_iter(names);
    let accepted = each(deserializer, |name| {
        let name = name.trim();
        match names.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => Ok((*known).to_owned()),
            None if name.is_empty() => Ok(String::new()),
            None => Err(format!(
                "holds `{}`, which is neither a table that linktrail reads nor a source{}",
                clean(name),
                did_you_mean(name, &names)
            )),
        }
    })?;
    Ok(without_empty(accepted))
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
