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

/// The parts in which one service differs from another.
#[derive(Debug, Clone)]
pub struct Service {
    /// Name of the service as people write it.
    pub title: &'static str,
    /// Credentials.
    pub auth: Auth,
    /// Builds the request that asks about a string. Credentials, headers and limits are added to it.
    pub request: fn(endpoint: &Url, asked: &str) -> Request,
    /// Makes a verdict of the JSON object of an answer. The error says what the object lacks.
    pub verdict: fn(url: &Url, answer: &Map<String, Value>) -> Result<Verdict, &'static str>,
}

/// A service with its address, credentials and limits.
#[derive(Debug, Clone)]
pub struct HttpProvider {
    pub(super) name: &'static str,
    /// Environment variables of its keys, for the message when it refuses them.
    pub(super) secrets: &'static [&'static str],
    pub(super) endpoint: Url,
    pub(super) limits: Vec<Limit>,
    pub(super) service: Service,
}

impl HttpProvider {
    /// Name in the configuration, in verdicts and in the `requests` of the result.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The request that asks about a string.
    pub fn request(&self, asked: &str) -> Request {
        let mut request = (self.service.request)(&self.endpoint, asked);
        request.headers = vec![("accept", "application/json".to_owned())];
        request.auth = self.service.auth.clone();
        request.limits.clone_from(&self.limits);
        request.deadline = DEADLINE;
        request.longest_answer = LONGEST_ANSWER;
        request
    }

    /// The verdict that an answer gives on the url.
    pub fn read(&self, url: &Url, exchange: &Exchange) -> Verdict {
        match parse(exchange, self.name, self.secrets) {
            Ok(Some(answer)) => (self.service.verdict)(url, &answer).unwrap_or_else(other_shape),
            Ok(None) => Verdict::not_found(&format!("{} does not know it", self.service.title)),
            Err(verdict) => verdict,
        }
    }
}
