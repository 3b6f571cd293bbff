//! The permissions in Microsoft Graph: what the token says, and what Graph lets in.

use std::sync::Arc;

use futures::future::join_all;
use url::Url;

use super::ask::{LIMIT, quick, shown, within};
use super::finding::{Check, Command, Fix, State, Topic, Weight};
use super::needs::{PERMISSIONS, Permission};
use crate::config::CheckConfig;
use crate::http::{Client, Permissions, SignInMethod};
use crate::journal::Exchange;
use crate::model::Source;
use crate::source::msgraph::{Graph, Right};

/// The name of what is given to no person, in the result.
const OF_OTHERS: &str = "of other people";

/// How a permission is given to whoever signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// To the application, by a command.
    Application,
    /// To a managed identity, which has no registration.
    ManagedIdentity,
    /// To the application that a person signs in with.
    Person,
    /// The Azure CLI is an application of Microsoft's, which nobody can give more.
    Nobody,
}

impl Grant {
    /// How it is given where this is the way to sign in.
    pub(super) fn by(method: Option<&SignInMethod>, token: Option<&Permissions>) -> Self {
        let is_application = token.is_some_and(|token| token.is_known() && !token.is_delegated());
        match method {
            Some(SignInMethod::ManagedIdentity { .. }) => Self::ManagedIdentity,
            Some(SignInMethod::DeviceCode { .. }) => Self::Person,
            // An application can be signed in to the Azure CLI, and then the token is its own.
            Some(SignInMethod::AzureCli { .. }) if !is_application => Self::Nobody,
            _ => Self::Application,
        }
    }

    /// What to do.
    pub(super) fn fix(self, permission: &Permission) -> Option<Fix> {
        let name = permission.name;
        let scope = permission.delegated.first().unwrap_or(&name);
        match self {
            Self::Application => Fix::run(
                format!(
                    "grant the application {name} in Microsoft Graph, with an administrator's consent"
                ),
                Command::Grant(permission.id),
            ),
            Self::ManagedIdentity => Fix::say(format!(
                "assign {name} of Microsoft Graph to the managed identity, as docs/permissions.md shows: it has no page for that in the portal"
            )),
            Self::Person => Fix::say(format!(
                "add the delegated permission {scope} to the application, have it consented to, and sign in again"
            )),
            Self::Nobody => Fix::say(format!(
                "nobody can give the Azure CLI more: sign in with method = \"device-code\" and an application of your own that has {scope}"
            )),
        }
    }
}

/// Tries every permission. The exchanges tell the time.
pub(super) async fn permissions(
    config: &CheckConfig,
    client: &Arc<Client>,
    endpoint: &Url,
    token: &Permissions,
) -> (Vec<Check>, Vec<Exchange>) {
    let graph = Graph::new(Arc::clone(client), endpoint);
    let graph = &graph;
    let grant = Grant::by(
        config.sign_in.as_ref().map(|sign_in| &sign_in.method),
        Some(token),
    );
    let is_accepted = |name: &String| *name == Source::Graph.as_str();
    let is_accepted = config.accepted.iter().any(is_accepted);
    let checks = PERMISSIONS.iter().map(|permission| async move {
        if token.is_delegated() && permission.name != "User.Read.All" {
            return (by_claims(permission, token, grant), None);
        }
        match within(LIMIT, graph.probe(permission.name, quick)).await {
            Ok(Ok(Some((right, exchange)))) => {
                let check = judged(permission, token, grant, &right);
                let is_accepted = is_accepted && is_absence(permission, token, &right);
                let check = match check.weight {
                    Weight::Gap if is_accepted => accepted(check),
                    _ => check,
                };
                (check, Some(exchange))
            }
            Ok(Ok(None)) => (by_claims(permission, token, grant), None),
            Ok(Err(error)) => (silent(permission, &error.to_string()), None),
            Err(late) => (silent(permission, &late), None),
        }
    });
    let (checks, exchanges): (Vec<Check>, Vec<_>) = join_all(checks).await.into_iter().unzip();
    // What the token of a person lacks, a load does not ask for: all of it is one gap, which can be accepted.
    let of_others = token.is_delegated().then(of_others);
    let checks = checks.into_iter().chain(of_others);
    let checks = checks.map(|check| match (check.state, check.weight) {
        (State::Missing, Weight::Gap) if token.is_delegated() && is_accepted => accepted(check),
        _ => check,
    });
    (checks.collect(), exchanges.into_iter().flatten().collect())
}

/// The check of a permission that was not tried.
pub(super) fn skipped(why: &str) -> Vec<Check> {
    let skipped =
        |permission: &Permission| Check::skipped(Topic::Permissions, permission.name, why);
    PERMISSIONS.iter().map(skipped).collect()
}

/// True for a refusal that `[gaps] accepted` can name in a load, too: what is not permitted or not licensed.
fn is_absence(permission: &Permission, token: &Permissions, right: &Right) -> bool {
    match right {
        Right::Missing(_) | Right::NotLicensed(_) => true,
        _ => token.is_delegated() && permission_lacks(permission, token),
    }
}

/// What is missing and known to be.
fn accepted(check: Check) -> Check {
    let detail = format!("{}; accepted by [gaps] accepted", check.detail);
    Check {
        detail,
        fix: None,
        without: String::new(),
        ..check
    }
    .weighing(Weight::Fine)
}

/// Judges by Graph's answer, and by the token where that leaves it open.
fn judged(permission: &Permission, token: &Permissions, grant: Grant, right: &Right) -> Check {
    let name = permission.name;
    let lacks = permission_lacks(permission, token);
    let has = permission_has(permission, token);
    let refused = |said: &str| {
        Check::gap(Topic::Permissions, name, State::Failed, shown(said)).without(permission.without)
    };
    match right {
        Right::LetIn { found: true } if lacks => Check::ok(
            Topic::Permissions,
            name,
            "Graph lets it in, although the token does not name it",
        ),
        Right::LetIn { found: false } if lacks => {
            missing(permission, grant, "the token does not hold it")
        }
        Right::LetIn { found: false } if !has => Check::skipped(
            Topic::Permissions,
            name,
            "the token does not show whether it holds it, and Graph does not say either (HTTP 400); a load will tell",
        ),
        Right::LetIn { .. } => granted(token, name),
        Right::Missing(said) | Right::Unexplained(said) if has => refused(&format!(
            "the token holds it, and Graph refuses all the same ({said})"
        ))
        .fix(Fix::say(
            "nothing is left to grant; a new consent takes some minutes to reach every part of Graph, so check again later",
        )),
        Right::Missing(said) => missing(permission, grant, &format!("Graph refuses ({said})")),
        Right::Unexplained(said) if lacks => missing(
            permission,
            grant,
            &format!("the token does not hold it, and Graph refuses ({said})"),
        ),
        Right::Unexplained(said) => missing(
            permission,
            grant,
            &format!("Graph refuses without a reason ({said}), as it does when the permission is missing or a service behind it fails"),
        ),
        Right::NotLicensed(said) | Right::Refused(said) if lacks => missing(
            permission,
            grant,
            &format!("the token does not hold it, and Graph refuses ({said})"),
        ),
        Right::NotLicensed(said) | Right::Refused(said) => refused(&format!(
            "Graph refuses for another reason than a missing permission ({said})"
        ))
        .fix(Fix::say(
            "nothing is to be granted; look the words up, or check again later",
        )),
        Right::NoAnswer(why) => silent(permission, why),
    }
}

fn permission_has(permission: &Permission, token: &Permissions) -> bool {
    match token.is_delegated() {
        true => permission.delegated.iter().any(|name| token.has(name)),
        false => token.has(permission.name),
    }
}

fn permission_lacks(permission: &Permission, token: &Permissions) -> bool {
    match token.is_delegated() {
        true => permission.delegated.iter().all(|name| token.lacks(name)),
        false => token.lacks(permission.name),
    }
}

/// Of a person who signed in, only the token tells: a team that nobody has is forbidden to everybody.
fn by_claims(permission: &Permission, token: &Permissions, grant: Grant) -> Check {
    match permission_has(permission, token) {
        true => granted(token, permission.name).unread(),
        false => missing(permission, grant, "the token does not hold it"),
    }
}

/// What no permission gives to a person who signed in, so that every load has a gap.
fn of_others() -> Check {
    Check::gap(
        Topic::Permissions,
        OF_OTHERS,
        State::Missing,
        "signed in as a person, to whom Graph gives their own teams and chats, and no export of messages",
    )
    .without("the teams and chats of other people are not read, and messages are not exported but asked for one by one")
    .fix(Fix::say(
        "sign in as an application, as docs/sign-in.md shows, or name graph in [gaps] accepted if it is known to be missing",
    ))
}

fn granted(token: &Permissions, name: &str) -> Check {
    let detail = match token.user() {
        Some(user) if token.is_delegated() => format!("as far as {user} may see it"),
        _ => String::new(),
    };
    Check::ok(Topic::Permissions, name, detail)
}

fn silent(permission: &Permission, why: &str) -> Check {
    Check::gap(
        Topic::Permissions,
        permission.name,
        State::Failed,
        shown(why),
    )
    .without(permission.without)
    .fix(Fix::say(
        "see that this machine reaches Microsoft Graph by HTTPS, then check again",
    ))
}

fn missing(permission: &Permission, grant: Grant, why: &str) -> Check {
    let does_without = match permission.does_without {
        "" => String::new(),
        how => format!("; {how}"),
    };
    let say = grant.fix(permission);
    Check::gap(
        Topic::Permissions,
        permission.name,
        State::Missing,
        shown(why),
    )
    .without(format!("{}{does_without}", permission.without))
    .fix(say)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token with these permissions, as it is stored.
    fn token(held: &[&str], is_delegated: bool) -> Permissions {
        let claims = serde_json::json!({"claims": {"held": held, "is_delegated": is_delegated, "user": "ann@contoso.com"}});
        serde_json::from_value(claims).unwrap()
    }

    fn judge(token: &Permissions, right: &Right) -> (State, bool) {
        let check = judged(&PERMISSIONS[3], token, Grant::Application, right);
        let command = check.fix.and_then(|fix| fix.command);
        (check.state, command.is_some())
    }

    /// Nothing is to be granted that is granted: only where Graph or the token says that it is missing.
    #[test]
    fn only_a_missing_permission_is_to_be_granted() {
        let said = || "HTTP 403 x".to_owned();
        let name = PERMISSIONS[3].name;
        let (not_known, holds, lacks) = (
            Permissions::not_known(),
            token(&[name], false),
            token(&[], false),
        );
        let skipped = (State::Skipped, false);
        let (ok, missing, failed) = (
            (State::Ok, false),
            (State::Missing, true),
            (State::Failed, false),
        );
        for (right, of_not_known, of_holds, of_lacks) in [
            (Right::LetIn { found: true }, ok, ok, ok),
            (Right::LetIn { found: false }, skipped, ok, missing),
            (Right::Missing(said()), missing, failed, missing),
            (Right::Unexplained(said()), missing, failed, missing),
            (Right::Refused(said()), failed, failed, missing),
            (Right::NotLicensed(said()), failed, failed, missing),
            (Right::NoAnswer(said()), failed, failed, failed),
        ] {
            for (token, expected) in [
                (&not_known, of_not_known),
                (&holds, of_holds),
                (&lacks, of_lacks),
            ] {
                assert_eq!(judge(token, &right), expected, "{right:?} {token:?}");
            }
        }
    }

    #[test]
    fn of_a_person_the_token_tells() {
        for (scopes, chats) in [
            (&["Chat.Read", "User.ReadBasic.All"][..], State::Ok),
            (&["Chat.ReadWrite"], State::Ok),
            (&["Chat.ReadBasic"], State::Missing),
        ] {
            let token = token(scopes, true);
            let check = by_claims(&PERMISSIONS[4], &token, Grant::Person);
            assert_eq!(check.state, chats, "{scopes:?}");
            match chats {
                State::Ok => assert_eq!(check.detail, "as far as ann@contoso.com may see it"),
                _ => assert!(
                    check
                        .fix
                        .unwrap()
                        .say
                        .contains("delegated permission Chat.Read to")
                ),
            }
        }
    }

    #[test]
    fn nobody_is_told_to_grant_what_cannot_be_granted() {
        for grant in [Grant::ManagedIdentity, Grant::Person, Grant::Nobody] {
            let fix = grant.fix(&PERMISSIONS[0]).unwrap();
            assert_eq!(fix.command, None, "{grant:?}");
        }
    }
}
