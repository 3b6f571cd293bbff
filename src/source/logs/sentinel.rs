//! Microsoft Sentinel, through the query API of Log Analytics.
//!
//! A truncated result is never taken for complete: the time range is halved and both halves are queried, down to a minute,
//! or to an hour where tables are joined by the hour, within a budget of queries and minutes. Only the number of queries
//! decides what a result is; when the minutes are over, the rest is recorded as not sent, so that a replay ends alike.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;
use tokio::sync::Semaphore;
use url::Url;

use super::answer::{Reading, is_answer, is_answer_to_the_last, read};
use super::query::{Parameter, Query};
use super::row::Row;
use super::rows::Rows;
use super::slices::{self, Clock, End, MOST_QUERIES, Piece, Slice};
use crate::http::{AnswerFrom, Client, Failure};
use crate::journal::{Audience, Auth, Body, Exchange, Limit, NoAnswer, Request};
use crate::model::Source;
use crate::model::Window;
use crate::model::format_time;

/// The key of this source in `requests` and in gaps.
pub const SOURCE: Source = Source::LogAnalytics;

/// A list parameter is split into chunks of at most this many values and `CHUNK_BYTES` bytes.
const CHUNK_VALUES: usize = 500;
const CHUNK_BYTES: usize = 64 * 1024;
/// The number of parallel queries that the service allows a user.
const CONCURRENT: usize = 5;
/// The largest answer, in bytes. The service returns at most 64 MB of rows, which JSON makes longer.
const LONGEST_ANSWER: usize = 256 << 20;
/// The time limit of a query at the service, in seconds. The service allows no more.
const WAIT: u64 = 600;
/// How long a query may take with all its slices. What is not sent by then is sent by a later load.
const MOST_TIME: Duration = Duration::from_secs(30 * 60);
/// How long after an event its row may arrive. An answer that is younger than that may lack rows, and is asked for again by
/// a later load.
pub const LATEST: TimeDelta = TimeDelta::hours(6);

/// A Log Analytics workspace.
#[derive(Debug)]
pub struct Sentinel {
    client: Arc<Client>,
    url: Url,
    auth: Auth,
    running: Semaphore,
    most_time: Duration,
}

/// What is done with each row of an answer.
type Visit<'v> = &'v (dyn Fn(&mut Rows, Row) + Sync);

const KEEP: Visit<'static> = &|rows, row| rows.rows.push(row);

/// A query with its parameters.
struct Run {
    query: Query,
    window: Window,
    list: Option<(&'static str, Parameter)>,
    /// The end of the time whose events matter.
    until: DateTime<Utc>,
}

/// A piece, and its answer as long as it is needed.
struct Asked {
    piece: Piece,
    exchange: Option<Exchange>,
}

impl Sentinel {
    /// The workspace with this id.
    pub fn new(client: Arc<Client>, endpoint: &Url, workspace: &str) -> Self {
        let mut url = endpoint.clone();
        crate::model::url::append_path(&mut url, &["v1", "workspaces", workspace, "query"]);
        Self {
            client,
            url,
            auth: Auth::Entra(Audience::LogAnalytics),
            running: Semaphore::new(CONCURRENT),
            most_time: MOST_TIME,
        }
    }

    /// Runs a query over a window.
    ///
    /// # Errors
    /// When no request can be made at all. A query that the service refuses is a [`Problem`](super::Problem).
    pub async fn query(&self, query: Query, window: Window) -> Result<Rows, Failure> {
        let mut rows = Rows::default();
        let run = Run {
            query,
            window,
            list: None,
            until: window.to,
        };
        self.run(&run, KEEP, &mut rows).await?;
        Ok(rows)
    }

    /// Asks for the oldest and the newest event of each log between two times. What matters is whether they reach to
    /// `until`: an answer long after that time is final. `is_known` says whether the answer tells of every log that there
    /// is; when a recorded answer does not, it is asked for again.
    ///
    /// # Errors
    /// When no request can be made at all. A query that the service refuses is a [`Problem`](super::Problem).
    pub async fn ends(
        &self,
        range: Window,
        until: DateTime<Utc>,
        is_known: impl Fn(&Rows) -> bool,
    ) -> Result<Rows, Failure> {
        let run = Run {
            query: Query::LogEnds,
            window: range,
            list: None,
            until,
        };
        let mut rows = Rows::default();
        self.run(&run, KEEP, &mut rows).await?;
        let request = self.request(&run, Slice::whole(range));
        let asked = self.client.received(&request)?;
        let is_new = asked.is_some_and(|asked| self.client.has_asked(&asked));
        if rows.problems.is_empty() && !is_known(&rows) && !is_new {
            self.client.send_anew(&request).await?;
            rows = Rows::default();
            self.run(&run, KEEP, &mut rows).await?;
        }
        Ok(rows)
    }

    /// Runs a query once for every chunk of a list. `visit` is called with the rows of each answer as it arrives; the
    /// result has no rows. The rows of one chunk come in order, the chunks in any order.
    ///
    /// # Errors
    /// When no request can be made at all. A query that the service refuses is a [`Problem`](super::Problem).
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
    /// When no request can be made at all. A query that the service refuses is a [`Problem`](super::Problem).
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
        let runs = chunks.into_iter().map(|values| async move {
            let run = Run {
                query,
                window,
                list: Some((list, Parameter::List(values))),
                until: window.to,
            };
            let mut rows = Rows::default();
            self.run(&run, visit, &mut rows).await?;
            Ok::<_, Failure>(rows)
        });
        try_join_all(runs).await
    }

    /// Runs a query over its window and, where the answer is too large or takes too long, over halves of it: all slices of
    /// one length at the same time, then all of half that length. What is asked for depends only on the answers.
    async fn run(&self, run: &Run, visit: Visit<'_>, into: &mut Rows) -> Result<(), Failure> {
        let mut clock = Clock::new(self.most_time);
        let mut slices = vec![Slice::whole(run.window)];
        let mut queries = 0;
        let mut last = Vec::new();
        while !slices.is_empty() {
            queries += slices.len();
            let asked = slices.iter().map(|slice| self.ask(run, *slice, &clock));
            let asked = try_join_all(asked).await?;
            clock.pause();
            slices = Vec::new();
            for mut asked in asked {
                let halves = asked.piece.halves(run.query);
                let is_over = queries + slices.len() + 2 > MOST_QUERIES;
                if is_over && halves.is_some() && matches!(asked.piece.end, End::TooHeavy(_)) {
                    self.leave_unsplit(run, &mut asked.piece)?;
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
            self.visit(run, asked, visit, into)?;
        }
        let pieces: Vec<Piece> = last.into_iter().map(|asked| asked.piece).collect();
        into.problems = slices::problems(run.query, queries, &pieces);
        Ok(())
    }

    /// Takes back the 504 of a slice whose halves the budget does not allow, so that the next load asks for it again: the
    /// service may be faster then.
    fn leave_unsplit(&self, run: &Run, piece: &mut Piece) -> Result<(), Failure> {
        let words = format!("{MOST_QUERIES} queries were not enough");
        if !self.client.replays() {
            let why = NoAnswer::NotSent(words.clone());
            let request = self.request(run, piece.slice);
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
                .received(&self.request(run, asked.piece.slice))?,
        };
        if let Some(exchange) = exchange
            && let Reading::Whole(rows) | Reading::TooLarge(rows, _) | Reading::Partial(rows, _) =
                read(run.query, &exchange)
        {
            rows.for_each(|row| visit(into, row));
        }
        Ok(())
    }

    /// Asks for a slice. The answer to the whole range is kept. Of the answers to slices only the ends are: there can be
    /// many at a time, and they are in the journal.
    async fn ask(&self, run: &Run, slice: Slice, clock: &Clock) -> Result<Asked, Failure> {
        let request = self.request(run, slice);
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
        let end = match read(run.query, &exchange) {
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

    fn request(&self, run: &Run, slice: Slice) -> Request {
        let Run {
            query,
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
        let timespan = format!("{}/{}", format_time(window.from), format_time(window.to));
        let body = serde_json::json!({"query": query.render(&values), "timespan": timespan});
        let body = Body {
            content_type: "application/json",
            text: body.to_string(),
        };
        // The other side of a join is as long as the window.
        let until = match query.joins() {
            true => *until,
            false => slice.range.to.min(*until),
        };
        Request {
            headers: vec![("prefer", format!("wait={WAIT},include-statistics=true"))],
            auth: self.auth.clone(),
            limits: vec![Limit {
                key: "log analytics".to_owned(),
                rate: 200.0 / 30.0,
                burst: 5.0,
            }],
            deadline: Duration::from_secs(30 * 60),
            // The service may work this long before it sends the first byte.
            attempt_timeout: Duration::from_secs(WAIT + 20),
            longest_answer: LONGEST_ANSWER,
            // The gateway's 504 means that the query takes longer than the service allows.
            gateway_timeout_is_final: true,
            is_answer: match slice.is_last_if_heavy(*query) {
                true => is_answer_to_the_last,
                false => is_answer,
            },
            final_from: query.is_of_events().then(|| until + LATEST),
            ..Request::post(SOURCE, self.url.clone(), body)
        }
    }
}

/// Splits things into chunks whose values fit into one query. `values` returns the values of a thing.
pub fn chunks<T>(things: Vec<T>, values: impl Fn(&T) -> Vec<String>) -> Vec<Vec<T>> {
    let mut chunks: Vec<Vec<T>> = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    for thing in things {
        let values = values(&thing);
        let (values, size) = (
            values.len(),
            values.iter().map(|value| value.len() + 4).sum::<usize>(),
        );
        match chunks.last_mut() {
            Some(chunk) if count + values <= CHUNK_VALUES && bytes + size <= CHUNK_BYTES => {
                chunk.push(thing)
            }
            _ => {
                chunks.push(vec![thing]);
                (count, bytes) = (0, 0);
            }
        }
        count += values;
        bytes += size;
    }
    chunks
}

#[cfg(test)]
mod tests;
