//! Stage 5, intel: asks the providers of threat intelligence about the urls.

mod service;
mod workspace;

use std::collections::BTreeSet;

use url::Url;

use super::context::Context;
use super::findings::Findings;
use super::lookup::{LookupResult, Lookups};
use super::urls::Urls;
use super::verdicts::Verdicts;
use crate::graph::{Edge, Graph, Seen, node};
use crate::http::Failure;
use crate::intel::{Provider, State};
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
    let new = verdicts.take_new(urls);
    for provider in &context.intel.providers {
        for result in ask_provider(context, provider, &new, verdicts).await? {
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

async fn ask_provider(
    context: &Context,
    provider: &Provider,
    urls: &BTreeSet<Url>,
    verdicts: &mut Verdicts,
) -> Result<Vec<LookupResult>, Failure> {
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
        let seen = match verdict.state {
            State::Skipped => Vec::new(),
            _ => lists.collect(),
        };
        results.push(LookupResult { url, verdict, seen });
    }
    match provider {
        Provider::Workspace(indicators) => {
            results.extend(workspace::ask(context, indicators, lookups.workspace).await?);
        }
        Provider::Service(service) => {
            let given_up = verdicts.given_up.get(service.name()).cloned();
            let (answers, given_up) =
                service::ask(context, service, lookups.requests, given_up).await?;
            if let Some(given_up) = given_up {
                verdicts.given_up.insert(service.name(), given_up);
            }
            results.extend(answers);
        }
        Provider::List(_) => {}
    }
    Ok(results)
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
    let id = VerdictId::new(provider.name(), url.url.as_str());
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
    if let Some(url) = urls.node(&url.url) {
        graph.link(url, Edge::HasVerdict, node, first);
        for seen in seen.iter().skip(1) {
            graph.link(url, Edge::HasVerdict, node, *seen);
        }
    }
    for seen in seen {
        graph.see(node, seen);
    }
    if let Some(url) = urls.node(&url.url) {
        verdicts.add(url, verdict);
    }
}
