//! Decides what is an answer of a service.
//!
//! Only status 200 with a report in the form of the service, and 404 in the form in which the service says that it does
//! not know a url, say anything about a url. Everything else is reported as unavailable, and asked for again by the next
//! load.

use serde_json::{Map, Value};
use url::Url;

use super::service::{Service, Unread};
use super::verdict::Verdict;
use crate::journal::{Answer, NoAnswer};

/// What an answer says, about the url and about the service.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// A report on the url, or that the service does not know it.
    Answer(Verdict),
    /// The service works, and cannot say anything about this url alone, for example because it is too long for it.
    Rejected(Verdict),
    /// The service refuses the key, the plan or the caller, and would refuse every other request too.
    Refused(Verdict),
    /// There is no answer of the service: it is down or throttles, somebody else answered, or it was not asked.
    Nothing(Verdict),
}

impl Reading {
    /// The verdict on the url: a rating, or the reason why there is none.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Answer(verdict)
            | Self::Rejected(verdict)
            | Self::Refused(verdict)
            | Self::Nothing(verdict) => verdict,
        }
    }
}

/// Reads an answer as the service `S` gives it. `secrets` are the environment variables of its keys.
pub(super) fn read<S: Service>(url: &Url, answer: &Answer, secrets: &[&str]) -> Reading {
    let (status, body) = match answer {
        Answer::Nothing(NoAnswer::NotSent(why)) => {
            return Reading::Nothing(Verdict::rate_limited(why));
        }
        Answer::Nothing(NoAnswer::GivenUp(why)) => {
            return Reading::Nothing(Verdict::unavailable(why));
        }
        Answer::Nothing(NoAnswer::Failed(why)) => {
            return Reading::Nothing(Verdict::unavailable(&format!("no answer: {why}")));
        }
        Answer::Response { status, body, .. } => (*status, body.trim_start_matches('\u{feff}')),
    };
    match status {
        200 => match object(body) {
            Ok(object) => match S::verdict(url, &object) {
                Ok(verdict) => Reading::Answer(verdict),
                Err(Unread::Shape(lacks)) => Reading::Nothing(other_shape(lacks)),
                Err(Unread::Url(why)) => Reading::Rejected(Verdict::unavailable(&why)),
                Err(Unread::Key(why)) => Reading::Refused(Verdict::unavailable(&why)),
            },
            Err(verdict) => Reading::Nothing(verdict),
        },
        404 => match object(body) {
            Ok(object) if S::is_not_known(&object) => Reading::Answer(Verdict::not_found(
                &format!("{} does not know it", S::TITLE),
            )),
            Ok(_) => Reading::Nothing(not_its_own::<S>("other JSON than it sends")),
            Err(verdict) => Reading::Nothing(not_its_own::<S>(&verdict.summary)),
        },
        // The Retry-After is left out of the text: the reason has to be the same for every url, so that they are counted
        // in one gap.
        429 => Reading::Nothing(Verdict::rate_limited("too many requests; run again later")),
        401..=403 => Reading::Refused(because(status, &refusal::<S>(status, secrets))),
        // What a service that works says of a url that it cannot take.
        // A server says that a url is too long without the words of the service.
        status
            if matches!(status, 413 | 414 | 431)
                || matches!(status, 400 | 422) && object(body).is_ok() =>
        {
            Reading::Rejected(because(status, &refusal::<S>(status, secrets)))
        }
        _ => Reading::Nothing(because(status, &refusal::<S>(status, secrets))),
    }
}

/// True when the service `S` answered. It did too when it cannot say anything about this url alone.
pub(super) fn is_answer<S: Service>(answer: &Answer) -> bool {
    anywhere().is_some_and(|url| {
        matches!(
            read::<S>(&url, answer, &[]),
            Reading::Answer(_) | Reading::Rejected(_)
        )
    })
}

/// True when the answer is a report of the service `S`.
pub(super) fn is_report<S: Service>(answer: &Answer) -> bool {
    answer.status() == Some(200)
        && anywhere().is_some_and(|url| matches!(read::<S>(&url, answer, &[]), Reading::Answer(_)))
}

/// Any url. What an answer is does not depend on the url.
fn anywhere() -> Option<Url> {
    Url::parse("https://example.com/").ok()
}

/// The verdict for JSON that does not have the form of this service's answers.
fn other_shape(what: &str) -> Verdict {
    Verdict::unavailable(&format!("the answer has another shape: {what}"))
}

/// The verdict for a 404 that the service does not send for a url.
fn not_its_own<S: Service>(what: &str) -> Verdict {
    let why = format!(
        "{what}, not what {} says of a url that it does not know; is the address right, and does the service still run?",
        S::TITLE
    );
    because(404, &why)
}

fn object(body: &str) -> Result<Map<String, Value>, Verdict> {
    match serde_json::from_str(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(other_shape("not an object")),
        Err(error) => {
            let text = body.trim();
            let what = if text.is_empty() {
                "an empty body"
            } else if text.starts_with('<') {
                "a page instead of JSON, as a proxy or a sign-in sends it"
            } else if error.is_eof() {
                "JSON that is cut off"
            } else {
                "a body that is not JSON"
            };
            Err(Verdict::unavailable(what))
        }
    }
}

fn because(status: u16, reason: &str) -> Verdict {
    Verdict::unavailable(&format!("status {status}: {reason}"))
}

pub(super) fn refusal<S: Service>(status: u16, secrets: &[&str]) -> String {
    let variables = secrets.join(" and ");
    let title = S::TITLE;
    match status {
        401 => format!("{title} does not know the key; set {variables}"),
        402 => format!(
            "the plan behind the key is used up or unpaid; see to it, or set {variables} to another key"
        ),
        403 => format!("{title} refuses the key, or a proxy the request; check {variables}"),
        407 => "the proxy wants to be signed in to".to_owned(),
        414 => "the url is too long for it".to_owned(),
        204 => "an empty body".to_owned(),
        300..=399 => format!(
            "sent elsewhere, which is not followed; check the address of {title} in [endpoints]"
        ),
        400..=499 => "the request was refused".to_owned(),
        500..=599 => "the service or a gateway before it is in trouble".to_owned(),
        _ => "not a status that it uses".to_owned(),
    }
}
