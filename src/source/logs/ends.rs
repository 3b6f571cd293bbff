//! Where each log begins and ends, at the place where it is.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;

use super::facade::Logs;
use super::place::Place;
use super::probe::Extent;
use super::problem::{Problem, Why};
use super::query::Query;
use super::rows::Rows;
use super::transport::{KEEP, OnRecord, Run, Transport};
use crate::http::Failure;
use crate::model::Window;

/// How much earlier than in advanced hunting a log may end in the workspace: what streams there arrives later.
const BEHIND: TimeDelta = TimeDelta::hours(1);

/// A log, where it is, and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct LogEnd {
    /// The table.
    pub log: &'static str,
    /// The place where it was found.
    pub place: Place,
    /// Its oldest and newest event.
    pub extent: Extent,
}

/// The ends of all logs that were found, by name, and why others are not known. That a log is absent is no problem here: the
/// query that reads it says so.
#[derive(Debug, Default)]
pub struct LogEnds {
    /// The logs that were found.
    pub ends: Vec<LogEnd>,
    /// Why others are not known.
    pub problems: Vec<Problem>,
}

/// The logs that another one stands in for.
const STAND_INS: [(&str, &[&str]); 2] = [
    ("OfficeActivity", &["CloudAppEvents"]),
    ("SecurityAlert", &["AlertEvidence", "AlertInfo"]),
];

/// Where a log can be looked for.
fn places(log: &str) -> &'static [Place] {
    match log {
        "SecurityAlert" => Query::Alerts.places(),
        "AlertEvidence" | "AlertInfo" => Query::AlertsDefender.places(),
        _ => Query::LogEnds.places(),
    }
}

impl Logs {
    /// Asks for the oldest and the newest event of each log between two times. What matters is whether they reach to
    /// `until`: an answer long after that time is final. When a recorded answer of the workspace lacks a log that is not
    /// elsewhere either, it is asked for again.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn ends(&self, range: Window, until: DateTime<Utc>) -> Result<LogEnds, Failure> {
        let run = Run {
            query: Query::LogEnds,
            log: None,
            window: range,
            list: None,
            until,
        };
        let Some(workspace) = self.transport(Place::Workspace) else {
            let (found, problems) = self.ends_elsewhere(&run, &BTreeMap::new()).await?;
            return Ok(LogEnds::of(found, problems));
        };
        let mut rows = workspace.run(&run, KEEP).await?;
        // The answer may be older than the connection of a log, unless the log is known to be elsewhere.
        if rows.problems.is_empty()
            && !self.are_elsewhere(&run, &by_log(&rows))?
            && let Some(again) = workspace.run_anew(&run).await?
        {
            rows = again;
        }
        self.ends_with(&run, rows).await
    }

    /// True when the ends of all logs that the workspace lacks are on record.
    fn are_elsewhere(
        &self,
        run: &Run,
        known: &BTreeMap<&'static str, LogEnd>,
    ) -> Result<bool, Failure> {
        for log in Query::LogEnds
            .tables()
            .filter(|log| !known.contains_key(log))
        {
            if !self.is_on_record(run, log, &[Place::Hunting])?
                && !self.is_replaced(run, log, known)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True when a log is known to be absent in advanced hunting, and the ends of what stands in for it are known.
    fn is_replaced(
        &self,
        run: &Run,
        log: &'static str,
        known: &BTreeMap<&'static str, LogEnd>,
    ) -> Result<bool, Failure> {
        let Some((_, logs)) = STAND_INS.iter().find(|(of, _)| *of == log) else {
            return Ok(false);
        };
        let of_log = run.of_log(log);
        for transport in self.ways(log, &[Place::Hunting]) {
            if transport.on_record(&of_log)? != OnRecord::Absence {
                return Ok(false);
            }
        }
        let everywhere = [Place::Workspace, Place::Hunting];
        for log in *logs {
            if !known.contains_key(log) && !self.is_on_record(run, log, &everywhere)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True when one of these places told the ends of a log.
    fn is_on_record(&self, run: &Run, log: &'static str, at: &[Place]) -> Result<bool, Failure> {
        let run = run.of_log(log);
        for transport in self.ways(log, at) {
            if transport.on_record(&run)? == OnRecord::Answer {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The places among these at which a log can be.
    fn ways(&self, log: &str, at: &[Place]) -> impl Iterator<Item = &Transport> {
        let at = at.iter().filter(|place| places(log).contains(place));
        at.filter_map(|place| self.transport(*place))
    }

    /// The same, without those that an earlier load found to lack the log, if it is known where it is.
    fn ways_to(
        &self,
        run: &Run,
        log: &'static str,
        at: &[Place],
    ) -> Result<Vec<&Transport>, Failure> {
        let run = run.of_log(log);
        let mut ways = Vec::new();
        for transport in self.ways(log, at) {
            ways.push((transport, transport.on_record(&run)?));
        }
        let found = |(_, on_record): &(&Transport, OnRecord)| *on_record;
        if ways.iter().any(|way| found(way) == OnRecord::Answer) {
            ways.retain(|way| found(way) != OnRecord::Absence);
        }
        Ok(ways.into_iter().map(|(transport, _)| transport).collect())
    }

    /// The ends in the answer of the workspace, and of those logs that it lacks.
    async fn ends_with(&self, run: &Run, rows: Rows) -> Result<LogEnds, Failure> {
        let is_empty = |problem: &Problem| problem.is_absence();
        let is_known = rows.problems.iter().all(is_empty);
        let mut found = by_log(&rows);
        let mut problems = rows.problems;
        problems.retain(|problem| !is_empty(problem));
        // What the workspace did not tell may be there all the same.
        if is_known {
            let mut known = found.clone();
            if self.transport(Place::Hunting).is_some() {
                known.retain(|_, end| !end.is_quiet());
            }
            let (more, others) = self.ends_elsewhere(run, &known).await?;
            for (log, end) in more {
                // Where it holds no event anywhere, the workspace has it.
                if !end.is_quiet() || !found.contains_key(log) {
                    found.insert(log, end);
                }
            }
            problems.extend(others);
            problems.extend(self.stopped(run, &known).await?);
            problems.sort();
            problems.dedup();
        }
        Ok(LogEnds::of(found, problems))
    }

    /// The logs that stopped in the workspace before the end of the time, and that go on in advanced hunting.
    async fn stopped(
        &self,
        run: &Run,
        known: &BTreeMap<&'static str, LogEnd>,
    ) -> Result<Vec<Problem>, Failure> {
        let mut early = known.clone();
        early.retain(|_, end| {
            let newest = end.extent.newest;
            newest.is_some_and(|newest| newest < run.until - BEHIND)
        });
        let logs: Vec<&str> = early.keys().copied().collect();
        let (found, mut problems) = self.ends_of(run, &logs, &[Place::Hunting]).await?;
        for (log, end) in found {
            let ends = early.get(log).and_then(|early| early.extent.newest);
            if let (Some(workspace), Some(hunting)) = (ends, end.extent.newest)
                && hunting > workspace + BEHIND
            {
                problems.push(Problem {
                    place: Place::Workspace,
                    why: Why::Stopped {
                        log,
                        workspace,
                        hunting,
                    },
                });
            }
        }
        Ok(problems)
    }

    /// The ends of the logs that are not among those that the workspace has, where they are.
    async fn ends_elsewhere(
        &self,
        run: &Run,
        known: &BTreeMap<&'static str, LogEnd>,
    ) -> Result<(BTreeMap<&'static str, LogEnd>, Vec<Problem>), Failure> {
        let logs = Query::LogEnds.tables();
        let missing: Vec<&str> = logs.filter(|log| !known.contains_key(log)).collect();
        let (mut replaced, mut open) = (Vec::new(), Vec::new());
        for log in missing {
            match self.is_replaced(run, log, known)? {
                true => replaced.push(log),
                false => open.push(log),
            }
        }
        let (mut found, mut problems) = self.ends_of(run, &open, &[Place::Hunting]).await?;
        // Of what is absent everywhere, that which is read in its place.
        if problems.is_empty() {
            let is_beside = self.transport(Place::Workspace).is_some();
            let is_found = |end: &LogEnd| !(is_beside && end.is_quiet());
            open.retain(|log| !found.get(log).is_some_and(is_found));
            replaced.extend(open);
        }
        let stand_ins = STAND_INS.iter().filter(|(log, _)| replaced.contains(log));
        let stand_ins: Vec<&str> = stand_ins
            .flat_map(|(_, logs)| logs.iter().copied())
            .filter(|log| !known.contains_key(log) && !found.contains_key(log))
            .collect();
        let everywhere = [Place::Workspace, Place::Hunting];
        let (more, others) = self.ends_of(run, &stand_ins, &everywhere).await?;
        found.extend(more);
        problems.extend(others);
        Ok((found, problems))
    }

    /// The ends of these logs, each at the first of these places that has events of it, or else the first that has it.
    async fn ends_of(
        &self,
        run: &Run,
        logs: &[&'static str],
        at: &[Place],
    ) -> Result<(BTreeMap<&'static str, LogEnd>, Vec<Problem>), Failure> {
        let asked = logs.iter().map(|log| async {
            let mut quiet = None;
            for transport in self.ways_to(run, log, at)? {
                match transport.extent(log, run.window, run.until).await? {
                    Ok(extent) => {
                        let place = transport.place();
                        let end = LogEnd { log, place, extent };
                        if !end.is_quiet() {
                            return Ok(Some(Ok(end)));
                        }
                        quiet.get_or_insert(end);
                    }
                    Err(problem) if problem.is_absence() => {}
                    Err(problem) => return Ok(Some(Err(problem))),
                }
            }
            Ok::<_, Failure>(quiet.map(Ok))
        });
        let (mut found, mut problems) = (BTreeMap::new(), Vec::new());
        for answer in try_join_all(asked).await?.into_iter().flatten() {
            match answer {
                Ok(end) => {
                    found.insert(end.log, end);
                }
                Err(problem) => problems.push(problem),
            }
        }
        // One reason, however many logs it concerns.
        problems.sort();
        problems.dedup();
        Ok((found, problems))
    }
}

impl LogEnd {
    /// True when the log holds no event of the time.
    fn is_quiet(&self) -> bool {
        self.extent.newest.is_none()
    }
}

impl LogEnds {
    fn of(found: BTreeMap<&'static str, LogEnd>, problems: Vec<Problem>) -> Self {
        Self {
            ends: found.into_values().collect(),
            problems,
        }
    }
}

/// The ends of each log in an answer of the workspace. A time range that was halved has a row for each half.
fn by_log(rows: &Rows) -> BTreeMap<&'static str, LogEnd> {
    let mut logs = BTreeMap::new();
    let at = rows.answers.iter().map(|(_, at)| *at).max();
    for row in &rows.rows {
        let Some(log) = Query::LogEnds.tables().find(|log| *log == row.text("log")) else {
            continue;
        };
        let end = logs.entry(log).or_insert(LogEnd {
            log,
            place: rows.place,
            extent: Extent {
                at: at.unwrap_or_default(),
                ..Extent::default()
            },
        });
        let (oldest, newest) = (row.time("oldest"), row.time("newest"));
        let extent = &mut end.extent;
        extent.oldest = [extent.oldest, oldest].into_iter().flatten().min();
        extent.newest = extent.newest.max(newest);
    }
    logs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_every_log_that_a_query_reads_are_asked_for() {
        let stand_ins = STAND_INS.iter().flat_map(|(_, logs)| logs.iter().copied());
        let asked: Vec<&str> = Query::LogEnds.tables().chain(stand_ins).collect();
        for query in Query::ALL {
            for table in query.tables() {
                // Indicators are no events.
                let is_asked = asked.contains(&table) || table.starts_with("ThreatIntel");
                assert!(is_asked, "{table}");
            }
        }
        for (log, _) in STAND_INS {
            assert!(Query::LogEnds.tables().any(|known| known == log), "{log}");
        }
    }
}
