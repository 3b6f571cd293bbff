//! Microsoft Sentinel, through the query API of Log Analytics.
//!
//! A truncated result is never taken for complete: the time range is halved and queried again, down to a minute, or to
//! an hour where tables are joined by the hour.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use url::Url;

use super::answer::is_answer;
use super::query::{Parameter, Query};
use super::table::PRIMARY;
use crate::http::{Client, Failure};
use crate::journal::{Answer, Audience, Auth, Body, Exchange, Limit, Request};
use crate::model::RecordNumber;
use crate::model::Source;
use crate::model::Window;
use crate::model::format_time;
use crate::model::parse_time;

/// The key of this source in `requests` and in gaps.
pub const SOURCE: Source = Source::LogAnalytics;

/// The highest number of rows in one answer of the service. An answer with this many may be truncated.
const ROW_LIMIT: usize = 500_000;
/// A list parameter is split into chunks of at most this many values and `CHUNK_BYTES` bytes.
const CHUNK_VALUES: usize = 500;
const CHUNK_BYTES: usize = 64 * 1024;
/// The number of parallel queries that the service allows a user.
const CONCURRENT: usize = 5;
/// The largest answer, in bytes. The service returns at most 64 MB of rows, which JSON makes longer.
const LONGEST_ANSWER: usize = 256 << 20;
/// The time limit of a query at the service, in seconds. The service allows no more.
const WAIT: u64 = 600;

/// A Log Analytics workspace.
#[derive(Debug)]
pub struct Sentinel {
    client: Arc<Client>,
    url: Url,
    running: Semaphore,
}

/// A row of a result.
#[derive(Debug, Clone)]
pub struct Row {
    /// The journal record that holds it.
    pub record: RecordNumber,
    columns: Arc<Vec<String>>,
    cells: Vec<Value>,
}

/// The result of a query.
#[derive(Debug, Default)]
pub struct Rows {
    /// The rows of all time slices, in order.
    pub rows: Vec<Row>,
    /// The reasons why rows are missing; empty when the result is complete.
    pub problems: Vec<Problem>,
    /// The record and the time of each answer, with or without rows.
    pub answers: Vec<(RecordNumber, DateTime<Utc>)>,
}

/// A reason why rows are missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Problem {
    #[error("table absent: {0}; connect its data source to the workspace")]
    TableAbsent(String),
    #[error(
        "{query}: no access to the workspace (HTTP {status}); the application needs Log Analytics Reader on it"
    )]
    Forbidden { query: &'static str, status: u16 },
    #[error("{query}: there is no such workspace; check [sentinel] workspace_id")]
    NoWorkspace { query: &'static str },
    #[error("{query}: too many requests; run again later")]
    Busy { query: &'static str },
    #[error("kql/{query}.kql line {line} column {column}: {message}")]
    Query {
        query: &'static str,
        line: usize,
        column: usize,
        message: String,
    },
    #[error("{query}: {minutes} minute(s) hold more than one answer can; rows are missing")]
    TooLarge { query: &'static str, minutes: i64 },
    #[error("{query}: {message}")]
    Failed {
        query: &'static str,
        message: String,
    },
}

impl Problem {
    /// What is absent, if `[gaps] accepted` can name it: the table, or the workspace by the name of its source. `None`
    /// for what went wrong.
    pub fn absence(&self) -> Option<&str> {
        match self {
            Self::TableAbsent(table) => Some(table),
            Self::Forbidden { .. } => Some(SOURCE.as_str()),
            _ => None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    tables: Vec<Table<'a>>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Table<'a> {
    name: String,
    columns: Vec<Column>,
    #[serde(borrow)]
    rows: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Column {
    name: String,
}

/// What is done with each row of an answer.
type Visit<'v> = &'v (dyn Fn(&mut Rows, Row) + Sync);

const KEEP: Visit<'static> = &|rows, row| rows.rows.push(row);

/// The result of a query over one time slice.
enum Slice<'a> {
    Whole(RawRows<'a>),
    Cut(RawRows<'a>),
    Bad(Problem),
}

/// The rows of an answer, which are parsed one by one: parsed, all of them would take several times the memory of the
/// answer.
#[derive(Default)]
struct RawRows<'a> {
    record: RecordNumber,
    columns: Arc<Vec<String>>,
    rows: Vec<&'a RawValue>,
}

impl RawRows<'_> {
    fn for_each(self, mut visit: impl FnMut(Row)) {
        for row in self.rows {
            visit(Row {
                record: self.record,
                columns: Arc::clone(&self.columns),
                // Only lists are kept, so that this does not fail.
                cells: serde_json::from_str(row.get()).unwrap_or_default(),
            });
        }
    }

    fn all(self) -> Vec<Row> {
        let mut all = Vec::with_capacity(self.rows.len());
        self.for_each(|row| all.push(row));
        all
    }
}

impl Sentinel {
    /// The workspace with this id.
    pub fn new(client: Arc<Client>, endpoint: &Url, workspace: &str) -> Self {
        let mut url = endpoint.clone();
        crate::model::url::append_path(&mut url, &["v1", "workspaces", workspace, "query"]);
        Self {
            client,
            url,
            running: Semaphore::new(CONCURRENT),
        }
    }

    /// Runs a query over a window.
    ///
    /// # Errors
    /// When no request can be made at all. A query that the service refuses is a [`Problem`].
    pub async fn query(&self, query: Query, window: Window) -> Result<Rows, Failure> {
        let mut rows = Rows::default();
        self.slice(query, window, window, None, KEEP, &mut rows)
            .await?;
        Ok(rows)
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
        let visit: Visit<'_> = &|_, row| visit(row);
        let runs = chunks.into_iter().map(|values| async move {
            let mut rows = Rows::default();
            let list = (list, Parameter::List(values));
            self.slice(query, window, window, Some(&list), visit, &mut rows)
                .await?;
            Ok::<_, Failure>(rows)
        });
        futures::future::try_join_all(runs).await
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
        let runs = chunks.into_iter().map(|values| async move {
            let mut rows = Rows::default();
            let list = (list, Parameter::List(values));
            self.slice(query, window, window, Some(&list), KEEP, &mut rows)
                .await?;
            Ok::<_, Failure>(rows)
        });
        futures::future::try_join_all(runs).await
    }

    fn slice<'a>(
        &'a self,
        query: Query,
        window: Window,
        slice: Window,
        list: Option<&'a (&'static str, Parameter)>,
        visit: Visit<'a>,
        into: &'a mut Rows,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let exchange = self.ask(query, window, slice, list).await?;
            into.answers.push((exchange.record, exchange.at));
            let mut take = |rows: RawRows<'_>| rows.for_each(|row| visit(into, row));
            match parse_answer(query, &exchange) {
                Slice::Whole(rows) => take(rows),
                Slice::Bad(problem) => into.problems.push(problem),
                Slice::Cut(rows) => match middle(slice, query.joins()) {
                    Some(middle) => {
                        self.slice(
                            query,
                            window,
                            Window {
                                from: slice.from,
                                to: middle,
                            },
                            list,
                            visit,
                            into,
                        )
                        .await?;
                        self.slice(
                            query,
                            window,
                            Window {
                                from: middle,
                                to: slice.to,
                            },
                            list,
                            visit,
                            into,
                        )
                        .await?;
                    }
                    None => {
                        take(rows);
                        let minutes = (slice.to - slice.from).num_minutes().max(1);
                        into.problems.push(Problem::TooLarge {
                            query: query.name(),
                            minutes,
                        });
                    }
                },
            }
            Ok(())
        })
    }

    async fn ask(
        &self,
        query: Query,
        window: Window,
        slice: Window,
        list: Option<&(&'static str, Parameter)>,
    ) -> Result<Exchange, Failure> {
        let mut values = vec![
            ("window_from", Parameter::Time(window.from)),
            ("window_to", Parameter::Time(window.to)),
            ("slice_from", Parameter::Time(slice.from)),
            ("slice_to", Parameter::Time(slice.to)),
        ];
        values.extend(list.cloned());
        let timespan = format!("{}/{}", format_time(window.from), format_time(window.to));
        let body = serde_json::json!({"query": query.render(&values), "timespan": timespan});
        let body = Body {
            content_type: "application/json",
            text: body.to_string(),
        };
        let request = Request {
            headers: vec![("prefer", format!("wait={WAIT},include-statistics=true"))],
            auth: Auth::Entra(Audience::LogAnalytics),
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
            is_answer,
            ..Request::post(SOURCE, self.url.clone(), body)
        };
        // The semaphore is never closed, so this cannot fail.
        let _running = self.running.acquire().await;
        self.client.send(&request).await
    }
}

impl Rows {
    /// The rows and problems of a single answer. A truncated answer is a problem here, since its time range cannot be
    /// halved.
    pub fn of(query: Query, exchange: &Exchange) -> Self {
        let (rows, problems) = match parse_answer(query, exchange) {
            Slice::Whole(rows) => (rows.all(), Vec::new()),
            Slice::Cut(rows) => (
                rows.all(),
                vec![Problem::TooLarge {
                    query: query.name(),
                    minutes: 1,
                }],
            ),
            Slice::Bad(problem) => (Vec::new(), vec![problem]),
        };
        Self {
            rows,
            problems,
            answers: vec![(exchange.record, exchange.at)],
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

/// The time at which to split a slice; `None` when it is too short.
fn middle(slice: Window, whole_hours: bool) -> Option<DateTime<Utc>> {
    let unit = if whole_hours {
        TimeDelta::hours(1)
    } else {
        TimeDelta::minutes(1)
    };
    let half = slice.from + (slice.to - slice.from) / 2;
    let down = half.duration_trunc(unit).ok()?;
    [down, down + unit]
        .into_iter()
        .find(|at| slice.from < *at && *at < slice.to)
}

fn parse_answer(query: Query, exchange: &Exchange) -> Slice<'_> {
    let name = query.name();
    let failed = |message: String| {
        Slice::Bad(Problem::Failed {
            query: name,
            message,
        })
    };
    let Some(status) = exchange.status() else {
        return match &exchange.answer {
            Answer::Nothing(why) => failed(format!("no answer: {why}")),
            Answer::Response { .. } => failed("no status".to_owned()),
        };
    };
    match status {
        200 if exchange.body().trim().is_empty() => {
            failed("the service did not understand the request".to_owned())
        }
        200 => match serde_json::from_str::<Response<'_>>(exchange.body()) {
            Ok(response) => tabulate(name, exchange.record, response),
            Err(error) => failed(format!(
                "the answer is not what Log Analytics sends ({error})"
            )),
        },
        204 => Slice::Whole(RawRows::default()),
        401 | 403 => Slice::Bad(Problem::Forbidden {
            query: name,
            status,
        }),
        404 => Slice::Bad(Problem::NoWorkspace { query: name }),
        429 => Slice::Bad(Problem::Busy { query: name }),
        // The time limit of the gateway. A shorter time range has fewer rows to search.
        504 => Slice::Cut(RawRows::default()),
        _ => Slice::Bad(refusal(query, status, exchange.body())),
    }
}

fn tabulate<'a>(query: &'static str, record: RecordNumber, response: Response<'a>) -> Slice<'a> {
    let cut = match &response.error {
        None => false,
        Some(error) if error.get("code").and_then(Value::as_str) == Some("PartialError") => true,
        Some(error) => {
            return Slice::Bad(Problem::Failed {
                query,
                message: innermost(error).1,
            });
        }
    };
    let table = response
        .tables
        .into_iter()
        .find(|table| table.name == PRIMARY);
    let Some(table) = table else {
        let message = format!("the answer has no {PRIMARY}");
        return if cut {
            Slice::Cut(RawRows::default())
        } else {
            Slice::Bad(Problem::Failed { query, message })
        };
    };
    let columns = Arc::new(
        table
            .columns
            .into_iter()
            .map(|column| column.name)
            .collect::<Vec<_>>(),
    );
    let is_list = |row: &&RawValue| row.get().starts_with('[');
    if !table.rows.iter().all(is_list) {
        let message = "a row of the answer is no list".to_owned();
        return Slice::Bad(Problem::Failed { query, message });
    }
    let rows = RawRows {
        record,
        columns,
        rows: table.rows,
    };
    if cut || rows.rows.len() >= ROW_LIMIT {
        Slice::Cut(rows)
    } else {
        Slice::Whole(rows)
    }
}

/// The innermost code and message of an error, which describe the actual cause.
fn innermost(error: &Value) -> (String, String) {
    let mut at = error;
    while let Some(inner) = at
        .get("innererror")
        .or_else(|| at.get("innerError"))
        .filter(|inner| inner.is_object())
    {
        at = inner;
    }
    let text = |key: &str| {
        at.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (text("code"), text("message"))
}

fn refusal(query: Query, status: u16, body: &str) -> Problem {
    let name = query.name();
    let error = serde_json::from_str::<Value>(body)
        .ok()
        .and_then(|body| body.get("error").cloned());
    let Some(error) = error else {
        return Problem::Failed {
            query: name,
            message: format!("HTTP {status}"),
        };
    };
    let (code, message) = innermost(&error);
    if code == "SEM0100"
        && let Some(table) = query
            .tables()
            .find(|table| message.contains(&format!("'{table}'")))
    {
        return Problem::TableAbsent(table.to_owned());
    }
    match position(&error, &message) {
        Some((line, column)) => Problem::Query {
            query: name,
            line: line + query.header_lines(),
            column,
            message,
        },
        None => Problem::Failed {
            query: name,
            message: format!("HTTP {status}: {code} {message}"),
        },
    }
}

/// The line and column of an error, from its fields or from `[line:position=3:17]` or `(line 3, position 17)` in its
/// text.
fn position(error: &Value, message: &str) -> Option<(usize, usize)> {
    let mut at = error;
    loop {
        let number = |key: &str| {
            at.get(key)
                .and_then(Value::as_u64)
                .and_then(|n| usize::try_from(n).ok())
        };
        if let (Some(line), Some(column)) = (number("line"), number("pos")) {
            return Some((line, column));
        }
        match at.get("innererror").or_else(|| at.get("innerError")) {
            Some(inner) => at = inner,
            None => break,
        }
    }
    let tail = &message[message.find("line")?..];
    let mut numbers = tail
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

impl Row {
    /// A cell; null when the column does not exist.
    fn cell(&self, column: &str) -> &Value {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at)).unwrap_or(&Value::Null)
    }

    /// A text; empty when it is absent, as in Kusto.
    pub fn text(&self, column: &str) -> &str {
        self.cell(column).as_str().unwrap_or_default().trim()
    }

    /// A time; `None` when it is absent or malformed.
    pub fn time(&self, column: &str) -> Option<DateTime<Utc>> {
        parse_time(self.cell(column).as_str()?)
    }

    /// An integer; 0 when it is absent.
    pub fn integer(&self, column: &str) -> i64 {
        match self.cell(column) {
            Value::Number(number) => number.as_i64().unwrap_or_default(),
            Value::String(text) => text.parse().unwrap_or_default(),
            _ => 0,
        }
    }

    /// A number; `None` when it is absent.
    pub fn number(&self, column: &str) -> Option<f64> {
        let number = match self.cell(column) {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number: &f64| number.is_finite())
    }

    /// A boolean, which can be a number or a text in the answer.
    pub fn boolean(&self, column: &str) -> bool {
        match self.cell(column) {
            Value::Bool(flag) => *flag,
            Value::Number(number) => number.as_i64() == Some(1),
            Value::String(text) => text.eq_ignore_ascii_case("true") || text == "1",
            _ => false,
        }
    }

    /// All cells as JSON. The same event has the same identity in the results of all queries.
    pub fn identity(&self) -> String {
        serde_json::to_string(&self.cells).unwrap_or_default()
    }
}
