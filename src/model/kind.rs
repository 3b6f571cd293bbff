//! Kinds of users and chats, and how a connection matches a url.

use std::fmt;

use super::word::{Word, words};

words! {
    /// Where a user belongs, as far as Graph tells.
    pub enum UserKind {
        /// A member of the tenant.
        Member = "member",
        /// A guest in the tenant's directory.
        Guest = "guest",
        /// Somebody of another tenant, or with an account of another kind.
        External = "external",
        /// An application that writes messages.
        Bot = "bot",
        /// Somebody who joined without an account.
        Anonymous = "anonymous",
    }
}

words! {
    /// How a logged connection matches a url.
    pub enum MatchKind {
        /// It went to the host of the url; more was not seen of it.
        Host = "host",
        /// It went to that very url.
        Url = "url",
    }
}

/// Kind of a chat, as Graph's `chatType` tells it. The set is Microsoft's and grows, so a kind that is not known here
/// is kept as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatKind {
    /// Between two people.
    OneOnOne,
    /// Between several.
    Group,
    /// Of a meeting.
    Meeting,
    /// Any other, as Graph spells it.
    Other(String),
}

impl Word for ChatKind {
    fn as_str(&self) -> &str {
        match self {
            Self::OneOnOne => "oneOnOne",
            Self::Group => "group",
            Self::Meeting => "meeting",
            Self::Other(kind) => kind,
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "oneOnOne" => Self::OneOnOne,
            "group" => Self::Group,
            "meeting" => Self::Meeting,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl From<String> for ChatKind {
    fn from(kind: String) -> Self {
        Self::parse(&kind).unwrap_or(Self::Other(kind))
    }
}

impl fmt::Display for ChatKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
