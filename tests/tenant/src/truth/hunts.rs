//! Rows that saved hunts must give over a loaded graph, as far as the design fixes them: each row is an
//! object with the columns that are certain, and rows are compared without regard to order.

use super::summary::shown;
use super::{NodeKey, Truth};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Set = BTreeSet<String>;

/// Who sent each message and where it stands, as hunts show it.
pub(super) struct Told {
    senders: BTreeMap<String, String>,
    places: BTreeMap<String, String>,
}

impl Told {
    fn of(truth: &Truth) -> Self {
        let text = |node: &NodeKey, name: &str| {
            let found = truth.property(node, name).and_then(Value::as_str);
            found.map(str::to_owned)
        };
        let sent = truth.of_kind("SENT");
        let senders = sent.map(|(k, _)| (k.to.1.clone(), shown(truth, &k.from.1)));
        let held = truth.of_kind("HAS_CHANNEL");
        let teams: BTreeMap<&NodeKey, &NodeKey> = held.map(|(k, _)| (&k.to, &k.from)).collect();
        let place = |place: &NodeKey| -> Option<String> {
            if place.0 == "Chat" {
                let title = text(place, "topic").or_else(|| text(place, "kind"))?;
                return Some(format!("Chat: {title}"));
            }
            let team = text(teams.get(place)?, "name")?;
            Some(format!("{team} / {}", text(place, "name")?))
        };
        let posted = truth.of_kind("POSTED_IN");
        let places = posted.filter_map(|(k, _)| Some((k.from.1.clone(), place(&k.to)?)));
        Self {
            senders: senders.collect(),
            places: places.collect(),
        }
    }

    pub(super) fn sender(&self, message: &str) -> Option<&String> {
        self.senders.get(message)
    }

    /// `Team / Channel`, or `Chat: topic`, or `Chat: kind`.
    fn place(&self, message: &str) -> Option<&String> {
        self.places.get(message)
    }
}

impl Truth {
    /// The rows of a hunt; none for one whose answer is not fixed here.
    pub fn hunt(&self, name: &str) -> Option<Vec<Value>> {
        let told = Told::of(self);
        let mut rows = match name {
            "summary" => vec![json!({
                "risky_urls": self.summary.risky_urls, "senders": self.summary.risky_senders,
                "messages": self.summary.risky_messages, "channels": self.summary.channels,
                "chats": self.summary.chats, "sentence": self.summary.sentence,
            })],
            "malicious-urls-by-sender" => self.urls_by_sender(&told),
            "risky-users" => self.risky_users(),
            "risky-messages" => self.risky_messages(&told),
            "channels-with-risky-messages" => self.risky_channels(&told),
            "message-timeline" => self.message_timeline(&told),
            "alert-timeline" => self.alert_timeline(),
            "hosts-that-accessed" => self.hosts_that_accessed(),
            "suspicious-urls" => self.suspicious_urls(&told),
            "entities" => self.entity_rows(),
            "still-standing" => self.still_standing(&told),
            "zap-coverage" => self.zap_coverage(),
            "reported-lures" => self.reported_lures(&told),
            "external-first-contact" => self.external_first_contact(),
            _ => return None,
        };
        rows.sort_by_key(Value::to_string);
        Some(rows)
    }

    pub(super) fn property(&self, node: &NodeKey, name: &str) -> Option<&Value> {
        self.nodes.get(node)?.get(name)
    }

    fn is_risky(&self, url: &str) -> bool {
        self.property(&("Url", url.to_owned()), "risky") == Some(&json!(true))
    }

    fn severity(&self, url: &str) -> Value {
        let found = self.property(&("Url", url.to_owned()), "severity");
        found.cloned().unwrap_or_default()
    }

    /// Risky urls by the message that holds them.
    pub(super) fn risky_by_message(&self) -> BTreeMap<String, Set> {
        let mut found: BTreeMap<String, Set> = BTreeMap::new();
        for (key, _) in self
            .of_kind("CONTAINS")
            .filter(|(k, _)| self.is_risky(&k.to.1))
        {
            found
                .entry(key.from.1.clone())
                .or_default()
                .insert(key.to.1.clone());
        }
        found
    }

    fn urls_by_sender(&self, told: &Told) -> Vec<Value> {
        let mut rows: BTreeMap<(String, String), (Set, Set)> = BTreeMap::new();
        for (message, urls) in self.risky_by_message() {
            let Some(sender) = told.sender(&message) else {
                continue;
            };
            for url in urls {
                let row = rows.entry((sender.clone(), url)).or_default();
                row.0.extend(told.place(&message).cloned());
                row.1.insert(message.clone());
            }
        }
        let row = |((sender, url), (places, messages)): ((String, String), (Set, Set))| {
            json!({
                "sender": sender, "severity": self.severity(&url), "url": url,
                "places": places, "messages": messages.len(),
            })
        };
        rows.into_iter().map(row).collect()
    }

    fn risky_users(&self) -> Vec<Value> {
        let mut rows: BTreeMap<String, (Set, Set)> = BTreeMap::new();
        let risky = self.risky_by_message();
        for (key, _) in self.of_kind("SENT") {
            if let Some(urls) = risky.get(&key.to.1) {
                let row = rows.entry(key.from.1.clone()).or_default();
                row.0.extend(urls.iter().cloned());
                row.1.insert(key.to.1.clone());
            }
        }
        let row = |(id, (urls, messages)): (String, (Set, Set))| {
            let name = self.property(&("User", id.clone()), "name");
            json!({"user": shown(self, &id), "name": name, "urls": urls, "messages": messages.len()})
        };
        rows.into_iter().map(row).collect()
    }

    fn risky_messages(&self, told: &Told) -> Vec<Value> {
        let row = |(message, urls): (String, Set)| {
            json!({
                "sender": told.sender(&message), "place": told.place(&message),
                "urls": urls, "message": message,
            })
        };
        self.risky_by_message().into_iter().map(row).collect()
    }

    fn risky_channels(&self, told: &Told) -> Vec<Value> {
        let mut rows: BTreeMap<NodeKey, (Set, Set, Set)> = BTreeMap::new();
        let risky = self.risky_by_message();
        for (key, _) in self
            .of_kind("POSTED_IN")
            .filter(|(k, _)| k.to.0 == "Channel")
        {
            if let Some(urls) = risky.get(&key.from.1) {
                let row = rows.entry(key.to.clone()).or_default();
                row.0.insert(key.from.1.clone());
                row.1.extend(told.sender(&key.from.1).cloned());
                row.2.extend(urls.iter().cloned());
            }
        }
        let held = self.of_kind("HAS_CHANNEL");
        let teams: BTreeMap<&NodeKey, &NodeKey> = held.map(|(k, _)| (&k.to, &k.from)).collect();
        let row = |(channel, (messages, senders, urls)): (NodeKey, (Set, Set, Set))| {
            let team = teams
                .get(&channel)
                .and_then(|team| self.property(team, "name"));
            json!({
                "team": team, "channel": self.property(&channel, "name"),
                "messages": messages.len(), "senders": senders.len(), "urls": urls,
            })
        };
        rows.into_iter().map(row).collect()
    }

    fn message_timeline(&self, told: &Told) -> Vec<Value> {
        let row = |message: &str, url: &str| {
            json!({
                "risky": self.is_risky(url), "sender": told.sender(message),
                "place": told.place(message), "url": url,
            })
        };
        self.of_kind("CONTAINS")
            .map(|(k, _)| row(&k.from.1, &k.to.1))
            .collect()
    }

    fn alert_timeline(&self) -> Vec<Value> {
        let mentions = self.of_kind("MENTIONS").filter(|(k, _)| k.to.0 == "Url");
        let row = |alert: &NodeKey, url: &str| {
            json!({
                "alert": self.property(alert, "name"), "severity": self.property(alert, "severity"),
                "url": url,
            })
        };
        mentions.map(|(k, _)| row(&k.from, &k.to.1)).collect()
    }

    fn hosts_that_accessed(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for (kind, how) in [("WARNED_ABOUT", "warned"), ("CONNECTED_TO", "connected")] {
            for (key, facts) in self.of_kind(kind) {
                if how == "warned" || self.is_risky(&key.to.1) {
                    rows.push(json!({
                        "host": self.property(&key.from, "name"), "url": key.to.1, "how": how,
                        "count": facts.count,
                    }));
                }
            }
        }
        rows
    }

    fn suspicious_urls(&self, told: &Told) -> Vec<Value> {
        let mut hosts: BTreeMap<&str, BTreeSet<&NodeKey>> = BTreeMap::new();
        for kind in ["WARNED_ABOUT", "CONNECTED_TO"] {
            for (key, _) in self.of_kind(kind) {
                hosts.entry(&key.to.1).or_default().insert(&key.from);
            }
        }
        let mut senders: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
        for (key, _) in self.of_kind("CONTAINS") {
            let held = senders.entry(&key.to.1).or_default();
            held.extend(told.sender(&key.from.1));
        }
        let row = |url: &String| {
            json!({
                "url": url, "severity": self.severity(url),
                "senders": senders.get(url.as_str()).map_or(0, BTreeSet::len),
                "hosts": hosts.get(url.as_str()).map_or(0, BTreeSet::len),
            })
        };
        self.entities.urls.iter().map(row).collect()
    }

    fn entity_rows(&self) -> Vec<Value> {
        let lists = [
            ("user", &self.entities.users),
            ("host", &self.entities.hosts),
            ("url", &self.entities.urls),
        ];
        let row =
            |kind: &'static str| move |entity: &String| json!({"kind": kind, "entity": entity});
        lists
            .into_iter()
            .flat_map(|(kind, list)| list.iter().map(row(kind)))
            .collect()
    }
}
