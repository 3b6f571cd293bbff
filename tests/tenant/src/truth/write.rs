//! Writes down what the stages found, as nodes and edges.

use super::collect::{Run, Seen};
use super::{EdgeFacts, EdgeKey, NodeKey, summary};
use crate::world::facts::*;
use crate::world::logs::{About, DeviceEvent, Named};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

impl Run<'_> {
    fn node(&mut self, label: &'static str, id: String, properties: Value) -> NodeKey {
        let held = self.truth.nodes.entry((label, id.clone())).or_default();
        if let Value::Object(map) = properties {
            for (name, value) in map.into_iter().filter(|(_, v)| !v.is_null()) {
                held.insert(name, value);
            }
        }
        (label, id)
    }

    fn edge(&mut self, kind: &'static str, from: NodeKey, to: NodeKey) -> &mut EdgeFacts {
        self.truth
            .edges
            .entry(EdgeKey { kind, from, to })
            .or_default()
    }

    /// An edge that says when, if that is certain.
    fn dated(&mut self, kind: &'static str, from: NodeKey, to: NodeKey, at: Option<Time>) {
        let edge = self.edge(kind, from, to);
        if let Some(at) = at {
            edge.properties.insert("at".into(), json!(at));
        }
    }

    fn count(
        &mut self,
        kind: &'static str,
        from: NodeKey,
        to: NodeKey,
        seen: Seen,
    ) -> &mut EdgeFacts {
        let edge = self.edge(kind, from, to);
        edge.count = Some(edge.count.unwrap_or(0) + seen.1);
        edge.first = Some(edge.first.map_or(seen.0, |t| t.min(seen.0)));
        edge.last = Some(edge.last.map_or(seen.0, |t| t.max(seen.0)));
        edge
    }

    fn user_node(&mut self, user: UserIx, how: Named) -> NodeKey {
        let facts = &self.world.users[user];
        let id = self.identities.user(self.world, user, how);
        let by_name_only = id.starts_with("upn:");
        let upn = (by_name_only || self.identities.knows_upn(user)).then(|| facts.upn.clone());
        let told = facts.in_directory() && self.identities.knows_upn(user) || !facts.in_directory();
        let kind = match facts.kind {
            Kind::Member => "member",
            Kind::Guest => "guest",
            Kind::External => "external",
            Kind::Bot => "bot",
            Kind::Anonymous => "anonymous",
            Kind::Phantom => "",
        };
        let certain = !by_name_only && told && !kind.is_empty();
        let properties = json!({
            "upn": upn.filter(|u| !u.is_empty()),
            "name": facts.name.clone().filter(|_| certain),
            "type": certain.then_some(kind),
        });
        self.node("User", id, properties)
    }

    fn link_node(&mut self, link: LinkIx) -> NodeKey {
        ("Url", self.world.links[link].url.clone())
    }

    fn host_node(&mut self, device: DeviceIx) -> NodeKey {
        let id = self.identities.device(self.world, device);
        let name = self.world.devices[device].name.clone();
        self.node("Host", id, json!({ "name": name }))
    }

    pub(super) fn write_users_and_teams(&mut self, teams: &BTreeSet<TeamIx>) {
        let case: NodeKey = ("Case", String::new());
        for team in teams {
            let facts = &self.world.teams[*team];
            let node = self.node("Team", facts.id.clone(), json!({"name": facts.name}));
            if self
                .query
                .teams
                .iter()
                .any(|t| t.eq_ignore_ascii_case(&facts.id))
            {
                self.edge("STARTED_FROM", case.clone(), node);
            }
        }
        let seeds: Vec<(UserIx, Named)> = self.seed_users.keys().copied().collect();
        for (user, how) in seeds {
            let node = self.user_node(user, how);
            self.edge("STARTED_FROM", case.clone(), node.clone());
            if self.world.users[user].in_directory() {
                for team in &self.world.users[user].teams {
                    let team = ("Team", self.world.teams[*team].id.clone());
                    self.edge("MEMBER_OF", node.clone(), team);
                }
            }
        }
        for link in self.seed_links.clone() {
            let node = self.link_node(link);
            self.edge("STARTED_FROM", case.clone(), node);
        }
    }

    pub(super) fn write_messages(&mut self) {
        let held: Vec<(MessageIx, bool, Option<UserIx>)> = self
            .messages
            .iter()
            .map(|(ix, h)| (*ix, h.bare, h.logged))
            .collect();
        for (ix, bare, logged) in held {
            let facts = &self.world.messages[ix];
            let unread = bare || self.lost(ix);
            let node = self.node("Message", self.world.message_id(ix), json!({}));
            let place = match facts.place {
                Place::Channel(c) => {
                    let channel = &self.world.channels[c];
                    let team = ("Team", self.world.teams[channel.team].id.clone());
                    let place = self.node(
                        "Channel",
                        channel.id.clone(),
                        json!({"name": channel.name, "membership": channel.membership}),
                    );
                    self.edge("HAS_CHANNEL", team, place.clone());
                    place
                }
                Place::Chat(c) => {
                    let chat = &self.world.chats[c];
                    self.node(
                        "Chat",
                        chat.id.clone(),
                        json!({"kind": chat.kind, "topic": chat.topic}),
                    )
                }
            };
            let at = (!unread && !facts.bad_dates).then_some(facts.created);
            self.dated("POSTED_IN", node.clone(), place, at);
            if bare {
                continue;
            }
            let sender = match facts.sender.filter(|_| !self.lost(ix)) {
                Some(user) => Some((user, Named::Id)),
                None => logged.map(|user| (user, Named::Upn)),
            };
            if let Some((user, how)) = sender {
                let user = self.user_node(user, how);
                self.dated("SENT", user, node.clone(), at);
            }
            if unread {
                continue;
            }
            // What Graph writes crookedly or not at all is not certain.
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
            if let Some(root) = facts.root {
                let root = ("Message", self.world.message_id(root));
                self.dated("REPLY_TO", node.clone(), root, at);
            }
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
    }

    pub(super) fn write_chats(&mut self) {
        for chat in self.chats.clone() {
            let node = ("Chat", self.world.chats[chat].id.clone());
            for member in &self.world.chats[chat].members {
                let user = self.user_node(*member, Named::Id);
                self.edge("PARTICIPATES_IN", user, node.clone());
            }
        }
    }

    pub(super) fn write_device_events(&mut self, rows: &[&DeviceEvent], pivot: &BTreeSet<LinkIx>) {
        for row in rows {
            let host = self.host_node(row.fact_device);
            let user = row.fact_user.map(|(user, how)| self.user_node(user, how));
            let seen = (row.time, 1);
            if let Some(user) = &user {
                self.count("USED", user.clone(), host.clone(), seen);
            }
            let Some(link) = row.fact_link else { continue };
            let url = self.link_node(link);
            if row.action == "SmartScreenUrlWarning" {
                self.count("WARNED_ABOUT", host, url, seen);
            } else if let Some(user) = user {
                let app = row.app.to_lowercase();
                let edge = self.count("OPENED", user, url, seen);
                add(&mut edge.properties, "apps", &app);
            }
        }
        for row in self.world.tables.network_events.iter() {
            let counts = self.has("DeviceNetworkEvents")
                && self.in_pivot(row.time)
                && !self.matches(row.fact_about, pivot).is_empty();
            if let Some((user, how)) = row.fact_user.filter(|_| counts) {
                let host = self.host_node(row.fact_device);
                let user = self.user_node(user, how);
                self.count("USED", user, host, (row.time, 1));
            }
        }
    }

    pub(super) fn write_clicks(&mut self, pivot: &BTreeSet<LinkIx>) {
        let seeds: BTreeSet<(Time, &str)> = self
            .seed_clicks()
            .iter()
            .map(|r| (r.time, r.report.as_str()))
            .collect();
        for row in self.clicks() {
            let Some(link) = row.fact_link else { continue };
            if !seeds.contains(&(row.time, row.report.as_str())) && !pivot.contains(&link) {
                continue;
            }
            let url = self.link_node(link);
            let user = self.user_node(row.fact_user, Named::Upn);
            let edge = self.count("CLICKED", user, url, (row.time, 1));
            add(&mut edge.properties, "actions", row.action);
            if !row.ip.is_empty() {
                add(&mut edge.properties, "ips", &row.ip);
            }
            let ever = edge.properties.get("clicked_through") == Some(&json!(true));
            let now = row.clicked_through == Some(true);
            edge.properties
                .insert("clicked_through".into(), json!(ever || now));
        }
    }

    pub(super) fn write_connections(&mut self, pivot: &BTreeSet<LinkIx>) {
        let world = self.world;
        let mut found: Vec<(DeviceIx, About, Time, &'static str)> = Vec::new();
        if self.has("CommonSecurityLog") && self.has("DeviceNetworkInfo") {
            for row in world.tables.proxy.iter().filter(|r| self.in_pivot(r.time)) {
                for device in &row.fact_devices {
                    found.push((*device, row.fact_about, row.time, "proxy"));
                }
            }
        }
        if self.has("DeviceNetworkEvents") {
            for row in world
                .tables
                .network_events
                .iter()
                .filter(|r| self.in_pivot(r.time))
            {
                found.push((row.fact_device, row.fact_about, row.time, "defender"));
            }
        }
        let mut exact = BTreeSet::new();
        for (device, about, _, _) in &found {
            if let About::Url(link) = about {
                exact.insert((*device, *link));
            }
        }
        for (device, about, time, source) in found {
            for (link, kind) in self.matches(about, pivot) {
                if kind == "host" && exact.contains(&(device, link)) {
                    continue;
                }
                let host = self.host_node(device);
                let url = self.link_node(link);
                let edge = self.count("CONNECTED_TO", host, url, (time, 1));
                edge.properties.insert("match".into(), json!(kind));
                add(&mut edge.properties, "sources", source);
            }
        }
    }

    pub(super) fn write_alerts(&mut self, pivot: &BTreeSet<LinkIx>) {
        for row in self.alerts(pivot) {
            let name = if row.display_name.is_empty() {
                &row.alert_name
            } else {
                &row.display_name
            };
            let node = self.node(
                "Alert",
                row.node_id().to_owned(),
                json!({
                    "name": name.trim(), "severity": row.severity, "provider": row.provider,
                    "product": row.product, "status": row.status,
                    "time": row.start.unwrap_or(row.time),
                }),
            );
            for link in row.fact_links.iter().filter(|l| pivot.contains(l)) {
                let url = self.link_node(*link);
                self.edge("MENTIONS", node.clone(), url);
            }
            for host in &row.fact_hosts {
                let (id, name) = self.identities.alert_host(self.world, host);
                let host = self.node("Host", id, json!({ "name": name }));
                self.edge("MENTIONS", node.clone(), host);
            }
            for (user, how) in row.fact_users.iter().filter(|u| u.1 != Named::No) {
                let user = self.user_node(*user, *how);
                self.edge("MENTIONS", node.clone(), user);
            }
        }
    }

    pub(super) fn write_links(&mut self) {
        for link in self.links.clone() {
            let facts = &self.world.links[link];
            let (severity, risky) = summary::severity(facts, self.query);
            let url = self.node(
                "Url",
                facts.url.clone(),
                json!({"scheme": facts.scheme, "host": facts.host, "severity": severity, "risky": risky}),
            );
            if !facts.internal {
                self.node("Url", facts.url.clone(), json!({ "withheld": null }));
            }
            if let Some((domain, suffix)) = &facts.domain {
                // Reserved names are on no list of public suffixes.
                let listed = (suffix != "example").then_some(suffix);
                let domain = self.node("Domain", domain.clone(), json!({ "suffix": listed }));
                self.edge("ON_DOMAIN", url.clone(), domain);
            }
            for (provider, state, severity) in summary::verdicts(facts, self.query) {
                let verdict = self.node(
                    "Verdict",
                    format!("{provider}|{}", facts.url),
                    json!({"provider": provider, "state": state, "severity": severity}),
                );
                self.edge("HAS_VERDICT", url.clone(), verdict);
            }
        }
    }
}

/// Adds to a sorted, distinct list.
fn add(properties: &mut Map<String, Value>, name: &str, value: &str) {
    let mut list: BTreeSet<String> = properties
        .get(name)
        .and_then(Value::as_array)
        .map(|a| {
            a.iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default();
    list.insert(value.to_owned());
    properties.insert(name.into(), json!(list));
}
