//! Microsoft Sentinel's indicators: what the tenant's own threat intelligence holds about a url or its domain.
//!
//! The workspace is queried for many urls at once, by the values that an indicator of them can have. Which indicators
//! match a url is decided here, by the rules of list files. Nothing leaves the tenant.

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use url::{Host, Position, Url};

use super::clip::clip;
use super::file::indicator::{Indicator, Key, keys_of, parse};
use super::verdict::{Severity, Verdict};
use crate::source::logs::{Row, Rows};

/// The longest value in a query, in bytes. Queries are limited to this, and no indicator is that long.
const LONGEST: usize = 4096;

/// The name of the provider in the configuration and in verdicts.
pub const NAME: &str = "sentinel";

/// The indicators of the workspace.
#[derive(Debug)]
pub struct WorkspaceIndicators {
    /// The start of the window.
    pub(super) since: DateTime<Utc>,
}

impl WorkspaceIndicators {
    /// The verdict that the rows of the workspace give on the url; `None` when no indicator that counts names it, since
    /// that says nothing about it.
    pub fn judge(&self, url: &Url, rows: &Rows) -> Option<Verdict> {
        let keys = keys_of(url);
        let meant: Vec<(&Row, Key)> = rows
            .rows
            .iter()
            .filter_map(|row| Some((row, key(row)?)))
            .filter(|(_, key)| keys.contains(key))
            .collect();
        let valid = |row: &&(&Row, Key)| {
            let until = row.0.time("valid_until");
            until.is_none_or(|until| until > self.since)
        };
        let worst = meant.iter().filter(valid).max_by(|(one, _), (other, _)| {
            // Sorted by rank and value, so that the choice does not depend on the order of the rows.
            rank(one)
                .total_cmp(&rank(other))
                .then_with(|| other.text("id").cmp(one.text("id")))
        });
        worst.map(|(row, key)| rate(row, key))
    }
}

/// The values that an indicator of a url can have: spellings of the url, its host, and the domains above it. Feeds keep
/// urls as somebody saw them, so the url is looked for with the port of its scheme, with a dot behind its host, with its
/// host in Unicode, and decoded; each of these by itself, since together they would be very many values.
pub(super) fn search_terms(url: &Url) -> Vec<String> {
    let mut terms = Vec::new();
    for key in keys_of(url) {
        match key {
            Key::Url(text) => {
                for spelling in spellings(&text) {
                    if let Some((_, rest)) = spelling.split_once("://") {
                        terms.push(rest.to_owned());
                    }
                    terms.push(spelling);
                }
            }
            // Both follow from the spellings of the whole url, or are no values that are looked for as they are.
            Key::AnyScheme(_) | Key::Below(_) => {}
            Key::Port(host, port) => terms.push(format!("{host}:{port}")),
            Key::Host(host) => {
                let (unicode, _) = idna::domain_to_unicode(&host);
                if unicode != host {
                    terms.push(unicode);
                }
                terms.push(host);
            }
        }
    }
    if matches!(url.host(), Some(Host::Domain(_))) {
        // Nobody lists a single label as a domain.
        terms.retain(|term| term.contains('.') || term.contains('/'));
    }
    terms.retain(|term| term.len() <= LONGEST);
    crate::model::sorted(terms)
}

/// A normalised url in the ways in which it may be written.
fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    if text.len() > LONGEST {
        return spellings;
    }
    let Ok(url) = Url::parse(text) else {
        return spellings;
    };
    let (Some(host), rest) = (url.host_str(), &url[Position::BeforePath..]) else {
        return spellings;
    };
    let start = &url[..Position::BeforeHost];
    let port = url.port().map(|port| format!(":{port}"));
    let shown = port.as_deref().unwrap_or_default();
    if let (None, Some(known)) = (&port, url.port_or_known_default()) {
        spellings.push(format!("{start}{host}:{known}{rest}"));
    }
    if let Some(Host::Domain(name)) = url.host() {
        spellings.push(format!("{start}{name}.{shown}{rest}"));
        let (unicode, _) = idna::domain_to_unicode(name);
        if unicode != name {
            spellings.push(format!("{start}{unicode}{shown}{rest}"));
        }
    }
    if let Ok(decoded) = percent_decode_str(rest).decode_utf8()
        && decoded != rest
        && !decoded.chars().any(char::is_control)
    {
        spellings.push(format!("{start}{host}{shown}{decoded}"));
    }
    let bare: Vec<String> = spellings
        .iter()
        .filter_map(|spelling| spelling.strip_suffix('/'))
        .filter(|_| rest == "/")
        .map(str::to_owned)
        .collect();
    spellings.extend(bare);
    spellings
}

/// The key of an indicator; `None` when no url can match it.
fn key(row: &Row) -> Option<Key> {
    key_of(row.text("kind"), row.text("value"))
}

/// True when an indicator with this kind (`url`, `domain`) and value matches the url.
pub fn names(kind: &str, value: &str, url: &Url) -> bool {
    key_of(kind, value).is_some_and(|key| keys_of(url).contains(&key))
}

/// The key of an indicator. A url without a path means the front page and not the whole host.
fn key_of(kind: &str, value: &str) -> Option<Key> {
    let read = |text: &str| match parse(text) {
        Ok(Indicator::Key(key)) => Some(key),
        Ok(Indicator::Other(_)) | Err(_) => None,
    };
    match (kind, read(value)?) {
        ("url", Key::Host(_) | Key::Port(..)) => read(&format!("{value}/")),
        (_, key) => Some(key),
    }
}

/// The weight of an indicator by its confidence. Without a confidence it counts as doubtful.
fn rank(row: &Row) -> f64 {
    row.number("confidence").unwrap_or(50.0)
}

fn rate(row: &Row, key: &Key) -> Verdict {
    let severity = match rank(row) {
        rank if rank >= 80.0 => Severity::High,
        rank if rank >= 50.0 => Severity::Warning,
        _ => Severity::Information,
    };
    let confidence = row.number("confidence");
    let said = match confidence {
        Some(confidence) => format!("confidence {confidence}"),
        None => "no confidence given".to_owned(),
    };
    let source = match row.text("source") {
        "" => String::new(),
        source => format!(", of {}", clip(source, 60)),
    };
    let what = match key {
        Key::Host(domain) => format!("domain {}", clip(domain, 100)),
        _ => "url".to_owned(),
    };
    let verdict = Verdict::rated(
        severity,
        &format!("indicator of the {what}: {said}{source}"),
    );
    let verdict = match confidence {
        Some(confidence) => verdict.score(confidence),
        None => verdict,
    };
    let tags = row.text("tags");
    let list: Vec<String> = serde_json::from_str(tags).unwrap_or_else(|_| {
        let parts = tags.split([',', ';']).map(str::trim);
        parts.map(str::to_owned).collect()
    });
    verdict.tags(list.iter().map(String::as_str))
}

#[cfg(test)]
#[path = "sentinel/tests.rs"]
mod tests;
