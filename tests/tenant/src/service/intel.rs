//! OTX, X-Force, URLhaus and VirusTotal: lookups of a single url. And the workspace's own indicators.
//!
//! What the others say of a link follows from what OTX says, so that a url is as bad whoever is asked.

use super::answers::{Table, moment};
use super::{Call, Reply, State, decode};
use crate::world::World;
use crate::world::facts::{Link, Otx, XForce};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

/// The key that OTX accepts.
pub const OTX_KEY: &str = "0tx-5e1ec7ed-key";
/// The key that X-Force accepts.
pub const XFORCE_KEY: &str = "xf-key-77";
/// Its password.
pub const XFORCE_PASSWORD: &str = "xf-pass-88";

/// The key that URLhaus accepts.
pub const URLHAUS_KEY: &str = "uh-key-3c19";
/// The key that VirusTotal accepts.
pub const VIRUSTOTAL_KEY: &str = "vt-key-91d2f0";

/// A url that X-Force knows, whatever the world holds.
const XFORCE_KNOWS: &str = "https://www.ibm.com/";
/// A url that VirusTotal knows, whatever the world holds.
const VIRUSTOTAL_KNOWS: &str = "http://www.google.com/";

/// Names of values that no provider must see.
const SECRETS: &[&str] = &[
    "sig",
    "se",
    "sp",
    "sv",
    "code",
    "token",
    "access_token",
    "id_token",
    "refresh_token",
    "key",
    "api_key",
    "password",
    "client_secret",
];

/// A secret in what was asked, read as forms are: a value that is not masked, or a token that shows what it is.
fn secret(asked: &str) -> bool {
    let (_, tail) = asked.split_once(['?', '#']).unwrap_or_default();
    let signed = tail.contains("sig=");
    let pairs = tail.split(['&', ';', '?', '#']);
    let open = pairs
        .filter_map(|pair| pair.split_once('='))
        .any(|(name, value)| {
            let name = name.to_lowercase();
            let of_signature = ["se", "sp", "sv"].contains(&name.as_str());
            SECRETS.contains(&name.as_str()) && value != "***" && (signed || !of_signature)
        });
    open || asked.contains("eyJ")
}

/// What must never be sent to a provider.
fn leak(state: &State, asked: &str) -> Option<String> {
    let rest = asked.split_once("://").map_or(asked, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some(format!("userinfo was sent to a provider: {asked}"));
    }
    let tail = rest.split_once(['?', '#']).map_or("", |(_, tail)| tail);
    if tail.contains('@') || tail.to_lowercase().contains("%40") {
        return Some(format!(
            "an address in a query or fragment was sent to a provider: {asked}"
        ));
    }
    let plain = decode(asked, false).unwrap_or_default();
    if secret(asked) || secret(&plain) {
        return Some(format!("a secret was sent to a provider: {asked}"));
    }
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    let inside = |name: &str| host == name || host.ends_with(&format!(".{name}"));
    let private = ["10.", "127.", "192.168.", "169.254."]
        .iter()
        .any(|start| host.starts_with(start));
    let nameless = !host.contains(['.', '[']);
    if private || nameless || state.world.internal_domains.iter().any(|d| inside(d)) {
        return Some(format!("an internal host was sent to a provider: {asked}"));
    }
    let internal = state
        .world
        .links
        .iter()
        .any(|l| l.internal && l.url == asked);
    internal.then(|| format!("an internal url was sent to a provider: {asked}"))
}

/// The url of the world that was asked for: as it is, without its userinfo, or with what follows an
/// address in its query or fragment masked.
fn find<'a>(state: &'a State, asked: &str) -> Option<&'a Link> {
    let links = &state.world.links;
    if let Some(ix) = state.index.link(asked) {
        return Some(&links[ix]);
    }
    links
        .iter()
        .filter(|link| link.url.contains('@'))
        .find(|link| {
            let bare = match link.userinfo {
                Some(userinfo) => link.url.replacen(&format!("{userinfo}@"), "", 1),
                None => link.url.clone(),
            };
            let masked = bare.find(['?', '#']).is_some_and(|tail| {
                bare[tail..].contains('@') && asked.starts_with(&bare[..=tail])
            });
            bare == asked || masked
        })
}

/// The one url a path asks for: `prefix` segments, the url in one segment, `suffix` segments.
fn asked(call: &Call, prefix: &[&str], suffix: &[&str]) -> Option<String> {
    let segments = call.segments()?;
    let (_, query) = call.split();
    let fits = call.method == "GET"
        && query.is_empty()
        && segments.len() == prefix.len() + 1 + suffix.len()
        && segments.iter().zip(prefix).all(|(s, p)| s == p)
        && segments[prefix.len() + 1..]
            .iter()
            .zip(suffix)
            .all(|(s, p)| s == p);
    fits.then(|| segments[prefix.len()].clone())
}

/// Answers a request to OTX.
pub(crate) fn otx(state: &State, call: &Call) -> Reply {
    if call.header("authorization").is_some() {
        return Reply::json(403, &json!({"detail": "Authentication failed"}))
            .violating("an Authorization header was sent to OTX");
    }
    match call.header("x-otx-api-key") {
        Some(OTX_KEY) => {}
        Some(_) => return Reply::json(403, &json!({"detail": "Invalid API key"})),
        None => {
            return Reply::json(403, &json!({"detail": "Authentication required"}))
                .violating("no X-OTX-API-KEY");
        }
    }
    if call.method == "GET" && call.target == "/api/v1/users/me" {
        let me = json!({"username": "invented.analyst", "member_since": "2190 days ago", "user_id": 90577});
        return Reply::json(200, &me);
    }
    let Some(url) = asked(call, &["api", "v1", "indicators", "url"], &["general"]) else {
        return Reply::json(404, &json!({"detail": "endpoint not found"}))
            .violating("no such path in OTX");
    };
    let link = find(state, &url);
    let body = otx_body(&url, link.map_or(Otx::Miss, |l| l.otx));
    match leak(state, &url) {
        Some(why) => Reply::json(200, &body).violating(why),
        None => Reply::json(200, &body),
    }
}

fn pulse(n: u32) -> Value {
    json!({
        "id": format!("5d399c0a84da61b4bf40{n:04x}"), "name": format!("Phishing kit sightings {n}"),
        "description": "", "TLP": "green", "tags": ["phishing", "teams"], "malware_families": [],
        "targeted_countries": [], "references": [], "adversary": "", "industries": [],
        "created": "2026-10-02T12:09:46.446000", "modified": "2026-10-03T12:09:46.446000",
        "indicator_type_counts": {"URL": 42}, "indicator_count": 42, "pulse_source": "api",
        "author": {"username": "invented.analyst", "id": "90577"}
    })
}

/// The body of OTX's answer, in the shape of the recorded ones.
pub(crate) fn otx_body(url: &str, otx: Otx) -> Value {
    let pulses = |n: u32| json!({"count": n, "references": [], "pulses": (1..=n).map(pulse).collect::<Vec<_>>()});
    let (info, validation) = match otx {
        Otx::Miss => (pulses(0), json!([])),
        Otx::NullPulses => (Value::Null, json!([])),
        Otx::Pulses(n) => (pulses(n), json!([])),
        Otx::Whitelisted(n) => (
            pulses(n),
            json!([{"source": "whitelist", "message": "Whitelisted domain", "name": "Whitelisted domain"}]),
        ),
    };
    json!({
        "indicator": url, "type": "url", "type_title": "URL", "alexa": "", "whois": "",
        "hostname": "Unavailable", "domain": "Unavailable",
        "sections": ["general", "url_list", "http_scans", "screenshot"],
        "validation": validation,
        "base_indicator": {"indicator": url, "description": "", "title": "", "access_reason": "", "access_type": "public", "content": "", "type": "URL", "id": 2137487265},
        "pulse_info": info
    })
}

/// Answers a request to X-Force.
pub(crate) fn xforce(state: &State, call: &Call) -> Reply {
    let expected =
        base64::engine::general_purpose::STANDARD.encode(format!("{XFORCE_KEY}:{XFORCE_PASSWORD}"));
    match call.header("authorization") {
        Some(value) if value == format!("Basic {expected}") => {}
        Some(value) if value.starts_with("Basic ") => {
            return Reply::json(401, &json!({"error": "Not authorized."}));
        }
        other => {
            let why = if other.is_some() {
                "X-Force was given no Basic key"
            } else {
                "no Authorization for X-Force"
            };
            return Reply::json(401, &json!({"error": "Not authorized."})).violating(why);
        }
    }
    if call.method == "GET" && call.target == "/all-subscriptions/usage" {
        let usage = json!({"entitlement": "5000", "usage": [{"cycle": "2026-10", "usage": "212"}]});
        return Reply::json(
            200,
            &json!([{"subscriptionType": "api", "usageData": usage}]),
        );
    }
    let Some(url) = asked(call, &["url"], &[]) else {
        return Reply::json(404, &json!({"error": "Not found."}))
            .violating("no such path in X-Force");
    };
    let link = find(state, &url);
    let score = match link.map_or(XForce::Miss, |l| l.xforce) {
        XForce::Miss if url == XFORCE_KNOWS => Some(json!(1)),
        XForce::Miss => None,
        XForce::NullScore => Some(Value::Null),
        XForce::Score(score) => Some(json!(score)),
        XForce::TextScore(score) => Some(json!(score)),
    };
    let reply = match score {
        None => Reply::json(404, &json!({"error": "Not found."})),
        Some(score) => {
            let cats = if score.is_null() {
                json!({})
            } else {
                json!({"Phishing URLs": true})
            };
            let host = link.map_or("www.ibm.com", |l| l.host.as_str());
            Reply::json(
                200,
                &json!({"result": {"url": host, "cats": cats, "score": score, "categoryDescriptions": {}}, "tags": []}),
            )
        }
    };
    match leak(state, &url) {
        Some(why) => reply.violating(why),
        None => reply,
    }
}

/// Answers a request to URLhaus.
pub(crate) fn urlhaus(state: &State, call: &Call) -> Reply {
    match call.header("auth-key") {
        Some(URLHAUS_KEY) => {}
        Some(_) => return Reply::json(403, &json!({"query_status": "unknown_auth_key"})),
        None => {
            return Reply::json(401, &json!({"error": "Unauthorized"})).violating("no Auth-Key");
        }
    }
    let form = call.header("content-type") == Some("application/x-www-form-urlencoded");
    if call.method != "POST" || call.target != "/v1/url/" || !form {
        return Reply::json(404, &json!({"query_status": "http_post_expected"}))
            .violating("no such path in URLhaus, or no form");
    }
    let body = String::from_utf8_lossy(&call.body).into_owned();
    let asked = body
        .strip_prefix("url=")
        .filter(|value| !value.contains('&'))
        .and_then(|value| decode(value, true));
    let Some(url) = asked else {
        return Reply::json(200, &json!({"query_status": "invalid_url"}))
            .violating("a form of something else than one url");
    };
    let link = find(state, &url);
    let entry = |status: &str| {
        json!({
            "query_status": "ok", "id": "223622", "urlhaus_reference": "https://urlhaus.abuse.ch/url/223622/",
            "url": url, "url_status": status, "host": link.map_or("", |l| l.host.as_str()),
            "date_added": "2026-10-02 12:09:46 UTC", "last_online": null, "threat": "malware_download",
            "blacklists": {"spamhaus_dbl": "not listed", "surbl": "not listed"}, "reporter": "invented",
            "larted": "true", "takedown_time_seconds": null, "tags": ["phishing"], "payloads": null
        })
    };
    let body = match pulses(link) {
        0 => json!({"query_status": "no_results"}),
        1 => entry("offline"),
        _ => entry("online"),
    };
    guarded(state, &url, Reply::json(200, &body))
}

/// Answers a request to VirusTotal.
pub(crate) fn virustotal(state: &State, call: &Call) -> Reply {
    let error = |status, code: &str| {
        Reply::json(
            status,
            &json!({"error": {"code": code, "message": "refused"}}),
        )
    };
    match call.header("x-apikey") {
        Some(VIRUSTOTAL_KEY) => {}
        Some(_) => return error(401, "WrongCredentialsError"),
        None => return error(401, "AuthenticationRequiredError").violating("no x-apikey"),
    }
    if call.method == "GET" && call.target == "/api/v3/users/current" {
        let quotas = json!({
            "api_requests_hourly": {"allowed": 240, "used": 3},
            "api_requests_daily": {"allowed": 500, "used": 12},
            "api_requests_monthly": {"allowed": 15500, "used": 340}
        });
        let user =
            json!({"type": "user", "id": "invented.analyst", "attributes": {"quotas": quotas}});
        return Reply::json(200, &json!({"data": user}));
    }
    if over_quota(state) {
        return error(429, "QuotaExceededError")
            .violating("VirusTotal was asked more often than a free key allows");
    }
    let id = call
        .target
        .strip_prefix("/api/v3/urls/")
        .unwrap_or_default();
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(id)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(url) = url.filter(|url| call.method == "GET" && url.contains("://")) else {
        return error(400, "InvalidArgumentError").violating("not the id of a url");
    };
    let link = find(state, &url);
    let reply = match (link, pulses(link)) {
        (None, _) if url != VIRUSTOTAL_KNOWS => error(404, "NotFoundError"),
        (_, malicious) => Reply::json(
            200,
            &json!({"data": {
                "type": "url", "id": "0f".repeat(32), "links": {"self": "https://www.virustotal.com/api/v3/urls/x"},
                "attributes": {
                    "url": url, "tags": [], "categories": {}, "reputation": 0, "times_submitted": 1,
                    "last_analysis_stats": {
                        "malicious": malicious, "suspicious": 0, "harmless": 60, "undetected": 30, "timeout": 0
                    }
                }
            }}),
        ),
    };
    guarded(state, &url, reply)
}

/// Four a minute and 500 a day, when limits are enforced: whichever minute one looks at.
fn over_quota(state: &State) -> bool {
    let Some(scale) = state.options.throttle else {
        return false;
    };
    let mut asked = state
        .looked_up
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let now = state.clock.now();
    let minute = Duration::from_secs_f64(60.0 / scale);
    let last = asked
        .iter()
        .rev()
        .take_while(|at| now.duration_since(**at) < minute);
    if last.count() >= 4 || asked.len() >= 500 {
        return true;
    }
    asked.push_back(now);
    false
}

/// How many pulses count against a link: none for one that OTX whitelists.
fn pulses(link: Option<&Link>) -> u32 {
    match link.map(|link| link.otx) {
        Some(Otx::Pulses(pulses)) => pulses,
        _ => 0,
    }
}

fn guarded(state: &State, url: &str, reply: Reply) -> Reply {
    match leak(state, url) {
        Some(why) => reply.violating(why),
        None => reply,
    }
}

/// The workspace's indicators: one of each link that OTX knows, as sure as it has pulses. Written when the world ends.
pub(crate) fn indicators(world: &World, needles: &[String]) -> Table {
    let row = |(ix, link): (usize, &Link)| {
        let confidence = match pulses(Some(link)) {
            0 => return None,
            1 => 60,
            _ => 90,
        };
        let value = match link.userinfo {
            Some(userinfo) => link.url.replacen(&format!("{userinfo}@"), "", 1),
            None => link.url.clone(),
        };
        let named = needles
            .iter()
            .any(|needle| needle.eq_ignore_ascii_case(&value));
        named.then(|| {
            vec![
                json!(format!("indicator--{ix}")),
                json!("url"),
                json!(value),
                json!(confidence),
                Value::Null,
                json!("Contoso"),
                json!("[\"phishing\"]"),
                json!(moment(world.anchor)),
            ]
        })
    };
    Table {
        columns: vec![
            ("id", "string"),
            ("kind", "string"),
            ("value", "string"),
            ("confidence", "real"),
            ("valid_until", "datetime"),
            ("source", "string"),
            ("tags", "string"),
            ("time", "datetime"),
        ],
        rows: world.links.iter().enumerate().filter_map(row).collect(),
    }
}
