//! The client that asks the journal first and the network second, and records what it receives.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::error::Failure;
use super::retry;
use super::transport::{self, Network};
use crate::journal::{Answer, Auth, Exchange, Journal, NoAnswer, Request};
use crate::model::{RecordNumber, Retries, format_time};

/// Header of a record whose answer was received for an earlier case: when it was taken from there. No service can set
/// it, since what a service sends is kept by name.
pub const FROM_CACHE: &str = "linktrail-from-cache";

/// Asked before each attempt to send. An error says why nothing may be sent, and is recorded in place of an answer.
pub type Permit<'a> = &'a (dyn Fn() -> BoxFuture<'a, Result<(), NoAnswer>> + Sync);

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
        match self.look_up(request)? {
            LookUp::Recorded(exchange) => Ok(exchange),
            LookUp::Ask(network, before) => {
                let (at, answer) = self.ask(network, request).await?;
                self.record(request, before, at, answer)
            }
        }
    }

    /// As [`Client::send`], for a service that counts requests over longer than a run: what the permit says is recorded
    /// when it refuses. An answer on record that shows the service to have been `down` is asked for again, whatever its
    /// status.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn send_if(
        &self,
        request: &Request,
        permit: Permit<'_>,
        down: fn(&Exchange) -> bool,
    ) -> Result<Exchange, Failure> {
        let (network, before) = match (self.look_up(request)?, &self.network) {
            (LookUp::Recorded(exchange), Some(network))
                if down(&exchange) && !self.has_asked(&exchange) =>
            {
                (network, Some(exchange))
            }
            (LookUp::Recorded(exchange), _) => return Ok(exchange),
            (LookUp::Ask(network, before), _) => (network, before),
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

    /// Records an answer that was received at that time for an earlier case, marked as such by [`FROM_CACHE`].
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn record_cached(
        &self,
        request: &Request,
        at: DateTime<Utc>,
        mut answer: Answer,
    ) -> Result<Exchange, Failure> {
        if let Answer::Response { headers, .. } = &mut answer {
            headers.insert(FROM_CACHE.to_owned(), format_time(now()));
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
    pub(crate) fn look_up(&self, request: &Request) -> Result<LookUp<'_>, Failure> {
        let found = self.journal.find(request)?;
        match (found, &self.network) {
            // A service that was away, or forbade it, may answer now; that is what running the command again is for.
            (Some(exchange), Some(network))
                if is_failure(request, &exchange.answer) && !self.has_asked(&exchange) =>
            {
                Ok(LookUp::Ask(network, Some(exchange)))
            }
            (Some(exchange), _) => {
                self.count(request.source, |counts| counts.replayed += 1);
                Ok(LookUp::Recorded(exchange))
            }
            (None, Some(network)) => Ok(LookUp::Ask(network, None)),
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
        let no_url = |_| Failure::NotRecorded(name.to_owned());
        let request = Request::file(source, name).map_err(no_url)?;
        let kept = match self.journal.find(&request)? {
            None => {
                let earlier = Request::file_of_earlier_versions(source, name).map_err(no_url)?;
                self.journal.find(&earlier)?
            }
            found => found,
        };
        match (kept, text) {
            (Some(kept), None) => Ok(kept),
            (Some(kept), Some(text)) if kept.body() == text => Ok(kept),
            (_, Some(text)) => {
                let answer = Answer::Response {
                    status: 200,
                    headers: BTreeMap::new(),
                    body: text,
                };
                Ok(self.journal.append(&request, now(), answer)?)
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
        // Set when the first attempt begins: waiting for the rate limiter does not count against the deadline.
        let mut begun: Option<(Retries, Instant)> = None;
        let mut last = None;
        let mut renewed = false;
        loop {
            let turn = network.throttle.acquire(&request.limits);
            match (begun, permit, last.take()) {
                // A rate of a few requests a minute, slowed down, would keep one of them waiting for hours.
                (Some((_, deadline)), Some(_), Some(last)) => {
                    if tokio::time::timeout_at(deadline, turn).await.is_err() {
                        return Ok(last);
                    }
                }
                _ => turn.await,
            }
            if let Some(permit) = permit
                && let Err(refusal) = permit().await
            {
                // Who asks for the counts finds the service, asked or not.
                self.count(request.source, |_| {});
                return Ok((now(), Answer::Nothing(refusal)));
            }
            let (retries, deadline) =
                begun.get_or_insert_with(|| (Retries::begin(), Instant::now() + request.deadline));
            let answer = self.attempt(network, request, *deadline).await?;
            let at = now();
            retries.count();
            match answer.status() {
                Some(429) => network.throttle.slow_down(&request.limits),
                Some(_) => network.throttle.recover(&request.limits),
                None => {}
            }
            if let (Some(401), Auth::Entra(audience), Some(tokens), false) =
                (answer.status(), &request.auth, &network.tokens, renewed)
            {
                tokens.forget(*audience);
                renewed = true;
            } else {
                match retry::pause(request, &answer, retries) {
                    Some(pause) => {
                        tokio::time::sleep(pause).await;
                        last = Some((at, answer));
                    }
                    None => return Ok((at, answer)),
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
        let outgoing = network.prepare(request).await?;
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(1));
        self.count(request.source, |counts| counts.sent += 1);
        tracing::debug!(source = request.source, url = %request.url, "request");
        let outgoing = outgoing.timeout(request.attempt_timeout.min(left));
        Ok(transport::exchange(outgoing, request.longest_answer).await)
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
pub(crate) enum LookUp<'a> {
    /// The answer to use.
    Recorded(Exchange),
    /// Nothing to use: ask the network. A failure on record goes along.
    Ask(&'a Network, Option<Exchange>),
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// What tells one failure from another.
fn kind(answer: &Answer) -> (Option<u16>, bool) {
    let unsent = matches!(answer, Answer::Nothing(NoAnswer::NotSent(_)));
    (answer.status(), unsent)
}

/// An answer that says nothing about what was asked, and may be another one next time. Microsoft's services answer in
/// JSON; a page of HTML or half an answer is somebody else's, in between.
fn is_failure(request: &Request, answer: &Answer) -> bool {
    match answer {
        Answer::Nothing(_) => true,
        Answer::Response {
            status: 200, body, ..
        } => matches!(request.auth, Auth::Entra(_)) && !is_json(body),
        Answer::Response { status: 504, .. } => !request.gateway_timeout_is_final,
        Answer::Response { status, .. } => {
            matches!(status, 401 | 402 | 403 | 408 | 429) || *status >= 500
        }
    }
}

/// Whether a body is JSON.
pub fn is_json(body: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(body).is_ok()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
