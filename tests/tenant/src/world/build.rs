//! The hand that writes worlds: each call adds one fact and the records that show it.

use super::World;
use super::body;
use super::dice::Dice;
use super::draft::Draft;
use super::entities::Entities;
use super::facts::*;
use super::logs::*;
use chrono::{Duration, Timelike, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Writes a world.
pub(crate) struct Builder {
    /// What has been written.
    pub world: World,
    /// Chance, seeded.
    pub dice: Dice,
    /// What stands in the place of `contoso` in the names of users, devices and hosts.
    pub own: &'static str,
    reports: i64,
    holders: HashMap<(Time, String), BTreeSet<DeviceIx>>,
    used_ids: BTreeMap<Place, BTreeSet<i64>>,
}

impl Builder {
    /// An empty tenant whose window ends at `anchor`.
    pub(crate) fn new(seed: u64, name: &str, anchor: Time) -> Self {
        let mut dice = Dice::new(seed);
        let world = World::empty(name, seed, anchor, &mut dice);
        Self {
            world,
            dice,
            own: "contoso",
            reports: 0,
            holders: HashMap::new(),
            used_ids: BTreeMap::new(),
        }
    }

    /// `day` days and so many hours and minutes after the start of the 30 days before the anchor.
    pub(crate) fn at(&self, day: i64, hour: i64, minute: i64) -> Time {
        self.world.anchor - Duration::days(30)
            + Duration::days(day)
            + Duration::hours(hour)
            + Duration::minutes(minute)
    }

    /// Adds a user. `upn` may be empty for those who have none.
    pub(crate) fn user(&mut self, kind: Kind, upn: &str, name: Option<&str>) -> UserIx {
        let upn = &upn.replace("contoso", self.own);
        let home = match kind {
            Kind::External | Kind::Anonymous => self.dice.guid(),
            _ => self.world.tenant_id.clone(),
        };
        let id = if kind == Kind::Phantom {
            String::new()
        } else {
            self.dice.guid()
        };
        // As in many tenants, nobody's address is the UPN.
        let mail = (kind == Kind::Member).then(|| upn.replace('@', "@mail."));
        self.world.users.push(User {
            id,
            upn: upn.into(),
            name: name.map(str::to_owned),
            mail,
            kind,
            home,
            teams: Vec::new(),
            associated: Vec::new(),
            foreign_teams: Vec::new(),
        });
        self.world.users.len() - 1
    }

    /// Adds a team with its members.
    pub(crate) fn team(&mut self, name: &str, members: &[UserIx]) -> TeamIx {
        let id = self.dice.guid();
        self.world.teams.push(Team {
            id,
            name: name.into(),
        });
        let team = self.world.teams.len() - 1;
        for &member in members {
            self.world.users[member].teams.push(team);
        }
        team
    }

    /// Adds a channel.
    pub(crate) fn channel(&mut self, team: TeamIx, name: &str, membership: &'static str) -> Place {
        let id = format!("19:{}@thread.tacv2", self.dice.hex(32));
        self.world.channels.push(Channel {
            team,
            id,
            name: name.into(),
            membership,
        });
        Place::Channel(self.world.channels.len() - 1)
    }

    /// Adds a chat.
    pub(crate) fn chat(
        &mut self,
        kind: &'static str,
        topic: Option<&str>,
        members: &[UserIx],
    ) -> Place {
        let id = match kind {
            "oneOnOne" => format!(
                "19:{}_{}@unq.gbl.spaces",
                self.world.users[members[0]].id, self.world.users[members[1]].id
            ),
            "meeting" => format!("19:meeting_{}@thread.v2", self.dice.hex(48)),
            _ => format!("19:{}@thread.v2", self.dice.hex(32)),
        };
        let created = self.at(-20, 8, 0);
        self.world.chats.push(Chat {
            id,
            kind,
            topic: topic.map(str::to_owned),
            members: members.to_vec(),
            created,
            owner: self.world.tenant_id.clone(),
        });
        Place::Chat(self.world.chats.len() - 1)
    }

    /// Adds a url: scheme, host in punycode, what follows it.
    pub(crate) fn link(&mut self, scheme: &'static str, host: &str, rest: &str) -> LinkIx {
        let host = &host.replace("contoso", self.own);
        let domain = super::registrable(host);
        self.world.links.push(Link {
            url: String::new(),
            scheme,
            host: host.into(),
            unicode_host: host.into(),
            rest: rest.into(),
            port: None,
            userinfo: None,
            domain,
            otx: Otx::Miss,
            xforce: XForce::Miss,
            internal: false,
            shared: false,
        });
        let ix = self.world.links.len() - 1;
        self.respell(ix);
        ix
    }

    /// Changes facts of a url; its spelling follows.
    pub(crate) fn with(&mut self, link: LinkIx, change: impl FnOnce(&mut Link)) -> LinkIx {
        change(&mut self.world.links[link]);
        self.respell(link);
        link
    }

    fn respell(&mut self, ix: LinkIx) {
        let link = &mut self.world.links[ix];
        let userinfo = link.userinfo.map(|u| format!("{u}@")).unwrap_or_default();
        let port = link.port.map(|p| format!(":{p}")).unwrap_or_default();
        link.url = format!(
            "{}://{userinfo}{}{port}{}",
            link.scheme, link.host, link.rest
        );
    }

    /// Sets what the two providers say.
    pub(crate) fn rated(&mut self, link: LinkIx, otx: Otx, xforce: XForce) -> LinkIx {
        self.with(link, |l| {
            l.otx = otx;
            l.xforce = xforce;
        })
    }

    /// Writes a message, and the OfficeActivity rows that go with it.
    pub(crate) fn send(&mut self, draft: Draft) -> MessageIx {
        let mut created = draft.at;
        let used = self.used_ids.entry(draft.place).or_default();
        while !used.insert(created.timestamp_millis()) {
            created += Duration::milliseconds(37);
        }
        let id = created.timestamp_millis().to_string();
        let modified = [draft.edited, draft.touched, draft.deleted]
            .into_iter()
            .flatten()
            .fold(created, Time::max);
        let links = if draft.deleted.is_some() || draft.lost_link {
            Vec::new()
        } else {
            draft.links.clone()
        };
        let mut content = if draft.system {
            Body {
                content_type: "html",
                content: Some("<systemEventMessage/>".into()),
                ..Body::default()
            }
        } else {
            body::render(&id, &draft.text, &links, &self.world.links, &draft.markup)
        };
        if draft.deleted.is_some() {
            content = Body {
                content_type: "text",
                ..Body::default()
            };
        }
        self.world.messages.push(Message {
            place: draft.place,
            id,
            root: draft.root,
            created,
            modified,
            edited: draft.edited,
            deleted: draft.deleted,
            sender: draft.sender,
            system: draft.system,
            subject: draft.subject,
            importance: draft.importance,
            links,
            body: content,
            bad_dates: draft.bad_dates,
            gone: draft.gone,
        });
        let message = self.world.messages.len() - 1;
        // What OfficeActivity lists.
        if matches!(draft.place, Place::Channel(_)) && !draft.links.is_empty() {
            self.office("MessageCreatedHasLink", message, draft.logged_by, created);
            if let Some(at) = draft.edited {
                self.office("MessageEditedHasLink", message, draft.logged_by, at);
            }
        }
        message
    }

    /// An OfficeActivity row about a channel message.
    pub(crate) fn office(
        &mut self,
        operation: &'static str,
        message: MessageIx,
        user: Option<UserIx>,
        time: Time,
    ) {
        let Place::Channel(channel) = self.world.messages[message].place else {
            return;
        };
        let channel = &self.world.channels[channel];
        let team = &self.world.teams[channel.team];
        let name = user.map_or(String::new(), |u| {
            let user = &self.world.users[u];
            if user.upn.is_empty() {
                "Application".to_owned()
            } else {
                user.upn.clone()
            }
        });
        self.world.tables.office.push(Office {
            time,
            operation,
            workload: "MicrosoftTeams",
            team: team.id.clone(),
            team_name: team.name.clone(),
            channel: channel.id.clone(),
            channel_name: channel.name.clone(),
            message: self.world.messages[message].id.clone(),
            user: name,
            fact_message: Some(message),
            fact_user: user.filter(|u| !self.world.users[*u].upn.is_empty()),
        });
    }

    /// Adds a device.
    pub(crate) fn device(&mut self, name: &str) -> DeviceIx {
        let id = self.dice.hex(40);
        self.world.devices.push(Device {
            id,
            name: name.replace("contoso", self.own),
        });
        self.world.devices.len() - 1
    }

    pub(super) fn report(&mut self) -> i64 {
        self.reports += 1;
        self.reports
    }

    /// `time` with a fraction of its own, as Kusto's 100 ns ticks.
    fn ticked(&self, time: Time) -> Time {
        time + Duration::nanoseconds(100 * ((self.reports * 1_234_567) % 10_000_000))
    }

    fn columns(&self, who: Option<(UserIx, Named)>) -> (String, String) {
        let Some((user, named)) = who else {
            return (String::new(), String::new());
        };
        let user = &self.world.users[user];
        let (upn, id) = (user.upn.clone(), user.id.clone());
        match named {
            Named::Both => (upn, id),
            Named::Upn => (upn, String::new()),
            Named::Id => (String::new(), id),
            Named::No => (String::new(), String::new()),
        }
    }

    /// A DeviceEvents row about a url; returns its index.
    pub(crate) fn device_event(
        &mut self,
        action: &'static str,
        time: Time,
        device: DeviceIx,
        link: LinkIx,
        who: Option<(UserIx, Named)>,
        app: &str,
    ) -> usize {
        let (upn, object_id) = self.columns(who);
        let report = self.report();
        let time = self.ticked(time);
        let facts = &self.world.devices[device];
        self.world.tables.device_events.push(DeviceEvent {
            time,
            action,
            device_id: facts.id.clone(),
            device_name: facts.name.clone(),
            url: self.world.links[link].url.clone(),
            upn,
            object_id,
            app: app.into(),
            report,
            fact_device: device,
            fact_link: Some(link),
            fact_user: who.filter(|w| w.1 != Named::No),
        });
        self.world.tables.device_events.len() - 1
    }

    /// Teams opened a url in the browser.
    pub(crate) fn opened(
        &mut self,
        time: Time,
        device: DeviceIx,
        link: LinkIx,
        who: (UserIx, Named),
        app: &str,
    ) -> usize {
        self.device_event(
            "BrowserLaunchedToOpenUrl",
            time,
            device,
            link,
            Some(who),
            app,
        )
    }

    /// SmartScreen warned about a url.
    pub(crate) fn warned(
        &mut self,
        time: Time,
        device: DeviceIx,
        link: LinkIx,
        who: Option<(UserIx, Named)>,
    ) -> usize {
        self.device_event(
            "SmartScreenUrlWarning",
            time,
            device,
            link,
            who,
            "msedge.exe",
        )
    }

    /// A click in UrlClickEvents; returns its index.
    pub(crate) fn click(
        &mut self,
        time: Time,
        user: UserIx,
        link: LinkIx,
        action: &'static str,
        threats: &'static str,
        through: bool,
    ) -> usize {
        let report = self.report().to_string();
        let time = self.ticked(time);
        let network_message = self.dice.guid();
        let ip = format!("198.51.100.{}", 10 + user % 200);
        self.world.tables.clicks.push(Click {
            time,
            url: self.world.links[link].url.clone(),
            action,
            upn: self.world.users[user].upn.clone(),
            workload: "Teams",
            ip,
            threats,
            clicked_through: Some(through),
            app: "Teams",
            network_message,
            report,
            chain: String::new(),
            fact_link: Some(link),
            fact_user: user,
            fact_chain: Vec::new(),
        });
        self.world.tables.clicks.len() - 1
    }

    /// A device held these addresses from one hour to another (reported twice an hour).
    pub(crate) fn addresses(
        &mut self,
        device: DeviceIx,
        from: Time,
        hours: i64,
        addresses: &[&str],
    ) {
        for half in 0..hours * 2 {
            let time = from + Duration::minutes(30 * half + 7) + Duration::nanoseconds(534_568_200);
            for address in addresses {
                let key = (hour_of(time), (*address).to_owned());
                self.holders.entry(key).or_default().insert(device);
            }
            self.world.tables.network_info.push(NetworkInfo {
                time,
                device,
                addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
            });
        }
    }

    /// A request in CommonSecurityLog; the devices come from who held `source` in that hour, so
    /// call it after [`Builder::addresses`].
    pub(crate) fn proxied(
        &mut self,
        time: Time,
        source: &str,
        url: &str,
        destination: &str,
        about: About,
    ) {
        let holders = self.holders.get(&(hour_of(time), source.to_owned()));
        let devices = holders
            .map(|d| d.iter().copied().collect())
            .unwrap_or_default();
        self.world.tables.proxy.push(Proxy {
            time,
            source: source.into(),
            url: url.into(),
            destination: destination.into(),
            extensions: String::new(),
            fact_about: about,
            fact_devices: devices,
        });
    }

    /// A connection in DeviceNetworkEvents; returns its index.
    pub(crate) fn connected(
        &mut self,
        time: Time,
        device: DeviceIx,
        url: &str,
        about: About,
        who: Option<(UserIx, Named)>,
    ) -> usize {
        let (upn, object_id) = self.columns(who);
        self.report();
        let time = self.ticked(time);
        let facts = &self.world.devices[device];
        self.world.tables.network_events.push(NetworkEvent {
            time,
            device_id: facts.id.clone(),
            device_name: facts.name.clone(),
            url: url.into(),
            upn,
            object_id,
            fact_device: device,
            fact_about: about,
            fact_user: who.filter(|w| w.1 != Named::No),
        });
        self.world.tables.network_events.len() - 1
    }

    /// One row of an alert.
    pub(crate) fn alert(&mut self, id: &str, name: &str, time: Time, entities: Entities) -> usize {
        self.world.tables.alerts.push(Alert {
            time,
            id: id.into(),
            vendor_id: String::new(),
            display_name: name.into(),
            alert_name: format!("{name} (rule)"),
            severity: "High",
            provider: "MDATP",
            product: "Microsoft Defender Advanced Threat Protection",
            start: Some(time - Duration::minutes(9)),
            status: "New",
            tactics: "InitialAccess",
            entities: entities.json.to_string(),
            fact_links: entities.links,
            fact_hosts: entities.hosts,
            fact_users: entities.users,
            fact_messages: entities.messages,
        });
        self.world.tables.alerts.len() - 1
    }

    /// The finished world.
    pub(crate) fn finish(self) -> World {
        self.world
    }
}

/// The hour a moment lies in.
pub(crate) fn hour_of(time: Time) -> Time {
    time.with_minute(0)
        .and_then(|t| t.with_second(0))
        .and_then(|t| t.with_nanosecond(0))
        .unwrap_or(time)
        .with_timezone(&Utc)
}
