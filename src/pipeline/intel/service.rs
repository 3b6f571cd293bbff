//! Requests to the service of a provider.

use futures::FutureExt;
use futures::stream::{self, StreamExt};

use super::super::context::Context;
use super::super::lookup::{LookupResult, SharedRequest, is_down};
use crate::http::Failure;
use crate::intel::{HttpProvider, State, Verdict};
use crate::journal::{Answer, Exchange, NoAnswer};

/// Requests to a provider that are under way at the same time.
const CONCURRENT: usize = 4;
/// After how many failed requests in a row a provider is given up for this load. It equals the number of concurrent
/// requests, so that a service that hangs costs the time of one deadline.
const DOWN_IN_A_ROW: usize = CONCURRENT;

/// Sends one request after the other until the provider has to be given up: a quota is used up, or the service was down
/// too often in a row. From then on only answers count that are in the journal or were kept from earlier cases. The
/// requests and the journal alone decide where that begins, so a replay comes to the same result.
///
/// `given_up` is what is said in place of an answer when the provider was given up before; what is given back says
/// whether it is given up now.
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
        // Answers are read in the order of the requests, whichever comes first.
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
            if is_down(&exchange) {
                down_in_a_row += 1;
                given_up = first.and_then(|verdict| give_up(&exchange, verdict, down_in_a_row));
            } else {
                down_in_a_row = 0;
            }
        }
    }
    if let Some(verdict) = &given_up {
        // Requests that were under way have been dropped. An answer that came in time is in the journal.
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

/// What is said in place of all further answers, when an exchange shows that the provider has to be given up. `verdict`
/// is what it says of its own url.
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

/// The answer to a request: one that is known, else a new one, which is kept for later cases.
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
    let exchange = client.send_if(&request.request, &permit, is_down).await?;
    if let Some(cache) = &context.intel.cache
        && request.is_answered_by(provider, &exchange)
    {
        cache.put(&request.request, exchange.at, &exchange.answer);
    }
    Ok(exchange)
}

/// The answer to a request that need not be sent: it is in the journal, or was kept from an earlier case and is put
/// there now.
fn known_answer(
    context: &Context,
    provider: &HttpProvider,
    request: &SharedRequest,
) -> Result<Option<Exchange>, Failure> {
    let client = &context.client;
    if let Some(exchange) = client.on_record(&request.request, is_down)? {
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
