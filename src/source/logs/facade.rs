//! The logs of the tenant, wherever they are: each table is asked where it is, the workspace first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::try_join_all;
use url::Url;

use super::place::Place;
use super::problem::{Absence, Problem, Why};
use super::query::{Parameter, Query};
use super::row::Row;
use super::rows::Rows;
use super::transport::{KEEP, OnRecord, Run, Transport, Visit};
use crate::http::{Client, Failure};
use crate::model::Window;

/// The logs of the tenant.
#[derive(Debug)]
pub struct Logs {
    /// The places, in the order in which a table is looked for.
    places: Vec<Transport>,
}

impl Logs {
    /// The logs in a workspace, given by its address and id, or in advanced hunting, given by the address of Microsoft Graph,
    /// or in both.
    pub fn new(
        client: &Arc<Client>,
        workspace: Option<(&Url, &str)>,
        hunting: Option<&Url>,
    ) -> Self {
        let workspace =
            workspace.map(|(endpoint, id)| Transport::workspace(Arc::clone(client), endpoint, id));
        let hunting = hunting.map(|endpoint| Transport::hunting(Arc::clone(client), endpoint));
        Self::at(workspace.into_iter().chain(hunting).collect())
    }

    pub(super) fn at(places: Vec<Transport>) -> Self {
        Self { places }
    }

    /// The places, in the order in which a table is looked for.
    pub fn places(&self) -> &[Transport] {
        &self.places
    }

    /// The first place, under whose source stands what concerns no single one.
    pub fn first(&self) -> Place {
        self.places
            .first()
            .map_or(Place::Workspace, Transport::place)
    }

    pub(super) fn transport(&self, place: Place) -> Option<&Transport> {
        self.places.iter().find(|at| at.place() == place)
    }

    /// Runs a query over a window.
    ///
    /// # Errors
    /// When no request can be made at all. A query that the service refuses is a [`Problem`].
    pub async fn query(&self, query: Query, window: Window) -> Result<Rows, Failure> {
        let run = Run {
            query,
            log: None,
            window,
            list: None,
            until: window.to,
        };
        self.run(run, KEEP).await
    }

    /// Runs a query once for every chunk of a list. `visit` is called with the rows of each answer as it arrives; the
    /// result has no rows. The rows of one chunk come in order, the chunks in any order.
    ///
    /// # Errors
    /// When no request can be made at all. A query that the service refuses is a [`Problem`].
    pub async fn visit_chunks(
        &self,
        query: Query,
        window: Window,
        list: &'static str,
        chunks: Vec<Vec<String>>,
        visit: impl Fn(Row) + Sync,
    ) -> Result<Vec<Rows>, Failure> {
        self.run_chunks(query, window, list, chunks, &|_, row| visit(row))
            .await
    }

    /// Runs a query once for every chunk of a list, and returns the rows of each chunk.
    ///
    /// # Errors
    /// When no request can be made at all. A query that the service refuses is a [`Problem`].
    pub async fn query_chunks(
        &self,
        query: Query,
        window: Window,
        list: &'static str,
        chunks: Vec<Vec<String>>,
    ) -> Result<Vec<Rows>, Failure> {
        self.run_chunks(query, window, list, chunks, KEEP).await
    }

    async fn run_chunks(
        &self,
        query: Query,
        window: Window,
        list: &'static str,
        chunks: Vec<Vec<String>>,
        visit: Visit<'_>,
    ) -> Result<Vec<Rows>, Failure> {
        let runs = chunks.into_iter().map(|values| {
            let run = Run {
                query,
                log: None,
                window,
                list: Some((list, Parameter::List(values))),
                until: window.to,
            };
            self.run(run, visit)
        });
        try_join_all(runs).await
    }

    /// Runs a query where its tables are. It is asked at each place in turn, and then its stand-in is, until a place has the
    /// tables. With several places, one at which a table holds no event of the time does not have it either. What is asked
    /// depends only on the answers, so that a replay asks the same.
    async fn run(&self, mut run: Run, visit: Visit<'_>) -> Result<Rows, Failure> {
        let mut absent = Absence::default();
        let (mut empty, mut quiet) = (None, None);
        let mut last = Rows::new(self.first(), run.query);
        let mut ways: Vec<_> = self.ways_of(run.query).collect();
        if ways.is_empty() {
            let why = "the case names neither a workspace nor advanced hunting";
            last.problems = vec![Problem::failed(last.place, run.query, why.to_owned())];
            return Ok(last);
        }
        let settled = settled(&run, &ways)?;
        // Those before the settled one lack the tables, so that only those behind it may hold events that it does not.
        let mut left = ways.len() - settled;
        ways.rotate_left(settled);
        let is_seen = AtomicBool::new(false);
        let visit: Visit<'_> = &|rows, row| {
            is_seen.store(true, Ordering::Relaxed);
            visit(rows, row);
        };
        for (place, query) in ways {
            left = left.saturating_sub(1);
            if empty == Some(place.place()) {
                continue;
            }
            run.query = query;
            last = place.run(&run, visit).await?;
            // What gave rows is not asked for elsewhere, which would give them again.
            if is_seen.load(Ordering::Relaxed) {
                return Ok(last);
            }
            match last.problems.as_slice() {
                [] if self.places.len() > 1 && query.is_of_events() && left > 0 => {
                    if !place.is_quiet(&run).await? {
                        return Ok(last);
                    }
                    let found = Rows::new(place.place(), query);
                    quiet.get_or_insert(std::mem::replace(&mut last, found));
                }
                _ if last.is_any_whole => return Ok(last),
                [
                    Problem {
                        why: Why::TableAbsent(tables),
                        ..
                    },
                ] => absent.extend(tables),
                [
                    Problem {
                        why: Why::NoData, ..
                    },
                ] => empty = Some(place.place()),
                _ => return Ok(last),
            }
        }
        // No place has events, and one has the tables.
        if let Some(quiet) = quiet {
            return Ok(quiet);
        }
        if !absent.is_empty() {
            last.problems = vec![Problem {
                place: self.first(),
                why: Why::TableAbsent(absent),
            }];
        }
        Ok(last)
    }

    /// The places at which a query and its stand-in can be asked, in order.
    fn ways_of(&self, query: Query) -> impl Iterator<Item = (&Transport, Query)> {
        let queries = [Some(query), query.stand_in()].into_iter().flatten();
        queries.flat_map(|query| {
            let places = self.places.iter();
            let places = places.filter(move |at| query.places().contains(&at.place()));
            places.map(move |at| (at, query))
        })
    }
}

/// The way that an earlier load found, by its position: all before it lack the tables, and it has them. 0 when none was found.
/// What lacks a table is else asked again by every load.
fn settled(run: &Run, ways: &[(&Transport, Query)]) -> Result<usize, Failure> {
    let on_record = |(place, query): &(&Transport, Query)| {
        let query = *query;
        place.on_record(&Run {
            query,
            ..run.clone()
        })
    };
    for (at, way) in ways.iter().enumerate().skip(1) {
        if on_record(way)? == OnRecord::Answer {
            let before = ways[..at].iter().map(on_record);
            let before: Vec<OnRecord> = before.collect::<Result<_, _>>()?;
            let is_absent = |found: &OnRecord| *found == OnRecord::Absence;
            return Ok(if before.iter().all(is_absent) { at } else { 0 });
        }
    }
    Ok(0)
}
