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
use crate::intel::{HttpProvider, Reading, State};
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
    /// Whether the service itself is known to have answered in this load: it said something else than 404, or answered
    /// its probe.
    is_itself: bool,
    /// Why the service may not be asked, in the words of its gaps: it is not licensed or not permitted.
    barred: Option<String>,
    /// The urls with an answer.
    answered: u64,
    /// Those of them that the service does not know.
    not_found: u64,
}

impl ServiceState {
    /// From this number of urls on it is unusual that a service knows none of them.
    const MANY: u64 = 50;

    /// Nothing was asked yet.
    pub(super) fn new(context: &Context, provider: &HttpProvider) -> Self {
        Self {
            breaker: Arc::new(Breaker::new(provider.title(), context.intel.patience)),
            is_itself: false,
            barred: None,
            answered: 0,
            not_found: 0,
        }
    }

    /// True for the reason of a gap that says that the service is not licensed or not permitted.
    pub(super) fn is_barred_by(&self, reason: &str) -> bool {
        self.barred.as_deref() == Some(reason)
    }

    /// The number of urls, if there are many and the service knows none of them.
    pub(super) fn knows_none(&self) -> Option<u64> {
        let knows_none = self.answered >= Self::MANY && self.not_found == self.answered;
        knows_none.then_some(self.answered)
    }
}

/// One service, and what keeps it from being asked too much.
struct Service<'c> {
    context: &'c Context,
    provider: &'c HttpProvider,
    breaker: &'c Breaker,
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
    };
    let mut exchanges = service.ask_all(&requests).await?;
    service
        .question_404(state, &requests, &mut exchanges)
        .await?;
    for (request, exchange) in requests.iter().zip(&exchanges) {
        for result in request.results(provider, exchange) {
            if matches!(exchange.status(), Some(402 | 403)) {
                state.barred = Some(result.verdict.summary.clone());
            }
            if result.is_answer() {
                state.answered += 1;
                state.not_found += u64::from(result.verdict.state == State::NotFound);
            }
            results.push(result);
        }
        if let Some(cache) = &context.intel.cache
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

    /// When this load got nothing but 404 from the service, somebody else may have answered at its address. It is then
    /// asked for what it has to know, and if it does not answer that either, the 404s are taken back: the journal says
    /// that they are no answers. So a replay has the same result, and the next load asks again.
    async fn question_404(
        &self,
        state: &mut ServiceState,
        requests: &[SharedRequest],
        exchanges: &mut [Exchange],
    ) -> Result<(), Failure> {
        let client = &self.context.client;
        let (probe, title) = (self.provider.probe(), self.provider.title());
        if client.replays() {
            return Ok(());
        }
        let has_new = exchanges.iter().any(|exchange| client.has_asked(exchange));
        // A load that was killed before its probe left 404s that nothing speaks for.
        let was_probed = client
            .received(&probe)?
            .is_some_and(|known| (probe.is_answer)(&known.answer));
        let answered = requests
            .iter()
            .zip(exchanges)
            .filter(|(request, exchange)| {
                let counts = if has_new {
                    client.has_asked(exchange)
                } else {
                    !was_probed
                };
                // What an earlier case was told does not show that the service still answers.
                counts
                    && exchange.header(FROM_CACHE).is_none()
                    && request.is_answered_by(self.provider, exchange)
            });
        let is_404 = |exchange: &Exchange| exchange.status() == Some(404);
        let (unknown, others): (Vec<_>, Vec<_>) =
            answered.partition(|(_, exchange)| is_404(exchange));
        state.is_itself |= has_new && !others.is_empty();
        if state.is_itself || !others.is_empty() || unknown.is_empty() {
            return Ok(());
        }
        // What an answer is does not depend on the url, so that any of the urls would do.
        let question = Question {
            request: &probe,
            url: &probe.url,
            shared: None,
        };
        let outcome = self.ask(question, Attempts::default(), true).await?;
        if let Outcome::Settled(exchange) = outcome
            && (probe.is_answer)(&exchange.answer)
        {
            state.is_itself = true;
            return Ok(());
        }
        let why = format!(
            "every answer is 404, and {title} does not answer about a url that it has to know either; is its address in [endpoints] right, and does it still run?"
        );
        for (request, exchange) in unknown {
            *exchange = client.take_back(&request.request, NoAnswer::GivenUp(why.clone()))?;
        }
        Ok(())
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
        let (network, before) = match client.network() {
            // What the service knew in an earlier load does not show that it still answers.
            Some(network) if question.shared.is_none() => (network, None),
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
