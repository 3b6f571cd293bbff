//! Worlds: what is true in a simulated tenant, deterministic from a name, a seed and an anchor.

pub mod body;
pub(crate) mod build;
mod demo;
pub mod dice;
pub(crate) mod draft;
pub(crate) mod entities;
pub mod facts;
pub(crate) mod index;
pub(crate) mod logs;
pub(crate) mod message_build;
pub(crate) mod message_logs;
mod outside;
mod scaled;
mod small;

use chrono::{DateTime, Duration, TimeZone, Utc};
use dice::Dice;
use facts::*;
use logs::Tables;

/// Everything that is true in a tenant.
#[derive(Clone, Debug)]
pub struct World {
    /// `small`, `outside`, `demo` or `scaled-<n>`.
    pub name: String,
    /// The seed it came from.
    pub seed: u64,
    /// The end of the main window; 30 days before it the window starts.
    pub anchor: Time,
    /// Entra tenant id.
    pub tenant_id: String,
    /// Application id of the registration that linktrail uses.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Log Analytics workspace id.
    pub workspace_id: String,
    /// `tenant.internal_domains`.
    pub internal_domains: Vec<String>,
    /// Users, bots and names in logs.
    pub users: Vec<User>,
    /// Teams.
    pub teams: Vec<Team>,
    /// Channels.
    pub channels: Vec<Channel>,
    /// Chats.
    pub chats: Vec<Chat>,
    /// Messages of channels and chats.
    pub messages: Vec<Message>,
    /// Urls.
    pub links: Vec<Link>,
    /// Devices.
    pub devices: Vec<Device>,
    /// Sentinel's tables.
    pub tables: Tables,
    /// Tables that were never ingested.
    pub absent_tables: Vec<&'static str>,
}

impl World {
    /// The end of the window of every world that is not given another one.
    pub fn default_anchor() -> Time {
        Utc.with_ymd_and_hms(2026, 10, 31, 0, 0, 0)
            .single()
            .unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// The hand-checkable world: about 40 messages and every trap once.
    pub fn small() -> Self {
        small::build(7, Self::default_anchor())
    }

    /// [`World::small`] with another seed and another end of its window: the same story under other
    /// ids and times.
    pub fn small_at(seed: u64, anchor: Time) -> Self {
        small::build(seed, anchor)
    }

    /// [`World::small`] with neighbours: Adele is in a shared channel of a team that she has not joined, and in one of
    /// another tenant, and Dario, who sends the lure, is in a chat that another tenant owns, and sends it there too.
    pub fn shared() -> Self {
        let mut world = Self::small();
        let neighbour = "0b5e9c1e-6f0a-4a0e-9d55-5c0d2f6f7a11";
        let leadership = world
            .teams
            .iter()
            .position(|team| team.name == "Leadership");
        let leadership = leadership.unwrap_or_default();
        for channel in &mut world.channels {
            if channel.team == leadership {
                channel.membership = "shared";
            }
        }
        let named = |world: &Self, upn: &str| world.directory(upn).unwrap_or_default();
        let adele = named(&world, "adele.vance@contoso.com");
        world.users[adele].associated.push(leadership);
        world.users[adele]
            .foreign_teams
            .push("7c1d1c0e-3c4b-4b0c-8f0e-0d6a4f7e2b22".into());
        let dario = named(&world, "dario@contoso.com");
        let created = world.from();
        world.chats.push(Chat {
            id: "19:5f0c6a8e4d6b4f5c8f1d2a3b4c5d6e7f@thread.v2".into(),
            kind: "group",
            topic: Some("With Fabrikam".into()),
            members: vec![dario, adele],
            created,
            owner: neighbour.into(),
        });
        world.repeat_elsewhere(dario, adele);
        world
    }

    /// What `sender` wrote in a chat of which Defender tells stands in the last chat too, where `reader` received it.
    fn repeat_elsewhere(&mut self, sender: UserIx, reader: UserIx) {
        let events = self.tables.message_events.iter();
        let is_in_chat = |event: &&logs::MessageEvent| {
            let facts = &self.messages[event.fact_message];
            facts.sender == Some(sender) && matches!(facts.place, Place::Chat(_))
        };
        let Some(event) = events.clone().find(is_in_chat).cloned() else {
            return;
        };
        let mut message = self.messages[event.fact_message].clone();
        message.place = Place::Chat(self.chats.len() - 1);
        message.created += Duration::hours(1);
        message.modified = message.created;
        message.id = message.created.timestamp_millis().to_string();
        self.messages.push(message);
        let fact_message = self.messages.len() - 1;
        let teams_message = message_logs::teams_message_id(self, fact_message);
        let later = Duration::hours(1);
        let urls = self.tables.message_urls.iter();
        let urls = urls.filter(|url| url.teams_message == event.teams_message);
        let urls: Vec<logs::MessageUrl> = urls
            .map(|url| logs::MessageUrl {
                time: url.time + later,
                teams_message: teams_message.clone(),
                ..url.clone()
            })
            .collect();
        self.tables.message_urls.extend(urls);
        let recipient = logs::Recipient {
            fact_user: reader,
            named: logs::Named::Both,
        };
        self.tables.message_events.push(logs::MessageEvent {
            time: event.time + later,
            teams_message,
            edited: event.edited + later,
            recipients: vec![recipient],
            owned: Some(false),
            external: Some(true),
            fact_message,
            ..event
        });
    }

    /// [`World::small`] at another customer of the same analyst, whom the same campaign met: other people, devices and
    /// ids, but the same lures, and the same person from outside.
    pub fn neighbour() -> Self {
        let mut world = small::build_for("northwind", 8, Self::default_anchor());
        let first = Self::small();
        let outsider = |user: &&User| user.upn == "felix@adatum.com";
        if let (Some(one), Some(other)) = (
            first.users.iter().find(outsider),
            world.users.iter_mut().find(|user| outsider(&&**user)),
        ) {
            other.id.clone_from(&one.id);
            other.home.clone_from(&one.home);
        }
        world
    }

    /// A help desk that is none writes from another tenant: 22 messages, of which only Defender tells the first ones.
    pub fn outside() -> Self {
        outside::build(26, Self::default_anchor())
    }

    /// A believable incident among about 300 messages, with one gap: DeviceNetworkEvents is absent.
    pub fn demo() -> Self {
        demo::build(2026, Self::default_anchor())
    }

    /// About `messages` messages of everything, drawn by `seed`.
    pub fn scaled(messages: usize, seed: u64) -> Self {
        scaled::build(messages, seed, Self::default_anchor())
    }

    /// The world of this name (`small`, `shared`, `neighbour`, `outside`, `demo`, or a number of messages), with its
    /// own seed unless given another.
    pub fn named(name: &str, seed: Option<u64>, anchor: Time) -> Option<Self> {
        match name {
            "small" => Some(small::build(seed.unwrap_or(7), anchor)),
            "shared" => Some(Self::shared()),
            "neighbour" => Some(Self::neighbour()),
            "outside" => Some(outside::build(seed.unwrap_or(26), anchor)),
            "demo" => Some(demo::build(seed.unwrap_or(2026), anchor)),
            _ => Some(scaled::build(name.parse().ok()?, seed.unwrap_or(1), anchor)),
        }
    }

    /// Start of the main window.
    pub fn from(&self) -> Time {
        self.anchor - Duration::days(30)
    }

    fn empty(name: &str, seed: u64, anchor: Time, dice: &mut Dice) -> Self {
        Self {
            name: name.into(),
            seed,
            anchor,
            tenant_id: dice.guid(),
            client_id: dice.guid(),
            client_secret: format!("Qx8~{}", dice.hex(34)),
            workspace_id: dice.guid(),
            internal_domains: vec!["contoso.com".into(), "contoso.onmicrosoft.com".into()],
            users: Vec::new(),
            teams: Vec::new(),
            channels: Vec::new(),
            chats: Vec::new(),
            messages: Vec::new(),
            links: Vec::new(),
            devices: Vec::new(),
            tables: Tables::default(),
            absent_tables: Vec::new(),
        }
    }

    /// The place's id as Graph spells it.
    pub fn place_id(&self, place: Place) -> &str {
        match place {
            Place::Channel(c) => &self.channels[c].id,
            Place::Chat(c) => &self.chats[c].id,
        }
    }

    /// The Message node's id: place, slash, message id.
    pub fn message_id(&self, message: MessageIx) -> String {
        let facts = &self.messages[message];
        format!("{}/{}", self.place_id(facts.place), facts.id)
    }

    /// The user with this id or UPN, ignoring case, if the directory has it.
    pub fn directory(&self, key: &str) -> Option<UserIx> {
        let key = key.to_lowercase();
        self.users.iter().position(|u| {
            u.in_directory() && (u.id.to_lowercase() == key || u.upn.to_lowercase() == key)
        })
    }
}

/// Registrable domain and public suffix of a host; none for addresses and single labels. Worlds use
/// two suffixes of two labels only, so that this needs no list.
pub fn registrable(host: &str) -> Option<(String, String)> {
    let address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let labels: Vec<&str> = host.split('.').collect();
    let listed = [".co.uk", ".workers.dev"];
    let suffix_labels = match listed.iter().any(|suffix| host.ends_with(suffix)) {
        true => 2,
        false => 1,
    };
    if address || labels.len() <= suffix_labels {
        return None;
    }
    let suffix = labels[labels.len() - suffix_labels..].join(".");
    let domain = labels[labels.len() - suffix_labels - 1..].join(".");
    Some((domain, suffix))
}
