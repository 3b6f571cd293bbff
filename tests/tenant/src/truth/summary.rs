//! Verdicts, severities, and the numbers and lists of `load --format json`.

use super::Query;
use super::{EdgeKey, Truth};
use crate::world::facts::{Link, Otx, XForce};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// `summary` of `load --format json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The sentence.
    pub sentence: String,
    /// Risky urls that stand in a message.
    pub risky_urls: usize,
    /// Users who sent one.
    pub risky_senders: usize,
    /// Messages that hold one.
    pub risky_messages: usize,
    /// Channels that hold such a message.
    pub channels: usize,
    /// Chats that hold such a message.
    pub chats: usize,
    /// Urls in messages.
    pub urls: usize,
    /// Messages with a link.
    pub messages: usize,
    /// Risky urls that stand in no message.
    pub risky_urls_not_in_messages: usize,
    /// Length of `entities.hosts`.
    pub hosts: usize,
    /// Users who opened or clicked a risky url.
    pub openers: usize,
    /// Alerts that mention a risky url.
    pub alerts: usize,
}

impl Summary {
    /// As `load --format json` prints it.
    pub fn to_json(&self) -> Value {
        json!({
            "sentence": self.sentence, "risky_urls": self.risky_urls,
            "risky_senders": self.risky_senders, "risky_messages": self.risky_messages,
            "channels": self.channels, "chats": self.chats, "urls": self.urls,
            "messages": self.messages,
            "risky_urls_not_in_messages": self.risky_urls_not_in_messages,
            "hosts": self.hosts, "openers": self.openers, "alerts": self.alerts,
        })
    }
}

/// `entities` of `load --format json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entities {
    /// Users who sent a risky url, as hunts show them.
    pub users: Vec<String>,
    /// Names of hosts that were warned or connected.
    pub hosts: Vec<String>,
    /// All risky urls.
    pub urls: Vec<String>,
}

/// State and severity of one provider's verdict (design, section 7); none on a url that no provider outside is told of.
pub(super) fn verdict(link: &Link, provider: &str) -> Option<(&'static str, Option<&'static str>)> {
    let verdict = match provider {
        _ if link.internal => return None,
        "otx" => match link.otx {
            Otx::Miss | Otx::NullPulses | Otx::Pulses(0) => ("not_found", Some("information")),
            Otx::Whitelisted(_) => ("clean", Some("information")),
            Otx::Pulses(1) => ("hit", Some("warning")),
            Otx::Pulses(_) => ("hit", Some("high")),
        },
        _ => match link.xforce {
            XForce::Miss | XForce::NullScore => ("not_found", Some("information")),
            XForce::Score(score) => rate(score),
            XForce::TextScore(text) => rate(text.parse().unwrap_or(0.0)),
        },
    };
    Some(verdict)
}

fn rate(score: f64) -> (&'static str, Option<&'static str>) {
    if score >= 5.0 {
        ("hit", Some("high"))
    } else if score >= 2.0 {
        ("hit", Some("warning"))
    } else {
        ("clean", Some("information"))
    }
}

/// State and severity of each provider's verdict on a url, the analyst's too.
pub(super) fn verdicts(
    link: &Link,
    query: &Query,
) -> Vec<(&'static str, &'static str, Option<&'static str>)> {
    let asked = query.providers.iter().filter_map(|provider| {
        let (state, severity) = verdict(link, provider)?;
        Some((*provider, state, severity))
    });
    let mut verdicts: Vec<_> = asked.collect();
    if query.malicious.contains(&link.url) {
        verdicts.push(("analyst", "hit", Some("high")));
    } else if is_benign(link, query) {
        verdicts.push(("analyst", "clean", Some("information")));
    }
    verdicts
}

/// Whether `--benign` names the url or its host.
fn is_benign(link: &Link, query: &Query) -> bool {
    let mut named = query.benign.iter();
    named.any(|named| *named == link.url || *named == link.host)
}

/// A url's severity over its verdicts, and whether it is risky.
pub(super) fn severity(link: &Link, query: &Query) -> (&'static str, bool) {
    let verdicts = verdicts(link, query);
    let is = |wanted: &str| {
        verdicts
            .iter()
            .any(|(_, _, severity)| *severity == Some(wanted))
    };
    for (severity, risky) in [("high", true), ("warning", true), ("information", false)] {
        if is(severity) {
            return (severity, risky && !is_benign(link, query));
        }
    }
    ("unknown", false)
}

/// How hunts and `entities` show a user: UPN, else name, else id.
pub(super) fn shown(truth: &Truth, id: &str) -> String {
    let Some(node) = truth.nodes.get(&("User", id.to_owned())) else {
        return id.to_owned();
    };
    for property in ["upn", "name"] {
        if let Some(text) = node.get(property).and_then(Value::as_str) {
            return text.to_owned();
        }
    }
    id.to_owned()
}

fn signals(truth: &Truth) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut found: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for (key, facts) in &truth.edges {
        let has = |name: &str, value: Value| facts.properties.get(name) == Some(&value);
        let blocked = || {
            let actions = facts.properties.get("actions").and_then(Value::as_array);
            actions.is_some_and(|a| a.contains(&json!("ClickBlocked")))
        };
        let signal = match key.kind {
            "WARNED_ABOUT" => "smartscreen",
            "MENTIONS" if key.to.0 == "Url" => "alert",
            "CLICKED" if blocked() => "click_blocked",
            "CONTAINS" if has("mismatch", json!(true)) => "text_mismatch",
            _ => continue,
        };
        found.entry(key.to.1.clone()).or_default().insert(signal);
    }
    found
}

/// Fills in what follows from nodes and edges: risky messages and senders, summary, entities.
pub(super) fn fill(truth: &mut Truth) {
    let risky: BTreeSet<String> = truth
        .nodes
        .iter()
        .filter(|((label, _), p)| *label == "Url" && p.get("risky") == Some(&json!(true)))
        .map(|((_, id), _)| id.clone())
        .collect();
    let contains: Vec<(String, String)> = truth
        .of_kind("CONTAINS")
        .map(|(k, _)| (k.from.1.clone(), k.to.1.clone()))
        .collect();
    let risky_messages: BTreeSet<&String> = contains
        .iter()
        .filter(|(_, url)| risky.contains(url))
        .map(|(m, _)| m)
        .collect();
    let in_messages: BTreeSet<&String> = contains.iter().map(|(_, url)| url).collect();
    let places = |label: &str| -> usize {
        let of = |k: &EdgeKey| {
            (k.to.0 == label && risky_messages.contains(&k.from.1)).then(|| k.to.1.clone())
        };
        truth
            .of_kind("POSTED_IN")
            .filter_map(|(k, _)| of(k))
            .collect::<BTreeSet<_>>()
            .len()
    };
    let senders: BTreeSet<String> = truth
        .of_kind("SENT")
        .filter(|(k, _)| risky_messages.contains(&k.to.1))
        .map(|(k, _)| k.from.1.clone())
        .collect();
    let to_risky = |kind: &'static str| -> BTreeSet<String> {
        let hits = truth.of_kind(kind).filter(|(k, _)| risky.contains(&k.to.1));
        hits.map(|(k, _)| k.from.1.clone()).collect()
    };
    let mut openers = to_risky("OPENED");
    openers.extend(to_risky("CLICKED"));
    let mut hosts = to_risky("CONNECTED_TO");
    hosts.extend(truth.of_kind("WARNED_ABOUT").map(|(k, _)| k.from.1.clone()));
    let host_names: BTreeSet<String> = hosts
        .iter()
        .filter_map(|id| {
            truth
                .nodes
                .get(&("Host", id.clone()))?
                .get("name")?
                .as_str()
        })
        .map(str::to_owned)
        .collect();

    let mut summary = Summary {
        sentence: String::new(),
        risky_urls: risky.iter().filter(|u| in_messages.contains(u)).count(),
        risky_senders: senders.len(),
        risky_messages: risky_messages.len(),
        channels: places("Channel"),
        chats: places("Chat"),
        urls: in_messages.len(),
        messages: contains
            .iter()
            .map(|(m, _)| m)
            .collect::<BTreeSet<_>>()
            .len(),
        risky_urls_not_in_messages: risky.iter().filter(|u| !in_messages.contains(u)).count(),
        hosts: host_names.len(),
        openers: openers.len(),
        alerts: to_risky("MENTIONS").len(),
    };
    summary.sentence = format!(
        "{} malicious URL(s) sent by {} user(s) in {} message(s), across {} channel(s) and {} chat(s)",
        summary.risky_urls,
        summary.risky_senders,
        summary.risky_messages,
        summary.channels,
        summary.chats
    );
    let users: BTreeSet<String> = senders.iter().map(|id| shown(truth, id)).collect();
    let messages: BTreeSet<String> = risky_messages.into_iter().cloned().collect();
    truth.entities = Entities {
        users: users.into_iter().collect(),
        hosts: host_names.into_iter().collect(),
        urls: risky.into_iter().collect(),
    };
    truth.summary = summary;
    truth.signals = signals(truth);
    for ((label, id), properties) in &mut truth.nodes {
        match *label {
            "User" => {
                properties.insert("risky_sender".into(), json!(senders.contains(id)));
            }
            "Message" => {
                properties.insert("risky".into(), json!(messages.contains(id)));
            }
            _ => {}
        }
    }
}
