//! What providers say of a url, and how bad that is.

use super::Query;
use crate::world::facts::{Link, Otx, XForce};
use std::collections::BTreeSet;

/// State and severity of a provider's verdict.
type Verdict = (&'static str, Option<&'static str>);

/// The threats in a column.
pub(super) fn words(threats: &'static str) -> impl Iterator<Item = &'static str> + Clone {
    threats
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// Whether a message or url with these threats is as bad as can be.
pub(super) fn is_grave(words: &(impl Iterator<Item = &'static str> + Clone)) -> bool {
    words
        .clone()
        .any(|word| ["Phish", "Malware"].contains(&word))
}

/// A verdict of a provider outside; none on a url that no provider outside is told of.
fn verdict(link: &Link, provider: &str) -> Option<Verdict> {
    let verdict = match provider {
        _ if link.internal => return None,
        "otx" => match link.otx {
            Otx::Miss | Otx::NullPulses | Otx::Pulses(0) => ("not_found", Some("information")),
            Otx::Whitelisted(_) => ("clean", Some("information")),
            Otx::Pulses(1) => ("hit", Some("warning")),
            Otx::Pulses(_) => ("hit", Some("high")),
        },
        _ => match link.xforce {
            XForce::Miss | XForce::NullScore => ("not_found", Some("information")),
            XForce::Score(score) => rate(score),
            XForce::TextScore(text) => rate(text.parse().unwrap_or(0.0)),
        },
    };
    Some(verdict)
}

fn rate(score: f64) -> Verdict {
    if score >= 5.0 {
        ("hit", Some("high"))
    } else if score >= 2.0 {
        ("hit", Some("warning"))
    } else {
        ("clean", Some("information"))
    }
}

/// Defender's verdict: only where it found something.
fn of_defender(threats: &BTreeSet<&'static str>) -> Option<Verdict> {
    match is_grave(&threats.iter().copied()) {
        true => Some(("hit", Some("high"))),
        false if threats.contains("Spam") => Some(("hit", Some("warning"))),
        false => None,
    }
}

/// State and severity of each provider's verdict on a url of which Defender told these threats, the analyst's too.
pub(super) fn verdicts(
    link: &Link,
    threats: &BTreeSet<&'static str>,
    query: &Query,
) -> Vec<(&'static str, &'static str, Option<&'static str>)> {
    let asked = query.providers.iter().filter_map(|provider| {
        let (state, severity) = match *provider {
            "defender" => of_defender(threats)?,
            provider => verdict(link, provider)?,
        };
        Some((*provider, state, severity))
    });
    let mut verdicts: Vec<_> = asked.collect();
    if query.malicious.contains(&link.url) {
        verdicts.push(("analyst", "hit", Some("high")));
    } else if is_benign(link, query) {
        verdicts.push(("analyst", "clean", Some("information")));
    }
    verdicts
}

/// Whether `--benign` names the url or its host.
fn is_benign(link: &Link, query: &Query) -> bool {
    let mut named = query.benign.iter();
    named.any(|named| *named == link.url || *named == link.host)
}

/// A url's severity over its verdicts, and whether it is risky.
pub(super) fn severity(
    link: &Link,
    threats: &BTreeSet<&'static str>,
    query: &Query,
) -> (&'static str, bool) {
    let verdicts = verdicts(link, threats, query);
    let is = |wanted: &str| {
        verdicts
            .iter()
            .any(|(_, _, severity)| *severity == Some(wanted))
    };
    for (severity, risky) in [("high", true), ("warning", true), ("information", false)] {
        if is(severity) {
            return (severity, risky && !is_benign(link, query));
        }
    }
    ("unknown", false)
}
