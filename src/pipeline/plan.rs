//! Predicts what a load would do: which messages it would read, and what it would send to whom.
//!
//! A plan only sends requests that stay inside the tenant and are cheap: for the starting points, the teams and the
//! list of messages. They are recorded in the journal, so the load does not repeat them. Everything else is read from
//! the journal as far as it is recorded, by the functions of the stages themselves: [`Lookups::of`] decides for the
//! load and for its plan what is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use url::Url;

use super::bodies::{self, ReadMessage};
use super::context::{Context, Intel};
use super::directory::Directory;
use super::findings::Findings;
use super::known::{Known, Spread};
use super::listing::Listing;
use super::lookup::{Lookups, SharedRequest};
use super::progress::{Progress, RunError};
use super::urls::Urls;
use super::verdicts::Verdicts;
use super::{absent, chats, intel, messages, named_messages, pivot, seeds, spread, teams};
use crate::case::Manifest;
use crate::graph::{EdgeType, Graph, Label, Seen};
use crate::http::{Client, Failure};
use crate::intel::Provider;
use crate::model::{ChannelId, ChatsOf, Gap, Options, PivotOn, Stage, TeamId};
use crate::source::logs::{Place, Query, chunks};
use crate::source::msgraph::{self, MessagePlace, changed_since};

/// The prediction of a load.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// How the messages would be read.
    pub messages: MessagePlan,
    /// The number of urls that are known so far.
    pub urls: usize,
    /// True when the urls of all listed messages are known.
    pub urls_complete: bool,
    /// The chats in the journal.
    pub chats: ChatPlan,
    /// What would be sent to each provider, in the order in which they are asked.
    pub providers: Vec<ProviderPlan>,
    /// The queries to the workspace after the verdicts.
    pub queries: QueryPlan,
    /// What cannot be predicted yet, and why.
    pub unknown: Vec<String>,
    /// The gaps so far.
    pub gaps: Vec<Gap>,
    /// The notes so far: what is missing and no permission could have provided.
    pub notes: Vec<Gap>,
}

/// How the messages would be read.
#[derive(Debug, Clone, Serialize)]
pub struct MessagePlan {
    /// The number of messages that the audit log lists.
    pub listed: usize,
    /// The number of listed messages that have to be read: neither they nor the complete list of their team are in the
    /// journal.
    pub unread: usize,
    /// The minimal number of requests that have to be sent.
    pub requests_at_least: usize,
    /// The minimal duration of these requests under the published limits, in seconds.
    pub seconds_at_least: f64,
    /// The basis of the two figures, and why they may be too low.
    pub estimate: &'static str,
    /// The same figures for each team.
    pub teams: Vec<TeamPlan>,
}

/// How the messages of one team would be read. They are one list for all of its channels.
#[derive(Debug, Clone, Serialize)]
pub struct TeamPlan {
    /// The id of the team.
    pub id: String,
    /// The name of the team in the audit log.
    pub name: String,
    /// True when the journal has the complete list of the team.
    pub read: bool,
    /// The number of pages in the journal, which are not requested again.
    pub pages_recorded: usize,
    /// The minimal number of requests that have to be sent.
    pub requests_at_least: usize,
    /// The channels with a listed message.
    pub channels: Vec<ChannelPlan>,
}

/// The known messages of one channel.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelPlan {
    /// The id of the channel, such as `19:…`.
    pub id: String,
    /// The name of the channel in the audit log.
    pub name: String,
    /// The number of messages that the audit log lists.
    pub listed: usize,
    /// The number of listed messages that are in the journal.
    pub recorded: usize,
}

/// The chats in the journal.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ChatPlan {
    /// The number of chats with a link.
    pub recorded: usize,
    /// The number of urls that are only in these chats.
    pub urls: usize,
    /// True when the load will read no other chat, since the journal has all verdicts and chats up to the last round.
    pub complete: bool,
}

/// What would be sent to one provider.
#[derive(Debug, Clone, Serialize)]
pub struct ProviderPlan {
    /// The name of the provider in the configuration.
    pub name: &'static str,
    /// True when asking it sends nothing out of the tenant.
    pub inside: bool,
    /// The strings that would be sent, with one request each.
    pub send: Vec<Sent>,
    /// The strings whose answer is in the journal.
    pub recorded: Vec<Sent>,
    /// The strings whose answer is in the cache.
    pub kept: Vec<Sent>,
    /// The urls about which nothing is sent, and why.
    pub held_back: Vec<HeldBack>,
    /// The number of urls that are looked up in a list or in the workspace.
    pub looked_up: usize,
    /// The approximate number of queries to the workspace for this. There are more if an answer is too large or the
    /// table is absent.
    pub queries: usize,
    /// The rate limits of the provider, such as `4/minute`.
    pub rates: Vec<String>,
    /// The remaining quotas. More requests than that are not sent before the next period.
    pub quotas: Vec<Quota>,
    /// The minimal duration of the requests under these rates, in seconds.
    pub seconds_at_least: f64,
}

/// A request to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The exact string that the request asks about.
    pub asked: String,
    /// The urls that it is about. Several urls can become the same string by the privacy rules.
    pub urls: Vec<String>,
}

/// A url about which nothing is sent to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    /// The url.
    pub url: String,
    /// The privacy rule that forbids sending it.
    pub reason: String,
}

/// The rest of a quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// The quota, such as `500/day`.
    pub quota: String,
    /// The number of requests that are left.
    pub left: u64,
    /// The minimal number of strings that are not sent before the next period. Retries use up the quota too.
    pub over: u64,
}

/// The approximate number of queries to the logs after the verdicts. There are more if an answer is too large.
#[derive(Debug, Clone, Default, Serialize)]
pub struct QueryPlan {
    /// The number of queries that search the whole tenant for messages with the urls, and for what was done to them:
    /// messages_on and post_delivery.
    pub spread: usize,
    /// The number of queries about hosts and clicks: proxy_hosts, defender_hosts and clicks_on.
    pub hosts: usize,
    /// The number of queries about alerts.
    pub alerts: usize,
    /// How many of them are calls of advanced hunting, which allows 45 a minute.
    pub hunting: usize,
    /// True when these are the numbers for the case that every known url is risky.
    pub if_all_risky: bool,
}

const ESTIMATE: &str = "an estimate: a team's messages are one list of 50 a page, and it holds those without a link too; the audit log counts only those with one, so there may be many more pages; the names of channels and senders come on top, twenty a request, and so do listed messages that the list of their team turns out to lack";

/// Sends the requests that stay inside the tenant and are cheap, and predicts what a load would do after them.
///
/// # Errors
/// Those of [`run`](super::run()).
pub async fn plan(
    manifest: &Manifest,
    client: Arc<Client>,
    intel: Intel,
    mut progress: Progress<'_>,
) -> Result<Plan, RunError> {
    let context = Context::new(manifest, client, intel)?;
    let mut findings = Findings::new(&manifest.id, &manifest.options.settings.accepted);
    findings.note_lacks(context.settings.cloud, context.options.chats_of);
    let mut directory = Directory::default();
    let mut verdicts = Verdicts::default();
    let mut spread = Spread::default();

    let seeds = async {
        let found = seeds::find(&context, &mut findings, &mut verdicts, &mut spread).await?;
        named_messages::add(&context, &mut findings, &mut verdicts, &mut spread, found).await
    };
    let seeds = progress.stage(Stage::Seeds, seeds).await?;

    let teams = teams::find(&context, &mut findings, &mut directory, &seeds);
    let teams = progress.stage(Stage::Teams, teams).await?;

    // The stage is only started, not completed: its messages are listed but not read.
    (progress.started)(Stage::Messages);
    let listing = messages::list(&context, &mut findings, &teams, &seeds.messages).await?;
    // The load repeats requests whose failure is recorded in the journal, so failures after this point are not gaps
    // yet.
    let (gaps, notes) = (findings.gaps.list(), findings.notes.list());

    let context = context.offline();
    let mut urls = seeds.urls;
    let messages = plan_messages(&context, &mut findings.graph, &mut urls, &listing).await?;
    let mut known = Known {
        directory,
        urls,
        verdicts,
        spread,
        chat_users: BTreeSet::new(),
    };
    let chats = plan_chats(&context, &mut findings, &mut known, listing).await?;
    let urls = known.urls;
    Ok(Plan {
        urls: count(&findings.graph),
        urls_complete: messages.unread == 0,
        providers: plan_providers(&context, &findings.graph, &urls)?,
        queries: plan_queries(&context, &findings, &urls),
        unknown: unknown(&context.options, &messages, chats),
        messages,
        chats,
        gaps,
        notes,
    })
}

/// Reads the messages in the journal with their urls, and counts those that are not in it.
async fn plan_messages(
    context: &Context,
    graph: &mut Graph,
    urls: &mut Urls,
    listing: &Listing,
) -> Result<MessagePlan, Failure> {
    let mut teams: BTreeMap<TeamId, TeamPlan> = BTreeMap::new();
    let mut found: BTreeSet<(ChannelId, String)> = BTreeSet::new();
    let changed = changed_since(context.window, context.now);
    for team in listing.teams() {
        let before = replayed(&context.client);
        let visit = |message: ReadMessage| {
            let Some(wanted) = listing.wants(&team, &message.message.value) else {
                return;
            };
            if found.insert((wanted.channel, wanted.id)) {
                let seen = Seen::in_record(message.message.record);
                for link in message.links {
                    urls.put(graph, link.url, seen);
                }
            }
        };
        let read = bodies::reader(context);
        let read = match context
            .msgraph
            .team_messages(team.as_str(), changed, read, visit)
            .await
        {
            Ok(problem) => problem.is_none(),
            Err(Failure::NotRecorded(_)) => false,
            Err(failure) => return Err(failure),
        };
        let plan = TeamPlan {
            id: team.to_string(),
            name: String::new(),
            read,
            pages_recorded: replayed(&context.client) - before,
            requests_at_least: 0,
            channels: Vec::new(),
        };
        teams.insert(team, plan);
    }
    for (id, channel) in listing.channels() {
        let is_found = |message: &str| found.contains(&(id.clone(), message.to_owned()));
        for (team, listed) in &channel.teams {
            let Some(plan) = teams.get_mut(team) else {
                continue;
            };
            plan.name.clone_from(&listed.team_name);
            plan.channels.push(ChannelPlan {
                id: id.to_string(),
                name: listed.name.clone(),
                listed: channel.messages.len(),
                recorded: channel
                    .messages
                    .keys()
                    .filter(|message| is_found(message))
                    .count(),
            });
        }
    }
    let pending = lacking(context, listing, &found, &teams)?;
    let mut teams: Vec<TeamPlan> = teams.into_values().collect();
    for team in teams.iter_mut().filter(|team| !team.read) {
        let pages = team.listed().div_ceil(msgraph::PAGE);
        team.requests_at_least = pages.saturating_sub(team.pages_recorded).max(1);
    }
    for team in &mut teams {
        let singly = pending.get(team.id.as_str()).copied();
        team.requests_at_least += singly.unwrap_or_default().div_ceil(msgraph::ENVELOPE);
    }
    let requests = teams.iter().map(|team| team.requests_at_least);
    let (sum, longest) = (requests.clone().sum(), requests.max().unwrap_or_default());
    let (of_team, of_all) = context.msgraph.message_rates();
    let unread = teams.iter().filter(|team| !team.read);
    let unread = unread.flat_map(|team| &team.channels);
    Ok(MessagePlan {
        listed: teams.iter().map(TeamPlan::listed).sum(),
        unread: unread
            .map(|channel| channel.listed - channel.recorded)
            .sum::<usize>()
            + pending.values().sum::<usize>(),
        requests_at_least: sum,
        seconds_at_least: (longest as f64 / of_team).max(sum as f64 / of_all),
        estimate: ESTIMATE,
        teams,
    })
}

/// How many listed messages of each team will be asked for one by one: the list of the team is in the journal and lacks
/// them, and so does the journal.
fn lacking(
    context: &Context,
    listing: &Listing,
    found: &BTreeSet<(ChannelId, String)>,
    teams: &BTreeMap<TeamId, TeamPlan>,
) -> Result<BTreeMap<String, usize>, Failure> {
    let mut pending = BTreeMap::new();
    for (id, channel) in listing.channels() {
        let mut of_channel = channel.teams.keys();
        let is_read = |team: &&TeamId| teams.get(*team).is_some_and(|team| team.read);
        let Some(team) = of_channel.find(is_read) else {
            continue;
        };
        for message in channel.messages.keys().rev().take(absent::OF_A_CHANNEL) {
            let place = (id.clone(), message.to_string());
            if found.contains(&place) {
                continue;
            }
            let place = MessagePlace {
                team: team.to_string(),
                channel: id.to_string(),
                root: None,
                id: place.1,
            };
            if !context.msgraph.has_on_record(&place)? {
                *pending.entry(team.to_string()).or_default() += 1;
            }
        }
    }
    Ok(pending)
}

/// Reads the chats in the journal with their urls.
async fn plan_chats(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
    listing: Listing,
) -> Result<ChatPlan, Failure> {
    let options = &context.options;
    // Others are known from the log alone.
    let chats = |graph: &Graph| {
        let mut chats = graph.labelled(Label::Chat);
        chats.retain(|chat| !graph.sources(*chat, EdgeType::ParticipatesIn).is_empty());
        chats.len()
    };
    let chats_before = chats(&findings.graph);
    let never = options.chats_of == ChatsOf::None || options.rounds == 0;
    let (urls_before, gaps_before) = (count(&findings.graph), findings.gaps.list());
    let whole = match read_to_chats(context, findings, known, listing).await {
        Ok(()) => true,
        Err(Failure::NotRecorded(_)) => false,
        Err(failure) => return Err(failure),
    };
    Ok(ChatPlan {
        recorded: chats(&findings.graph) - chats_before,
        urls: count(&findings.graph) - urls_before,
        // Failed requests are retried by the load and may add chats, so the plan is incomplete.
        complete: never || whole && findings.gaps.list() == gaps_before,
    })
}

/// The number of urls in the graph.
fn count(graph: &Graph) -> usize {
    let labels = graph.labels();
    labels.filter(|label| *label == Label::Url).count()
}

/// Runs the stages up to the chats, until an answer is missing in the journal. The graph and the urls keep what was
/// found before that.
async fn read_to_chats(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
    listing: Listing,
) -> Result<(), Failure> {
    let Known {
        directory,
        urls,
        verdicts,
        ..
    } = &mut *known;
    messages::read_listed(context, findings, directory, urls, listing).await?;
    intel::ask(context, findings, urls, verdicts).await?;
    spread::follow(context, findings, known, Stage::Spread).await?;
    spread::what_was_done(context, findings, known, Stage::Spread).await?;
    chats::read(context, findings, known).await
}

impl TeamPlan {
    /// The number of messages of the team that the audit log lists.
    pub fn listed(&self) -> usize {
        self.channels.iter().map(|channel| channel.listed).sum()
    }
}

/// The number of answers of Microsoft Graph that came from the journal.
fn replayed(client: &Client) -> usize {
    let counts = client.counts();
    let replayed = counts.get(&msgraph::SOURCE).map(|counts| counts.replayed);
    usize::try_from(replayed.unwrap_or_default()).unwrap_or(usize::MAX)
}

fn plan_providers(
    context: &Context,
    graph: &Graph,
    urls: &Urls,
) -> Result<Vec<ProviderPlan>, Failure> {
    let urls: Vec<Url> = urls
        .nodes(graph)
        .into_iter()
        .filter_map(|node| urls.url(graph, node))
        .collect();
    let providers = context.intel.providers.iter();
    // What Defender says is taken from rows: it is asked nothing.
    let asked = providers.filter(|provider| !matches!(provider, Provider::Defender));
    asked
        .map(|provider| plan_provider(context, provider, &urls))
        .collect()
}

fn plan_provider(
    context: &Context,
    provider: &Provider,
    urls: &[Url],
) -> Result<ProviderPlan, Failure> {
    let quotas = &context.intel.quotas;
    let rates = quotas.rates(provider.name());
    let lookups = Lookups::of(provider, &context.intel.privacy, urls);
    let mut plan = ProviderPlan {
        name: provider.name(),
        inside: provider.local(),
        send: Vec::new(),
        recorded: Vec::new(),
        kept: Vec::new(),
        held_back: Vec::new(),
        looked_up: lookups.workspace.len() + lookups.local.len() + lookups.not_named,
        queries: chunks(lookups.workspace, |(_, values)| values.clone()).len(),
        rates: rates.iter().map(ToString::to_string).collect(),
        quotas: Vec::new(),
        seconds_at_least: 0.0,
    };
    for (url, reason) in lookups.withheld {
        plan.held_back.push(HeldBack {
            url: url.into(),
            reason,
        });
    }
    for request in &lookups.requests {
        let sent = Sent::of(request);
        let recorded = context.client.on_record(&request.request)?;
        if recorded.is_some() {
            plan.recorded.push(sent);
        } else if is_kept(context, provider, request) {
            plan.kept.push(sent);
        } else {
            if plan.send.is_empty() {
                let left = quotas.left(&request.request).into_iter();
                let left = left.map(|(rate, left)| Quota {
                    quota: rate.to_string(),
                    left,
                    over: 0,
                });
                plan.quotas = left.collect();
            }
            plan.send.push(sent);
        }
    }
    for quota in &mut plan.quotas {
        quota.over = (plan.send.len() as u64).saturating_sub(quota.left);
    }
    let seconds = rates.iter();
    let seconds = seconds.filter_map(|rate| rate.seconds_for(plan.send.len()));
    plan.seconds_at_least = seconds.fold(0.0, f64::max);
    Ok(plan)
}

/// True when the cache has a valid answer to a request.
fn is_kept(context: &Context, provider: &Provider, request: &SharedRequest) -> bool {
    match provider {
        Provider::Service(service) => {
            let cache = context.intel.cache.as_ref();
            request.kept_answer(service, cache).is_some()
        }
        Provider::Workspace(_) | Provider::List(_) | Provider::Defender => false,
    }
}

impl Sent {
    fn of(request: &SharedRequest) -> Self {
        let urls = request.urls.iter();
        let first = request.urls.first();
        let asked = first.map(|url| match &url.sent_as {
            Some(sent_as) => sent_as.clone(),
            None => url.url.to_string(),
        });
        Self {
            asked: asked.unwrap_or_default(),
            urls: urls.map(|url| url.url.to_string()).collect(),
        }
    }
}

fn plan_queries(context: &Context, findings: &Findings, urls: &Urls) -> QueryPlan {
    let mut hunting = 0;
    let mut count = |query: Query| {
        let of_urls = match query {
            // The messages with the urls are one list.
            Query::PostDelivery => pivot::query_count(context, &findings.graph, urls, query).min(1),
            query => pivot::query_count(context, &findings.graph, urls, query),
        };
        if is_hunted(context, findings, query) {
            hunting += of_urls;
        }
        of_urls
    };
    let spread = [Query::MessagesOn, Query::PostDelivery].map(&mut count);
    let hosts = [Query::ProxyHosts, Query::DefenderHosts, Query::ClicksOn].map(&mut count);
    let alerts = count(Query::Alerts);
    QueryPlan {
        spread: spread.iter().sum(),
        hosts: hosts.iter().sum(),
        alerts,
        hunting,
        if_all_risky: context.options.pivot_on == PivotOn::Risky,
    }
}

/// True when a query will be asked in advanced hunting: there is no workspace, or it lacks a table that is there.
fn is_hunted(context: &Context, findings: &Findings, query: Query) -> bool {
    let places = context.logs.places();
    let has = |place: Place| places.iter().any(|at| at.place() == place);
    let stand_in = query.stand_in().into_iter().flat_map(Query::tables);
    let mut tables = query.tables().chain(stand_in);
    has(Place::Hunting)
        && (!has(Place::Workspace) || tables.any(|table| findings.hunted.contains(table)))
}

fn unknown(options: &Options, messages: &MessagePlan, chats: ChatPlan) -> Vec<String> {
    let mut unknown = Vec::new();
    if messages.unread > 0 {
        unknown.push(format!(
            "{} message(s) are unread, so their urls are not listed here; `load --until links` reads them (Microsoft Graph only, nothing leaves the tenant), after which `load --plan` lists them",
            messages.unread
        ));
    }
    unknown.push(
        "every message of the tenant that holds a risky url is found after the verdicts and read in Microsoft Graph, and where clicks on it were led on to is found too; the same providers are asked about other urls in these by the same rules"
            .to_owned(),
    );
    if !chats.complete {
        let whose = match options.chats_of {
            ChatsOf::All => "all senders of links",
            ChatsOf::Touched => {
                "those who sent or received a risky url, opened or clicked one (the verdicts tell who)"
            }
            _ => "those who sent a risky url (the verdicts tell who)",
        };
        let listed = match chats.recorded {
            0 => "they are not listed here".to_owned(),
            recorded => {
                format!("those of the {recorded} chat(s) on record are listed here, others are not")
            }
        };
        unknown.push(format!(
            "chats of {whose} are read after that, and the same providers are asked about the urls in them by the same rules; {listed} (a case made with --chats-of none reads no chat)"
        ));
    }
    if options.pivot_on == PivotOn::Risky {
        unknown.push(
            "hosts and alerts are looked for by risky urls alone (the verdicts tell which); the queries stay inside the tenant"
                .to_owned(),
        );
    }
    unknown
}
