//! The texts by which people can name a node.

use super::table::digest;
use crate::graph::schema::{domain, host, message, user};
use crate::graph::{Label, NodeData, naming};
use crate::link;
use crate::model::{HostId, MessageId, UserId};

/// How well a text matches a node, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The text is its id.
    Id,
    /// The text is the id in another spelling, or another unique key such as a UPN or the name of a device.
    Key,
    /// The text is a name, which other nodes may have as well.
    Name,
}

/// In what spelling a text has to be compared with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As it is.
    Exact,
    /// In lower case. The key is in lower case already.
    Folded,
    /// As a url, normalised and cut to the length of an id.
    Url,
    /// As the id of a verdict, its url normalised, and cut to the length of an id.
    Verdict,
}

/// A text that names a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// How well a text that is equal to it matches the node.
    pub fit: Fit,
    /// What is compared with it.
    pub spelling: Spelling,
    /// The key itself, never empty.
    pub text: String,
}

/// Everything by which people can name a node. The index of a stored graph has exactly these keys.
pub fn keys(node: &NodeData) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut add = |fit, spelling, text: Option<&str>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let text = match spelling {
                Spelling::Folded => text.to_lowercase(),
                _ => text.to_owned(),
            };
            keys.push(Key {
                fit,
                spelling,
                text,
            });
        }
    };
    let (id, facts) = (node.id.as_str(), &node.facts);
    add(Fit::Id, Spelling::Exact, Some(id));
    match node.label {
        Label::Url => add(Fit::Key, Spelling::Url, Some(id)),
        Label::Verdict => add(Fit::Key, Spelling::Verdict, Some(id)),
        Label::User => {
            let key = node.user_id();
            let key = key.as_ref().map(UserId::directory_key);
            add(Fit::Key, Spelling::Folded, key);
            add(Fit::Key, Spelling::Folded, facts.get(user::UPN));
        }
        Label::Host => {
            let key = node.host_id();
            let key = key.as_ref().map(HostId::bare);
            add(Fit::Key, Spelling::Folded, key);
            add(Fit::Key, Spelling::Folded, facts.get(host::NAME));
        }
        Label::Domain => {
            add(Fit::Key, Spelling::Folded, Some(id));
            add(Fit::Key, Spelling::Folded, facts.get(domain::UNICODE));
        }
        Label::Message => add(Fit::Key, Spelling::Exact, facts.get(message::WEB_URL)),
        Label::Alert | Label::Case | Label::Team => add(Fit::Key, Spelling::Folded, Some(id)),
        // The ids of channels and chats are case-sensitive.
        Label::Channel | Label::Chat => {}
    }
    match node.label {
        Label::User => {
            add(Fit::Name, Spelling::Folded, facts.get(user::NAME));
            add(Fit::Name, Spelling::Folded, facts.get(user::MAIL));
        }
        Label::Host => {
            let name = facts.get(host::NAME).map(link::first_label);
            add(Fit::Name, Spelling::Folded, name);
        }
        Label::Message => {
            let id = MessageId::from(id);
            add(Fit::Name, Spelling::Exact, Some(id.message()));
        }
        _ => {
            for name in naming::names(node) {
                add(Fit::Name, Spelling::Folded, Some(name));
            }
        }
    }
    keys
}

/// The hash by which the index finds a key.
pub(super) fn hash(key: &str) -> u64 {
    digest(key.as_bytes())
}
