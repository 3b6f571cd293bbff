//! How the ids of nodes are written and read here. [`crate::graph::node`] says what each id looks like.

use crate::graph::NodeData;

/// Id of a team: Microsoft Graph and the audit log write it in different cases.
pub(super) fn team(id: &str) -> String {
    id.to_lowercase()
}

/// Id of a message: Teams numbers messages within a channel or chat only.
pub(super) fn message(channel_or_chat: &str, message: &str) -> String {
    format!("{channel_or_chat}/{message}")
}

/// The UPN of a user who is known by it alone; none for one who is known by an id.
pub(super) fn upn_of(user: &NodeData) -> Option<&str> {
    user.id.strip_prefix("upn:")
}

/// The name of a host that is known by it alone; none for one that is known by a device id.
pub(super) fn name_of(host: &NodeData) -> Option<&str> {
    host.id.strip_prefix("name:")
}
