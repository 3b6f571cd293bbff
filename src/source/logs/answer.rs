//! Decides what is an answer of a log service, and reads it. `docs/operations.md` has the decisions as a table.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::problem::Problem;
use super::query::Query;
use super::row::RawRows;
use super::table::PRIMARY;
use crate::journal::{Answer, Exchange, NoAnswer};
use crate::model::RecordNumber;
use crate::terminal::clean;

/// The highest number of rows in one answer of the service. An answer with this many may be truncated.
const ROW_LIMIT: usize = 500_000;
/// The longest reason of the service that is shown, in characters.
const LONGEST_WORDS: usize = 300;
/// How the service says that an answer became too large, or that it took too much memory: by a name, or by the number of
/// an error, in hexadecimal or as a signed integer.
const LIMITS: [&str; 6] = [
    "E_QUERY_RESULT_SET_TOO_LARGE",
    "E_RUNAWAY_QUERY",
    "E_LOW_MEMORY_CONDITION",
    "80DA0003",
    "-2133196797",
    "RESPONSEPAYLOADTOOLARGE",
];
/// The code of the service for a table or a column that it does not know.
const UNRESOLVED: &str = "SEM0100";
/// What the service warns of when it leaves an absent table out of a fuzzy union.
const UNRESOLVED_TABLE: &str = "Failed to resolve table";

/// True when the service answered: with rows, with the reason why there are too many of them, or with what is wrong with
/// the query. It says 504 when a query takes longer than it allows; a shorter time range is then asked for.
pub(super) fn is_answer(answer: &Answer) -> bool {
    answer.status() == Some(504) || Content::of(answer).is_final()
}

/// The same for a time range that is not halved again, where 504 is no answer: the service may be faster another time.
pub(super) fn is_answer_to_the_last(answer: &Answer) -> bool {
    answer.status() != Some(504) && Content::of(answer).is_final()
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

/// Reads an answer to a query.
pub(super) fn read(query: Query, exchange: &Exchange) -> Reading<'_> {
    let name = query.name();
    let failed = |words: String| Reading::Bad(Problem::Failed { query: name, words });
    match Content::of(&exchange.answer) {
        Content::Rows(table, shortfall) => {
            let rows = table.rows(exchange.record);
            match shortfall {
                None => Reading::Whole(rows),
                Some(Shortfall::Limit(words)) => Reading::TooLarge(rows, words),
                Some(Shortfall::Other(words)) => Reading::Partial(rows, words),
            }
        }
        Content::Refused(504, error) => {
            let words = error.map(|error| Fault::of(&error).words());
            Reading::TooHeavy(words.unwrap_or_else(|| "HTTP 504".to_owned()))
        }
        Content::Refused(status, Some(error)) => match Shortfall::of(&error) {
            Some(Shortfall::Limit(words)) => Reading::TooLarge(RawRows::default(), words),
            _ => Reading::Bad(refusal(query, status, &error, exchange)),
        },
        Content::Refused(status, None) => {
            Reading::Bad(refusal(query, status, &Value::Null, exchange))
        }
        Content::NoData => Reading::Bad(Problem::NoData),
        Content::Unlike(why) => failed(why),
        Content::Nothing(NoAnswer::NotSent(why)) => Reading::NotSent(why.clone()),
        Content::Nothing(why) => failed(format!("no answer: {why}")),
    }
}

/// What an answer holds, whatever the query.
enum Content<'a> {
    /// A table, and why it is not whole.
    Rows(Table<'a>, Option<Shortfall>),
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
    fn of(answer: &'a Answer) -> Self {
        let (status, body) = match answer {
            Answer::Nothing(why) => return Self::Nothing(why),
            Answer::Response { status, body, .. } => (*status, body.as_str()),
        };
        match status {
            200 if body.trim().is_empty() => Self::Unlike(
                "an empty answer; the service did not understand the request".to_owned(),
            ),
            200 => Self::of_table(body),
            204 => Self::NoData,
            _ => Self::Refused(status, error_in(body)),
        }
    }

    fn of_table(body: &'a str) -> Self {
        let unlike = |why: &str| {
            Self::Unlike(format!(
                "the answer is not what Log Analytics sends ({why})"
            ))
        };
        let response = match serde_json::from_str::<Response<'_>>(body) {
            Ok(response) => response,
            Err(error) => return unlike(&clean(&error.to_string())),
        };
        let mut tables = response.tables.into_iter();
        match (tables.find(|table| table.name == PRIMARY), response.error) {
            (Some(table), _) if !table.rows.iter().all(|row| row.get().starts_with('[')) => {
                unlike("a row is no list")
            }
            (Some(table), error) => {
                let full = table.rows.len() >= ROW_LIMIT;
                let full = full.then(|| Shortfall::Limit(format!("{ROW_LIMIT} rows")));
                Self::Rows(
                    table,
                    error.and_then(|error| Shortfall::of(&error)).or(full),
                )
            }
            (None, Some(error)) => Self::Refused(200, Some(error)),
            (None, None) => unlike(&format!("it has no {PRIMARY}")),
        }
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
    fn rows(self, record: RecordNumber) -> RawRows<'a> {
        let columns = self.columns.into_iter().map(|column| column.name);
        RawRows {
            record,
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
enum Shortfall {
    /// It ran into a limit of size or memory, which fewer rows would not.
    Limit(String),
    /// Anything else.
    Other(String),
}

impl Shortfall {
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

    fn is_unresolved(&self) -> bool {
        self.code == UNRESOLVED
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

/// The problem that a status other than 200 and 504 means.
fn refusal(query: Query, status: u16, error: &Value, exchange: &Exchange) -> Problem {
    let name = query.name();
    let fault = Fault::of(error);
    let words = match error {
        Value::Null => String::new(),
        _ => format!(": {}", fault.words()),
    };
    match status {
        401 | 403 => Problem::Forbidden {
            query: name,
            status,
            words,
        },
        404 => Problem::NoWorkspace { query: name },
        429 => {
            let wait = exchange.header("retry-after");
            let wait = wait.and_then(|wait| wait.trim().parse::<u64>().ok());
            let asked = wait.map(|wait| format!(" (the service asks to wait for {wait} seconds)"));
            Problem::Busy {
                query: name,
                asked: asked.unwrap_or_default(),
            }
        }
        _ => {
            let is_absent = |table: &&str| fault.message.contains(&format!("'{table}'"));
            if let Some(table) = query.tables().find(is_absent)
                && fault.is_unresolved()
            {
                return Problem::TableAbsent(table.to_owned());
            }
            match position(error, &fault.message) {
                Some((line, column)) => Problem::Query {
                    query: name,
                    line: line.saturating_add(query.header_lines()),
                    column,
                    words: fault.words(),
                },
                None if status == 200 => Problem::Failed {
                    query: name,
                    words: fault.words(),
                },
                None => Problem::Failed {
                    query: name,
                    words: format!("HTTP {status}{words}"),
                },
            }
        }
    }
}

/// The line and column of an error, from its fields or from `[line:position=3:17]` or `(line 3, position 17)` in its
/// text.
fn position(error: &Value, message: &str) -> Option<(usize, usize)> {
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
mod tests;
