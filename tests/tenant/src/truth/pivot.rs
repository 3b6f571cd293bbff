//! Follows the urls that are searched for: clicks and where they led, connections, alerts.

use super::collect::Run;
use crate::world::facts::*;
use crate::world::logs::{About, Alert, AlertHost, AlertMessage, Click};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Run<'a> {
    /// The distinct clicks of the window.
    pub(super) fn clicks(&self) -> Vec<&'a Click> {
        let mut once = BTreeSet::new();
        let mut rows = Vec::new();
        if self.has("UrlClickEvents") {
            for row in &self.world.tables.clicks {
                if self.in_window(row.time) && once.insert(identity(row)) {
                    rows.push(row);
                }
            }
        }
        rows
    }

    /// Clicks in Teams that were stopped, clicked through or known to be a threat.
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

    /// A click counts: its url and those to which it led are known from now on.
    pub(super) fn keep_click(&mut self, row: &'a Click) {
        let Some(link) = row.fact_link else { return };
        self.kept.insert(identity(row));
        self.links.insert(link);
        self.links.extend(row.fact_chain.iter().copied());
        self.rate(link, row.threats);
    }

    /// The clicks that count.
    pub(super) fn kept_clicks(&self) -> Vec<&'a Click> {
        let mut rows = self.clicks();
        rows.retain(|row| self.kept.contains(&identity(row)));
        rows
    }

    /// `clicks_on`: clicks on a url that is searched for, or that led to one; what they show is searched for too, until
    /// nothing new comes of it or rounds run out.
    pub(super) fn follow_clicks(&mut self) {
        let mut done = BTreeSet::new();
        for _ in 0..self.query.rounds.max(1) {
            let pivot = self.pivot_links();
            if pivot.is_subset(&done) {
                break;
            }
            for row in self.clicks() {
                let urls = row.fact_link.into_iter().chain(row.fact_chain.clone());
                if urls.into_iter().any(|link| pivot.contains(&link)) {
                    self.keep_click(row);
                }
            }
            done.extend(pivot);
            self.spread();
            self.read_found();
        }
    }

    /// The urls that are searched for in logs and alerts.
    pub(super) fn pivot_links(&self) -> BTreeSet<LinkIx> {
        let all = self.query.pivot_on_all;
        let named = |link: LinkIx| self.query.urls.contains(&self.world.links[link].url);
        self.links
            .iter()
            .copied()
            .filter(|link| all || self.risky(*link) || named(*link))
            .collect()
    }

    /// The urls that something is about, and how it matches them.
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
            } else if facts.host == *host_of && !facts.shared && !facts.internal {
                found.insert(*link, "host");
            }
        }
        found
    }

    /// The alerts that name a url that is searched for, a risky message, or a thread in which one stands.
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
            .filter(|row| {
                let mut messages = row.fact_messages.iter();
                row.fact_links.iter().any(|l| pivot.contains(l))
                    || messages.any(|named| self.mentioned(*named).is_some())
            })
            .collect()
    }

    /// What an alert mentions that names a message or a thread: the message if that is risky, else the place if a risky
    /// message stands in it.
    pub(super) fn mentioned(&self, named: AlertMessage) -> Option<AlertMessage> {
        let place = match named {
            AlertMessage::Message(message) if self.is_risky_message(message) => return Some(named),
            AlertMessage::Message(message) => self.world.messages[message].place,
            AlertMessage::Thread(place) => place,
        };
        let stands = |message: &MessageIx| {
            self.world.messages[*message].place == place && self.is_risky_message(*message)
        };
        let is_risky = self.messages.keys().any(stands);
        is_risky.then_some(AlertMessage::Thread(place))
    }

    /// Ids that only the last stages tie to a UPN or a name.
    pub(super) fn note_pivot_identities(&mut self, pivot: &BTreeSet<LinkIx>) {
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

/// What tells one row of UrlClickEvents from another.
pub(super) type ClickId = (Time, String, String, String, &'static str, String);

fn identity(row: &Click) -> ClickId {
    (
        row.time,
        row.url.clone(),
        row.network_message.clone(),
        row.report.clone(),
        row.action,
        row.chain.clone(),
    )
}
