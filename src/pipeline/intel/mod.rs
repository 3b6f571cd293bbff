//! Stage 5, intel: asks the providers of threat intelligence about the urls.

mod service;
mod workspace;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use url::Url;

use super::context::Context;
use super::findings::Findings;
use super::lookup::{LookupResult, LookupUrl, Lookups};
use super::urls::Urls;
use super::verdicts::Verdicts;
use crate::graph::{Edge, Graph, NodeRef, Seen, node, schema};
use crate::http::Failure;
use crate::intel::defender::DEFENDER;
use crate::intel::{ANALYST, Decision, Provider, State, Verdict};
use crate::model::{Stage, VerdictId};
use crate::source::logs::Problem;

pub(super) use self::service::ServiceState;

/// Asks every provider about every url.
pub(super) async fn ask(
    context: &Context,
    findings: &mut Findings,
    urls: &mut Urls,
    verdicts: &mut Verdicts,
) -> Result<(), Failure> {
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
        if let Some(left_out) = lists.left_out() {
            let (reason, affected) = (left_out.reason, left_out.affected as u64);
            findings
                .notes
                .add(Stage::Intel, provider.source(), reason, affected);
        }
    }
    ask_about_new(context, findings, Stage::Intel, urls, verdicts).await
}

/// Asks every provider about every url that was not looked up before. Gaps are added under `stage`.
pub(super) async fn ask_about_new(
    context: &Context,
    findings: &mut Findings,
    stage: Stage,
    urls: &mut Urls,
    verdicts: &mut Verdicts,
) -> Result<(), Failure> {
    let new = New::of(context, findings, urls, verdicts);
    let services = &verdicts.services;
    let asked = context.intel.providers.iter().map(|provider| {
        let service = services.get(provider.name());
        ask_provider(context, provider, new.urls(provider), service)
    });
    // All are asked at the same time, so that a slow one holds up no other. The answers are taken in the order of the
    // configuration, so that the graph does not depend on which one is faster.
    let answers = try_join_all(asked).await?;
    for (provider, answers) in context.intel.providers.iter().zip(answers) {
        for (problem, affected) in answers.problems {
            let absence = problem.absence();
            let source = problem.source();
            findings.add(stage, source, &problem, absence.as_deref(), affected);
        }
        let service = answers.service.as_ref();
        for result in answers.results {
            if matches!(
                result.verdict.state,
                State::RateLimited | State::Unavailable
            ) {
                let reason = &result.verdict.summary;
                let is_barred = service.is_some_and(|service| service.is_barred_by(reason));
                let absence = is_barred.then_some(provider.name());
                findings.add(stage, provider.source(), reason, absence, 1);
            }
            put(&mut findings.graph, urls, verdicts, provider.name(), result);
        }
        if let Some(service) = answers.service {
            verdicts.services.insert(provider.name(), service);
        }
    }
    for url in new.named {
        let Some(verdict) = context.analyst.judge(&url) else {
            continue;
        };
        if let Some(node) = urls.node(&findings.graph, &url)
            && context.analyst.is_benign(&url)
        {
            verdicts.set_benign(node);
        }
        let result = LookupResult {
            url: LookupUrl { url, sent_as: None },
            verdict,
            seen: Vec::new(),
        };
        put(&mut findings.graph, urls, verdicts, ANALYST, result);
    }
    take_words(context, findings, urls, verdicts);
    Ok(())
}

/// Makes verdicts of what Defender's rows say of urls so far.
pub(super) fn take_words(
    context: &Context,
    findings: &mut Findings,
    urls: &Urls,
    verdicts: &mut Verdicts,
) {
    let is_taken = |provider: &Provider| matches!(provider, Provider::Defender);
    if !context.intel.providers.iter().any(is_taken) {
        return;
    }
    let graph = &mut findings.graph;
    for (url, verdict, seen) in verdicts.words.take_new(context, graph, urls) {
        let Some(address) = urls.url(graph, url) else {
            continue;
        };
        put_verdict(
            graph,
            url,
            address.as_str(),
            DEFENDER,
            &verdict,
            &seen,
            Asked::default(),
        );
        verdicts.set_of_defender(url, verdict);
    }
}

/// The urls that were not looked up before, sorted.
#[derive(Default)]
struct New {
    /// All of them, if a provider of the tenant's own is asked.
    all: Vec<Url>,
    /// Those that a provider outside may be told of, if one is asked. Most urls in a tenant are its own.
    outside: Vec<Url>,
    /// Those that the analyst named malicious or benign.
    named: Vec<Url>,
}

impl New {
    /// Takes the new urls, and marks those that no provider outside may be told of.
    fn of(
        context: &Context,
        findings: &mut Findings,
        urls: &mut Urls,
        verdicts: &mut Verdicts,
    ) -> Self {
        let providers = &context.intel.providers;
        // What Defender says is taken from rows: it is asked nothing.
        let is_asked = |provider: &Provider| !matches!(provider, Provider::Defender);
        let is_local = |provider: &Provider| provider.local() && is_asked(provider);
        let (some_local, some_outside) = (
            providers.iter().any(is_local),
            !providers.iter().all(Provider::local),
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
            if context.analyst.judge(&url).is_some() {
                new.named.push(url.clone());
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
    /// How its service behaved so far, if it is one.
    service: Option<ServiceState>,
    /// Why urls could not be looked up in the workspace, with their number.
    problems: Vec<(Problem, u64)>,
}

async fn ask_provider(
    context: &Context,
    provider: &Provider,
    urls: &[Url],
    before: Option<&ServiceState>,
) -> Result<Answers, Failure> {
    let lookups = Lookups::of(provider, &context.intel.privacy, urls);
    let mut results = Vec::new();
    let mut problems = Vec::new();
    let mut state = None;
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
            let found;
            (found, problems) = workspace::ask(context, indicators, lookups.workspace).await?;
            results.extend(found);
        }
        Provider::Service(service) => {
            let mut now = match before {
                Some(before) => before.clone(),
                None => ServiceState::new(context, service),
            };
            results.extend(service::ask(context, service, &mut now, lookups.requests).await?);
            state = Some(now);
        }
        Provider::List(_) | Provider::Defender => {}
    }
    Ok(Answers {
        results,
        service: state,
        problems,
    })
}

/// Notes each service that knows none of many urls.
pub(super) fn note_what_knows_none(
    context: &Context,
    findings: &mut Findings,
    verdicts: &Verdicts,
) {
    for provider in &context.intel.providers {
        let Provider::Service(service) = provider else {
            continue;
        };
        let state = verdicts.services.get(provider.name());
        if let Some(urls) = state.and_then(ServiceState::knows_none) {
            let reason = format!(
                "{} knows none of the urls, which is unusual for so many; does its address in [endpoints] lead to it?",
                service.title()
            );
            findings
                .notes
                .add(Stage::Intel, provider.source(), reason, urls);
        }
    }
}

/// Adds a verdict to the graph and to the verdicts so far.
fn put(
    graph: &mut Graph,
    urls: &Urls,
    verdicts: &mut Verdicts,
    provider: &str,
    result: LookupResult,
) {
    let LookupResult { url, verdict, seen } = result;
    let checked = seen.iter().filter_map(|seen| seen.at).max();
    let Some(node) = urls.node(graph, &url.url) else {
        return;
    };
    let asked = Asked {
        checked,
        string: url.sent_as,
    };
    put_verdict(
        graph,
        node,
        url.url.as_str(),
        provider,
        &verdict,
        &seen,
        asked,
    );
    verdicts.add(node, verdict);
}

/// When a provider was asked about a url, and by which string, if it differs from the url.
#[derive(Default)]
struct Asked {
    checked: Option<DateTime<Utc>>,
    string: Option<String>,
}

/// Puts a verdict on a url into the graph.
fn put_verdict(
    graph: &mut Graph,
    url: NodeRef,
    address: &str,
    provider: &str,
    verdict: &Verdict,
    seen: &[Seen],
    asked: Asked,
) {
    let id = VerdictId::new(graph.case(), provider, address);
    let node = node::Verdict {
        severity: verdict.severity,
        score: verdict.score,
        summary: Some(verdict.summary.clone()),
        tags: verdict.tags.clone(),
        reference: verdict.reference.clone(),
        checked: asked.checked,
        asked: asked.string,
        ..node::Verdict::new(id, verdict.state)
    };
    let first = seen.first().copied().unwrap_or_default();
    let node = graph.put(node, first);
    graph.link(url, Edge::HasVerdict, node, first);
    for seen in seen.iter().skip(1) {
        graph.see(node, *seen);
        graph.link(url, Edge::HasVerdict, node, *seen);
    }
}
