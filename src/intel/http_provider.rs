//! Services that are asked over HTTP about one url at a time, and answer in JSON.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::answer::{is_answer, other_shape, parse};
use super::verdict::Verdict;
use crate::journal::{Auth, Exchange, Limit, Request};

/// The time limit for one url, retries included.
const DEADLINE: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes. Normal answers are far smaller.
const LONGEST_ANSWER: usize = 16 << 20;

/// The parts that differ from service to service.
#[derive(Debug, Clone)]
pub struct Service {
    /// The name of the service in texts for people.
    pub title: &'static str,
    /// The credentials.
    pub auth: Auth,
    /// Builds the request about a string. Credentials, headers and limits are added afterwards.
    pub request: fn(endpoint: &Url, asked: &str) -> Request,
    /// Converts the JSON object of an answer to a verdict. The error says what the object lacks.
    pub verdict: fn(url: &Url, answer: &Map<String, Value>) -> Result<Verdict, &'static str>,
}

/// A service with its address, credentials and limits.
#[derive(Debug, Clone)]
pub struct HttpProvider {
    pub(super) name: &'static str,
    /// The environment variables of its keys, for the error text when the service refuses them.
    pub(super) secrets: &'static [&'static str],
    pub(super) endpoint: Url,
    pub(super) limits: Vec<Limit>,
    pub(super) service: Service,
}

impl HttpProvider {
    /// The name in the configuration, in verdicts and in the `requests` of the result.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Builds the request about a string, with credentials, headers and limits.
    pub fn request(&self, asked: &str) -> Request {
        let mut request = (self.service.request)(&self.endpoint, asked);
        request
            .headers
            .push(("accept", "application/json".to_owned()));
        request.auth = self.service.auth.clone();
        request.limits.clone_from(&self.limits);
        request.deadline = DEADLINE;
        request.longest_answer = LONGEST_ANSWER;
        request.is_answer = is_answer;
        request
    }

    /// Converts the recorded answer to a verdict on the url.
    pub fn parse_answer(&self, url: &Url, exchange: &Exchange) -> Verdict {
        match parse(exchange, self.name, self.secrets) {
            Ok(Some(answer)) => (self.service.verdict)(url, &answer).unwrap_or_else(other_shape),
            Ok(None) => Verdict::not_found(&format!("{} does not know it", self.service.title)),
            Err(verdict) => verdict,
        }
    }
}
