//! Puts the users that logs, messages, chats and the directory name into the graph.

use crate::graph::node::User;
use crate::graph::schema::user;
use crate::graph::{Graph, NodeRef, Seen};
use crate::model::{RecordNumber, UserKind};
use crate::source::msgraph::{ChatMessage, Identity, Member, UserInfo};

/// The user of a log row, by object id, UPN or both; `None` when the row has neither.
pub(super) fn put_logged(graph: &mut Graph, id: &str, upn: &str, seen: Seen) -> Option<NodeRef> {
    let user = match (id, upn) {
        ("", "") => return None,
        ("", upn) => User::by_upn(upn),
        (id, upn) => User {
            upn: text(upn),
            ..User::by_id(id)
        },
    };
    Some(graph.put(user, seen))
}

/// The sender in a mail log, by object id, address or both; `None` when the row has neither. The address is often the
/// UPN but not always, so if there is an id it is only stored as the address.
pub(super) fn put_mail_sender(
    graph: &mut Graph,
    id: &str,
    mail: &str,
    seen: Seen,
) -> Option<NodeRef> {
    if id.is_empty() {
        return put_logged(graph, "", mail, seen);
    }
    let user = User {
        mail: text(mail),
        ..User::by_id(id)
    };
    Some(graph.put(user, seen))
}

/// What a message says of its sender, a user or a bot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sender {
    id: String,
    name: Option<String>,
    tenant: Option<String>,
    kind: Option<UserKind>,
}

/// The sender of a message; `None` when Microsoft Graph returns no id. `tenant` is the tenant under investigation.
pub(super) fn sender(message: &ChatMessage, tenant: &str) -> Option<Sender> {
    let from = message.from.as_ref()?;
    let (identity, kind) = match (&from.user, &from.application) {
        (Some(user), _) if user.id.is_some() => (user, identity_kind(user)),
        (_, Some(application)) => (application, Some(UserKind::Bot)),
        _ => return None,
    };
    let id = told(identity.id.as_deref())?;
    let kind = match (kind, &identity.tenant_id) {
        (None, Some(home)) if !home.eq_ignore_ascii_case(tenant) => Some(UserKind::External),
        (kind, _) => kind,
    };
    Some(Sender {
        id: id.to_owned(),
        name: identity.display_name.clone(),
        tenant: identity.tenant_id.as_deref().map(str::to_lowercase),
        kind,
    })
}

impl Sender {
    /// Puts the sender into the graph, with what the message says.
    pub(super) fn put(self, graph: &mut Graph, seen: Seen) -> NodeRef {
        let user = User {
            name: self.name,
            tenant: self.tenant,
            kind: self.kind,
            ..User::by_id(&self.id)
        };
        graph.put(user, seen)
    }

    /// Puts the sender into the graph with the id alone.
    pub(super) fn put_bare(&self, graph: &mut Graph, seen: Seen) -> NodeRef {
        graph.put(User::by_id(&self.id), seen)
    }
}

/// A member of a chat; `None` when Microsoft Graph returns no id. `tenant` is the tenant under investigation.
pub(super) fn put_member(
    graph: &mut Graph,
    member: &Member,
    tenant: &str,
    seen: Seen,
) -> Option<NodeRef> {
    let account = told(member.user_id.as_deref());
    let id = account.or_else(|| told(member.anonymous_guest_id.as_deref()))?;
    let is_external = is_foreign(member.tenant_id.as_deref(), tenant);
    let kind = match (account, is_external) {
        (None, _) => Some(UserKind::Anonymous),
        (Some(_), true) => Some(UserKind::External),
        (Some(_), false) => None,
    };
    let user = User {
        name: member.display_name.clone(),
        mail: member.email.clone(),
        tenant: member.tenant_id.as_deref().map(str::to_lowercase),
        kind,
        ..User::by_id(id)
    };
    Some(graph.put(user, seen))
}

/// True when a member of a chat has no account of the tenant under investigation.
pub(super) fn is_from_outside(member: &Member, tenant: &str) -> bool {
    told(member.user_id.as_deref()).is_none() || is_foreign(member.tenant_id.as_deref(), tenant)
}

/// A user with the details of the directory; `None` when the answer has no id.
pub(super) fn put_directory_user(
    graph: &mut Graph,
    info: &UserInfo,
    record: RecordNumber,
) -> Option<NodeRef> {
    let id = told(info.id.as_deref())?;
    let user_type = info.user_type.as_deref();
    let is_guest = user_type.is_some_and(|kind| kind.eq_ignore_ascii_case("guest"));
    let user = User {
        upn: info.user_principal_name.clone(),
        name: info.display_name.clone(),
        mail: info.mail.clone(),
        kind: Some(match is_guest {
            true => UserKind::Guest,
            false => UserKind::Member,
        }),
        ..User::by_id(id)
    };
    Some(graph.put(user, Seen::in_record(record)))
}

/// True when a user can be in the directory of the tenant, which contains neither external people nor bots.
pub(super) fn may_be_in_directory(graph: &Graph, user: NodeRef) -> bool {
    let kind = graph.node(user).facts.get(user::TYPE);
    !matches!(
        kind,
        Some(UserKind::External | UserKind::Bot | UserKind::Anonymous)
    )
}

/// The kind of user for a `userIdentityType` of Microsoft Graph; `None` for users in the directory of a tenant.
fn identity_kind(user: &Identity) -> Option<UserKind> {
    match user.user_identity_type.as_deref()? {
        "federatedUser"
        | "personalMicrosoftAccountUser"
        | "skypeUser"
        | "azureCommunicationServicesUser" => Some(UserKind::External),
        "anonymousGuest" | "phoneUser" | "emailUser" => Some(UserKind::Anonymous),
        _ => None,
    }
}

/// True when Microsoft Graph says that another tenant than the one under investigation owns a team or a chat.
pub(super) fn is_foreign(owner: Option<&str>, tenant: &str) -> bool {
    told(owner).is_some_and(|owner| !owner.eq_ignore_ascii_case(tenant))
}

/// Treats an empty id as absent, since Microsoft Graph returns an empty text for some ids.
fn told(id: Option<&str>) -> Option<&str> {
    id.filter(|id| !id.is_empty())
}

/// A text of a log row; an empty text counts as absent.
fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
