//! What Graph answers, as far as linktrail reads it. Every field may be missing or null.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::link::{self, Attachment, Body, Link};
use crate::model::parse_time;

/// A user.
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
}

/// A member of a chat.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct Member {
    pub user_id: Option<String>,
    /// In place of a user id: somebody who joined a meeting without an account.
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
    pub from: Option<From>,
    pub body: Option<ItemBody>,
    #[serde(deserialize_with = "list")]
    pub attachments: Vec<Attachment>,
}

impl ChatMessage {
    /// Its links; none for what a service wrote.
    pub fn links(&self) -> Vec<Link> {
        if self.is_system() {
            return Vec::new();
        }
        link::extract(self.text(), &self.attachments)
    }

    /// Whether nobody wrote it: somebody joined, the topic changed.
    pub fn is_system(&self) -> bool {
        self.message_type
            .as_deref()
            .is_some_and(|kind| kind != "message")
    }

    /// Its text, as HTML or plain.
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

/// Where a channel message stands.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct ChannelIdentity {
    pub team_id: Option<String>,
    pub channel_id: Option<String>,
}

/// Who sent a message.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct From {
    pub user: Option<Identity>,
    pub application: Option<Identity>,
}

/// A user or an application.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct Identity {
    pub id: Option<String>,
    pub display_name: Option<String>,
    pub user_identity_type: Option<String>,
    pub tenant_id: Option<String>,
}

/// Text of a message.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "names are Graph's")]
pub struct ItemBody {
    pub content_type: Option<String>,
    pub content: Option<String>,
}

/// A time that may be malformed; what is no time is absent.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(parse_time))
}

/// A list that may be null.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}
