//! Completes the graph after all stages: merges nodes that are the same, writes the risk, and adds the node of the
//! case.

use super::context::Context;
use super::findings::Findings;
use super::known::Known;
use super::starts::Starts;
use super::urls::Urls;
use super::verdicts::Verdicts;
use super::{intel, merge, outside, risk};
use crate::graph::node::Case;
use crate::graph::{EdgeType, Seen};
use crate::intel::State;
use crate::link;
use crate::model::Stage;

/// Merges, rates and completes what the stages found.
pub(super) fn finish(context: &Context, findings: &mut Findings, known: Known, mut starts: Starts) {
    let Known {
        directory,
        urls,
        mut verdicts,
        ..
    } = known;
    intel::take_words(context, findings, &urls, &mut verdicts);
    intel::note_what_knows_none(context, findings, &verdicts);
    let graph = &mut findings.graph;
    verdicts.words.name_people(graph);
    outside::mark(context, graph, &directory, verdicts.words.logged());
    outside::tie_senders(graph, verdicts.words.logged());
    merge::users(graph, &directory, &mut starts);
    merge::hosts(graph);
    risk::assess(context, graph, &urls, &verdicts);
    note_unknown_urls(context, findings, &urls, &verdicts);
    let graph = &mut findings.graph;
    let gaps = findings.gaps.list();
    let case = Case {
        id: context.case.as_str().into(),
        started: context.now,
        finished: context.client.newest(),
        window_from: context.window.from,
        window_to: context.window.to,
        version: context.version.clone(),
        complete: true,
        gaps: gaps.iter().map(ToString::to_string).collect(),
        log_ends: std::mem::take(&mut findings.log_ends),
    };
    let case = graph.put(case, Seen::default());
    starts.link_from(graph, case);
}

/// Notes each url that the analyst named and that nothing else named: without a word, the result would read as if nobody
/// had anything against it.
fn note_unknown_urls(context: &Context, findings: &mut Findings, urls: &Urls, verdicts: &Verdicts) {
    const SEEN_BY: [EdgeType; 6] = [
        EdgeType::Contains,
        EdgeType::Opened,
        EdgeType::Clicked,
        EdgeType::WarnedAbout,
        EdgeType::ConnectedTo,
        EdgeType::Mentions,
    ];
    let options = &context.options;
    let texts = [options.urls.as_slice(), options.malicious.as_slice()].concat();
    let (graph, notes) = (&findings.graph, &mut findings.notes);
    for url in urls.named(graph, &texts) {
        if SEEN_BY
            .into_iter()
            .any(|edges| !graph.sources(url, edges).is_empty())
        {
            continue;
        }
        let mut answers = verdicts.of(url).map(|verdict| verdict.state);
        let rated = match answers.any(|state| matches!(state, State::Hit | State::Clean)) {
            true => "",
            false => ", and no provider knows it",
        };
        let Some(address) = urls.url(graph, url) else {
            continue;
        };
        let name = link::defang(&address);
        let reason = format!(
            "{name}, which was named by hand, stands nowhere in what was read: in no message, click, warning, connection or alert{rated}"
        );
        notes.add(Stage::Alerts, context.logs.first().source(), reason, 1);
    }
}
