//! One HTTP exchange: the request of a source, and the answer that the journal stores.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::url::append_path;
use crate::model::{RecordNumber, Source};

/// A request before it is sent. Its key in the journal consists only of `source`, `method`, `url` and `body`, so
/// credentials, headers, limits and timeouts may differ in a replay.
#[derive(Debug, Clone)]
pub struct Request {
    /// The key in the `requests` of the result: `graph`, `log_analytics`, `otx`, …
    pub source: Source,
    /// GET or POST.
    pub method: Method,
    /// The address. It is recorded, so it never contains a secret.
    pub url: Url,
    /// Headers, without those that `auth` and `body` add. Secrets are only in `auth`.
    pub headers: Vec<(&'static str, String)>,
    /// The credentials.
    pub auth: Auth,
    /// The body of a POST.
    pub body: Option<Body>,
    /// The rate limits that the request waits for.
    pub limits: Vec<Limit>,
    /// The time limit for the whole request, including retries.
    pub deadline: Duration,
    /// The time limit for one attempt.
    pub attempt_timeout: Duration,
    /// The largest answer that is accepted, in bytes.
    pub longest_answer: usize,
    /// How the service says that the request takes more of it than it gives to one. It would do so again, so that the
    /// source has to request less at once. `None` when a service does not say such a thing.
    pub too_heavy: Option<TooHeavy>,
    /// Reads the pause that the service asks for when it says it elsewhere than in `Retry-After`.
    pub says_pause: Option<fn(&Answer) -> Option<Duration>>,
    /// Whether the service answered the request with this: the decision of the reader that knows the service. What is no
    /// answer is asked for again by a later load, and never replaces a recorded answer.
    pub is_answer: fn(&Answer) -> bool,
    /// An answer that was received before this time may grow, since the service receives its data late. A later load
    /// asks for it again. `None` when every answer is final.
    pub final_from: Option<DateTime<Utc>>,
}

impl Request {
    /// The default of `longest_answer`, in bytes.
    const LONGEST_ANSWER: usize = 1 << 30;
    /// The default of `attempt_timeout`.
    const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

    /// A GET request without credentials, headers and limits.
    pub fn get(source: Source, url: Url) -> Self {
        Self {
            source,
            method: Method::Get,
            url,
            headers: Vec::new(),
            auth: Auth::None,
            body: None,
            limits: Vec::new(),
            deadline: Self::ATTEMPT_TIMEOUT,
            attempt_timeout: Self::ATTEMPT_TIMEOUT,
            longest_answer: Self::LONGEST_ANSWER,
            too_heavy: None,
            says_pause: None,
            is_answer: Answer::is_by_status,
            final_from: None,
        }
    }

    /// A POST request without credentials, headers and limits.
    pub fn post(source: Source, url: Url, body: Body) -> Self {
        Self {
            method: Method::Post,
            body: Some(body),
            ..Self::get(source, url)
        }
    }

    /// The request that identifies the content of a file in the journal, by the file's name. It is never sent.
    ///
    /// # Errors
    /// None that depends on the name: only the start of the url, which is always the same, is parsed.
    pub fn file(source: Source, name: &str) -> Result<Self, url::ParseError> {
        let mut url = Url::parse("file:///")?;
        let mut parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
        // A leading slash is kept in the first segment, so that `/lists/a.csv` and `lists/a.csv` are different.
        let rooted = parts.first().map(|first| format!("/{first}"));
        if let Some(rooted) = rooted.as_deref().filter(|_| name.starts_with('/')) {
            parts[0] = rooted;
        }
        append_path(&mut url, &parts);
        Ok(Self {
            deadline: Duration::ZERO,
            ..Self::get(source, url)
        })
    }

    /// Like [`Request::file`], for cases of earlier versions, which did not distinguish absolute from relative names.
    ///
    /// # Errors
    /// Those of [`Request::file`].
    pub fn file_of_earlier_versions(source: Source, name: &str) -> Result<Self, url::ParseError> {
        Self::file(source, name.trim_start_matches('/'))
    }
}

/// The HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST, only for queries: no request of linktrail changes anything at a service.
    Post,
}

impl Method {
    /// The method in the spelling of HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// The credentials of a request. They are never written to the journal.
#[derive(Debug, Clone)]
pub enum Auth {
    /// No credentials.
    None,
    /// A token of Entra for this audience.
    Entra(Audience),
    /// A key in the header of this name.
    Header(&'static str, SecretString),
    /// HTTP Basic authentication.
    Basic {
        /// The user, or the id of an API key.
        user: SecretString,
        /// The password.
        password: SecretString,
    },
}

/// The service that a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Microsoft Graph.
    Graph,
    /// Log Analytics.
    LogAnalytics,
}

/// The body of a POST request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Body {
    /// The media type.
    pub content_type: &'static str,
    /// The text of the body.
    pub text: String,
}

/// Answers that say that a request takes more of the service than it gives to one.
#[derive(Debug, Clone, Copy)]
pub struct TooHeavy {
    /// True for such an answer.
    pub says: fn(&Answer) -> bool,
    /// How often the request is sent before that is believed.
    pub attempts: u32,
}

/// A token bucket that a request counts against.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// What the limit applies to, such as `chat 19:…`. Requests with the same key share a bucket.
    pub key: String,
    /// The number of requests a second.
    pub rate: f64,
    /// The number of requests that may be sent at once after a pause.
    pub burst: f64,
    /// When it is given, `burst` is the number of requests in any span of this length, and `rate` says nothing: for a
    /// service that counts the requests of a minute.
    pub within: Option<Duration>,
}

/// An answer from the network or from the journal, with its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The number of the record.
    pub record: RecordNumber,
    /// When the answer was received.
    pub at: DateTime<Utc>,
    /// The answer.
    pub answer: Answer,
}

/// The response of a service, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP response with any status.
    Response {
        /// The HTTP status.
        status: u16,
        /// The headers that the journal keeps, with names in lower case.
        headers: BTreeMap<String, String>,
        /// The body. Bytes that are not UTF-8 are replaced.
        body: String,
    },
    /// There is no complete response.
    Nothing(NoAnswer),
}

impl Answer {
    /// The HTTP status; `None` without a response.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Response { status, .. } => Some(*status),
            Self::Nothing(_) => None,
        }
    }

    /// What counts as an answer where a service says no more than the status does: everything but a refusal, a
    /// throttled or timed-out request and a failure of the service.
    pub fn is_by_status(&self) -> bool {
        let no_answer =
            |status: u16| matches!(status, 401 | 402 | 403 | 408 | 429) || status >= 500;
        self.status().is_some_and(|status| !no_answer(status))
    }

    /// The body, if it is JSON.
    pub fn json(&self) -> Option<&str> {
        match self {
            Self::Response { body, .. } => Some(body.as_str()).filter(|body| is_json(body)),
            Self::Nothing(_) => None,
        }
    }
}

/// True when a body is JSON.
pub fn is_json(body: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(body).is_ok()
}

/// The reason why there is no response. The journal stores it as text, which [`fmt::Display`] writes and
/// [`NoAnswer::parse`] parses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// The request was not sent, since a quota is used up. The text names the quota.
    NotSent(String),
    /// The service was given up, whether it was asked before in vain or not at all. The text says why.
    GivenUp(String),
    /// The service did not answer: it refused or closed the connection, or took too long. The text says what happened.
    Failed(String),
}

impl NoAnswer {
    const NOT_SENT: &str = "not sent: ";
    const GIVEN_UP: &str = "given up: ";

    /// Parses the text of a record.
    pub fn parse(text: String) -> Self {
        if let Some(quota) = text.strip_prefix(Self::NOT_SENT) {
            return Self::NotSent(quota.to_owned());
        }
        match text.strip_prefix(Self::GIVEN_UP) {
            Some(why) => Self::GivenUp(why.to_owned()),
            None => Self::Failed(text),
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(quota) => write!(f, "{}{quota}", Self::NOT_SENT),
            Self::GivenUp(why) => write!(f, "{}{why}", Self::GIVEN_UP),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl Exchange {
    /// The HTTP status; `None` without a response.
    pub fn status(&self) -> Option<u16> {
        self.answer.status()
    }

    /// The body; empty without a response.
    pub fn body(&self) -> &str {
        match &self.answer {
            Answer::Response { body, .. } => body,
            Answer::Nothing(_) => "",
        }
    }

    /// A header by its name in lower case; `None` when it is absent or not kept.
    pub fn header(&self, name: &str) -> Option<&str> {
        match &self.answer {
            Answer::Response { headers, .. } => headers.get(name).map(String::as_str),
            Answer::Nothing(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_there_is_no_answer_outlives_the_journal() {
        for (reason, text) in [
            (
                NoAnswer::NotSent("the quota of 500 requests a day".to_owned()),
                "not sent: the quota of 500 requests a day",
            ),
            (
                NoAnswer::GivenUp("status 401".to_owned()),
                "given up: status 401",
            ),
            (
                NoAnswer::Failed("cannot connect (refused)".to_owned()),
                "cannot connect (refused)",
            ),
        ] {
            assert_eq!(reason.to_string(), text);
            assert_eq!(NoAnswer::parse(text.to_owned()), reason);
        }
    }

    #[test]
    fn files_of_different_names_are_different_requests() {
        let url = |name: &str| Request::file(Source::File, name).unwrap().url.to_string();
        assert_eq!(url("a/l.csv"), "file:///a/l.csv");
        assert_eq!(url("/a/l.csv"), "file:///%2Fa/l.csv");
        assert_eq!(url("../a#b.csv"), "file:///%252E%252E/a%23b.csv");
        let earlier = Request::file_of_earlier_versions(Source::File, "/a/l.csv").unwrap();
        assert_eq!(earlier.url.as_str(), "file:///a/l.csv");
        assert_eq!(
            Url::parse(&url("/a/l.csv")).unwrap().as_str(),
            url("/a/l.csv")
        );
    }
}
