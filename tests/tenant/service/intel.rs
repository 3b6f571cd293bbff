//! OTX and X-Force: lookups of a single url.

use super::{Call, Reply, State};
use crate::tenant::world::facts::{Link, Otx, XForce};
use base64::Engine as _;
use serde_json::{Value, json};

/// The key that OTX accepts.
pub const OTX_KEY: &str = "0tx-5e1ec7ed-key";
/// The key that X-Force accepts.
pub const XFORCE_KEY: &str = "xf-key-77";
/// Its password.
pub const XFORCE_PASSWORD: &str = "xf-pass-88";

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
pub fn otx(state: &State, call: &Call) -> Reply {
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
pub fn otx_body(url: &str, otx: Otx) -> Value {
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
pub fn xforce(state: &State, call: &Call) -> Reply {
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
    let Some(url) = asked(call, &["url"], &[]) else {
        return Reply::json(404, &json!({"error": "Not found."}))
            .violating("no such path in X-Force");
    };
    let link = find(state, &url);
    let score = match link.map_or(XForce::Miss, |l| l.xforce) {
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
            let host = link.map_or("", |l| l.host.as_str());
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
