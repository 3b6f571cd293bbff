//! The places of the logs: each is asked what it has of the tables.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use url::Url;

use super::ask::{self, shown, within};
use crate::http::Client;
use crate::model::Window;
use crate::source::logs::{LogEnd, LogEnds, Logs, Place, Problem, Query, Why};

/// The time limit for the queries: they look at every event of the time, of which there can be very many.
const LIMIT: Duration = Duration::from_secs(25);
/// How far back the tables are looked at. A load looks 30 days back by default.
pub(super) const BACK: TimeDelta = TimeDelta::days(31);
/// A value that no indicator has.
const NOBODY: &str = "linktrail.invalid";

/// What a place told of its tables.
#[derive(Debug)]
pub(super) enum Told {
    /// It has these tables, and lacks the others.
    Tables(Vec<LogEnd>),
    /// It does not tell the ends of all tables, so that it was asked for the others one by one.
    Partly(Partly),
    /// It does not tell, for this reason of its own.
    Refused(Problem),
    /// It did not answer, for this reason.
    Silent(String),
    /// It was not asked, for this reason.
    NotAsked(String),
}

/// What a place told that answers for some tables only. It lacks those that are not here.
#[derive(Debug)]
pub(super) struct Partly {
    /// The tables whose ends it told.
    pub(super) ends: Vec<LogEnd>,
    /// The tables that it has without telling their ends.
    pub(super) endless: Vec<&'static str>,
    /// The tables that cannot be read, and why.
    pub(super) closed: Vec<(&'static str, Problem)>,
    /// Why ends are missing.
    pub(super) why: Problem,
}

impl Told {
    /// What it has of a table; `None` when it lacks the table or does not tell.
    pub(super) fn find(&self, table: &str) -> Option<&LogEnd> {
        let tables = match self {
            Self::Tables(tables) | Self::Partly(Partly { ends: tables, .. }) => tables,
            _ => return None,
        };
        tables.iter().find(|end| end.log == table)
    }

    /// True when it has the table without telling its ends.
    pub(super) fn is_endless(&self, table: &str) -> bool {
        matches!(self, Self::Partly(partly) if partly.endless.contains(&table))
    }

    /// Why this table cannot be read, where others can.
    pub(super) fn closed(&self, table: &str) -> Option<&Problem> {
        let Self::Partly(partly) = self else {
            return None;
        };
        let mut closed = partly.closed.iter();
        closed.find_map(|(closed, why)| (*closed == table).then_some(why))
    }
}

/// The time that is looked at.
fn range(now: DateTime<Utc>) -> Window {
    Window {
        from: now - BACK,
        to: now,
    }
}

/// Asks the workspace.
pub(super) async fn workspace(client: &Arc<Client>, at: (&Url, &str), now: DateTime<Utc>) -> Told {
    ask(&Logs::new(client, Some(at), None), now).await
}

/// Asks advanced hunting, at the address of Microsoft Graph.
pub(super) async fn hunting(client: &Arc<Client>, graph: &Url, now: DateTime<Utc>) -> Told {
    ask(&Logs::new(client, None, Some(graph)), now).await
}

async fn ask(logs: &Logs, now: DateTime<Utc>) -> Told {
    let LogEnds { ends, problems } = match within(LIMIT, logs.ends(range(now), now)).await {
        Ok(Ok(ends)) => ends,
        Ok(Err(error)) => return Told::Silent(shown(&error.to_string())),
        Err(late) => return Told::Silent(late),
    };
    if let Some(problem) = problems.into_iter().next() {
        return one_by_one(logs, ends, problem).await;
    }
    // That nothing is there at all has a reason of its own.
    if let (true, Some(place)) = (ends.is_empty(), logs.places().first()) {
        match within(ask::LIMIT, place.columns("DeviceEvents")).await {
            Ok(Ok(Err(problem))) if problem.why == Why::NoData => return Told::Refused(problem),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Told::Silent(shown(&error.to_string())),
            Err(late) => return Told::Silent(late),
        }
    }
    Told::Tables(ends)
}

/// Asks for each table whose ends are not told: the reason may be that of a single table.
async fn one_by_one(logs: &Logs, ends: Vec<LogEnd>, why: Problem) -> Told {
    let may_be_single = !ends.is_empty() || matches!(why.why, Why::Forbidden { .. });
    let Some(place) = logs.places().first().filter(|_| may_be_single) else {
        return Told::Refused(why);
    };
    let is_told = |table: &&str| ends.iter().any(|end| end.log == *table);
    let asked = read_at(place.place()).filter(|table| !is_told(table));
    let asked = asked.map(|table| async move {
        let failed = |words: String| Problem {
            place: place.place(),
            why: Why::Failed {
                query: Query::LogEnds.name(),
                words,
            },
        };
        let answer = match within(ask::LIMIT, place.columns(table)).await {
            Ok(Ok(answer)) => answer.map(drop),
            Ok(Err(error)) => Err(failed(shown(&error.to_string()))),
            Err(late) => Err(failed(late)),
        };
        (table, answer)
    });
    let (mut endless, mut closed) = (Vec::new(), Vec::new());
    for (table, answer) in join_all(asked).await {
        match answer {
            Ok(_) => endless.push(table),
            Err(problem) if problem.is_absence() => {}
            Err(problem) => closed.push((table, problem)),
        }
    }
    // Where no table can be read, it is the place that refuses.
    match ends.is_empty() && endless.is_empty() {
        true => Told::Refused(why),
        false => Told::Partly(Partly {
            ends,
            endless,
            closed,
            why,
        }),
    }
}

/// The tables that a load reads at a place, and those that stand in for them, each once.
fn read_at(place: Place) -> impl Iterator<Item = &'static str> {
    let events = Query::ALL.into_iter().filter(move |query| {
        let is_of_events = ![
            Query::LogEnds,
            Query::ThreatIndicators,
            Query::ThreatIndicatorsLegacy,
        ]
        .contains(query);
        is_of_events && query.places().contains(&place)
    });
    let tables: BTreeSet<&str> = events.flat_map(Query::tables).collect();
    tables.into_iter()
}

/// Where the tenant's own indicators are: the table and its place, or why none is read.
pub(super) async fn indicators(
    client: &Arc<Client>,
    workspace: Option<(&Url, &str)>,
    graph: Option<&Url>,
    now: DateTime<Utc>,
) -> Result<(&'static str, Place), (&'static str, Told)> {
    let logs = Logs::new(client, workspace, graph);
    let needles = vec![vec![NOBODY.to_owned()]];
    let asked = logs.query_chunks(Query::ThreatIndicators, range(now), "needles", needles);
    let table = |query: Query| query.tables().next().unwrap_or_default();
    let first = table(Query::ThreatIndicators);
    let rows = match within(LIMIT, asked).await {
        Ok(Ok(rows)) => rows.into_iter().next(),
        Ok(Err(error)) => return Err((first, Told::Silent(shown(&error.to_string())))),
        Err(late) => return Err((first, Told::Silent(late))),
    };
    let Some(rows) = rows else {
        return Err((first, Told::Tables(Vec::new())));
    };
    match rows.problems.into_iter().next() {
        None => Ok((table(rows.query), rows.place)),
        Some(problem) if problem.is_absence() => Err((first, Told::Tables(Vec::new()))),
        Some(problem) => Err((table(rows.query), Told::Refused(problem))),
    }
}
