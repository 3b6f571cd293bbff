//! What Defender told of messages: those with a threat, those that were reported, and those with a link that is
//! searched for.

use super::collect::{Held, Run, Told};
use super::{ChatsOf, rating};
use crate::world::facts::*;
use crate::world::logs::{MessageUrl, Named, PostDelivery, Submission};
use std::collections::{BTreeMap, BTreeSet};

/// A report of a message: who, when, which, and how it was graded.
pub(super) struct Report {
    pub(super) reporter: (UserIx, Named),
    pub(super) at: Time,
    pub(super) verdict: &'static str,
    pub(super) message: MessageIx,
}

impl<'a> Run<'a> {
    /// The newest row of each message in the window.
    fn newest_events(&self) -> BTreeMap<MessageIx, usize> {
        let rows = &self.world.tables.message_events;
        let mut newest: BTreeMap<MessageIx, usize> = BTreeMap::new();
        for (ix, row) in rows.iter().enumerate() {
            if !self.has("MessageEvents") || !self.in_window(row.time) {
                continue;
            }
            let held = newest.entry(row.fact_message).or_insert(ix);
            if row.time > rows[*held].time {
                *held = ix;
            }
        }
        newest
    }

    /// The rows of MessageUrlInfo in the window, by TeamsMessageId.
    fn urls_of_messages(&self) -> BTreeMap<&'a str, Vec<&'a MessageUrl>> {
        let mut urls: BTreeMap<&str, Vec<&MessageUrl>> = BTreeMap::new();
        if self.has("MessageUrlInfo") {
            let rows = self.world.tables.message_urls.iter();
            for row in rows.filter(|row| self.in_window(row.time)) {
                urls.entry(&row.teams_message).or_default().push(row);
            }
        }
        urls
    }

    /// The sender of a row, as the row ties them to an account: an address beside an object id is no UPN.
    pub(super) fn told_sender(&self, event: usize) -> Option<(UserIx, Named)> {
        let (user, named) = self.world.tables.message_events[event].fact_sender?;
        match named {
            Named::Both => Some((user, Named::Id)),
            Named::No => None,
            named => Some((user, named)),
        }
    }

    /// Those who received a message in a chat, as far as the row says who they are; never the sender.
    pub(super) fn told_recipients(&self, event: usize) -> Vec<(UserIx, Named)> {
        let row = &self.world.tables.message_events[event];
        let sender = row.fact_sender.map(|(user, _)| user);
        let recipients = row.recipients.iter();
        recipients
            .filter(|one| one.named != Named::No && Some(one.fact_user) != sender)
            .map(|one| match one.named {
                Named::Both => (one.fact_user, Named::Id),
                named => (one.fact_user, named),
            })
            .collect()
    }

    /// Takes a message with these of its urls into the graph.
    fn tell(&mut self, message: MessageIx, event: usize, urls: &[&'a MessageUrl]) {
        let world = self.world;
        let row = &world.tables.message_events[event];
        let held = self.messages.entry(message).or_default();
        let told = held.told.get_or_insert_with(|| Told {
            event,
            urls: BTreeMap::new(),
        });
        for url in urls {
            told.urls.entry(url.fact_link).or_insert(url);
        }
        let alone: BTreeSet<LinkIx> = told.urls.keys().copied().collect();
        for url in urls {
            self.links.insert(url.fact_link);
            self.rate(url.fact_link, url.threats);
        }
        // What is said of a message is said of its link where it has one, which belongs to nobody else.
        if let (Some(link), 1) = (alone.first(), alone.len()) {
            let facts = &world.links[*link];
            if !facts.internal && !facts.shared {
                self.rate(*link, row.threats);
            }
        }
        let in_channel = matches!(world.messages[message].place, Place::Channel(_));
        if let Some(root) = world.messages[message].root.filter(|_| in_channel) {
            self.messages.entry(root).or_default();
        }
        let sender = row.fact_sender;
        if let Some((user, named)) = sender.filter(|(_, named)| *named != Named::No) {
            self.met(user, named);
            self.typed.insert(user);
        }
        for recipient in &row.recipients {
            self.met(recipient.fact_user, recipient.named);
        }
    }

    /// Somebody whom Defender names, and whom the directory is asked about.
    fn met(&mut self, user: UserIx, named: Named) {
        if named == Named::Both {
            self.mailed.insert(user);
        }
        if matches!(named, Named::Both | Named::Id) {
            self.identities.saw(user, Named::Id);
        }
        if named != Named::No && self.world.users[user].in_directory() {
            self.identities.resolved(user);
        }
    }

    /// Adds what Defender found a url to be.
    pub(super) fn rate(&mut self, link: LinkIx, threats: &'static str) {
        let words = rating::words(threats);
        self.rated.entry(link).or_default().extend(words);
    }

    /// Whether a message that was found is risky, as far as the run knows.
    pub(super) fn is_risky_message(&self, message: MessageIx) -> bool {
        let Some(held) = self.messages.get(&message) else {
            return false;
        };
        let read = held.graph.then_some(&self.world.messages[message].links);
        let read = read.into_iter().flatten().map(|placed| placed.link);
        let told = held.told.iter().flat_map(|told| told.urls.keys().copied());
        read.chain(told).any(|link| self.risky(link)) || self.is_flagged(held)
    }

    /// Whether Defender rated a message itself Phish or Malware.
    fn is_flagged(&self, held: &Held<'_>) -> bool {
        let told = held.told.as_ref();
        told.is_some_and(|told| {
            let threats = self.world.tables.message_events[told.event].threats;
            rating::is_grave(&rating::words(threats))
        })
    }

    /// `message_urls`: messages of which either the message or a url is a threat.
    pub(super) fn seed_message_urls(&mut self) {
        let urls = self.urls_of_messages();
        for (message, event) in self.newest_events() {
            let row = &self.world.tables.message_events[event];
            let all = urls.get(row.teams_message.as_str()).into_iter().flatten();
            let flagged = |url: &&MessageUrl| !row.threats.is_empty() || !url.threats.is_empty();
            let found: Vec<&MessageUrl> = all.copied().filter(flagged).collect();
            if found.is_empty() {
                continue;
            }
            self.tell(message, event, &found);
            if let Some((user, named)) = self.told_sender(event) {
                self.seed_user(user, named, "message_urls");
            }
            for url in found {
                self.seed_link(url.fact_link);
            }
            if let Place::Channel(channel) = self.world.messages[message].place {
                let team = self.world.channels[channel].team;
                self.threat_teams.insert(self.world.teams[team].id.clone());
            }
        }
    }

    /// `reported`: the newest message that fits each report.
    pub(super) fn seed_reports(&mut self) {
        if !self.has("CloudAppEvents") || !self.has("MessageEvents") {
            return;
        }
        let mut reports: BTreeMap<&str, Vec<&Submission>> = BTreeMap::new();
        for row in &self.world.tables.submissions {
            if self.in_window(row.time) {
                reports.entry(&row.id).or_default().push(row);
            }
        }
        let urls = self.urls_of_messages();
        for mut rows in reports.into_values() {
            rows.sort_by_key(|row| row.time);
            let is_report =
                |row: &&&Submission| ["UserSubmission", "AdminSubmission"].contains(&row.operation);
            let Some(report) = rows.iter().find(is_report) else {
                continue;
            };
            let graded = rows.iter().rev().map(|row| row.verdict);
            let verdict = graded.clone().find(|verdict| !verdict.is_empty());
            let verdict = verdict.unwrap_or_default();
            match report.content {
                "ChatMessage" => {}
                "TeamsCall" => {
                    self.truth.reported_calls += 1;
                    continue;
                }
                _ => continue,
            }
            let Some(sender) = report.fact_sender else {
                self.truth.reports_without_sender += 1;
                continue;
            };
            let candidates = self.candidates(report, sender);
            let Some((message, event)) = candidates.last().copied() else {
                self.truth.reports_without_message += 1;
                continue;
            };
            if candidates.len() > 1 {
                self.truth.ambiguous_reports += 1;
            }
            let row = &self.world.tables.message_events[event];
            let found = urls.get(row.teams_message.as_str());
            let found = found.map(Vec::as_slice).unwrap_or_default();
            self.tell(message, event, found);
            if let Some((user, named)) = self.told_sender(event) {
                self.seed_user(user, named, "reported");
            }
            self.seed_messages.insert(message);
            let how = match report.reporter_id.is_empty() {
                true => Named::Upn,
                false => Named::Id,
            };
            self.met(report.fact_reporter, how);
            self.reports.push(Report {
                reporter: (report.fact_reporter, how),
                at: report.time,
                verdict,
                message,
            });
        }
    }

    /// The messages that a report can be about, from the oldest on.
    fn candidates(&self, report: &Submission, sender: UserIx) -> Vec<(MessageIx, usize)> {
        let fits = |(message, event): &(MessageIx, usize)| {
            let row = &self.world.tables.message_events[*event];
            let facts = &self.world.messages[*message];
            // A report names the address of the sender, so the row has to have one.
            let by_address = row.fact_sender.is_some_and(|(user, named)| {
                user == sender && matches!(named, Named::Both | Named::Upn)
            });
            let received = |one: UserIx| {
                let by_anybody = report.operation == "AdminSubmission";
                by_anybody || one == report.fact_reporter
            };
            let recipients = self.told_recipients(*event);
            let mut recipients = recipients.into_iter();
            let reached = matches!(facts.place, Place::Channel(_))
                || recipients.any(|(user, _)| received(user));
            by_address && facts.created <= report.time && reached
        };
        let mut found: Vec<_> = self.newest_events().into_iter().filter(fits).collect();
        found.sort_by_key(|(message, _)| (self.world.messages[*message].created, *message));
        found
    }

    /// Stage spread: every message with a risky url, with all that it holds, until nothing new is risky or rounds run
    /// out.
    pub(super) fn spread(&mut self) {
        for _ in 0..self.query.rounds.max(1) {
            let named = |link: LinkIx| {
                let url = &self.world.links[link].url;
                self.query.urls.contains(url) || self.query.malicious.contains(url)
            };
            let links = self.links.iter().copied();
            let targets: BTreeSet<LinkIx> = links
                .filter(|link| self.risky(*link) || named(*link))
                .filter(|link| !self.searched.contains(link))
                .collect();
            if targets.is_empty() {
                break;
            }
            self.searched.extend(&targets);
            let urls = self.urls_of_messages();
            for (message, event) in self.newest_events() {
                let row = &self.world.tables.message_events[event];
                let Some(urls) = urls.get(row.teams_message.as_str()) else {
                    continue;
                };
                if urls.iter().any(|url| targets.contains(&url.fact_link)) {
                    self.tell(message, event, urls);
                }
            }
        }
    }

    /// Reads in Graph what only Defender told of so far, and looks for what is risky of it: message by message, and in
    /// chats of another tenant all that came from outside, from the side of somebody who received some of it.
    pub(super) fn read_found(&mut self) {
        let world = self.world;
        let mut foreign: BTreeSet<ChatIx> = BTreeSet::new();
        let mut found: Vec<MessageIx> = Vec::new();
        let has_chats = self.query.chats_of != ChatsOf::None;
        for (message, held) in &self.messages {
            let Some(told) = held.told.as_ref().filter(|_| !held.graph && !held.audit) else {
                continue;
            };
            let row = &world.tables.message_events[told.event];
            match world.messages[*message].place {
                Place::Channel(_) => found.push(*message),
                Place::Chat(_) if !has_chats => {}
                Place::Chat(chat) if world.chats[chat].owner == world.tenant_id => {
                    found.push(*message);
                }
                Place::Chat(chat) => {
                    let received = row.recipients.iter().any(|one| {
                        one.named != Named::No && world.users[one.fact_user].in_directory()
                    });
                    let holds_risk = told.urls.keys().any(|link| self.risky(*link));
                    if row.owned == Some(false) && received && holds_risk && !self.query.no_sides {
                        foreign.insert(chat);
                    }
                }
            }
        }
        for (ix, message) in world.messages.iter().enumerate() {
            let Place::Chat(chat) = message.place else {
                continue;
            };
            let within = self.in_window(message.created) || self.in_window(message.modified);
            let from_outside = message
                .sender
                .is_some_and(|sender| world.users[sender].kind == Kind::External);
            if foreign.contains(&chat) && within && from_outside && !message.links.is_empty() {
                found.push(ix);
            }
        }
        found.retain(|message| !self.lost(*message));
        for message in found {
            if let Place::Chat(chat) = world.messages[message].place
                && world.chats[chat].owner == world.tenant_id
            {
                self.chats.insert(chat);
            }
            self.messages.entry(message).or_default().graph = true;
            self.learn(message);
        }
        self.spread();
    }

    /// What was done to a risky message after its delivery, each row once, from the oldest on.
    pub(super) fn post_deliveries(&self, message: MessageIx) -> Vec<&'a PostDelivery> {
        if !self.has("MessagePostDeliveryEvents") || !self.is_risky_message(message) {
            return Vec::new();
        }
        let rows = self.world.tables.post_deliveries.iter();
        let mut rows: Vec<&PostDelivery> = rows
            .filter(|row| row.fact_message == message && self.in_window(row.time))
            .collect();
        rows.sort_by_key(|row| row.time);
        rows
    }
}
