//! Follows the pipeline over facts: seeds, teams, messages, intelligence, chats, hosts, alerts.

use super::identity::Identities;
use super::{ChatsOf, Query, Truth, summary};
use crate::world::World;
use crate::world::facts::*;
use crate::world::logs::{About, Alert, AlertHost, Click, DeviceEvent, MessageUrl, Named, Office};
use std::collections::{BTreeMap, BTreeSet};

const TEAMS_APPS: [&str; 3] = ["teams.exe", "ms-teams.exe", "msteams.exe"];
const LISTED: [&str; 3] = [
    "MessageCreatedHasLink",
    "MessageUpdatedHasLink",
    "MessageEditedHasLink",
];

/// Something counted towards an edge: when, and what else it adds.
pub(super) type Seen = (Time, u64);

/// Computes what a load of `world` with `query` must give.
pub(crate) fn collect(world: &World, query: &Query) -> Truth {
    let mut run = Run {
        world,
        query,
        identities: Identities::default(),
        links: BTreeSet::new(),
        seed_users: BTreeMap::new(),
        seed_links: BTreeSet::new(),
        threat_teams: BTreeSet::new(),
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
    summary::fill(&mut truth);
    truth
}

/// How a channel message came to be a node.
pub(super) struct Held {
    /// The user OfficeActivity names.
    pub(super) logged: Option<UserIx>,
    /// A reply's root: an id and a place only.
    pub(super) bare: bool,
}

/// A load, as far as it has come.
pub(super) struct Run<'a> {
    pub(super) world: &'a World,
    pub(super) query: &'a Query,
    pub(super) identities: Identities,
    pub(super) links: BTreeSet<LinkIx>,
    pub(super) seed_users: BTreeMap<(UserIx, Named), BTreeSet<&'static str>>,
    pub(super) seed_links: BTreeSet<LinkIx>,
    /// The teams in which a message with a known threat stands.
    threat_teams: BTreeSet<String>,
    pub(super) messages: BTreeMap<MessageIx, Held>,
    pub(super) chats: BTreeSet<ChatIx>,
    pub(super) truth: Truth,
}

impl<'a> Run<'a> {
    pub(super) fn has(&self, table: &str) -> bool {
        !self.world.absent_tables.contains(&table) && !self.query.absent_tables.contains(&table)
    }

    /// Whether nobody can read a message: Graph has lost it, or its kind of place is closed to us.
    pub(super) fn lost(&self, message: MessageIx) -> bool {
        let facts = &self.world.messages[message];
        let permission = match facts.place {
            Place::Channel(_) => "ChannelMessage.Read.All",
            Place::Chat(_) => "Chat.Read.All",
        };
        facts.gone || self.query.withheld.contains(&permission)
    }

    pub(super) fn in_window(&self, time: Time) -> bool {
        time >= self.query.from && time < self.query.to
    }

    pub(super) fn in_pivot(&self, time: Time) -> bool {
        time >= self.query.pivot_from && time < self.query.to
    }

    fn risky(&self, link: LinkIx) -> bool {
        summary::severity(&self.world.links[link], self.query).1
    }

    fn seed_user(&mut self, user: UserIx, how: Named, why: &'static str) {
        self.identities.saw(user, how);
        if self.world.users[user].in_directory() {
            self.identities.resolved(user);
        }
        self.seed_users.entry((user, how)).or_default().insert(why);
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

    pub(super) fn clicks(&self) -> Vec<&'a Click> {
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

    pub(super) fn seed_clicks(&self) -> Vec<&'a Click> {
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
        let mut urls: BTreeMap<&str, Vec<&MessageUrl>> = BTreeMap::new();
        for url in &self.world.tables.message_urls {
            urls.entry(&url.teams_message).or_default().push(url);
        }
        for event in &self.world.tables.message_events {
            for url in urls.get(event.teams_message.as_str()).into_iter().flatten() {
                let within = self.in_window(event.time) && self.in_window(url.time);
                if within && !(event.threats.is_empty() && url.threats.is_empty()) {
                    // An address is no UPN: the row ties nobody's UPN to an id.
                    if let Some((user, named)) = event.fact_sender {
                        let named = match named {
                            Named::Both => Named::Id,
                            named => named,
                        };
                        self.seed_user(user, named, "message_urls");
                    }
                    self.seed_link(url.fact_link);
                    let place = self.world.messages[event.fact_message].place;
                    if let Place::Channel(channel) = place {
                        let team = self.world.channels[channel].team;
                        let id = self.world.teams[team].id.clone();
                        self.threat_teams.insert(id);
                    }
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
        for url in self.query.urls.iter().chain(&self.query.malicious) {
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
                teams.extend(facts.teams.iter().chain(&facts.associated).copied());
            } else if facts.kind == Kind::Phantom {
                self.truth.unresolved_users.insert(facts.upn.to_lowercase());
            }
        }
        let known_threats = self.threat_teams.iter();
        for id in self.query.teams.iter().chain(known_threats) {
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
                    && !self.lost(ix)
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
            .filter(|m| !self.lost(**m))
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
            .filter(|(m, held)| !held.bare && !self.lost(**m))
            .map(|(m, _)| *m)
            .collect();
        self.truth.gone_messages = self.messages.keys().filter(|m| self.lost(**m)).count();
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
            let Some(sender) = facts.sender.filter(|_| !held.bare && !self.lost(*ix)) else {
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
            let fresh: BTreeSet<UserIx> = senders
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
                    let chat = &self.world.chats[*c];
                    // One of another tenant is closed to this one.
                    chat.owner == self.world.tenant_id
                        && chat.members.iter().any(|m| fresh.contains(m))
                })
                .collect();
            for (ix, message) in self.world.messages.iter().enumerate() {
                let Place::Chat(chat) = message.place else {
                    continue;
                };
                let within = self.in_window(message.created) || self.in_window(message.modified);
                if chats.contains(&chat) && within && !message.links.is_empty() && !self.lost(ix) {
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
        let named = |link: LinkIx| self.query.urls.contains(&self.world.links[link].url);
        self.links
            .iter()
            .copied()
            .filter(|link| all || self.risky(*link) || named(*link))
            .collect()
    }

    pub(super) fn matches(
        &self,
        about: About,
        pivot: &BTreeSet<LinkIx>,
    ) -> BTreeMap<LinkIx, &'static str> {
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

    pub(super) fn alerts(&self, pivot: &BTreeSet<LinkIx>) -> Vec<&'a Alert> {
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
                if let AlertHost::Device(device, true) = host {
                    self.identities.saw_host(*device);
                }
            }
        }
    }
}
