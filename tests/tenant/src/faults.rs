//! Faults by script: which request goes wrong, how often, and how.

use super::exchange::Service;
use regex::Regex;
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
}

/// A scripted fault.
#[derive(Clone, Debug)]
pub struct Fault {
    service: Service,
    pattern: Regex,
    first: usize,
    times: usize,
    action: Action,
}

impl Fault {
    /// For requests to `service` of which `METHOD target`, a newline and the body match `pattern`:
    /// once, at the first of them.
    pub fn on(service: Service, pattern: &str, action: Action) -> Self {
        let pattern = Regex::new(pattern).unwrap_or_else(|e| panic!("fault pattern: {e}"));
        Self {
            service,
            pattern,
            first: 1,
            times: 1,
            action,
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
        for (fault, seen) in held.iter_mut() {
            let fits = fault.service == service
                && !(in_batch && fault.action.of_the_connection())
                && fault.pattern.is_match(text);
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
