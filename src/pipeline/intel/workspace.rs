//! Providers that look into the workspace, for many urls at once.

use chrono::TimeDelta;
use url::Url;

use super::super::Investigation;
use super::Asked;
use crate::graph::Seen;
use crate::http::Failure;
use crate::intel::WorkspaceIndicators;
use crate::model::Window;
use crate::model::sorted;
use crate::source::logs::Query;
use crate::source::logs::{Problem, Rows, chunks};

/// How far to look back for indicators at least: Sentinel writes each of them again every seven to ten days.
const LOOK_BACK: TimeDelta = TimeDelta::days(30);

/// Asks about urls, each with the values that an indicator of it may have.
pub(super) async fn ask(
    run: &Investigation,
    indicators: &WorkspaceIndicators,
    wanted: Vec<(Url, Vec<String>)>,
) -> Result<Vec<Asked>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let chunks = chunks(wanted, |(_, values)| values.clone());
    let lists: Vec<Vec<String>> = chunks
        .iter()
        .map(|chunk| {
            sorted(
                chunk
                    .iter()
                    .flat_map(|(_, values)| values.clone())
                    .collect(),
            )
        })
        .collect();
    let mut answers = Vec::new();
    for (chunk, rows) in chunks.into_iter().zip(look_up(run, lists).await?) {
        let seen: Vec<Seen> = rows
            .answers
            .iter()
            .map(|(record, at)| Seen::at(*record, Some(*at)))
            .collect();
        answers.extend(chunk.into_iter().map(|(url, _)| Asked {
            reading: indicators.judge(&url, &rows),
            url,
            asked: None,
            seen: seen.clone(),
        }));
    }
    Ok(answers)
}

/// The indicators of each list: from the table of today, or, where a workspace has never had that, from its
/// predecessor.
async fn look_up(run: &Investigation, lists: Vec<Vec<String>>) -> Result<Vec<Rows>, Failure> {
    // What is known now, as with every other provider, and not only what was known in the window.
    let window = Window {
        from: run.window.from.min(run.created - LOOK_BACK),
        to: run.window.to.max(run.created),
    };
    let ask = |query, lists| run.sentinel.query_chunks(query, window, "needles", lists);
    let rows = ask(Query::ThreatIndicators, lists.clone()).await?;
    let absent = |rows: &Rows| {
        let mut problems = rows.problems.iter();
        problems.any(|problem| matches!(problem, Problem::TableAbsent(_)))
    };
    if !rows.iter().any(absent) {
        return Ok(rows);
    }
    let mut rows = ask(Query::ThreatIndicatorsLegacy, lists).await?;
    for rows in rows.iter_mut().filter(|rows| absent(rows)) {
        let both = [Query::ThreatIndicators, Query::ThreatIndicatorsLegacy];
        let tables: Vec<&str> = both.into_iter().flat_map(Query::tables).collect();
        rows.problems = vec![Problem::TableAbsent(tables.join(" and "))];
    }
    Ok(rows)
}
