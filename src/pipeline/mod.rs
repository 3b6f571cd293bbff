//! The pipeline: eight stages, each in a file of its own, that turn recorded answers into a graph.
//!
//! A stage asks its source, adds what the answers say to the graph, and notes what it could not get as a gap. It never
//! looks at the clock: "now" is when the case was made, and times of evidence come from the records. Answers are
//! fetched many at a time and read in a fixed order, so the graph depends on the journal alone.

pub(crate) mod alerts;
mod chats;
mod finish;
pub(crate) mod hosts;
mod intel;
pub(crate) mod links;
mod messages;
mod pivot;
mod plan;
mod risk;
mod seeds;
mod teams;
mod users;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::Url;

use crate::case::{CaseError, Manifest};
use crate::graph::{Graph, NodeRef, Seen};
use crate::http::{Client, Failure};
use crate::intel::{AnswerCache, Privacy, Provider, Quotas, Verdict};
use crate::model::RecordNumber;
use crate::model::{Gap, Gaps, Scope, Stage, Window};
use crate::source::logs::{self, Sentinel};
use crate::source::msgraph::{self, ChatMessage};

pub use plan::{
    ChannelPlan, ChatPlan, MessagePlan, Plan, ProviderPlan, QueryPlan, Sent, TeamPlan, plan,
};

/// What a finished run gives.
#[derive(Debug)]
pub struct Outcome {
    /// The graph.
    pub graph: Graph,
    /// What could not be had.
    pub gaps: Vec<Gap>,
    /// What no permission could have given.
    pub notes: Vec<Gap>,
}

/// One running investigation.
struct Investigation {
    id: String,
    created: DateTime<Utc>,
    version: String,
    scope: Scope,
    window: Window,
    client: Arc<Client>,
    sentinel: Sentinel,
    msgraph: msgraph::Graph,
    providers: Vec<Provider>,
    privacy: Privacy,
    quotas: Quotas,
    cache: Option<AnswerCache>,
    /// Records of the lists that the provider `file` reads.
    lists: Vec<RecordNumber>,
    graph: Graph,
    gaps: Gaps,
    notes: Gaps,
    /// Users that the directory was asked about, by the key it was asked with.
    resolved: HashMap<String, Resolved>,
    /// Why the investigation starts from a node, and what says so.
    starts: BTreeMap<NodeRef, Vec<(&'static str, Seen)>>,
    /// Users whose teams are read.
    seed_users: BTreeSet<NodeRef>,
    /// Teams whose messages are read, by id.
    teams: BTreeSet<String>,
    /// Messages whose links are still to be extracted.
    unread: Vec<Unread>,
    /// Every url whole: the id of a very long one is cut.
    addresses: HashMap<NodeRef, Url>,
    /// What the providers said, by url.
    readings: BTreeMap<Url, Vec<Verdict>>,
    /// Providers that are not asked any more, with what is said in place of an answer.
    closed: BTreeMap<&'static str, Verdict>,
    /// Events that were counted already, by all they say.
    counted: HashSet<String>,
    /// Chats that were read, by id.
    chats_read: BTreeSet<String>,
}

/// What the directory said of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolved {
    /// Known.
    Known(NodeRef),
    /// Asked, and not in it.
    Unknown,
    /// Asked, but it gave no answer.
    Unanswered,
}

/// A message that stands in the graph and whose links do not yet.
struct Unread {
    node: NodeRef,
    record: RecordNumber,
    message: ChatMessage,
}

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum RunError {
    #[error(transparent)]
    Source(#[from] Failure),
    #[error(transparent)]
    Case(#[from] CaseError),
}

/// Who gives verdicts, and what they may be told.
pub struct Intel {
    /// Those who are asked, in that order.
    pub providers: Vec<Provider>,
    /// What may leave.
    pub privacy: Privacy,
    /// Quotas, and answers kept from earlier cases.
    pub quotas: Quotas,
    /// Answers of earlier cases; none when there are none to be used.
    pub cache: Option<AnswerCache>,
    /// Records of the lists that the provider `file` reads.
    pub lists: Vec<RecordNumber>,
}

/// Told of stages as they begin and end.
pub struct Progress<'p> {
    /// Is told the name of each before it begins.
    pub started: &'p mut (dyn FnMut(Stage) + Send),
    /// Is told the name of each that has come to its end.
    pub ended: &'p mut (dyn FnMut(Stage) -> Result<(), CaseError> + Send),
}

/// What a run that stopped before the end knows to be missing.
#[derive(Debug)]
pub struct Stopped {
    /// What could not be had so far.
    pub gaps: Vec<Gap>,
    /// What no permission could have given.
    pub notes: Vec<Gap>,
}

/// Runs every stage. `started` is told the name of each before it begins, `ended` when it has come to its end.
///
/// # Errors
/// When nothing can be asked at all: no token, a full disk, a replay of what was never recorded.
pub async fn run(
    manifest: &Manifest,
    client: Arc<Client>,
    intel: Intel,
    started: &mut (dyn FnMut(Stage) + Send),
    ended: &mut (dyn FnMut(Stage) -> Result<(), CaseError> + Send),
) -> Result<Outcome, RunError> {
    let mut investigation = Investigation::new(manifest, client, intel);
    let mut progress = Progress { started, ended };
    investigation.stages(&Stage::ALL, &mut progress).await?;
    Ok(finish::run(investigation))
}

/// Runs the stages up to and including the one named.
///
/// # Errors
/// As [`run`].
pub async fn until(
    manifest: &Manifest,
    client: Arc<Client>,
    intel: Intel,
    last: Stage,
    mut progress: Progress<'_>,
) -> Result<Stopped, RunError> {
    let mut investigation = Investigation::new(manifest, client, intel);
    let stages = &Stage::ALL[..last.number()];
    investigation.stages(stages, &mut progress).await?;
    Ok(Stopped {
        gaps: investigation.gaps.list(),
        notes: investigation.notes.list(),
    })
}

impl Investigation {
    fn new(manifest: &Manifest, client: Arc<Client>, intel: Intel) -> Self {
        let settings = &manifest.options.settings;
        let sentinel = Sentinel::new(
            Arc::clone(&client),
            &settings.endpoints.log_analytics,
            &settings.workspace,
        );
        let msgraph = msgraph::Graph::new(Arc::clone(&client), &settings.endpoints.graph);
        Self {
            id: manifest.id.clone(),
            created: manifest.created,
            version: manifest.version.clone(),
            scope: manifest.options.clone(),
            window: manifest.window,
            client,
            sentinel,
            msgraph,
            providers: intel.providers,
            privacy: intel.privacy,
            quotas: intel.quotas,
            cache: intel.cache,
            lists: intel.lists,
            graph: Graph::new(&manifest.id),
            gaps: Gaps::default(),
            notes: Gaps::default(),
            resolved: HashMap::new(),
            starts: BTreeMap::new(),
            seed_users: BTreeSet::new(),
            teams: BTreeSet::new(),
            unread: Vec::new(),
            addresses: HashMap::new(),
            readings: BTreeMap::new(),
            closed: BTreeMap::new(),
            counted: HashSet::new(),
            chats_read: BTreeSet::new(),
        }
    }

    /// From here on nobody is asked, whatever the stages would like to know.
    fn go_offline(&mut self) {
        let settings = &self.scope.settings;
        let offline = Arc::new(self.client.offline());
        self.sentinel = Sentinel::new(
            Arc::clone(&offline),
            &settings.endpoints.log_analytics,
            &settings.workspace,
        );
        self.msgraph = msgraph::Graph::new(Arc::clone(&offline), &settings.endpoints.graph);
        self.client = offline;
    }

    async fn stages(
        &mut self,
        stages: &[Stage],
        progress: &mut Progress<'_>,
    ) -> Result<(), RunError> {
        for stage in stages.iter().copied() {
            (progress.started)(stage);
            match stage {
                Stage::Seeds => seeds::run(self).await?,
                Stage::Teams => teams::run(self).await?,
                Stage::Messages => messages::run(self).await?,
                Stage::Links => links::run(self),
                Stage::Intel => intel::run(self, Stage::Intel).await?,
                Stage::Chats => chats::run(self).await?,
                Stage::Hosts => hosts::run(self).await?,
                Stage::Alerts => alerts::run(self).await?,
            }
            (progress.ended)(stage)?;
        }
        Ok(())
    }

    /// Notes what Sentinel did not give. A table that is not there is missing once, however many queries name it; of
    /// anything else each query, and each part of its time, counts.
    fn sentinel_gaps(&mut self, stage: Stage, mut problems: Vec<logs::Problem>) {
        let mut absent = BTreeSet::new();
        problems.retain(|problem| {
            !matches!(problem, logs::Problem::TableAbsent(_)) || absent.insert(problem.clone())
        });
        for problem in problems {
            self.gaps.add(stage, logs::SOURCE, problem, 1);
        }
    }

    /// Notes what Graph did not give. What is not there at all, no permission could have given.
    fn graph_gap(&mut self, stage: Stage, problem: msgraph::Problem) {
        let to = match problem {
            msgraph::Problem::NotFound { .. } => &mut self.notes,
            _ => &mut self.gaps,
        };
        to.add(stage, msgraph::SOURCE, problem, 1);
    }

    fn start_from(&mut self, node: NodeRef, why: &'static str, seen: Seen) {
        self.starts.entry(node).or_default().push((why, seen));
    }

    /// Whether an event is seen for the first time.
    fn first_time(&mut self, event: String) -> bool {
        self.counted.insert(event)
    }
}
