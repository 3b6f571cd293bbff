//! The places where the logs of a tenant can be asked, and what differs between them.

use serde::Serialize;

use crate::model::Source;

/// A place where logs can be asked. The order is that in which a table is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The workspace of Microsoft Sentinel, through the query API of Log Analytics.
    Workspace,
    /// Advanced hunting of Microsoft Defender, through Microsoft Graph.
    Hunting,
}

impl Place {
    /// The source of its records, its requests and its gaps.
    pub const fn source(self) -> Source {
        match self {
            Self::Workspace => Source::LogAnalytics,
            Self::Hunting => Source::Hunting,
        }
    }

    /// The place in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "the workspace",
            Self::Hunting => "advanced hunting",
        }
    }

    /// What it is that answers.
    pub(super) const fn service(self) -> &'static str {
        match self {
            Self::Workspace => "Log Analytics",
            Self::Hunting => "advanced hunting",
        }
    }

    /// The highest number of rows in one answer. An answer with this many may be truncated: the workspace may say so, and
    /// advanced hunting never does.
    pub(super) const fn row_limit(self) -> usize {
        match self {
            Self::Workspace => 500_000,
            Self::Hunting => 100_000,
        }
    }
}
