//! The permissions in Microsoft Graph: what the token says, and what Graph lets in.

use std::sync::Arc;

use futures::future::join_all;
use url::Url;

use super::ask::{LIMIT, quick, shown, within};
use super::finding::{Check, Command, Fix, State, Topic, Weight};
use super::needs::{PERMISSIONS, Permission};
use crate::config::CheckConfig;
use crate::http::{Client, Permissions};
use crate::journal::Exchange;
use crate::model::Source;
use crate::source::msgraph::{Graph, Right};

/// Tries every permission. The exchanges tell the time.
pub(super) async fn permissions(
    config: &CheckConfig,
    client: &Arc<Client>,
    endpoint: &Url,
    token: &Permissions,
) -> (Vec<Check>, Vec<Exchange>) {
    let graph = Graph::new(Arc::clone(client), endpoint);
    let graph = &graph;
    let checks = PERMISSIONS.iter().map(|permission| async move {
        if token.is_delegated() && permission.name != "User.Read.All" {
            return (delegated(permission, token), None);
        }
        match within(LIMIT, graph.probe(permission.name, quick)).await {
            Ok(Ok(Some((right, exchange)))) => (judged(permission, token, &right), Some(exchange)),
            Ok(Ok(None)) => (by_token(permission, token), None),
            Ok(Err(error)) => (silent(permission, &error.to_string()), None),
            Err(late) => (silent(permission, &late), None),
        }
    });
    let (checks, exchanges): (Vec<Check>, Vec<_>) = join_all(checks).await.into_iter().unzip();
    let is_accepted = |name: &String| *name == Source::Graph.as_str();
    let is_accepted = config.accepted.iter().any(is_accepted);
    let checks = checks.into_iter().map(|check| match check.state {
        State::Missing if is_accepted => accepted(check),
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
fn judged(permission: &Permission, token: &Permissions, right: &Right) -> Check {
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
            missing(permission, token, "the token does not hold it")
        }
        Right::LetIn { .. } => granted(token, name),
        Right::Missing(said) | Right::Unexplained(said) if has => refused(&format!(
            "the token holds it, and Graph refuses all the same ({said})"
        ))
        .fix(Fix::say(
            "nothing is left to grant; a new consent takes some minutes to reach every part of Graph, so check again later",
        )),
        Right::Missing(said) => missing(permission, token, &format!("Graph refuses ({said})")),
        Right::Unexplained(said) if lacks => missing(
            permission,
            token,
            &format!("the token does not hold it, and Graph refuses ({said})"),
        ),
        Right::Unexplained(said) => missing(
            permission,
            token,
            &format!("Graph refuses without a reason ({said}), as it does when the permission is missing or a service behind it fails"),
        ),
        Right::Refused(said) if lacks => missing(
            permission,
            token,
            &format!("the token does not hold it, and Graph refuses ({said})"),
        ),
        Right::Refused(said) => refused(&format!(
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
fn delegated(permission: &Permission, token: &Permissions) -> Check {
    match permission_has(permission, token) {
        true => granted(token, permission.name),
        false => missing(permission, token, "the token does not hold it"),
    }
}

fn by_token(permission: &Permission, token: &Permissions) -> Check {
    match permission_lacks(permission, token) {
        true => missing(permission, token, "the token does not hold it"),
        false => granted(token, permission.name),
    }
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

fn missing(permission: &Permission, token: &Permissions, why: &str) -> Check {
    let does_without = match permission.does_without {
        "" => String::new(),
        how => format!("; {how}"),
    };
    let say = match (token.is_delegated(), permission.delegated.first()) {
        (true, Some(scope)) => Fix::say(format!(
            "add the delegated permission {scope} to the application, have it consented to, and sign in again"
        )),
        _ => Fix::run(
            format!(
                "grant the application {} in Microsoft Graph, with an administrator's consent",
                permission.name
            ),
            Command::Grant(permission.id),
        ),
    };
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

    fn state(right: &Right) -> State {
        judged(&PERMISSIONS[3], &Permissions::not_known(), right).state
    }

    /// Nothing is to be granted that is granted: only where Graph or the token says that it is missing.
    #[test]
    fn only_a_missing_permission_is_to_be_granted() {
        let said = || "HTTP 403 x".to_owned();
        for (right, expected, grants) in [
            (Right::LetIn { found: true }, State::Ok, false),
            (Right::LetIn { found: false }, State::Ok, false),
            (Right::Missing(said()), State::Missing, true),
            (Right::Unexplained(said()), State::Missing, true),
            (Right::Refused(said()), State::Failed, false),
            (Right::NoAnswer(said()), State::Failed, false),
        ] {
            assert_eq!(state(&right), expected, "{right:?}");
            let check = judged(&PERMISSIONS[3], &Permissions::not_known(), &right);
            let command = check.fix.and_then(|fix| fix.command);
            assert_eq!(command.is_some(), grants, "{right:?}");
        }
    }
}
