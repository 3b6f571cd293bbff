//! Advanced hunting of Microsoft Defender: `POST /v1.0/security/runHuntingQuery` of Microsoft Graph.
//!
//! It answers from the same rows as the workspace, in its own form: no table that the licence does not cover, bools as numbers,
//! null as an empty object, annotations beside values at every level, and never a word about an answer that was cut.

use super::answers::{self, Table};
use super::graph::graph_error;
use super::prelude::{self, Known};
use super::{Call, Reply, State, tables};
use crate::world::World;
use crate::world::facts::Time;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The path of the call.
pub(crate) const PATH: &str = "/v1.0/security/runHuntingQuery";
/// The permission that it needs.
const PERMISSION: &str = "ThreatHunting.Read.All";
/// The most rows of an answer. More are cut off without a word.
const MOST_ROWS: usize = 100_000;
/// The calls a minute.
const CALLS: usize = 45;

fn bad_request(message: &str) -> Reply {
    graph_error(400, "BadRequest", message)
}

fn unresolved(what: &str, name: &str) -> Reply {
    bad_request(&format!(
        "'where' operator: Failed to resolve {what} named '{name}'. Fix semantic errors in your query."
    ))
}

/// Answers a call whose token was looked at.
pub(crate) fn answer(state: &State, call: &Call) -> Reply {
    let (_, options) = call.split();
    if call.method != "POST" || !options.is_empty() {
        return graph_error(405, "Request_BadRequest", "Method not allowed.")
            .violating("only POST without options");
    }
    if let Some(token) = state.token(call)
        && !token.allows(PERMISSION)
    {
        let held = token.grants.join(",");
        let text = match token.person {
            None => format!(
                "Missing application roles. API required roles: {PERMISSION}, application roles: {held}"
            ),
            Some(_) => format!(
                "Missing user scopes. API required scopes: {PERMISSION}, user scopes: {held}"
            ),
        };
        return graph_error(403, "Forbidden", &text);
    }
    let content_type = call.header("content-type").unwrap_or_default();
    let body: Option<Value> = serde_json::from_slice(&call.body).ok();
    let Some(Value::Object(body)) = body.filter(|_| content_type.starts_with("application/json"))
    else {
        return bad_request("Empty Payload. JSON content expected.")
            .violating("content type or body is not JSON");
    };
    if !call.body.is_ascii() && content_type != "application/json; charset=utf-8" {
        return bad_request("Invalid encoding.").violating("text beyond ASCII without its charset");
    }
    if let Some(refusal) = limit(state) {
        return refusal;
    }
    run(state, &body)
}

/// 45 calls in any minute, and the resources of the tenant.
fn limit(state: &State) -> Option<Reply> {
    let now = state.clock.now();
    let used_up = *lock(&state.used_up);
    if let Some(left) = used_up.and_then(|until| until.checked_duration_since(now)) {
        let minutes = left.as_secs().div_ceil(60);
        let text = format!(
            "You have exceeded processing resources allocated to this tenant. You can run queries again in {minutes} minutes."
        );
        return Some(graph_error(429, "TooManyRequests", &text));
    }
    let scale = state.options.throttle?;
    let span = Duration::from_secs_f64(60.0 / scale);
    let mut recent = lock(&state.hunted);
    while recent
        .front()
        .is_some_and(|at| now.duration_since(*at) >= span)
    {
        recent.pop_front();
    }
    if recent.len() >= CALLS {
        let reply = graph_error(429, "TooManyRequests", "Too many requests.");
        return Some(match state.options.says_retry_after(state.count()) {
            true => reply.header("retry-after", "1"),
            false => reply,
        });
    }
    recent.push_back(now);
    None
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn moments(text: &str) -> Option<(Time, Time)> {
    let (from, to) = text.split_once('/')?;
    let parse = |text: &str| Some(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc));
    Some((parse(from)?, parse(to)?))
}

fn run(state: &State, body: &Map<String, Value>) -> Reply {
    let known = ["Query", "Timespan"];
    if let Some(name) = body.keys().find(|name| !known.contains(&name.as_str())) {
        return bad_request("The request is not valid.")
            .violating(format!("unknown member {name}"));
    }
    let Some(text) = body.get("Query").and_then(Value::as_str) else {
        return bad_request("The query is required.").violating("no Query");
    };
    let query = match prelude::recognise(text) {
        Ok(query) => query,
        Err(syntax) => {
            let text = format!(
                "Query could not be parsed at '' on line [{},{}]. Fix syntax errors in your query.",
                syntax.line, syntax.pos
            );
            return bad_request(&text).violating(format!(
                "not a query of this repository: {}",
                syntax.message
            ));
        }
    };
    let span = body.get("Timespan").and_then(Value::as_str);
    // Without one it is the last 30 days.
    let is_about_columns = query.name == "columns";
    let mut reply = match (span.and_then(moments), is_about_columns) {
        (None, false) => {
            bad_request("The timespan is not valid.").violating("no Timespan of two moments")
        }
        (_, true) => columns(state, &query),
        (Some(span), false) => rows(state, &query, span),
    };
    reply.query = Some(query.name);
    reply
}

/// Whether a table is not shown.
fn is_absent(state: &State, table: &str) -> bool {
    let hunting = &state.options.hunting;
    let extents = lock(&state.logs);
    hunting.absent.contains(&table)
        || extents.not_hunted.contains(table)
        || !tables::is_of_defender(table)
            && (!hunting.connected_workspace || state.world.absent_tables.contains(&table))
}

fn columns(state: &State, query: &Known) -> Reply {
    let asked = query.table.as_deref().unwrap_or_default();
    match tables::known(asked).filter(|table| !is_absent(state, table)) {
        Some(table) => {
            let columns = tables::columns(table, true, state.options.messages.turned_columns);
            encode(&Table {
                columns: columns
                    .into_iter()
                    .map(|column| (column, "string"))
                    .collect(),
                rows: Vec::new(),
            })
        }
        None => unresolved("table or column expression", asked),
    }
}

fn rows(state: &State, query: &Known, span: (Time, Time)) -> Reply {
    let read: Vec<&str> = match &query.table {
        Some(table) => vec![table],
        None => answers::tables(&query.name).to_vec(),
    };
    for name in &read {
        let table = tables::known(name).filter(|table| !is_absent(state, table));
        if table.is_none() {
            return unresolved("table or column expression", name);
        }
        if let Some(refusal) = wrong_column(state, query, name) {
            return refusal;
        }
    }
    if query.name == "log_ends" {
        return bad_request("'union' operator: isfuzzy is not allowed here.")
            .violating("a fuzzy union in advanced hunting");
    }
    let slice = (query.moment("slice_from"), query.moment("slice_to"));
    let (Some(from), Some(to)) = slice else {
        return bad_request("The query is not valid.").violating("no slice");
    };
    let window = (query.moment("window_from"), query.moment("window_to"));
    let window = (window.0.unwrap_or(from), window.1.unwrap_or(to));
    let nest = from < to && window.0 <= from && to <= window.1;
    // The shorter of the two wins, so that both say the same.
    let is_sound = nest && span == window;
    let extents = lock(&state.logs).clone();
    let mut world = state.world.clone();
    extents.cut(&mut world.tables);
    forget(&mut world, query);
    let table = match (&query.table, read.first().copied().and_then(tables::known)) {
        (Some(_), Some(table)) => Some(Table {
            columns: answers::END_COLUMNS.to_vec(),
            rows: vec![answers::end_of(&world, (from, to), &extents, table)],
        }),
        _ => answers::run(&world, query, span, state.options.messages.recipients),
    };
    let Some(mut table) = table else {
        return bad_request("The query is not valid.")
            .violating(format!("advanced hunting cannot answer {}", query.name));
    };
    table.rows.truncate(MOST_ROWS);
    let reply = encode(&table);
    match is_sound {
        true => reply,
        false => reply.violating(format!(
            "{}: slice, window and timespan do not fit",
            query.name
        )),
    }
}

/// What is wrong with the columns by which a query reads a table.
fn wrong_column(state: &State, query: &Known, table: &str) -> Option<Reply> {
    let name = tables::lacking(query, table, true, state.options.messages.turned_columns)?;
    let reply = unresolved("scalar expression", &name);
    Some(reply.violating(format!("{}: {table} has no column {name}", query.name)))
}

/// Takes what a query names as empty out of the rows.
fn forget(world: &mut World, query: &Known) {
    let empty = query.emptied("MessageUrlInfo");
    if empty.iter().any(|column| column == "ThreatTypes") {
        for row in &mut world.tables.message_urls {
            row.threats = "";
        }
    }
}

/// A table in the form of the service.
fn encode(table: &Table) -> Reply {
    let kind = |kind: &str| match kind {
        "string" => "String",
        "datetime" => "DateTime",
        "bool" => "SByte",
        "long" => "Int64",
        "real" => "Double",
        _ => "Object",
    };
    let schema = table
        .columns
        .iter()
        .map(|(name, of)| json!({"name": name, "type": kind(of)}));
    let row = |cells: &Vec<Value>| {
        let mut row = Map::new();
        for ((name, of), value) in table.columns.iter().zip(cells) {
            if let Some(note) = annotation(of, value) {
                row.insert(format!("{name}@odata.type"), note.into());
            }
            row.insert((*name).to_owned(), encode_cell(of, value));
        }
        Value::Object(row)
    };
    Reply::json(
        200,
        &json!({
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
            "schema": schema.collect::<Vec<_>>(),
            "results": table.rows.iter().map(row).collect::<Vec<_>>(),
        }),
    )
}

fn annotation(kind: &str, value: &Value) -> Option<&'static str> {
    match (kind, value) {
        (_, Value::Null) => None,
        ("bool", _) => Some("#SByte"),
        ("long", _) => Some("#Int64"),
        ("real", _) => Some("#Double"),
        (_, Value::Array(_)) => Some("#Collection(String)"),
        _ => None,
    }
}

fn encode_cell(kind: &str, value: &Value) -> Value {
    match value {
        Value::Null if kind == "string" => json!(""),
        Value::Null => json!({}),
        Value::Bool(flag) => json!(u8::from(*flag)),
        Value::Array(items) => items.iter().map(text_of).collect(),
        Value::Object(_) => nested(value),
        other => other.clone(),
    }
}

/// An element of an array: an object is a text of JSON.
fn text_of(item: &Value) -> Value {
    match item {
        Value::Object(_) => item.to_string().into(),
        other => other.clone(),
    }
}

/// An object in a cell, with its annotations.
fn nested(value: &Value) -> Value {
    let Value::Object(fields) = value else {
        return encode_cell("dynamic", value);
    };
    let mut found = Map::new();
    found.insert(
        "@odata.type".to_owned(),
        "#microsoft.graph.security.dynamicColumnValue".into(),
    );
    for (name, value) in fields {
        if let Some(note) = annotation("dynamic", value) {
            found.insert(format!("{name}@odata.type"), note.into());
        }
        found.insert(name.clone(), nested(value));
    }
    Value::Object(found)
}
