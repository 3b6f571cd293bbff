//! Stage 8: alerts that name the urls, with the hosts and accounts that they name beside them.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use url::Url;

use super::Investigation;
use crate::graph::node::{Alert, Host};
use crate::graph::{Edge, NodeRef, Seen};
use crate::link;
use crate::source::http::Failure;
use crate::source::kql::Query;
use crate::source::sentinel::{self, Row};

const STAGE: &str = "alerts";

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
        run.gaps.add(STAGE, sentinel::SOURCE, reason, 1);
        return;
    };
    let entities = entities_of(&entities);
    let named = |entity: &&Value| {
        link::canonical(text(entity, "Url")).and_then(|(url, _)| wanted.get(&url).copied())
    };
    let urls: Vec<NodeRef> = entities
        .iter()
        .filter(|entity| is(entity, "url"))
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
        id,
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
        if is(entity, "host") {
            if let Some(host) = host(entity) {
                let host = run.graph.put(host, seen);
                run.graph.link(alert, Edge::Mentions, host, seen);
            }
        } else if is(entity, "account")
            && let Some(user) = run.logged_user(text(entity, "AadUserId"), &upn(entity), seen)
        {
            run.graph.link(alert, Edge::Mentions, user, seen);
        }
    }
}

/// Every entity of an alert, also those that only stand inside another. What an element refers to by `$ref` stands somewhere
/// whole, so references need no following.
pub(crate) fn entities_of(value: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(items) => todo.extend(items.iter().rev()),
            Value::Object(fields) => {
                if fields.contains_key("Type") {
                    found.push(value);
                }
                todo.extend(
                    fields
                        .values()
                        .filter(|field| field.is_array() || field.is_object()),
                );
            }
            _ => {}
        }
    }
    found
}

pub(crate) fn text<'a>(entity: &'a Value, field: &str) -> &'a str {
    entity
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim()
}

pub(crate) fn is(entity: &Value, kind: &str) -> bool {
    text(entity, "Type").eq_ignore_ascii_case(kind)
}

pub(crate) fn host(entity: &Value) -> Option<Host> {
    let (name, domain) = (text(entity, "HostName"), text(entity, "DnsDomain"));
    let name = match (text(entity, "FQDN"), name, domain) {
        ("", name, "") => name.to_owned(),
        ("", "", _) => String::new(),
        ("", name, domain) => format!("{name}.{domain}"),
        (full, ..) => full.to_owned(),
    };
    let os = text(entity, "OSFamily");
    let host = Host::new(text(entity, "MdatpDeviceId"), &name)?;
    Some(Host {
        os: (!os.is_empty()).then(|| os.to_owned()),
        ..host
    })
}

pub(crate) fn upn(entity: &Value) -> String {
    let (full, name, suffix) = (
        text(entity, "UserPrincipalName"),
        text(entity, "Name"),
        text(entity, "UPNSuffix"),
    );
    match (full, name, suffix) {
        ("", "", _) => String::new(),
        ("", name, _) if name.contains('@') => name.to_owned(),
        ("", _, "") => String::new(),
        ("", name, suffix) => format!("{name}@{suffix}"),
        (full, ..) => full.to_owned(),
    }
}
