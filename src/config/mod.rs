//! Configuration: a file, the environment and flags become one checked [`Config`]. Nothing below reads any of them.

mod file;
mod folder;
mod secret;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use secrecy::SecretString;
use url::Url;

use crate::http::SignIn;
use crate::intel::{self, PROVIDERS, Privacy, Rate, spec};
use crate::model::{Endpoints, Settings, Signal, Store, duration};
use crate::sink::neo4j;
use file::Table;

pub use folder::{cache_folder, state_folder};

/// What is wrong with the configuration, and what to do. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(crate) String);

fn wrong<T>(text: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError(text.into()))
}

/// Everything that the file and the environment say.
#[derive(Debug)]
pub struct Config {
    /// The file it came from, if there was one.
    pub file: Option<PathBuf>,
    table: Table,
}

struct Cloud {
    name: &'static str,
    login: &'static str,
    graph: &'static str,
    log_analytics: &'static str,
    log_analytics_audience: &'static str,
}

/// Microsoft's clouds; addresses as its documentation of national clouds gives them.
const CLOUDS: &[Cloud] = &[
    Cloud {
        name: "public",
        login: "https://login.microsoftonline.com",
        graph: "https://graph.microsoft.com",
        log_analytics: "https://api.loganalytics.azure.com",
        log_analytics_audience: "https://api.loganalytics.io",
    },
    Cloud {
        name: "usgov",
        login: "https://login.microsoftonline.us",
        graph: "https://graph.microsoft.us",
        log_analytics: "https://api.loganalytics.us",
        log_analytics_audience: "https://api.loganalytics.us",
    },
    Cloud {
        name: "usgov-dod",
        login: "https://login.microsoftonline.us",
        graph: "https://dod-graph.microsoft.us",
        log_analytics: "https://api.loganalytics.us",
        log_analytics_audience: "https://api.loganalytics.us",
    },
    Cloud {
        name: "china",
        login: "https://login.chinacloudapi.cn",
        graph: "https://microsoftgraph.chinacloudapi.cn",
        log_analytics: "https://api.loganalytics.azure.cn",
        log_analytics_audience: "https://api.loganalytics.azure.cn",
    },
];

impl Config {
    /// Reads the file and the environment.
    ///
    /// # Errors
    /// When the file cannot be read, or a key is unknown or of the wrong type.
    pub fn read(named: Option<&Path>) -> Result<Self, ConfigError> {
        let file = match named {
            Some(named) => Some(named.to_owned()),
            None => file::default_path(),
        };
        let mut table = match &file {
            Some(path) => Table::read(path)?,
            None => Table::default(),
        };
        table.overlay(std::env::vars_os())?;
        Ok(Self { file, table })
    }

    /// Where the graph goes; none when no `[neo4j] uri` is set.
    ///
    /// # Errors
    /// When the password is missing.
    pub fn neo4j(&self) -> Result<Option<neo4j::Settings>, ConfigError> {
        let Some(uri) = self.table.text("neo4j", "uri") else {
            return Ok(None);
        };
        let Some(password) = secret::find("LINKTRAIL_NEO4J_PASSWORD", None)? else {
            return wrong(
                "Neo4j needs a password: set LINKTRAIL_NEO4J_PASSWORD, or LINKTRAIL_NEO4J_PASSWORD_FILE to a file that holds it",
            );
        };
        Ok(Some(neo4j::Settings {
            uri: uri.to_owned(),
            user: self
                .table
                .text("neo4j", "user")
                .unwrap_or("neo4j")
                .to_owned(),
            password,
            database: self
                .table
                .text("neo4j", "database")
                .unwrap_or("neo4j")
                .to_owned(),
        }))
    }

    /// Where the graph goes, for what cannot do without.
    ///
    /// # Errors
    /// When it is not configured.
    pub fn required_neo4j(&self) -> Result<neo4j::Settings, ConfigError> {
        match self.neo4j()? {
            Some(settings) => Ok(settings),
            None => wrong(format!(
                "this needs Neo4j: set uri under [neo4j] in {}, or LINKTRAIL_NEO4J_URI",
                self.name()
            )),
        }
    }

    /// The settings that shape the graph.
    ///
    /// # Errors
    /// When one is missing or makes no sense.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let cloud = self.cloud()?;
        let providers = match self.table.list("intel", "providers") {
            Some(named) => known(
                "[intel] providers",
                named,
                &PROVIDERS.iter().map(|spec| spec.name).collect::<Vec<_>>(),
            )?,
            None => vec!["otx".to_owned(), "xforce".to_owned()],
        };
        let files = self.table.list("intel", "file").unwrap_or_default();
        match (
            providers.iter().any(|name| name == "file"),
            files.is_empty(),
        ) {
            (true, true) => {
                return wrong(
                    "[intel] providers names `file`, but [intel] file names no list; add one, or take `file` out",
                );
            }
            (false, false) => {
                return wrong(
                    "[intel] file names lists, but [intel] providers does not name `file`; add it, or take the lists out",
                );
            }
            _ => {}
        }
        let internal_domains = self
            .table
            .list("tenant", "internal_domains")
            .unwrap_or_default();
        let mut intel = BTreeMap::new();
        for spec in providers.iter().filter_map(|name| spec(name)) {
            if let Some(otherwise) = spec.endpoint {
                intel.insert(spec.name.to_owned(), self.endpoint(spec.name, otherwise)?);
            }
        }
        let store = match self.table.text("messages", "store") {
            None | Some("preview") => Store::Preview,
            Some("none") => Store::None,
            Some("full") => Store::Full,
            Some(other) => {
                return wrong(format!(
                    "[messages] store is `{other}`; it can be preview, none or full"
                ));
            }
        };
        let endpoint = |key: &str, otherwise: &str| self.endpoint(key, otherwise);
        let settings = Settings {
            tenant: self.required("tenant", "id", "the tenant's id")?,
            workspace: self.required(
                "sentinel",
                "workspace_id",
                "the id of the Sentinel workspace",
            )?,
            internal_domains,
            providers,
            send_query: self.table.flag("intel", "send_query").unwrap_or(false),
            never_send: self.table.list("intel", "never_send").unwrap_or_default(),
            files,
            signals: known(
                "[risk] signals",
                self.table.list("risk", "signals").unwrap_or_default(),
                &Signal::ALL
                    .iter()
                    .map(|signal| signal.as_str())
                    .collect::<Vec<_>>(),
            )?,
            protected_domains: self.protected_domains()?,
            shared_domains: lower(
                self.table
                    .list("hosts", "shared_domains")
                    .unwrap_or_default(),
            ),
            store,
            endpoints: Endpoints {
                graph: endpoint("graph", cloud.graph)?,
                log_analytics: endpoint("log_analytics", cloud.log_analytics)?,
                intel,
            },
        };
        Privacy::of(&settings).map_err(|error| ConfigError(error.to_string()))?;
        self.intel_limits()?;
        self.cache_age()?;
        Ok(settings)
    }

    /// How often providers may be asked with the keys at hand, where that is not what they publish.
    ///
    /// # Errors
    /// When a line is no limit.
    pub fn intel_limits(&self) -> Result<BTreeMap<String, Vec<Rate>>, ConfigError> {
        let lines = self.table.list("intel", "limits").unwrap_or_default();
        intel::limits(&lines).map_err(|error| ConfigError(error.to_string()))
    }

    /// How old an answer of another case may be to be taken for this one; zero, the default, when none is.
    ///
    /// # Errors
    /// When it is no length of time.
    pub fn cache_age(&self) -> Result<TimeDelta, ConfigError> {
        let text = match self.table.text("intel", "cache_age") {
            None | Some("off") => return Ok(TimeDelta::zero()),
            Some(text) => text,
        };
        duration(text)
            .map_err(|error| ConfigError(format!("[intel] cache_age is `{text}`: {error}")))
    }

    fn protected_domains(&self) -> Result<Vec<String>, ConfigError> {
        let domains = lower(
            self.table
                .list("risk", "protected_domains")
                .unwrap_or_default(),
        );
        for domain in &domains {
            if !crate::link::is_registrable(domain) {
                return wrong(format!(
                    "[risk] protected_domains: `{domain}` is no domain that can be registered; write it as `contoso.com`, without scheme, port or path"
                ));
            }
        }
        Ok(domains)
    }

    /// What signing in takes.
    ///
    /// # Errors
    /// When something is missing, or the method is not one that this version knows.
    pub fn sign_in(&self) -> Result<SignIn, ConfigError> {
        match self.table.text("auth", "method") {
            Some("client-secret") => {}
            Some(other) => {
                return wrong(format!(
                    "[auth] method `{other}` is not available; use client-secret"
                ));
            }
            None => {
                return wrong(format!(
                    "set method = \"client-secret\" under [auth] in {}; the method is never guessed",
                    self.name()
                ));
            }
        }
        let file = self.table.text("auth", "client_secret_file");
        let Some(client_secret) = secret::find("LINKTRAIL_CLIENT_SECRET", file.map(Path::new))?
        else {
            return wrong(
                "the application's secret is missing: set LINKTRAIL_CLIENT_SECRET, or client_secret_file under [auth]",
            );
        };
        let cloud = self.cloud()?;
        Ok(SignIn {
            tenant: self.required("tenant", "id", "the tenant's id")?,
            client_id: self.required("auth", "client_id", "the application (client) id")?,
            client_secret,
            login: self.endpoint("login", cloud.login)?,
            graph_audience: cloud.graph,
            log_analytics_audience: cloud.log_analytics_audience,
        })
    }

    /// Keys of the providers named, by the variables that hold them.
    ///
    /// # Errors
    /// When one is missing.
    pub fn intel_secrets(
        &self,
        providers: &[String],
    ) -> Result<BTreeMap<String, SecretString>, ConfigError> {
        let mut secrets = BTreeMap::new();
        for spec in providers.iter().filter_map(|name| spec(name)) {
            for variable in spec.secrets {
                let Some(key) = secret::find(variable, None)? else {
                    let name = spec.name;
                    return wrong(format!(
                        "provider {name} needs a key: set {variable}, or take `{name}` out of [intel] providers"
                    ));
                };
                secrets.insert((*variable).to_owned(), key);
            }
        }
        Ok(secrets)
    }

    /// A file of certificates to trust beside the public ones.
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.table.text("endpoints", "ca_file").map(PathBuf::from)
    }

    fn cloud(&self) -> Result<&'static Cloud, ConfigError> {
        let name = self.table.text("tenant", "cloud").unwrap_or("public");
        match CLOUDS.iter().find(|cloud| cloud.name == name) {
            Some(cloud) => Ok(cloud),
            None => wrong(format!(
                "[tenant] cloud is `{name}`; it can be public, usgov, usgov-dod or china"
            )),
        }
    }

    fn endpoint(&self, key: &str, otherwise: &str) -> Result<Url, ConfigError> {
        let text = self.table.text("endpoints", key).unwrap_or(otherwise);
        let url = Url::parse(text).map_err(|error| {
            ConfigError(format!(
                "[endpoints] {key} is `{text}`, which is no url: {error}"
            ))
        })?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match url.scheme() {
            _ if !url.username().is_empty() || url.password().is_some() => wrong(format!(
                "[endpoints] {key} holds a user or a password; take it out"
            )),
            _ if url.query().is_some() || url.fragment().is_some() => wrong(format!(
                "[endpoints] {key} is `{text}`; take away what follows the path"
            )),
            "https" => Ok(url),
            "http" if loopback => Ok(url),
            "http" => wrong(format!(
                "[endpoints] {key} is `{text}`; plain http is only allowed on loopback, use https"
            )),
            _ => wrong(format!("[endpoints] {key} is `{text}`; use https")),
        }
    }

    fn required(&self, section: &str, key: &str, what: &str) -> Result<String, ConfigError> {
        match self.table.text(section, key) {
            Some(text) => Ok(text.to_owned()),
            None => {
                let variable = file::variable(section, key);
                wrong(format!(
                    "{what} is missing: set {key} under [{section}] in {}, or {variable}",
                    self.name()
                ))
            }
        }
    }

    fn name(&self) -> String {
        self.file.as_ref().map_or_else(
            || "linktrail.toml".to_owned(),
            |path| path.display().to_string(),
        )
    }
}

fn lower(names: Vec<String>) -> Vec<String> {
    names
        .into_iter()
        .map(|name| name.trim().trim_matches('.').to_lowercase())
        .filter(|name| !name.is_empty())
        .collect()
}

fn known(what: &str, given: Vec<String>, all: &[&str]) -> Result<Vec<String>, ConfigError> {
    let mut kept: Vec<String> = Vec::new();
    for name in given {
        if !all.contains(&name.as_str()) {
            return wrong(format!(
                "{what} names `{name}`; it can hold {}",
                all.join(", ")
            ));
        }
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    Ok(kept)
}
