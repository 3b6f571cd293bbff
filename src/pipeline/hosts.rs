//! Stage 7: which hosts went to the urls, and who clicked them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::try_join;
use url::Url;

use super::Investigation;
use super::pivot::{Chunk, Target};
use crate::graph::node::Host;
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::link::{self, MatchKind};
use crate::model::Stage;
use crate::source::logs::Query;
use crate::source::logs::{self, Row};

const STAGE: Stage = Stage::Hosts;

/// Records of connections from one host to one url: to the very url, and to its host only.
#[derive(Default)]
struct Connections {
    exact: Vec<(&'static str, i64, Seen)>,
    host: Vec<(&'static str, i64, Seen)>,
}

pub(super) async fn run(run: &mut Investigation) -> Result<(), Failure> {
    let targets = run.targets();
    if targets.is_empty() {
        return Ok(());
    }
    let pivot = run.scope.options.pivot_window(run.window);
    let (proxy, defender, clicks) = try_join!(
        run.look_for(Query::ProxyHosts, pivot, &targets),
        run.look_for(Query::DefenderHosts, pivot, &targets),
        run.look_for(Query::ClicksOn, run.window, &targets),
    )?;
    let mut connections = BTreeMap::new();
    for chunk in &proxy {
        connect(run, "proxy", chunk, &mut connections);
    }
    for chunk in &defender {
        connect(run, "defender", chunk, &mut connections);
    }
    for ((host, url), found) in connections {
        // What is known of the very url says more than any visit to its host.
        let (exact, records) = if found.exact.is_empty() {
            (false, found.host)
        } else {
            (true, found.exact)
        };
        for (source, count, seen) in records {
            run.graph.see(host, seen);
            run.graph.see(url, seen);
            let edge = Edge::ConnectedTo {
                exact,
                sources: vec![source.to_owned()],
                count,
            };
            run.graph.link(host, edge, url, seen);
        }
    }
    let wanted: HashMap<&Url, NodeRef> = targets
        .iter()
        .map(|target| (&target.url, target.node))
        .collect();
    for row in clicks.iter().flat_map(|chunk| &chunk.rows.rows) {
        if link::canonical(row.text("url")).is_some_and(|(url, _)| wanted.contains_key(&url)) {
            run.click(row);
        }
    }
    let shared = targets.iter().filter(|target| target.shared).count();
    if shared > 0 {
        let reason =
            "on hosts that many parties share only the very url was looked for, not its host";
        run.notes.add(STAGE, logs::SOURCE, reason, shared as u64);
    }
    let problems = [proxy, defender, clicks]
        .into_iter()
        .flatten()
        .flat_map(|chunk| chunk.rows.problems);
    run.sentinel_gaps(STAGE, problems.collect());
    Ok(())
}

fn connect(
    run: &mut Investigation,
    source: &'static str,
    chunk: &Chunk<'_>,
    connections: &mut BTreeMap<(NodeRef, NodeRef), Connections>,
) {
    let mut by_host: HashMap<&str, Vec<&Target>> = HashMap::new();
    for target in &chunk.targets {
        let host = link::host(&target.url).unwrap_or_default();
        by_host.entry(host).or_default().push(target);
    }
    for row in &chunk.rows.rows {
        let hosts = [row.text("url"), row.text("destination")].map(link::request_host);
        let hosts: BTreeSet<&str> = hosts.iter().flatten().map(String::as_str).collect();
        let hits: Vec<(&Target, MatchKind)> = hosts
            .into_iter()
            .filter_map(|host| by_host.get(host))
            .flatten()
            .filter_map(|target| Some((*target, goes_to(row, &target.url)?)))
            .filter(|(target, hit)| *hit == MatchKind::Url || !target.shared)
            .collect();
        if hits.is_empty() {
            continue;
        }
        let Some(host) = Host::new(row.text("device_id"), row.text("device_name")) else {
            continue;
        };
        let seen = Seen::between(row.record, row.time("first"), row.time("last"));
        let host = run.graph.put(host, Seen::in_record(row.record));
        let count = row.integer("events");
        for (target, hit) in hits {
            let found = connections.entry((host, target.node)).or_default();
            match hit {
                MatchKind::Url => found.exact.push((source, count, seen)),
                MatchKind::Host => found.host.push((source, count, seen)),
            }
        }
        if let Some(user) = run.logged_user(row.text("object_id"), row.text("upn"), seen) {
            // Two queries whose words overlap tell of the same events.
            let count = if run.first_time(format!("{source} {}", row.identity())) {
                count
            } else {
                0
            };
            run.graph.link(user, Edge::Used { count }, host, seen);
        }
    }
}

/// Whether a logged request went to the url, or to its host.
fn goes_to(row: &Row, url: &Url) -> Option<MatchKind> {
    link::logged_request_match(row.text("url"), row.text("destination"), url)
}
