//! The logs: whether the workspace can be read, and each table of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::ask::{shown, within};
use super::finding::{Check, Command, Fix, State, Topic, Weight};
use super::needs;
use crate::config::CheckConfig;
use crate::http::{Client, length};
use crate::intel::sentinel::NAME as WORKSPACE_PROVIDER;
use crate::model::Window;
use crate::source::logs::{self, Problem, Query, Rows, Sentinel};
use crate::terminal::word;

/// The time limit for the queries: they look at every event of the time, of which there can be very many.
const LIMIT: Duration = Duration::from_secs(25);
/// How far back the tables are looked at. A load looks 30 days back by default.
const BACK: TimeDelta = TimeDelta::days(31);
/// A table that begins later than this does not hold what a load looks for by default.
const DEFAULT_WINDOW: TimeDelta = TimeDelta::days(30);
/// The newest event of a table that is filled is younger than this.
const FRESH: TimeDelta = TimeDelta::days(2);

/// The tables that this configuration reads.
fn tables(config: &CheckConfig) -> Vec<&'static str> {
    let mut tables: Vec<&'static str> = Query::LogEnds.tables().collect();
    if asks_indicators(config) {
        tables.extend(Query::ThreatIndicators.tables());
    }
    tables
}

fn asks_indicators(config: &CheckConfig) -> bool {
    config
        .providers
        .iter()
        .any(|name| name == WORKSPACE_PROVIDER)
}

/// The checks of a workspace that was not tried.
pub(super) fn skipped(config: &CheckConfig, why: &str) -> Vec<Check> {
    let names = std::iter::once("workspace").chain(tables(config));
    let skipped = |name| Check::skipped(Topic::Tables, name, why);
    names.map(skipped).collect()
}

/// Looks at the workspace and at each table.
pub(super) async fn workspace(
    config: &CheckConfig,
    client: &Arc<Client>,
    now: DateTime<Utc>,
) -> Vec<Check> {
    let Some((endpoint, workspace)) = &config.workspace else {
        return skipped(config, "no workspace is configured");
    };
    let sentinel = Sentinel::new(Arc::clone(client), endpoint, workspace);
    let range = Window {
        from: now - BACK,
        to: now,
    };
    let ends = within(LIMIT, sentinel.ends(range, now, |_| true));
    let indicators = async {
        match asks_indicators(config) {
            true => Some(within(LIMIT, indicators(&sentinel, range)).await),
            false => None,
        }
    };
    let (ends, indicators) = tokio::join!(ends, indicators);
    let rows = match ends {
        Ok(Ok(rows)) => rows,
        Ok(Err(error)) => return unreadable(config, broken(&shown(&error.to_string()))),
        Err(late) => return unreadable(config, broken(&late)),
    };
    let mut checks = match refusal(config, workspace, &rows) {
        Some(refusal) => return unreadable(config, refusal),
        None => vec![Check::ok(Topic::Tables, "workspace", shown(workspace))],
    };
    let ends = by_table(&rows);
    for table in Query::LogEnds.tables() {
        checks.push(match ends.get(table) {
            Some(ends) => there(table, *ends, now),
            None => absent(config, table),
        });
    }
    checks.extend(indicators.map(|found| match found {
        Ok(found) => found.unwrap_or_else(|| absent(config, "ThreatIntelIndicators")),
        Err(late) => Check::gap(Topic::Tables, "ThreatIntelIndicators", State::Failed, late),
    }));
    checks
}

/// The workspace cannot be read, so none of its tables can.
fn unreadable(config: &CheckConfig, workspace: Check) -> Vec<Check> {
    let mut checks = skipped(config, "the workspace cannot be read");
    checks[0] = workspace.without(
        "nothing is read from the logs: no incident is found, no click, no host and no alert",
    );
    checks
}

fn broken(why: &str) -> Check {
    Check::gap(Topic::Tables, "workspace", State::Failed, why).fix(Fix::say(
        "see that this machine reaches Log Analytics by HTTPS, then check again",
    ))
}

/// Why the workspace as a whole gives nothing; `None` when it gives something.
fn refusal(config: &CheckConfig, workspace: &str, rows: &Rows) -> Option<Check> {
    let failed = |state, detail: String| Check::gap(Topic::Tables, "workspace", state, detail);
    // A table that cannot be resolved is absent alone, even if it is all of them.
    let problem = rows
        .problems
        .iter()
        .find(|problem| !matches!(problem, Problem::TableAbsent(_)))?;
    let workspace_word = word(workspace).unwrap_or_else(|| "ID".to_owned());
    Some(match problem {
        Problem::Forbidden { status, words, .. } => {
            let is_accepted = config.accepted.iter().any(|name| name == logs::SOURCE.as_str());
            let detail = shown(&format!("no access (HTTP {status}{words})"));
            let client_id = config.client_id.as_deref().and_then(word);
            let command = format!(
                "az role assignment create --role \"Log Analytics Reader\" --assignee {} --scope \"$(az monitor log-analytics workspace list --query \"[?customerId=='{workspace_word}'].id\" -o tsv)\"",
                client_id.as_deref().unwrap_or("CLIENT_ID"),
            );
            let check = failed(State::Missing, detail).fix(Fix::run(
                "give the application the role Log Analytics Reader on the workspace; it takes up to an hour to hold",
                Command::Line(command),
            ));
            match is_accepted {
                true => check.weighing(Weight::Fine),
                false => check,
            }
        }
        Problem::NoWorkspace { .. } => failed(
            State::Failed,
            format!("there is no workspace {}", shown(workspace)),
        )
        .fix(Fix::run(
            "set [sentinel] workspace_id to the workspace's own id (customerId), not to its name or resource id",
            Command::Line(
                "az monitor log-analytics workspace list --query \"[].{name:name, id:customerId}\" -o table"
                    .to_owned(),
            ),
        )),
        Problem::NoData => failed(
            State::Absent,
            "it holds no data at all (HTTP 204)".to_owned(),
        )
        .fix(Fix::say(
            "see that [sentinel] workspace_id is the workspace of Sentinel, and connect data sources",
        )),
        other => broken(&shown(&other.to_string())),
    })
}

/// The oldest and the newest event of a table in the time that was looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    oldest: Option<DateTime<Utc>>,
    newest: Option<DateTime<Utc>>,
}

fn by_table(rows: &Rows) -> BTreeMap<&'static str, Ends> {
    let mut tables: BTreeMap<&'static str, Ends> = BTreeMap::new();
    for row in &rows.rows {
        let mut known = Query::LogEnds.tables();
        let Some(table) = known.find(|table| *table == row.text("log")) else {
            continue;
        };
        let ends = tables.entry(table).or_default();
        let oldest = [ends.oldest, row.time("oldest")];
        ends.oldest = oldest.into_iter().flatten().min();
        ends.newest = ends.newest.max(row.time("newest"));
    }
    tables
}

fn there(table: &str, ends: Ends, now: DateTime<Utc>) -> Check {
    let (Some(oldest), Some(newest)) = (ends.oldest, ends.newest) else {
        let days = BACK.num_days();
        let detail = format!("no event in the last {days} days");
        return Check::ok(Topic::Tables, table, detail)
            .fix(Fix::say("see that its connector still sends"));
    };
    let ago = |at: DateTime<Utc>| length((now - at).to_std().unwrap_or_default());
    let check = |detail: String| Check::ok(Topic::Tables, table, detail);
    let newest_is = format!("newest {} ago", ago(newest));
    if now - newest > FRESH {
        return check(newest_is).fix(Fix::say("see that its connector still sends"));
    }
    if now - oldest < DEFAULT_WINDOW - TimeDelta::days(1) {
        let detail = format!("{newest_is}; begins {} ago", ago(oldest));
        return check(detail).fix(Fix::say(
            "a load looks 30 days back: keep the table for longer, or `load --since` less",
        ));
    }
    check(format!("{newest_is}; all of 30 days"))
}

fn absent(config: &CheckConfig, table: &'static str) -> Check {
    let check = Check::gap(Topic::Tables, table, State::Absent, "not in the workspace");
    let check = match needs::table(table) {
        Some(known) => check.without(known.without).fix(Fix::say(format!(
            "connect it in Sentinel's Content hub ({}), or name it in [gaps] accepted if it is known to be missing",
            known.connector
        ))),
        None => check,
    };
    if config.accepted.iter().any(|name| name == table) {
        let detail = "not in the workspace; accepted by [gaps] accepted".to_owned();
        return Check {
            detail,
            fix: None,
            without: String::new(),
            ..check
        }
        .weighing(Weight::Fine);
    }
    check
}

/// The table of the workspace's own indicators, in its present form or the one before; `None` when neither is there.
async fn indicators(sentinel: &Sentinel, range: Window) -> Option<Check> {
    // An indicator that nobody has.
    let needles = || vec![vec!["linktrail.invalid".to_owned()]];
    let mut why = None;
    for query in [Query::ThreatIndicators, Query::ThreatIndicatorsLegacy] {
        let table = query.tables().next().unwrap_or_default();
        let asked = sentinel.query_chunks(query, range, "needles", needles());
        let problem = match asked.await {
            Ok(answers) => answers.into_iter().flat_map(|rows| rows.problems).next(),
            Err(error) => {
                let error = shown(&error.to_string());
                return Some(Check::gap(Topic::Tables, table, State::Failed, error));
            }
        };
        match problem {
            None => return Some(Check::ok(Topic::Tables, table, "there")),
            Some(Problem::TableAbsent(_) | Problem::NoData) => {}
            Some(other) => why = Some((table, other.to_string())),
        }
    }
    let (table, why) = why?;
    Some(Check::gap(Topic::Tables, table, State::Failed, shown(&why)))
}
