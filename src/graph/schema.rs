//! The one table of labels, keys, edge types and properties.
//!
//! Constraints, loading queries, CSV headers, `cypher/schema.cypher` and `docs/graph-model.md` are all
//! produced from here, so a property added in this file is a property everywhere.

/// Label of a node. The order is the order of `graph.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// A security alert of Microsoft Sentinel.
    Alert,
    /// One run of linktrail.
    Case,
    /// A channel of a team.
    Channel,
    /// A one-on-one, group or meeting chat.
    Chat,
    /// A registrable domain.
    Domain,
    /// A device.
    Host,
    /// A Teams message.
    Message,
    /// A team.
    Team,
    /// A normalised url.
    Url,
    /// A person, bot or other sender.
    User,
    /// What one provider said about one url.
    Verdict,
}

/// Type of an edge. The order is the order of `graph.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is described in EDGES")]
pub enum EdgeType {
    Clicked,
    ConnectedTo,
    Contains,
    HasChannel,
    HasVerdict,
    MemberOf,
    Mentions,
    OnDomain,
    Opened,
    ParticipatesIn,
    PostedIn,
    ReplyTo,
    Sent,
    StartedFrom,
    Used,
    WarnedAbout,
}

/// What a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Number,
    /// True or false.
    Boolean,
    /// A moment, in UTC.
    Time,
    /// Texts, sorted and distinct.
    Set,
    /// Texts in an order that means something.
    Sequence,
}

/// What happens when a property is given twice: within a case, and when a case meets another in Neo4j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Within a case the first value stays; in Neo4j that of the case pushed last, when it has one: what a case
    /// does not know it leaves alone.
    First,
    /// The later value wins in both: part of a statement that is made anew, such as a rating. In Neo4j the case
    /// pushed last states all of it, and what it leaves out is removed.
    Last,
    /// True once is true, in both.
    Any,
    /// Within a case the values add up; in Neo4j, where two cases can have counted the same events, the higher stays.
    Sum,
    /// The earlier moment.
    Earliest,
    /// The later moment.
    Latest,
    /// All values of both.
    Union,
    /// At most [`EVIDENCE_LIMIT`] values. In Neo4j those of a case replace that case's earlier ones; of too many
    /// each case keeps as many as the others, and what one does not need goes to them.
    Evidence,
    /// An edge with this value outranks one without it and replaces all that it says. In Neo4j the lesser one adds
    /// its case; it replaces the better one when no record of another case is left to prove that.
    Outranks(&'static str),
}

/// Most record ids that one node or edge names.
pub const EVIDENCE_LIMIT: usize = 20;

/// One property of a node or an edge.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Its name in Neo4j, in `graph.jsonl` and in exports.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// How two values become one.
    pub merge: Merge,
    /// What it means.
    pub doc: &'static str,
}

/// One label.
#[derive(Debug)]
pub struct NodeSpec {
    /// The label.
    pub label: Label,
    /// What its unique `id` is.
    pub key: &'static str,
    /// What it stands for.
    pub doc: &'static str,
    /// Its properties, without those that everything has.
    pub properties: &'static [Property],
    /// Properties with an index of their own.
    pub indexed: &'static [&'static str],
    /// Properties with one index of all of them: what only counts by them reads no node.
    pub counted: &'static [&'static str],
}

/// One edge type.
#[derive(Debug)]
pub struct EdgeSpec {
    /// The type.
    pub kind: EdgeType,
    /// Which labels it joins.
    pub joins: &'static [(Label, Label)],
    /// What it says.
    pub doc: &'static str,
    /// Its properties, without those that everything has.
    pub properties: &'static [Property],
    /// Properties with an index of their own.
    pub indexed: &'static [&'static str],
}

const fn property(name: &'static str, kind: Kind, merge: Merge, doc: &'static str) -> Property {
    Property {
        name,
        kind,
        merge,
        doc,
    }
}

const fn text(name: &'static str, doc: &'static str) -> Property {
    property(name, Kind::Text, Merge::First, doc)
}

const fn latest(name: &'static str, kind: Kind, doc: &'static str) -> Property {
    property(name, kind, Merge::Last, doc)
}

const fn flag(name: &'static str, doc: &'static str) -> Property {
    property(name, Kind::Boolean, Merge::Any, doc)
}

const fn set(name: &'static str, doc: &'static str) -> Property {
    property(name, Kind::Set, Merge::Union, doc)
}

const fn time(name: &'static str, doc: &'static str) -> Property {
    property(name, Kind::Time, Merge::First, doc)
}

const fn count(doc: &'static str) -> Property {
    property("count", Kind::Integer, Merge::Sum, doc)
}

const AT: Property = property("at", Kind::Time, Merge::Earliest, "when it was sent");

/// Properties of every node and every edge.
pub const COMMON: &[Property] = &[
    set("cases", "ids of the cases that hold it"),
    property(
        "first_seen",
        Kind::Time,
        Merge::Earliest,
        "time of the earliest evidence",
    ),
    property(
        "last_seen",
        Kind::Time,
        Merge::Latest,
        "time of the latest evidence",
    ),
    property(
        "evidence",
        Kind::Set,
        Merge::Evidence,
        "journal records it came from, `<case>/<n>`, at most 20",
    ),
    property(
        "evidence_count",
        Kind::Integer,
        Merge::Sum,
        "how many journal records it came from",
    ),
];

/// Every label, in the order of [`Label`].
pub const NODES: &[NodeSpec] = &[
    NodeSpec {
        label: Label::Alert,
        key: "SystemAlertId",
        doc: "a security alert that names a url of the investigation",
        properties: &[
            text("name", "display name"),
            text("severity", "as the product rated it"),
            text("provider", "product component that raised it"),
            text("product", "product that raised it"),
            time("time", "start of what it reports"),
            text("status", "New, InProgress, Resolved, Dismissed"),
            set("tactics", "MITRE ATT&CK tactics"),
        ],
        indexed: &["time"],
        counted: &[],
    },
    NodeSpec {
        label: Label::Case,
        key: "case id (ULID)",
        doc: "one run of linktrail",
        properties: &[
            latest("started", Kind::Time, "when the case was made"),
            latest("finished", Kind::Time, "time of its last record"),
            latest("window_from", Kind::Time, "start of the window"),
            latest("window_to", Kind::Time, "end of the window"),
            latest("version", Kind::Text, "version of linktrail"),
            latest("complete", Kind::Boolean, "every stage ran to its end"),
            latest("gaps", Kind::Set, "what could not be had, and why"),
        ],
        indexed: &[],
        counted: &[],
    },
    NodeSpec {
        label: Label::Channel,
        key: "`19:…` id",
        doc: "a channel of a team",
        properties: &[
            text("name", "display name"),
            text("membership", "standard, private or shared"),
        ],
        indexed: &[],
        counted: &[],
    },
    NodeSpec {
        label: Label::Chat,
        key: "`19:…` id",
        doc: "a chat in which a message with a link stands",
        properties: &[
            text("kind", "oneOnOne, group or meeting"),
            text("topic", "its name, if somebody gave it one"),
        ],
        indexed: &[],
        counted: &[],
    },
    NodeSpec {
        label: Label::Domain,
        key: "registrable domain, punycode, lower case",
        doc: "the domain a url is on",
        properties: &[
            text("unicode", "as a browser may show it, when that differs"),
            text("suffix", "public suffix"),
        ],
        indexed: &[],
        counted: &[],
    },
    NodeSpec {
        label: Label::Host,
        key: "MDE DeviceId in lower case, else `name:` + lower-case name",
        doc: "a device",
        properties: &[text("name", "device name"), text("os", "operating system")],
        indexed: &["name"],
        counted: &[],
    },
    NodeSpec {
        label: Label::Message,
        key: "channel or chat id + `/` + message id",
        doc: "a Teams message",
        properties: &[
            time("created", "when it was sent"),
            time("modified", "when it last changed, reactions included"),
            time("deleted", "when it was deleted"),
            flag("edited", "its text was changed after sending"),
            text("subject", "subject line"),
            text("importance", "normal, high or urgent"),
            text("preview", "first 280 characters of its text"),
            text("web_url", "address of the message in Teams"),
            latest("risky", Kind::Boolean, "it contains a risky url"),
        ],
        indexed: &["created", "deleted", "risky"],
        counted: &[],
    },
    NodeSpec {
        label: Label::Team,
        key: "Entra group id in lower case",
        doc: "a team",
        properties: &[text("name", "display name")],
        indexed: &[],
        counted: &[],
    },
    NodeSpec {
        label: Label::Url,
        key: "normalised url",
        doc: "a url, unwrapped and normalised",
        properties: &[
            text("scheme", "http, https, …"),
            text("host", "host, punycode"),
            text("path", "path"),
            text("defanged", "a form that no program turns into a link"),
            latest(
                "risky",
                Kind::Boolean,
                "a provider says warning or high, or a signal that counts says so",
            ),
            latest(
                "severity",
                Kind::Text,
                "high, warning, information or unknown",
            ),
            set(
                "signals",
                "other reasons: smartscreen, alert, click_blocked, text_mismatch, lookalike_domain",
            ),
            text(
                "lookalike",
                "why its host seems made to be taken for another one, in words",
            ),
        ],
        indexed: &["host", "risky", "signals"],
        counted: &[],
    },
    NodeSpec {
        label: Label::User,
        key: "Entra object id in lower case, an application's id for a bot, else `upn:` + lower-case UPN",
        doc: "a person, bot or other sender",
        properties: &[
            text("upn", "user principal name"),
            text("name", "display name"),
            text("mail", "mail address"),
            text("tenant", "home tenant"),
            text("type", "member, guest, external, bot or anonymous"),
            flag("risky_sender", "sent a message with a risky url"),
        ],
        indexed: &["upn", "risky_sender"],
        counted: &[],
    },
    NodeSpec {
        label: Label::Verdict,
        key: "provider + `|` + url",
        doc: "what one provider said about one url",
        properties: &[
            latest("provider", Kind::Text, "otx, xforce, file"),
            latest(
                "state",
                Kind::Text,
                "hit, clean, not_found, skipped, rate_limited or unavailable",
            ),
            latest(
                "severity",
                Kind::Text,
                "high, warning or information; absent without an answer",
            ),
            latest("score", Kind::Number, "the provider's own figure"),
            latest("summary", Kind::Text, "the verdict in a few words"),
            latest("tags", Kind::Set, "the provider's tags and categories"),
            latest("reference", Kind::Text, "where to read more"),
            latest("checked", Kind::Time, "when it was asked"),
            latest(
                "asked",
                Kind::Text,
                "the string that was sent, if not the url",
            ),
        ],
        indexed: &["provider", "state"],
        counted: &["provider", "state", "severity"],
    },
];

/// Every edge type, in the order of [`EdgeType`].
pub const EDGES: &[EdgeSpec] = &[
    EdgeSpec {
        kind: EdgeType::Clicked,
        joins: &[(Label::User, Label::Url)],
        doc: "Safe Links saw the user click the url",
        properties: &[
            count("clicks"),
            set(
                "actions",
                "what Safe Links did: ClickAllowed, ClickBlocked, …",
            ),
            flag(
                "clicked_through",
                "the user went on past a warning at least once",
            ),
            set("ips", "addresses the clicks came from"),
        ],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::ConnectedTo,
        joins: &[(Label::Host, Label::Url)],
        doc: "the host went to the url, or at least to its host",
        properties: &[
            property(
                "match",
                Kind::Text,
                Merge::Outranks("url"),
                "`url` when that very url was requested, else `host`",
            ),
            set("sources", "proxy, defender"),
            count("records of that match"),
        ],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::Contains,
        joins: &[(Label::Message, Label::Url)],
        doc: "the url stands in the message",
        properties: &[
            latest("origin", Kind::Text, "href, text, card or attachment"),
            latest("text", Kind::Text, "what the reader saw"),
            latest("raw", Kind::Text, "as sent"),
            latest(
                "wrapped_by",
                Kind::Sequence,
                "redirectors around it, outermost first",
            ),
            flag("mismatch", "the text shows another host"),
        ],
        indexed: &["mismatch"],
    },
    EdgeSpec {
        kind: EdgeType::HasChannel,
        joins: &[(Label::Team, Label::Channel)],
        doc: "the channel belongs to the team",
        properties: &[],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::HasVerdict,
        joins: &[(Label::Url, Label::Verdict)],
        doc: "the provider was asked about the url",
        properties: &[],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::MemberOf,
        joins: &[(Label::User, Label::Team)],
        doc: "the user has joined the team",
        properties: &[],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::Mentions,
        joins: &[
            (Label::Alert, Label::Host),
            (Label::Alert, Label::Url),
            (Label::Alert, Label::User),
        ],
        doc: "the alert names it among its entities",
        properties: &[],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::OnDomain,
        joins: &[(Label::Url, Label::Domain)],
        doc: "the url's host is on that registrable domain",
        properties: &[],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::Opened,
        joins: &[(Label::User, Label::Url)],
        doc: "Teams opened the url for the user, and SmartScreen warned about it",
        properties: &[count("openings"), set("apps", "programs that opened it")],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::ParticipatesIn,
        joins: &[(Label::User, Label::Chat)],
        doc: "the user is a member of the chat",
        properties: &[],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::PostedIn,
        joins: &[
            (Label::Message, Label::Channel),
            (Label::Message, Label::Chat),
        ],
        doc: "the message stands there",
        properties: &[AT],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::ReplyTo,
        joins: &[(Label::Message, Label::Message)],
        doc: "the message answers the root of its thread",
        properties: &[AT],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::Sent,
        joins: &[(Label::User, Label::Message)],
        doc: "the user sent the message",
        properties: &[AT],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::StartedFrom,
        joins: &[
            (Label::Case, Label::Team),
            (Label::Case, Label::Url),
            (Label::Case, Label::User),
        ],
        doc: "where the investigation began",
        properties: &[text("why", "the sources that named it, or `by hand`")],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::Used,
        joins: &[(Label::User, Label::Host)],
        doc: "a device event names both",
        properties: &[count("device events")],
        indexed: &[],
    },
    EdgeSpec {
        kind: EdgeType::WarnedAbout,
        joins: &[(Label::Host, Label::Url)],
        doc: "SmartScreen on the host warned about the url",
        properties: &[count("warnings")],
        indexed: &[],
    },
];

impl NodeSpec {
    /// Its own properties, then those that everything has.
    pub fn all_properties(&self) -> impl Iterator<Item = &'static Property> {
        self.properties.iter().chain(COMMON)
    }
}

impl EdgeSpec {
    /// Its own properties, then those that everything has.
    pub fn all_properties(&self) -> impl Iterator<Item = &'static Property> {
        self.properties.iter().chain(COMMON)
    }

    /// The property by which one edge outranks another, and the value that does.
    pub fn outranking(&self) -> Option<(&'static str, &'static str)> {
        self.properties
            .iter()
            .find_map(|property| match property.merge {
                Merge::Outranks(best) => Some((property.name, best)),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests;
