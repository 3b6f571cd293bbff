//! Decides what is an answer of a log service, and reads it. `docs/operations.md` has the decisions as a table.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::hunting;
use super::place::Place;
use super::problem::{Absence, Problem, Why};
use super::query::Query;
use super::recorded::PRIMARY;
use super::row::RawRows;
use super::table;
use crate::http::length;
use crate::journal::{Answer, Exchange, NoAnswer};
use crate::model::RecordNumber;
use crate::terminal::clean;

/// The longest reason of the service that is shown, in characters.
const LONGEST_WORDS: usize = 300;
/// How the service says that an answer became too large, or that it took too much memory: by a name, or by the number of
/// an error, in hexadecimal or as a signed integer. Advanced hunting has a sentence for it.
const LIMITS: [&str; 7] = [
    "E_QUERY_RESULT_SET_TOO_LARGE",
    "E_RUNAWAY_QUERY",
    "E_LOW_MEMORY_CONDITION",
    "80DA0003",
    "-2133196797",
    "RESPONSEPAYLOADTOOLARGE",
    "EXCEEDED THE ALLOWED RESULT SIZE",
];
/// The code of the service for a table or a column that it does not know.
const UNRESOLVED: &str = "SEM0100";
/// What the service warns of when it leaves an absent table out of a fuzzy union.
const UNRESOLVED_TABLE: &str = "Failed to resolve table";

/// Decides whether an answer of the place is one: it is when the service answered with rows, with the reason why there are
/// too many of them, or with what is wrong with the query. When a query takes more than the service allows, a shorter time
/// range is asked for. To the last of these, which is not halved again, that is no answer: the service may be faster
/// another time.
pub(super) fn is_answer(place: Place, is_last: bool) -> fn(&Answer) -> bool {
    const WORKSPACE: Place = Place::Workspace;
    const HUNTING: Place = Place::Hunting;
    match (place, is_last) {
        (WORKSPACE, false) => {
            |answer| is_too_heavy(WORKSPACE, answer) || is_final(WORKSPACE, answer)
        }
        (WORKSPACE, true) => {
            |answer| !is_too_heavy(WORKSPACE, answer) && is_final(WORKSPACE, answer)
        }
        (HUNTING, false) => |answer| is_too_heavy(HUNTING, answer) || is_final(HUNTING, answer),
        (HUNTING, true) => |answer| !is_too_heavy(HUNTING, answer) && is_final(HUNTING, answer),
    }
}

/// Decides whether a place says that a query takes more than it allows.
pub(super) fn says_too_heavy(place: Place) -> fn(&Answer) -> bool {
    match place {
        Place::Workspace => |answer| is_too_heavy(Place::Workspace, answer),
        Place::Hunting => |answer| is_too_heavy(Place::Hunting, answer),
    }
}

fn is_too_heavy(place: Place, answer: &Answer) -> bool {
    // Most answers are tables, which are long.
    if !matches!(answer.status(), Some(400 | 500 | 504)) {
        return false;
    }
    match Content::of(place, answer) {
        Content::Refused(status, error) => Refusal {
            place,
            status,
            error,
        }
        .is_too_heavy(),
        _ => false,
    }
}

fn is_final(place: Place, answer: &Answer) -> bool {
    Content::of(place, answer).is_final()
}

/// What an answer says to a query.
pub(super) enum Reading<'a> {
    /// All rows.
    Whole(RawRows<'a>),
    /// Rows that are not all, and what the service says about its limits.
    TooLarge(RawRows<'a>, String),
    /// Rows that are not all, and what the service says about that. A shorter time range would not help.
    Partial(RawRows<'a>, String),
    /// The query takes longer than the service allows.
    TooHeavy(String),
    /// It was not asked.
    NotSent(String),
    /// No rows.
    Bad(Problem),
}

/// Reads an answer of a place to a query.
pub(super) fn read(place: Place, query: Query, exchange: &Exchange) -> Reading<'_> {
    let name = query.name();
    let bad = |why: Why| Reading::Bad(Problem { place, why });
    let failed = |words: String| bad(Why::Failed { query: name, words });
    match Content::of(place, &exchange.answer) {
        Content::Rows(rows, shortfall) => {
            let columns = match rows.columns.is_empty() {
                // An answer of advanced hunting can lack the schema.
                true => Arc::new(query.columns().map(str::to_owned).collect()),
                false => rows.columns,
            };
            let rows = RawRows {
                record: exchange.record,
                columns,
                rows: rows.rows,
            };
            match shortfall {
                None => Reading::Whole(rows),
                Some(Shortfall::Limit(words)) => Reading::TooLarge(rows, words),
                Some(Shortfall::Other(words)) => Reading::Partial(rows, words),
            }
        }
        Content::Refused(status, error) => {
            let refusal = Refusal {
                place,
                status,
                error,
            };
            if refusal.is_too_heavy() {
                return Reading::TooHeavy(refusal.words());
            }
            match refusal.error.as_ref().and_then(Shortfall::of) {
                Some(Shortfall::Limit(words)) => Reading::TooLarge(RawRows::default(), words),
                _ => bad(refusal.why(query, exchange)),
            }
        }
        Content::NoData => bad(Why::NoData),
        Content::Unlike(why) => failed(why),
        Content::Nothing(NoAnswer::NotSent(why)) => Reading::NotSent(why.clone()),
        Content::Nothing(why) => failed(format!("no answer: {why}")),
    }
}

/// What an answer holds, whatever the query.
pub(super) enum Content<'a> {
    /// A table, and why it is not whole. The number of its record is not known here.
    Rows(RawRows<'a>, Option<Shortfall>),
    /// An error instead of a table, with the status. `None` when it is not in the form of the service.
    Refused(u16, Option<Value>),
    /// The service says that the workspace has no data.
    NoData,
    /// Something that the service does not send. A proxy may have answered.
    Unlike(String),
    /// There is no response.
    Nothing(&'a NoAnswer),
}

impl<'a> Content<'a> {
    pub(super) fn of(place: Place, answer: &'a Answer) -> Self {
        let (status, body) = match answer {
            Answer::Nothing(why) => return Self::Nothing(why),
            Answer::Response { status, body, .. } => (*status, body.as_str()),
        };
        match status {
            200 if body.trim().is_empty() => Self::Unlike(
                "an empty answer; the service did not understand the request".to_owned(),
            ),
            200 => {
                let content = match place {
                    Place::Workspace => Self::of_table(body),
                    Place::Hunting => Self::of_hunting(body),
                };
                content.unwrap_or_else(|why| {
                    let service = place.service();
                    Self::Unlike(format!("the answer is not what {service} sends ({why})"))
                })
            }
            204 => Self::NoData,
            _ => Self::Refused(status, error_in(body)),
        }
    }

    /// A table of Log Analytics.
    ///
    /// # Errors
    /// Why the body is none.
    fn of_table(body: &'a str) -> Result<Self, String> {
        let response = serde_json::from_str::<Response<'_>>(body);
        let response = response.map_err(|error| clean(&error.to_string()).into_owned())?;
        let mut tables = response.tables.into_iter();
        match (tables.find(|table| table.name == PRIMARY), response.error) {
            (Some(table), _) if !table.rows.iter().all(|row| row.get().starts_with('[')) => {
                Err("a row is no list".to_owned())
            }
            (Some(table), error) => {
                let shortfall = error.and_then(|error| Shortfall::of(&error));
                let full = Shortfall::of_rows(Place::Workspace, table.rows.len());
                Ok(Self::Rows(table.into_rows(), shortfall.or(full)))
            }
            (None, Some(error)) => Ok(Self::Refused(200, Some(error))),
            (None, None) => Err(format!("it has no {PRIMARY}")),
        }
    }

    /// A table of advanced hunting.
    ///
    /// # Errors
    /// Why the body is none.
    fn of_hunting(body: &'a str) -> Result<Self, String> {
        Ok(match hunting::body(body)? {
            hunting::Body::Error(error) => Self::Refused(200, error),
            hunting::Body::Table(columns, rows) => {
                let shortfall = Shortfall::of_rows(Place::Hunting, rows.len());
                let rows = RawRows {
                    record: RecordNumber::default(),
                    columns: Arc::new(columns),
                    rows,
                };
                Self::Rows(rows, shortfall)
            }
        })
    }

    /// True when the same request would have the same answer. What the service may answer in another way another time,
    /// when a table is connected, a right granted or a failure over, is none.
    fn is_final(&self) -> bool {
        match self {
            Self::Rows(_, shortfall) => !matches!(shortfall, Some(Shortfall::Other(_))),
            // A query that the service refuses as wrong is another one in the next version.
            Self::Refused(_, Some(error)) => {
                matches!(Shortfall::of(error), Some(Shortfall::Limit(_)))
            }
            Self::Refused(..) | Self::NoData | Self::Unlike(_) | Self::Nothing(_) => false,
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

impl<'a> Table<'a> {
    fn into_rows(self) -> RawRows<'a> {
        let columns = self.columns.into_iter().map(|column| column.name);
        RawRows {
            record: RecordNumber::default(),
            columns: Arc::new(columns.collect()),
            rows: self.rows,
        }
    }
}

/// The error in a body; `None` when there is none.
fn error_in(body: &str) -> Option<Value> {
    let mut body = serde_json::from_str::<Value>(body).ok()?;
    let error = body.get_mut("error")?.take();
    error.is_object().then_some(error)
}

/// Why an answer is not whole, in the words of the service.
pub(super) enum Shortfall {
    /// It ran into a limit of size or memory, which fewer rows would not.
    Limit(String),
    /// Anything else.
    Other(String),
}

impl Shortfall {
    /// An answer with as many rows as a place gives at most is taken for cut, whether the place says so or not.
    fn of_rows(place: Place, rows: usize) -> Option<Self> {
        let limit = place.row_limit();
        (rows >= limit).then(|| Self::Limit(format!("{limit} rows")))
    }

    /// `None` when nothing is missing: the service only informs, or it left an absent table out of a fuzzy union.
    fn of(error: &Value) -> Option<Self> {
        let faults = Fault::all(error);
        if let Some(limit) = faults.iter().find(|fault| fault.is_limit()) {
            return Some(Self::Limit(limit.words()));
        }
        let missing = faults.iter().filter(|fault| !fault.is_harmless());
        let worst = missing.min_by_key(|fault| fault.severity)?;
        Some(Self::Other(worst.words()))
    }
}

/// An error as the service describes it: its innermost code and message name the actual cause.
#[derive(Debug)]
struct Fault {
    code: String,
    message: String,
    /// From 1, critical, over 2, error, and 3, warning, to 4, information. What is not said is an error.
    severity: i64,
}

impl Fault {
    /// Each detail of an error, or the error itself when it has none.
    fn all(error: &Value) -> Vec<Self> {
        let details = error.get("details").and_then(Value::as_array);
        match details.filter(|details| !details.is_empty()) {
            Some(details) => details.iter().map(Self::of).collect(),
            None => vec![Self::of(error)],
        }
    }

    fn of(error: &Value) -> Self {
        let mut at = error;
        while let Some(inner) = inner(at) {
            at = inner;
        }
        let text = |key: &str| {
            let text = at.get(key).or_else(|| error.get(key));
            match text {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            }
        };
        let name = text("severityName").to_lowercase();
        let severity = match at.get("severity").and_then(Value::as_i64) {
            Some(severity) => severity,
            None if name == "warning" => 3,
            None if name.starts_with("info") => 4,
            None => 2,
        };
        Self {
            code: text("code"),
            message: text("message"),
            severity,
        }
    }

    fn is_limit(&self) -> bool {
        let text = format!("{} {}", self.code, self.message).to_uppercase();
        LIMITS.iter().any(|limit| text.contains(limit))
    }

    /// True when the service does not know a table or a column.
    fn is_unresolved(&self, place: Place) -> bool {
        match place {
            Place::Workspace => self.code == UNRESOLVED,
            Place::Hunting => hunting::is_unresolved(&self.message),
        }
    }

    /// True when no row is missing: for information, and for the warning that a fuzzy union has one table less.
    fn is_harmless(&self) -> bool {
        self.severity > 3 || self.severity == 3 && self.message.contains(UNRESOLVED_TABLE)
    }

    /// Code and message on one line, without control and direction characters.
    fn words(&self) -> String {
        let text = match (self.code.as_str(), self.message.as_str()) {
            ("", "") => "the service gives no reason".to_owned(),
            ("", text) | (text, "") => text.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        // The text may be long, and only its beginning is needed.
        let start: String = text.chars().take(4 * LONGEST_WORDS).collect();
        let line = clean(&start);
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= LONGEST_WORDS {
            return line;
        }
        let mut cut: String = line.chars().take(LONGEST_WORDS - 1).collect();
        cut.push('…');
        cut
    }
}

fn inner(error: &Value) -> Option<&Value> {
    let inner = error
        .get("innererror")
        .or_else(|| error.get("innerError"))?;
    inner.is_object().then_some(inner)
}

/// An error of a service in the place of rows.
struct Refusal {
    place: Place,
    status: u16,
    error: Option<Value>,
}

impl Refusal {
    fn fault(&self) -> Fault {
        Fault::of(self.error.as_ref().unwrap_or(&Value::Null))
    }

    fn is_too_heavy(&self) -> bool {
        match self.place {
            Place::Workspace => self.status == 504,
            Place::Hunting => {
                let fault = self.error.as_ref().map(Fault::of);
                let fault = fault.as_ref();
                let fault = fault.map(|fault| (fault.code.as_str(), fault.message.as_str()));
                hunting::is_too_heavy(self.status, fault)
            }
        }
    }

    /// What the service says, or else the status.
    fn words(&self) -> String {
        match &self.error {
            Some(error) => Fault::of(error).words(),
            None => format!("HTTP {}", self.status),
        }
    }

    /// Why there are no rows.
    fn why(&self, query: Query, exchange: &Exchange) -> Why {
        let Self { place, status, .. } = *self;
        let name = query.name();
        let fault = self.fault();
        let words = match self.error {
            None => String::new(),
            Some(_) => format!(": {}", fault.words()),
        };
        match status {
            401 | 403 => Why::Forbidden {
                query: name,
                place,
                status,
                words,
            },
            404 => Why::Nowhere { query: name, place },
            429 => Why::Busy {
                query: name,
                asked: asked(place, exchange),
            },
            _ => {
                let is_absent = |table: &&str| fault.message.contains(&format!("'{table}'"));
                // The ends of logs are asked for of tables that stand in for others, too.
                let tables: Vec<&str> = match query {
                    Query::LogEnds => table::names().collect(),
                    query => query.tables().collect(),
                };
                if let Some(table) = tables.into_iter().find(is_absent)
                    && fault.is_unresolved(place)
                {
                    return Why::TableAbsent(Absence::of(table, place));
                }
                let position = self.error.as_ref();
                match position.and_then(|error| position_in(error, &fault.message)) {
                    Some((line, column)) => Why::Query {
                        query: name,
                        line: line.saturating_add(query.header_lines()),
                        column,
                        words: fault.words(),
                    },
                    None if status == 200 => Why::Failed {
                        query: name,
                        words: fault.words(),
                    },
                    None => Why::Failed {
                        query: name,
                        words: format!("HTTP {status}{words}"),
                    },
                }
            }
        }
    }
}

/// For how long the service asks to wait.
fn asked(place: Place, exchange: &Exchange) -> String {
    let wait = exchange.header("retry-after");
    let wait = wait.and_then(|wait| wait.trim().parse::<u64>().ok());
    let said = || match place {
        Place::Workspace => None,
        Place::Hunting => hunting::said_pause(&exchange.answer),
    };
    match (wait, said()) {
        (Some(seconds), _) => format!(" (the service asks to wait for {seconds} seconds)"),
        (None, Some(said)) => {
            let time = length(said);
            format!(
                " (the resources of the tenant are used up; the service asks to wait for {time})"
            )
        }
        (None, None) => String::new(),
    }
}

/// The line and column of an error, from its fields or from `[line:position=3:17]` or `(line 3, position 17)` in its
/// text.
fn position_in(error: &Value, message: &str) -> Option<(usize, usize)> {
    let mut at = Some(error);
    while let Some(error) = at {
        let number = |key: &str| {
            let number = error.get(key).and_then(Value::as_u64);
            number.and_then(|number| usize::try_from(number).ok())
        };
        if let (Some(line), Some(column)) = (number("line"), number("pos")) {
            return Some((line, column));
        }
        at = inner(error);
    }
    let tail = &message[message.find("line")?..];
    let mut numbers = tail
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
