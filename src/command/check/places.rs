//! The places of the logs: each is asked what it has of the tables.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::ask::{shown, within};
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
    /// It does not tell, for this reason of its own.
    Refused(Problem),
    /// It did not answer, for this reason.
    Silent(String),
    /// It was not asked, for this reason.
    NotAsked(String),
}

impl Told {
    /// What it has of a table; `None` when it lacks the table or does not tell.
    pub(super) fn find(&self, table: &str) -> Option<&LogEnd> {
        match self {
            Self::Tables(tables) => tables.iter().find(|end| end.log == table),
            _ => None,
        }
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
    let asked = async {
        let LogEnds { ends, problems } = logs.ends(range(now), now).await?;
        if let Some(problem) = problems.into_iter().next() {
            return Ok(Told::Refused(problem));
        }
        // That nothing is there at all has a reason of its own.
        if let (true, Some(place)) = (ends.is_empty(), logs.places().first())
            && let Err(problem) = place.columns("DeviceEvents").await?
            && problem.why == Why::NoData
        {
            return Ok(Told::Refused(problem));
        }
        Ok::<_, crate::http::Failure>(Told::Tables(ends))
    };
    match within(LIMIT, asked).await {
        Ok(Ok(told)) => told,
        Ok(Err(error)) => Told::Silent(shown(&error.to_string())),
        Err(late) => Told::Silent(late),
    }
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
