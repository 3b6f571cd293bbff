//! Stage 5, intel: asks the providers of threat intelligence about the urls.

mod service;
mod workspace;

use futures::future::try_join_all;
use url::Url;

use super::context::Context;
use super::findings::Findings;
use super::lookup::{LookupResult, Lookups};
use super::urls::Urls;
use super::verdicts::Verdicts;
use crate::graph::{Edge, Graph, Seen, node, schema};
use crate::http::Failure;
use crate::intel::{Decision, Provider, State, Verdict};
use crate::model::{Stage, VerdictId};

/// Asks every provider about every url.
pub(super) async fn ask(
    context: &Context,
    findings: &mut Findings,
    urls: &Urls,
) -> Result<Verdicts, Failure> {
    let mut verdicts = Verdicts::default();
    for provider in &context.intel.providers {
        let Provider::List(lists) = provider else {
            continue;
        };
        for problem in lists.problems() {
            let (reason, affected) = (&problem.reason, problem.affected as u64);
            findings
                .gaps
                .add(Stage::Intel, provider.source(), reason, affected);
        }
    }
    ask_about_new(context, findings, Stage::Intel, urls, &mut verdicts).await?;
    Ok(verdicts)
}

/// Asks every provider about every url that was not looked up before. Gaps are added under `stage`.
pub(super) async fn ask_about_new(
    context: &Context,
    findings: &mut Findings,
    stage: Stage,
    urls: &Urls,
    verdicts: &mut Verdicts,
) -> Result<(), Failure> {
    let new = New::of(context, findings, urls, verdicts);
    let given_up = &verdicts.given_up;
    let asked = context.intel.providers.iter().map(|provider| {
        let given_up = given_up.get(provider.name()).cloned();
        ask_provider(context, provider, new.urls(provider), given_up)
    });
    // All are asked at the same time, so that a slow one holds up no other. The answers are taken in the order of the
    // configuration, so that the graph does not depend on which one is faster.
    let answers = try_join_all(asked).await?;
    for (provider, answers) in context.intel.providers.iter().zip(answers) {
        if let Some(given_up) = answers.given_up {
            verdicts.given_up.insert(provider.name(), given_up);
        }
        for result in answers.results {
            if matches!(
                result.verdict.state,
                State::RateLimited | State::Unavailable
            ) {
                let reason = &result.verdict.summary;
                findings.gaps.add(stage, provider.source(), reason, 1);
            }
            put(&mut findings.graph, urls, verdicts, provider, result);
        }
    }
    Ok(())
}

/// The urls that were not looked up before, sorted.
#[derive(Default)]
struct New {
    /// All of them, if a provider of the tenant's own is asked.
    all: Vec<Url>,
    /// Those that a provider outside may be told of, if one is asked. Most urls in a tenant are its own.
    outside: Vec<Url>,
}

impl New {
    /// Takes the new urls, and marks those that no provider outside may be told of.
    fn of(
        context: &Context,
        findings: &mut Findings,
        urls: &Urls,
        verdicts: &mut Verdicts,
    ) -> Self {
        let providers = &context.intel.providers;
        let is_local = |provider: &Provider| provider.local();
        let (some_local, some_outside) = (
            providers.iter().any(is_local),
            !providers.iter().all(is_local),
        );
        let graph = &mut findings.graph;
        let mut new = Self::default();
        for node in verdicts.take_new(graph, urls) {
            let Some(url) = urls.url(graph, node) else {
                continue;
            };
            if some_outside {
                match context.intel.privacy.decide(&url) {
                    Decision::Skip(reason) => graph.set(node, schema::url::WITHHELD, reason),
                    Decision::Ask(_) => new.outside.push(url.clone()),
                }
            }
            if some_local {
                new.all.push(url);
            }
        }
        new
    }

    /// The urls that a provider is asked about.
    fn urls(&self, provider: &Provider) -> &[Url] {
        match provider.local() {
            true => &self.all,
            false => &self.outside,
        }
    }
}

/// What one provider said about urls.
struct Answers {
    results: Vec<LookupResult>,
    /// The verdict for unanswered requests, if the provider was given up now or before.
    given_up: Option<Verdict>,
}

async fn ask_provider(
    context: &Context,
    provider: &Provider,
    urls: &[Url],
    mut given_up: Option<Verdict>,
) -> Result<Answers, Failure> {
    let lookups = Lookups::of(provider, &context.intel.privacy, urls);
    let mut results = Vec::with_capacity(urls.len());
    for (url, verdict) in lookups.local {
        // Each list is one record in the journal, so the records of all lists are the evidence for the verdict on a
        // url.
        // A url that some of them name is proven by these.
        let naming = match provider {
            Provider::List(lists) => lists.lists_about(&url.url),
            _ => Vec::new(),
        };
        let all = context.intel.lists.iter().copied().enumerate();
        let lists = all
            .filter(|(list, _)| naming.is_empty() || naming.contains(list))
            .map(|(_, record)| Seen::in_record(record));
        let seen = lists.collect();
        results.push(LookupResult { url, verdict, seen });
    }
    match provider {
        Provider::Workspace(indicators) => {
            results.extend(workspace::ask(context, indicators, lookups.workspace).await?);
        }
        Provider::Service(service) => {
            let answers;
            (answers, given_up) =
                service::ask(context, service, lookups.requests, given_up).await?;
            results.extend(answers);
        }
        Provider::List(_) => {}
    }
    Ok(Answers { results, given_up })
}

/// Adds a verdict to the graph and to the verdicts so far.
fn put(
    graph: &mut Graph,
    urls: &Urls,
    verdicts: &mut Verdicts,
    provider: &Provider,
    result: LookupResult,
) {
    let LookupResult { url, verdict, seen } = result;
    let id = VerdictId::new(graph.case(), provider.name(), url.url.as_str());
    let node = node::Verdict {
        severity: verdict.severity,
        score: verdict.score,
        summary: Some(verdict.summary.clone()),
        tags: verdict.tags.clone(),
        reference: verdict.reference.clone(),
        checked: seen.iter().filter_map(|seen| seen.at).max(),
        asked: url.sent_as,
        ..node::Verdict::new(id, verdict.state)
    };
    let first = seen.first().copied().unwrap_or_default();
    let node = graph.put(node, first);
    for seen in &seen {
        graph.see(node, *seen);
    }
    if let Some(url) = urls.node(graph, &url.url) {
        graph.link(url, Edge::HasVerdict, node, first);
        for seen in seen.into_iter().skip(1) {
            graph.link(url, Edge::HasVerdict, node, seen);
        }
        verdicts.add(url, verdict);
    }
}
