//! Asks the service of a provider.
//!
//! What the graph says of a url depends on its record alone: an answer, the failure of the last attempt, or the reason
//! why the service was given up before. So a replay gives the same graph, although times decide when a service is given
//! up.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};
use url::Url;

use super::super::context::Context;
use super::super::lookup::{LookupResult, SharedRequest};
use crate::http::{AnswerFrom, Breaker, FROM_CACHE, Failure, asked_pause};
use crate::intel::{HttpProvider, Reading, State, Verdict};
use crate::journal::{Answer, Exchange, NoAnswer, Request};

/// The number of requests to a provider at the same time.
const CONCURRENT: usize = 4;
/// After this many failed attempts a url makes way for the others. If the service answers these, the url is to blame,
/// and is not asked about again in this load.
const ATTEMPTS: u32 = 5;

/// How the service of a provider behaved in this load.
#[derive(Debug, Clone)]
pub(crate) struct ServiceState {
    /// Holds back requests while the service does not answer.
    breaker: Arc<Breaker>,
    /// The service failed its probe in an earlier load, so that its answers with status 404 are asked for again.
    doubts_404: bool,
    /// Answers with status 404, which mean "not known".
    not_known_404: u64,
    /// Other answers.
    others: u64,
    /// The urls with an answer.
    answered: u64,
    /// Those of them that the service does not know.
    not_found: u64,
}

impl ServiceState {
    /// From this number of urls on it is unusual that a service knows none of them.
    const MANY: u64 = 50;

    /// Nothing was asked yet.
    pub(super) fn new(context: &Context, provider: &HttpProvider) -> Result<Self, Failure> {
        let client = &context.client;
        let probe = provider.probe();
        let before = match client.replays() {
            true => None,
            false => client.find_earlier(&probe)?,
        };
        Ok(Self {
            breaker: Arc::new(Breaker::new(provider.title(), context.intel.patience)),
            doubts_404: before.is_some_and(|before| !(probe.is_answer)(&before.answer)),
            not_known_404: 0,
            others: 0,
            answered: 0,
            not_found: 0,
        })
    }

    /// The number of urls, if there are many and the service knows none of them.
    pub(super) fn knows_none(&self) -> Option<u64> {
        let knows_none = self.answered >= Self::MANY && self.not_found == self.answered;
        knows_none.then_some(self.answered)
    }

    /// True when there are answers, and all of them are 404.
    fn has_only_404(&self) -> bool {
        self.others == 0 && self.not_known_404 > 0
    }
}

/// One service, and what keeps it from being asked too much.
struct Service<'c> {
    context: &'c Context,
    provider: &'c HttpProvider,
    breaker: &'c Breaker,
    doubts_404: bool,
}

/// What is asked in one request.
#[derive(Clone, Copy)]
struct Question<'q> {
    request: &'q Request,
    /// The url, or one of several that become the same request.
    url: &'q Url,
    /// `None` for the probe.
    shared: Option<&'q SharedRequest>,
}

/// The attempts at a request that failed so far.
#[derive(Default)]
struct Attempts {
    failed: u32,
    /// The number of the service's answers when the first attempt failed.
    answers_before: Option<u64>,
    last: Option<(DateTime<Utc>, Answer)>,
}

/// What comes of asking a question.
enum Outcome {
    Settled(Exchange),
    /// It failed so often that others should be asked first.
    MakesWay(Attempts),
}

/// Asks the service about all urls, and reads what it answered. Returns when every request has an answer, or the service
/// was given up.
pub(super) async fn ask(
    context: &Context,
    provider: &HttpProvider,
    state: &mut ServiceState,
    requests: Vec<SharedRequest>,
) -> Result<Vec<LookupResult>, Failure> {
    let mut results = Vec::new();
    if requests.is_empty() {
        return Ok(results);
    }
    let breaker = Arc::clone(&state.breaker);
    breaker.try_again();
    let service = Service {
        context,
        provider,
        breaker: &breaker,
        doubts_404: state.doubts_404,
    };
    let exchanges = service.ask_all(&requests).await?;
    for (request, exchange) in requests.iter().zip(&exchanges) {
        // What an earlier case was told does not show that the service still answers.
        let is_own = exchange.header(FROM_CACHE).is_none();
        if is_own && request.is_answered_by(provider, exchange) {
            match exchange.status() {
                Some(404) => state.not_known_404 += 1,
                _ => state.others += 1,
            }
        }
    }
    let doubt = match state.has_only_404() {
        true => service.probe().await?,
        false => None,
    };
    for (request, exchange) in requests.iter().zip(&exchanges) {
        let is_doubtful = doubt.is_some() && exchange.status() == Some(404);
        for mut result in request.results(provider, exchange) {
            if let (Some(doubt), true) = (&doubt, is_doubtful) {
                result.verdict = doubt.clone();
            }
            if result.is_answer() {
                state.answered += 1;
                state.not_found += u64::from(result.verdict.state == State::NotFound);
            }
            results.push(result);
        }
        if let Some(cache) = &context.intel.cache
            && !is_doubtful
            && context.client.has_asked(exchange)
            && request.is_answered_by(provider, exchange)
        {
            cache.put(&request.request, exchange.at, &exchange.answer);
        }
    }
    Ok(results)
}

impl Service<'_> {
    /// The exchange of each request, in their order.
    async fn ask_all(&self, requests: &[SharedRequest]) -> Result<Vec<Exchange>, Failure> {
        let mut settled: Vec<Option<Exchange>> = vec![None; requests.len()];
        let mut left: Vec<(usize, Attempts)> = Vec::new();
        let ask = async |(at, attempts, last_turn): (usize, Attempts, bool)| {
            let question = Question::about(&requests[at]);
            let outcome = self.ask(question, attempts, last_turn).await?;
            Ok::<_, Failure>((at, outcome))
        };
        let firsts = (0..requests.len()).map(|at| (at, Attempts::default(), false));
        let mut outcomes = stream::iter(firsts).map(ask).buffer_unordered(CONCURRENT);
        while let Some((at, outcome)) = outcomes.try_next().await? {
            match outcome {
                Outcome::Settled(exchange) => settled[at] = Some(exchange),
                Outcome::MakesWay(attempts) => left.push((at, attempts)),
            }
        }
        // Those that made way are asked again, now that the others are done.
        let again = left.into_iter().map(|(at, attempts)| (at, attempts, true));
        let mut outcomes = stream::iter(again).map(ask).buffer_unordered(CONCURRENT);
        while let Some((at, outcome)) = outcomes.try_next().await? {
            if let Outcome::Settled(exchange) = outcome {
                settled[at] = Some(exchange);
            }
        }
        Ok(settled.into_iter().flatten().collect())
    }

    /// Asks for what the service has to know. `None` when it does; else the verdict that takes the place of its answers,
    /// since none of them is one.
    async fn probe(&self) -> Result<Option<Verdict>, Failure> {
        let probe = self.provider.probe();
        // What an answer is does not depend on the url, so that any of the urls would do.
        let question = Question {
            request: &probe,
            url: &probe.url,
            shared: None,
        };
        let outcome = self.ask(question, Attempts::default(), true).await?;
        Ok(match outcome {
            Outcome::Settled(exchange) if (probe.is_answer)(&exchange.answer) => None,
            _ => {
                let title = self.provider.title();
                Some(Verdict::unavailable(&format!(
                    "every answer is 404, and {title} does not answer about a url that it has to know either; is its address in [endpoints] right, and does it still run?"
                )))
            }
        })
    }

    /// The exchange of a question: a known answer, or else what comes of sending it. On its last turn it does not make
    /// way for others.
    async fn ask(
        &self,
        question: Question<'_>,
        mut attempts: Attempts,
        last_turn: bool,
    ) -> Result<Outcome, Failure> {
        let client = &self.context.client;
        let request = question.request;
        let is_doubtful = self.doubts_404
            && client
                .find_earlier(request)?
                .is_some_and(|before| before.status() == Some(404));
        let (network, before) = match client.network() {
            Some(network) if is_doubtful => (network, None),
            _ => {
                if let Some(exchange) = self.known_answer(question)? {
                    return Ok(Outcome::Settled(exchange));
                }
                match client.look_up(request)? {
                    AnswerFrom::Journal(exchange) => return Ok(Outcome::Settled(exchange)),
                    AnswerFrom::Network(network, before) => (network, before),
                }
            }
        };
        let settle = |(at, answer): (DateTime<Utc>, Answer)| {
            let exchange = client.record(request, before.clone(), at, answer)?;
            Ok(Outcome::Settled(exchange))
        };
        let permit = || {
            let taken = self.context.intel.quotas.take(request);
            taken
                .map(|taken| taken.map_err(|used_up| NoAnswer::NotSent(used_up.to_string())))
                .boxed()
        };
        let limited = Request {
            attempt_timeout: request.attempt_timeout.min(self.breaker.patience()),
            ..request.clone()
        };
        loop {
            let pass = match self.breaker.enter().await {
                Ok(pass) => pass,
                Err(given_up) => return settle(client.without_asking(request, given_up.why)),
            };
            let (at, answer) = client
                .ask_once(network, &limited, &permit, attempts.failed > 0)
                .await?;
            let reading = self.provider.read(question.url, &answer);
            let why = match (reading, &answer) {
                (Reading::Answer(_) | Reading::Rejected(_), _) => {
                    pass.answered();
                    return settle((at, answer));
                }
                (_, Answer::Nothing(why @ (NoAnswer::NotSent(_) | NoAnswer::GivenUp(_)))) => {
                    pass.refused(why.clone());
                    return settle((at, answer));
                }
                (Reading::Refused(verdict), _) => {
                    pass.refused(NoAnswer::GivenUp(verdict.summary));
                    return settle((at, answer));
                }
                (reading, _) => reading.verdict().summary,
            };
            let answers = self.breaker.answers();
            pass.failed(&why, asked_pause(&answer));
            attempts.failed += 1;
            let answers_before = *attempts.answers_before.get_or_insert(answers);
            attempts.last = Some((at, answer));
            if attempts.failed.is_multiple_of(ATTEMPTS) {
                // Being asked to wait is never the fault of the url.
                if answers > answers_before
                    && let Some(last) = attempts
                        .last
                        .take_if(|(_, answer)| answer.status() != Some(429))
                {
                    return settle(last);
                }
                if !last_turn {
                    return Ok(Outcome::MakesWay(attempts));
                }
            }
        }
    }

    /// The answer to a request that does not have to be sent: one in the journal, or one in the cache, which is then
    /// recorded in the journal.
    fn known_answer(&self, question: Question<'_>) -> Result<Option<Exchange>, Failure> {
        let client = &self.context.client;
        if let Some(exchange) = client.on_record(question.request)? {
            return Ok(Some(exchange));
        }
        let cache = self.context.intel.cache.as_ref();
        let kept = question
            .shared
            .filter(|_| !client.replays())
            .and_then(|shared| shared.kept_answer(self.provider, cache));
        match kept {
            Some(Exchange { at, answer, .. }) => {
                client.record_cached(question.request, at, answer).map(Some)
            }
            None => Ok(None),
        }
    }
}

impl<'q> Question<'q> {
    fn about(shared: &'q SharedRequest) -> Self {
        Self {
            request: &shared.request,
            url: &shared.urls[0].url,
            shared: Some(shared),
        }
    }
}
