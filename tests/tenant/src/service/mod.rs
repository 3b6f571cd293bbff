//! The services of a tenant: pure functions from a request to a reply, over the world and what the
//! tenant remembers (tokens, buckets, pages).

pub(crate) mod answers;
pub(crate) mod evidence;
pub(crate) mod graph;
pub(crate) mod hunting;
pub(crate) mod intel;
pub(crate) mod login;
pub(crate) mod message_answers;
pub(crate) mod metadata;
pub(crate) mod prelude;
pub(crate) mod tables;
pub(crate) mod workspace;

use super::Options;
use super::exchange::{Log, Service};
use super::faults::Script;
use super::throttle::{Buckets, Clock};
use super::world::World;
use super::world::facts::{ChannelIx, Kind, User};
use super::world::index::Index;
use super::world::logs::Extents;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// A request as a service sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Method.
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: Vec<u8>,
}

impl Call {
    /// The path as it came, and the query without its question mark.
    pub(crate) fn split(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }

    /// The path's segments, each decoded once; none if one is no UTF-8.
    pub(crate) fn segments(&self) -> Option<Vec<String>> {
        let (path, _) = self.split();
        path.strip_prefix('/')?
            .split('/')
            .map(|s| decode(s, false))
            .collect()
    }

    /// The query's pairs, decoded as forms are.
    pub(crate) fn pairs(&self) -> Option<Vec<(String, String)>> {
        let (_, query) = self.split();
        query
            .split('&')
            .filter(|p| !p.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decode(name, true)?, decode(value, true)?))
            })
            .collect()
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Percent-decodes; `+` is a space in forms.
pub fn decode(text: &str, form: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'%' => {
                let hex = text.get(i + 1..i + 3)?;
                out.push(u8::from_str_radix(hex, 16).ok()?);
                i += 3;
            }
            b'+' if form => {
                out.push(b' ');
                i += 1;
            }
            byte => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// Status.
    pub status: u16,
    /// Headers beside those of the transport.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Why the request should not have been sent.
    pub violation: Option<String>,
    /// For Log Analytics and advanced hunting: which query it was.
    pub query: Option<String>,
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![(
                "content-type".into(),
                "application/json; charset=utf-8".into(),
            )],
            body: body.to_string().into_bytes(),
            violation: None,
            query: None,
        }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            violation: None,
            query: None,
        }
    }

    /// Marks the request as one that a careful client does not send.
    pub(crate) fn violating(mut self, why: impl Into<String>) -> Self {
        self.violation = Some(why.into());
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// A bearer token the tenant gave out.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Whom it is for.
    pub audience: String,
    /// When it ends.
    pub expires: Instant,
    /// What it allows.
    pub grants: Vec<String>,
    /// The id of the person it speaks for; none for the application.
    pub person: Option<String>,
}

impl Token {
    /// Whether it allows what needs this permission, or one that includes it. A person's own chats are among all.
    pub(crate) fn allows(&self, permission: &str) -> bool {
        let others: &[&str] = match permission {
            "User.Read" => &["User.Read.All", "User.ReadBasic.All", "Directory.Read.All"],
            "User.Read.All" => &["User.ReadBasic.All", "Directory.Read.All"],
            "Team.ReadBasic.All" | "Channel.ReadBasic.All" => {
                &["Group.Read.All", "Directory.Read.All"]
            }
            "Organization.Read.All" => &["Directory.Read.All"],
            "ChannelMessage.Read.All" => &["Group.Read.All"],
            "Chat.Read.All" if self.person.is_some() => &["Chat.Read", "Chat.ReadWrite"],
            "Chat.Read.All" => &["Chat.ReadWrite.All"],
            _ => &[],
        };
        self.grants
            .iter()
            .any(|held| held == permission || others.contains(&held.as_str()))
    }
}

/// What a running tenant remembers.
#[derive(Debug)]
pub(crate) struct State {
    /// What is true.
    pub world: World,
    /// Where in it to find things.
    pub index: Index,
    /// How strict and how broken it is.
    pub options: Options,
    /// Every exchange.
    pub log: Log,
    /// What time it is.
    pub clock: Clock,
    /// Limits.
    pub buckets: Buckets,
    /// Scripted faults.
    pub script: Script,
    /// What the logs lack, by script.
    pub logs: Mutex<Extents>,
    /// Tokens given out.
    pub tokens: Mutex<HashMap<String, Token>>,
    /// What Entra remembers.
    pub login: Mutex<login::Memory>,
    /// Pages promised by nextLinks, by path and query.
    pub pages: Mutex<HashMap<String, graph::paging::Promise>>,
    /// Log Analytics queries running now.
    pub running: AtomicUsize,
    /// None of them ends.
    pub held: AtomicBool,
    /// How often the tokens for next pages ran out.
    pub epoch: AtomicUsize,
    /// When the last Log Analytics queries came.
    pub recent: Mutex<VecDeque<Instant>>,
    /// When the last calls of advanced hunting came.
    pub hunted: Mutex<VecDeque<Instant>>,
    /// Until when the tenant has used up its resources for advanced hunting.
    pub used_up: Mutex<Option<Instant>>,
    /// When VirusTotal was asked.
    pub looked_up: Mutex<VecDeque<Instant>>,
    /// Base url of each service.
    pub origins: BTreeMap<Service, String>,
    counter: AtomicUsize,
}

impl State {
    /// A tenant that has not been asked anything.
    pub(crate) fn new(world: World, options: Options, origins: BTreeMap<Service, String>) -> Self {
        Self {
            index: Index::of(&world),
            world,
            options,
            log: Log::default(),
            clock: Clock::default(),
            buckets: Buckets::default(),
            script: Script::default(),
            logs: Mutex::default(),
            tokens: Mutex::default(),
            login: Mutex::default(),
            pages: Mutex::default(),
            running: AtomicUsize::new(0),
            held: AtomicBool::new(false),
            epoch: AtomicUsize::new(0),
            recent: Mutex::default(),
            hunted: Mutex::default(),
            used_up: Mutex::default(),
            looked_up: Mutex::default(),
            origins,
            counter: AtomicUsize::new(0),
        }
    }

    /// A number that was not given before.
    pub(crate) fn count(&self) -> usize {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether Graph serves a channel in this cloud.
    pub(crate) fn is_served(&self, channel: ChannelIx) -> bool {
        let is_shared = self.world.channels[channel].membership == "shared";
        !is_shared || self.options.cloud.serves_shared_channels()
    }

    /// What Entra remembers.
    pub(crate) fn memory(&self) -> std::sync::MutexGuard<'_, login::Memory> {
        self.login
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The person who signs in by device code and in the Azure CLI.
    pub(crate) fn person(&self) -> &User {
        let named = self.options.person.as_deref();
        let is_person = |user: &&User| match named {
            Some(upn) => user.upn == upn,
            None => user.kind == Kind::Member,
        };
        self.world
            .users
            .iter()
            .find(is_person)
            .expect("a person who signs in")
    }

    /// The bearer token of a request.
    pub(crate) fn token(&self, call: &Call) -> Option<Token> {
        let token = call.header("authorization")?.strip_prefix("Bearer ")?;
        let tokens = self
            .tokens
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        tokens.get(token).cloned()
    }

    /// Whether a bearer token is good for `audience`.
    pub(crate) fn bearer(&self, call: &Call, audience: &str) -> Bearer {
        let Some(value) = call.header("authorization") else {
            return Bearer::Missing;
        };
        let Some(token) = value.strip_prefix("Bearer ") else {
            return Bearer::Missing;
        };
        let tokens = self
            .tokens
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        match tokens.get(token) {
            None => Bearer::Unknown,
            Some(t) if t.audience != audience => Bearer::WrongAudience(t.audience.clone()),
            Some(t) if t.expires <= self.clock.now() => Bearer::Expired,
            Some(_) => Bearer::Good,
        }
    }

    /// Answers a request to a service.
    pub(crate) async fn answer(&self, service: Service, call: &Call) -> Reply {
        match service {
            Service::Login => login::answer(self, call),
            Service::InstanceMetadata => metadata::instance(self, call),
            Service::AppService => metadata::app_service(self, call),
            Service::Graph => graph::answer(self, call, false).await,
            Service::LogAnalytics => workspace::answer(self, call).await,
            Service::Otx => intel::otx(self, call),
            Service::XForce => intel::xforce(self, call),
            Service::UrlHaus => intel::urlhaus(self, call),
            Service::VirusTotal => intel::virustotal(self, call),
        }
    }
}

/// What came of looking at a request's bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// It is good.
    Good,
    /// There is none.
    Missing,
    /// The tenant never gave it out.
    Unknown,
    /// It was good once.
    Expired,
    /// It is for somebody else.
    WrongAudience(String),
}
