//! Stage 5: what the providers know of the urls.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use url::Url;

use super::Investigation;
use crate::graph::node::Verdict;
use crate::graph::{Edge, Label, Seen};
use crate::source::Exchange;
use crate::source::http::{Client, Failure};
use crate::source::intel::{Ask, Privacy, Provider, Question, Reading, State, question};

/// Urls that a provider is asked about at the same time.
const CONCURRENT: usize = 4;
/// Answers in a row that are none, after which a provider is not asked again in this run.
const PATIENCE: usize = 8;

/// What came of asking one provider about one url.
struct Asked {
    url: Url,
    /// The string that was sent, if it was not the url.
    asked: Option<String>,
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
    for provider in std::mem::take(&mut run.providers) {
        let answers = ask_all(&run.client, provider.as_ref(), &run.privacy, &new).await?;
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
    let mut asks = stream::iter(urls)
        .map(|url| ask(client, provider, privacy, url))
        .buffered(CONCURRENT);
    // Answers are taken in the order of the urls, so where patience ends depends on them alone.
    while silent < PATIENCE {
        let Some(answer) = asks.next().await else {
            break;
        };
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
        let reading = Reading::unavailable(&summary);
        answers.push(Asked {
            url: url.clone(),
            asked: None,
            reading,
            exchange: None,
        });
    }
    Ok(answers)
}

async fn ask(
    client: &Client,
    provider: &dyn Provider,
    privacy: &Privacy,
    url: &Url,
) -> Result<Asked, Failure> {
    let Question { ask, asked } = question(provider, privacy, url);
    let url = url.clone();
    match ask {
        Ask::Local(reading) => Ok(Asked {
            url,
            asked,
            reading,
            exchange: None,
        }),
        Ask::Send(request) => {
            let exchange = client.send(&request).await?;
            let reading = provider.read(&url, &exchange);
            Ok(Asked {
                url,
                asked,
                reading,
                exchange: Some(exchange),
            })
        }
    }
}

fn put(run: &mut Investigation, stage: &'static str, provider: &'static str, answer: Asked) {
    let Asked {
        url,
        asked,
        reading,
        exchange,
    } = answer;
    let seen = match &exchange {
        Some(exchange) => Seen::at(exchange.record, Some(exchange.at)),
        None => Seen::default(),
    };
    let verdict = Verdict {
        provider: provider.to_owned(),
        url: url.to_string(),
        state: reading.state.as_str().to_owned(),
        severity: reading
            .severity
            .map(|severity| severity.as_str().to_owned()),
        score: reading.score,
        summary: Some(reading.summary.clone()),
        tags: reading.tags.clone(),
        reference: reading.reference.clone(),
        checked: seen.at,
        asked,
    };
    let verdict = run.graph.put(verdict, seen);
    if exchange.is_none() && reading.state != State::Skipped {
        // A list of one's own is on record as a whole.
        for list in run.lists.clone() {
            run.graph.see(verdict, Seen::in_record(list));
        }
    }
    if let Some(node) = run.graph.find(Label::Url, url.as_str()) {
        run.graph.link(node, Edge::HasVerdict, verdict, seen);
    }
    if matches!(reading.state, State::RateLimited | State::Unavailable) {
        run.gaps.add(stage, provider, &reading.summary, 1);
    }
    run.readings.entry(url).or_default().push(reading);
}
