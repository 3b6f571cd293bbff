//! One place where logs can be asked: a workspace of Microsoft Sentinel, or advanced hunting of Microsoft Defender.
//!
//! A truncated result is never taken for complete: the time range is halved and both halves are queried, down to a minute,
//! or to an hour where tables are joined by the hour, within a budget of queries and minutes. Only the number of queries
//! decides what a result is; when the minutes are over, the rest is recorded as not sent, so that a replay ends alike.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;
use tokio::sync::{Mutex, Semaphore};
use url::Url;

use super::answer::{Reading, is_answer, read, says_too_heavy};
use super::hunting;
use super::place::Place;
use super::problem::Problem;
use super::query::{Parameter, Query};
use super::render::Known;
use super::row::Row;
use super::rows::Rows;
use super::slices::{self, Clock, End, MOST_QUERIES, Piece, Slice};
use crate::http::{AnswerFrom, Client, Failure};
use crate::journal::{Audience, Auth, Body, Exchange, Limit, NoAnswer, Request, TooHeavy};
use crate::model::Window;
use crate::model::format_time;

/// The number of parallel queries that Log Analytics allows a user. Advanced hunting says none.
const CONCURRENT: usize = 5;
/// The largest answer, in bytes. A service returns at most 64 MB of rows, which JSON makes longer.
const LONGEST_ANSWER: usize = 256 << 20;
/// The time limit of a query in Log Analytics, in seconds. The service allows no more.
const WAIT: u64 = 600;
/// The time limit of a query in advanced hunting, in seconds.
const HUNTING_WAIT: u64 = 180;
/// The number of calls a minute that every tenant may make in advanced hunting.
const HUNTING_CALLS: f64 = 45.0;
/// How long a query of advanced hunting may wait when the resources of the tenant are used up. They come back every quarter of
/// an hour.
const HUNTING_PATIENCE: Duration = Duration::from_secs(16 * 60);
/// How long a query may take with all its slices. What is not sent by then is sent by a later load.
const MOST_TIME: Duration = Duration::from_secs(30 * 60);
/// How long after an event its row may arrive. An answer that is younger than that may lack rows, and is asked for again by
/// a later load.
pub const LATEST: TimeDelta = TimeDelta::hours(6);

/// A place where logs can be asked, and the way to it.
#[derive(Debug)]
pub struct Transport {
    place: Place,
    client: Arc<Client>,
    url: Url,
    auth: Auth,
    running: Semaphore,
    /// Held while columns are asked for, so that no table is asked about twice.
    probing: Mutex<()>,
    /// Held while it is asked whether a table holds events, likewise.
    seeing: Mutex<()>,
    most_time: Duration,
}

/// What is done with each row of an answer.
pub(super) type Visit<'v> = &'v (dyn Fn(&mut Rows, Row) + Sync);

pub(super) const KEEP: Visit<'static> = &|rows, row| rows.rows.push(row);

/// A query with its parameters.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) query: Query,
    /// The one log whose ends are asked for, in the place of all.
    pub(super) log: Option<&'static str>,
    pub(super) window: Window,
    pub(super) list: Option<(&'static str, Parameter)>,
    /// The end of the time whose events matter.
    pub(super) until: DateTime<Utc>,
}

impl Run {
    /// The same for the ends of one log alone.
    pub(super) fn of_log(&self, log: &'static str) -> Self {
        Self {
            log: Some(log),
            ..self.clone()
        }
    }
}

/// What the journal has of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnRecord {
    /// Nothing that would end the search for a place.
    Nothing,
    /// The place does not have the tables.
    Absence,
    /// The place answered.
    Answer,
}

/// A piece, and its answer as long as it is needed.
struct Asked {
    piece: Piece,
    exchange: Option<Exchange>,
}

impl Transport {
    /// The workspace with this id.
    pub fn workspace(client: Arc<Client>, endpoint: &Url, id: &str) -> Self {
        let path = ["v1", "workspaces", id, "query"];
        Self::new(Place::Workspace, client, endpoint, &path)
    }

    /// Advanced hunting, at this address of Microsoft Graph.
    pub fn hunting(client: Arc<Client>, endpoint: &Url) -> Self {
        let path = ["v1.0", "security", "runHuntingQuery"];
        Self::new(Place::Hunting, client, endpoint, &path)
    }

    fn new(place: Place, client: Arc<Client>, endpoint: &Url, path: &[&str]) -> Self {
        let mut url = endpoint.clone();
        crate::model::url::append_path(&mut url, path);
        Self {
            place,
            client,
            url,
            auth: Auth::Entra(match place {
                Place::Workspace => Audience::LogAnalytics,
                Place::Hunting => Audience::Graph,
            }),
            running: Semaphore::new(CONCURRENT),
            probing: Mutex::new(()),
            seeing: Mutex::new(()),
            most_time: MOST_TIME,
        }
    }

    /// The place.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Runs a query at this place alone.
    ///
    /// # Errors
    /// When no request can be made at all. A query that the service refuses is a [`Problem`].
    pub(super) async fn run(&self, run: &Run, visit: Visit<'_>) -> Result<Rows, Failure> {
        let mut rows = Rows::new(self.place, run.query);
        match self.known(run).await? {
            Ok(known) => {
                rows.lacks = run.query.lacks(self.place, &known);
                self.run_knowing(run, &known, visit, &mut rows).await?;
            }
            Err(problem) => rows.problems.push(problem),
        }
        Ok(rows)
    }

    /// True when one of the tables of a query holds no event of its time at this place, so that the query finds nothing: a
    /// connector may be switched off, or the right to the table may be missing. False when that is not known.
    pub(super) async fn is_quiet(&self, run: &Run) -> Result<bool, Failure> {
        for table in run.query.tables() {
            let _seeing = self.seeing.lock().await;
            let extent = self.extent(table, run.window, run.until).await?;
            if extent.is_ok_and(|extent| extent.newest.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The columns that have to be known before the query can be rendered. They are asked for once a load.
    async fn known(&self, run: &Run) -> Result<Result<Known, Problem>, Failure> {
        let mut known = Known::new();
        for table in run.query.unsure_of(self.place) {
            let probing = self.probing.lock().await;
            let columns = self.columns_for(run.query, table).await?;
            drop(probing);
            match columns {
                Ok(columns) => known.insert(table, columns),
                Err(problem) => return Ok(Err(problem)),
            };
        }
        Ok(Ok(known))
    }

    /// What the journal has of a query at this place.
    pub(super) fn on_record(&self, run: &Run) -> Result<OnRecord, Failure> {
        let mut known = Known::new();
        for table in run.query.unsure_of(self.place) {
            let Some(exchange) = self.client.received(&self.columns_request(table))? else {
                return Ok(OnRecord::Nothing);
            };
            match self.read_columns(run.query, table, &exchange) {
                Ok(columns) => known.insert(table, columns),
                Err(problem) if problem.is_absence() => return Ok(OnRecord::Absence),
                Err(_) => return Ok(OnRecord::Nothing),
            };
        }
        let request = self.request(run, &known, Slice::whole(run.window));
        let Some(exchange) = self.client.received(&request)? else {
            return Ok(OnRecord::Nothing);
        };
        Ok(match read(self.place, run.query, &exchange) {
            Reading::Bad(problem) if problem.is_absence() => OnRecord::Absence,
            _ if (request.is_answer)(&exchange.answer) => OnRecord::Answer,
            _ => OnRecord::Nothing,
        })
    }

    /// Runs a query of the workspace again whose answer is on record, unless this load has it from the service. `None` when
    /// there is nothing to run again.
    pub(super) async fn run_anew(&self, run: &Run) -> Result<Option<Rows>, Failure> {
        let request = self.request(run, &Known::new(), Slice::whole(run.window));
        let asked = self.client.received(&request)?;
        if asked.is_none_or(|asked| self.client.has_asked(&asked)) {
            return Ok(None);
        }
        self.client.send_anew(&request).await?;
        Ok(Some(self.run(run, KEEP).await?))
    }

    /// Runs a query over its window and, where the answer is too large or takes too long, over halves of it: all slices of
    /// one length at the same time, then all of half that length. What is asked for depends only on the answers.
    async fn run_knowing(
        &self,
        run: &Run,
        known: &Known,
        visit: Visit<'_>,
        into: &mut Rows,
    ) -> Result<(), Failure> {
        let mut clock = Clock::new(self.most_time);
        let mut slices = vec![Slice::whole(run.window)];
        let mut queries = 0;
        let mut last = Vec::new();
        while !slices.is_empty() {
            queries += slices.len();
            let asked = slices
                .iter()
                .map(|slice| self.ask(run, known, *slice, &clock));
            let asked = try_join_all(asked).await?;
            clock.pause();
            slices = Vec::new();
            for mut asked in asked {
                let halves = asked.piece.halves(run.query);
                let is_over = queries + slices.len() + 2 > MOST_QUERIES;
                if is_over && halves.is_some() && matches!(asked.piece.end, End::TooHeavy(_)) {
                    self.leave_unsplit(run, known, &mut asked.piece)?;
                }
                into.answers.push((asked.piece.record, asked.piece.at));
                match halves.filter(|_| !is_over) {
                    Some(halves) => slices.extend(halves),
                    None => last.push(asked),
                }
            }
        }
        last.sort_by_key(|asked| asked.piece.slice.range.from);
        for asked in &mut last {
            self.visit(run, known, asked, visit, into)?;
        }
        let pieces: Vec<Piece> = last.into_iter().map(|asked| asked.piece).collect();
        into.is_any_whole = pieces.iter().any(|piece| piece.end == End::Whole);
        into.problems = slices::problems(self.place, run.query, queries, &pieces);
        Ok(())
    }

    /// Takes back the 504 of a slice whose halves the budget does not allow, so that the next load asks for it again: the
    /// service may be faster then.
    fn leave_unsplit(&self, run: &Run, known: &Known, piece: &mut Piece) -> Result<(), Failure> {
        let words = format!("{MOST_QUERIES} queries were not enough");
        if !self.client.replays() {
            let why = NoAnswer::NotSent(words.clone());
            let request = self.request(run, known, piece.slice);
            let taken_back = self.client.take_back(&request, why)?;
            (piece.record, piece.at) = (taken_back.record, taken_back.at);
        }
        piece.end = End::NotSent(words);
        Ok(())
    }

    /// Visits the rows of an answer.
    fn visit(
        &self,
        run: &Run,
        known: &Known,
        asked: &mut Asked,
        visit: Visit<'_>,
        into: &mut Rows,
    ) -> Result<(), Failure> {
        if !matches!(
            asked.piece.end,
            End::Whole | End::TooLarge(_) | End::Partial(_)
        ) {
            return Ok(());
        }
        let exchange = match asked.exchange.take() {
            Some(exchange) => Some(exchange),
            None => self
                .client
                .received(&self.request(run, known, asked.piece.slice))?,
        };
        if let Some(exchange) = exchange
            && let Reading::Whole(rows) | Reading::TooLarge(rows, _) | Reading::Partial(rows, _) =
                read(self.place, run.query, &exchange)
        {
            rows.for_each(|row| visit(into, row));
        }
        Ok(())
    }

    /// Asks for a slice. The answer to the whole range is kept. Of the answers to slices only the ends are: there can be
    /// many at a time, and they are in the journal.
    async fn ask(
        &self,
        run: &Run,
        known: &Known,
        slice: Slice,
        clock: &Clock,
    ) -> Result<Asked, Failure> {
        let request = self.request(run, known, slice);
        // The semaphore is never closed, so this cannot fail.
        let running = self.running.acquire().await;
        clock.start();
        let is_whole = slice.range == run.window;
        let client = &self.client;
        let exchange = match client.look_up(&request)? {
            AnswerFrom::Journal(exchange) => exchange,
            AnswerFrom::Network(_, before) if !is_whole && clock.is_over() => {
                let minutes = self.most_time.as_secs() / 60;
                let why = NoAnswer::NotSent(format!("{minutes} minutes were not enough"));
                let (at, answer) = client.without_asking(&request, why);
                client.record(&request, before, at, answer)?
            }
            AnswerFrom::Network(network, before) => {
                let (at, answer) = client.ask(network, &request).await?;
                client.record(&request, before, at, answer)?
            }
        };
        drop(running);
        let end = match read(self.place, run.query, &exchange) {
            Reading::Whole(_) => End::Whole,
            Reading::TooLarge(_, words) => End::TooLarge(words),
            Reading::Partial(_, words) => End::Partial(words),
            Reading::TooHeavy(words) => End::TooHeavy(words),
            Reading::NotSent(words) => End::NotSent(words),
            Reading::Bad(problem) => End::Bad(problem),
        };
        Ok(Asked {
            piece: Piece {
                slice,
                record: exchange.record,
                at: exchange.at,
                end,
            },
            exchange: is_whole.then_some(exchange),
        })
    }

    fn request(&self, run: &Run, known: &Known, slice: Slice) -> Request {
        let Run {
            query,
            log,
            window,
            list,
            until,
        } = run;
        let mut values = vec![
            ("window_from", Parameter::Time(window.from)),
            ("window_to", Parameter::Time(window.to)),
            ("slice_from", Parameter::Time(slice.range.from)),
            ("slice_to", Parameter::Time(slice.range.to)),
        ];
        values.extend(list.clone());
        let text = match log {
            Some(log) => Query::render_end(log, self.place, &values),
            None => query.render_for(self.place, known, &values),
        };
        // The other side of a join is as long as the window.
        let until = match query.joins() {
            true => *until,
            false => slice.range.to.min(*until),
        };
        Request {
            is_answer: is_answer(self.place, slice.is_last_if_heavy(*query)),
            final_from: query.is_of_events().then(|| until + LATEST),
            ..self.post(&text, Some(self.span(run, slice)))
        }
    }

    /// The time that the service is told beside the bounds in the query. Advanced hunting goes by the shorter of the two.
    fn span(&self, run: &Run, slice: Slice) -> Window {
        match self.place {
            Place::Hunting if !run.query.joins() => slice.range,
            _ => run.window,
        }
    }

    /// A request for a query, which is final once it is answered. Without a window the service looks at what it keeps.
    pub(super) fn post(&self, text: &str, window: Option<Window>) -> Request {
        let timespan =
            window.map(|window| format!("{}/{}", format_time(window.from), format_time(window.to)));
        match self.place {
            Place::Workspace => self.post_to_workspace(text, timespan),
            Place::Hunting => self.post_to_hunting(text, timespan),
        }
    }

    fn post_to_workspace(&self, text: &str, timespan: Option<String>) -> Request {
        let mut body = serde_json::json!({ "query": text });
        if let Some(timespan) = timespan {
            body["timespan"] = timespan.into();
        }
        let body = Body {
            content_type: "application/json",
            text: body.to_string(),
        };
        Request {
            headers: vec![("prefer", format!("wait={WAIT},include-statistics=true"))],
            auth: self.auth.clone(),
            limits: vec![Limit {
                key: "log analytics".to_owned(),
                rate: 200.0 / 30.0,
                burst: 5.0,
                within: None,
            }],
            deadline: Duration::from_secs(30 * 60),
            // The service may work this long before it sends the first byte.
            attempt_timeout: Duration::from_secs(WAIT + 20),
            longest_answer: LONGEST_ANSWER,
            too_heavy: Some(TooHeavy {
                // The gateway's 504 means that the query takes longer than the service allows.
                says: says_too_heavy(Place::Workspace),
                attempts: 1,
            }),
            is_answer: is_answer(Place::Workspace, false),
            ..Request::post(self.place.source(), self.url.clone(), body)
        }
    }

    fn post_to_hunting(&self, text: &str, timespan: Option<String>) -> Request {
        let mut body = serde_json::json!({ "Query": text });
        if let Some(timespan) = timespan {
            body["Timespan"] = timespan.into();
        }
        let body = Body {
            content_type: "application/json; charset=utf-8",
            text: body.to_string(),
        };
        Request {
            auth: self.auth.clone(),
            limits: vec![Limit {
                key: "hunting".to_owned(),
                rate: HUNTING_CALLS / 60.0,
                burst: HUNTING_CALLS,
                within: Some(Duration::from_secs(60)),
            }],
            deadline: HUNTING_PATIENCE,
            attempt_timeout: Duration::from_secs(HUNTING_WAIT + 20),
            longest_answer: LONGEST_ANSWER,
            too_heavy: Some(TooHeavy {
                // The service often fails for no reason of the query's.
                says: says_too_heavy(Place::Hunting),
                attempts: 2,
            }),
            says_pause: Some(hunting::said_pause),
            is_answer: is_answer(Place::Hunting, false),
            ..Request::post(self.place.source(), self.url.clone(), body)
        }
    }

    /// Sends a request that is not about a slice.
    pub(super) async fn send(&self, request: &Request) -> Result<Exchange, Failure> {
        // The semaphore is never closed, so this cannot fail.
        let _running = self.running.acquire().await;
        self.client.send(request).await
    }
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
