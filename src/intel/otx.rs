//! AlienVault OTX (LevelBlue): the number of pulses (reports of its community) that name the url.
//!
//! The `general` section of `https://otx.alienvault.com/api/v1/indicators/url/{url}`.

use serde_json::{Map, Number, Value};
use url::Url;

use super::account::Account;
use super::clip::clip;
use super::{Rate, Service, Severity, Spec, Unread, Verdict};
use crate::journal::Request;
use crate::model::url::{below, encode};

const KEY: &str = "LINKTRAIL_OTX_KEY";
/// The highest number of pulses that a summary names.
const NAMED: usize = 3;

pub(super) const SPEC: Spec = Spec {
    name: "otx",
    endpoint: Some("https://otx.alienvault.com"),
    secrets: &[KEY],
    // The limit of a free key.
    rates: &[Rate::hour(10_000)],
    build: |setup| setup.service::<Otx>(&SPEC, setup.key("X-OTX-API-KEY", KEY)),
};

/// What OTX is asked, and what it answers.
pub(super) struct Otx;

impl Service for Otx {
    const TITLE: &'static str = "OTX";
    // OTX has a report of every url, with no pulse in most of them.
    const PROBE: &'static str = "https://example.com/";

    const ACCOUNT: Option<&'static str> = Some("api/v1/users/me");
    const LOOK_UP_TELLS: bool = false;

    fn account(answer: &Value) -> Account {
        Account::named(answer.get("username").and_then(Value::as_str))
    }

    fn request(endpoint: &Url, asked: &str) -> Request {
        let path = format!("api/v1/indicators/url/{}/general", encode(asked));
        Request::get(SPEC.source(), below(endpoint, &path))
    }

    fn verdict(_url: &Url, answer: &Map<String, Value>) -> Result<Verdict, Unread> {
        let info = match answer.get("pulse_info") {
            Some(Value::Object(info)) => Some(info),
            Some(Value::Null) => None,
            _ => return Err("no pulse_info".into()),
        };
        let pulses = info.and_then(|info| info.get("pulses")?.as_array());
        let pulses = pulses.map_or(&[][..], Vec::as_slice);
        let count = match info {
            Some(info) => count(info, pulses.len())?,
            None => 0,
        };
        let names = names(pulses);
        let verdict = if let Some(lists) = whitelists(answer) {
            let but = if count > 0 {
                format!(", though in {}", plural(count))
            } else {
                String::new()
            };
            Verdict::rated(
                Severity::Information,
                &format!("whitelisted ({lists}){but}"),
            )
        } else {
            match count {
                0 => Verdict::not_found("in no pulse"),
                1 => Verdict::rated(Severity::Warning, &format!("in 1 pulse{names}")),
                _ => Verdict::rated(Severity::High, &format!("in {}{names}", plural(count))),
            }
        };
        #[allow(clippy::cast_precision_loss, reason = "a count of pulses is small")]
        let score = count as f64;
        Ok(verdict
            .score(score)
            .tags(tags(pulses))
            .reference(pulses.iter().find_map(page)))
    }

    fn is_not_known(answer: &Map<String, Value>) -> bool {
        // The last is what OTX says of a path that it does not have, which a wrong address leads to.
        let detail = answer.get("detail").and_then(Value::as_str);
        detail.is_some_and(|detail| !detail.eq_ignore_ascii_case("endpoint not found"))
    }
}

/// The number of pulses. The list in the answer is truncated, but the number in it is not.
fn count(info: &Map<String, Value>, listed: usize) -> Result<u64, &'static str> {
    let said = match info.get("count") {
        Some(Value::Number(number)) => whole(number).ok_or("pulse_info.count is not a count")?,
        Some(Value::String(text)) => text
            .trim()
            .parse()
            .map_err(|_| "pulse_info.count is not a count")?,
        Some(Value::Null) => 0,
        None if info.contains_key("pulses") => 0,
        _ => return Err("no pulse_info.count"),
    };
    Ok(said.max(listed as u64))
}

/// Parses an integer. OTX writes some of its counts as `2.0`.
fn whole(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| {
        let fraction = number.as_f64()?;
        let fits = fraction.fract() == 0.0 && (0.0..1e15).contains(&fraction);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        fits.then_some(fraction as u64)
    })
}

fn plural(count: u64) -> String {
    if count == 1 {
        "1 pulse".to_owned()
    } else {
        format!("{count} pulses")
    }
}

/// The lists of known good sites that the url is on. OTX shows every list in `validation` as a whitelist, including
/// popularity lists, and leaves it to the reader how to weigh them against the pulses.
fn whitelists(answer: &Map<String, Value>) -> Option<String> {
    let entries = answer.get("validation")?.as_array()?;
    let mut lists: Vec<String> = Vec::new();
    for entry in entries {
        let said = ["source", "name", "message"]
            .iter()
            .find_map(|field| entry.get(field)?.as_str());
        let list = clip(said.unwrap_or_default(), 40);
        if !list.is_empty() && !lists.contains(&list) && lists.len() < NAMED {
            lists.push(list);
        }
    }
    (!lists.is_empty()).then(|| lists.join(", "))
}

fn names(pulses: &[Value]) -> String {
    let names: Vec<String> = pulses
        .iter()
        .filter_map(|pulse| pulse.get("name")?.as_str())
        .map(|name| clip(name, 80))
        .filter(|name| !name.is_empty())
        .take(NAMED)
        .collect();
    if names.is_empty() {
        return String::new();
    }
    format!(": {}", names.join("; "))
}

fn tags(pulses: &[Value]) -> impl Iterator<Item = &str> {
    pulses.iter().flat_map(|pulse| {
        let of = |field| {
            pulse
                .get(field)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let families = of("malware_families");
        of("tags")
            .filter_map(Value::as_str)
            .chain(families.filter_map(|family| {
                // Older answers have a plain name here.
                family.get("display_name").unwrap_or(family).as_str()
            }))
    })
}

/// The url of the pulse's page. Only the id comes from the answer, since a link from it could lead anywhere.
fn page(pulse: &Value) -> Option<String> {
    let id = pulse.get("id")?.as_str()?;
    let is_id = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| format!("https://otx.alienvault.com/pulse/{id}"))
}
