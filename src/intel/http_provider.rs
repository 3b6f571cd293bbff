//! Services that are asked over HTTP about one url at a time, and answer in JSON.

use std::time::Duration;

use url::Url;

use super::account::KeyState;
use super::answer::{self, Reading};
use super::key;
use super::service::Service;
use super::verdict::Verdict;
use crate::journal::{Answer, Auth, Exchange, Limit, Request};
use crate::model::Source;
use crate::model::url::below;

/// The time limit for one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes. Normal answers are far smaller.
const LONGEST_ANSWER: usize = 16 << 20;

/// A service with its address, credentials and limits.
#[derive(Debug, Clone)]
pub struct HttpProvider {
    name: &'static str,
    title: &'static str,
    /// The environment variables of its keys, for the error text when the service refuses them.
    secrets: &'static [&'static str],
    endpoint: Url,
    auth: Auth,
    limits: Vec<Limit>,
    probe: &'static str,
    account: Option<&'static str>,
    look_up_tells: bool,
    build: fn(endpoint: &Url, asked: &str) -> Request,
    read: fn(url: &Url, answer: &Answer, secrets: &[&str]) -> Reading,
    is_answer: fn(&Answer) -> bool,
    is_report: fn(&Answer) -> bool,
    read_account: fn(answer: &Answer, secrets: &[&str]) -> KeyState,
}

impl HttpProvider {
    /// A provider that reads answers as the service `S` gives them.
    pub(super) fn of<S: Service>(
        name: &'static str,
        secrets: &'static [&'static str],
        endpoint: Url,
        auth: Auth,
        limits: Vec<Limit>,
    ) -> Self {
        Self {
            name,
            title: S::TITLE,
            secrets,
            endpoint,
            auth,
            limits,
            probe: S::PROBE,
            account: S::ACCOUNT,
            look_up_tells: S::LOOK_UP_TELLS,
            build: S::request,
            read: answer::read::<S>,
            is_answer: answer::is_answer::<S>,
            is_report: answer::is_report::<S>,
            read_account: key::read::<S>,
        }
    }

    /// The name in the configuration, in verdicts and in the `requests` of the result.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The name in texts for people.
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// The source of its requests and gaps.
    pub fn source(&self) -> Source {
        Source::Provider(self.name)
    }

    /// Builds the request about a string, with credentials, headers and limits.
    pub fn request(&self, asked: &str) -> Request {
        let mut request = (self.build)(&self.endpoint, asked);
        request
            .headers
            .push(("accept", "application/json".to_owned()));
        request.auth = self.auth.clone();
        request.limits.clone_from(&self.limits);
        request.deadline = ATTEMPT_TIMEOUT;
        request.attempt_timeout = ATTEMPT_TIMEOUT;
        request.longest_answer = LONGEST_ANSWER;
        request.is_answer = self.is_answer;
        request
    }

    /// Builds the request about a url that the service has to know. Only a report is an answer to it, so that it is sent
    /// again by later loads until there is one.
    pub fn probe(&self) -> Request {
        Request {
            is_answer: self.is_report,
            ..self.request(self.probe)
        }
    }

    /// Builds the request about the key itself, which looks up nothing; `None` where the service has no such call. The
    /// limits of look-ups do not hold for it.
    pub fn account(&self) -> Option<Request> {
        let mut request = Request::get(self.source(), below(&self.endpoint, self.account?));
        request
            .headers
            .push(("accept", "application/json".to_owned()));
        request.auth = self.auth.clone();
        request.deadline = ATTEMPT_TIMEOUT;
        request.attempt_timeout = ATTEMPT_TIMEOUT;
        request.longest_answer = LONGEST_ANSWER;
        Some(request)
    }

    /// What an answer to the request of [`HttpProvider::account`] says of the key.
    pub fn read_account(&self, answer: &Answer) -> KeyState {
        (self.read_account)(answer, self.secrets)
    }

    /// What an answer to the request of [`HttpProvider::probe`] says of the key.
    pub fn read_probe(&self, answer: &Answer) -> KeyState {
        match Url::parse(self.probe) {
            Ok(url) => match key::of_look_up(self.read(&url, answer)) {
                KeyState::Accepted(_) if !self.look_up_tells => KeyState::NotTold,
                state => state,
            },
            Err(error) => KeyState::NoAnswer(error.to_string()),
        }
    }

    /// What an answer to a request about the url says.
    pub fn read(&self, url: &Url, answer: &Answer) -> Reading {
        (self.read)(url, answer, self.secrets)
    }

    /// Converts the recorded answer to a verdict on the url.
    pub fn parse_answer(&self, url: &Url, exchange: &Exchange) -> Verdict {
        self.read(url, &exchange.answer).verdict()
    }
}
