//! Reads the JSON answers of services.
//!
//! Only status 200 with a JSON object, and 404 from the service itself, say anything about the url. Every other
//! response is reported as unavailable.

use serde_json::{Map, Value};

use super::verdict::Verdict;
use crate::journal::{Answer, Exchange, NoAnswer, is_json};

/// Returns the JSON object of an answer with status 200, and `None` for 404. Everything else is an error: a verdict
/// with the reason why there is no answer. `name` is the name of the service, `secrets` are the environment variables
/// of its keys.
pub(super) fn parse(
    exchange: &Exchange,
    name: &str,
    secrets: &[&str],
) -> Result<Option<Map<String, Value>>, Verdict> {
    let (status, body) = match &exchange.answer {
        Answer::Nothing(NoAnswer::NotSent(quota)) => return Err(Verdict::rate_limited(quota)),
        Answer::Nothing(NoAnswer::Failed(why)) => {
            return Err(Verdict::unavailable(&format!("no answer: {why}")));
        }
        Answer::Response { status, body, .. } => (*status, body.trim_start_matches('\u{feff}')),
    };
    match status {
        200 => match json(body)? {
            Value::Object(object) => Ok(Some(object)),
            _ => Err(other_shape("not an object")),
        },
        // A 404 that does not come from the service comes from a proxy or a wrong address, and says nothing about the
        // url.
        404 if body.trim().is_empty() => Ok(None),
        404 => match json(body) {
            Ok(_) => Ok(None),
            Err(verdict) => Err(because(404, &verdict.summary)),
        },
        // The client has already waited as long as one url may take. The Retry-After is left out of the text: the
        // reason has to be the same for every url, so that they are counted in one gap.
        429 => Err(Verdict::rate_limited("too many requests; run again later")),
        _ => Err(because(status, &refusal(status, name, secrets))),
    }
}

/// The verdict for JSON that does not have the form of this service's answers.
pub(super) fn other_shape(what: &str) -> Verdict {
    Verdict::unavailable(&format!("the answer has another shape: {what}"))
}

fn json(body: &str) -> Result<Value, Verdict> {
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
        Verdict::unavailable(&what)
    })
}

fn because(status: u16, reason: &str) -> Verdict {
    Verdict::unavailable(&format!("status {status}: {reason}"))
}

fn refusal(status: u16, name: &str, secrets: &[&str]) -> String {
    let variables = secrets.join(" and ");
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

/// True when a service answered. It did too when it cannot say anything about this url alone, for example because the url
/// is too long or invalid for the service.
pub(super) fn is_answer(answer: &Answer) -> bool {
    match answer {
        Answer::Nothing(_) => false,
        Answer::Response { status, body, .. } => match status {
            200 => is_json(body.trim_start_matches('\u{feff}')),
            404 => body.trim().is_empty() || is_json(body),
            400 | 405..=406 | 409..=428 => true,
            _ => false,
        },
    }
}
