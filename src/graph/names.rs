//! How Neo4j spells labels and edge types, and where their rows in the schema are.

use std::fmt;

use super::schema::{EDGES, EdgeSpec, EdgeType, Label, NODES, NodeSpec};

impl Label {
    /// Its row in [`NODES`].
    pub fn spec(self) -> &'static NodeSpec {
        &NODES[self as usize]
    }

    /// As Neo4j spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::Case => "Case",
            Self::Channel => "Channel",
            Self::Chat => "Chat",
            Self::Domain => "Domain",
            Self::Host => "Host",
            Self::Message => "Message",
            Self::Team => "Team",
            Self::Url => "Url",
            Self::User => "User",
            Self::Verdict => "Verdict",
        }
    }

    /// The label that Neo4j spells so.
    pub fn parse(name: &str) -> Option<Self> {
        NODES
            .iter()
            .map(|spec| spec.label)
            .find(|label| label.as_str() == name)
    }
}

impl EdgeType {
    /// Its row in [`EDGES`].
    pub fn spec(self) -> &'static EdgeSpec {
        &EDGES[self as usize]
    }

    /// As Neo4j spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clicked => "CLICKED",
            Self::ConnectedTo => "CONNECTED_TO",
            Self::Contains => "CONTAINS",
            Self::HasChannel => "HAS_CHANNEL",
            Self::HasVerdict => "HAS_VERDICT",
            Self::MemberOf => "MEMBER_OF",
            Self::Mentions => "MENTIONS",
            Self::OnDomain => "ON_DOMAIN",
            Self::Opened => "OPENED",
            Self::ParticipatesIn => "PARTICIPATES_IN",
            Self::PostedIn => "POSTED_IN",
            Self::ReplyTo => "REPLY_TO",
            Self::Sent => "SENT",
            Self::StartedFrom => "STARTED_FROM",
            Self::Used => "USED",
            Self::WarnedAbout => "WARNED_ABOUT",
        }
    }

    /// The type that Neo4j spells so.
    pub fn parse(name: &str) -> Option<Self> {
        EDGES
            .iter()
            .map(|spec| spec.kind)
            .find(|kind| kind.as_str() == name)
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
