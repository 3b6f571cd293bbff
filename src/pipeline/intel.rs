//! Stage 5: what the providers know of the urls.

mod workspace;

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use url::Url;

use super::Investigation;
use crate::graph::node::Verdict;
use crate::graph::{Edge, Label, Seen};
use crate::source::http::{Client, Failure, NOT_SENT};
use crate::source::intel::{Ask, Desk, Provider, Question, Reading, State, question};
use crate::source::{Answer, Exchange, Request};

/// Urls that a provider is asked about at the same time.
const CONCURRENT: usize = 4;
/// Answers in a row that are none, after which a provider is not asked again in this run. As many as are asked for at
/// the same time: one that hangs then costs one deadline.
const PATIENCE: usize = CONCURRENT;

/// What came of asking one provider about one url.
struct Asked {
    url: Url,
    /// The string that was sent, if it was not the url.
    asked: Option<String>,
    reading: Reading,
    /// What says so.
    seen: Vec<Seen>,
}

/// What a url is asked with.
struct Open {
    url: Url,
    asked: Option<String>,
    request: Request,
}

/// Asks every provider about every url of the graph that it has not been asked about. `stage` is where gaps belong.
pub(super) async fn run(run: &mut Investigation, stage: &'static str) -> Result<(), Failure> {
    let all = run.graph.labelled(Label::Url);
    let new: BTreeSet<Url> = all
        .into_iter()
        .filter_map(|node| Url::parse(&run.graph.node(node).id).ok())
        .filter(|url| !run.readings.contains_key(url))
        .collect();
    for url in &new {
        run.readings.insert(url.clone(), Vec::new());
    }
    for provider in std::mem::take(&mut run.providers) {
        for answer in ask_all(run, provider.as_ref(), &new).await? {
            put(run, stage, provider.as_ref(), answer);
        }
        run.providers.push(provider);
    }
    Ok(())
}

async fn ask_all(
    run: &mut Investigation,
    provider: &dyn Provider,
    urls: &BTreeSet<Url>,
) -> Result<Vec<Asked>, Failure> {
    let mut answers = Vec::with_capacity(urls.len());
    let mut open = Vec::new();
    let mut wanted = Vec::new();
    for url in urls {
        let Question { ask, asked } = question(provider, &run.privacy, url);
        let url = url.clone();
        match ask {
            Ask::Send(request) => open.push(Open {
                url,
                asked,
                request,
            }),
            Ask::Workspace(values) => wanted.push((url, values)),
            Ask::Local(reading) => {
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
        }
    }
    answers.extend(workspace::ask(run, provider, wanted).await?);
    let closed = run.closed.get(provider.name()).cloned();
    let (sent, closed) = ask_service(&run.client, &run.desk, provider, open, closed).await?;
    if let Some(closed) = closed {
        run.closed.insert(provider.name(), closed);
    }
    answers.extend(sent);
    Ok(answers)
}

/// Asks a service about one url after the other, until it is closed: a quota is used up, or too many answers in a row
/// were none. From then on there is only what is on record or kept from earlier cases. Where that begins depends on
/// the urls and the journal alone, so a replay sees the same.
async fn ask_service(
    client: &Client,
    desk: &Desk,
    provider: &dyn Provider,
    open: Vec<Open>,
    mut closed: Option<Reading>,
) -> Result<(Vec<Asked>, Option<Reading>), Failure> {
    let mut answers = Vec::with_capacity(open.len());
    let mut silent = 0;
    if closed.is_none() {
        let mut asks = stream::iter(&open)
            .map(|open| ask(client, desk, provider, open))
            .buffered(CONCURRENT);
        // Answers are taken in the order of the urls.
        while let Some(answer) = asks.next().await {
            let (answer, quota) = answer?;
            let state = answer.reading.state;
            silent = match state {
                State::RateLimited | State::Unavailable => silent + 1,
                State::Hit | State::Clean | State::NotFound | State::Skipped => 0,
            };
            if quota {
                closed = Some(answer.reading.clone());
            } else if silent == PATIENCE {
                let why = format!(
                    "not asked: {PATIENCE} answers in a row were none; run again when it answers"
                );
                closed = Some(match state {
                    State::RateLimited => Reading::rate_limited(&why),
                    _ => Reading::unavailable(&why),
                });
            }
            answers.push(answer);
            if closed.is_some() {
                break;
            }
        }
    }
    if let Some(closed) = &closed {
        // What was under way has been dropped. If its answer came in time, it is on record.
        for open in open.iter().skip(answers.len()) {
            answers.push(match known(client, desk, provider, open)? {
                Some(answer) => answer,
                None => Asked {
                    url: open.url.clone(),
                    asked: open.asked.clone(),
                    reading: closed.clone(),
                    seen: Vec::new(),
                },
            });
        }
    }
    Ok((answers, closed))
}

/// The answer about a url, and whether there is none because a quota is used up.
async fn ask(
    client: &Client,
    desk: &Desk,
    provider: &dyn Provider,
    open: &Open,
) -> Result<(Asked, bool), Failure> {
    if let Some(answer) = known(client, desk, provider, open)? {
        return Ok((answer, false));
    }
    let request = &open.request;
    let exchange = client.send_if(request, &|| desk.permit(request)).await?;
    let quota = matches!(&exchange.answer, Answer::Nothing(why) if why.starts_with(NOT_SENT));
    let answer = read(provider, open, &exchange);
    if is_answer(&answer.reading) {
        desk.keep(request, &exchange);
    }
    Ok((answer, quota))
}

/// The answer about a url that need not be asked for: on record, or kept from an earlier case.
fn known(
    client: &Client,
    desk: &Desk,
    provider: &dyn Provider,
    open: &Open,
) -> Result<Option<Asked>, Failure> {
    if let Some(exchange) = client.on_record(&open.request)? {
        return Ok(Some(read(provider, open, &exchange)));
    }
    if client.replays() {
        return Ok(None);
    }
    let Some((at, answer)) = desk.kept(&open.request) else {
        return Ok(None);
    };
    let kept = Exchange {
        record: 0,
        at,
        answer,
    };
    // Whatever became of the file since, only an answer is taken from it.
    if !is_answer(&provider.read(&open.url, &kept)) {
        return Ok(None);
    }
    let exchange = client.adopt(&open.request, at, kept.answer)?;
    Ok(Some(read(provider, open, &exchange)))
}

fn is_answer(reading: &Reading) -> bool {
    matches!(reading.state, State::Hit | State::Clean | State::NotFound)
}

fn read(provider: &dyn Provider, open: &Open, exchange: &Exchange) -> Asked {
    Asked {
        url: open.url.clone(),
        asked: open.asked.clone(),
        reading: provider.read(&open.url, exchange),
        seen: vec![Seen::at(exchange.record, Some(exchange.at))],
    }
}

fn put(run: &mut Investigation, stage: &'static str, provider: &dyn Provider, answer: Asked) {
    let Asked {
        url,
        asked,
        reading,
        seen,
    } = answer;
    let first = seen.first().copied().unwrap_or_default();
    let verdict = Verdict {
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
