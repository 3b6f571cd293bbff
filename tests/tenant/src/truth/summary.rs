//! The numbers and lists of `load --format json`.

use super::{EdgeKey, Truth};
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
    /// Users who received a risky message.
    pub recipients: usize,
    /// Users who reported one.
    pub reporters: usize,
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
            "recipients": self.recipients, "reporters": self.reporters,
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
    /// Users who opened or clicked one, as hunts show them.
    pub openers: Vec<String>,
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
    let reported: BTreeSet<&str> = truth
        .of_kind("REPORTED")
        .map(|(key, _)| key.to.1.as_str())
        .collect();
    let rated: BTreeSet<&str> = truth
        .of_kind("HAS_VERDICT")
        .filter(|(key, _)| {
            let severity = truth.nodes[&key.to].get("severity");
            severity.is_some_and(|s| [json!("high"), json!("warning")].contains(s))
        })
        .map(|(key, _)| key.from.1.as_str())
        .collect();
    for (key, _) in truth.of_kind("CONTAINS") {
        let message = &truth.nodes[&key.from];
        let url = key.to.1.as_str();
        let reasons = [
            ("reported", reported.contains(key.from.1.as_str())),
            ("zapped", message.contains_key("zapped")),
            (
                "flagged_message",
                is_flagged(message) && !rated.contains(url),
            ),
        ];
        for (signal, _) in reasons.iter().filter(|(_, holds)| *holds) {
            found.entry(url.to_owned()).or_default().insert(signal);
        }
    }
    found
}

/// Whether Defender rated a message itself Phish or Malware.
fn is_flagged(message: &serde_json::Map<String, Value>) -> bool {
    let threats = message.get("threats").and_then(Value::as_array);
    let grave = [json!("Phish"), json!("Malware")];
    threats.is_some_and(|threats| threats.iter().any(|threat| grave.contains(threat)))
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
    let flagged = truth
        .nodes
        .iter()
        .filter(|((label, _), message)| *label == "Message" && is_flagged(message))
        .map(|((_, id), _)| id);
    let risky_messages: BTreeSet<&String> = contains
        .iter()
        .filter(|(_, url)| risky.contains(url))
        .map(|(m, _)| m)
        .chain(flagged)
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
    let by_message = |kind: &'static str| -> BTreeSet<String> {
        let hits = truth.of_kind(kind);
        let hits = hits.filter(|(k, _)| risky_messages.contains(&k.to.1));
        hits.map(|(k, _)| k.from.1.clone()).collect()
    };
    let senders = by_message("SENT");
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
        recipients: by_message("RECEIVED").len(),
        reporters: by_message("REPORTED").len(),
    };
    summary.sentence = format!(
        "{} malicious URL(s) sent by {} user(s) in {} message(s), across {} channel(s) and {} chat(s)",
        summary.risky_urls,
        summary.risky_senders,
        summary.risky_messages,
        summary.channels,
        summary.chats
    );
    let as_shown = |ids: &BTreeSet<String>| -> Vec<String> {
        let shown: BTreeSet<String> = ids.iter().map(|id| shown(truth, id)).collect();
        shown.into_iter().collect()
    };
    let (users, openers) = (as_shown(&senders), as_shown(&openers));
    let messages: BTreeSet<String> = risky_messages.into_iter().cloned().collect();
    truth.entities = Entities {
        users,
        openers,
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
