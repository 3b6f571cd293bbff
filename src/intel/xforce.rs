//! IBM X-Force Exchange: a score from 0 to 10 and categories, both for the url's host.
//!
//! `https://api.xforce.ibmcloud.com/url/{url}`. Whether the service still runs is not known.

use serde_json::{Map, Value};
use url::Url;

use super::account::{self, Account, Allowance};
use super::clip::clip;
use super::{Rate, Service, Severity, Spec, Unread, Verdict};
use crate::journal::{Auth, Request};
use crate::model::url::{below, encode};

const KEY: &str = "LINKTRAIL_XFORCE_KEY";
const PASSWORD: &str = "LINKTRAIL_XFORCE_PASSWORD";

pub(super) const SPEC: Spec = Spec {
    name: "xforce",
    endpoint: Some("https://api.xforce.ibmcloud.com"),
    secrets: &[KEY, PASSWORD],
    // IBM publishes a monthly quota for each plan and no rate.
    rates: &[Rate::minute(300)],
    build: |setup| {
        let auth = match (setup.secret(KEY), setup.secret(PASSWORD)) {
            (Some(user), Some(password)) => Auth::Basic { user, password },
            _ => Auth::None,
        };
        setup.service::<XForce>(&SPEC, auth)
    },
};

/// What X-Force is asked, and what it answers.
pub(super) struct XForce;

impl Service for XForce {
    const TITLE: &'static str = "X-Force";
    // IBM's own site has a score and categories.
    const PROBE: &'static str = "https://www.ibm.com/";

    const ACCOUNT: Option<&'static str> = Some("all-subscriptions/usage");

    fn account(answer: &Value) -> Account {
        let subscriptions = answer.as_array().into_iter().flatten();
        let quotas = subscriptions.filter_map(|subscription| {
            let usage = account::object(subscription.get("usageData"));
            let allowed = account::number(usage.get("entitlement"))?;
            let cycles = usage.get("usage")?.as_array()?;
            let latest = cycles
                .iter()
                .max_by_key(|cycle| cycle.get("cycle").and_then(Value::as_str))?;
            let used = account::number(latest.get("usage"))?;
            Some(Allowance {
                per: "month",
                used,
                allowed,
            })
        });
        // What one subscription no longer gives, another may.
        let sum = quotas.reduce(|sum: Allowance, quota| Allowance {
            per: sum.per,
            used: sum.used.saturating_add(quota.used),
            allowed: sum.allowed.saturating_add(quota.allowed),
        });
        Account {
            name: None,
            quotas: sum.into_iter().collect(),
        }
    }

    fn request(endpoint: &Url, asked: &str) -> Request {
        Request::get(
            SPEC.source(),
            below(endpoint, &format!("url/{}", encode(asked))),
        )
    }

    fn verdict(url: &Url, answer: &Map<String, Value>) -> Result<Verdict, Unread> {
        let verdict = rate(answer)?;
        let host = url.host_str().filter(|_| verdict.score.is_some());
        let page =
            host.map(|host| format!("https://exchange.xforce.ibmcloud.com/url/{}", encode(host)));
        Ok(verdict.reference(page))
    }

    fn is_not_known(answer: &Map<String, Value>) -> bool {
        answer.get("error").is_some_and(Value::is_string)
    }
}

fn rate(answer: &Map<String, Value>) -> Result<Verdict, &'static str> {
    let Some(Value::Object(result)) = answer.get("result") else {
        return Err("no result");
    };
    // The service rates the host. The summary says so, since the verdict is shown for one url of it.
    let rated = match result.get("url").and_then(Value::as_str) {
        Some(rated) => format!(" for the host {}", clip(rated, 100)),
        None => String::new(),
    };
    let verdict = match score(result.get("score"))? {
        None => Verdict::not_found(&format!("no score{rated}")),
        Some(score) => {
            let severity = match score {
                score if score >= 5.0 => Severity::High,
                score if score >= 2.0 => Severity::Warning,
                _ => Severity::Information,
            };
            Verdict::rated(severity, &format!("score {score}{rated}")).score(score)
        }
    };
    Ok(verdict.tags(categories(result).chain(tags(answer))))
}

/// A score that is a number or a number as text; `None` when it is null or absent.
fn score(value: Option<&Value>) -> Result<Option<f64>, &'static str> {
    let score = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    match score {
        Some(score) if score.is_finite() && score >= 0.0 => Ok(Some(score)),
        _ => Err("result.score is not a score"),
    }
}

fn categories(result: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let cats = result.get("cats").and_then(Value::as_object);
    let set = cats
        .into_iter()
        .flatten()
        .filter(|(_, value)| !matches!(value, Value::Bool(false) | Value::Null));
    set.map(|(name, _)| name.as_str())
}

fn tags(answer: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let tags = answer.get("tags").and_then(Value::as_array);
    // The tags of its users are left out, since these objects also name the users who set them.
    tags.into_iter()
        .flatten()
        .filter_map(|tag| tag.get("tag").unwrap_or(tag).as_str())
}
