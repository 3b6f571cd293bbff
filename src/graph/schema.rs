//! The one table of labels, keys, edge types and properties.
//!
//! Each property is declared once, below. The declaration produces the field in the structs of [`super::node`] or the
//! variants of [`Edge`], the constant by which the property is read (`url::RISKY`), and the row of the table from which
//! constraints, loading queries, CSV headers, `cypher/schema.cypher` and `docs/graph-model.md` are generated. A
//! declaration states the constant, the field, the name where that differs from the field, the type, how two values are
//! merged, the meaning, and `by_case` where Neo4j also keeps what each case says of it.

use std::fmt;

use super::declare::{edges, name, nodes, properties, said};
use super::property::{
    As, Count, Flag, Holds, Number, OneOf, Sequence, Set, SetOf, Term, Text, Time,
};
use crate::model::{
    AlertId, CaseId, ChannelId, ChatId, ChatKind, HostId, MatchKind, MessageId, Severity, Signal,
    State, TeamId, UrlSeverity, UserId, UserKind, VerdictId,
};
use Merge::{
    Any, CasesWith, Earliest, Evidence, First, InAnyOf, Last, Latest, OfVerdicts, Outranks, Sum,
    Union,
};

pub use super::property::{EVIDENCE_LIMIT, Field, Given, Merge, Property, ValueKind};

/// A typed node that can be put into the graph.
pub trait Entity {
    /// The label of such nodes.
    const LABEL: Label;

    /// The unique id and the properties. Absent and empty values are left out.
    fn into_parts(self) -> (String, Given);
}

/// The row of a label in the schema's table.
#[derive(Debug)]
pub struct NodeSpec {
    /// The label or type that the row declares.
    pub label: Label,
    /// What the unique `id` of such a node is, for the documentation.
    pub key: &'static str,
    /// What such a node stands for, for the documentation.
    pub doc: &'static str,
    /// The properties of this label, without the common ones.
    pub properties: &'static [Property],
    /// Properties that have an index of their own.
    pub indexed: &'static [&'static str],
    /// Properties with one common index, so that counting by them does not read nodes.
    pub counted: &'static [&'static str],
}

/// The row of an edge type in the schema's table.
#[derive(Debug)]
pub struct EdgeSpec {
    /// The label or type that the row declares.
    pub kind: EdgeType,
    /// The pairs of labels that such an edge can join, as start and end.
    pub joins: &'static [(Label, Label)],
    /// What such an edge means, for the documentation.
    pub doc: &'static str,
    /// The properties of this type, without the common ones.
    pub properties: &'static [Property],
    /// Properties that have an index of their own.
    pub indexed: &'static [&'static str],
}

properties! {
    "Properties of every node and every edge.", COMMON_TABLE, common {
        CASES cases: Set, Union, "ids of the cases that hold it";
        FIRST_SEEN first_seen: Time, Earliest, "time of the earliest evidence";
        LAST_SEEN last_seen: Time, Latest, "time of the latest evidence";
        EVIDENCE evidence: Set, Evidence, "journal records it came from, `<case>/<n>`, at most 20";
        EVIDENCE_COUNT evidence_count: Count, Sum, "how many journal records it came from";
    }
}

/// The number of the table of properties that every node and every edge has. They are no packed properties.
const COMMON_TABLE: u8 = u8::MAX;
/// The number of the first table of an edge type. Those below it are the tables of labels.
const EDGE_TABLES: u8 = 128;

/// The properties of a table: those of a label or of an edge type.
pub(super) fn table(number: u8) -> &'static [Property] {
    match number {
        COMMON_TABLE => COMMON,
        EDGE_TABLES.. => EDGES[usize::from(number - EDGE_TABLES)].properties,
        _ => NODES[usize::from(number)].properties,
    }
}

/// The properties that every node and every edge has.
pub const COMMON: &[Property] = common::PROPERTIES;

nodes! {
    Alert in alert {
        doc: "a security alert that names a url of the investigation",
        key: "SystemAlertId",
        #[derive(Default)]
        given AlertId {
            NAME name: Option<Text>, First, "display name";
            SEVERITY severity: Option<Text>, First, "as the product rated it";
            PROVIDER provider: Option<Text>, First, "product component that raised it";
            PRODUCT product: Option<Text>, First, "product that raised it";
            TIME time: Option<Time>, First, "start of what it reports";
            STATUS status: Option<Text>, First, "New, InProgress, Resolved, Dismissed";
            TACTICS tactics: Set, Union, "MITRE ATT&CK tactics";
        }
        indexed: [TIME],
        counted: [],
    }
    Case in case {
        doc: "one run of linktrail",
        key: "case id (ULID)",
        given CaseId {
            STARTED started: Time, Last, "when the case was made";
            FINISHED finished: Option<Time>, Last, "time of its last record";
            WINDOW_FROM window_from: Time, Last, "start of the window";
            WINDOW_TO window_to: Time, Last, "end of the window";
            VERSION version: Text, Last, "version of linktrail";
            COMPLETE complete: Flag, Last, "every stage ran to its end";
            GAPS gaps: Set, Last, "what could not be had, and why";
            LOG_ENDS log_ends: Set, Last, "`log|oldest event|newest event|start|end of the time that was asked of it`, for each log, with `|hunting` behind it where the log is in advanced hunting";
        }
        indexed: [],
        counted: [],
    }
    Channel in channel {
        doc: "a channel of a team",
        key: "`19:…` id",
        #[derive(Default)]
        given ChannelId {
            NAME name: Option<Text>, First, "display name";
            MEMBERSHIP membership: Option<Text>, First, "standard, private or shared", by_case;
        }
        indexed: [],
        counted: [],
    }
    Chat in chat {
        doc: "a chat in which a message with a link stands",
        key: "`19:…` id",
        #[derive(Default)]
        given ChatId {
            KIND kind: Option<As<ChatKind>>, First, "oneOnOne, group or meeting";
            TOPIC topic: Option<Text>, First, "its name, if somebody gave it one";
            OWNED owned: Option<Flag>, Any, "this tenant owns it, so that its messages can be read and removed here";
            EXTERNAL external: Option<Flag>, Any, "somebody from outside is in it";
        }
        indexed: [],
        counted: [],
    }
    Domain in domain {
        doc: "the domain a url is on",
        key: "registrable domain, punycode, lower case",
        derived {
            UNICODE unicode: Option<Text>, First, "as a browser may show it, when that differs";
            SUFFIX suffix: Option<Text>, First, "public suffix";
        }
        indexed: [],
        counted: [],
    }
    Host in host {
        doc: "a device",
        key: "MDE DeviceId in lower case, else `name:` + lower-case name",
        #[derive(Default)]
        given HostId {
            NAME name: Option<Text>, First, "device name";
            OS os: Option<Text>, First, "operating system";
        }
        indexed: [NAME],
        counted: [],
    }
    Message in message {
        doc: "a Teams message",
        key: "channel or chat id + `/` + message id",
        #[derive(Default)]
        given MessageId {
            CREATED created: Option<Time>, First, "when it was sent";
            MODIFIED modified: Option<Time>, First, "when it last changed, reactions included", by_case;
            DELETED deleted: Option<Time>, First, "when it was deleted", by_case;
            EDITED edited: Option<Flag>, Any, "its text was changed after sending", by_case;
            SUBJECT subject: Option<Text>, First, "subject line";
            IMPORTANCE importance: Option<Text>, First, "normal, high or urgent";
            PREVIEW preview: Option<Text>, First, "first 280 characters of its text";
            WEB_URL web_url: Option<Text>, First, "address of the message in Teams";
            SOURCES sources: Set, Union, "what told of it: graph, audit, defender", by_case;
            OWNED owned: Option<Flag>, Any, "this tenant owns the place it stands in";
            EXTERNAL external: Option<Flag>, Any, "somebody from outside is in the place it stands in";
            RECIPIENTS recipients: Option<Count>, Last, "how many people Defender says received it, in a chat", by_case;
            THREATS threats: Set, Union, "what Defender found it to be: Phish, Malware, Spam", by_case;
        }
        derived {
            RISKY risky: Flag, InAnyOf("risky_in"), "it contains a risky url, or Defender rated the message itself Phish or Malware";
            RISKY_IN risky_in: Set, CasesWith("risky"), "ids of the cases in which it is risky";
            DELIVERY delivery: Text, Last, "where it was last known to be: Teams, Quarantine, Failed", by_case;
            ZAP zap: Set, Union, "what was done to it after delivery: Phish ZAP, Manual remediation, …", by_case;
            ZAPPED zapped: Time, Latest, "when the last of it succeeded", by_case;
        }
        indexed: [CREATED, DELETED, RISKY],
        counted: [],
    }
    Team in team {
        doc: "a team",
        key: "Entra group id in lower case",
        #[derive(Default)]
        given TeamId {
            NAME name: Option<Text>, First, "display name";
        }
        indexed: [],
        counted: [],
    }
    Url in url {
        doc: "a url, unwrapped and normalised",
        key: "normalised url",
        derived {
            SCHEME scheme: Option<Text>, First, "http, https, …";
            HOST host: Option<Text>, First, "host, punycode";
            PATH path: Option<Text>, First, "path";
            DEFANGED defanged: Option<Text>, First, "a form that no program turns into a link";
            RISKY risky: Flag, InAnyOf("risky_in"), "a provider says warning or high, or a signal that counts says so";
            RISKY_IN risky_in: Set, CasesWith("risky"), "ids of the cases in which it is risky";
            SEVERITY severity: As<UrlSeverity>, OfVerdicts, "high, warning, information or unknown";
            SIGNALS signals: SetOf<Signal>, Union, "other reasons: smartscreen, alert, click_blocked, text_mismatch, lookalike_domain, shortener, opaque_wrapper, file_share, flagged_message, reported, zapped", by_case;
            LOOKALIKE lookalike: Text, First, "why its host seems made to be taken for another one, in words";
            WITHHELD withheld: Text, First, "why no outside provider was told of it", by_case;
        }
        indexed: [HOST, RISKY, SIGNALS],
        counted: [],
    }
    User in user {
        doc: "a person, bot or other sender",
        key: "Entra object id in lower case, an application's id for a bot, else `upn:` + lower-case UPN",
        #[derive(Default)]
        given UserId {
            UPN upn: Option<Text>, First, "user principal name", by_case;
            NAME name: Option<Text>, First, "display name", by_case;
            MAIL mail: Option<Text>, First, "mail address";
            TENANT tenant: Option<Text>, First, "home tenant", by_case;
            TYPE kind as "type": Option<As<UserKind>>, First, "member, guest, external, bot or anonymous", by_case;
        }
        derived {
            RISKY_SENDER risky_sender: Flag, InAnyOf("risky_in"), "sent a message with a risky url";
            RISKY_IN risky_in: Set, CasesWith("risky_sender"), "ids of the cases in which the user is a risky sender";
        }
        indexed: [UPN, RISKY_SENDER],
        counted: [],
    }
    Verdict in verdict {
        doc: "what one provider said about one url in one case",
        key: "case id + `|` + provider + `|` + url",
        given VerdictId {
            PROVIDER provider: Text, Last, "defender, otx, xforce, file";
            STATE state: As<State>, Last, "hit, clean, not_found, skipped, rate_limited or unavailable";
            SEVERITY severity: Option<As<Severity>>, Last, "high, warning or information; absent without an answer";
            SCORE score: Option<Number>, Last, "the provider's own figure";
            SUMMARY summary: Option<Text>, Last, "the verdict in a few words";
            TAGS tags: Set, Last, "the provider's tags and categories";
            REFERENCE reference: Option<Text>, Last, "where to read more";
            CHECKED checked: Option<Time>, Last, "when it was asked";
            ASKED asked: Option<Text>, Last, "the string that was sent, if not the url";
        }
        indexed: [PROVIDER, STATE],
        counted: [PROVIDER, STATE, SEVERITY],
    }
}

edges! {
    Clicked "CLICKED" in clicked {
        doc: "Safe Links saw the user click the url",
        joins: [User => Url],
        given {
            COUNT count: Count, Sum, "clicks", by_case;
            ACTIONS action as "actions": OneOf, Union, "what Safe Links did: ClickAllowed, ClickBlocked, …", by_case;
            CLICKED_THROUGH clicked_through: Flag, Any, "the user went on past a warning at least once", by_case;
            IPS ip as "ips": OneOf, Union, "addresses the clicks came from", by_case;
        }
        indexed: [],
    }
    ConnectedTo "CONNECTED_TO" in connected_to {
        doc: "the host went to the url, or at least to its host",
        joins: [Host => Url],
        given {
            MATCH matched as "match": As<MatchKind>, Outranks(MatchKind::Url.as_str()), "`url` when that very url was requested, else `host`", by_case;
            SOURCES sources: Set, Union, "proxy, defender", by_case;
            COUNT count: Count, Sum, "records of that match";
        }
        indexed: [],
    }
    Contains "CONTAINS" in contains {
        doc: "the url stands in the message",
        joins: [Message => Url],
        given {
            ORIGIN origin: Term, Last, "href, text, card, attachment, qr or log";
            TEXT text: Option<Text>, Last, "what the reader saw", by_case;
            RAW raw: Text, Last, "as sent";
            WRAPPED_BY wrapped_by: Sequence, Last, "redirectors around it, outermost first", by_case;
            MISMATCH mismatch: Flag, Any, "the text shows another host", by_case;
            DEFANGED defanged: Flag, Last, "nobody could open it as it stood, at every place in the message";
        }
        indexed: [MISMATCH],
    }
    HasChannel "HAS_CHANNEL" in has_channel {
        doc: "the channel belongs to the team",
        joins: [Team => Channel],
        indexed: [],
    }
    HasVerdict "HAS_VERDICT" in has_verdict {
        doc: "the provider was asked about the url",
        joins: [Url => Verdict],
        indexed: [],
    }
    MemberOf "MEMBER_OF" in member_of {
        doc: "the user has joined the team",
        joins: [User => Team],
        indexed: [],
    }
    Mentions "MENTIONS" in mentions {
        doc: "the alert names it among its entities",
        joins: [Alert => Channel, Alert => Chat, Alert => Host, Alert => Message, Alert => Url, Alert => User],
        indexed: [],
    }
    OnDomain "ON_DOMAIN" in on_domain {
        doc: "the url's host is on that registrable domain",
        joins: [Url => Domain],
        indexed: [],
    }
    Opened "OPENED" in opened {
        doc: "Teams opened the url for the user, and SmartScreen warned about it",
        joins: [User => Url],
        given {
            COUNT count: Count, Sum, "openings", by_case;
            APPS app as "apps": OneOf, Union, "programs that opened it", by_case;
        }
        indexed: [],
    }
    ParticipatesIn "PARTICIPATES_IN" in participates_in {
        doc: "the user is a member of the chat",
        joins: [User => Chat],
        indexed: [],
    }
    PostedIn "POSTED_IN" in posted_in {
        doc: "the message stands there",
        joins: [Message => Channel, Message => Chat],
        given {
            AT at: Option<Time>, Earliest, "when it was sent";
        }
        indexed: [],
    }
    Received "RECEIVED" in received {
        doc: "Defender names the user among the recipients of the message, which stands in a chat",
        joins: [User => Message],
        given {
            AT at: Option<Time>, Earliest, "when it was sent";
        }
        indexed: [],
    }
    RedirectsTo "REDIRECTS_TO" in redirects_to {
        doc: "Safe Links followed the url to the other one when somebody clicked",
        joins: [Url => Url],
        given {
            COUNT count: Count, Sum, "clicks that were led on so", by_case;
        }
        indexed: [],
    }
    ReplyTo "REPLY_TO" in reply_to {
        doc: "the message answers the root of its thread",
        joins: [Message => Message],
        given {
            AT at: Option<Time>, Earliest, "when it was sent";
        }
        indexed: [],
    }
    Reported "REPORTED" in reported {
        doc: "the user reported the message; a report names its sender and not the message, so it is the newest one that fits",
        joins: [User => Message],
        given {
            AT at: Option<Time>, Earliest, "when it was reported";
            VERDICT verdict: Option<Text>, Last, "how the report was graded", by_case;
        }
        indexed: [],
    }
    Sent "SENT" in sent {
        doc: "the user sent the message",
        joins: [User => Message],
        given {
            AT at: Option<Time>, Earliest, "when it was sent";
        }
        indexed: [],
    }
    StartedFrom "STARTED_FROM" in started_from {
        doc: "where the investigation began",
        joins: [Case => Message, Case => Team, Case => Url, Case => User],
        given {
            WHY why: Text, First, "the sources that named it, or `by hand`";
        }
        indexed: [],
    }
    Used "USED" in used {
        doc: "a device event names both",
        joins: [User => Host],
        given {
            COUNT count: Count, Sum, "device events";
        }
        indexed: [],
    }
    WarnedAbout "WARNED_ABOUT" in warned_about {
        doc: "SmartScreen on the host warned about the url",
        joins: [Host => Url],
        given {
            COUNT count: Count, Sum, "warnings";
        }
        indexed: [],
    }
}

impl NodeSpec {
    /// The properties of this label, then the common ones.
    pub fn all_properties(&self) -> impl Iterator<Item = &'static Property> {
        self.properties.iter().chain(COMMON)
    }
}

impl EdgeSpec {
    /// The properties of this type, then the common ones.
    pub fn all_properties(&self) -> impl Iterator<Item = &'static Property> {
        self.properties.iter().chain(COMMON)
    }

    /// The property with [`Merge::Outranks`] and the value that outranks others; `None` for a type that has no such
    /// property.
    pub fn outranking(&self) -> Option<(&'static str, &'static str)> {
        self.properties
            .iter()
            .find_map(|property| match property.merge {
                Outranks(best) => Some((property.name, best)),
                _ => None,
            })
    }
}

impl Label {
    /// The number of its table of properties.
    pub(super) const fn table(self) -> u8 {
        self as u8
    }

    /// The label with this spelling in Neo4j.
    pub fn parse(name: &str) -> Option<Self> {
        NODES
            .iter()
            .map(|spec| spec.label)
            .find(|label| label.as_str() == name)
    }
}

impl EdgeType {
    /// The number of its table of properties.
    pub(super) const fn table(self) -> u8 {
        EDGE_TABLES + self as u8
    }

    /// The type with this spelling in Neo4j.
    pub fn parse(name: &str) -> Option<Self> {
        EDGES
            .iter()
            .map(|spec| spec.kind)
            .find(|kind| kind.as_str() == name)
    }

    /// All types in the spelling of Neo4j, in one line.
    pub fn names() -> String {
        let names: Vec<_> = EDGES.iter().map(|spec| spec.kind.as_str()).collect();
        names.join(", ")
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for EdgeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
