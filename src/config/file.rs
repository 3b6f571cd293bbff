//! The configuration file and the environment, as one table of known keys.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{ConfigError, wrong};
use crate::intel::PROVIDERS;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Flag,
    List,
}

/// Every key there is, but for the addresses of providers: those follow from [`PROVIDERS`].
const KEYS: &[(&str, &str, Kind)] = &[
    ("tenant", "id", Kind::Text),
    ("tenant", "cloud", Kind::Text),
    ("tenant", "internal_domains", Kind::List),
    ("auth", "method", Kind::Text),
    ("auth", "client_id", Kind::Text),
    ("auth", "client_secret_file", Kind::Text),
    ("auth", "client_certificate_file", Kind::Text),
    ("auth", "managed_identity_client_id", Kind::Text),
    ("sentinel", "workspace_id", Kind::Text),
    ("neo4j", "uri", Kind::Text),
    ("neo4j", "user", Kind::Text),
    ("neo4j", "database", Kind::Text),
    ("intel", "providers", Kind::List),
    ("intel", "send_query", Kind::Flag),
    ("intel", "file", Kind::List),
    ("intel", "never_send", Kind::List),
    ("intel", "limits", Kind::List),
    ("intel", "cache_age", Kind::Text),
    ("risk", "signals", Kind::List),
    ("risk", "protected_domains", Kind::List),
    ("hosts", "shared_domains", Kind::List),
    ("messages", "store", Kind::Text),
    ("endpoints", "login", Kind::Text),
    ("endpoints", "graph", Kind::Text),
    ("endpoints", "log_analytics", Kind::Text),
    ("endpoints", "ca_file", Kind::Text),
];

/// Words that a file may hold by mistake and must not, beside the keys of providers.
const SECRETS: &[(&str, &str, &str)] = &[
    (
        "auth",
        "client_secret",
        "LINKTRAIL_CLIENT_SECRET or client_secret_file",
    ),
    ("neo4j", "password", "LINKTRAIL_NEO4J_PASSWORD"),
];

fn keys() -> impl Iterator<Item = (&'static str, &'static str, Kind)> {
    let services = PROVIDERS.iter().filter(|spec| spec.endpoint.is_some());
    let addresses = services.map(|spec| ("endpoints", spec.name, Kind::Text));
    KEYS.iter().copied().chain(addresses)
}

/// Where a secret belongs that somebody wrote into the file; none when it is no secret.
fn place_of_secret(section: &str, key: &str) -> Option<String> {
    if let Some((_, _, place)) = SECRETS.iter().find(|(s, k, _)| (*s, *k) == (section, key)) {
        return Some((*place).to_owned());
    }
    let variables = PROVIDERS.iter().flat_map(|spec| spec.secrets);
    let wanted = format!("LINKTRAIL_{}", key.to_uppercase());
    let mut named = variables.filter(|variable| section == "intel" && **variable == wanted);
    named.next().map(|variable| (*variable).to_owned())
}

#[derive(Debug, Clone, PartialEq)]
enum Setting {
    Text(String),
    Flag(bool),
    List(Vec<String>),
}

/// Settings by section and key.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<(&'static str, &'static str), Setting>);

/// The file to read when none is named: here, else in the user's configuration folder.
pub(super) fn default_path() -> Option<PathBuf> {
    let here = PathBuf::from("linktrail.toml");
    let users = super::folder::config_folder().map(|folder| folder.join("linktrail.toml"));
    [Some(here), users]
        .into_iter()
        .flatten()
        .find(|path| path.exists())
}

/// The environment variable of a key.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!(
        "LINKTRAIL_{}_{}",
        section.to_uppercase(),
        key.to_uppercase()
    )
}

impl Table {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("cannot read {name}: {error}")))?;
        let parsed: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            // The parser's own picture of the place would show the line, and with it what may be a secret.
            let line = error.span().map_or(0, |span| {
                text[..span.start.min(text.len())].lines().count().max(1)
            });
            ConfigError(format!("{name} line {line}: {}", error.message()))
        })?;
        let mut table = Self::default();
        for (section, settings) in parsed {
            if !keys().any(|(known, ..)| known == section) {
                return wrong(format!(
                    "{name}: there is no section [{section}]{}",
                    nearest(&section, keys().map(|(section, ..)| section))
                ));
            }
            let toml::Value::Table(settings) = settings else {
                return wrong(format!(
                    "{name}: {section} must be a section: write [{section}] on a line of its own"
                ));
            };
            for (key, value) in settings {
                let (section, key, kind) = lookup(&section, &key)
                    .map_err(|error| ConfigError(format!("{name}: {}", error.0)))?;
                table.0.insert(
                    (section, key),
                    from_toml(&name.to_string(), section, key, kind, value)?,
                );
            }
        }
        Ok(table)
    }

    /// Lets `LINKTRAIL_<SECTION>_<KEY>` variables take the place of what the file says.
    pub(super) fn overlay(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let Some(rest) = name.strip_prefix("LINKTRAIL_") else {
                continue;
            };
            let Some((section, key)) = rest.split_once('_') else {
                continue;
            };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            if super::secret::is_secret(name) || !keys().any(|(known, ..)| known == section) {
                continue;
            }
            let (section, key, kind) = lookup(&section, &key)
                .map_err(|error| ConfigError(format!("{name}: {}", error.0)))?;
            let Some(value) = value.to_str() else {
                return wrong(format!("{name} is not UTF-8"));
            };
            if value.is_empty() {
                continue;
            }
            let setting = match kind {
                Kind::Text => Setting::Text(value.to_owned()),
                Kind::List => Setting::List(
                    value
                        .split(',')
                        .map(|item| item.trim().to_owned())
                        .filter(|item| !item.is_empty())
                        .collect(),
                ),
                Kind::Flag => match value {
                    "true" | "1" => Setting::Flag(true),
                    "false" | "0" => Setting::Flag(false),
                    _ => return wrong(format!("{name} is `{value}`; it can be true or false")),
                },
            };
            self.0.insert((section, key), setting);
        }
        Ok(())
    }

    pub(super) fn text(&self, section: &str, key: &str) -> Option<&str> {
        match self.get(section, key)? {
            Setting::Text(text) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        }
    }

    pub(super) fn flag(&self, section: &str, key: &str) -> Option<bool> {
        match self.get(section, key)? {
            Setting::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    pub(super) fn list(&self, section: &str, key: &str) -> Option<Vec<String>> {
        match self.get(section, key)? {
            Setting::List(list) => Some(list.clone()),
            _ => None,
        }
    }

    fn get(&self, section: &str, key: &str) -> Option<&Setting> {
        debug_assert!(
            keys().any(|(s, k, _)| (s, k) == (section, key)),
            "{section}.{key} is no key"
        );
        self.0
            .iter()
            .find(|((s, k), _)| (*s, *k) == (section, key))
            .map(|(_, setting)| setting)
    }
}

fn lookup(section: &str, key: &str) -> Result<(&'static str, &'static str, Kind), ConfigError> {
    if let Some(place) = place_of_secret(section, key) {
        return wrong(format!(
            "[{section}] {key} is a secret and does not belong into a configuration; use {place}"
        ));
    }
    match keys().find(|(s, k, _)| (*s, *k) == (section, key)) {
        Some(found) => Ok(found),
        None => {
            let keys = keys()
                .filter(|(s, ..)| *s == section)
                .map(|(_, key, _)| key);
            wrong(format!(
                "[{section}] has no key `{key}`{}",
                nearest(key, keys)
            ))
        }
    }
}

fn from_toml(
    file: &str,
    section: &str,
    key: &str,
    kind: Kind,
    value: toml::Value,
) -> Result<Setting, ConfigError> {
    let expected = match kind {
        Kind::Text => "a text in quotes",
        Kind::Flag => "true or false",
        Kind::List => "a list of texts, such as [\"a\", \"b\"]",
    };
    let setting = match (kind, value) {
        (Kind::Text, toml::Value::String(text)) => Some(Setting::Text(text)),
        (Kind::Flag, toml::Value::Boolean(flag)) => Some(Setting::Flag(flag)),
        (Kind::List, toml::Value::Array(items)) => {
            let texts: Option<Vec<_>> = items
                .into_iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect();
            texts.map(Setting::List)
        }
        _ => None,
    };
    setting.ok_or_else(|| ConfigError(format!("{file}: [{section}] {key} must be {expected}")))
}

/// What a mistyped word was probably meant to be, for the end of a message.
fn nearest<'a>(word: &str, all: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<_> = all.collect();
    all.dedup();
    match all
        .iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .min()
    {
        Some((distance, known)) if distance <= known.len().max(3) / 2 => {
            format!("; did you mean `{known}`?")
        }
        _ => format!("; there is {}", all.join(", ")),
    }
}
