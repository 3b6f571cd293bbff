//! Services that are asked over HTTP about one url after the other, and answer in JSON.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::answer::{other_shape, parse};
use super::verdict::Verdict;
use crate::journal::{Auth, Exchange, Limit, Request};

/// Longest time for one url, retries included.
const DEADLINE: Duration = Duration::from_secs(30);
/// Longest answer that is read, in bytes: whole answers are far below.
const LONGEST_ANSWER: usize = 16 << 20;

/// What tells one service from another.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name for people.
    pub title: &'static str,
    /// What proves who asks.
    pub auth: Auth,
    /// The request about a string, below the service's address.
    pub request: fn(endpoint: &Url, asked: &str) -> Request,
    /// What an answer of status 200 says of the url. The error says what the answer lacks.
    pub verdict: fn(url: &Url, answer: &Map<String, Value>) -> Result<Verdict, &'static str>,
}

/// A service, ready to be asked.
#[derive(Debug, Clone)]
pub struct HttpProvider {
    pub(super) name: &'static str,
    /// Variables of its keys, for what is said when it refuses them.
    pub(super) secrets: &'static [&'static str],
    pub(super) endpoint: Url,
    pub(super) limits: Vec<Limit>,
    pub(super) service: Service,
}

impl HttpProvider {
    /// Its name in the configuration, in verdicts and in the `requests` of the result.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What to send to ask about that string, and nothing else of the url.
    pub fn request(&self, asked: &str) -> Request {
        let mut request = (self.service.request)(&self.endpoint, asked);
        request.headers = vec![("accept", "application/json".to_owned())];
        request.auth = self.service.auth.clone();
        request.limits.clone_from(&self.limits);
        request.deadline = DEADLINE;
        request.longest_answer = LONGEST_ANSWER;
        request
    }

    /// What an answer says about the url.
    pub fn read(&self, url: &Url, exchange: &Exchange) -> Verdict {
        match parse(exchange, self.name, self.secrets) {
            Ok(Some(answer)) => (self.service.verdict)(url, &answer).unwrap_or_else(other_shape),
            Ok(None) => Verdict::not_found(&format!("{} does not know it", self.service.title)),
            Err(verdict) => verdict,
        }
    }
}
