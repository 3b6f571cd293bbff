//! Rows of hunts about what Defender told of messages.

use super::hunts::Told;
use super::summary::shown;
use super::{NodeKey, Truth};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

impl Truth {
    /// The ids of risky messages, and whether each was taken away.
    fn risky_with_removal(&self) -> Vec<(String, bool)> {
        let messages = self.nodes.iter();
        let risky = messages.filter(|((label, _), properties)| {
            *label == "Message" && properties.get("risky") == Some(&json!(true))
        });
        let removed = |properties: &serde_json::Map<String, Value>| {
            let is_there = |name: &str| properties.get(name).is_some_and(|v| !v.is_null());
            let delivery = properties.get("delivery").and_then(Value::as_str);
            let is_elsewhere = !delivery.unwrap_or("Teams").eq_ignore_ascii_case("teams");
            is_there("zapped") || is_there("deleted") || is_elsewhere
        };
        risky
            .map(|((_, id), properties)| (id.clone(), removed(properties)))
            .collect()
    }

    fn threats_of(&self, message: &str) -> Value {
        let threats = self.property(&("Message", message.to_owned()), "threats");
        threats.cloned().unwrap_or(json!([]))
    }

    pub(super) fn still_standing(&self, told: &Told) -> Vec<Value> {
        let risky = self.risky_by_message();
        let chats: BTreeMap<&str, &NodeKey> = self
            .of_kind("POSTED_IN")
            .map(|(key, _)| (key.from.1.as_str(), &key.to))
            .collect();
        let row = |message: &String| {
            let owned = |node: &NodeKey| self.property(node, "owned").cloned();
            let owned = owned(&("Message", message.clone()))
                .filter(|owned| !owned.is_null())
                .or_else(|| owned(chats.get(message.as_str())?));
            json!({
                "sender": told.sender(message), "urls": risky.get(message).cloned().unwrap_or_default(),
                "threats": self.threats_of(message), "owned": owned, "message": message,
            })
        };
        let messages = self.risky_with_removal();
        let standing = messages.iter().filter(|(_, removed)| !removed);
        standing.map(|(message, _)| row(message)).collect()
    }

    pub(super) fn zap_coverage(&self) -> Vec<Value> {
        let risky = self.risky_by_message();
        let mut rows: BTreeMap<(&str, String), (u64, u64)> = BTreeMap::new();
        for (message, removed) in self.risky_with_removal() {
            let urls = risky.get(&message).into_iter().flatten();
            let mut kinds: BTreeSet<(&str, String)> =
                urls.map(|url| ("url", url.clone())).collect();
            let threats = self.threats_of(&message);
            let threats = threats.as_array().into_iter().flatten();
            let threats = threats.filter_map(Value::as_str);
            kinds.extend(threats.map(|threat| ("threat", threat.to_owned())));
            for kind in kinds {
                let row = rows.entry(kind).or_default();
                *row = (row.0 + 1, row.1 + u64::from(removed));
            }
        }
        let row = |((kind, what), (messages, removed)): ((&str, String), (u64, u64))| {
            json!({
                "kind": kind, "what": what, "messages": messages, "removed": removed,
                "standing": messages - removed,
            })
        };
        rows.into_iter().map(row).collect()
    }

    pub(super) fn reported_lures(&self, told: &Told) -> Vec<Value> {
        let mut urls: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (key, _) in self.of_kind("CONTAINS") {
            urls.entry(&key.from.1).or_default().insert(&key.to.1);
        }
        let reports = self.of_kind("REPORTED");
        reports
            .map(|(key, facts)| {
                let message = key.to.1.as_str();
                json!({
                    "user": shown(self, &key.from.1), "sender": told.sender(message),
                    "urls": urls.get(message).cloned().unwrap_or_default(),
                    "verdict": facts.properties.get("verdict"), "message": message,
                })
            })
            .collect()
    }

    pub(super) fn external_first_contact(&self) -> Vec<Value> {
        let risky = self.risky_by_message();
        let mut sent: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, _) in self.of_kind("SENT") {
            let kind = self.property(&key.from, "type").and_then(Value::as_str);
            if matches!(kind, Some("external" | "anonymous")) {
                sent.entry(&key.from.1).or_default().push(&key.to.1);
            }
        }
        let row = |(sender, messages): (&str, Vec<&str>)| {
            let received = self.of_kind("RECEIVED");
            let people: BTreeSet<&str> = received
                .filter(|(key, _)| messages.contains(&key.to.1.as_str()))
                .map(|(key, _)| key.from.1.as_str())
                .collect();
            let is_risky = |message: &&&str| {
                let node = ("Message", (**message).to_owned());
                self.property(&node, "risky") == Some(&json!(true))
            };
            let held = messages.iter().filter_map(|message| risky.get(*message));
            let urls: BTreeSet<&String> = held.flatten().collect();
            json!({
                "sender": shown(self, sender), "people": people.len(), "messages": messages.len(),
                "risky": messages.iter().filter(is_risky).count(), "urls": urls,
            })
        };
        sent.into_iter().map(row).collect()
    }
}
