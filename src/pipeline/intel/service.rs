//! Sends the requests to the service of a provider.

use futures::FutureExt;
use futures::stream::{self, StreamExt};

use super::super::context::Context;
use super::super::lookup::{LookupResult, SharedRequest};
use crate::http::Failure;
use crate::intel::{HttpProvider, State, Verdict};
use crate::journal::{Answer, Exchange, NoAnswer};

/// The number of requests to a provider at the same time.
const CONCURRENT: usize = 4;
/// The number of consecutive failures after which a provider is given up for this load. It equals the number of
/// concurrent requests, so that a service that does not respond delays the load by only one deadline.
const DOWN_IN_A_ROW: usize = CONCURRENT;

/// Sends the requests until the provider has to be given up, because a quota is used up or the service failed too often
/// in a row. For the remaining requests only answers in the journal or from the cache are used. The point where this
/// begins depends only on the requests and the journal, so a replay has the same result.
///
/// `given_up` is the verdict for unanswered requests, if the provider was given up before. The second value returned is
/// the same for the next call.
pub(super) async fn ask(
    context: &Context,
    provider: &HttpProvider,
    requests: Vec<SharedRequest>,
    mut given_up: Option<Verdict>,
) -> Result<(Vec<LookupResult>, Option<Verdict>), Failure> {
    let mut results = Vec::with_capacity(requests.len());
    let mut done = 0;
    if given_up.is_none() {
        let mut down_in_a_row = 0;
        // Answers are handled in the order of the requests, and not in the order of arrival.
        let mut exchanges = stream::iter(&requests)
            .map(|request| send(context, provider, request))
            .buffered(CONCURRENT);
        while given_up.is_none()
            && let Some(exchange) = exchanges.next().await
        {
            let exchange = exchange?;
            let answers = requests[done].results(provider, &exchange);
            let first = answers.first().map(|answer| answer.verdict.clone());
            results.extend(answers);
            done += 1;
            if !(requests[done - 1].request.is_answer)(&exchange.answer) {
                down_in_a_row += 1;
                given_up = first.and_then(|verdict| give_up(&exchange, verdict, down_in_a_row));
            } else {
                down_in_a_row = 0;
            }
        }
    }
    if let Some(verdict) = &given_up {
        // Requests in progress were cancelled. Their answers are in the journal if they arrived in time.
        for request in &requests[done..] {
            match known_answer(context, provider, request)? {
                Some(exchange) => results.extend(request.results(provider, &exchange)),
                None => results.extend(request.urls.iter().map(|url| LookupResult {
                    url: url.clone(),
                    verdict: verdict.clone(),
                    seen: Vec::new(),
                })),
            }
        }
    }
    Ok((results, given_up))
}

/// The verdict for all further requests, if this exchange means that the provider has to be given up. `verdict` is the
/// verdict on the url of the exchange itself.
fn give_up(exchange: &Exchange, verdict: Verdict, down_in_a_row: usize) -> Option<Verdict> {
    if is_not_sent(exchange) {
        return Some(verdict);
    }
    if down_in_a_row < DOWN_IN_A_ROW {
        return None;
    }
    let why =
        format!("not asked: no answer to {DOWN_IN_A_ROW} urls in a row; run again when it answers");
    Some(match verdict.state {
        State::RateLimited => Verdict::rate_limited(&why),
        _ => Verdict::unavailable(&why),
    })
}

/// The answer to a request: a known one or else a new one, which is also put into the cache.
async fn send(
    context: &Context,
    provider: &HttpProvider,
    request: &SharedRequest,
) -> Result<Exchange, Failure> {
    if let Some(exchange) = known_answer(context, provider, request)? {
        return Ok(exchange);
    }
    let permit = || {
        let taken = context.intel.quotas.take(&request.request);
        taken
            .map(|taken| taken.map_err(|used_up| NoAnswer::NotSent(used_up.to_string())))
            .boxed()
    };
    let client = &context.client;
    let exchange = client.send_if(&request.request, &permit).await?;
    if let Some(cache) = &context.intel.cache
        && request.is_answered_by(provider, &exchange)
    {
        cache.put(&request.request, exchange.at, &exchange.answer);
    }
    Ok(exchange)
}

/// The answer to a request that does not have to be sent: one in the journal, or one in the cache, which is then
/// recorded in the journal.
fn known_answer(
    context: &Context,
    provider: &HttpProvider,
    request: &SharedRequest,
) -> Result<Option<Exchange>, Failure> {
    let client = &context.client;
    if let Some(exchange) = client.on_record(&request.request)? {
        return Ok(Some(exchange));
    }
    if client.replays() {
        return Ok(None);
    }
    match request.kept_answer(provider, context.intel.cache.as_ref()) {
        Some(Exchange { at, answer, .. }) => {
            client.record_cached(&request.request, at, answer).map(Some)
        }
        None => Ok(None),
    }
}

/// True when a request was not sent because a quota is used up.
fn is_not_sent(exchange: &Exchange) -> bool {
    matches!(exchange.answer, Answer::Nothing(NoAnswer::NotSent(_)))
}
