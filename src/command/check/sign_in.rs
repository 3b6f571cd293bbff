//! Sign-in: the tenant at Entra, and a new token for each audience.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;

use super::ask::{self, LIMIT, NOT_COMPLETE, quick, shown, within};
use super::finding::{Check, Fix, State, Topic, Weight};
use super::needs;
use crate::config::CheckConfig;
use crate::http::{Client, Permissions, length};
use crate::journal::{Audience, Exchange, Request, is_json};
use crate::model::Source;
use crate::model::url::append_path;

/// The outcome of a sign-in.
pub(super) struct SignedIn {
    pub(super) check: Check,
    /// What the token allows, or why there is none.
    pub(super) permissions: Result<Permissions, String>,
}

/// The name of an audience in the result.
pub(super) fn name(audience: Audience) -> &'static str {
    match audience {
        Audience::Graph => "graph",
        Audience::LogAnalytics => "log analytics",
    }
}

/// Signs in for an audience.
pub(super) async fn sign_in(
    config: &CheckConfig,
    client: &Client,
    audience: Audience,
    now: DateTime<Utc>,
) -> SignedIn {
    let token = client.permissions(audience);
    let permissions = match within(LIMIT, token).await {
        Ok(Ok(permissions)) => Ok(permissions),
        Ok(Err(error)) => Err(shown(&error.to_string())),
        Err(late) => Err(format!("sign-in to Entra failed: {late}")),
    };
    let check = match &permissions {
        Ok(permissions) => Check::ok(Topic::SignIn, name(audience), who(permissions, now)),
        Err(why) => Check::gap(Topic::SignIn, name(audience), State::Failed, why)
            .without(match audience {
                Audience::Graph => "nothing is read from Microsoft Graph",
                Audience::LogAnalytics => "nothing is read from the Sentinel workspace",
            })
            .fix(advice(config, audience, why)),
    };
    SignedIn { check, permissions }
}

/// Whom the token speaks for, and for how long.
fn who(permissions: &Permissions, now: DateTime<Utc>) -> String {
    let mut parts = vec![match (permissions.user(), permissions.application()) {
        (Some(user), _) => format!("as {user}"),
        (None, Some(application)) => format!("as the application {application}"),
        (None, None) => "a new token".to_owned(),
    }];
    if let Some(left) = permissions
        .expires()
        .and_then(|at| (at - now).to_std().ok())
    {
        parts.push(format!("the token is good for {}", length(left)));
    }
    if !permissions.is_known() {
        parts.push("it does not show what it allows".to_owned());
    }
    parts.join("; ")
}

/// What to do where the reason does not say it itself.
fn advice(config: &CheckConfig, audience: Audience, why: &str) -> Option<Fix> {
    let has = |codes: &[&str]| {
        codes.iter().any(|code| {
            let code = format!("AADSTS{code}");
            let after = why.split_once(&code).map(|(_, after)| after);
            after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    if has(&["700024", "500133"]) {
        return Fix::say(
            "compare the line `clock` below: the assertion is outside its time, so the clock is wrong, or the token file is stale",
        );
    }
    if has(&["500011", "650052", "650056", "650057"]) && audience == Audience::LogAnalytics {
        return Fix::run(
            "make the service known in the tenant, as an administrator",
            super::finding::Command::Line(format!("az ad sp create --id {}", needs::LOG_ANALYTICS)),
        );
    }
    if why.contains("no answer") || why.contains("cannot connect") {
        let host = config.login.as_ref().and_then(Url::host_str);
        return Fix::say(format!(
            "see that this machine reaches {} by HTTPS, by way of a proxy where there is one",
            host.unwrap_or("Entra")
        ));
    }
    None
}

/// Looks the tenant up at Entra, which needs no sign-in, and which also tells the time.
pub(super) async fn tenant(
    config: &CheckConfig,
    client: &Arc<Client>,
) -> (Check, Option<Exchange>) {
    const NAME: &str = "tenant";
    let (Some(login), Some(tenant)) = (&config.login, &config.tenant) else {
        return (Check::skipped(Topic::SignIn, NAME, NOT_COMPLETE), None);
    };
    let mut url = login.clone();
    append_path(
        &mut url,
        &[tenant, "v2.0", ".well-known", "openid-configuration"],
    );
    let request = quick(Request::get(Source::Login, url));
    let exchange = match within(LIMIT, client.send(&request)).await {
        Ok(Ok(exchange)) => exchange,
        Ok(Err(error)) => return (failed(&shown(&error.to_string())), None),
        Err(late) => return (failed(&late), None),
    };
    let body: Value = serde_json::from_str(exchange.body()).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(shown);
    let check = match exchange.status() {
        Some(200) if text("token_endpoint").is_some() => {
            let expected = Url::parse(config.graph_audience).ok();
            let expected = expected
                .as_ref()
                .and_then(Url::host_str)
                .unwrap_or_default();
            match text("msgraph_host") {
                Some(host) if host != expected => {
                    Check::gap(Topic::SignIn, NAME, State::Failed, format!(
                        "{} belongs to another cloud: its Graph is {host}, and the configuration's is {expected}",
                        shown(tenant)
                    ))
                    .fix(Fix::say("set [tenant] cloud to usgov for graph.microsoft.us, to usgov-dod for dod-graph.microsoft.us, and leave it out for graph.microsoft.com"))
                    .weighing(Weight::Stop)
                }
                _ => Check::ok(Topic::SignIn, NAME, shown(tenant)),
            }
        }
        Some(status @ 400..=499) if is_json(exchange.body()) => {
            let said = text("error_description").unwrap_or_default();
            let (said, _) = said.split_once("Trace ID:").unwrap_or((&said, ""));
            Check::gap(
                Topic::SignIn,
                NAME,
                State::Failed,
                format!(
                    "Entra does not know {} (HTTP {status} {})",
                    shown(tenant),
                    said.trim()
                ),
            )
            .fix(Fix::say(
                "check [tenant] id, and [tenant] cloud if the tenant is a government's",
            ))
        }
        Some(status) => failed(&format!(
            "HTTP {status}, and not what Entra sends: is there a proxy, or is [endpoints] login wrong?"
        )),
        None => failed(&no_answer(&exchange)),
    };
    (check, Some(exchange))
}

fn failed(why: &str) -> Check {
    Check::gap(Topic::SignIn, "tenant", State::Failed, why).fix(Fix::say(
        "see that this machine reaches Entra by HTTPS, by way of a proxy where there is one",
    ))
}

/// Why there is no answer.
pub(super) fn no_answer(exchange: &Exchange) -> String {
    match &exchange.answer {
        crate::journal::Answer::Nothing(why) => shown(&why.to_string()),
        crate::journal::Answer::Response { status, .. } => format!("HTTP {status}"),
    }
}

/// By how much the clock is off, from all that answered.
pub(super) fn behind<'a>(
    exchanges: impl Iterator<Item = &'a Exchange>,
) -> Option<chrono::TimeDelta> {
    // An answer that took long to come makes the clock look ahead; the least is nearest to the truth.
    exchanges
        .filter_map(ask::behind)
        .min_by_key(chrono::TimeDelta::abs)
}
