//! Typed edges: one variant a type, with the properties that type has.

use chrono::{DateTime, Utc};

use super::node::Fields;
use super::schema::EdgeType;
use super::value::Properties;

/// One observation of an edge; several of the same (from, type, to) are merged into one edge.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the schema's table describes each")]
pub enum Edge {
    Clicked {
        count: i64,
        action: String,
        clicked_through: bool,
        ip: String,
    },
    ConnectedTo {
        exact: bool,
        sources: Vec<String>,
        count: i64,
    },
    Contains {
        origin: &'static str,
        text: Option<String>,
        raw: String,
        wrapped_by: Vec<String>,
        mismatch: bool,
    },
    HasChannel,
    HasVerdict,
    MemberOf,
    Mentions,
    OnDomain,
    Opened {
        count: i64,
        app: String,
    },
    ParticipatesIn,
    PostedIn {
        at: Option<DateTime<Utc>>,
    },
    ReplyTo {
        at: Option<DateTime<Utc>>,
    },
    Sent {
        at: Option<DateTime<Utc>>,
    },
    StartedFrom {
        why: String,
    },
    Used {
        count: i64,
    },
    WarnedAbout {
        count: i64,
    },
}

impl Edge {
    /// Its type.
    pub fn kind(&self) -> EdgeType {
        match self {
            Self::Clicked { .. } => EdgeType::Clicked,
            Self::ConnectedTo { .. } => EdgeType::ConnectedTo,
            Self::Contains { .. } => EdgeType::Contains,
            Self::HasChannel => EdgeType::HasChannel,
            Self::HasVerdict => EdgeType::HasVerdict,
            Self::MemberOf => EdgeType::MemberOf,
            Self::Mentions => EdgeType::Mentions,
            Self::OnDomain => EdgeType::OnDomain,
            Self::Opened { .. } => EdgeType::Opened,
            Self::ParticipatesIn => EdgeType::ParticipatesIn,
            Self::PostedIn { .. } => EdgeType::PostedIn,
            Self::ReplyTo { .. } => EdgeType::ReplyTo,
            Self::Sent { .. } => EdgeType::Sent,
            Self::StartedFrom { .. } => EdgeType::StartedFrom,
            Self::Used { .. } => EdgeType::Used,
            Self::WarnedAbout { .. } => EdgeType::WarnedAbout,
        }
    }

    /// Its properties; what is absent or empty is left out.
    pub fn into_properties(self) -> Properties {
        let one = |text: String| {
            if text.is_empty() {
                Vec::new()
            } else {
                vec![text]
            }
        };
        let fields = Fields::default();
        match self {
            Self::Clicked {
                count,
                action,
                clicked_through,
                ip,
            } => fields
                .integer("count", count)
                .list("actions", one(action))
                .boolean("clicked_through", Some(clicked_through))
                .list("ips", one(ip)),
            Self::ConnectedTo {
                exact,
                sources,
                count,
            } => fields
                .text("match", Some(if exact { "url" } else { "host" }.to_owned()))
                .list("sources", sources)
                .integer("count", count),
            Self::Contains {
                origin,
                text,
                raw,
                wrapped_by,
                mismatch,
            } => fields
                .text("origin", Some(origin.to_owned()))
                .text("text", text)
                .text("raw", Some(raw))
                .list("wrapped_by", wrapped_by)
                .boolean("mismatch", Some(mismatch)),
            Self::Opened { count, app } => fields.integer("count", count).list("apps", one(app)),
            Self::PostedIn { at } | Self::ReplyTo { at } | Self::Sent { at } => {
                fields.time("at", at)
            }
            Self::StartedFrom { why } => fields.text("why", Some(why)),
            Self::Used { count } | Self::WarnedAbout { count } => fields.integer("count", count),
            Self::HasChannel
            | Self::HasVerdict
            | Self::MemberOf
            | Self::Mentions
            | Self::OnDomain
            | Self::ParticipatesIn => fields,
        }
        .done()
    }
}
