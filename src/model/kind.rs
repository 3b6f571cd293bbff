//! The kinds of users and chats, and of matches between a connection and a url.

use std::fmt;

use super::word::{Word, words};

words! {
    /// Where a user belongs, as far as Microsoft Graph returns it.
    pub enum UserKind {
        /// A member of the tenant.
        Member = "member",
        /// A guest in the tenant's directory.
        Guest = "guest",
        /// A person of another tenant, or with another kind of account.
        External = "external",
        /// An application that writes messages.
        Bot = "bot",
        /// A person who joined without an account.
        Anonymous = "anonymous",
    }
}

words! {
    /// How a logged connection matches a url.
    pub enum MatchKind {
        /// It went to the host of the url; the rest of its url is not known.
        Host = "host",
        /// It went to exactly this url.
        Url = "url",
    }
}

/// The kind of a chat: the `chatType` of Microsoft Graph. Microsoft adds new kinds, so an unknown one is kept
/// unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatKind {
    /// A chat between two people.
    OneOnOne,
    /// A chat between several people.
    Group,
    /// The chat of a meeting.
    Meeting,
    /// Any other kind, in the spelling of Microsoft Graph.
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
