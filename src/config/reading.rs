//! Converts settings to typed sections, and collects every problem.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};
use url::Url;

use super::document::{Document, Origin, Others, Setting, did_you_mean, variable};
use super::error::Problems;
use super::sections::{
    Auth, Defender, Endpoint, Endpoints, Gaps, Hosts, Intel, Messages, Neo4j, Risk, SECTIONS,
    Section, Sentinel, Tenant,
};
use super::value::{Value, keys};
use crate::intel::{PROVIDERS, reads_lists};
use crate::model::suggest;

/// All sections, each of its own type. A setting with an invalid value has its default here.
#[derive(Debug)]
pub(super) struct Sections {
    /// The file that was read; `None` when there was none.
    file: Option<PathBuf>,
    pub(super) tenant: Tenant,
    pub(super) auth: Auth,
    pub(super) sentinel: Sentinel,
    pub(super) defender: Defender,
    pub(super) neo4j: Neo4j,
    pub(super) intel: Intel,
    pub(super) risk: Risk,
    pub(super) hosts: Hosts,
    pub(super) gaps: Gaps,
    pub(super) messages: Messages,
    pub(super) endpoints: Endpoints,
    /// The addresses of providers in `[endpoints]`, by the name of the provider.
    pub(super) provider_endpoints: BTreeMap<String, Endpoint>,
    /// Where the settings that are in use were written.
    origins: BTreeMap<(&'static str, String), Origin>,
    rejected: Rejected,
}

/// Sections and keys with an error, so that they are not reported as missing too.
#[derive(Debug, Default)]
struct Rejected {
    sections: BTreeSet<&'static str>,
    keys: BTreeSet<(&'static str, String)>,
}

impl Sections {
    /// Reads the file and the environment.
    pub(super) fn read(
        file: Option<PathBuf>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        problems: &mut Problems,
    ) -> Self {
        let mut document = Document::read(
            file.as_deref(),
            environment,
            SECTIONS,
            Others::Refused,
            problems,
        );
        let mut reader = Reader {
            rejected: Rejected {
                sections: std::mem::take(&mut document.rejected_sections),
                keys: BTreeSet::new(),
            },
            document,
            problems,
            origins: BTreeMap::new(),
        };
        let sections = Self {
            file,
            tenant: reader.section(),
            auth: reader.section(),
            sentinel: reader.section(),
            defender: reader.section(),
            neo4j: reader.section(),
            intel: reader.section(),
            risk: reader.section(),
            hosts: reader.section(),
            gaps: reader.section(),
            messages: reader.section(),
            provider_endpoints: reader.provider_endpoints(),
            endpoints: reader.section(),
            origins: reader.origins,
            rejected: reader.rejected,
        };
        // Combinations are only checked when the single values are valid.
        if problems.is_empty() {
            sections.check_lists(problems);
        }
        sections
    }

    /// The provider `file` needs lists, and lists need the provider.
    fn check_lists(&self, problems: &mut Problems) {
        let asked = reads_lists(&self.intel.providers);
        match (asked, self.intel.file.is_empty()) {
            (true, true) => problems.add(format!(
                "[intel] providers names `file`, but [intel] file names no list: set file under [intel] in {}, or {}, or take `file` out",
                self.file_name(),
                variable("intel", "file")
            )),
            (false, false) => problems.add(format!(
                "[intel] file names lists, but [intel] providers does not name `file`: add it to providers under [intel] in {}, or to {}, or take the lists out",
                self.file_name(),
                variable("intel", "providers")
            )),
            _ => {}
        }
    }

    /// The file in which a missing setting should be written.
    pub(super) fn file_name(&self) -> String {
        self.file.as_ref().map_or_else(
            || "linktrail.toml".to_owned(),
            |path| path.display().to_string(),
        )
    }

    /// A setting without a default; `what` describes it in the error message.
    pub(super) fn required(
        &self,
        value: Option<&String>,
        section: &str,
        key: &str,
        what: &str,
        problems: &mut Problems,
    ) -> Option<String> {
        if value.is_none() && !self.is_rejected(section, key) {
            problems.add(format!(
                "{what} is missing: set {key} under [{section}] in {}, or {}",
                self.file_name(),
                variable(section, key)
            ));
        }
        value.cloned()
    }

    /// True when an error in this section or in one of its settings was reported already.
    pub(super) fn has_mistake(&self, section: &str) -> bool {
        self.rejected.sections.contains(section)
            || self.rejected.keys.iter().any(|(of, _)| *of == section)
    }

    /// A setting with the place where it was written, for the start of an error message; `None` when it is not set.
    pub(super) fn written(&self, section: &'static str, key: &str) -> Option<String> {
        let origin = self.origins.get(&(section, key.to_owned()))?;
        Some(origin.setting(section, key))
    }

    /// True when an error in a setting, or in its section, was reported already.
    pub(super) fn is_rejected(&self, section: &str, key: &str) -> bool {
        self.rejected.sections.contains(section)
            || self
                .rejected
                .keys
                .iter()
                .any(|(of, rejected)| *of == section && rejected == key)
    }
}

/// Reads only `[neo4j]`, and ignores errors elsewhere in the file or the environment.
pub(super) fn read_neo4j(
    file: Option<PathBuf>,
    environment: impl Iterator<Item = (OsString, OsString)>,
    problems: &mut Problems,
) -> Neo4j {
    const ONLY: &[&str] = &[Neo4j::NAME];
    let document = Document::read(
        file.as_deref(),
        environment,
        ONLY,
        Others::PassedOver,
        problems,
    );
    let mut reader = Reader {
        document,
        problems,
        origins: BTreeMap::new(),
        rejected: Rejected::default(),
    };
    reader.section()
}

struct Reader<'p> {
    document: Document,
    problems: &'p mut Problems,
    origins: BTreeMap<(&'static str, String), Origin>,
    rejected: Rejected,
}

impl Reader<'_> {
    /// Reads a section. serde stops at the first error, so every key is checked separately first; those with an error
    /// are reported and left out.
    fn section<T: Section>(&mut self) -> T {
        let mut good = Vec::new();
        for (key, setting) in self.document.take(T::NAME) {
            if !keys::<T>().contains(&key.as_str()) {
                self.unknown::<T>(&key, &setting);
            } else if !(setting.value.is_empty() && may_be_empty::<T>(&key, &setting.value)) {
                let alone = (key.as_str(), setting.value.clone());
                match T::deserialize(MapDeserializer::new([alone].into_iter())) {
                    Ok(_) => {
                        good.push((key.clone(), setting.value));
                        self.origins.insert((T::NAME, key), setting.origin);
                    }
                    Err(error) => self.wrong(T::NAME, key, &setting, &error),
                }
            }
        }
        let good = good.into_iter();
        match T::deserialize(MapDeserializer::<_, Error>::new(good)) {
            Ok(section) => section,
            Err(error) => {
                self.problems.add(format!("[{}] {error}", T::NAME));
                T::default()
            }
        }
    }

    /// Removes the addresses of providers from `[endpoints]`, since their keys are the names of the providers.
    fn provider_endpoints(&mut self) -> BTreeMap<String, Endpoint> {
        let section = Endpoints::NAME;
        let mut endpoints = BTreeMap::new();
        for name in provider_names() {
            let Some(setting) = self.document.take_key(section, name) else {
                continue;
            };
            if setting.value.is_empty() {
                continue;
            }
            match Endpoint::deserialize(setting.value.clone()) {
                Ok(endpoint) => {
                    endpoints.insert(name.to_owned(), endpoint);
                }
                Err(error) => self.wrong(section, name.to_owned(), &setting, &error),
            }
        }
        endpoints
    }

    fn unknown<T: Section>(&mut self, key: &str, setting: &Setting) {
        let mut known = keys::<T>().to_vec();
        if T::NAME == Endpoints::NAME {
            known.extend(provider_names());
        }
        self.problems.add(format!(
            "{}: [{}] has no key `{key}`{}",
            setting.origin,
            T::NAME,
            did_you_mean(key, &known)
        ));
        // The setting that was probably meant is not reported as missing too.
        let meant = suggest::nearest(key, known.iter().copied());
        let meant = meant.map(|key| (T::NAME, key.to_owned()));
        self.rejected.keys.extend(meant);
    }

    /// Adds an error. An error about a list has one line for each invalid item.
    fn wrong(&mut self, section: &'static str, key: String, setting: &Setting, error: &Error) {
        let name = setting.origin.setting(section, &key);
        for problem in error.to_string().lines() {
            self.problems.add(format!("{name} {problem}"));
        }
        self.rejected.keys.insert((section, key));
    }
}

/// The configured address, or else the published address of the service.
pub(super) fn address(
    set: Option<&Endpoint>,
    published: &str,
    problems: &mut Problems,
) -> Option<Url> {
    let endpoint = match set {
        Some(endpoint) => endpoint.clone(),
        None => problems.check(Endpoint::try_from(published.to_owned()))?,
    };
    Some(endpoint.0)
}

/// True when an empty value of this key means that the key is not set: always in a variable, and in a file where the
/// value would be a text. An empty text in the place of a list or a flag is an error, since nobody can tell whether it
/// was to mean nothing or the default.
fn may_be_empty<T: Section>(key: &str, value: &Value) -> bool {
    let takes = |value: toml::Value| {
        let alone = (key, Value::Toml(value));
        let read: Result<T, Error> = T::deserialize(MapDeserializer::new([alone].into_iter()));
        read.is_ok()
    };
    match value {
        Value::Variable(_) => true,
        Value::Toml(_) => {
            !takes(toml::Value::Array(Vec::new())) && !takes(toml::Value::Boolean(false))
        }
    }
}

/// The names of the providers that have an address.
fn provider_names() -> impl Iterator<Item = &'static str> {
    let services = PROVIDERS.iter().filter(|spec| spec.endpoint.is_some());
    services.map(|spec| spec.name)
}
