//! The providers of threat intelligence: each key and what is left of its quota, and the lists of one's own.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::join_all;

use super::ask::{LIMIT, quick, shown, within};
use super::finding::{Check, Fix, State, Topic};
use crate::command::services::quota_store;
use crate::config::CheckConfig;
use crate::http::Client;
use crate::intel::file::Lists;
use crate::intel::{
    self, Account, HttpProvider, KeyState, List, Provider, QuotaUsedUp, Quotas, Setup, Spec, spec,
};
use crate::journal::Request;

/// What a load lacks without a provider.
const WITHOUT: &str = "no url is rated by it; a url that nobody rates is `unknown`, never harmless";

/// Tries every provider of the configuration.
pub(super) async fn providers(
    config: &CheckConfig,
    client: Option<&Arc<Client>>,
    now: DateTime<Utc>,
) -> Vec<Check> {
    let setup = Setup {
        endpoints: config.intel_endpoints.clone(),
        secrets: config.intel_secrets.clone(),
        limits: config.intel_limits.clone(),
        ..Setup::default()
    };
    let quotas = Quotas::new(&setup, quota_store());
    let (setup, quotas) = (&setup, &quotas);
    let specs = config.providers.iter().filter_map(|name| spec(name));
    let checks = specs.map(|spec| async move {
        if intel::reads_lists(&[spec.name.to_owned()]) {
            return lists(&config.lists, now);
        }
        // The tables say whether the workspace's own indicators are there.
        spec.endpoint?;
        let unset = spec
            .secrets
            .iter()
            .find(|name| !config.intel_secrets.contains_key(**name));
        if let Some(variable) = unset {
            let why = format!("{variable} is not set");
            return Some(Check::skipped(Topic::Intel, spec.name, why));
        }
        let Some(client) = client else {
            let why = "the certificates in [endpoints] ca_file cannot be used";
            return Some(Check::skipped(Topic::Intel, spec.name, why));
        };
        match (spec.build)(setup) {
            Ok(Provider::Service(provider)) => Some(service(spec, &provider, client, quotas).await),
            _ => None,
        }
    });
    join_all(checks).await.into_iter().flatten().collect()
}

/// Asks a service about its key, and with a look-up where it has no such call.
async fn service(
    spec: &'static Spec,
    provider: &HttpProvider,
    client: &Arc<Client>,
    quotas: &Quotas,
) -> Check {
    let mut sent = 0;
    let mut state = KeyState::NotTold;
    if let Some(request) = provider.account() {
        sent += 1;
        state = match ask(client, quotas, request).await {
            Ok(exchange) => provider.read_account(&exchange.answer),
            Err(state) => state,
        };
    }
    if state == KeyState::NotTold {
        sent += 1;
        state = match ask(client, quotas, provider.probe()).await {
            Ok(exchange) => provider.read_probe(&exchange.answer),
            Err(state) => state,
        };
    }
    let left = quotas.left(&provider.probe());
    let counted = match left.first() {
        Some((rate, left)) => format!(
            "linktrail counts {left} left of {} a {}, after {sent} for this check",
            rate.count,
            rate.per.as_str()
        ),
        None => String::new(),
    };
    let key = spec.secrets.join(" and ");
    let failed =
        |state, why: &str| Check::gap(Topic::Intel, spec.name, state, shown(why)).without(WITHOUT);
    match state {
        KeyState::Accepted(account) => {
            Check::ok(Topic::Intel, spec.name, accepted(&account, counted))
        }
        KeyState::Refused(why) => failed(State::Missing, &why).fix(Fix::say(format!(
            "set {key} to a key that {} takes, or take `{}` out of [intel] providers",
            provider.title(),
            spec.name
        ))),
        KeyState::UsedUp(why) => failed(State::Failed, &why).fix(Fix::say(format!(
            "wait until the quota begins anew, set {key} to a key that allows more, or take `{}` out of [intel] providers",
            spec.name
        ))),
        // It answers, and gives a load what it asks for.
        KeyState::NotTold => Check::skipped(
            Topic::Intel,
            spec.name,
            joined([
                "it does not tell whether the key is good".to_owned(),
                counted,
            ]),
        ),
        KeyState::NoAnswer(why) => failed(State::Failed, &why).fix(Fix::say(format!(
            "see that this machine reaches {}, and that [endpoints] {} is right if it is set",
            provider.title(),
            spec.name
        ))),
    }
}

/// Sends a request after counting it, as every request to a provider is counted.
async fn ask(
    client: &Client,
    quotas: &Quotas,
    request: Request,
) -> Result<crate::journal::Exchange, KeyState> {
    if let Err(QuotaUsedUp(rate)) = quotas.take(&request).await {
        return Err(KeyState::UsedUp(format!(
            "by linktrail's count all {} requests of this {} (UTC) are used up; nothing was sent",
            rate.count,
            rate.per.as_str()
        )));
    }
    match within(LIMIT, client.send(&quick(request))).await {
        Ok(Ok(exchange)) => Ok(exchange),
        Ok(Err(error)) => Err(KeyState::NoAnswer(error.to_string())),
        Err(late) => Err(KeyState::NoAnswer(late)),
    }
}

fn accepted(account: &Account, counted: String) -> String {
    let mut parts = vec![match &account.name {
        Some(name) => format!("the key of {}", shown(name)),
        None => "the key is good".to_owned(),
    }];
    parts.extend(
        account
            .quotas
            .iter()
            .map(|quota| format!("{} of {} a {} used", quota.used, quota.allowed, quota.per)),
    );
    parts.push(counted);
    joined(parts)
}

fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// Reads the lists. A line that cannot be read is left out of a load, which says so.
fn lists(lists: &[List], now: DateTime<Utc>) -> Option<Check> {
    // A list that cannot be opened is an error of the configuration.
    let read = match Lists::new(lists, now) {
        _ if lists.is_empty() => {
            return Some(Check::skipped(Topic::Intel, "file", "no list can be read"));
        }
        Ok(read) => read,
        Err(error) => {
            let error = shown(&error.to_string());
            return Some(Check::gap(Topic::Intel, "file", State::Failed, error).without(WITHOUT));
        }
    };
    let of = match lists.len() {
        1 => "1 list".to_owned(),
        count => format!("{count} lists"),
    };
    let problems = read.problems();
    Some(match problems.first() {
        None => Check::ok(Topic::Intel, "file", of),
        Some(first) => Check::gap(
            Topic::Intel,
            "file",
            State::Failed,
            shown(&format!(
                "{of}; {} problem(s), such as: {}",
                problems.len(),
                first.reason
            )),
        )
        .without("what those lines name is not rated")
        .fix(Fix::say("mend these lines, or leave them out")),
    })
}
