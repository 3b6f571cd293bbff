//! Stage 8: alerts that name the urls, with the hosts and accounts that they name beside them.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use url::Url;

use super::Investigation;
use crate::graph::node::{Alert, Host};
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::link;
use crate::model::Stage;
use crate::source::logs::{self, Device, Entity, Query, Row};

const STAGE: Stage = Stage::Alerts;

pub(super) async fn run(run: &mut Investigation) -> Result<(), Failure> {
    let targets = run.targets();
    if targets.is_empty() {
        return Ok(());
    }
    let chunks = run.look_for(Query::Alerts, run.window, &targets).await?;
    let mut found: BTreeMap<String, &Row> = BTreeMap::new();
    for row in chunks.iter().flat_map(|chunk| &chunk.rows.rows) {
        let id = row.text("alert_id");
        if id.is_empty() {
            continue;
        }
        // Two queries whose words overlap tell of the same alert.
        found.insert(id.to_owned(), row);
    }
    let wanted: HashMap<&Url, NodeRef> = targets
        .iter()
        .map(|target| (&target.url, target.node))
        .collect();
    for (id, row) in found {
        put(run, id, row, &wanted);
    }
    run.sentinel_gaps(
        STAGE,
        chunks
            .into_iter()
            .flat_map(|chunk| chunk.rows.problems)
            .collect(),
    );
    Ok(())
}

fn put(run: &mut Investigation, id: String, row: &Row, wanted: &HashMap<&Url, NodeRef>) {
    let Ok(entities) = serde_json::from_str::<Value>(row.text("entities")) else {
        let reason = "the entities of an alert are no JSON, so what it names is not known; look at it in Sentinel";
        run.gaps.add(STAGE, logs::SOURCE, reason, 1);
        return;
    };
    let entities = Entity::all(&entities);
    let named = |entity: &Entity<'_>| {
        link::canonical(entity.text("Url")).and_then(|(url, _)| wanted.get(&url).copied())
    };
    let urls: Vec<NodeRef> = entities
        .iter()
        .filter(|entity| entity.is("url"))
        .filter_map(named)
        .collect();
    if urls.is_empty() {
        return;
    }
    let present = |column: &str| Some(row.text(column).to_owned());
    let seen = Seen::at(row.record, row.time("time"));
    let tactics = row
        .text("tactics")
        .split(',')
        .map(|tactic| tactic.trim().to_owned())
        .filter(|tactic| !tactic.is_empty());
    let alert = Alert {
        id: id.into(),
        name: present("name"),
        severity: present("severity"),
        provider: present("provider"),
        product: present("product"),
        time: row.time("time"),
        status: present("status"),
        tactics: tactics.collect(),
    };
    let alert = run.graph.put(alert, seen);
    for url in urls {
        run.graph.see(url, seen);
        run.graph.link(alert, Edge::Mentions, url, seen);
    }
    for entity in entities {
        if entity.is("host") {
            if let Some(host) = entity.device().and_then(host) {
                let host = run.graph.put(host, seen);
                run.graph.link(alert, Edge::Mentions, host, seen);
            }
        } else if entity.is("account")
            && let Some(user) = run.logged_user(entity.text("AadUserId"), &entity.upn(), seen)
        {
            run.graph.link(alert, Edge::Mentions, user, seen);
        }
    }
}

fn host(device: Device<'_>) -> Option<Host> {
    let host = Host::new(device.id, &device.name)?;
    Some(Host {
        os: (!device.os.is_empty()).then(|| device.os.to_owned()),
        ..host
    })
}
