//! Stage 9, alerts: finds the alerts that name a url, or a risky message or its thread, with the hosts and accounts in
//! the same alert.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;

use super::context::Context;
use super::findings::Findings;
use super::known::Known;
use super::pivot::{self, Target};
use super::verdicts::Verdicts;
use super::{devices, people, risk};
use crate::graph::node::Alert;
use crate::graph::{Edge, EdgeType, Graph, Label, NodeRef, Seen};
use crate::http::Failure;
use crate::link::{self, MessageAddress};
use crate::model::{Stage, sorted};
use crate::source::logs::{Entity, Place, Query, Row, alert_id, chunks, evidence_entities};

const STAGE: Stage = Stage::Alerts;

/// What alerts are searched for.
struct Wanted<'t> {
    urls: HashMap<&'t Url, NodeRef>,
    /// The risky messages.
    messages: BTreeSet<NodeRef>,
    /// The channels and chats in which they stand, by id.
    threads: BTreeMap<String, NodeRef>,
}

impl<'t> Wanted<'t> {
    fn of(graph: &Graph, verdicts: &Verdicts, targets: &'t [Target]) -> Self {
        let messages = risk::messages(graph, verdicts);
        let places = messages.iter();
        let places = places.flat_map(|message| graph.targets(*message, EdgeType::PostedIn));
        Self {
            urls: targets
                .iter()
                .map(|target| (&target.url, target.node))
                .collect(),
            threads: places
                .map(|place| (graph.node(place).id.clone(), place))
                .collect(),
            messages: messages.into_iter().collect(),
        }
    }

    /// The node that an entity of Teams names: a message, or else the thread of one.
    fn of_teams(&self, graph: &Graph, entity: Entity<'_>) -> Option<NodeRef> {
        let message = |text: &str| {
            let id = MessageAddress::parse_any(text)?.id();
            let node = graph.find(Label::Message, id.as_str())?;
            self.messages.contains(&node).then_some(node)
        };
        let texts: Vec<&str> = entity.texts().collect();
        let named = texts.iter().find_map(|text| message(text));
        named.or_else(|| {
            let holds = |id: &str| texts.iter().any(|text| text.contains(id));
            let mut threads = self.threads.iter();
            let (_, place) = threads.find(|(id, _)| holds(id))?;
            Some(*place)
        })
    }
}

/// Finds the alerts that name the urls, and those that name a risky message or its thread.
pub(super) async fn find(
    context: &Context,
    findings: &mut Findings,
    known: &Known,
) -> Result<(), Failure> {
    let Known { urls, verdicts, .. } = known;
    let targets = pivot::targets(context, &findings.graph, urls, verdicts);
    let wanted = Wanted::of(&findings.graph, verdicts, &targets);
    let hosts = targets
        .iter()
        .flat_map(|target| target.hosts.iter().cloned());
    let needles = sorted(hosts.chain(wanted.threads.keys().cloned()).collect());
    if needles.is_empty() {
        return Ok(());
    }
    let needles = chunks(needles, |needle: &String| vec![needle.clone()]);
    let logs = &context.logs;
    let answers = logs
        .query_chunks(Query::Alerts, context.window, "needles", needles)
        .await?;
    // Several queries can return the same alert.
    let mut alerts: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for answer in &answers {
        for row in &answer.rows {
            let id = alert_id(row.text("alert_id"), row.text("vendor_id"));
            if id.is_empty() {
                continue;
            }
            let rows = alerts.entry(id).or_default();
            match answer.query {
                // A row is a piece of evidence.
                Query::AlertsDefender => rows.push(row),
                // A row is the whole alert. Two of one alert come from two connectors: the newer one counts.
                _ if rows.iter().all(|known| age(known) < age(row)) => *rows = vec![row],
                _ => {}
            }
        }
    }
    for (id, rows) in alerts {
        match rows.as_slice() {
            [row] if row.has("entities") => put(findings, id, row, &wanted),
            rows => put_evidence(findings, id, rows, &wanted),
        }
    }
    let answers = answers.into_iter();
    findings.add_log_problems(STAGE, answers.flat_map(|rows| rows.problems));
    Ok(())
}

/// Of two rows of one alert the greater one is the newer.
fn age(row: &Row) -> (Option<DateTime<Utc>>, &str) {
    (row.time("generated"), row.text("alert_id"))
}

/// Puts an alert of the workspace into the graph, with the entities that it names, if it names what is searched for.
fn put(findings: &mut Findings, id: &str, row: &Row, wanted: &Wanted<'_>) {
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

/// Puts an alert of Defender into the graph, with the entities in all pieces of its evidence, if one of them is
/// searched for.
fn put_evidence(findings: &mut Findings, id: &str, rows: &[&Row], wanted: &Wanted<'_>) {
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

/// Puts an alert into the graph, if one of its entities is searched for.
fn put_alert(
    findings: &mut Findings,
    alert: Alert,
    seen: Seen,
    entities: Vec<(Entity<'_>, Seen)>,
    wanted: &Wanted<'_>,
) {
    let graph = &mut findings.graph;
    let named = |(entity, seen): &(Entity<'_>, Seen)| {
        let node = if entity.is("url") {
            let (url, _) = link::canonical(entity.text("Url"))?;
            wanted.urls.get(&url).copied()?
        } else if entity.is("host") || entity.is("account") {
            return None;
        } else {
            wanted.of_teams(graph, *entity)?
        };
        Some((node, *seen))
    };
    let named: Vec<(NodeRef, Seen)> = entities.iter().filter_map(named).collect();
    if named.is_empty() {
        return;
    }
    let alert = graph.put(alert, seen);
    for (node, seen) in named {
        graph.see(alert, seen);
        graph.see(node, seen);
        graph.link(alert, Edge::Mentions, node, seen);
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
