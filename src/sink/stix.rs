//! A STIX 2.1 bundle of the risky urls: indicators, the urls, and how often they were seen. OASIS, "STIX Version 2.1".
//!
//! It names no user, message or host of the tenant. The urls are complete, including any data in them.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::graph::schema::{clicked, url, verdict};
use crate::graph::value::is_cut_url;
use crate::graph::{EdgeType, Facts, Graph, Label, NodeRef};
use crate::model::{State, UrlSeverity};

/// The namespace for the ids of observables: STIX 2.1, section 2.9.
const OBSERVABLES: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);

/// Confidence of "high" and "medium": STIX 2.1, appendix A.
const HIGH: u8 = 85;
const MEDIUM: u8 = 50;

/// Writes the bundle. `created` is the time at which the case was created, so the same case always gives the same
/// bytes.
///
/// # Errors
/// The errors of `out`.
pub fn write(graph: &Graph, created: DateTime<Utc>, mut out: impl Write) -> io::Result<()> {
    let created = time(created);
    let author = object_id("identity", "linktrail");
    let mut objects = vec![json!({
        "type": "identity", "spec_version": "2.1", "id": author,
        "created": created, "modified": created,
        "name": "linktrail", "identity_class": "system",
    })];
    for url in risky(graph) {
        if !is_cut_url(&graph.node(url).id) {
            objects.extend(of_url(graph, url, &author, &created));
        }
    }
    let bundle = json!({
        "type": "bundle",
        "id": object_id("bundle", graph.case()),
        "objects": objects,
    });
    serde_json::to_writer_pretty(&mut out, &bundle)?;
    writeln!(out)?;
    out.flush()
}

/// The number of risky urls that are left out, since the graph holds only a truncated form of them.
pub fn left_out(graph: &Graph) -> usize {
    let cut = |url: &NodeRef| is_cut_url(&graph.node(*url).id);
    risky(graph).iter().filter(|url| cut(url)).count()
}

fn risky(graph: &Graph) -> Vec<NodeRef> {
    let mut urls = graph.labelled(Label::Url);
    urls.retain(|url| graph.node(*url).facts.is(url::RISKY));
    urls
}

fn of_url(graph: &Graph, url: NodeRef, author: &str, created: &str) -> Vec<Json> {
    let node = graph.node(url);
    let address = node.id.as_str();
    let scope = format!("{}|{address}", graph.case());
    let observable = observable("url", address);
    let indicator = object_id("indicator", &scope);
    let moment = |at: Option<DateTime<Utc>>| at.map_or_else(|| created.to_owned(), time);
    let (first, last) = (moment(node.facts.first_seen), moment(node.facts.last_seen));
    let severity = node
        .facts
        .get(url::SEVERITY)
        .unwrap_or(UrlSeverity::Unknown);
    let verdicts = graph.targets(url, EdgeType::HasVerdict);
    let rated: Vec<&Facts> = verdicts
        .iter()
        .map(|verdict| &graph.node(*verdict).facts)
        .filter(|facts| facts.get(verdict::STATE) == Some(State::Hit))
        .collect();
    let references: Vec<Json> = rated
        .iter()
        .map(|facts| {
            let mut reference = json!({
                "source_name": facts.get(verdict::PROVIDER).unwrap_or("unknown"),
                "description": facts.get(verdict::SUMMARY).unwrap_or("rated malicious"),
            });
            if let Some(page) = facts.get(verdict::REFERENCE) {
                reference["url"] = page.into();
            }
            reference
        })
        .collect();
    let messages = graph.sources(url, EdgeType::Contains).len();
    let clicks: i64 = graph
        .sources(url, EdgeType::Clicked)
        .into_iter()
        .filter_map(|user| graph.edge(user, EdgeType::Clicked, url))
        .filter_map(|edge| edge.facts.get(clicked::COUNT))
        .sum();
    let seen = i64::try_from(messages)
        .unwrap_or(i64::MAX)
        .saturating_add(clicks)
        .max(1);
    let mut of_indicator = json!({
        "type": "indicator", "spec_version": "2.1", "id": indicator, "created_by_ref": author,
        "created": created, "modified": created,
        "name": "Malicious link shared in Microsoft Teams",
        "indicator_types": ["malicious-activity"],
        "pattern": format!("[url:value = '{}']", address.replace('\\', "\\\\").replace('\'', "\\'")),
        "pattern_type": "stix", "pattern_version": "2.1",
        "valid_from": first,
        "confidence": if severity == UrlSeverity::High { HIGH } else { MEDIUM },
        "labels": [format!("severity-{severity}")],
    });
    if !references.is_empty() {
        of_indicator["external_references"] = references.into();
    }
    let observed = object_id("observed-data", &scope);
    vec![
        json!({"type": "url", "spec_version": "2.1", "id": observable, "value": address}),
        of_indicator,
        json!({
            "type": "observed-data", "spec_version": "2.1", "id": observed, "created_by_ref": author,
            "created": created, "modified": created,
            "first_observed": first, "last_observed": last,
            "number_observed": seen.min(999_999_999),
            "object_refs": [observable],
        }),
        json!({
            "type": "sighting", "spec_version": "2.1", "id": object_id("sighting", &scope), "created_by_ref": author,
            "created": created, "modified": created,
            "first_seen": first, "last_seen": last, "count": seen.min(999_999_999),
            "sighting_of_ref": indicator, "observed_data_refs": [observed],
            "description": format!("{messages} message(s) held it, {clicks} click(s) on it"),
        }),
    ]
}

/// An observable's id is derived from its value: STIX 2.1, section 2.9.
fn observable(kind: &str, value: &str) -> String {
    let contributing = json!({ "value": value }).to_string();
    format!(
        "{kind}--{}",
        Uuid::new_v5(&OBSERVABLES, contributing.as_bytes())
    )
}

/// Other ids are derived from the value that they are about, so the same case always gives the same bundle.
fn object_id(kind: &str, about: &str) -> String {
    let space = Uuid::new_v5(&Uuid::NAMESPACE_OID, b"linktrail");
    let name = format!("{kind}|{about}");
    format!("{kind}--{}", Uuid::new_v5(&space, name.as_bytes()))
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
