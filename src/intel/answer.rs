//! What providers that speak JSON over HTTP have in common: telling an answer from all that is none.
//!
//! Only status 200 with a JSON object, and 404 from the service itself, are answers. Whatever else comes back says
//! nothing about the url, and must never look as if it did.

use serde_json::{Map, Value};

use super::{Reading, Spec};
use crate::http::NOT_SENT;
use crate::journal::{Answer, Exchange};

/// The object in an answer of status 200, nothing for 404, or the reading of what is no answer.
pub(super) fn open(
    exchange: &Exchange,
    spec: &Spec,
) -> Result<Option<Map<String, Value>>, Reading> {
    let (status, body) = match &exchange.answer {
        Answer::Nothing(why) => {
            return Err(match why.strip_prefix(NOT_SENT) {
                Some(quota) => Reading::rate_limited(quota),
                None => Reading::unavailable(&format!("no answer: {why}")),
            });
        }
        Answer::Response { status, body, .. } => (*status, body.trim_start_matches('\u{feff}')),
    };
    match status {
        200 => match json(body)? {
            Value::Object(object) => Ok(Some(object)),
            _ => Err(other_shape("not an object")),
        },
        // A 404 that is not the service's own comes from a proxy or a wrong address, and says nothing of the url.
        404 if body.trim().is_empty() => Ok(None),
        404 => match json(body) {
            Ok(_) => Ok(None),
            Err(reading) => Err(because(404, &reading.summary)),
        },
        // The client has waited as long as one question may take. How long the service wants is left out: the same
        // reason must read the same for every url, so that a gap counts them together.
        429 => Err(Reading::rate_limited("too many requests; run again later")),
        _ => Err(because(status, &refusal(status, spec))),
    }
}

/// An answer in JSON that is not the answer of this service.
pub(super) fn other_shape(what: &str) -> Reading {
    Reading::unavailable(&format!("the answer has another shape: {what}"))
}

/// Text from outside as one line without control and direction characters, cut to so many characters.
pub(super) fn clip(text: &str, most: usize) -> String {
    // Bounded first: what is cut away need not be looked at.
    let looked_at = text.chars().take(most.saturating_mul(4));
    let spaced: String = looked_at.map(|c| if hides(c) { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let mut cut: String = line.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{061c}' | '\u{feff}')
}

fn json(body: &str) -> Result<Value, Reading> {
    serde_json::from_str(body).map_err(|error| {
        let text = body.trim();
        let what = if text.is_empty() {
            "an empty body".to_owned()
        } else if text.starts_with('<') {
            "a page instead of JSON, as a proxy or a sign-in sends it".to_owned()
        } else if error.is_eof() {
            "JSON that is cut off".to_owned()
        } else {
            "a body that is not JSON".to_owned()
        };
        Reading::unavailable(&what)
    })
}

fn because(status: u16, reason: &str) -> Reading {
    Reading::unavailable(&format!("status {status}: {reason}"))
}

fn refusal(status: u16, spec: &Spec) -> String {
    let name = spec.name;
    let variables = spec.secrets.join(" and ");
    match status {
        401 => format!("{name} does not know the key; set {variables}"),
        402 => format!(
            "the plan behind the key is used up or unpaid; see to it, or set {variables} to another key"
        ),
        403 => format!("{name} refuses the key, or a proxy the request; check {variables}"),
        407 => "the proxy wants to be signed in to".to_owned(),
        414 => "the url is too long for it".to_owned(),
        204 => "an empty body".to_owned(),
        300..=399 => format!("sent elsewhere, which is not followed; check [endpoints] {name}"),
        400..=499 => "the request was refused".to_owned(),
        500..=599 => "the service or a gateway before it is in trouble".to_owned(),
        _ => "not a status that it uses".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipped_text_is_one_bounded_line_without_hidden_characters() {
        assert_eq!(clip("a\u{1b}[31m\n\u{202e}b \t c", 50), "a [31m b c");
        assert_eq!(clip("ééééé", 5), "ééééé");
        assert_eq!(clip("éééééé", 5), "éééé…");
        assert_eq!(clip(&"x".repeat(1_000_000), 3), "xx…");
    }
}
