//! Faults by script: which request goes wrong, how often, and how.

use super::exchange::Service;
use chrono::{DateTime, TimeDelta};
use regex::Regex;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::Mutex;
use std::time::Duration;

/// How a request goes wrong.
#[derive(Clone, Debug)]
pub enum Action {
    /// Answer with this instead.
    Answer {
        /// Status.
        status: u16,
        /// Headers.
        headers: Vec<(String, String)>,
        /// Body.
        body: String,
    },
    /// Answer rightly, but later.
    Delay(Duration),
    /// Never answer.
    Hang,
    /// Close the connection without an answer.
    Drop,
    /// Close the connection after so many bytes of the right body.
    Cut(usize),
    /// A gateway's HTML page, status 200.
    Html,
    /// The right status and headers, the first half of the body as if it were all.
    HalfJson,
    /// A Content-Length that is off by so many bytes.
    WrongLength(i64),
    /// A nextLink that leads back to the same request.
    NextLinkLoop,
    /// A nextLink to this url.
    NextLink(String),
    /// The right list without the items of these ids.
    Without(Vec<String>),
    /// The right list, with this property in each item.
    Items(&'static str, serde_json::Value),
    /// A page of a list without an item, with a nextLink that was never given before.
    EmptyPage,
    /// 401 as for an expired token.
    ExpiredToken,
    /// The right answer of Log Analytics, and beside it the error PartialError with these details; none for one without.
    Partial(Vec<Detail>),
}

/// What Log Analytics says is wrong with an answer.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The code of the engine.
    pub code: &'static str,
    /// Its message.
    pub message: &'static str,
    /// 2 for an error, 3 for a warning, 4 for information.
    pub severity: u8,
}

impl Detail {
    /// The error object with these details.
    pub(crate) fn error(details: &[Self]) -> Value {
        let detail = |Detail {
                          code,
                          message,
                          severity,
                      }: &Detail| {
            let name = ["Critical", "Error", "Warning", "Informational"];
            json!({
                "code": "EngineError", "message": "Something went wrong processing your query on the server.",
                "innererror": {
                    "code": code, "message": message, "severity": severity,
                    "severityName": name.get(usize::from(*severity).wrapping_sub(1))
                }
            })
        };
        let mut error = json!({"code": "PartialError", "message": "There were some errors when processing your query."});
        if !details.is_empty() {
            error["details"] = details.iter().map(detail).collect();
        }
        error
    }
}

/// A scripted fault.
#[derive(Clone, Debug)]
pub struct Fault {
    service: Service,
    pattern: Regex,
    first: usize,
    times: usize,
    action: Action,
    longer_than: Option<TimeDelta>,
}

impl Fault {
    /// For requests to `service` of which `METHOD target`, a newline and the body match `pattern`:
    /// once, at the first of them. The query `log_ends`, whose body names every table, has its name in place of its body, and
    /// so has `log_end`, which asks for the ends of one log.
    pub fn on(service: Service, pattern: &str, action: Action) -> Self {
        let pattern = Regex::new(pattern).unwrap_or_else(|e| panic!("fault pattern: {e}"));
        Self {
            service,
            pattern,
            first: 1,
            times: 1,
            action,
            longer_than: None,
        }
    }

    /// Only for queries of a longer slice than this: what is heavy by the time that it spans.
    pub fn longer_than(mut self, span: TimeDelta) -> Self {
        self.longer_than = Some(span);
        self
    }

    fn is_for(&self, body: &str) -> bool {
        let Some(most) = self.longer_than else {
            return true;
        };
        let bound = |name: &str| {
            let (_, rest) = body.split_once(&format!("let {name} = datetime("))?;
            let (time, _) = rest.split_once(')')?;
            DateTime::parse_from_rfc3339(time).ok()
        };
        match (bound("slice_from"), bound("slice_to")) {
            (Some(from), Some(to)) => to - from > most,
            _ => false,
        }
    }

    /// At the nth matching request, counted from 1.
    pub fn at(mut self, nth: usize) -> Self {
        self.first = nth;
        self
    }

    /// For so many matching requests.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// From its first on, for ever.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }
}

impl Action {
    /// An answer with a status, no headers and a JSON body.
    pub fn status(status: u16) -> Self {
        Action::Answer {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: format!(
                "{{\"error\":{{\"code\":\"Scripted{status}\",\"message\":\"scripted\"}}}}"
            ),
        }
    }

    /// A refusal of Microsoft Graph with this code and these words.
    pub fn refused(status: u16, code: &str, words: &str) -> Self {
        let error = serde_json::json!({"error": {
            "code": code, "message": words,
            "innerError": {"date": "2026-10-31T00:00:00", "request-id": "aaaa0000-0000-4000-8000-00000000000a"},
        }});
        Self::page(status, "application/json", &error.to_string())
    }

    /// An answer with a status, a media type and a body, as a gateway in front of a service gives it.
    pub fn page(status: u16, media: &str, body: &str) -> Self {
        Action::Answer {
            status,
            headers: vec![("content-type".into(), media.into())],
            body: body.into(),
        }
    }

    /// A refusal of Entra with this number and these words.
    pub fn aadsts(status: u16, number: u32, words: &str) -> Self {
        let body = serde_json::json!({
            "error": "invalid_request",
            "error_description": format!("AADSTS{number}: {words} Trace ID: 11111111-2222-4333-8444-555555555555 Correlation ID: 66666666-7777-4888-9999-000000000000 Timestamp: 2026-10-31 00:00:00Z"),
            "error_codes": [number],
        });
        Self::page(status, "application/json", &body.to_string())
    }

    /// 429 or 503 with `Retry-After`.
    pub fn retry_after(status: u16, value: &str) -> Self {
        Action::Answer {
            status,
            headers: vec![("retry-after".into(), value.into())],
            body: String::new(),
        }
    }

    /// Whether it is about the connection rather than the answer, which a part of a batch has not.
    fn of_the_connection(&self) -> bool {
        matches!(
            self,
            Action::Hang
                | Action::Drop
                | Action::Cut(_)
                | Action::Html
                | Action::HalfJson
                | Action::WrongLength(_)
        )
    }
}

/// The faults of a tenant, and how many requests each has seen.
#[derive(Debug, Default)]
pub(crate) struct Script(Mutex<Vec<(Fault, usize)>>);

impl Script {
    /// Adds faults; of several that match, the first that is due acts.
    pub(crate) fn add(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut held = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        held.extend(faults.into_iter().map(|f| (f, 0)));
    }

    /// Removes all.
    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clear();
    }

    /// The fault due for a request, counting it.
    pub(crate) fn due(&self, service: Service, text: &str, in_batch: bool) -> Option<Action> {
        let mut held = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut due = None;
        let matched = match text.split_once('\n') {
            Some((head, body)) if body.contains("union isfuzzy=true") => {
                Cow::Owned(format!("{head}\nlog_ends"))
            }
            Some((head, body)) if body.contains("summarize oldest = min(TimeGenerated)") => {
                Cow::Owned(format!("{head}\nlog_end"))
            }
            _ => Cow::Borrowed(text),
        };
        for (fault, seen) in held.iter_mut() {
            let fits = fault.service == service
                && !(in_batch && fault.action.of_the_connection())
                && fault.pattern.is_match(&matched)
                && fault.is_for(text);
            if fits {
                *seen += 1;
                let last = fault.first.saturating_add(fault.times);
                if due.is_none() && *seen >= fault.first && *seen < last {
                    due = Some(fault.action.clone());
                }
            }
        }
        due
    }
}
