//! The one way to the network: the journal first, then throttles, credentials, retries and deadlines.

use std::collections::{BTreeMap, HashSet};
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use rand::Rng;
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::sign_in::{SignIn, SignInError, Tokens};
use super::throttle::Throttle;
use crate::journal::{Answer, Audience, Auth, Exchange, Limit, Method, Request};
use crate::journal::{Journal, JournalError};
use crate::model::RecordNumber;
use crate::model::format_time;

/// Longest answer that is read. Log Analytics answers with 64 MB compressed at most.
const LONGEST_ANSWER: usize = 1 << 30;
/// Longest time for one attempt; Log Analytics may work ten minutes before its first byte.
const ATTEMPT: Duration = Duration::from_secs(60);
const SLOW_ATTEMPT: Duration = Duration::from_secs(620);
/// Attempts on errors that are no throttling; throttled requests go on until their deadline.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How the record of a request begins that was not sent, because a quota is used up.
pub const NOT_SENT: &str = "not sent: ";
/// Header of a record whose answer was received for an earlier case: when it was taken from there. No service can set
/// it, since what a service sends is kept by name.
pub const ADOPTED: &str = "linktrail-from-cache";
/// Headers that a record keeps.
pub(crate) const KEPT_HEADERS: &[&str] = &[
    "content-type",
    "retry-after",
    "date",
    "request-id",
    "client-request-id",
    "x-ms-ags-diagnostic",
];

/// Why there is no exchange at all. A service that answers badly, or not at all, is an [`Exchange`] and no failure.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Failure {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(
        "the case is not complete: it holds no answer to {0}; run the same command without --replay to fetch what is missing"
    )]
    NotRecorded(String),
}

/// Why there is no way to the network. Each text says what to do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum TransportError {
    #[error("[endpoints] ca_file {path}: {reason}")]
    Certificates { path: PathBuf, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// Asked before each attempt to send; an error says which quota is used up, and nothing is sent.
pub type Permit<'a> = &'a (dyn Fn() -> Result<(), String> + Sync);

/// How many requests went where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests sent, retries included.
    pub sent: u64,
    /// Answers taken from the journal.
    pub replayed: u64,
    /// Requests sent again after an answer that was none.
    pub retried: u64,
}

/// What the network needs; absent in a replay.
#[derive(Debug)]
pub struct Network {
    http: reqwest::Client,
    tokens: Option<Tokens>,
    throttle: Throttle,
}

impl Network {
    /// A way to the network.
    ///
    /// # Errors
    /// When the certificates in `ca_file` cannot be read.
    pub fn new(ca_file: Option<&Path>, sign_in: Option<SignIn>) -> Result<Self, TransportError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("linktrail/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            // A token or a key goes nowhere that the configuration did not name.
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(30));
        if let Some(path) = ca_file {
            let wrong = |reason: String| TransportError::Certificates {
                path: path.to_owned(),
                reason,
            };
            let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| wrong(error.to_string()))?;
            if certificates.is_empty() {
                return Err(wrong("holds no certificate in PEM form".to_owned()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder
            .build()
            .map_err(|error| TransportError::Tls(describe(&error)))?;
        let tokens = sign_in.map(|sign_in| Tokens::new(sign_in, http.clone()));
        Ok(Self {
            http,
            tokens,
            throttle: Throttle::default(),
        })
    }

    /// Somebody was told that these limits are overrun.
    pub(crate) fn slow_down(&self, limits: &[Limit]) {
        self.throttle.slow_down(limits);
    }
}

/// Asks the journal first and the network second.
#[derive(Debug)]
pub struct Client {
    journal: Arc<Journal>,
    network: Option<Network>,
    counts: Mutex<BTreeMap<&'static str, Counts>>,
    /// Records of what this run has asked for: a failure among them stays one until the next run, as in a replay.
    asked: Mutex<HashSet<RecordNumber>>,
}

impl Client {
    /// A client that records what it receives; without a network it replays.
    pub fn new(journal: Arc<Journal>, network: Option<Network>) -> Self {
        Self {
            journal,
            network,
            counts: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    /// The answer to a request: the recorded one, else a new one, which is recorded.
    ///
    /// # Errors
    /// When there can be no answer: no token, a full disk, a replay of what was never recorded.
    pub async fn send(&self, request: &Request) -> Result<Exchange, Failure> {
        match self.recorded(request)? {
            Recorded::Answer(exchange) => Ok(exchange),
            Recorded::Ask(network, before) => {
                let (at, answer) = self.ask(network, request).await?;
                self.record(request, before, at, answer)
            }
        }
    }

    /// As [`Client::send`], for a service that counts requests over longer than a run: what the permit refuses is
    /// recorded as no answer, [`NOT_SENT`]. An answer on record that shows the service to have been `down` is asked for
    /// again, whatever its status.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn send_if(
        &self,
        request: &Request,
        permit: Permit<'_>,
        down: fn(&Exchange) -> bool,
    ) -> Result<Exchange, Failure> {
        let (network, before) = match (self.recorded(request)?, &self.network) {
            (Recorded::Answer(exchange), Some(network))
                if down(&exchange) && !self.has_asked(&exchange) =>
            {
                (network, Some(exchange))
            }
            (Recorded::Answer(exchange), _) => return Ok(exchange),
            (Recorded::Ask(network, before), _) => (network, before),
        };
        let (at, answer) = self.ask_if(network, request, Some(permit)).await?;
        self.record(request, before, at, answer)
    }

    /// The answer on record; none when there is none, or only a failure that may be another one next time, or one that
    /// shows the service to have been `down`.
    ///
    /// # Errors
    /// When the journal cannot be read back.
    pub fn on_record(
        &self,
        request: &Request,
        down: fn(&Exchange) -> bool,
    ) -> Result<Option<Exchange>, Failure> {
        let found = self.journal.find(request)?;
        let found = found.filter(|found| !is_failure(request, &found.answer) && !down(found));
        if found.is_some() {
            self.count(request.source, |counts| counts.replayed += 1);
        }
        Ok(found)
    }

    /// Records an answer that was received at that time for an earlier case, marked as such by [`ADOPTED`].
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn adopt(
        &self,
        request: &Request,
        at: DateTime<Utc>,
        mut answer: Answer,
    ) -> Result<Exchange, Failure> {
        if let Answer::Response { headers, .. } = &mut answer {
            let now = format_time(Utc::now().trunc_subsecs(3));
            headers.insert(ADOPTED.to_owned(), now);
        }
        self.count(request.source, |counts| counts.replayed += 1);
        Ok(self.journal.append(request, at, answer)?)
    }

    /// A client of the same journal that asks nobody else.
    pub fn offline(&self) -> Self {
        Self::new(Arc::clone(&self.journal), None)
    }

    /// Whether there is only the journal to ask.
    pub fn replays(&self) -> bool {
        self.network.is_none()
    }

    /// What the journal has for a request, or the network to ask.
    pub(crate) fn recorded(&self, request: &Request) -> Result<Recorded<'_>, Failure> {
        let found = self.journal.find(request)?;
        match (found, &self.network) {
            // A service that was away, or forbade it, may answer now; that is what running the command again is for.
            (Some(exchange), Some(network))
                if is_failure(request, &exchange.answer) && !self.has_asked(&exchange) =>
            {
                Ok(Recorded::Ask(network, Some(exchange)))
            }
            (Some(exchange), _) => {
                self.count(request.source, |counts| counts.replayed += 1);
                Ok(Recorded::Answer(exchange))
            }
            (None, Some(network)) => Ok(Recorded::Ask(network, None)),
            (None, None) => Err(Failure::NotRecorded(format!(
                "{} {}",
                request.source, request.url
            ))),
        }
    }

    /// Records an answer, unless it only repeats a failure that is on record.
    pub(crate) fn record(
        &self,
        request: &Request,
        before: Option<Exchange>,
        at: DateTime<Utc>,
        answer: Answer,
    ) -> Result<Exchange, Failure> {
        let exchange = match before {
            Some(before)
                if is_failure(request, &answer) && kind(&before.answer) == kind(&answer) =>
            {
                before
            }
            _ => self.journal.append(request, at, answer)?,
        };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(exchange.record);
        Ok(exchange)
    }

    fn has_asked(&self, exchange: &Exchange) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.contains(&exchange.record)
    }

    /// Keeps the text of a file in the journal: what a case is made of must not depend on what the file says later.
    /// Without a text, what was kept before.
    ///
    /// # Errors
    /// When it cannot be recorded, or nothing was kept.
    pub fn keep(
        &self,
        source: &'static str,
        name: &str,
        text: Option<String>,
    ) -> Result<Exchange, Failure> {
        let request =
            Request::file(source, name).map_err(|_| Failure::NotRecorded(name.to_owned()))?;
        match (self.journal.find(&request)?, text) {
            (Some(kept), None) => Ok(kept),
            (Some(kept), Some(text)) if kept.body() == text => Ok(kept),
            (_, Some(text)) => {
                let answer = Answer::Response {
                    status: 200,
                    headers: BTreeMap::new(),
                    body: text,
                };
                Ok(self
                    .journal
                    .append(&request, Utc::now().trunc_subsecs(3), answer)?)
            }
            (None, None) => Err(Failure::NotRecorded(name.to_owned())),
        }
    }

    /// Requests by source.
    pub fn counts(&self) -> BTreeMap<&'static str, Counts> {
        let mut counts = self
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(tokens) = self
            .network
            .as_ref()
            .and_then(|network| network.tokens.as_ref())
        {
            counts.entry("login").or_default().sent = tokens.sent();
        }
        counts
    }

    /// Time of the latest record.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.journal.newest()
    }

    /// Sends a request, as often as it takes.
    pub(crate) async fn ask(
        &self,
        network: &Network,
        request: &Request,
    ) -> Result<(DateTime<Utc>, Answer), Failure> {
        self.ask_if(network, request, None).await
    }

    async fn ask_if(
        &self,
        network: &Network,
        request: &Request,
        permit: Option<Permit<'_>>,
    ) -> Result<(DateTime<Utc>, Answer), Failure> {
        let mut deadline = None;
        let mut last = None;
        let mut attempt = 0;
        let mut renewed = false;
        loop {
            let turn = network.throttle.acquire(&request.limits);
            match (deadline, permit, last.take()) {
                // A rate of a few requests a minute, slowed down, would keep one of them waiting for hours.
                (Some(deadline), Some(_), Some(last)) => {
                    if tokio::time::timeout_at(deadline, turn).await.is_err() {
                        return Ok(last);
                    }
                }
                _ => turn.await,
            }
            if let Some(Err(quota)) = permit.map(|permit| permit()) {
                // Who asks for the counts finds the service, asked or not.
                self.count(request.source, |_| {});
                let answer = Answer::Nothing(format!("{NOT_SENT}{quota}"));
                return Ok((Utc::now().trunc_subsecs(3), answer));
            }
            // The time in the queue is none that the service took.
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + request.deadline);
            let answer = self.attempt(network, request, deadline).await?;
            let at = Utc::now().trunc_subsecs(3);
            attempt += 1;
            match status(&answer) {
                Some(429) => network.throttle.slow_down(&request.limits),
                Some(_) => network.throttle.recover(&request.limits),
                None => {}
            }
            if let (Some(401), Auth::Entra(audience), Some(tokens), false) =
                (status(&answer), &request.auth, &network.tokens, renewed)
            {
                tokens.forget(*audience);
                renewed = true;
            } else {
                match pause(&answer, attempt).filter(|_| !is_too_much(request, &answer)) {
                    Some(pause) if pause < deadline.saturating_duration_since(Instant::now()) => {
                        tokio::time::sleep(pause).await;
                        last = Some((at, answer));
                    }
                    _ => return Ok((at, answer)),
                }
            }
            self.count(request.source, |counts| counts.retried += 1);
        }
    }

    async fn attempt(
        &self,
        network: &Network,
        request: &Request,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut outgoing = network.http.request(method, request.url.clone());
        for (name, value) in &request.headers {
            outgoing = outgoing.header(*name, value);
        }
        outgoing = match (&request.auth, &network.tokens) {
            (Auth::None, _) | (Auth::Entra(_), None) => outgoing,
            (Auth::Entra(audience), Some(tokens)) => {
                outgoing.bearer_auth(tokens.get(*audience).await?.expose_secret())
            }
            (Auth::Header(name, key), _) => outgoing.header(*name, key.expose_secret()),
            (Auth::Basic { user, password }, _) => {
                outgoing.basic_auth(user.expose_secret(), Some(password.expose_secret()))
            }
        };
        if let Some(body) = &request.body {
            outgoing = outgoing
                .header("content-type", body.content_type)
                .body(body.text.clone());
        }
        let longest = if is_log_analytics(request) {
            SLOW_ATTEMPT
        } else {
            ATTEMPT
        };
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(1));
        self.count(request.source, |counts| counts.sent += 1);
        tracing::debug!(source = request.source, url = %request.url, "request");
        Ok(match receive(outgoing.timeout(longest.min(left))).await {
            Ok(answer) => answer,
            Err(reason) => Answer::Nothing(reason),
        })
    }

    fn count(&self, source: &'static str, change: impl FnOnce(&mut Counts)) {
        change(
            self.counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(source)
                .or_default(),
        );
    }
}

/// What the journal has for a request.
pub(crate) enum Recorded<'a> {
    /// The answer to use.
    Answer(Exchange),
    /// Nothing to use: ask the network. A failure on record goes along.
    Ask(&'a Network, Option<Exchange>),
}

async fn receive(request: reqwest::RequestBuilder) -> Result<Answer, String> {
    let mut response = request.send().await.map_err(|error| describe(&error))?;
    let status = response.status().as_u16();
    let headers = kept(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(format!("the answer is longer than {LONGEST_ANSWER} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(Answer::Response {
        status,
        headers,
        body,
    })
}

fn kept(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |name: &&str| {
        Some((
            (*name).to_owned(),
            headers.get(*name)?.to_str().ok()?.to_owned(),
        ))
    };
    KEPT_HEADERS.iter().filter_map(text).collect()
}

/// What went wrong, without the url: the record has it, and reqwest repeats it in every error.
pub(crate) fn describe(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot connect"
    } else if error.is_body() || error.is_decode() {
        "the answer broke off"
    } else {
        "the request failed"
    };
    let mut innermost = error.source();
    while let Some(inner) = innermost.and_then(|inner| inner.source()) {
        innermost = Some(inner);
    }
    match innermost {
        Some(cause) => format!("{what} ({cause})"),
        None => what.to_owned(),
    }
}

pub(crate) fn status(answer: &Answer) -> Option<u16> {
    match answer {
        Answer::Response { status, .. } => Some(*status),
        Answer::Nothing(_) => None,
    }
}

/// What tells one failure from another.
fn kind(answer: &Answer) -> (Option<u16>, bool) {
    let unsent = matches!(answer, Answer::Nothing(why) if why.starts_with(NOT_SENT));
    (status(answer), unsent)
}

/// An answer that says nothing about what was asked, and may be another one next time. Microsoft's services answer in
/// JSON; a page of HTML or half an answer is somebody else's, in between.
fn is_failure(request: &Request, answer: &Answer) -> bool {
    match answer {
        Answer::Nothing(_) => true,
        Answer::Response {
            status: 200, body, ..
        } => matches!(request.auth, Auth::Entra(_)) && !is_json(body),
        Answer::Response { status, .. } => {
            let failed = matches!(status, 401 | 402 | 403 | 408 | 429) || *status >= 500;
            failed && !is_too_much(request, answer)
        }
    }
}

/// Whether Log Analytics ran out of the time that a query may take. The same query would only take it again; who asked
/// has to ask for less.
fn is_too_much(request: &Request, answer: &Answer) -> bool {
    is_log_analytics(request) && status(answer) == Some(504)
}

fn is_log_analytics(request: &Request) -> bool {
    matches!(request.auth, Auth::Entra(Audience::LogAnalytics))
}

/// Whether a body is JSON.
pub fn is_json(body: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(body).is_ok()
}

/// How long to wait before asking again; nothing when the answer is to be taken as it is.
pub(crate) fn pause(answer: &Answer, attempt: u32) -> Option<Duration> {
    let again = match status(answer) {
        None => attempt < ATTEMPTS,
        Some(429) => true,
        Some(408 | 500 | 502 | 503 | 504) => attempt < ATTEMPTS,
        Some(_) => false,
    };
    if !again {
        return None;
    }
    let told = match answer {
        Answer::Response { headers, .. } => headers
            .get("retry-after")
            .and_then(|text| retry_after(text, Utc::now())),
        Answer::Nothing(_) => None,
    };
    Some(told.unwrap_or_else(|| {
        let longest = FIRST_PAUSE
            .saturating_mul(1 << attempt.min(10))
            .min(LONGEST_PAUSE);
        longest.mul_f64(rand::rng().random_range(0.05..=1.0))
    }))
}

/// `Retry-After`: seconds or a date.
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
    Some((at - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
