//! Stage 8, alerts: finds the alerts that name a url, with the hosts and accounts in the same alert.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use url::Url;

use super::context::Context;
use super::findings::Findings;
use super::pivot::{self, Target};
use super::{devices, people};
use crate::graph::node::Alert;
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::link;
use crate::model::Stage;
use crate::source::logs::{self, Entity, Query, Row};

const STAGE: Stage = Stage::Alerts;

/// Finds the alerts that name the urls.
pub(super) async fn find(
    context: &Context,
    findings: &mut Findings,
    targets: &[Target],
) -> Result<(), Failure> {
    if targets.is_empty() {
        return Ok(());
    }
    let chunks = pivot::search(context, Query::Alerts, context.window, targets).await?;
    // Chunks of a query can have search terms in common, so several queries can return the same alert.
    let mut alerts: BTreeMap<&str, &Row> = BTreeMap::new();
    for row in chunks.iter().flat_map(|chunk| &chunk.rows.rows) {
        let id = row.text("alert_id");
        if !id.is_empty() {
            alerts.insert(id, row);
        }
    }
    let wanted: HashMap<&Url, NodeRef> = targets
        .iter()
        .map(|target| (&target.url, target.node))
        .collect();
    for (id, row) in alerts {
        put(findings, id, row, &wanted);
    }
    let chunks = chunks.into_iter();
    findings.add_log_problems(STAGE, chunks.flat_map(|chunk| chunk.rows.problems));
    Ok(())
}

/// Puts an alert into the graph, with the entities that it names, if it names one of these urls.
fn put(findings: &mut Findings, id: &str, row: &Row, wanted: &HashMap<&Url, NodeRef>) {
    let Ok(entities) = serde_json::from_str::<Value>(row.text("entities")) else {
        let reason = "the entities of an alert are no JSON, so what it names is not known; look at it in Sentinel";
        findings.gaps.add(STAGE, logs::SOURCE, reason, 1);
        return;
    };
    let entities = Entity::all(&entities);
    let url = |entity: &Entity<'_>| {
        let (url, _) = link::canonical(entity.text("Url"))?;
        wanted.get(&url).copied()
    };
    let urls = entities.iter().filter(|entity| entity.is("url"));
    let urls: Vec<NodeRef> = urls.filter_map(url).collect();
    if urls.is_empty() {
        return;
    }
    let graph = &mut findings.graph;
    let seen = Seen::at(row.record, row.time("time"));
    let alert = graph.put(node(id, row), seen);
    for url in urls {
        graph.see(url, seen);
        graph.link(alert, Edge::Mentions, url, seen);
    }
    for entity in entities {
        let named = if entity.is("host") {
            let device = entity.device();
            device.and_then(|device| devices::put_entity(graph, &device, seen))
        } else if entity.is("account") {
            people::put_logged(graph, entity.text("AadUserId"), &entity.upn(), seen)
        } else {
            None
        };
        if let Some(named) = named {
            graph.link(alert, Edge::Mentions, named, seen);
        }
    }
}

fn node(id: &str, row: &Row) -> Alert {
    let text = |column: &str| Some(row.text(column).to_owned());
    let tactics = row.text("tactics").split(',').map(str::trim);
    Alert {
        id: id.into(),
        name: text("name"),
        severity: text("severity"),
        provider: text("provider"),
        product: text("product"),
        time: row.time("time"),
        status: text("status"),
        tactics: tactics
            .filter(|tactic| !tactic.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}
