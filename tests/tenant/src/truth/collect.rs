//! Follows the pipeline over facts: seeds, teams, messages, intelligence, spread, chats, hosts, alerts.

use super::defender::Report;
use super::identity::Identities;
use super::pivot::ClickId;
use super::{ChatsOf, Query, Truth, rating, summary};
use crate::world::World;
use crate::world::facts::*;
use crate::world::logs::{DeviceEvent, MessageUrl, Named, Office};
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
        seed_messages: BTreeSet::new(),
        threat_teams: BTreeSet::new(),
        messages: BTreeMap::new(),
        reports: Vec::new(),
        chats: BTreeSet::new(),
        rated: BTreeMap::new(),
        searched: BTreeSet::new(),
        kept: BTreeSet::new(),
        openers: BTreeSet::new(),
        mailed: BTreeSet::new(),
        typed: BTreeSet::new(),
        truth: Truth::default(),
    };
    let smartscreen = run.seeds();
    let teams = run.teams();
    run.channel_messages(&teams);
    run.spread();
    run.chat_messages();
    run.follow_clicks();
    let pivot = run.pivot_links();
    run.note_pivot_identities(&pivot);
    run.write_users_and_teams(&teams);
    run.write_messages();
    run.write_reports();
    run.write_chats();
    run.write_device_events(&smartscreen, &pivot);
    run.write_clicks();
    run.write_connections(&pivot);
    run.write_alerts(&pivot);
    run.write_links();
    let mut truth = run.truth;
    summary::fill(&mut truth);
    truth
}

/// How a message came to be a node. One that nothing told of is bare: a reply's root, of which an id and a place are
/// known.
#[derive(Default)]
pub(super) struct Held<'a> {
    /// The audit log lists it.
    pub(super) audit: bool,
    /// The user whom the audit log names.
    pub(super) logged: Option<UserIx>,
    /// Graph gave it.
    pub(super) graph: bool,
    /// What Defender told of it.
    pub(super) told: Option<Told<'a>>,
}

/// What Defender told of a message.
pub(super) struct Told<'a> {
    /// Its newest row in MessageEvents.
    pub(super) event: usize,
    /// Its urls that were met in MessageUrlInfo.
    pub(super) urls: BTreeMap<LinkIx, &'a MessageUrl>,
}

/// A load, as far as it has come.
pub(super) struct Run<'a> {
    pub(super) world: &'a World,
    pub(super) query: &'a Query,
    pub(super) identities: Identities,
    pub(super) links: BTreeSet<LinkIx>,
    pub(super) seed_users: BTreeMap<(UserIx, Named), BTreeSet<&'static str>>,
    pub(super) seed_links: BTreeSet<LinkIx>,
    pub(super) seed_messages: BTreeSet<MessageIx>,
    /// The teams in which a message with a known threat stands.
    pub(super) threat_teams: BTreeSet<String>,
    pub(super) messages: BTreeMap<MessageIx, Held<'a>>,
    pub(super) reports: Vec<Report>,
    /// Chats of which Graph gave messages and members.
    pub(super) chats: BTreeSet<ChatIx>,
    /// What Defender found urls to be.
    pub(super) rated: BTreeMap<LinkIx, BTreeSet<&'static str>>,
    /// Urls on which messages were searched for.
    pub(super) searched: BTreeSet<LinkIx>,
    /// Clicks that count.
    pub(super) kept: BTreeSet<ClickId>,
    /// Who opened or clicked what, as far as the seeds tell.
    openers: BTreeSet<(UserIx, LinkIx)>,
    /// Users beside whose object id an address stands.
    pub(super) mailed: BTreeSet<UserIx>,
    /// Users from outside of whom it is known that they are: Graph says so, or they sent something and no directory has
    /// them.
    pub(super) typed: BTreeSet<UserIx>,
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

    /// What Defender found a url to be.
    pub(super) fn threats(&self, link: LinkIx) -> BTreeSet<&'static str> {
        self.rated.get(&link).cloned().unwrap_or_default()
    }

    pub(super) fn risky(&self, link: LinkIx) -> bool {
        rating::severity(&self.world.links[link], &self.threats(link), self.query).1
    }

    pub(super) fn seed_user(&mut self, user: UserIx, how: Named, why: &'static str) {
        self.identities.saw(user, how);
        if self.world.users[user].in_directory() {
            self.identities.resolved(user);
        }
        self.seed_users.entry((user, how)).or_default().insert(why);
    }

    pub(super) fn seed_link(&mut self, link: LinkIx) {
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
            let opened = row.fact_user.zip(row.fact_link);
            if let Some(((user, _), link)) = opened.filter(|_| row.action.starts_with("Browser")) {
                self.openers.insert((user, link));
            }
        }
        for row in self.seed_clicks() {
            self.seed_user(row.fact_user, Named::Upn, "url_clicks");
            if let Some(link) = row.fact_link {
                self.seed_link(link);
                self.openers.insert((row.fact_user, link));
            }
            self.keep_click(row);
        }
        self.seed_message_urls();
        self.seed_reports();
        self.seeds_by_hand();
        rows
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
        let ids = teams.iter().map(|team| self.world.teams[*team].id.clone());
        self.truth.read_teams = ids.collect();
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
                let lost = self.lost(message);
                let held = self.messages.entry(message).or_default();
                held.audit = true;
                held.graph = !lost;
                held.logged = row.fact_user;
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
                    self.messages.entry(ix).or_default().graph = true;
                }
            }
        }
        let read = self.messages.iter().filter(|(_, held)| held.graph);
        let read: Vec<MessageIx> = read.map(|(message, _)| *message).collect();
        let listed = self.messages.iter().filter(|(_, held)| held.audit);
        self.truth.gone_messages = listed.filter(|(_, held)| !held.graph).count();
        for message in read {
            if let Some(root) = self.world.messages[message].root {
                self.messages.entry(root).or_default();
            }
            self.learn(message);
        }
    }

    /// A message whose body was read: its links, and its sender's account.
    pub(super) fn learn(&mut self, message: MessageIx) {
        let facts = &self.world.messages[message];
        self.links.extend(facts.links.iter().map(|p| p.link));
        if let Some(sender) = facts.sender {
            self.identities.saw(sender, Named::Id);
            self.typed.insert(sender);
            if self.world.users[sender].in_directory() {
                self.identities.resolved(sender);
            }
        }
    }

    /// The users whose chats are to be read.
    fn of_interest(&self) -> BTreeSet<UserIx> {
        let mut users = BTreeSet::new();
        let chats_of = self.query.chats_of;
        if chats_of == ChatsOf::None {
            return users;
        }
        for (ix, held) in &self.messages {
            let risky = self.is_risky_message(*ix);
            if !(risky || chats_of == ChatsOf::All) {
                continue;
            }
            users.extend(self.world.messages[*ix].sender.filter(|_| held.graph));
            if let Some(told) = &held.told {
                users.extend(self.told_sender(told.event).map(|(user, _)| user));
                if risky && chats_of == ChatsOf::Touched {
                    let recipients = self.told_recipients(told.event);
                    users.extend(recipients.into_iter().map(|(user, _)| user));
                }
            }
        }
        if chats_of == ChatsOf::Touched {
            let openers = self.openers.iter();
            let openers = openers.filter(|(_, link)| self.risky(*link));
            users.extend(openers.map(|(user, _)| *user));
        }
        users
    }

    /// Stage chats, with a stage spread behind each round.
    fn chat_messages(&mut self) {
        let mut asked = BTreeSet::new();
        for _ in 0..self.query.rounds.max(1) {
            let users = self.of_interest();
            let fresh: BTreeSet<UserIx> = users
                .difference(&asked)
                .copied()
                .filter(|_| self.query.rounds > 0)
                .collect();
            asked.extend(&fresh);
            let fresh: BTreeSet<UserIx> = fresh
                .into_iter()
                .filter(|u| self.world.users[*u].in_directory())
                .collect();
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
                    self.messages.entry(ix).or_default().graph = true;
                    self.learn(ix);
                }
            }
            self.spread();
            self.read_found();
            if self.of_interest().is_subset(&asked) {
                break;
            }
        }
        for user in self.of_interest() {
            let id = self.world.users[user].id.clone();
            if id.is_empty() {
                continue;
            }
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
                self.typed.insert(member);
                if self.world.users[member].in_directory() {
                    self.identities.resolved(member);
                }
            }
        }
    }
}
