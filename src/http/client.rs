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
use crate::model::{RecordNumber, Retries, Source, format_time};

/// Header of a record whose answer was taken from the cache of an earlier case; its value is the time when that was
/// done. No service can set it: of a service's headers only those of a fixed list are kept.
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
    /// Requests sent again because the attempt before failed or was throttled.
    pub retried: u64,
}

/// Asks the journal first and the network second.
#[derive(Debug)]
pub struct Client {
    journal: Arc<Journal>,
    network: Option<Network>,
    counts: Mutex<BTreeMap<Source, Counts>>,
    /// Records that this run has added or confirmed. A failure among them is not asked for again by this run, so that a
    /// replay sees the same.
    asked: Mutex<HashSet<RecordNumber>>,
}

impl Client {
    /// A client that records what it receives. Without a network it only replays the journal.
    pub fn new(journal: Arc<Journal>, network: Option<Network>) -> Self {
        Self {
            journal,
            network,
            counts: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    /// The answer to a request: the recorded one, or a new one, which is then recorded.
    ///
    /// # Errors
    /// When sign-in fails, the journal cannot be written, or a replay asks for what was never recorded. A service that
    /// refuses or does not answer is no error.
    pub async fn send(&self, request: &Request) -> Result<Exchange, Failure> {
        match self.look_up(request)? {
            LookUp::Recorded(exchange) => Ok(exchange),
            LookUp::Ask(network, before) => {
                let (at, answer) = self.ask(network, request).await?;
                self.record(request, before, at, answer)
            }
        }
    }

    /// As [`Client::send`], but asks for a permit before each attempt; a refused permit is recorded in place of an
    /// answer. A recorded answer for which `down` is true is asked for again, whatever its status.
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

    /// The recorded answer to a request. Failures, and answers for which `down` is true, do not count: they may be
    /// different next time.
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

    /// Records an answer that an earlier case received at the time `at`, marked by the header [`FROM_CACHE`].
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

    /// A client of the same journal without a network.
    pub fn offline(&self) -> Self {
        Self::new(Arc::clone(&self.journal), None)
    }

    /// Whether the client has no network, so that only recorded answers can be had.
    pub fn replays(&self) -> bool {
        self.network.is_none()
    }

    /// What the journal has for a request, or the network to ask.
    pub(crate) fn look_up(&self, request: &Request) -> Result<LookUp<'_>, Failure> {
        let found = self.journal.find(request)?;
        match (found, &self.network) {
            // Recorded failures are asked for again: the service may be back, or the permission granted, by now.
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

    /// Records the text of a file, so that a replay does not depend on what the file says later. Without a text, gives
    /// what was recorded before.
    ///
    /// # Errors
    /// When it cannot be recorded, or nothing was kept.
    pub fn keep(
        &self,
        source: Source,
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

    /// How many requests each source has made so far, by its name.
    pub fn counts(&self) -> BTreeMap<Source, Counts> {
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
            counts.entry(Source::Login).or_default().sent = tokens.sent();
        }
        counts
    }

    /// Time of the latest record in the journal.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.journal.newest()
    }

    /// Sends a request and, as the retry policy says, sends it again. Does not look into the journal.
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
                // With a slowed-down rate of a few requests a minute, waiting for the next turn could take hours.
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
                // The result lists the service, with zero requests, even when nothing was sent.
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
        tracing::debug!(source = %request.source, url = %request.url, "request");
        let outgoing = outgoing.timeout(request.attempt_timeout.min(left));
        Ok(transport::exchange(outgoing, request.longest_answer).await)
    }

    fn count(&self, source: Source, change: impl FnOnce(&mut Counts)) {
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
    /// The network has to be asked. If a failure is on record, it comes along.
    Ask(&'a Network, Option<Exchange>),
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// Two failures of the same kind need only one record.
fn kind(answer: &Answer) -> (Option<u16>, bool) {
    let unsent = matches!(answer, Answer::Nothing(NoAnswer::NotSent(_)));
    (answer.status(), unsent)
}

/// Whether an answer is a failure: it says nothing about what was asked, and may be different next time. Microsoft's
/// services answer in JSON, so status 200 with a page of HTML or half an answer comes from a proxy in between.
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
