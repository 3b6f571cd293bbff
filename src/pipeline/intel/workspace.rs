//! Queries the workspace for indicators, for many urls at once.

use chrono::TimeDelta;
use url::Url;

use super::super::context::Context;
use super::super::lookup::{LookupResult, LookupUrl};
use crate::graph::Seen;
use crate::http::Failure;
use crate::intel::WorkspaceIndicators;
use crate::model::{Window, sorted};
use crate::source::logs::{Problem, Query, Rows, chunks};

/// The minimal time range for indicators: Sentinel writes each of them again every seven to ten days.
const LOOK_BACK: TimeDelta = TimeDelta::days(30);

/// Looks up urls, each with the values that an indicator of it can have. Returns the verdicts on those that an indicator
/// names, and why others could not be looked up, with their number.
pub(super) async fn ask(
    context: &Context,
    own: &WorkspaceIndicators,
    urls: Vec<(Url, Vec<String>)>,
) -> Result<(Vec<LookupResult>, Vec<(Problem, u64)>), Failure> {
    if urls.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let chunks = chunks(urls, |(_, values)| values.clone());
    let values = chunks
        .iter()
        .map(|chunk| {
            let values = chunk.iter().flat_map(|(_, values)| values.clone());
            sorted(values.collect())
        })
        .collect();
    let (mut results, mut problems) = (Vec::new(), Vec::new());
    for (chunk, rows) in chunks.into_iter().zip(indicators(context, values).await?) {
        let answers = rows.answers.iter();
        let seen: Vec<Seen> = answers
            .map(|(record, at)| Seen::at(*record, Some(*at)))
            .collect();
        let asked = chunk.len();
        let before = results.len();
        results.extend(chunk.into_iter().filter_map(|(url, _)| {
            Some(LookupResult {
                verdict: own.judge(&url, &rows)?,
                url: LookupUrl { url, sent_as: None },
                seen: seen.clone(),
            })
        }));
        // Rows are missing, and one of them might name any of the other urls.
        if let Some(problem) = rows.problems.into_iter().next() {
            let unnamed = asked - (results.len() - before);
            problems.push((problem, unnamed.max(1) as u64));
        }
    }
    Ok((results, problems))
}

/// The indicators for each list of values, from the current table or, in a workspace that never had it, from its
/// predecessor.
async fn indicators(context: &Context, values: Vec<Vec<String>>) -> Result<Vec<Rows>, Failure> {
    // Indicators up to the creation of the case count, as with every other provider, and not only those of the window.
    let window = Window {
        from: context.window.from.min(context.now - LOOK_BACK),
        to: context.window.to.max(context.now),
    };
    let logs = &context.logs;
    logs.query_chunks(Query::ThreatIndicators, window, "needles", values)
        .await
}
