//! Completes the graph after all stages: merges nodes that are the same, writes the risk, and adds the node of the
//! case.

use super::context::Context;
use super::directory::Directory;
use super::findings::Findings;
use super::starts::Starts;
use super::urls::Urls;
use super::verdicts::Verdicts;
use super::{intel, merge, risk};
use crate::graph::Seen;
use crate::graph::node::Case;

/// Merges, rates and completes what the stages found.
pub(super) fn finish(
    context: &Context,
    findings: &mut Findings,
    directory: &Directory,
    urls: &Urls,
    verdicts: &Verdicts,
    mut starts: Starts,
) {
    intel::note_what_knows_none(context, findings, verdicts);
    let graph = &mut findings.graph;
    merge::users(graph, directory, &mut starts);
    merge::hosts(graph);
    risk::assess(context, graph, urls, verdicts);
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
    };
    let case = graph.put(case, Seen::default());
    starts.link_from(graph, case);
}
