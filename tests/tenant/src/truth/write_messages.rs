//! Writes down messages, and who sent, received and reported them.

use super::NodeKey;
use super::collect::Run;
use crate::world::facts::*;
use crate::world::logs::Named;
use crate::world::message_build::has_outsiders;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What is known of a message, without borrowing the run.
struct Known {
    message: MessageIx,
    audit: bool,
    graph: bool,
    logged: Option<UserIx>,
    event: Option<usize>,
    /// Urls that Defender tells and Graph does not: which, how wrapped, as written.
    told: Vec<(LinkIx, Style, String)>,
}

impl Run<'_> {
    /// The key of a place's node.
    pub(super) fn place_key(&self, place: Place) -> NodeKey {
        let label = match place {
            Place::Channel(_) => "Channel",
            Place::Chat(_) => "Chat",
        };
        (label, self.world.place_id(place).to_owned())
    }

    fn known(&self) -> Vec<Known> {
        let messages = self.messages.iter();
        let known = messages.map(|(message, held)| {
            let facts = &self.world.messages[*message];
            let read: BTreeSet<LinkIx> = match held.graph {
                true => facts.links.iter().map(|placed| placed.link).collect(),
                false => BTreeSet::new(),
            };
            let told = held.told.iter().flat_map(|told| told.urls.values());
            let told = told.filter(|url| !read.contains(&url.fact_link));
            Known {
                message: *message,
                audit: held.audit,
                graph: held.graph,
                logged: held.logged,
                event: held.told.as_ref().map(|told| told.event),
                told: told
                    .map(|url| (url.fact_link, url.fact_style, url.url.clone()))
                    .collect(),
            }
        });
        known.collect()
    }

    /// The node of a place, with what this message shows of it.
    fn place_node(&mut self, known: &Known) -> NodeKey {
        let world = self.world;
        let place = world.messages[known.message].place;
        let event = known.event.map(|event| &world.tables.message_events[event]);
        match place {
            Place::Channel(c) => {
                let channel = &world.channels[c];
                let facts = &world.teams[channel.team];
                let team = self.node("Team", facts.id.clone(), json!({"name": facts.name}));
                // Defender does not tell the kind of a channel, and its name in some places only.
                let is_read = known.audit || known.graph;
                let node = self.node(
                    "Channel",
                    channel.id.clone(),
                    json!({
                        "name": is_read.then_some(&channel.name),
                        "membership": is_read.then_some(channel.membership),
                    }),
                );
                self.edge("HAS_CHANNEL", team, node.clone());
                node
            }
            Place::Chat(c) => {
                let chat = &world.chats[c];
                // Of one of another tenant Graph gives messages, and not the chat.
                let is_read = known.graph && self.chats.contains(&c);
                let graph = is_read.then(|| has_outsiders(world, c));
                let external = [graph, event.and_then(|row| row.external)];
                let external = external.into_iter().flatten().reduce(|a, b| a || b);
                let owned = [is_read.then_some(true), event.and_then(|row| row.owned)];
                let owned = owned.into_iter().flatten().reduce(|a, b| a || b);
                let node = self.node(
                    "Chat",
                    chat.id.clone(),
                    json!({"kind": chat.kind, "topic": is_read.then_some(&chat.topic)}),
                );
                for (name, now) in [("owned", owned), ("external", external)] {
                    let held = self.truth.nodes.entry(node.clone()).or_default();
                    let ever = held.get(name).and_then(Value::as_bool);
                    if let Some(flag) = [ever, now].into_iter().flatten().reduce(|a, b| a || b) {
                        held.insert(name.to_owned(), json!(flag));
                    }
                }
                node
            }
        }
    }

    pub(super) fn write_messages(&mut self) {
        for known in self.known() {
            let world = self.world;
            let facts = &world.messages[known.message];
            let is_known = known.graph || known.event.is_some();
            let node = self.node("Message", world.message_id(known.message), json!({}));
            let place = self.place_node(&known);
            // What Graph writes crookedly is not certain; the id of a message tells its time all the same.
            let is_dated = known.graph && !facts.bad_dates || known.event.is_some();
            let at = is_dated.then_some(facts.created);
            self.dated("POSTED_IN", node.clone(), place, at);
            self.write_senders(&known, &node, at);
            if !is_known && !known.audit {
                self.absent(&node, "sources");
                continue;
            }
            let mut sources = BTreeSet::new();
            for (source, holds) in [
                ("audit", known.audit),
                ("defender", known.event.is_some()),
                ("graph", known.graph),
            ] {
                sources.extend(holds.then_some(source));
            }
            self.node("Message", node.1.clone(), json!({ "sources": sources }));
            if known.graph {
                self.write_read(&known, &node);
            }
            if let Some(event) = known.event {
                self.write_told(&known, event, &node);
            }
            self.write_done(&known, &node);
            let told_reply = known.event.is_some() && matches!(facts.place, Place::Channel(_));
            if let Some(root) = facts.root.filter(|_| known.graph || told_reply) {
                let root = ("Message", world.message_id(root));
                self.dated("REPLY_TO", node.clone(), root, at);
            }
        }
    }

    /// SENT: by Graph, by Defender, and by the audit log where neither tells.
    fn write_senders(&mut self, known: &Known, node: &NodeKey, at: Option<Time>) {
        let facts = &self.world.messages[known.message];
        let by_graph = facts.sender.filter(|_| known.graph);
        let mut senders: Vec<(UserIx, Named)> = Vec::new();
        senders.extend(by_graph.map(|user| (user, Named::Id)));
        senders.extend(known.event.and_then(|event| self.told_sender(event)));
        if senders.is_empty() {
            senders.extend(known.logged.map(|user| (user, Named::Upn)));
        }
        for (user, how) in senders {
            let user = self.user_node(user, how);
            self.dated("SENT", user, node.clone(), at);
        }
    }

    /// What Graph tells of a message.
    fn write_read(&mut self, known: &Known, node: &NodeKey) {
        let facts = &self.world.messages[known.message];
        let is_bot = facts
            .sender
            .is_some_and(|u| self.world.users[u].kind == Kind::Bot);
        let times = !facts.bad_dates;
        let properties = json!({
            "created": times.then_some(facts.created),
            "modified": (times && !is_bot).then_some(facts.modified),
            "deleted": facts.deleted, "edited": facts.edited.is_some(),
            "subject": facts.subject, "importance": facts.importance,
        });
        self.node("Message", node.1.clone(), properties);
        for placed in &facts.links {
            let url = self.link_node(placed.link);
            let edge = self.edge("CONTAINS", node.clone(), url);
            let mut properties = Map::new();
            properties.insert("origin".into(), json!(placed.style.origin()));
            properties.insert("mismatch".into(), json!(placed.style.mismatch()));
            properties.insert("wrapped_by".into(), json!(placed.style.wrapped_by()));
            if let Style::Lure(shown) = placed.style {
                properties.insert("text".into(), json!(shown));
            }
            edge.properties = properties;
        }
    }

    /// What Defender tells of it.
    fn write_told(&mut self, known: &Known, event: usize, node: &NodeKey) {
        let world = self.world;
        let facts = &world.messages[known.message];
        let row = &world.tables.message_events[event];
        let threats: BTreeSet<&str> = super::rating::words(row.threats).collect();
        let in_chat = matches!(facts.place, Place::Chat(_));
        let recipients = row.recipients.iter();
        let recipients = recipients.filter(|one| one.named != Named::No).count();
        let edited = row.edited > facts.created + chrono::TimeDelta::seconds(1);
        let properties = json!({
            "created": facts.created,
            "edited": edited || known.graph && facts.edited.is_some(),
            "subject": facts.subject, "owned": row.owned, "external": row.external,
            "recipients": in_chat.then_some(recipients),
            "threats": (!threats.is_empty()).then_some(threats),
            "delivery": row.delivery,
        });
        self.node("Message", node.1.clone(), properties);
        for (link, style, raw) in &known.told {
            let url = self.link_node(*link);
            let edge = self.edge("CONTAINS", node.clone(), url);
            let properties = json!({
                "origin": "log", "mismatch": false, "defanged": false, "raw": raw,
                "wrapped_by": style.wrapped_by(),
            });
            if let Value::Object(properties) = properties {
                edge.properties = properties;
            }
        }
        if in_chat {
            for (user, how) in self.told_recipients(event) {
                let user = self.user_node(user, how);
                self.dated("RECEIVED", user, node.clone(), Some(facts.created));
            }
        }
    }

    /// What was done to it after delivery, whoever told of it.
    fn write_done(&mut self, known: &Known, node: &NodeKey) {
        let deliveries = self.post_deliveries(known.message);
        let located = deliveries.iter().rev().map(|row| row.location);
        let delivery = located.into_iter().find(|location| !location.is_empty());
        let is_success = |result: &str| result.eq_ignore_ascii_case("success");
        let done = || deliveries.iter().filter(|row| is_success(row.result));
        let zap: BTreeSet<&str> = done().map(|row| row.action_type).collect();
        let zapped = done().map(|row| row.time).max();
        let held = self.truth.nodes.entry(node.clone()).or_default();
        if let Some(delivery) = delivery {
            held.insert("delivery".to_owned(), json!(delivery));
        }
        if !zap.is_empty() {
            held.insert("zap".to_owned(), json!(zap));
            held.insert("zapped".to_owned(), json!(zapped));
        }
    }

    pub(super) fn write_reports(&mut self) {
        for report in std::mem::take(&mut self.reports) {
            let (user, how) = report.reporter;
            let user = self.user_node(user, how);
            let message = ("Message", self.world.message_id(report.message));
            let edge = self.edge("REPORTED", user, message);
            // One who reports a message twice has one edge: from the first report, graded as the last one.
            let earlier = edge.properties.get("at").cloned();
            let at = json!(report.at);
            let is_first = earlier
                .as_ref()
                .is_none_or(|held| at.as_str() < held.as_str());
            if is_first {
                edge.properties.insert("at".into(), at);
            }
            if !report.verdict.is_empty() {
                edge.properties
                    .insert("verdict".into(), json!(report.verdict));
            }
        }
    }
}
