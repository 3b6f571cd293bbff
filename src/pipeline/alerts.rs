//! Stage 8, alerts: finds the alerts that name a url, with the hosts and accounts in the same alert.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
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
use crate::source::logs::{Entity, Place, Query, Row, alert_id, evidence_entities};

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
    let mut alerts: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for chunk in &chunks {
        for row in &chunk.rows.rows {
            let id = alert_id(row.text("alert_id"), row.text("vendor_id"));
            if id.is_empty() {
                continue;
            }
            let rows = alerts.entry(id).or_default();
            match chunk.rows.query {
                // A row is a piece of evidence.
                Query::AlertsDefender => rows.push(row),
                // A row is the whole alert. Two of one alert come from two connectors: the newer one counts.
                _ if rows.iter().all(|known| age(known) < age(row)) => *rows = vec![row],
                _ => {}
            }
        }
    }
    let wanted: HashMap<&Url, NodeRef> = targets
        .iter()
        .map(|target| (&target.url, target.node))
        .collect();
    for (id, rows) in alerts {
        match rows.as_slice() {
            [row] if row.has("entities") => put(findings, id, row, &wanted),
            rows => put_evidence(findings, id, rows, &wanted),
        }
    }
    let chunks = chunks.into_iter();
    findings.add_log_problems(STAGE, chunks.flat_map(|chunk| chunk.rows.problems));
    Ok(())
}

/// Of two rows of one alert the greater one is the newer.
fn age(row: &Row) -> (Option<DateTime<Utc>>, &str) {
    (row.time("generated"), row.text("alert_id"))
}

/// Puts an alert of the workspace into the graph, with the entities that it names, if it names one of these urls.
fn put(findings: &mut Findings, id: &str, row: &Row, wanted: &HashMap<&Url, NodeRef>) {
    let Ok(entities) = serde_json::from_str::<Value>(row.text("entities")) else {
        let reason = "the entities of an alert are no JSON, so what it names is not known; look at it in Sentinel";
        findings
            .gaps
            .add(STAGE, Place::Workspace.source(), reason, 1);
        return;
    };
    let seen = Seen::at(row.record, row.time("time"));
    let entities = Entity::all(&entities);
    let entities = entities.into_iter().map(|entity| (entity, seen)).collect();
    put_alert(findings, node(id, row), seen, entities, wanted);
}

/// Puts an alert of Defender into the graph, with the entities in all pieces of its evidence, if one of them is one of these
/// urls.
fn put_evidence(findings: &mut Findings, id: &str, rows: &[&Row], wanted: &HashMap<&Url, NodeRef>) {
    let Some(first) = rows.first() else {
        return;
    };
    let pieces: Vec<(Value, Seen)> = rows
        .iter()
        .map(|row| {
            let seen = Seen::at(row.record, row.time("time"));
            (evidence_entities(|column| row.text(column)), seen)
        })
        .collect();
    let entities = pieces.iter().flat_map(|(entities, seen)| {
        let entities = Entity::all(entities);
        entities.into_iter().map(|entity| (entity, *seen))
    });
    let seen = Seen::at(first.record, first.time("time"));
    put_alert(
        findings,
        defender_node(id, first),
        seen,
        entities.collect(),
        wanted,
    );
}

/// Puts an alert into the graph, if one of its entities is one of these urls.
fn put_alert(
    findings: &mut Findings,
    alert: Alert,
    seen: Seen,
    entities: Vec<(Entity<'_>, Seen)>,
    wanted: &HashMap<&Url, NodeRef>,
) {
    let url = |(entity, seen): &(Entity<'_>, Seen)| {
        let (url, _) = link::canonical(entity.text("Url"))?;
        Some((wanted.get(&url).copied()?, *seen))
    };
    let urls = entities.iter().filter(|(entity, _)| entity.is("url"));
    let urls: Vec<(NodeRef, Seen)> = urls.filter_map(url).collect();
    if urls.is_empty() {
        return;
    }
    let graph = &mut findings.graph;
    let alert = graph.put(alert, seen);
    for (url, seen) in urls {
        graph.see(alert, seen);
        graph.see(url, seen);
        graph.link(alert, Edge::Mentions, url, seen);
    }
    for (entity, seen) in entities {
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

/// The products of Defender, by their name in its own tables, and their provider and product in those of a workspace.
const PRODUCTS: [(&str, &str, &str); 8] = [
    (
        "Microsoft Defender for Endpoint",
        "MDATP",
        "Microsoft Defender Advanced Threat Protection",
    ),
    (
        "Microsoft Defender for Office 365",
        "OATP",
        "Office 365 Advanced Threat Protection",
    ),
    (
        "Microsoft Defender for Identity",
        "AATP",
        "Azure Advanced Threat Protection",
    ),
    (
        "Microsoft Defender for Cloud Apps",
        "MCAS",
        "Microsoft Cloud App Security",
    ),
    (
        "Microsoft Cloud App Security",
        "MCAS",
        "Microsoft Cloud App Security",
    ),
    (
        "Microsoft Entra ID Protection",
        "IPC",
        "Azure Active Directory Identity Protection",
    ),
    (
        "AAD Identity Protection",
        "IPC",
        "Azure Active Directory Identity Protection",
    ),
    (
        "Microsoft 365 Defender",
        "Microsoft 365 Defender",
        "Microsoft 365 Defender",
    ),
];

/// The node of an alert of Defender, in the words of a workspace. Its tables do not tell the status.
fn defender_node(id: &str, row: &Row) -> Alert {
    let service = row.text("service");
    let known = PRODUCTS
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(service));
    let (provider, product) = match known {
        Some((_, provider, product)) => (*provider, *product),
        None => (row.text("detection"), service),
    };
    Alert {
        provider: Some(provider.to_owned()),
        product: Some(product.to_owned()),
        status: None,
        tactics: tactics(row.text("category")),
        ..node(id, row)
    }
}

fn node(id: &str, row: &Row) -> Alert {
    let text = |column: &str| Some(row.text(column).to_owned());
    Alert {
        id: id.into(),
        name: text("name"),
        severity: text("severity"),
        provider: text("provider"),
        product: text("product"),
        time: row.time("time"),
        status: text("status"),
        tactics: tactics(row.text("tactics")),
    }
}

/// The tactics in a list with commas.
fn tactics(list: &str) -> Vec<String> {
    let tactics = list.split(',').map(str::trim);
    let tactics = tactics.filter(|tactic| !tactic.is_empty());
    tactics.map(str::to_owned).collect()
}
