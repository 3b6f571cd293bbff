//! The configuration of a load, checked for missing settings.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;

use super::auth;
use super::document::variable;
use super::domains::{MissingDomains, MissingText};
use super::error::Problems;
use super::neo4j;
use super::reading::{Sections, address};
use super::secret;
use crate::http::SignIn;
use crate::intel::{List, Rate, reads_lists, spec};
use crate::model::{Endpoints, Settings};
use crate::sink::neo4j::Settings as Neo4jSettings;

/// The complete configuration of a load.
#[derive(Debug)]
pub struct LoadConfig {
    /// The settings that determine the graph.
    pub settings: Settings,
    /// The credentials and addresses for signing in.
    pub sign_in: SignIn,
    /// The keys of the providers that are asked, by the variables that hold them.
    pub intel_secrets: BTreeMap<String, SecretString>,
    /// The rate limits of the user's own keys, where they differ from the published ones.
    pub intel_limits: BTreeMap<String, Vec<Rate>>,
    /// The maximal age of an answer of another case that may be used in this one; zero when no such answer may be used.
    pub cache_age: TimeDelta,
    /// How long to go on with a provider that does not answer.
    pub patience: Duration,
    /// The lists of the provider `file`, in order; empty when that provider is not asked.
    pub lists: Vec<List>,
    /// A file of certificates that are trusted in addition to the public ones.
    pub ca_file: Option<PathBuf>,
    /// The database for the graph; `None` when the graph is not written to Neo4j.
    pub neo4j: Option<Neo4jSettings>,
}

/// Whether a load writes to Neo4j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neo4jUse {
    /// Write to the database in `[neo4j] uri`, if it is set.
    AsConfigured,
    /// Do not write to Neo4j; `[neo4j]` may be incomplete.
    LeftOut,
}

/// Collects the configuration of a load. Missing settings are added to the problems, and the result is then `None`.
pub(super) fn check(
    sections: &Sections,
    case: Option<&Settings>,
    neo4j: Neo4jUse,
    problems: &mut Problems,
) -> Option<LoadConfig> {
    if let Some(refusal) = sections.tenant.cloud.refusal() {
        problems.add(refusal);
        return None;
    }
    let settings = settings(sections, problems);
    let intel_secrets = intel_secrets(sections, case, problems);
    let lists = lists(sections, case, problems);
    let ca_file = ca_file(sections, problems);
    let sign_in = auth::sign_in(sections, problems);
    let neo4j = match neo4j {
        Neo4jUse::AsConfigured => neo4j::settings(&sections.neo4j, problems),
        Neo4jUse::LeftOut => None,
    };
    Some(LoadConfig {
        settings: settings?,
        sign_in: sign_in?,
        intel_secrets,
        intel_limits: sections.intel.limits.clone(),
        cache_age: sections.intel.cache_age,
        patience: sections.intel.patience,
        lists,
        ca_file,
        neo4j,
    })
}

pub(super) fn settings(sections: &Sections, problems: &mut Problems) -> Option<Settings> {
    let tenant = tenant(sections, problems);
    let has_logs = has_logs(sections, problems);
    let Sections {
        tenant: tenant_section,
        intel,
        risk,
        hosts,
        gaps,
        messages,
        endpoints,
        provider_endpoints,
        ..
    } = sections;
    let services = tenant_section.cloud.services();
    let graph = address(endpoints.graph.as_ref(), services.graph, problems);
    let log_analytics = address(
        endpoints.log_analytics.as_ref(),
        services.log_analytics,
        problems,
    );
    let mut addresses = BTreeMap::new();
    for spec in intel.providers.iter().filter_map(|name| spec(name)) {
        let Some(published) = spec.endpoint else {
            continue;
        };
        let set = provider_endpoints.get(spec.name);
        if let Some(url) = address(set, published, problems) {
            addresses.insert(spec.name.to_owned(), url);
        }
    }
    has_logs.then_some(())?;
    Some(Settings {
        tenant: tenant?,
        cloud: tenant_section.cloud,
        workspace: sections.sentinel.workspace_id.clone(),
        hunting: sections.defender.hunting,
        internal_domains: tenant_section.internal_domains.clone().unwrap_or_default(),
        providers: intel.providers.clone(),
        send_query: intel.send_query,
        never_send: intel.never_send.clone(),
        files: intel.file.clone(),
        signals: risk.signals.clone(),
        protected_domains: risk.protected_domains.clone(),
        shared_domains: hosts.shared_domains.clone(),
        store: messages.store,
        accepted: gaps.accepted.clone(),
        endpoints: Endpoints {
            graph: graph?,
            log_analytics: log_analytics?,
            intel: addresses,
        },
    })
}

/// Why internal domains have to be given, and how: a new case would ask providers outside the tenant, and nothing says
/// what they must not hear of. `None` when all is well. A case that exists has its own.
pub(super) fn missing_domains(sections: &Sections, case: Option<&Settings>) -> Option<MissingText> {
    let (section, key) = ("tenant", "internal_domains");
    let is_set = sections.tenant.internal_domains.is_some() || sections.is_rejected(section, key);
    let providers = sections.intel.providers.iter();
    let outside = |name: &&String| spec(name).is_some_and(|spec| spec.endpoint.is_some());
    let outside: Vec<String> = providers.filter(outside).cloned().collect();
    let is_needed = case.is_none() && !sections.is_rejected("intel", "providers");
    let is_refused = sections.tenant.cloud.refusal().is_some();
    (is_needed && !is_set && !is_refused && !outside.is_empty()).then(|| MissingText {
        outside,
        file: sections.file_name(),
        variable: variable(section, key),
    })
}

impl LoadConfig {
    /// The error of a configuration in which nothing is missing but the internal domains.
    pub(super) fn without_domains(self, text: MissingText) -> MissingDomains {
        MissingDomains {
            text,
            sign_in: self.sign_in,
            graph: self.settings.endpoints.graph,
            ca_file: self.ca_file,
        }
    }
}

/// True when it is said where the logs are. That they are nowhere is one problem.
fn has_logs(sections: &Sections, problems: &mut Problems) -> bool {
    if sections.sentinel.workspace_id.is_some() || sections.defender.hunting {
        return true;
    }
    let is_told = [("sentinel", "workspace_id"), ("defender", "hunting")]
        .into_iter()
        .any(|(section, key)| sections.is_rejected(section, key));
    if !is_told {
        problems.add(format!(
            "nothing says where the logs are: set workspace_id under [sentinel] in {file}, or {workspace}, to the id of the Sentinel workspace; or set hunting = true under [defender], or {hunting}, to ask Microsoft Defender; or both",
            file = sections.file_name(),
            workspace = variable("sentinel", "workspace_id"),
            hunting = variable("defender", "hunting"),
        ));
    }
    false
}

fn tenant(sections: &Sections, problems: &mut Problems) -> Option<String> {
    let id = sections.tenant.id.as_ref();
    sections.required(id, "tenant", "id", "the tenant's id", problems)
}

/// The entries of `wanted` that the case, if there is one, was created with too. Entries that only the case has are the
/// business of [`Settings::forbids`].
fn shared<'a>(wanted: &'a [String], case: Option<&'a [String]>) -> Vec<&'a String> {
    case.unwrap_or(wanted)
        .iter()
        .filter(|name| wanted.contains(name))
        .collect()
}

/// The keys of the providers that are asked, by the variables that hold them.
pub(super) fn intel_secrets(
    sections: &Sections,
    case: Option<&Settings>,
    problems: &mut Problems,
) -> BTreeMap<String, SecretString> {
    let mut secrets = BTreeMap::new();
    if sections.is_rejected("intel", "providers") {
        return secrets;
    }
    let case = case.map(|case| case.providers.as_slice());
    let asked = shared(&sections.intel.providers, case);
    for spec in asked.into_iter().filter_map(|name| spec(name)) {
        for variable in spec.secrets {
            match problems.check(secret::find(variable, None)) {
                Some(Some(key)) => {
                    secrets.insert((*variable).to_owned(), key);
                }
                Some(None) => {
                    let name = spec.name;
                    problems.add(format!(
                        "provider {name} needs a key: set {variable}, or take `{name}` out of [intel] providers"
                    ));
                }
                None => {}
            }
        }
    }
    secrets
}

pub(super) fn lists(
    sections: &Sections,
    case: Option<&Settings>,
    problems: &mut Problems,
) -> Vec<List> {
    let providers = case.map_or(&sections.intel.providers, |case| &case.providers);
    if !reads_lists(providers) {
        return Vec::new();
    }
    let case = case.map(|case| case.files.as_slice());
    let names = shared(&sections.intel.file, case);
    let lists = names.into_iter().filter_map(|name| {
        let list = List::open(Path::new(name));
        problems.check(list.map_err(|error| format!("[intel] file: {error}")))
    });
    lists.collect()
}

/// The content of the file is checked where it is used.
pub(super) fn ca_file(sections: &Sections, problems: &mut Problems) -> Option<PathBuf> {
    let path = sections.endpoints.ca_file.clone()?;
    let opened = File::open(&path);
    problems.check(opened.map_err(|error| {
        format!(
            "[endpoints] ca_file: cannot read {}: {error}",
            path.display()
        )
    }));
    Some(path)
}
