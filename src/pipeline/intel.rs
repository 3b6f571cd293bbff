//! Stage 5: what the providers know of the urls.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use url::Url;

use super::Investigation;
use crate::graph::node::Verdict;
use crate::graph::{Edge, Label, Seen};
use crate::source::Exchange;
use crate::source::http::{Client, Failure};
use crate::source::intel::{Ask, Decision, Privacy, Provider, Reading, State};

/// Urls that a provider is asked about at the same time.
const CONCURRENT: usize = 4;
/// Answers in a row that are none, after which a provider is not asked again in this run.
const PATIENCE: usize = 8;

/// What came of asking one provider about one url.
struct Asked {
    url: Url,
    asked: String,
    reading: Reading,
    exchange: Option<Exchange>,
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
    let settings = &run.scope.settings;
    let privacy = Privacy::new(settings.internal_domains.clone(), settings.send_query);
    for provider in std::mem::take(&mut run.providers) {
        let answers = ask_all(&run.client, provider.as_ref(), &privacy, &new).await?;
        for answer in answers {
            put(run, stage, provider.name(), answer);
        }
        run.providers.push(provider);
    }
    Ok(())
}

async fn ask_all(
    client: &Client,
    provider: &dyn Provider,
    privacy: &Privacy,
    urls: &BTreeSet<Url>,
) -> Result<Vec<Asked>, Failure> {
    let mut answers = Vec::with_capacity(urls.len());
    let mut silent = 0;
    let mut asks = stream::iter(urls).map(|url| ask(client, provider, privacy, url)).buffered(CONCURRENT);
    // Answers are taken in the order of the urls, so where patience ends depends on them alone.
    while silent < PATIENCE {
        let Some(answer) = asks.next().await else { break };
        let answer = answer?;
        match answer.reading.state {
            State::RateLimited | State::Unavailable => silent += 1,
            State::Skipped => {}
            State::Hit | State::Clean | State::NotFound => silent = 0,
        }
        answers.push(answer);
    }
    drop(asks);
    for url in urls.iter().skip(answers.len()) {
        let summary = format!("not asked: {PATIENCE} answers in a row were none");
        let reading = Reading::unanswered(State::Unavailable, summary);
        answers.push(Asked { url: url.clone(), asked: url.to_string(), reading, exchange: None });
    }
    Ok(answers)
}

async fn ask(client: &Client, provider: &dyn Provider, privacy: &Privacy, url: &Url) -> Result<Asked, Failure> {
    let asked = |asked: String, reading, exchange| Ok(Asked { url: url.clone(), asked, reading, exchange });
    // What stays here may see everything.
    let decision = if provider.local() { Decision::Ask(url.to_string()) } else { privacy.decide(url) };
    match decision {
        Decision::Skip(reason) => asked(url.to_string(), Reading::unanswered(State::Skipped, reason), None),
        Decision::Ask(text) => match provider.ask(&text) {
            Ask::Local(reading) => asked(text, reading, None),
            Ask::Send(request) => {
                let exchange = client.send(&request).await?;
                let reading = provider.read(url, &exchange);
                asked(text, reading, Some(exchange))
            }
        },
    }
}

fn put(run: &mut Investigation, stage: &'static str, provider: &'static str, answer: Asked) {
    let Asked { url, asked, reading, exchange } = answer;
    let seen = match &exchange {
        Some(exchange) => Seen::at(exchange.record, Some(exchange.at)),
        None => Seen::default(),
    };
    let verdict = Verdict {
        provider: provider.to_owned(),
        url: url.to_string(),
        state: reading.state.as_str().to_owned(),
        severity: reading.severity.map(|severity| severity.as_str().to_owned()),
        score: reading.score,
        summary: Some(reading.summary.clone()),
        tags: reading.tags.clone(),
        reference: reading.reference.clone(),
        checked: seen.at,
        asked: (asked != url.as_str()).then_some(asked),
    };
    let verdict = run.graph.put(verdict, seen);
    if let Some(node) = run.graph.find(Label::Url, url.as_str()) {
        run.graph.link(node, Edge::HasVerdict, verdict, seen);
    }
    if matches!(reading.state, State::RateLimited | State::Unavailable) {
        run.gaps.add(stage, provider, &reading.summary, 1);
    }
    run.readings.entry(url).or_default().push(reading);
}
