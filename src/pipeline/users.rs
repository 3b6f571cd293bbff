//! Who is who: users by object id, by UPN, from the directory and from messages.

use std::collections::HashMap;

use crate::graph::node::User;
use crate::graph::property::Text;
use crate::graph::schema::user;
use crate::graph::{Field, Label, NodeRef, Seen};
use crate::http::Failure;
use crate::model::{Stage, UserId, UserKind};
use crate::source::msgraph::{self, ChatMessage, Identity, Member, Problem, UserInfo};

use super::{Investigation, Resolved};

impl Investigation {
    /// The user that a log names by object id, by UPN or by both; none when it names neither.
    pub(super) fn logged_user(&mut self, id: &str, upn: &str, seen: Seen) -> Option<NodeRef> {
        let user = match (id, upn) {
            ("", "") => return None,
            ("", upn) => User::by_upn(upn),
            (id, upn) => User {
                upn: (!upn.is_empty()).then(|| upn.to_owned()),
                ..User::by_id(id)
            },
        };
        Some(self.graph.put(user, seen))
    }

    /// The user that a log of mail names by object id, by address or by both; none when it names neither. An address
    /// is often the UPN, but need not be.
    pub(super) fn mail_sender(&mut self, id: &str, mail: &str, seen: Seen) -> Option<NodeRef> {
        if id.is_empty() {
            return self.logged_user("", mail, seen);
        }
        let user = User {
            mail: (!mail.is_empty()).then(|| mail.to_owned()),
            ..User::by_id(id)
        };
        Some(self.graph.put(user, seen))
    }

    /// The sender of a message: a user, a bot, or nobody when Graph does not tell.
    pub(super) fn sender(&mut self, message: &ChatMessage, seen: Seen) -> Option<NodeRef> {
        let from = message.from.as_ref()?;
        let (identity, kind) = match (&from.user, &from.application) {
            (Some(user), _) if user.id.is_some() => (user, identity_kind(user)),
            (_, Some(application)) => (application, Some(UserKind::Bot)),
            _ => return None,
        };
        let id = identity.id.as_deref().filter(|id| !id.is_empty())?;
        let kind = match (kind, &identity.tenant_id) {
            (None, Some(tenant)) if !tenant.eq_ignore_ascii_case(&self.scope.settings.tenant) => {
                Some(UserKind::External)
            }
            (kind, _) => kind,
        };
        let user = User {
            name: identity.display_name.clone(),
            tenant: identity
                .tenant_id
                .clone()
                .map(|tenant| tenant.to_lowercase()),
            kind,
            ..User::by_id(id)
        };
        Some(self.graph.put(user, seen))
    }

    /// A member of a chat; none when Graph tells no id.
    pub(super) fn member(&mut self, member: &Member, seen: Seen) -> Option<NodeRef> {
        let told = |id: &'_ Option<String>| id.clone().filter(|id| !id.is_empty());
        let account = told(&member.user_id);
        let anonymous = account.is_none();
        let id = account.or_else(|| told(&member.anonymous_guest_id))?;
        let external = member.tenant_id.as_deref().is_some_and(|tenant| {
            !tenant.is_empty() && !tenant.eq_ignore_ascii_case(&self.scope.settings.tenant)
        });
        let user = User {
            name: member.display_name.clone(),
            mail: member.email.clone(),
            tenant: member.tenant_id.clone().map(|tenant| tenant.to_lowercase()),
            kind: match (anonymous, external) {
                (true, _) => Some(UserKind::Anonymous),
                (false, true) => Some(UserKind::External),
                (false, false) => None,
            },
            ..User::by_id(&id)
        };
        Some(self.graph.put(user, seen))
    }

    /// Asks the directory about users that it can know and has not been asked about.
    pub(super) async fn resolve(&mut self, stage: Stage, users: &[NodeRef]) -> Result<(), Failure> {
        let mut keys: Vec<String> = users
            .iter()
            .filter_map(|user| self.directory_key(*user))
            .collect();
        keys.sort();
        keys.dedup();
        keys.retain(|key| !self.resolved.contains_key(key));
        let answers = self.msgraph.users(&keys).await?;
        for (key, answer) in keys.into_iter().zip(answers) {
            let found = match answer {
                Ok(answer) => match self.known(&answer.value, answer.record) {
                    Some(node) => Resolved::Known(node),
                    None => Resolved::Unknown,
                },
                Err(problem) => {
                    let absent = matches!(problem, Problem::NotFound { .. });
                    if self
                        .scope
                        .options
                        .users
                        .iter()
                        .any(|user| user.eq_ignore_ascii_case(&key))
                    {
                        // The analyst asked for this very user: that it is not there is something to know.
                        self.gaps.add(stage, msgraph::SOURCE, problem, 1);
                    } else {
                        self.graph_gap(stage, problem);
                    }
                    if absent {
                        Resolved::Unknown
                    } else {
                        Resolved::Unanswered
                    }
                }
            };
            self.resolved.insert(key, found);
        }
        Ok(())
    }

    fn known(&mut self, info: &UserInfo, record: u64) -> Option<NodeRef> {
        let id = info.id.as_deref().filter(|id| !id.is_empty())?;
        let guest = info
            .user_type
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("guest"));
        let user = User {
            upn: info.user_principal_name.clone(),
            name: info.display_name.clone(),
            mail: info.mail.clone(),
            kind: Some(if guest {
                UserKind::Guest
            } else {
                UserKind::Member
            }),
            ..User::by_id(id)
        };
        Some(self.graph.put(user, Seen::in_record(record)))
    }

    /// What to ask the directory with: nothing for those who are not in it.
    fn directory_key(&self, user: NodeRef) -> Option<String> {
        let node = self.graph.node(user);
        match node.facts.get(user::TYPE) {
            Some(UserKind::External | UserKind::Bot | UserKind::Anonymous) => None,
            _ => Some(UserId::from(node.id.as_str()).directory_key().to_owned()),
        }
    }

    /// What to ask Graph for a user's teams or chats with, and the node that stands for them; nothing for those who
    /// are not in the directory.
    pub(super) fn directory_user(&self, user: NodeRef) -> Option<(String, NodeRef)> {
        let key = self.directory_key(user)?;
        match self.resolved.get(&key)? {
            Resolved::Known(node) => Some((self.graph.node(*node).id.clone(), *node)),
            Resolved::Unanswered => Some((key, user)),
            Resolved::Unknown => None,
        }
    }

    /// Merges users that are known by name only into those that are known by id: the one that the directory gave for
    /// that name, else the one of that UPN, else the one of that mail address.
    pub(super) fn merge_users(&mut self) {
        let users = self.graph.labelled(Label::User);
        let by = |property: Field<Option<Text>>| -> HashMap<String, NodeRef> {
            let known = users.iter().filter_map(|user| {
                let node = self.graph.node(*user);
                let name = node.facts.get(property)?.to_lowercase();
                let id = UserId::from(node.id.as_str());
                id.as_upn().is_none().then_some((name, *user))
            });
            known.collect()
        };
        let (by_upn, by_mail) = (by(user::UPN), by(user::MAIL));
        for user in users {
            let id = UserId::from(self.graph.node(user).id.as_str());
            let Some(name) = id.as_upn() else {
                continue;
            };
            let known = match self.resolved.get(name) {
                Some(Resolved::Known(node)) => Some(*node),
                _ => by_upn.get(name).or_else(|| by_mail.get(name)).copied(),
            };
            let Some(known) = known else { continue };
            self.graph.merge(user, known);
            if let Some(found) = self.starts.remove(&user) {
                self.starts.entry(known).or_default().extend(found);
            }
        }
    }
}

/// What Graph's `userIdentityType` makes of a sender; nothing for somebody of the tenant's directory.
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
