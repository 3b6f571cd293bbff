//! The client that asks the journal first and the network second, and records what it receives.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures::future::BoxFuture;
use serde::Serialize;
use tokio::time::Instant;
use url::Url;

use super::error::Failure;
use super::permissions::Permissions;
use super::retry;
use super::sign_in::{Refused, SignInError, Token, Tokens};
use super::throttle::{LONG_PAUSE, MOST_PAUSED, TooLong};
use super::transport::{self, Network};
use super::words::{length, refusal, title, too_long};
use crate::journal::{Answer, Audience, Auth, Body, Exchange, Journal, NoAnswer, Request};
use crate::model::{RecordNumber, Retries, Source, format_time};

/// The header of a record whose answer comes from the cache of an earlier case; its value is the time at which the
/// answer was copied. A service cannot set it, since only a fixed list of a service's headers is kept.
pub const FROM_CACHE: &str = "linktrail-from-cache";

/// Called before each attempt to send. An error says why the request must not be sent, and is recorded instead of an
/// answer.
pub type Permit<'a> = &'a (dyn Fn() -> BoxFuture<'a, Result<(), NoAnswer>> + Sync);

/// The numbers of requests of one source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests that were sent, retries included.
    pub sent: u64,
    /// Answers that came from the journal, or from the cache of an earlier case.
    pub replayed: u64,
    /// Retries, after an attempt that failed, was throttled, or used an expired token.
    pub retried: u64,
}

/// Asks the journal first and the network second.
#[derive(Debug)]
pub struct Client {
    journal: Arc<Journal>,
    network: Option<Network>,
    counts: Mutex<BTreeMap<Source, Counts>>,
    /// The records that this run has added or confirmed. Failures among them are not requested again in this run, so
    /// that a replay sees the same answers.
    asked: Mutex<HashSet<RecordNumber>>,
    /// The requests that this run has sent anew.
    anew: Mutex<HashSet<(Source, Url, Option<Body>)>>,
    /// The ends of the latest pauses that were said on stderr.
    said: Mutex<BTreeMap<Source, Instant>>,
}

impl Client {
    /// A client that records what it receives. Without a network it only replays the journal.
    pub fn new(journal: Arc<Journal>, network: Option<Network>) -> Self {
        Self {
            journal,
            network,
            counts: Mutex::default(),
            asked: Mutex::default(),
            anew: Mutex::default(),
            said: Mutex::default(),
        }
    }

    /// The answer to a request: the recorded one, or a new one, which is then recorded.
    ///
    /// # Errors
    /// When sign-in fails, the journal cannot be written, or a replay needs an answer that was never recorded. A
    /// service that refuses or does not answer is not an error here.
    pub async fn send(&self, request: &Request) -> Result<Exchange, Failure> {
        match self.look_up(request)? {
            AnswerFrom::Journal(exchange) => Ok(exchange),
            AnswerFrom::Network(network, before) => {
                let (at, answer) = self.ask(network, request).await?;
                self.record(request, before, at, answer)
            }
        }
    }

    /// Like [`Client::send`], but sends the request also when this run has its answer already: for a list whose pages
    /// lead no further. This is done once a run. A replay returns the recorded answer.
    ///
    /// # Errors
    /// Those of [`Client::send`].
    pub async fn send_anew(&self, request: &Request) -> Result<Exchange, Failure> {
        let key = (request.source, request.url.clone(), request.body.clone());
        let is_first = || {
            let mut anew = self.anew.lock().unwrap_or_else(PoisonError::into_inner);
            anew.insert(key)
        };
        match &self.network {
            Some(network) if is_first() => {
                let before = self.journal.find(request)?;
                let (at, answer) = self.ask(network, request).await?;
                match before {
                    // Nothing is new, so that the case remains as it is.
                    Some(before) if says_the_same(&before.answer, &answer) => {
                        self.set_asked(&before);
                        Ok(before)
                    }
                    before => self.record(request, before, at, answer),
                }
            }
            _ => self.send(request).await,
        }
    }

    /// The recorded answer to a request. What is no answer is left out, since the next attempt may have another result.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn on_record(&self, request: &Request) -> Result<Option<Exchange>, Failure> {
        let found = self.journal.find(request)?;
        let found = found.filter(|found| (request.is_answer)(&found.answer));
        if found.is_some() {
            self.count(request.source, |counts| counts.replayed += 1);
        }
        Ok(found)
    }

    /// The answer that [`Client::send`] returned to a request before, whatever it is, for a caller that did not keep it. It
    /// is not counted again. `None` when the request was never sent.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn received(&self, request: &Request) -> Result<Option<Exchange>, Failure> {
        Ok(self.journal.find(request)?)
    }

    /// Records an answer that an earlier case received at the time `at`, with the header [`FROM_CACHE`].
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

    /// What the token for this audience allows, as its claims say: a hint, since the service alone decides. The token is
    /// fetched when there is none yet, and nothing is recorded. Without a network it is not known.
    ///
    /// # Errors
    /// When there is no token for this audience.
    pub async fn permissions(&self, audience: Audience) -> Result<Permissions, SignInError> {
        let tokens = self
            .network
            .as_ref()
            .and_then(|network| network.tokens.as_ref());
        match tokens {
            Some(tokens) => tokens.permissions(audience).await,
            None => Ok(Permissions::not_known()),
        }
    }

    /// A client of the same journal without a network.
    pub fn offline(&self) -> Self {
        Self::new(Arc::clone(&self.journal), None)
    }

    /// The network; `None` when the client only returns recorded answers.
    pub(crate) fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    /// True when the client has no network and only returns recorded answers.
    pub fn replays(&self) -> bool {
        self.network.is_none()
    }

    /// The recorded answer to a request, or else the network.
    pub(crate) fn look_up(&self, request: &Request) -> Result<AnswerFrom<'_>, Failure> {
        let found = self.journal.find(request)?;
        match (found, &self.network) {
            // What is no answer is asked for again: the service may be available by now, or the permission granted. So is
            // an answer that may have grown.
            (Some(exchange), Some(network))
                if (!(request.is_answer)(&exchange.answer) || may_grow(request, &exchange))
                    && !self.has_asked(&exchange) =>
            {
                Ok(AnswerFrom::Network(network, Some(exchange)))
            }
            (Some(exchange), _) => {
                self.count(request.source, |counts| counts.replayed += 1);
                Ok(AnswerFrom::Journal(exchange))
            }
            (None, Some(network)) => Ok(AnswerFrom::Network(network, None)),
            (None, None) => Err(Failure::NotRecorded(format!(
                "{} {}",
                request.source, request.url
            ))),
        }
    }

    /// Records what was received, unless it is no answer and there is one on record, or it repeats a failure that is on
    /// record.
    pub(crate) fn record(
        &self,
        request: &Request,
        before: Option<Exchange>,
        at: DateTime<Utc>,
        answer: Answer,
    ) -> Result<Exchange, Failure> {
        let exchange = match before {
            Some(before)
                if !(request.is_answer)(&answer)
                    && ((request.is_answer)(&before.answer)
                        || kind(&before.answer) == kind(&answer)) =>
            {
                before
            }
            _ => self.journal.append(request, at, answer)?,
        };
        self.set_asked(&exchange);
        Ok(exchange)
    }

    fn set_asked(&self, exchange: &Exchange) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(exchange.record);
    }

    /// Records that what was taken for the answer to a request is none, for this reason.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub(crate) fn take_back(&self, request: &Request, why: NoAnswer) -> Result<Exchange, Failure> {
        let exchange = self.journal.append(request, now(), Answer::Nothing(why))?;
        self.set_asked(&exchange);
        Ok(exchange)
    }

    pub(crate) fn has_asked(&self, exchange: &Exchange) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.contains(&exchange.record)
    }

    /// Records the text of a file, so that a replay does not depend on later changes to the file. Without a text,
    /// returns the text that was recorded before.
    ///
    /// # Errors
    /// When it cannot be recorded, or nothing was recorded before.
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

    /// The numbers of requests so far, by source. Of those to Entra only `sent` is counted.
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

    /// The time of the latest record in the journal; `None` for an empty journal.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.journal.newest()
    }

    /// Sends a request, with retries by the retry policy, without looking into the journal. The future is boxed: those of
    /// the stages hold many of it.
    pub(crate) fn ask<'a>(
        &'a self,
        network: &'a Network,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<(DateTime<Utc>, Answer), Failure>> {
        Box::pin(self.ask_with_retries(network, request))
    }

    async fn ask_with_retries(
        &self,
        network: &Network,
        request: &Request,
    ) -> Result<(DateTime<Utc>, Answer), Failure> {
        // Set when the first attempt begins: waiting for the rate limiter or a token does not count against the deadline.
        let mut begun: Option<(Retries, Instant)> = None;
        let (mut paused, mut waited) = (Duration::ZERO, Duration::ZERO);
        loop {
            let before = paused;
            if let Err(TooLong(asked)) =
                network.throttle.acquire(&request.limits, &mut paused).await
            {
                return Ok(self.without_asking(request, too_long(asked)));
            }
            if let Some((_, deadline)) = &mut begun {
                *deadline += paused - before;
            }
            let prepared = match self.prepare(network, request).await? {
                Ok(prepared) => prepared,
                Err(no_token) => return Ok((now(), no_token)),
            };
            let (retries, deadline) = begun.get_or_insert_with(|| {
                waited = paused;
                (Retries::begin(), Instant::now() + request.deadline)
            });
            let attempt = self.attempt(network, request, prepared, *deadline).await?;
            let at = now();
            retries.count();
            match attempt {
                Attempt::Answer(answer) => {
                    match answer.status() {
                        Some(429) => network.throttle.slow_down(&request.limits),
                        Some(_) => network.throttle.recover(&request.limits),
                        None => {}
                    }
                    self.heed_pause(network, request, &answer);
                    let Some(pause) = retry::pause(request, &answer, retries, waited) else {
                        return Ok((at, answer));
                    };
                    if retry::long_pause(request, &answer).is_some() {
                        paused += pause;
                        if paused > MOST_PAUSED {
                            return Ok((at, answer));
                        }
                        *deadline += pause;
                    }
                    tokio::time::sleep(pause).await;
                }
                Attempt::NewToken => {}
                Attempt::NoToken(answer) => return Ok((at, answer)),
            }
            self.count(request.source, |counts| counts.retried += 1);
        }
    }

    /// Sends a request once, without looking into the journal, for a caller that decides itself whether and when it is
    /// sent again. `permit` is asked before; when it is refused, that is the answer. `is_repeated` says that the request
    /// was sent before.
    pub(crate) async fn ask_once(
        &self,
        network: &Network,
        request: &Request,
        permit: Permit<'_>,
        is_repeated: bool,
    ) -> Result<(DateTime<Utc>, Answer), Failure> {
        let paused = network
            .throttle
            .acquire(&request.limits, &mut Duration::default())
            .await;
        if let Err(TooLong(asked)) = paused {
            return Ok(self.without_asking(request, too_long(asked)));
        }
        if let Err(refusal) = permit().await {
            return Ok(self.without_asking(request, refusal));
        }
        let prepared = match self.prepare(network, request).await? {
            Ok(prepared) => prepared,
            Err(no_token) => return Ok((now(), no_token)),
        };
        if is_repeated {
            self.count(request.source, |counts| counts.retried += 1);
        }
        let deadline = Instant::now() + request.deadline;
        let answer = self.attempt(network, request, prepared, deadline).await?;
        let (Attempt::Answer(answer) | Attempt::NoToken(answer)) = answer else {
            // Only a service of Entra has tokens, and those are asked with retries.
            return Ok((
                now(),
                Answer::Nothing(NoAnswer::Failed("the token expired".to_owned())),
            ));
        };
        if answer.status().is_some_and(|status| status != 429) {
            network.throttle.recover(&request.limits);
        }
        Ok((now(), answer))
    }

    /// What takes the place of an answer to a request that is not sent. The result lists the service all the same, with
    /// zero requests.
    pub(crate) fn without_asking(
        &self,
        request: &Request,
        why: NoAnswer,
    ) -> (DateTime<Utc>, Answer) {
        self.count(request.source, |_| {});
        (now(), Answer::Nothing(why))
    }

    /// Builds a request with its credentials. When its audience cannot be signed in to and another one can, the inner
    /// error is the answer that takes the place of the service's.
    async fn prepare(
        &self,
        network: &Network,
        request: &Request,
    ) -> Result<Result<Prepared, Answer>, Failure> {
        let token = match (&request.auth, &network.tokens) {
            (Auth::Entra(audience), Some(tokens)) => match tokens.get(*audience).await {
                Ok(token) => Some((*audience, token)),
                Err(error) => {
                    return self
                        .without_token(tokens, *audience, request, error)
                        .await
                        .map(Err);
                }
            },
            _ => None,
        };
        let outgoing = network.prepare(request, token.as_ref().map(|(_, token)| token));
        Ok(Ok(Prepared { outgoing, token }))
    }

    /// What takes the place of an answer without a token for this audience.
    ///
    /// # Errors
    /// When no other audience can be signed in to either.
    async fn without_token(
        &self,
        tokens: &Tokens,
        audience: Audience,
        request: &Request,
        error: SignInError,
    ) -> Result<Answer, Failure> {
        if !tokens.is_signed_in_elsewhere(audience, &error).await {
            return Err(error.into());
        }
        let why = NoAnswer::Failed(error.to_string());
        Ok(self.without_asking(request, why).1)
    }

    async fn attempt(
        &self,
        network: &Network,
        request: &Request,
        prepared: Prepared,
        deadline: Instant,
    ) -> Result<Attempt, Failure> {
        let Prepared { outgoing, token } = prepared;
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(1));
        self.count(request.source, |counts| counts.sent += 1);
        tracing::debug!(source = %request.source, url = %request.url, "request");
        let outgoing = outgoing.timeout(request.attempt_timeout.min(left));
        let answer = transport::exchange(outgoing, request.longest_answer).await;
        let (Some((audience, token)), Some(tokens)) = (token, &network.tokens) else {
            return Ok(Attempt::Answer(answer));
        };
        match answer.status() {
            Some(401) => match tokens
                .refused(audience, request.source, &token, &refusal(&answer))
                .await
            {
                Refused::Renewed => Ok(Attempt::NewToken),
                Refused::OnlyHere => Ok(Attempt::Answer(answer)),
                Refused::Always(error) => {
                    let answer = self.without_token(tokens, audience, request, error).await?;
                    Ok(Attempt::NoToken(answer))
                }
            },
            Some(_) => {
                tokens.accepted(audience, &token).await;
                Ok(Attempt::Answer(answer))
            }
            None => Ok(Attempt::Answer(answer)),
        }
    }

    /// Pauses what a service asks to wait for, when that is long, and says it once for all requests that wait at the same
    /// time.
    pub(crate) fn heed_pause(&self, network: &Network, request: &Request, answer: &Answer) {
        let is_retried = retry::first_pause(request, answer).is_some();
        let is_throttled = answer.status() == Some(429);
        let asked = retry::long_pause(request, answer).filter(|_| is_retried || is_throttled);
        let Some((pause, until)) =
            asked.and_then(|pause| Some((pause, Instant::now().checked_add(pause)?)))
        else {
            return;
        };
        if is_throttled {
            network.throttle.pause(&request.limits, pause);
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_said = |said: &Instant| *said + LONG_PAUSE > until;
        if said.get(&request.source).is_some_and(is_said) {
            return;
        }
        said.insert(request.source, until);
        let title = title(request.source);
        let length = length(pause);
        match pause <= MOST_PAUSED {
            true => tracing::warn!("{title} asks to wait {length}"),
            false => tracing::warn!(
                "{title} asks to wait {length}, and no more than 15 minutes are waited in all: what has to wait is left out"
            ),
        }
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

/// A request with its credentials, and the token among them.
struct Prepared {
    outgoing: reqwest::RequestBuilder,
    token: Option<(Audience, Token)>,
}

/// The outcome of one attempt.
enum Attempt {
    Answer(Answer),
    /// The token was refused, and there is a new one.
    NewToken,
    /// The token was refused, and there is none that the service accepts. The answer says so.
    NoToken(Answer),
}

/// Where the answer to a request comes from.
pub(crate) enum AnswerFrom<'a> {
    /// The answer is recorded.
    Journal(Exchange),
    /// The request has to be sent. The recorded failure, if there is one, is the second value.
    Network(&'a Network, Option<Exchange>),
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// The kind of a failure. A failure that repeats one of the same kind is not recorded again.
fn kind(answer: &Answer) -> Result<u16, String> {
    match answer {
        Answer::Response { status, .. } => Ok(*status),
        Answer::Nothing(reason) => Err(reason.to_string()),
    }
}

/// True when two answers have the same status and body. Their headers always differ, by the time.
fn says_the_same(one: &Answer, other: &Answer) -> bool {
    let (
        Answer::Response { status, body, .. },
        Answer::Response {
            status: again,
            body: new,
            ..
        },
    ) = (one, other)
    else {
        return false;
    };
    (status, body) == (again, new)
}

/// True when an answer was recorded before the time from which it is final.
fn may_grow(request: &Request, exchange: &Exchange) -> bool {
    request.final_from.is_some_and(|time| exchange.at < time)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
