//! The read-only input of every stage: the services, the options and the window.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::case::Manifest;
use crate::http::{Client, Failure};
use crate::intel::{Analyst, AnswerCache, Privacy, Provider, Quotas};
use crate::model::{Options, RecordNumber, Settings, Source, Window};
use crate::source::logs::Logs;
use crate::source::msgraph::{self, Problem, Reach};

/// The name under which the case holds what the token may ask for.
const REACH: &str = "token";

/// The providers of threat intelligence, and the rules for asking them.
pub struct Intel {
    /// The providers, in the order in which they are asked.
    pub providers: Vec<Provider>,
    /// The rules for what may leave the tenant.
    pub privacy: Privacy,
    /// The rate limits and remaining quotas of the providers.
    pub quotas: Quotas,
    /// The cache of answers of earlier cases; `None` when it may not be used.
    pub cache: Option<AnswerCache>,
    /// How long to go on with a provider that does not answer.
    pub patience: Duration,
    /// The journal records of the lists of the provider `file`.
    pub lists: Vec<RecordNumber>,
}

/// The input that all stages have in common. It does not change during a run.
pub(super) struct Context {
    /// The id of the case.
    pub(super) case: String,
    /// The version of linktrail that created the case.
    pub(super) version: String,
    /// The time at which the case was created. The stages use it as the current time, so that a replay has the same
    /// result.
    pub(super) now: DateTime<Utc>,
    /// The time range under investigation.
    pub(super) window: Window,
    /// The options of `load`.
    pub(super) options: Options,
    /// The part of the configuration that determines the graph.
    pub(super) settings: Settings,
    /// The client for every service. It asks the journal first and the network second.
    pub(super) client: Arc<Client>,
    /// The logs of the tenant.
    pub(super) logs: Logs,
    /// Microsoft Graph.
    pub(super) msgraph: msgraph::Graph,
    /// What may be asked there.
    pub(super) reach: Reach,
    /// The providers of threat intelligence.
    pub(super) intel: Intel,
    /// What the analyst named malicious or benign.
    pub(super) analyst: Analyst,
}

impl Context {
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn new(
        manifest: &Manifest,
        client: Arc<Client>,
        intel: Intel,
    ) -> Result<Self, Failure> {
        let reach = recorded_reach(&client)?;
        let settings = manifest.options.settings.clone();
        let options = &manifest.options.options;
        Ok(Self {
            analyst: Analyst::new(&options.malicious, &options.benign),
            case: manifest.id.clone(),
            version: manifest.version.clone(),
            now: manifest.created,
            window: manifest.window,
            options: options.clone(),
            logs: logs(&client, &settings, &reach),
            msgraph: msgraph(&client, &settings, reach.clone()),
            reach,
            settings,
            client,
            intel,
        })
    }

    /// Why advanced hunting is not asked although it is configured; `None` when it is.
    pub(super) fn no_hunting(&self) -> Option<Problem> {
        let problem = self.reach.hunting().err();
        problem.filter(|_| leaves_hunting_out(&self.settings, &self.reach))
    }

    /// The same context without a network. Every service then answers from the journal alone, and a request that is not
    /// recorded fails with [`Failure::NotRecorded`].
    pub(super) fn offline(self) -> Self {
        let client = Arc::new(self.client.offline());
        Self {
            logs: logs(&client, &self.settings, &self.reach),
            msgraph: msgraph(&client, &self.settings, self.reach.clone()),
            client,
            ..self
        }
    }
}

fn logs(client: &Arc<Client>, settings: &Settings, reach: &Reach) -> Logs {
    let endpoints = &settings.endpoints;
    let workspace = settings.workspace.as_deref();
    let workspace = workspace.map(|id| (&endpoints.log_analytics, id));
    let hunts = settings.hunting && !leaves_hunting_out(settings, reach);
    Logs::new(client, workspace, hunts.then_some(&endpoints.graph))
}

/// True when the person who is signed in cannot use advanced hunting, and there is a workspace to ask. Without one it is
/// asked all the same: a token only hints at what it allows, and nothing else is there.
fn leaves_hunting_out(settings: &Settings, reach: &Reach) -> bool {
    settings.hunting && settings.workspace.is_some() && reach.hunting().is_err()
}

fn msgraph(client: &Arc<Client>, settings: &Settings, reach: Reach) -> msgraph::Graph {
    msgraph::Graph::new(Arc::clone(client), &settings.endpoints.graph)
        .in_cloud(settings.cloud)
        .within(reach)
}

/// Records what the token of this load may ask for, so that a replay asks for the same. Nothing is recorded for an
/// application, unless somebody was signed in as a person when the case was loaded before.
///
/// # Errors
/// When it cannot be recorded.
pub fn record_reach(client: &Client, reach: &Reach) -> Result<(), Failure> {
    if *reach != recorded_reach(client)? {
        let text = serde_json::to_string(reach).unwrap_or_default();
        client.keep(Source::Login, REACH, Some(text))?;
    }
    Ok(())
}

fn recorded_reach(client: &Client) -> Result<Reach, Failure> {
    match client.keep(Source::Login, REACH, None) {
        Ok(kept) => Ok(serde_json::from_str(kept.body()).unwrap_or_default()),
        Err(Failure::NotRecorded(_)) => Ok(Reach::default()),
        Err(failure) => Err(failure),
    }
}
