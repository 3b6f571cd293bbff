//! The objects of Microsoft Graph, with the fields that linktrail uses. Every field may be missing or null.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::link::{self, Attachment, Body, Link};
use crate::model::parse_time;

/// A user of the tenant or a guest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct UserInfo {
    pub id: Option<String>,
    pub user_principal_name: Option<String>,
    pub display_name: Option<String>,
    pub mail: Option<String>,
    pub user_type: Option<String>,
}

/// A team.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct TeamInfo {
    pub id: Option<String>,
    pub display_name: Option<String>,
    /// The tenant that owns the team, where Graph says so.
    pub tenant_id: Option<String>,
}

/// A channel.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct ChannelInfo {
    pub id: Option<String>,
    pub display_name: Option<String>,
    pub membership_type: Option<String>,
}

/// A chat.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct ChatInfo {
    pub id: Option<String>,
    pub chat_type: Option<String>,
    pub topic: Option<String>,
    /// The tenant that owns the chat.
    pub tenant_id: Option<String>,
}

/// A member of a chat.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct Member {
    pub user_id: Option<String>,
    /// Present instead of a user id for a participant who joined a meeting without an account.
    pub anonymous_guest_id: Option<String>,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub tenant_id: Option<String>,
}

/// A message of a channel or a chat.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct ChatMessage {
    pub id: Option<String>,
    pub reply_to_id: Option<String>,
    pub message_type: Option<String>,
    #[serde(deserialize_with = "time")]
    pub created_date_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "time")]
    pub last_modified_date_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "time")]
    pub last_edited_date_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "time")]
    pub deleted_date_time: Option<DateTime<Utc>>,
    pub subject: Option<String>,
    pub importance: Option<String>,
    pub web_url: Option<String>,
    pub channel_identity: Option<ChannelIdentity>,
    pub chat_id: Option<String>,
    pub from: Option<From>,
    pub body: Option<ItemBody>,
    #[serde(deserialize_with = "list")]
    pub attachments: Vec<Attachment>,
}

impl ChatMessage {
    /// The links in the message; empty for messages of the service itself.
    pub fn links(&self) -> Vec<Link> {
        if self.is_system() {
            return Vec::new();
        }
        link::extract(self.text(), &self.attachments)
    }

    /// True for a message of the service itself, such as a new member or a changed topic.
    pub fn is_system(&self) -> bool {
        self.message_type
            .as_deref()
            .is_some_and(|kind| kind != "message")
    }

    /// The text, as HTML or plain.
    pub fn text(&self) -> Body<'_> {
        let body = self.body.as_ref();
        let html = body
            .and_then(|body| body.content_type.as_deref())
            .is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
        Body {
            html,
            content: body.and_then(|body| body.content.as_deref()),
        }
    }
}

/// The place of a channel message.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct ChannelIdentity {
    pub team_id: Option<String>,
    pub channel_id: Option<String>,
}

/// The sender of a message.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct From {
    pub user: Option<Identity>,
    pub application: Option<Identity>,
}

/// A user or an application, as sender.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct Identity {
    pub id: Option<String>,
    pub display_name: Option<String>,
    pub user_identity_type: Option<String>,
    pub tenant_id: Option<String>,
}

/// The text of a message, and its type.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct ItemBody {
    pub content_type: Option<String>,
    pub content: Option<String>,
}

/// Parses a time; a malformed one counts as absent.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(parse_time))
}

/// Parses a list; null counts as empty.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}
