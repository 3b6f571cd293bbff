//! Published limits of Microsoft Graph for Teams, as requests a second.
//! Source: Microsoft Graph service-specific throttling limits, Microsoft Teams and identity, November 2026.

use crate::journal::Limit;

/// The highest number of requests in a `$batch` envelope.
pub const ENVELOPE: usize = 20;

/// The number of requests that may be sent at once after a pause. It is small, so that no second has many more requests
/// than the rate.
const BURST: f64 = 2.0;

fn limit(key: String, rate: f64) -> Limit {
    Limit {
        key: format!("graph {key}"),
        rate,
        burst: BURST.min(rate),
        within: None,
    }
}

/// Any other GET: 30 a second for an application in a tenant.
pub(super) fn other() -> Vec<Limit> {
    vec![limit("other".to_owned(), 30.0)]
}

/// Joined teams: 30 a second for an application in a tenant. None is published for associated teams, so they count among
/// these.
pub(super) fn teams() -> Vec<Limit> {
    vec![limit("teams".to_owned(), 30.0)]
}

/// A team: 30 a second in a tenant, 4 for a team.
pub(super) fn team(id: &str) -> Vec<Limit> {
    vec![
        limit("teams".to_owned(), 30.0),
        limit(format!("team {id}"), 4.0),
    ]
}

/// A channel: 30 a second in a tenant, 4 for a team, 1 for a channel.
pub(super) fn channel(team: &str, id: &str) -> Vec<Limit> {
    vec![
        limit("channels".to_owned(), 30.0),
        limit(format!("team {team}"), 4.0),
        limit(format!("channel {id}"), 1.0),
    ]
}

/// All messages of a team: 200 a second in a tenant, 4 for a team.
pub(super) fn all_messages(team: &str) -> Vec<Limit> {
    vec![
        limit("all messages".to_owned(), 200.0),
        limit(format!("team {team}"), 4.0),
    ]
}

/// All chat messages of a user: 200 a second in a tenant.
pub(super) fn all_messages_of(user: &str) -> Vec<Limit> {
    vec![
        limit("all messages".to_owned(), 200.0),
        limit(format!("user {user}"), 5.0),
    ]
}

/// The messages of a channel: 20 a second in a tenant, 4 for a team, 1 for a channel.
pub(super) fn channel_messages(team: &str, id: &str) -> Vec<Limit> {
    vec![
        limit("messages".to_owned(), 20.0),
        limit(format!("team {team}"), 4.0),
        limit(format!("messages of {id}"), 1.0),
    ]
}

/// The chats of a user: 30 a second in a tenant, 5 for a user.
pub(super) fn chats_of(user: &str) -> Vec<Limit> {
    vec![
        limit("other".to_owned(), 30.0),
        limit(format!("user {user}"), 5.0),
    ]
}

/// A chat itself: 30 a second in a tenant, 1 for a chat.
pub(super) fn chat(id: &str) -> Vec<Limit> {
    vec![
        limit("other".to_owned(), 30.0),
        limit(format!("chat {id}"), 1.0),
    ]
}

/// The messages of a chat: 20 a second in a tenant, 1 for a chat.
pub(super) fn chat_messages(id: &str) -> Vec<Limit> {
    vec![
        limit("messages".to_owned(), 20.0),
        limit(format!("chat {id}"), 1.0),
    ]
}
