//! One HTTP exchange, as sources ask for it and as the journal keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::RecordNumber;

/// A request before it is sent. Only `source`, `method`, `url` and `body` make it what it is: they are its key in
/// the journal. Credentials and limits are not.
#[derive(Debug, Clone)]
pub struct Request {
    /// Key in the `requests` of the result: `graph`, `log_analytics`, `otx`, …
    pub source: &'static str,
    /// GET or POST.
    pub method: Method,
    /// Where it goes. Never holds a secret.
    pub url: Url,
    /// Headers beside those that `auth` and `body` bring. Never hold a secret.
    pub headers: Vec<(&'static str, String)>,
    /// What proves who asks.
    pub auth: Auth,
    /// What is sent.
    pub body: Option<Body>,
    /// Which limits it counts against.
    pub limits: Vec<Limit>,
    /// Longest time for the whole request, its retries included.
    pub deadline: Duration,
}

impl Request {
    /// What stands for reading a file of that name. It is never sent.
    ///
    /// # Errors
    /// Never for a name, but urls are made by parsing.
    pub fn file(source: &'static str, name: &str) -> Result<Self, url::ParseError> {
        let mut url = Url::parse("file:///")?;
        crate::model::url::append_path(
            &mut url,
            &name
                .split('/')
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>(),
        );
        Ok(Self {
            source,
            method: Method::Get,
            url,
            headers: Vec::new(),
            auth: Auth::None,
            body: None,
            limits: Vec::new(),
            deadline: Duration::ZERO,
        })
    }
}

/// HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Asks with a body; nothing that linktrail posts changes anything.
    Post,
}

impl Method {
    /// As HTTP spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What proves who asks. It never reaches the journal.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Nothing.
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

/// Whom a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Microsoft Graph.
    Graph,
    /// Log Analytics.
    LogAnalytics,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Body {
    /// Its media type.
    pub content_type: &'static str,
    /// Its text.
    pub text: String,
}

/// A token bucket that a request counts against.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// What the limit is about, such as `chat 19:…`; requests with the same key share a bucket.
    pub key: String,
    /// Requests a second.
    pub rate: f64,
    /// How many may go at once after a rest.
    pub burst: f64,
}

/// What came back, from the network or from the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Number of its record.
    pub record: RecordNumber,
    /// When the answer was there.
    pub at: DateTime<Utc>,
    /// What the service said; see [`Answer`].
    pub answer: Answer,
}

/// What a service said, or that it said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP response, of whatever status.
    Response {
        /// HTTP status.
        status: u16,
        /// The headers that matter, names in lower case.
        headers: BTreeMap<String, String>,
        /// Its body; what is not UTF-8 is replaced.
        body: String,
    },
    /// No whole response: refused, broken, timed out. The text says why.
    Nothing(String),
}

impl Exchange {
    /// Its status; none without a response.
    pub fn status(&self) -> Option<u16> {
        match &self.answer {
            Answer::Response { status, .. } => Some(*status),
            Answer::Nothing(_) => None,
        }
    }

    /// Its body; empty without a response.
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
