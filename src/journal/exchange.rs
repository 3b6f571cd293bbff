//! One HTTP exchange: the request that a source makes, and the answer that the journal keeps.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::url::append_path;
use crate::model::{RecordNumber, Source};

/// A request before it is sent. Its key in the journal consists of `source`, `method`, `url` and `body` alone, so that
/// credentials, headers, limits and timeouts may differ in a replay.
#[derive(Debug, Clone)]
pub struct Request {
    /// Key in the `requests` of the result: `graph`, `log_analytics`, `otx`, …
    pub source: Source,
    /// GET or POST.
    pub method: Method,
    /// Address. It is recorded, so it never holds a secret.
    pub url: Url,
    /// Headers, without those that `auth` and `body` add. Secrets belong into `auth`.
    pub headers: Vec<(&'static str, String)>,
    /// Credentials.
    pub auth: Auth,
    /// Body of a POST.
    pub body: Option<Body>,
    /// Rate limits that it waits for.
    pub limits: Vec<Limit>,
    /// Longest time for the whole request, its retries included.
    pub deadline: Duration,
    /// Longest time for one attempt.
    pub attempt_timeout: Duration,
    /// Longest answer that is read, in bytes.
    pub longest_answer: usize,
    /// Whether status 504 means that this request takes more time than the service allows. The same request would fail
    /// again, so it is neither retried nor asked for again by a later load; the source has to ask for less.
    pub gateway_timeout_is_final: bool,
}

impl Request {
    /// Longest answer that is read unless a request says otherwise.
    const LONGEST_ANSWER: usize = 1 << 30;
    /// Longest time for one attempt unless a request says otherwise.
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
            gateway_timeout_is_final: false,
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

    /// Stands in the journal for reading the file of that name. It is never sent.
    ///
    /// # Errors
    /// None of the names fails, but building a url can.
    pub fn file(source: Source, name: &str) -> Result<Self, url::ParseError> {
        let mut url = Url::parse("file:///")?;
        let mut parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
        // The slash goes into the first segment, so that `/lists/a.csv` and `lists/a.csv` are told apart.
        let rooted = parts.first().map(|first| format!("/{first}"));
        if let (true, Some(rooted), Some(first)) =
            (name.starts_with('/'), &rooted, parts.first_mut())
        {
            *first = rooted;
        }
        append_path(&mut url, &parts);
        Ok(Self {
            deadline: Duration::ZERO,
            ..Self::get(source, url)
        })
    }

    /// As [`Request::file`], for cases of earlier versions, which did not tell absolute from relative names.
    ///
    /// # Errors
    /// As [`Request::file`].
    pub fn file_of_earlier_versions(source: Source, name: &str) -> Result<Self, url::ParseError> {
        Self::file(source, name.trim_start_matches('/'))
    }
}

/// HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST. Only for queries: nothing that linktrail posts changes anything.
    Post,
}

impl Method {
    /// The method as HTTP spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Credentials of a request. They never reach the journal.
#[derive(Debug, Clone)]
pub enum Auth {
    /// No credentials.
    None,
    /// A token of Entra for that audience.
    Entra(Audience),
    /// A key in a header of that name.
    Header(&'static str, SecretString),
    /// User and password.
    Basic {
        /// User, or the id of an API key.
        user: SecretString,
        /// Password.
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

/// Body of a POST request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Body {
    /// Media type.
    pub content_type: &'static str,
    /// Text of the body.
    pub text: String,
}

/// A token bucket that a request counts against.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// What the limit is about, such as `chat 19:…`; requests with the same key share a bucket.
    pub key: String,
    /// Requests a second.
    pub rate: f64,
    /// How many requests may go at once after a pause.
    pub burst: f64,
}

/// An answer from the network or from the journal, with its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Number of its record.
    pub record: RecordNumber,
    /// When the answer was received.
    pub at: DateTime<Utc>,
    /// The answer.
    pub answer: Answer,
}

/// The answer of a service, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP response, of whatever status.
    Response {
        /// HTTP status.
        status: u16,
        /// The headers that matter, names in lower case.
        headers: BTreeMap<String, String>,
        /// Body. Bytes that are not UTF-8 are replaced.
        body: String,
    },
    /// There is no complete response.
    Nothing(NoAnswer),
}

impl Answer {
    /// HTTP status; none without a response.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Response { status, .. } => Some(*status),
            Self::Nothing(_) => None,
        }
    }
}

/// Why there is no response. The journal keeps it as a text: [`fmt::Display`] writes it and [`NoAnswer::parse`] reads
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// The request was not sent, since a quota is used up. The text says which.
    NotSent(String),
    /// The service was asked and did not answer: it refused the connection, broke it off, or took too long. The text
    /// says what happened.
    Failed(String),
}

impl NoAnswer {
    const NOT_SENT: &str = "not sent: ";

    /// Reads the text of a record.
    pub fn parse(text: String) -> Self {
        match text.strip_prefix(Self::NOT_SENT) {
            Some(quota) => Self::NotSent(quota.to_owned()),
            None => Self::Failed(text),
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(quota) => write!(f, "{}{quota}", Self::NOT_SENT),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl Exchange {
    /// HTTP status; none without a response.
    pub fn status(&self) -> Option<u16> {
        self.answer.status()
    }

    /// Body; empty without a response.
    pub fn body(&self) -> &str {
        match &self.answer {
            Answer::Response { body, .. } => body,
            Answer::Nothing(_) => "",
        }
    }

    /// A header by its name in lower case.
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
