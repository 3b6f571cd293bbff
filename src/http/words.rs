//! Words for people: how long something takes, what a service is called, and what it said.

use std::time::Duration;

use crate::journal::{Answer, NoAnswer};
use crate::model::Source;

/// How the reason begins for which a request was not sent, since its service had asked others to wait for longer than
/// is waited. A number of minutes follows.
pub(crate) const ASKED_TO_WAIT: &str = "the service asked to wait ";

/// A length of time in its largest fitting unit, rounded: `40 s`, `10 minutes`, `1 hour`, `2 days`.
pub fn length(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (unit, size) = match seconds {
        seconds if seconds < 119.5 => return format!("{} s", seconds.ceil()),
        seconds if seconds < 3569.5 => ("minute", 60.0),
        seconds if seconds < 172_800.0 => ("hour", 3600.0),
        _ => ("day", 86_400.0),
    };
    match (seconds / size).round() {
        1.0 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}

/// What takes the place of an answer to a request that would have to wait for so long.
pub(super) fn too_long(asked: Duration) -> NoAnswer {
    let minutes = asked.as_secs().div_ceil(60);
    NoAnswer::GivenUp(format!(
        "{ASKED_TO_WAIT}{minutes} minutes, and no more than 15 are waited in all; run the same command again later"
    ))
}

/// The name of a source in texts for people.
pub(super) fn title(source: Source) -> &'static str {
    match source {
        Source::Graph => "Microsoft Graph",
        Source::Hunting => "Microsoft Defender",
        Source::LogAnalytics => "Log Analytics",
        source => source.as_str(),
    }
}

/// The code of a refusal, such as `HTTP 401 InvalidAuthenticationToken`.
pub(super) fn refusal(answer: &Answer) -> String {
    let body = answer.json().unwrap_or_default();
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let code = body.pointer("/error/code").and_then(|code| code.as_str());
    let is_word = |code: &&str| {
        let mut letters = code.chars();
        code.len() <= 64 && letters.all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    };
    match code.filter(is_word) {
        Some(code) => format!("HTTP 401 {code}"),
        None => "HTTP 401".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_in_its_largest_unit() {
        for (seconds, text) in [
            (0.2, "1 s"),
            (40.0, "40 s"),
            (119.0, "119 s"),
            (120.0, "2 minutes"),
            (600.0, "10 minutes"),
            (3600.0, "1 hour"),
            (7200.0, "2 hours"),
            (1e6, "12 days"),
        ] {
            assert_eq!(length(Duration::from_secs_f64(seconds)), text);
        }
    }
}
