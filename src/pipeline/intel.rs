//! Stage 5: what the providers know of the urls.

mod workspace;

use std::collections::{BTreeSet, HashMap};

use chrono::Utc;
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use url::Url;

use super::Investigation;
use crate::graph::node;
use crate::graph::{Edge, Label, Seen};
use crate::http::{Client, Failure, is_json};
use crate::intel::{
    AnswerCache, HttpProvider, Lookup, Privacy, Provider, ProviderRequest, Quotas, State, Verdict,
    provider_request,
};
use crate::journal::{Answer, Body, Exchange, NoAnswer, Request};
use crate::model::Stage;

/// Urls that a provider is asked about at the same time.
const CONCURRENT: usize = 4;
/// Urls in a row at which a provider was down, after which it is not asked again in this run. As many as are asked
/// about at the same time: one that hangs then costs one deadline.
const PATIENCE: usize = CONCURRENT;

/// What came of asking one provider about one url.
struct Asked {
    url: Url,
    /// The string that was sent, if it was not the url.
    asked: Option<String>,
    reading: Verdict,
    /// What says so.
    seen: Vec<Seen>,
}

/// What a service is asked by: the journal and the network, with what stands between them.
struct Services<'r> {
    client: &'r Client,
    quotas: &'r Quotas,
    /// Answers of earlier cases.
    cache: Option<&'r AnswerCache>,
}

/// A request, and the urls it asks about: what the privacy rules leave of several may be the same.
pub(super) struct Open {
    pub(super) request: Request,
    pub(super) urls: Vec<(Url, Option<String>)>,
}

/// What is to be done about urls at one provider.
#[derive(Default)]
pub(super) struct Questions {
    /// Requests to a service.
    pub(super) open: Vec<Open>,
    /// Urls that the workspace is asked about, each by its values.
    pub(super) workspace: Vec<(Url, Vec<String>)>,
    /// What is known without asking anybody: lists of one's own, and what the privacy rules hold back.
    pub(super) local: Vec<(Url, Option<String>, Verdict)>,
}

/// Asks every provider about every url of the graph that it has not been asked about. `stage` is where gaps belong.
pub(super) async fn run(run: &mut Investigation, stage: Stage) -> Result<(), Failure> {
    let new = unasked(run);
    for url in &new {
        run.readings.insert(url.clone(), Vec::new());
    }
    let providers = std::mem::take(&mut run.providers);
    let asked = ask_each(run, stage, &providers, &new).await;
    run.providers = providers;
    asked
}

async fn ask_each(
    run: &mut Investigation,
    stage: Stage,
    providers: &[Provider],
    urls: &BTreeSet<Url>,
) -> Result<(), Failure> {
    for provider in providers {
        for answer in ask_all(run, provider, urls).await? {
            put(run, stage, provider, answer);
        }
    }
    Ok(())
}

/// Urls of the graph.
pub(super) fn urls(run: &Investigation) -> BTreeSet<Url> {
    run.addresses.values().cloned().collect()
}

/// Urls of the graph that nobody has been asked about.
fn unasked(run: &Investigation) -> BTreeSet<Url> {
    let mut urls = urls(run);
    urls.retain(|url| !run.readings.contains_key(url));
    urls
}

/// What is to be done about these urls at a provider. Both the load and its plan take it from here.
pub(super) fn questions(provider: &Provider, privacy: &Privacy, urls: &BTreeSet<Url>) -> Questions {
    let mut questions = Questions::default();
    let mut places: HashMap<(Url, Option<Body>), usize> = HashMap::new();
    for url in urls {
        let ProviderRequest { lookup, asked } = provider_request(provider, privacy, url);
        let url = url.clone();
        match lookup {
            Lookup::Send(request) => {
                let open = &mut questions.open;
                let key = (request.url.clone(), request.body.clone());
                let place = *places.entry(key).or_insert(open.len());
                match open.get_mut(place) {
                    Some(open) => open.urls.push((url, asked)),
                    None => open.push(Open {
                        request,
                        urls: vec![(url, asked)],
                    }),
                }
            }
            Lookup::Workspace(values) => questions.workspace.push((url, values)),
            Lookup::Known(reading) => questions.local.push((url, asked, reading)),
        }
    }
    questions
}

async fn ask_all(
    run: &mut Investigation,
    provider: &Provider,
    urls: &BTreeSet<Url>,
) -> Result<Vec<Asked>, Failure> {
    let mut answers = Vec::with_capacity(urls.len());
    let questions = questions(provider, &run.privacy, urls);
    for (url, asked, reading) in questions.local {
        // A list of one's own is on record as a whole.
        let lists = run.lists.iter().copied().map(Seen::in_record);
        let seen = match reading.state {
            State::Skipped => Vec::new(),
            _ => lists.collect(),
        };
        answers.push(Asked {
            url,
            asked,
            reading,
            seen,
        });
    }
    match provider {
        Provider::Workspace(indicators) => {
            answers.extend(workspace::ask(run, indicators, questions.workspace).await?);
        }
        Provider::Service(service) => {
            let closed = run.closed.get(service.name()).cloned();
            let services = Services {
                client: &run.client,
                quotas: &run.quotas,
                cache: run.cache.as_ref(),
            };
            let (sent, closed) = ask_service(&services, service, questions.open, closed).await?;
            if let Some(closed) = closed {
                run.closed.insert(service.name(), closed);
            }
            answers.extend(sent);
        }
        Provider::List(_) => {}
    }
    Ok(answers)
}

/// Asks a service about one url after the other, until it is closed: a quota is used up, or too many answers in a row
/// were none. From then on there is only what is on record or kept from earlier cases. Where that begins depends on
/// the urls and the journal alone, so a replay sees the same.
async fn ask_service(
    services: &Services<'_>,
    provider: &HttpProvider,
    open: Vec<Open>,
    mut closed: Option<Verdict>,
) -> Result<(Vec<Asked>, Option<Verdict>), Failure> {
    let mut answers = Vec::with_capacity(open.len());
    let (mut silent, mut done) = (0, 0);
    if closed.is_none() {
        let mut asks = stream::iter(&open)
            .map(|open| ask(services, provider, open))
            .buffered(CONCURRENT);
        // Answers are taken in the order of the urls.
        while let Some(exchange) = asks.next().await {
            let exchange = exchange?;
            let told = read(provider, &open[done], &exchange);
            let reading = told.first().map(|asked| asked.reading.clone());
            answers.extend(told);
            done += 1;
            let Some(reading) = reading.filter(|_| is_down(&exchange)) else {
                silent = 0;
                continue;
            };
            silent += 1;
            if is_unsent(&exchange) {
                closed = Some(reading);
            } else if silent == PATIENCE {
                let why = format!(
                    "not asked: no answer to {PATIENCE} urls in a row; run again when it answers"
                );
                closed = Some(match reading.state {
                    State::RateLimited => Verdict::rate_limited(&why),
                    _ => Verdict::unavailable(&why),
                });
            }
            if closed.is_some() {
                break;
            }
        }
    }
    if let Some(closed) = &closed {
        // What was under way has been dropped. If its answer came in time, it is on record.
        for open in &open[done..] {
            match known(services, provider, open)? {
                Some(exchange) => answers.extend(read(provider, open, &exchange)),
                None => answers.extend(open.urls.iter().map(|(url, asked)| Asked {
                    url: url.clone(),
                    asked: asked.clone(),
                    reading: closed.clone(),
                    seen: Vec::new(),
                })),
            }
        }
    }
    Ok((answers, closed))
}

/// The answer to a request: one that is known, else a new one.
async fn ask(
    services: &Services<'_>,
    provider: &HttpProvider,
    open: &Open,
) -> Result<Exchange, Failure> {
    if let Some(exchange) = known(services, provider, open)? {
        return Ok(exchange);
    }
    let request = &open.request;
    let permit = || {
        let taken = services.quotas.take(request);
        taken
            .map(|taken| taken.map_err(|used_up| NoAnswer::NotSent(used_up.to_string())))
            .boxed()
    };
    let exchange = services.client.send_if(request, &permit, is_down).await?;
    if let Some(cache) = services.cache
        && answers(provider, open, &exchange)
    {
        cache.put(request, exchange.at, &exchange.answer);
    }
    Ok(exchange)
}

/// The answer to a request that need not be sent: on record, or kept from an earlier case.
fn known(
    services: &Services<'_>,
    provider: &HttpProvider,
    open: &Open,
) -> Result<Option<Exchange>, Failure> {
    let client = services.client;
    if let Some(exchange) = client.on_record(&open.request, is_down)? {
        return Ok(Some(exchange));
    }
    if client.replays() {
        return Ok(None);
    }
    let Some(Exchange { at, answer, .. }) = kept(services.cache, provider, open) else {
        return Ok(None);
    };
    client.record_cached(&open.request, at, answer).map(Some)
}

/// The answer to a request that was kept from an earlier case. Whatever became of the file since, only an answer is
/// taken from it.
pub(super) fn kept(
    cache: Option<&AnswerCache>,
    provider: &HttpProvider,
    open: &Open,
) -> Option<Exchange> {
    let (at, answer) = cache?.get(&open.request, Utc::now())?;
    let kept = Exchange {
        record: 0,
        at,
        answer,
    };
    answers(provider, open, &kept).then_some(kept)
}

/// Whether an exchange answers what was asked.
fn answers(provider: &HttpProvider, open: &Open, exchange: &Exchange) -> bool {
    let first = open.urls.first();
    first.is_some_and(|(url, _)| is_answer(&provider.read(url, exchange)))
}

fn is_answer(reading: &Verdict) -> bool {
    matches!(reading.state, State::Hit | State::Clean | State::NotFound)
}

/// Whether an exchange shows that the service answers nobody, rather than that it has no answer to this url: a url may
/// be too long for it, or none to its mind.
pub(super) fn is_down(exchange: &Exchange) -> bool {
    match &exchange.answer {
        Answer::Nothing(_) => true,
        Answer::Response { status, body, .. } => match status {
            200 => !is_json(body.trim_start_matches('\u{feff}')),
            404 => !body.trim().is_empty() && !is_json(body),
            400 | 405..=406 | 409..=428 => false,
            _ => true,
        },
    }
}

/// Whether a quota kept a request from being sent.
fn is_unsent(exchange: &Exchange) -> bool {
    matches!(exchange.answer, Answer::Nothing(NoAnswer::NotSent(_)))
}

fn read(provider: &HttpProvider, open: &Open, exchange: &Exchange) -> Vec<Asked> {
    let about = open.urls.iter().map(|(url, asked)| Asked {
        url: url.clone(),
        asked: asked.clone(),
        reading: provider.read(url, exchange),
        seen: vec![Seen::at(exchange.record, Some(exchange.at))],
    });
    about.collect()
}

fn put(run: &mut Investigation, stage: Stage, provider: &Provider, answer: Asked) {
    let Asked {
        url,
        asked,
        reading,
        seen,
    } = answer;
    let first = seen.first().copied().unwrap_or_default();
    let verdict = node::Verdict {
        provider: provider.name().to_owned(),
        url: url.to_string(),
        state: reading.state.as_str().to_owned(),
        severity: reading
            .severity
            .map(|severity| severity.as_str().to_owned()),
        score: reading.score,
        summary: Some(reading.summary.clone()),
        tags: reading.tags.clone(),
        reference: reading.reference.clone(),
        checked: seen.iter().filter_map(|seen| seen.at).max(),
        asked,
    };
    let verdict = run.graph.put(verdict, first);
    for seen in &seen {
        run.graph.see(verdict, *seen);
    }
    if let Some(node) = run.graph.find(Label::Url, url.as_str()) {
        run.graph.link(node, Edge::HasVerdict, verdict, first);
    }
    if matches!(reading.state, State::RateLimited | State::Unavailable) {
        run.gaps.add(stage, provider.source(), &reading.summary, 1);
    }
    run.readings.entry(url).or_default().push(reading);
}
