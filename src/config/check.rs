//! The configuration for `linktrail check`: as much of it as is right, and everything that is wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::error::Problems;
use super::reading::{Sections, address as checked};
use super::sections::Endpoint;
use super::{auth, load, neo4j};
use crate::http::{SignIn, SignInMethod};
use crate::intel::{List, Rate, spec};
use crate::model::Cloud;
use crate::sink::neo4j::Settings as Neo4jSettings;

/// The parts of the configuration that can be tried, each by itself.
#[derive(Debug)]
pub struct CheckConfig {
    /// What is wrong, in the words of every other command; empty when a load would take the configuration.
    pub problems: Vec<String>,
    /// The file that was read, or that would be.
    pub file: String,
    /// The cloud of the tenant.
    pub cloud: Cloud,
    /// `[tenant] id`.
    pub tenant: Option<String>,
    /// The id of the application that signs in: that of the way to sign in, or else `[auth] client_id`; `None` for a managed
    /// identity and for the Azure CLI.
    pub client_id: Option<String>,
    /// How to sign in; `None` when a part of it is missing or wrong.
    pub sign_in: Option<SignIn>,
    /// The address of Entra; `None` when it is wrong.
    pub login: Option<Url>,
    /// The audience of tokens for Microsoft Graph in this cloud.
    pub graph_audience: &'static str,
    /// The address of Microsoft Graph; `None` when it is wrong.
    pub graph: Option<Url>,
    /// The address of Log Analytics and the id of the workspace; `None` when a part of it is missing or wrong.
    pub workspace: Option<(Url, String)>,
    /// `[defender] hunting`.
    pub hunting: bool,
    /// `[intel] providers`; empty when the list is wrong.
    pub providers: Vec<String>,
    /// The addresses of these providers.
    pub intel_endpoints: BTreeMap<String, Url>,
    /// The keys that are set, by the variables that hold them.
    pub intel_secrets: BTreeMap<String, SecretString>,
    /// `[intel] limits`.
    pub intel_limits: BTreeMap<String, Vec<Rate>>,
    /// The lists of `[intel] file` that could be read.
    pub lists: Vec<List>,
    /// `[gaps] accepted`.
    pub accepted: Vec<String>,
    /// A file of certificates that are trusted in addition to the public ones.
    pub ca_file: Option<PathBuf>,
    /// The database for the graph; `None` when it is not set, or a part of it is missing or wrong.
    pub neo4j: Option<Neo4jSettings>,
    /// Whether `[neo4j] uri` is set.
    pub neo4j_is_set: bool,
}

/// Collects what can be tried. `patience` is how long to wait for Entra.
pub(super) fn collect(
    sections: &Sections,
    patience: Duration,
    mut problems: Problems,
) -> CheckConfig {
    // In the order in which a load looks for them, so that it says the same.
    auth::check_keys(sections, &mut problems);
    let refusal = sections.tenant.cloud.refusal();
    // Of a cloud that cannot be loaded from, nothing more is to be said.
    let mut unsaid = Problems::default();
    let told = match refusal {
        Some(refusal) => {
            problems.add(refusal);
            &mut unsaid
        }
        None => &mut problems,
    };
    let settings = load::settings(sections, told);
    let intel_secrets = load::intel_secrets(sections, None, told);
    let lists = load::lists(sections, None, told);
    let ca_file = load::ca_file(sections, told);
    let sign_in = auth::sign_in(sections, told);
    let neo4j = neo4j::settings(&sections.neo4j, told);
    if let Some(missing) = load::missing_domains(sections, None) {
        problems.add(missing.to_string());
    }
    // A section with a mistake in it is not tried: what was meant may be another tenant, another cloud or another server.
    let sound = |names: &[&str]| !names.iter().any(|name| sections.has_mistake(name));
    let services = sections.tenant.cloud.services();
    let microsoft = refusal.is_none() && sound(&["tenant", "auth", "endpoints"]);
    let address = |set: Option<&Endpoint>, published: &str| {
        let url = checked(set, published, &mut Problems::default());
        url.filter(|_| microsoft)
    };
    let endpoints = &sections.endpoints;
    let log_analytics = address(endpoints.log_analytics.as_ref(), services.log_analytics);
    let workspace = sections.sentinel.workspace_id.clone();
    let workspace = workspace.filter(|_| sound(&["sentinel"]));
    let providers = match sound(&["intel", "endpoints"]) {
        true => sections.intel.providers.clone(),
        false => Vec::new(),
    };
    let intel_endpoints = providers.iter().filter_map(|name| {
        let published = spec(name)?.endpoint?;
        let set = sections.provider_endpoints.get(name.as_str());
        let url = checked(set, published, &mut Problems::default())?;
        Some((name.clone(), url))
    });
    CheckConfig {
        file: sections.file_name(),
        cloud: sections.tenant.cloud,
        tenant: sections.tenant.id.clone(),
        client_id: match &sign_in {
            Some(sign_in) => client_id(&sign_in.method),
            None => sections.auth.client_id.clone(),
        },
        sign_in: sign_in.filter(|_| microsoft).map(|sign_in| SignIn {
            patience,
            ..sign_in
        }),
        login: address(endpoints.login.as_ref(), services.login),
        graph_audience: services.graph,
        graph: address(endpoints.graph.as_ref(), services.graph),
        workspace: log_analytics.zip(workspace),
        hunting: sections.defender.hunting && sound(&["defender"]),
        intel_endpoints: intel_endpoints.collect(),
        providers,
        intel_secrets,
        intel_limits: sections.intel.limits.clone(),
        lists,
        accepted: settings.map_or_else(|| sections.gaps.accepted.clone(), |all| all.accepted),
        ca_file,
        neo4j: neo4j.filter(|_| sound(&["neo4j"])),
        neo4j_is_set: sections.neo4j.uri.is_some(),
        problems: problems.into_list(),
    }
}

/// The application that signs in so, where the configuration or the platform names it.
fn client_id(method: &SignInMethod) -> Option<String> {
    match method {
        SignInMethod::ClientSecret { client_id, .. }
        | SignInMethod::ClientCertificate { client_id, .. }
        | SignInMethod::WorkloadIdentity { client_id, .. }
        | SignInMethod::DeviceCode { client_id } => Some(client_id.clone()),
        SignInMethod::ManagedIdentity { .. } | SignInMethod::AzureCli { .. } => None,
    }
}
