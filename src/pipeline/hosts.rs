//! Stage 8, hosts: finds the hosts that connected to the urls, the users who clicked them, and where clicks were led on
//! to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::try_join;
use url::Url;

use super::context::Context;
use super::counted::CountedEvents;
use super::findings::Findings;
use super::known::Known;
use super::pivot::{self, Chunk, Target};
use super::urls::Urls;
use super::verdicts::Verdicts;
use super::{clicks, devices, intel, people, spread};
use crate::graph::{Edge, Graph, NodeRef, Seen};
use crate::http::Failure;
use crate::link::{self, MatchKind};
use crate::model::Stage;
use crate::source::logs::{Query, Row};

const STAGE: Stage = Stage::Hosts;

/// The connections from one host to one url.
#[derive(Default)]
struct Connections {
    /// Connections to exactly this url.
    exact: Vec<Connection>,
    /// Connections of which only the host of the url is known.
    host: Vec<Connection>,
}

/// The connections that one row counts.
struct Connection {
    /// The kind of log, in the spelling of the graph.
    source: &'static str,
    count: i64,
    seen: Seen,
}

/// The logged connections, by host and url.
type ConnectionsByHost = BTreeMap<(NodeRef, NodeRef), Connections>;

/// Finds the hosts that connected to the urls, and the users who clicked them. `counted` has the clicks that the graph
/// counts already. Where a click was led on to urls that are new, they are rated, and if one of them is risky it is
/// searched for like the others.
pub(super) async fn find(
    context: &Context,
    findings: &mut Findings,
    known: &mut Known,
    mut counted: CountedEvents,
) -> Result<(), Failure> {
    let mut done = BTreeSet::new();
    let mut shared = 0;
    for _ in 0..context.options.rounds.max(1) {
        let Known { urls, verdicts, .. } = &mut *known;
        let mut targets = pivot::targets(context, &findings.graph, urls, verdicts);
        targets.retain(|target| done.insert(target.node));
        if targets.is_empty() {
            break;
        }
        shared += targets.iter().filter(|target| target.shared).count();
        search(context, findings, urls, verdicts, &targets, &mut counted).await?;
        intel::ask_about_new(context, findings, STAGE, urls, verdicts).await?;
        spread::follow(context, findings, known, STAGE).await?;
        spread::read_rest(context, findings, known, STAGE).await?;
    }
    let Known { urls, verdicts, .. } = &*known;
    let mut left = pivot::targets(context, &findings.graph, urls, verdicts);
    left.retain(|target| !done.contains(&target.node));
    let reason = "all rounds are used up and urls to which clicks were led on turned out to be risky: they were not looked for on hosts and in clicks; raise --rounds in a new case, or name them with --url";
    let count = left.len() as u64;
    findings
        .notes
        .add(STAGE, context.logs.first().source(), reason, count);
    let reason = "on hosts that many parties share only the very url was looked for, not its host";
    findings
        .notes
        .add(STAGE, context.logs.first().source(), reason, shared as u64);
    Ok(())
}

/// Searches for these urls in the logs of hosts and clicks.
async fn search(
    context: &Context,
    findings: &mut Findings,
    urls: &mut Urls,
    verdicts: &mut Verdicts,
    targets: &[Target],
    counted: &mut CountedEvents,
) -> Result<(), Failure> {
    let pivot_window = context.options.pivot_window(context.window);
    let (proxy, defender, clicks) = try_join!(
        pivot::search(context, Query::ProxyHosts, pivot_window, targets),
        pivot::search(context, Query::DefenderHosts, pivot_window, targets),
        pivot::search(context, Query::ClicksOn, context.window, targets),
    )?;
    let graph = &mut findings.graph;
    let mut connections = ConnectionsByHost::new();
    for (source, chunks) in [("proxy", &proxy), ("defender", &defender)] {
        for chunk in chunks {
            put_hosts(graph, counted, source, chunk, &mut connections);
        }
    }
    put_connections(graph, connections);
    let wanted: BTreeSet<&Url> = targets.iter().map(|target| &target.url).collect();
    for row in clicks.iter().flat_map(|chunk| &chunk.rows.rows) {
        // A click counts too when it was led on to such a url.
        if clicks::chain(row).iter().any(|step| wanted.contains(step)) {
            clicks::put(graph, urls, &mut verdicts.words, counted, row);
        }
    }
    let chunks = [proxy, defender, clicks].into_iter().flatten();
    findings.add_log_problems(STAGE, chunks.flat_map(|chunk| chunk.rows.problems));
    Ok(())
}

/// Puts the hosts that connected to a url of this chunk into the graph, with their users, and collects the connections.
fn put_hosts(
    graph: &mut Graph,
    counted: &mut CountedEvents,
    source: &'static str,
    chunk: &Chunk<'_>,
    connections: &mut ConnectionsByHost,
) {
    let mut by_host: HashMap<&str, Vec<&Target>> = HashMap::new();
    for target in &chunk.targets {
        let host = link::host(&target.url).unwrap_or_default();
        by_host.entry(host).or_default().push(target);
    }
    for row in &chunk.rows.rows {
        let logged = Logged::of(row);
        let hosts = [&logged.request, &logged.destination];
        let hosts = hosts.map(|text| link::request_host(text));
        let hosts: BTreeSet<&str> = hosts.iter().flatten().map(String::as_str).collect();
        let hits: Vec<(&Target, MatchKind)> = hosts
            .into_iter()
            .filter_map(|host| by_host.get(host))
            .flatten()
            .filter_map(|target| Some((*target, logged.hit(&target.url)?)))
            .filter(|(target, hit)| *hit == MatchKind::Url || !target.shared)
            .collect();
        if hits.is_empty() {
            continue;
        }
        let Some(host) = devices::put_logged(graph, row, Seen::in_record(row.record)) else {
            continue;
        };
        let seen = Seen::between(row.record, row.time("first"), row.time("last"));
        let count = row.integer("events");
        for (target, hit) in hits {
            let found = connections.entry((host, target.node)).or_default();
            let found = match hit {
                MatchKind::Url => &mut found.exact,
                MatchKind::Host => &mut found.host,
            };
            found.push(Connection {
                source,
                count,
                seen,
            });
        }
        let (id, upn) = (row.text("object_id"), row.text("upn"));
        if let Some(user) = people::put_logged(graph, id, upn, seen) {
            let count = counted.add(source, row, count);
            graph.link(user, Edge::Used { count }, host, seen);
        }
    }
}

/// Links hosts to the urls that they connected to.
fn put_connections(graph: &mut Graph, connections: ConnectionsByHost) {
    for ((host, url), found) in connections {
        // A connection to exactly this url outranks connections to its host.
        let (matched, found) = if found.exact.is_empty() {
            (MatchKind::Host, found.host)
        } else {
            (MatchKind::Url, found.exact)
        };
        for Connection {
            source,
            count,
            seen,
        } in found
        {
            graph.see(host, seen);
            graph.see(url, seen);
            let edge = Edge::ConnectedTo {
                matched,
                sources: vec![source.to_owned()],
                count,
            };
            graph.link(host, edge, url, seen);
        }
    }
}

/// What a row of a proxy says was asked for.
struct Logged {
    request: String,
    destination: String,
}

impl Logged {
    /// Some products name it in their extensions alone.
    fn of(row: &Row) -> Self {
        let (request, destination) = (row.text("url"), row.text("destination"));
        if request.is_empty() && destination.is_empty() {
            let (request, destination) = link::extended_request(row.text("extensions"));
            return Self {
                request,
                destination,
            };
        }
        Self {
            request: request.to_owned(),
            destination: destination.to_owned(),
        }
    }

    /// How it matches the url; `None` when it does not.
    fn hit(&self, url: &Url) -> Option<MatchKind> {
        link::logged_request_match(&self.request, &self.destination, url)
    }
}
