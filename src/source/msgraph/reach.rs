//! What the token of a load may ask Microsoft Graph for.
//!
//! An application may ask for everything: when it lacks a permission, Graph says so. A person who is signed in has lists of
//! their own: Graph gives the teams and chats of others to nobody but an application, and exports of messages neither. What
//! cannot be had is not asked for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Problem;
use super::problem::Subject;
use crate::http::Permissions;

/// What the token may ask for, as the case holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "signed_in_as")]
pub enum Reach {
    /// An application, or a token that says nothing of itself.
    #[default]
    Application,
    /// A person.
    Person {
        /// The object id of the person in lower case; empty when the token does not say it.
        id: String,
        /// The UPN of the person in lower case; empty when the token does not say it.
        upn: String,
        /// Those of its delegated permissions that matter here.
        scopes: BTreeSet<String>,
    },
}

/// Delegated permissions, one of which is needed for a kind of object.
const OWN_ACCOUNT: &[&str] = &["User.Read", "User.ReadBasic.All", ACTS_AS_USER];
const USERS: &[&str] = &["User.ReadBasic.All", ACTS_AS_USER];
const TEAMS: &[&str] = &["Team.ReadBasic.All"];
const CHANNELS: &[&str] = &["Channel.ReadBasic.All"];
const CHANNEL_MESSAGES: &[&str] = &["ChannelMessage.Read.All"];
const CHATS: &[&str] = &["Chat.ReadBasic"];
const CHAT_MESSAGES: &[&str] = &["Chat.Read"];
const HUNTING: &[&str] = &["ThreatHunting.Read.All"];
/// What a person may read in the directory, the token may too.
const ACTS_AS_USER: &str = "Directory.AccessAsUser.All";

impl Reach {
    /// What a token with these permissions may ask for.
    pub fn of(permissions: &Permissions) -> Self {
        if !permissions.is_delegated() {
            return Self::Application;
        }
        let lower = |text: Option<&str>| text.unwrap_or_default().to_lowercase();
        let all = [
            OWN_ACCOUNT,
            USERS,
            TEAMS,
            CHANNELS,
            CHANNEL_MESSAGES,
            CHATS,
            CHAT_MESSAGES,
            HUNTING,
        ];
        let all = all.concat().into_iter();
        // The wider ones that the token names stand for those that they include.
        let scopes = all.filter(|scope| permissions.has(scope));
        Self::Person {
            id: lower(permissions.object_id()),
            upn: lower(permissions.user()),
            scopes: scopes.map(str::to_owned).collect(),
        }
    }

    /// The rule for single users.
    pub(super) fn user(&self, key: &str) -> Result<(), Problem> {
        match self.is_own(key) {
            true => self.needs(Subject::USERS, OWN_ACCOUNT),
            false => self.needs(Subject::USERS, USERS),
        }
    }

    /// The rule for lists of the teams of a user.
    pub(super) fn teams_of(&self, user: &str, subject: Subject) -> Result<(), Problem> {
        self.own(user, subject)?;
        self.needs(subject, TEAMS)
    }

    /// The rule for single teams.
    pub(super) fn team(&self) -> Result<(), Problem> {
        self.needs(Subject::TEAMS, TEAMS)
    }

    /// The rule for single channels.
    pub(super) fn channel(&self) -> Result<(), Problem> {
        self.needs(Subject::CHANNELS, CHANNELS)
    }

    /// The rule for the list of all messages of a team: only an application has it, and a person may have single messages.
    pub(super) fn messages_of_team(&self) -> Result<(), Problem> {
        self.needs(Subject::CHANNEL_MESSAGES, CHANNEL_MESSAGES)?;
        match self {
            Self::Application => Ok(()),
            Self::Person { .. } => Err(Problem::OneByOne {
                what: Subject::CHANNEL_MESSAGES.what,
            }),
        }
    }

    /// The rule for single messages of channels.
    pub(super) fn channel_message(&self) -> Result<(), Problem> {
        self.needs(Subject::CHANNEL_MESSAGES, CHANNEL_MESSAGES)
    }

    /// The rule for the list of the chats of a user.
    pub(super) fn chats_of(&self, user: &str) -> Result<(), Problem> {
        self.own(user, Subject::CHATS)?;
        self.needs(Subject::CHATS, CHATS)
    }

    /// The rule for a single chat, and for its members.
    pub(super) fn chat(&self, subject: Subject) -> Result<(), Problem> {
        self.needs(subject, CHATS)
    }

    /// The rule for the messages of a chat.
    pub(super) fn chat_messages(&self) -> Result<(), Problem> {
        self.needs(Subject::CHAT_MESSAGES, CHAT_MESSAGES)
    }

    /// The rule for the list of what people outside sent to a user: only an application has it.
    pub(super) fn messages_from_outside(&self) -> Result<(), Problem> {
        let what = Subject::CHAT_MESSAGES.what;
        match self {
            Self::Application => Ok(()),
            Self::Person { .. } => Err(Problem::OfOthers { what }),
        }
    }

    /// The person who is signed in, by the id or the UPN; `None` for an application, and for one that the token does not
    /// name.
    pub(super) fn person(&self) -> Option<&str> {
        match self {
            Self::Application => None,
            Self::Person { id, upn, .. } => [id, upn].into_iter().find(|key| !key.is_empty()),
        }
        .map(String::as_str)
    }

    /// True for an application, and when one of these users is the person who is signed in.
    pub(super) fn is_among<'k>(&self, mut users: impl Iterator<Item = &'k str>) -> bool {
        matches!(self, Self::Application) || users.any(|user| self.is_own(user))
    }

    /// Says why something is missing to whoever is signed in.
    pub(super) fn explain(&self, problem: Problem) -> Problem {
        match self {
            Self::Application => problem,
            Self::Person { .. } => problem.for_person(),
        }
    }

    /// The rule for advanced hunting.
    pub fn hunting(&self) -> Result<(), Problem> {
        self.needs(Subject::HUNTING, HUNTING)
    }

    fn is_own(&self, key: &str) -> bool {
        match self {
            Self::Application => true,
            Self::Person { id, upn, .. } => {
                let is = |own: &str| !own.is_empty() && own.eq_ignore_ascii_case(key);
                is(id) || is(upn)
            }
        }
    }

    fn own(&self, user: &str, subject: Subject) -> Result<(), Problem> {
        match self.is_own(user) {
            true => Ok(()),
            false => Err(Problem::OfOthers { what: subject.what }),
        }
    }

    fn needs(&self, subject: Subject, one_of: &[&'static str]) -> Result<(), Problem> {
        let Self::Person { scopes, .. } = self else {
            return Ok(());
        };
        match one_of.iter().any(|scope| scopes.contains(*scope)) {
            true => Ok(()),
            false => Err(Problem::NoScope {
                what: subject.what,
                scope: one_of.first().copied().unwrap_or_default(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(scopes: &[&str]) -> Reach {
        Reach::Person {
            id: "0a".to_owned(),
            upn: "anna@contoso.example".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        }
    }

    #[test]
    fn an_application_may_ask_for_everything() {
        let reach = Reach::Application;
        assert_eq!(reach.user("x"), Ok(()));
        assert_eq!(reach.teams_of("x", Subject::JOINED_TEAMS), Ok(()));
        assert_eq!(reach.messages_of_team(), Ok(()));
        assert_eq!(reach.chats_of("x"), Ok(()));
    }

    #[test]
    fn a_person_has_lists_of_their_own_only() {
        let reach = person(&["Team.ReadBasic.All", "Chat.ReadBasic", "User.Read"]);
        for key in ["0A", "Anna@Contoso.example"] {
            assert_eq!(reach.teams_of(key, Subject::JOINED_TEAMS), Ok(()));
            assert_eq!(reach.chats_of(key), Ok(()));
            assert_eq!(reach.user(key), Ok(()));
        }
        for key in ["", "0b", "anna@contoso.example.evil.example"] {
            let problem = Problem::OfOthers {
                what: Subject::CHATS.what,
            };
            assert_eq!(reach.chats_of(key), Err(problem));
            assert!(reach.user(key).is_err());
        }
        let nobody = Reach::Person {
            id: String::new(),
            upn: String::new(),
            scopes: BTreeSet::from(["Chat.ReadBasic".to_owned()]),
        };
        assert!(nobody.chats_of("").is_err());
    }

    #[test]
    fn a_person_needs_the_permission_or_a_wider_one() {
        let none = person(&["ThreatHunting.Read.All"]);
        let no_scope = |what, scope| Err(Problem::NoScope { what, scope });
        assert_eq!(
            none.channel_message(),
            no_scope("channel messages", "ChannelMessage.Read.All")
        );
        assert_eq!(none.chat_messages(), no_scope("chat messages", "Chat.Read"));
        // What the Azure CLI's token holds.
        let wide = person(&["Directory.AccessAsUser.All", "ChannelMessage.Read.All"]);
        assert_eq!(wide.user("0b"), Ok(()));
        assert_eq!(wide.channel_message(), Ok(()));
        let what = Subject::CHANNEL_MESSAGES.what;
        assert_eq!(wide.messages_of_team(), Err(Problem::OneByOne { what }));
        assert!(wide.chat_messages().is_err());
    }

    #[test]
    fn what_a_case_holds_is_read_again() {
        for reach in [Reach::Application, person(&["Chat.Read"])] {
            let text = serde_json::to_string(&reach).unwrap();
            assert_eq!(serde_json::from_str::<Reach>(&text).unwrap(), reach);
        }
    }
}
