//! What linktrail must answer about a world, computed from the world's own facts: the generator knows
//! which url it put into which message, so nothing here reads a body, a log column or a query.
//!
//! Readings chosen where the design leaves room:
//! * SENT comes from Graph's `from`; where Graph has none (404, deleted, `from: null`) it comes from
//!   the user that OfficeActivity names, if that is a user.
//! * The root of a listed reply is bare: an id and a POSTED_IN, nobody's SENT.
//! * With `--channels all` every message of type `message` that was created or last modified in the
//!   window is a node, link or not, in every channel that has a listed message; listed ones stay.
//! * Every Url node has one Verdict for each provider asked for, skips included.
//! * A request for exactly url A on a host is, for another risky url B on that host, a match of kind
//!   `host`.
//! * USED counts a device event row once, whatever number of urls it matches; a SmartScreen row about
//!   a local file counts too, since it names user and host.
//! * An alert counts when its newest row in the window names a pivot url exactly; it then mentions
//!   those urls, and all of its hosts and accounts. An account with neither id nor UPN is nobody.
//! * A click is one distinct UrlClickEvents row; rows that two queries return count once.
//! * Who sent a message that cannot be read is known by UPN only, and is the account with that UPN only
//!   if something else in the run names that account by its id.
//! * `--chats-of all` takes the senders of channel messages that are told of, then of chat messages with links.
//!
//! And about what Defender tells of messages:
//! * A message that only Defender tells of is asked of Graph, behind the chats and behind each round of clicks: singly in
//!   channels and in chats of this tenant, with the members of these. Of a chat that another tenant owns, of which a row says
//!   so, and in which a risky url stands, all that came from outside with a link is read from the side of a recipient, and neither its topic nor its
//!   members. `--chats-of none` reads no chat. Its team has the name that the row gives, and nobody's MEMBER_OF.
//! * Senders and recipients are asked of the directory, whether the row names them by an id or by an address, which is the
//!   UPN where it stands alone. An address beside an id is the mail address.
//! * Somebody from outside has a type when they sent something or when Graph names them; a recipient has none.
//! * SENT comes from Graph and from Defender, which name the same account, and from the audit log where neither does.
//! * The team of a message with a known threat is read, that of a reported message or of one that is found later is not. The
//!   sender of a reported message is a seed like any other: their teams are read.
//! * A message is told with all its urls when it was reported or holds a url that is searched for, and with those that are
//!   rows of `message_urls` otherwise: with a threat of its own all, else those with a threat.
//! * What Defender says of a message counts for its url when no other url of it was met in the window's rows.
//! * Spread looks for new risky urls, round by round, at least once and at most `--rounds` times; it does so before the first
//!   round of chats, again behind each of them, and again behind each round of clicks.
//! * Clicks are looked for round by round too, since a chain can show a url that is risky. Chats are not read for what they
//!   show.
//! * Every url of a chain is asked about; none of them starts the investigation. A click on a url that leads to a risky one
//!   is none on that one: who clicked is no opener of it.
//! * With `--chats-of touched` who opened or clicked is taken from the seeds alone, and who received from what is told so far.
//! * A report takes the newest message of that sender which was written before it, and which stands in a channel or came to
//!   whoever reported (with AdminSubmission: to anybody). Its time and its reporter are those of the first row that is a
//!   UserSubmission or an AdminSubmission, its verdict is the newest one given.
//! * What was done after delivery is known of messages that are risky in the end, whoever told of them.
//! * An alert names the messages and threads of all its entities: one entity the message where that is risky, else the place
//!   where a risky one stands. Such an alert counts, and mentions its hosts and accounts as others do.
//! * Rows without a message id to be had, and `--message`, are in no world and no query here.

mod collect;
mod defender;
mod hunts;
mod identity;
mod message_hunts;
mod pivot;
mod rating;
mod summary;
mod write;
mod write_messages;

use super::world::World;
use super::world::facts::Time;
use chrono::Duration;
pub(crate) use collect::collect;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
pub(crate) use summary::{Entities, Summary};

/// `--chats-of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatsOf {
    /// Senders of risky messages.
    Risky,
    /// They, and who received one, or opened or clicked a risky url.
    Touched,
    /// Every sender.
    All,
    /// Nobody.
    None,
}

/// The options of a load that the truth depends on.
#[derive(Clone, Debug)]
pub struct Query {
    /// Start of the main window.
    pub from: Time,
    /// End of the main window, exclusive.
    pub to: Time,
    /// Start of the pivot window, which ends with the main one.
    pub pivot_from: Time,
    /// `--chats-of`.
    pub chats_of: ChatsOf,
    /// `--pivot-on all`.
    pub pivot_on_all: bool,
    /// `--rounds`.
    pub rounds: u32,
    /// `--channels all`.
    pub channels_all: bool,
    /// `--user`: object ids or UPNs.
    pub users: Vec<String>,
    /// `--url`: normalised urls of this world.
    pub urls: Vec<String>,
    /// `--team`: group ids.
    pub teams: Vec<String>,
    /// `--malicious`: normalised urls of this world.
    pub malicious: Vec<String>,
    /// `--benign`: normalised urls of this world, or hosts.
    pub benign: Vec<String>,
    /// `intel.providers`, of `defender`, `otx` and `xforce`.
    pub providers: Vec<&'static str>,
    /// Tables that answer SEM0100 in this run, beside those the world lacks.
    pub absent_tables: Vec<&'static str>,
    /// What people of other tenants sent to a user is not kept on the user's side.
    pub no_sides: bool,
    /// Permissions that are withheld: of `ChannelMessage.Read.All` and `Chat.Read.All`.
    pub withheld: Vec<&'static str>,
}

impl Query {
    /// The default options over the world's 30 days.
    pub fn of(world: &World) -> Self {
        Self {
            from: world.from(),
            to: world.anchor,
            pivot_from: world.anchor - Duration::days(7),
            chats_of: ChatsOf::Risky,
            pivot_on_all: false,
            rounds: 2,
            channels_all: false,
            users: Vec::new(),
            urls: Vec::new(),
            malicious: Vec::new(),
            benign: Vec::new(),
            teams: Vec::new(),
            providers: vec!["defender", "otx", "xforce"],
            absent_tables: Vec::new(),
            no_sides: false,
            withheld: Vec::new(),
        }
    }
}

/// A node's label and id.
pub(crate) type NodeKey = (&'static str, String);

/// An edge's type and ends. The Case node is `("Case", "")`: its id is the run's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeKey {
    /// Type.
    pub kind: &'static str,
    /// Start.
    pub from: NodeKey,
    /// End.
    pub to: NodeKey,
}

/// What must stand on an edge. What is absent here is not part of the truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeFacts {
    /// `count`.
    pub count: Option<u64>,
    /// `first_seen` of counted edges.
    pub first: Option<Time>,
    /// `last_seen` of counted edges.
    pub last: Option<Time>,
    /// Other properties: `at`, `origin`, `wrapped_by`, `mismatch`, `defanged`, `raw`, `apps`, `actions`,
    /// `clicked_through`, `ips`, `match`, `sources`, `verdict`.
    pub properties: Map<String, Value>,
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Every node but the Case, with the properties that are certain.
    pub nodes: BTreeMap<NodeKey, Map<String, Value>>,
    /// Every edge.
    pub edges: BTreeMap<EdgeKey, EdgeFacts>,
    /// Numbers of `load --format json`.
    pub summary: Summary,
    /// Lists of `load --format json`.
    pub entities: Entities,
    /// Signals of each url that has any, `lookalike_domain` left out: that one is a judgement.
    pub signals: BTreeMap<String, BTreeSet<&'static str>>,
    /// Listed messages that cannot be read: Graph answers 404, or 403 where a permission is withheld.
    pub gone_messages: usize,
    /// Seed users that the directory does not know.
    pub unresolved_users: BTreeSet<String>,
    /// Users found risky whose chats were not read because rounds ran out (ids).
    pub waiting: BTreeSet<String>,
    /// Risky senders whose chats nobody can read: external, bots, anonymous (ids).
    pub unreadable: BTreeSet<String>,
    /// Users whose chats must be listed, each once (ids).
    pub chat_users: BTreeSet<String>,
    /// Teams whose messages the audit log is asked for (ids).
    pub read_teams: BTreeSet<String>,
    /// Reports of calls.
    pub reported_calls: usize,
    /// Reports that several messages fit.
    pub ambiguous_reports: usize,
    /// Reports that no message fits.
    pub reports_without_message: usize,
    /// Reports that name no sender.
    pub reports_without_sender: usize,
}

impl Truth {
    /// `{label: count}` as `load --format json` prints it, the Case included.
    pub fn node_counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::from([("Case".to_owned(), 1)]);
        for (label, _) in self.nodes.keys() {
            *counts.entry((*label).to_owned()).or_default() += 1;
        }
        counts
    }

    /// `{type: count}` as `load --format json` prints it.
    pub fn edge_counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for key in self.edges.keys() {
            *counts.entry(key.kind.to_owned()).or_default() += 1;
        }
        counts
    }

    /// Counts, summary and entities as `load --format json` prints them.
    pub fn to_json(&self) -> Value {
        serde_json::json!({
            "summary": self.summary.to_json(),
            "entities": {
                "users": self.entities.users, "hosts": self.entities.hosts,
                "urls": self.entities.urls, "openers": self.entities.openers,
            },
            "nodes": self.node_counts(), "edges": self.edge_counts(),
        })
    }

    /// The ids of a label.
    pub fn ids(&self, label: &str) -> BTreeSet<String> {
        let of_label = |(l, id): &NodeKey| (*l == label).then(|| id.clone());
        self.nodes.keys().filter_map(of_label).collect()
    }

    /// Edges of a type.
    pub fn of_kind(
        &self,
        kind: &'static str,
    ) -> impl Iterator<Item = (&EdgeKey, &EdgeFacts)> + use<'_> {
        let first = EdgeKey {
            kind,
            from: ("", String::new()),
            to: ("", String::new()),
        };
        self.edges
            .range(first..)
            .take_while(move |(key, _)| key.kind == kind)
    }
}
