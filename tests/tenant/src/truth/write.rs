//! Writes down what the stages found, as nodes and edges.

use super::collect::{Run, Seen};
use super::{EdgeFacts, EdgeKey, NodeKey, rating};
use crate::world::facts::*;
use crate::world::logs::{About, AlertMessage, DeviceEvent, Named};
use crate::world::message_logs::address;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

impl Run<'_> {
    pub(super) fn node(&mut self, label: &'static str, id: String, properties: Value) -> NodeKey {
        let held = self.truth.nodes.entry((label, id.clone())).or_default();
        if let Value::Object(map) = properties {
            for (name, value) in map.into_iter().filter(|(_, v)| !v.is_null()) {
                held.insert(name, value);
            }
        }
        (label, id)
    }

    pub(super) fn edge(
        &mut self,
        kind: &'static str,
        from: NodeKey,
        to: NodeKey,
    ) -> &mut EdgeFacts {
        self.truth
            .edges
            .entry(EdgeKey { kind, from, to })
            .or_default()
    }

    /// An edge that says when, if that is certain.
    pub(super) fn dated(
        &mut self,
        kind: &'static str,
        from: NodeKey,
        to: NodeKey,
        at: Option<Time>,
    ) {
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

    pub(super) fn user_node(&mut self, user: UserIx, how: Named) -> NodeKey {
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
        let mailed = !by_name_only && self.mailed.contains(&user);
        let mail = mailed.then(|| address(self.world, user, Named::Both).to_owned());
        // Nobody is from outside because they received something.
        let typed = facts.in_directory() || self.typed.contains(&user);
        let properties = json!({
            "upn": upn.filter(|u| !u.is_empty()),
            "name": facts.name.clone().filter(|_| certain),
            "mail": mail.filter(|mail| !mail.is_empty()),
            "type": (certain && typed).then_some(kind),
        });
        let node = self.node("User", id, properties);
        if certain && !typed {
            self.absent(&node, "type");
        }
        node
    }

    /// A property that must not be there.
    pub(super) fn absent(&mut self, node: &NodeKey, name: &str) {
        let held = self.truth.nodes.entry(node.clone()).or_default();
        held.insert(name.to_owned(), Value::Null);
    }

    pub(super) fn link_node(&mut self, link: LinkIx) -> NodeKey {
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
        for message in self.seed_messages.clone() {
            let node = ("Message", self.world.message_id(message));
            self.edge("STARTED_FROM", case.clone(), node);
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

    pub(super) fn write_clicks(&mut self) {
        for row in self.kept_clicks() {
            let Some(link) = row.fact_link else { continue };
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
            let mut chain = vec![link];
            chain.extend(&row.fact_chain);
            chain.dedup();
            for pair in chain.windows(2) {
                let (from, to) = (self.link_node(pair[0]), self.link_node(pair[1]));
                self.count("REDIRECTS_TO", from, to, (row.time, 1));
            }
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
            for named in &row.fact_messages {
                let mentioned = match self.mentioned(*named) {
                    Some(AlertMessage::Message(message)) => {
                        ("Message", self.world.message_id(message))
                    }
                    Some(AlertMessage::Thread(place)) => self.place_key(place),
                    None => continue,
                };
                self.edge("MENTIONS", node.clone(), mentioned);
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
            let threats = self.threats(link);
            let (severity, risky) = rating::severity(facts, &threats, self.query);
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
            for (provider, state, severity) in rating::verdicts(facts, &threats, self.query) {
                // Defender's words are its tags.
                let tags = (provider == "defender").then_some(&threats);
                let verdict = self.node(
                    "Verdict",
                    format!("{provider}|{}", facts.url),
                    json!({
                        "provider": provider, "state": state, "severity": severity, "tags": tags,
                    }),
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
