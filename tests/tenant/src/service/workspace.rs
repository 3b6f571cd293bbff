//! Log Analytics: `POST /v1/workspaces/{id}/query`.

use super::answers::Table;
use super::prelude::{self, Known};
use super::{Bearer, Call, Reply, State, answers, tables};
use crate::faults::Detail;
use crate::world::facts::Time;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn error(status: u16, code: &str, message: &str, inner: Option<Value>) -> Reply {
    let mut error = json!({"message": message, "code": code, "correlationId": "be2d9e2f-0000-4000-8000-000000000000"});
    if let Some(inner) = inner {
        error["innererror"] = inner;
    }
    Reply::json(status, &json!({ "error": error }))
}

/// Answers a request to Log Analytics.
pub(crate) async fn answer(state: &State, call: &Call) -> Reply {
    if let Some(refusal) = refuse_token(state, call) {
        return refusal;
    }
    let segments = call.segments().unwrap_or_default();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["v1", "workspaces", workspace, "query"] = path.as_slice() else {
        return error(
            404,
            "PathNotFoundError",
            "The requested path does not exist",
            None,
        )
        .violating("no such path in Log Analytics");
    };
    let (_, options) = call.split();
    if call.method != "POST" || !options.is_empty() {
        return error(
            404,
            "PathNotFoundError",
            "The requested path does not exist",
            None,
        )
        .violating("only POST without options");
    }
    if !workspace.eq_ignore_ascii_case(&state.world.workspace_id) {
        return error(
            404,
            "WorkspaceNotFoundError",
            "The workspace could not be found",
            None,
        );
    }
    if state.options.no_workspace_access {
        return error(
            403,
            "InsufficientAccessError",
            "The provided credentials have insufficient access to perform the requested operation",
            None,
        );
    }
    let wait = call
        .header("prefer")
        .is_some_and(|p| p.contains("wait=600"));
    if !wait {
        return error(
            400,
            "BadArgumentError",
            "The request had some invalid properties",
            None,
        )
        .violating("no Prefer: wait=600");
    }
    // The service answers such requests with nothing at all.
    let is_json = call
        .header("content-type")
        .unwrap_or_default()
        .starts_with("application/json");
    let body: Option<Value> = serde_json::from_slice(&call.body).ok();
    let Some(body) = body.filter(|b| is_json && b.is_object()) else {
        return Reply::empty(200).violating("content type or body is not JSON");
    };
    if let Some(refusal) = limit(state) {
        return refusal;
    }
    let _running = Running::enter(&state.running);
    tokio::time::sleep(Duration::from_millis(state.options.query_millis)).await;
    while state.held.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    query(state, &body)
}

/// Counts a query as running until it is dropped, be it by a client that went away.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn refuse_token(state: &State, call: &Call) -> Option<Reply> {
    let refuse = || error(401, "AuthenticationFailed", "Authentication failed", None);
    match state.bearer(call, state.options.cloud.log_analytics()) {
        Bearer::Good => None,
        Bearer::Expired => Some(refuse()),
        Bearer::Missing => Some(refuse().violating("no bearer token for Log Analytics")),
        Bearer::Unknown => Some(refuse().violating("a token nobody gave out")),
        Bearer::WrongAudience(audience) => Some(
            error(
                403,
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for the wrong audience",
                None,
            )
            .violating(format!("a token for {audience} was sent to Log Analytics")),
        ),
    }
}

/// Five at a time, 200 in half a minute.
fn limit(state: &State) -> Option<Reply> {
    let scale = state.options.throttle?;
    let now = state.clock.now();
    let mut recent = state
        .recent
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let span = Duration::from_secs_f64(30.0 / scale);
    while recent
        .front()
        .is_some_and(|t| now.duration_since(*t) > span)
    {
        recent.pop_front();
    }
    if state.running.load(Ordering::SeqCst) >= 5 || recent.len() >= 200 {
        let reply = error(429, "TooManyRequests", "Too many requests", None);
        return Some(if state.options.says_retry_after(state.count()) {
            reply.header("retry-after", "1")
        } else {
            reply
        });
    }
    recent.push_back(now);
    None
}

fn timespan(text: &str) -> Option<(Time, Time)> {
    let (from, to) = text.split_once('/')?;
    let parse = |t: &str| -> Option<Time> {
        let time = DateTime::parse_from_rfc3339(t).ok()?;
        t.ends_with('Z').then(|| time.with_timezone(&Utc))
    };
    Some((parse(from)?, parse(to)?))
}

fn query(state: &State, body: &Value) -> Reply {
    let unknown = body
        .as_object()
        .into_iter()
        .flatten()
        .find(|(n, _)| *n != "query" && *n != "timespan");
    if let Some((name, _)) = unknown {
        return error(
            400,
            "BadArgumentError",
            "The request had some invalid properties",
            None,
        )
        .violating(format!("unknown member {name} in a query request"));
    }
    let Some(text) = body.get("query").and_then(Value::as_str) else {
        return error(
            400,
            "BadArgumentError",
            "The request had some invalid properties",
            None,
        )
        .violating("no query");
    };
    let span = body.get("timespan").and_then(Value::as_str);
    // What a table looks like does not depend on a time.
    let is_about_columns = text.ends_with("| take 0");
    let epoch = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
    let span = span
        .and_then(timespan)
        .or(is_about_columns.then_some(epoch));
    let Some(span) = span else {
        return error(
            400,
            "BadArgumentError",
            "The request had some invalid properties",
            None,
        )
        .violating("no timespan of two UTC moments");
    };
    let known = match prelude::recognise(text) {
        Ok(known) => known,
        Err(syntax) => {
            let inner = json!({
                "code": "SyntaxError", "message": "A recognition error occurred in the query.",
                "innererror": {
                    "code": "SYN0002", "message": format!("Query could not be parsed: {}", syntax.message),
                    "line": syntax.line, "pos": syntax.pos, "token": ""
                }
            });
            return error(
                400,
                "BadArgumentError",
                "The request had some invalid properties",
                Some(inner),
            )
            .violating(format!(
                "not a query of this repository: {}",
                syntax.message
            ));
        }
    };
    let mut reply = recognised(state, &known, span);
    reply.query = Some(known.name);
    reply
}

/// The columns of a table, and no row.
fn alone_columns(tables: &[&'static str], turned: bool) -> Option<Table> {
    let columns = tables::columns(tables.first()?, false, turned);
    Some(Table {
        columns: columns
            .into_iter()
            .map(|column| (column, "string"))
            .collect(),
        rows: Vec::new(),
    })
}

fn unresolved(what: &str, name: &str) -> Reply {
    let inner = json!({
        "code": "SemanticError", "message": "A semantic error occurred.",
        "innererror": {
            "code": "SEM0100",
            "message": format!("'where' operator: Failed to resolve {what} named '{name}'")
        }
    });
    error(
        400,
        "BadArgumentError",
        "The request had some invalid properties",
        Some(inner),
    )
}

fn recognised(state: &State, known: &Known, span: (Time, Time)) -> Reply {
    let bounds = |prefix: &str| {
        Some((
            known.moment(&format!("{prefix}_from"))?,
            known.moment(&format!("{prefix}_to"))?,
        ))
    };
    let slice = bounds("slice");
    let window = bounds("window").or(slice);
    let sound = match (slice, window) {
        (None, None) => known.name == "columns",
        (Some(s), Some(w)) => {
            s.0 < s.1 && w.0 <= s.0 && s.1 <= w.1 && span.0 <= w.0 && w.1 <= span.1
        }
        _ => false,
    };
    let extents = state
        .logs
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .clone();
    let is_absent = |table: &&&'static str| {
        state.world.absent_tables.contains(table)
            || state.options.absent_tables.contains(table)
            || extents.absent.contains(*table)
            || !(tables::is_usual(table) || state.options.hunting.streamed.contains(table))
    };
    let alone = known.table.as_deref().map(tables::known);
    let alone = alone.map(|table| table.into_iter().collect::<Vec<_>>());
    let read = alone.as_deref().unwrap_or(answers::tables(&known.name));
    let absent: Vec<&'static str> = read.iter().filter(is_absent).copied().collect();
    // A fuzzy union leaves absent tables out, and warns of it, as long as one is there.
    let is_fuzzy = known.name == "log_ends" && absent.len() < answers::LOGS.len();
    if let Some(table) = absent.first().filter(|_| !is_fuzzy) {
        return unresolved("table or column expression", table);
    }
    let turned = state.options.messages.turned_columns;
    let lacking = |table: &&str| tables::lacking(known, table, false, turned);
    if let Some(column) = read.iter().find_map(lacking) {
        return unresolved("scalar expression", &column)
            .violating(format!("{}: there is no column {column}", known.name));
    }
    if state.options.empty_workspace {
        return Reply::empty(204);
    }
    let world = match extents.is_whole() {
        true => Cow::Borrowed(&state.world),
        false => {
            let mut world = state.world.clone();
            extents.cut(&mut world.tables);
            Cow::Owned(world)
        }
    };
    let table = match known.name.as_str() {
        "columns" => alone_columns(read, turned),
        "log_end" => known
            .moment("slice_from")
            .zip(known.moment("slice_to"))
            .map(|slice| Table {
                columns: answers::END_COLUMNS.to_vec(),
                rows: read
                    .iter()
                    .map(|table| answers::end_of(&world, slice, &extents, table))
                    .collect(),
            }),
        "log_ends" => answers::log_ends(&world, known, &extents, &absent),
        _ => answers::run(&world, known, span, state.options.messages.recipients),
    };
    let Some(mut table) = table else {
        return error(
            400,
            "BadArgumentError",
            "The request had some invalid properties",
            None,
        )
        .violating(format!("the tenant cannot answer {}", known.name));
    };
    // As many rows as there are logs are never too many.
    let most = state.options.max_rows.filter(|_| known.name != "log_ends");
    let partial = most.filter(|max| table.rows.len() > *max);
    if let Some(max) = partial {
        table.rows.truncate(max);
    }
    if state.options.numeric_bools {
        for value in table.rows.iter_mut().flatten() {
            if let Value::Bool(b) = value {
                *value = json!(u8::from(*b));
            }
        }
    }
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|(name, kind)| json!({"name": name, "type": kind}))
        .collect();
    let mut body = json!({
        "tables": [{"name": "PrimaryResult", "columns": columns, "rows": table.rows}],
        "statistics": {"query": {"executionTime": 0.0156222}}
    });
    let mut details = Vec::new();
    if partial.is_some() {
        details.push(Detail {
            code: "-2133196797",
            message: "Query result set has exceeded the internal record count limit 500000 (E_QUERY_RESULT_SET_TOO_LARGE; see https://aka.ms/kustoquerylimits)",
            severity: 2,
        });
    }
    if is_fuzzy && !absent.is_empty() {
        details.push(Detail {
            code: "-2133196790",
            message: "'union' operator: Failed to resolve table or column expression",
            severity: 3,
        });
    }
    if !details.is_empty() {
        body["error"] = Detail::error(&details);
    }
    let reply = Reply::json(200, &body);
    if sound {
        reply
    } else {
        reply.violating(format!(
            "{}: slice, window and timespan do not nest",
            known.name
        ))
    }
}
