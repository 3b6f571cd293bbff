//! The places in which services keep the target of a url, and how they encode it.

use std::io::Read;

use flate2::read::ZlibDecoder;
use percent_encoding::percent_decode_str;
use url::{Position, Url};

use super::query::{base64_bytes, base64_text, params};
use crate::link::domain::has_public_suffix;

/// The longest target that is inflated, in bytes. No url is that long, and a longer one could be made of very little.
const LONGEST: u64 = 8 * 1024;

/// Where the target of a url stands.
pub(super) enum Target {
    /// In this parameter.
    Param(&'static str),
    /// In this parameter, in base64.
    Base64(&'static str),
    /// In this parameter, compressed with zlib, in base64.
    Inflated(&'static str),
    /// In the member `url` of JSON, in base64 in the first parameter; else in the second one.
    JsonOrParam(&'static str, &'static str),
    /// In this member of JSON that is a text in the member `p` of JSON, in base64 in this parameter.
    NestedJson(&'static str, &'static str),
    /// The whole query and fragment.
    Query,
    /// All that follows the slash behind the host.
    Rest,
    /// All that follows the first segment of the path, or the second one where the path of the rule has one.
    BehindSegment,
    /// The segment behind the path of the rule, percent-encoded.
    Segment,
    /// The segment of the path that begins with this mark, percent-encoded.
    Marked(&'static str),
    /// Between `___` and `___.`.
    Underscores,
    /// The url itself with another host: without this suffix. A page of the service has it in `originalUrl`.
    Suffixed(&'static str),
    /// The url itself with the host in the first label, with hyphens for dots.
    Hyphens,
    /// The path `/c/s/host/path`, where `s` stands for https.
    Amp,
    /// The path `/host/s/path`.
    Turbo,
}

impl Target {
    /// The strings that may be the target of `url`, whose path begins with `path`; the likeliest first.
    pub(super) fn of(&self, url: &Url, host: &str, path: &str) -> Vec<String> {
        match self {
            Target::Param(name) => params(url, &[name]),
            Target::Base64(name) => decoded(url, name, base64_text),
            Target::Inflated(name) => decoded(url, name, inflated),
            Target::JsonOrParam(json, name) => {
                let mut targets = decoded(url, json, |text| member(&base64_text(text)?, "url"));
                targets.extend(params(url, &[name]));
                targets
            }
            Target::NestedJson(parameter, name) => decoded(url, parameter, |text| {
                member(&member(&base64_text(text)?, "p")?, name)
            }),
            Target::Query => one(url.query().map(|_| url[Position::BeforeQuery..].to_owned())),
            Target::Rest => one(Some(behind_host(url).to_owned())),
            Target::BehindSegment => {
                let rest = behind_host(url).strip_prefix(&path[1..]);
                let inner = rest.and_then(|rest| rest.split_once('/'));
                one(inner.map(|(_, inner)| inner.to_owned()))
            }
            Target::Segment => {
                let rest = url.path().strip_prefix(path);
                one(rest.and_then(segment))
            }
            Target::Marked(mark) => {
                let rest = url.path().split_once(mark);
                one(rest.and_then(|(_, rest)| segment(rest)))
            }
            Target::Underscores => {
                let inner = behind_host(url).split_once("___").map(|(_, inner)| inner);
                let target = inner.and_then(|inner| Some(inner.rsplit_once("___.")?.0.to_owned()));
                one(target)
            }
            Target::Suffixed(suffix) => suffixed(url, host, suffix),
            Target::Hyphens => one(hyphens(url, host)),
            Target::Amp => one(amp(url)),
            Target::Turbo => one(turbo(url)),
        }
    }
}

fn one(target: Option<String>) -> Vec<String> {
    target
        .into_iter()
        .filter(|target| !target.is_empty())
        .collect()
}

/// The value of a parameter, decoded.
fn decoded(url: &Url, name: &str, decode: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let values = params(url, &[name]);
    values.iter().filter_map(|value| decode(value)).collect()
}

/// Path, query and fragment without the slash at their beginning.
fn behind_host(url: &Url) -> &str {
    let rest = &url[Position::BeforePath..];
    rest.strip_prefix('/').unwrap_or(rest)
}

/// The first segment of a path, decoded once.
fn segment(path: &str) -> Option<String> {
    let segment = path.split('/').next()?;
    Some(percent_decode_str(segment).decode_utf8_lossy().into_owned())
}

/// A member of a JSON object that is a text.
fn member(json: &str, name: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    Some(value.get(name)?.as_str()?.to_owned())
}

/// Text that is compressed with zlib and in base64.
fn inflated(encoded: &str) -> Option<String> {
    let packed = base64_bytes(encoded)?;
    let mut text = String::new();
    let mut inflating = ZlibDecoder::new(packed.as_slice()).take(LONGEST + 1);
    inflating.read_to_string(&mut text).ok()?;
    (text.len() as u64 <= LONGEST).then_some(text)
}

/// The url without the suffix that a proxy put behind its host.
fn suffixed(url: &Url, host: &str, suffix: &str) -> Vec<String> {
    let own = |host: &str| {
        let host = host.strip_suffix(suffix)?.strip_suffix('.')?;
        // The pages of the proxy itself have no such host.
        has_public_suffix(host).then(|| host.to_owned())
    };
    let without = |url: &Url| {
        let mut target = url.clone();
        target.set_host(Some(&own(url.domain()?)?)).ok()?;
        Some(String::from(target))
    };
    if own(host).is_some() {
        return one(without(url));
    }
    let originals = params(url, &["originalUrl"]).into_iter();
    originals
        .map(|original| match Url::parse(&original) {
            Ok(url) => without(&url).unwrap_or(original),
            Err(_) => original,
        })
        .collect()
}

/// The page that a translated one shows: `a-b--c-example.translate.goog` is `a.b-c.example`.
fn hyphens(url: &Url, host: &str) -> Option<String> {
    let (label, _) = host.split_once('.')?;
    let place = label
        .replace("--", "\0")
        .replace('-', ".")
        .replace('\0', "-");
    let mut target = url.clone();
    target.set_host(Some(&place)).ok()?;
    if let Some(query) = url.query() {
        let own = |pair: &&str| !pair.starts_with("_x_tr_");
        let kept: Vec<&str> = query.split('&').filter(own).collect();
        target.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
        if query.split('&').any(|pair| pair == "_x_tr_sch=http") {
            target.set_scheme("http").ok()?;
        }
    }
    has_public_suffix(&place).then(|| target.into())
}

/// The page in an AMP cache: a letter for its kind, `s` for https, and the page.
fn amp(url: &Url) -> Option<String> {
    let (kind, place) = behind_host(url).split_once('/')?;
    let (scheme, place) = match place.strip_prefix("s/") {
        Some(place) => ("https", place),
        None => ("http", place),
    };
    let known = matches!(kind, "c" | "v" | "i" | "ii" | "iv" | "wp" | "r");
    (known && !place.is_empty()).then(|| format!("{scheme}://{place}"))
}

/// The page that a turbo page shows.
fn turbo(url: &Url) -> Option<String> {
    let (host, place) = behind_host(url).split_once("/s/")?;
    has_public_suffix(host).then(|| format!("https://{host}/{place}"))
}
