//! The services of a case: the client that the sources use, and the providers of threat intelligence.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::exit::Failure;
use crate::case::Case;
use crate::config::{LoadConfig, cache_folder, state_folder};
use crate::http::{Client, Network, SignIn, TransportError};
use crate::intel::{self, AnswerCache, List, Privacy, QuotaStore, Quotas, Setup};
use crate::journal::{Audience, Journal, MemoryJournal};
use crate::model::{Settings, Source};
use crate::pipeline::{self, Intel};
use crate::source::msgraph::Reach;

/// The origin of the answers.
pub(super) enum Answers {
    /// The journal first, and otherwise the network.
    Network(Box<LoadConfig>),
    /// Only the journal.
    Journal,
}

/// The services that a run of the pipeline uses.
pub(super) struct Services {
    pub(super) client: Arc<Client>,
    pub(super) intel: Intel,
    /// Whether a person may be signed in; `None` when nobody is, in a replay.
    may_be_person: Option<bool>,
}

impl Services {
    /// Builds the services from the settings of a case.
    pub(super) fn new(case: &Case, answers: Answers) -> Result<Self, Failure> {
        let settings = &case.manifest().options.settings;
        let mut setup = Setup {
            endpoints: settings.endpoints.intel.clone(),
            since: case.manifest().window.from,
            ..Setup::default()
        };
        let (mut quotas, mut cache) = (Quotas::default(), None);
        // A replay asks nobody, and does not wait.
        let mut patience = Duration::ZERO;
        let mut read = Vec::new();
        let mut may_be_person = None;
        let network = match answers {
            Answers::Journal => None,
            Answers::Network(config) => {
                setup.secrets = config.intel_secrets;
                setup.limits = config.intel_limits;
                quotas = Quotas::new(&setup, quota_store());
                cache = answer_cache(config.cache_age);
                patience = config.patience;
                read = config.lists;
                may_be_person = Some(config.sign_in.may_be_person());
                Some(Network::new(
                    config.ca_file.as_deref(),
                    Some(config.sign_in),
                )?)
            }
        };
        let client = Arc::new(Client::new(Arc::clone(case.journal()), network));
        let mut lists = Vec::new();
        for name in list_names(settings) {
            let text = read.iter().find(|list| list.name == *name);
            let text = text.map(|list| list.text.clone());
            let recorded = client.keep(Source::File, name, text)?;
            lists.push(recorded.record);
            setup.lists.push(List {
                name: name.clone(),
                text: recorded.body().to_owned(),
            });
        }
        let specs = settings.providers.iter();
        let providers = specs
            .filter_map(|name| intel::spec(name))
            .map(|spec| (spec.build)(&setup))
            .collect::<Result<_, _>>()?;
        let intel = Intel {
            providers,
            privacy: Privacy::of(settings)?,
            quotas,
            cache,
            patience,
            lists,
        };
        Ok(Self {
            client,
            intel,
            may_be_person,
        })
    }

    /// Notes in the case whether a person is signed in, who may not ask for all that an application may.
    pub(super) async fn note_reach(&self) -> Result<(), Failure> {
        let reach = match self.may_be_person {
            None => return Ok(()),
            Some(false) => Reach::Application,
            Some(true) => match self.client.permissions(Audience::Graph).await {
                Ok(permissions) => Reach::of(&permissions),
                // Who cannot sign in is told so by the first request, and what the case knows stays.
                Err(_) => return Ok(()),
            },
        };
        Ok(pipeline::record_reach(&self.client, &reach)?)
    }
}

/// A client for questions that belong to no case: it keeps what it receives in memory alone.
pub(super) fn without_case(
    ca_file: Option<&Path>,
    sign_in: Option<SignIn>,
) -> Result<Arc<Client>, TransportError> {
    let network = Network::new(ca_file, sign_in)?;
    let journal = Journal::from(MemoryJournal::default());
    Ok(Arc::new(Client::new(Arc::new(journal), Some(network))))
}

/// The store in which this user's requests are counted.
pub(super) fn quota_store() -> QuotaStore {
    QuotaStore::new(state_folder().map(|folder| folder.join("quotas.json")))
}

/// The cache of answers of this user's earlier cases; `None` when they may not be used.
fn answer_cache(age: TimeDelta) -> Option<AnswerCache> {
    let folder = cache_folder().filter(|_| age > TimeDelta::zero())?;
    Some(AnswerCache::open(folder.join("verdicts"), age))
}

/// The names of the indicator lists of a case; none when it does not use the provider `file`.
fn list_names(settings: &Settings) -> impl Iterator<Item = &String> {
    let asked = intel::reads_lists(&settings.providers);
    settings.files.iter().filter(move |_| asked)
}
