//! Follows the pipeline over facts: seeds, teams, messages, intelligence, chats, hosts, alerts.

use super::identity::Identities;
use super::{ChatsOf, EdgeFacts, EdgeKey, NodeKey, Query, Truth, summary};
use crate::tenant::world::World;
use crate::tenant::world::facts::*;
use crate::tenant::world::logs::{About, Alert, Click, DeviceEvent, Named, Office};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const TEAMS_APPS: [&str; 3] = ["teams.exe", "ms-teams.exe", "msteams.exe"];
const LISTED: [&str; 3] = [
    "MessageCreatedHasLink",
    "MessageUpdatedHasLink",
    "MessageEditedHasLink",
];

/// Something counted towards an edge: when, and what else it adds.
type Seen = (Time, u64);

/// Computes what a load of `world` with `query` must give.
pub fn collect(world: &World, query: &Query) -> Truth {
    let mut run = Run {
        world,
        query,
        identities: Identities::default(),
        links: BTreeSet::new(),
        seed_users: BTreeMap::new(),
        seed_links: BTreeSet::new(),
        messages: BTreeMap::new(),
        chats: BTreeSet::new(),
        truth: Truth::default(),
    };
    let smartscreen = run.seeds();
    let teams = run.teams();
    run.channel_messages(&teams);
    run.chat_messages();
    let pivot = run.pivot_links();
    run.note_pivot_identities(&pivot);
    run.write_users_and_teams(&teams);
    run.write_messages();
    run.write_chats();
    run.write_device_events(&smartscreen, &pivot);
    run.write_clicks(&pivot);
    run.write_connections(&pivot);
    run.write_alerts(&pivot);
    run.write_links();
    let mut truth = run.truth;
    summary::fill(world, &mut truth);
    truth
}

/// How a channel message came to be a node.
struct Held {
    /// The user OfficeActivity names.
    logged: Option<UserIx>,
    /// A reply's root: an id and a place only.
    bare: bool,
}

struct Run<'a> {
    world: &'a World,
    query: &'a Query,
    identities: Identities,
    links: BTreeSet<LinkIx>,
    seed_users: BTreeMap<(UserIx, &'static str), BTreeSet<&'static str>>,
    seed_links: BTreeSet<LinkIx>,
    messages: BTreeMap<MessageIx, Held>,
    chats: BTreeSet<ChatIx>,
    truth: Truth,
}

fn key(named: Named) -> &'static str {
    match named {
        Named::Both => "both",
        Named::Id => "id",
        Named::Upn => "upn",
        Named::No => "no",
    }
}

fn named(key: &str) -> Named {
    match key {
        "both" => Named::Both,
        "id" => Named::Id,
        "upn" => Named::Upn,
        _ => Named::No,
    }
}

impl<'a> Run<'a> {
    fn has(&self, table: &str) -> bool {
        !self.world.absent_tables.contains(&table) && !self.query.absent_tables.contains(&table)
    }

    fn in_window(&self, time: Time) -> bool {
        time >= self.query.from && time < self.query.to
    }

    fn in_pivot(&self, time: Time) -> bool {
        time >= self.query.pivot_from && time < self.query.to
    }

    fn risky(&self, link: LinkIx) -> bool {
        summary::severity(&self.world.links[link], &self.query.providers).1
    }

    fn seed_user(&mut self, user: UserIx, how: Named, why: &'static str) {
        self.identities.saw(user, how);
        if self.world.users[user].in_directory() {
            self.identities.resolved(user);
        }
        self.seed_users
            .entry((user, key(how)))
            .or_default()
            .insert(why);
    }

    fn seed_link(&mut self, link: LinkIx) {
        self.links.insert(link);
        self.seed_links.insert(link);
    }

    /// Stage 1. Gives the SmartScreen rows that count.
    fn seeds(&mut self) -> Vec<&'a DeviceEvent> {
        let world = self.world;
        let mut rows: Vec<&DeviceEvent> = Vec::new();
        if self.has("DeviceEvents") {
            let of_teams = |r: &&DeviceEvent| {
                r.action == "BrowserLaunchedToOpenUrl"
                    && TEAMS_APPS.contains(&r.app.to_lowercase().as_str())
            };
            let warnings = |r: &&DeviceEvent| r.action == "SmartScreenUrlWarning";
            let subject = |r: &DeviceEvent| (r.fact_device, r.fact_link);
            let within: Vec<&DeviceEvent> = world
                .tables
                .device_events
                .iter()
                .filter(|r| self.in_window(r.time))
                .collect();
            let opened: BTreeSet<_> = within
                .iter()
                .copied()
                .filter(of_teams)
                .map(subject)
                .collect();
            let warned: BTreeSet<_> = within
                .iter()
                .copied()
                .filter(warnings)
                .map(subject)
                .collect();
            let mut once = BTreeSet::new();
            for row in within {
                let counts = (warnings(&row) && opened.contains(&subject(row)))
                    || (of_teams(&row) && warned.contains(&subject(row)));
                if counts && once.insert((row.time, row.report)) {
                    rows.push(row);
                }
            }
        }
        for row in &rows {
            if let Some((user, how)) = row.fact_user {
                self.seed_user(user, how, "smartscreen");
            }
            self.identities.saw_host(row.fact_device);
            if let Some(link) = row.fact_link {
                self.seed_link(link);
            }
        }
        for row in self.seed_clicks() {
            self.seed_user(row.fact_user, Named::Upn, "url_clicks");
            if let Some(link) = row.fact_link {
                self.seed_link(link);
            }
        }
        self.seed_message_urls();
        self.seeds_by_hand();
        rows
    }

    fn clicks(&self) -> Vec<&'a Click> {
        let mut once = BTreeSet::new();
        let mut rows = Vec::new();
        if self.has("UrlClickEvents") {
            for row in &self.world.tables.clicks {
                let identity = (row.time, &row.network_message, &row.report, row.action);
                if self.in_window(row.time) && once.insert(identity) {
                    rows.push(row);
                }
            }
        }
        rows
    }

    fn seed_clicks(&self) -> Vec<&'a Click> {
        let mut rows = self.clicks();
        rows.retain(|r| {
            r.workload.eq_ignore_ascii_case("teams")
                && (r.action != "ClickAllowed"
                    || r.clicked_through == Some(true)
                    || !r.threats.is_empty())
        });
        rows
    }

    fn seed_message_urls(&mut self) {
        if !self.has("MessageEvents") || !self.has("MessageUrlInfo") {
            return;
        }
        for event in &self.world.tables.message_events {
            for url in &self.world.tables.message_urls {
                let joined = event.teams_message == url.teams_message
                    && self.in_window(event.time)
                    && self.in_window(url.time);
                if joined && !(event.threats.is_empty() && url.threats.is_empty()) {
                    self.seed_user(event.fact_user.0, event.fact_user.1, "message_urls");
                    self.seed_link(url.fact_link);
                }
            }
        }
    }

    fn seeds_by_hand(&mut self) {
        for user in &self.query.users {
            if let Some(ix) = self.world.directory(user) {
                self.seed_user(ix, Named::Both, "--user");
            }
        }
        for url in &self.query.urls {
            if let Some(link) = self.world.links.iter().position(|l| l.url == *url) {
                self.seed_link(link);
            }
        }
    }

    /// Stage 2.
    fn teams(&mut self) -> BTreeSet<TeamIx> {
        let mut teams = BTreeSet::new();
        for (user, _) in self.seed_users.keys() {
            let facts = &self.world.users[*user];
            if facts.in_directory() {
                teams.extend(facts.teams.iter().copied());
            } else if facts.kind == Kind::Phantom {
                self.truth.unresolved_users.insert(facts.upn.to_lowercase());
            }
        }
        for id in &self.query.teams {
            teams.extend(
                self.world
                    .teams
                    .iter()
                    .position(|t| t.id.eq_ignore_ascii_case(id)),
            );
        }
        teams
    }

    /// Stages 3 and 4 for channels.
    fn channel_messages(&mut self, teams: &BTreeSet<TeamIx>) {
        let mut channels = BTreeSet::new();
        let rows: &[Office] = if self.has("OfficeActivity") {
            &self.world.tables.office
        } else {
            &[]
        };
        for row in rows {
            let Some(message) = row.fact_message else {
                continue;
            };
            let Place::Channel(channel) = self.world.messages[message].place else {
                continue;
            };
            let listed = row.workload.eq_ignore_ascii_case("MicrosoftTeams")
                && LISTED.contains(&row.operation)
                && teams.contains(&self.world.channels[channel].team)
                && self.in_window(row.time);
            if listed {
                channels.insert(channel);
                let logged = row.fact_user;
                self.messages.insert(
                    message,
                    Held {
                        logged,
                        bare: false,
                    },
                );
            }
        }
        if self.query.channels_all {
            for (ix, message) in self.world.messages.iter().enumerate() {
                let within = self.in_window(message.created) || self.in_window(message.modified);
                if let Place::Channel(channel) = message.place
                    && channels.contains(&channel)
                    && within
                    && !message.gone
                    && !message.system
                {
                    self.messages.entry(ix).or_insert(Held {
                        logged: None,
                        bare: false,
                    });
                }
            }
        }
        let roots: Vec<MessageIx> = self
            .messages
            .keys()
            .filter(|m| !self.world.messages[**m].gone)
            .filter_map(|m| self.world.messages[*m].root)
            .collect();
        for root in roots {
            self.messages.entry(root).or_insert(Held {
                logged: None,
                bare: true,
            });
        }
        let told: Vec<MessageIx> = self
            .messages
            .iter()
            .filter(|(m, held)| !held.bare && !self.world.messages[**m].gone)
            .map(|(m, _)| *m)
            .collect();
        self.truth.gone_messages = self
            .messages
            .keys()
            .filter(|m| self.world.messages[**m].gone)
            .count();
        for message in told {
            self.learn(message);
        }
    }

    /// A message whose body was read: its links, and its sender's account.
    fn learn(&mut self, message: MessageIx) {
        let facts = &self.world.messages[message];
        self.links.extend(facts.links.iter().map(|p| p.link));
        if let Some(sender) = facts.sender {
            self.identities.saw(sender, Named::Id);
            if self.world.users[sender].in_directory() {
                self.identities.resolved(sender);
            }
        }
    }

    fn senders_of_interest(&self) -> BTreeSet<UserIx> {
        let mut senders = BTreeSet::new();
        for (ix, held) in &self.messages {
            let facts = &self.world.messages[*ix];
            let Some(sender) = facts.sender.filter(|_| !held.bare && !facts.gone) else {
                continue;
            };
            let counts = match self.query.chats_of {
                ChatsOf::Risky => facts.links.iter().any(|p| self.risky(p.link)),
                ChatsOf::All => true,
                ChatsOf::None => false,
            };
            if counts {
                senders.insert(sender);
            }
        }
        senders
    }

    /// Stage 6.
    fn chat_messages(&mut self) {
        let mut asked = BTreeSet::new();
        for _ in 0..self.query.rounds {
            let senders = self.senders_of_interest();
            let fresh: Vec<UserIx> = senders
                .difference(&asked)
                .copied()
                .filter(|u| self.world.users[*u].in_directory())
                .collect();
            if fresh.is_empty() {
                break;
            }
            asked.extend(&fresh);
            let chats: BTreeSet<ChatIx> = (0..self.world.chats.len())
                .filter(|c| {
                    self.world.chats[*c]
                        .members
                        .iter()
                        .any(|m| fresh.contains(m))
                })
                .collect();
            for (ix, message) in self.world.messages.iter().enumerate() {
                let Place::Chat(chat) = message.place else {
                    continue;
                };
                let within = self.in_window(message.created) || self.in_window(message.modified);
                if chats.contains(&chat) && within && !message.links.is_empty() {
                    self.chats.insert(chat);
                    self.messages.insert(
                        ix,
                        Held {
                            logged: None,
                            bare: false,
                        },
                    );
                    self.learn(ix);
                }
            }
        }
        for user in self.senders_of_interest() {
            let id = self.world.users[user].id.clone();
            if !self.world.users[user].in_directory() {
                self.truth.unreadable.insert(id);
            } else if asked.contains(&user) {
                self.truth.chat_users.insert(id);
            } else {
                self.truth.waiting.insert(id);
            }
        }
        for chat in self.chats.clone() {
            for member in self.world.chats[chat].members.clone() {
                self.identities.saw(member, Named::Id);
                if self.world.users[member].in_directory() {
                    self.identities.resolved(member);
                }
            }
        }
    }

    fn pivot_links(&self) -> BTreeSet<LinkIx> {
        let all = self.query.pivot_on_all;
        self.links
            .iter()
            .copied()
            .filter(|l| all || self.risky(*l))
            .collect()
    }

    fn matches(&self, about: About, pivot: &BTreeSet<LinkIx>) -> BTreeMap<LinkIx, &'static str> {
        let mut found = BTreeMap::new();
        let host_of = match about {
            About::Url(link) | About::HostOf(link) => &self.world.links[link].host,
            About::Other => return found,
        };
        for link in pivot {
            let facts = &self.world.links[*link];
            if about == About::Url(*link) {
                found.insert(*link, "url");
            } else if facts.host == *host_of && !facts.shared {
                found.insert(*link, "host");
            }
        }
        found
    }

    fn alerts(&self, pivot: &BTreeSet<LinkIx>) -> Vec<&'a Alert> {
        let mut newest: BTreeMap<&str, &Alert> = BTreeMap::new();
        if self.has("SecurityAlert") {
            for row in self
                .world
                .tables
                .alerts
                .iter()
                .filter(|r| self.in_window(r.time))
            {
                let held = newest.entry(&row.id).or_insert(row);
                if row.time > held.time {
                    *held = row;
                }
            }
        }
        newest
            .into_values()
            .filter(|row| row.fact_links.iter().any(|l| pivot.contains(l)))
            .collect()
    }

    /// Ids that only stages 7 and 8 tie to a UPN or a name.
    fn note_pivot_identities(&mut self, pivot: &BTreeSet<LinkIx>) {
        let world = self.world;
        for row in &world.tables.network_events {
            let counts = self.has("DeviceNetworkEvents")
                && self.in_pivot(row.time)
                && !self.matches(row.fact_about, pivot).is_empty();
            if counts {
                self.identities.saw_host(row.fact_device);
                if let Some((user, how)) = row.fact_user {
                    self.identities.saw(user, how);
                }
            }
        }
        for row in &world.tables.proxy {
            let counts = self.has("CommonSecurityLog")
                && self.has("DeviceNetworkInfo")
                && self.in_pivot(row.time)
                && !self.matches(row.fact_about, pivot).is_empty();
            if counts {
                for device in &row.fact_devices {
                    self.identities.saw_host(*device);
                }
            }
        }
        for alert in self.alerts(pivot) {
            for (user, how) in &alert.fact_users {
                self.identities.saw(*user, *how);
            }
            for host in &alert.fact_hosts {
                if let crate::tenant::world::logs::AlertHost::Device(device, true) = host {
                    self.identities.saw_host(*device);
                }
            }
        }
    }

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

    fn write_users_and_teams(&mut self, teams: &BTreeSet<TeamIx>) {
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
        let seeds: Vec<(UserIx, &'static str)> = self.seed_users.keys().copied().collect();
        for (user, how) in seeds {
            let node = self.user_node(user, named(how));
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

    fn write_messages(&mut self) {
        let held: Vec<(MessageIx, bool, Option<UserIx>)> = self
            .messages
            .iter()
            .map(|(ix, h)| (*ix, h.bare, h.logged))
            .collect();
        for (ix, bare, logged) in held {
            let facts = &self.world.messages[ix];
            let unread = bare || facts.gone;
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
            self.edge("POSTED_IN", node.clone(), place);
            if bare {
                continue;
            }
            let sender = match facts.sender.filter(|_| !facts.gone) {
                Some(user) => Some((user, Named::Id)),
                None => logged.map(|user| (user, Named::Upn)),
            };
            if let Some((user, how)) = sender {
                let user = self.user_node(user, how);
                self.edge("SENT", user, node.clone());
            }
            if unread {
                continue;
            }
            let properties = json!({
                "created": facts.created, "modified": facts.modified, "deleted": facts.deleted,
                "edited": facts.edited.is_some(), "subject": facts.subject,
                "importance": facts.importance,
            });
            self.node("Message", node.1.clone(), properties);
            if let Some(root) = facts.root {
                let root = ("Message", self.world.message_id(root));
                self.edge("REPLY_TO", node.clone(), root);
            }
            for placed in &facts.links {
                let url = self.link_node(placed.link);
                let edge = self.edge("CONTAINS", node.clone(), url);
                let mut properties = Map::new();
                if let Some(origin) = placed.style.origin() {
                    properties.insert("origin".into(), json!(origin));
                    properties.insert("mismatch".into(), json!(placed.style.mismatch()));
                }
                let wrapped = placed.style.wrapped_by();
                properties.insert("wrapped_by".into(), json!(wrapped));
                if let Style::Lure(shown) = placed.style {
                    properties.insert("text".into(), json!(shown));
                }
                edge.properties = properties;
            }
        }
    }

    fn write_chats(&mut self) {
        for chat in self.chats.clone() {
            let node = ("Chat", self.world.chats[chat].id.clone());
            for member in &self.world.chats[chat].members {
                let user = self.user_node(*member, Named::Id);
                self.edge("PARTICIPATES_IN", user, node.clone());
            }
        }
    }

    fn write_device_events(&mut self, rows: &[&DeviceEvent], pivot: &BTreeSet<LinkIx>) {
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

    fn write_clicks(&mut self, pivot: &BTreeSet<LinkIx>) {
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

    fn write_connections(&mut self, pivot: &BTreeSet<LinkIx>) {
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

    fn write_alerts(&mut self, pivot: &BTreeSet<LinkIx>) {
        for row in self.alerts(pivot) {
            let name = if row.display_name.is_empty() {
                &row.alert_name
            } else {
                &row.display_name
            };
            let node = self.node(
                "Alert",
                row.id.clone(),
                json!({
                    "name": name, "severity": row.severity, "provider": row.provider,
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

    fn write_links(&mut self) {
        for link in self.links.clone() {
            let facts = &self.world.links[link];
            let (severity, risky) = summary::severity(facts, &self.query.providers);
            let url = self.node(
                "Url",
                facts.url.clone(),
                json!({"scheme": facts.scheme, "host": facts.host, "severity": severity, "risky": risky}),
            );
            if let Some((domain, suffix)) = &facts.domain {
                let domain = self.node("Domain", domain.clone(), json!({ "suffix": suffix }));
                self.edge("ON_DOMAIN", url.clone(), domain);
            }
            for provider in &self.query.providers {
                let (state, severity) = summary::verdict(facts, provider);
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
