//! `$batch`: up to twenty GETs in one request, each with a status of its own.

use super::graph_error;
use crate::listen::in_batch;
use crate::service::{Call, Reply, State};
use serde_json::{Value, json};

/// Answers a `$batch`.
pub(super) async fn batch(state: &State, call: &Call, query: &str) -> Reply {
    let bad = |why: &str| graph_error(400, "BadRequest", why).violating(format!("$batch: {why}"));
    if call.method != "POST" || !query.is_empty() {
        return bad("only POST without options");
    }
    if !call
        .header("content-type")
        .unwrap_or_default()
        .starts_with("application/json")
    {
        return bad("content type is not JSON");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return bad("body is not JSON");
    };
    let Some(requests) = body.get("requests").and_then(Value::as_array) else {
        return bad("no requests");
    };
    if requests.is_empty() || requests.len() > 20 {
        return bad("one to twenty requests");
    }
    let mut ids = std::collections::BTreeSet::new();
    let mut responses = Vec::new();
    for request in requests {
        let text = |name: &str| request.get(name).and_then(Value::as_str);
        let (Some(id), Some("GET"), Some(url)) = (text("id"), text("method"), text("url")) else {
            return bad("a request without id, GET and url");
        };
        if !ids.insert(id) || !url.starts_with('/') || url.starts_with("/v1.0") {
            return bad("ids are unique and urls relative to the version");
        }
        let unknown = request
            .as_object()
            .into_iter()
            .flatten()
            .any(|(name, _)| !["id", "method", "url", "headers"].contains(&name.as_str()));
        if unknown {
            return bad("an unknown member in a request");
        }
        let mut headers = std::collections::BTreeMap::new();
        for (name, value) in request
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            headers.insert(
                name.to_lowercase(),
                value.as_str().unwrap_or_default().to_owned(),
            );
        }
        // Each part is asked with the token of the whole.
        if let Some(token) = call.header("authorization") {
            headers.insert("authorization".to_owned(), token.to_owned());
        }
        let inner = Call {
            method: "GET".into(),
            target: format!("/v1.0{url}"),
            headers,
            body: Vec::new(),
        };
        // Boxed: a batch is answered by what answers its parts.
        let reply = Box::pin(in_batch(state, &inner)).await;
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        let headers: serde_json::Map<String, Value> = reply
            .headers
            .iter()
            .map(|(name, value)| (title(name), json!(value)))
            .collect();
        responses.push(json!({"id": id, "status": reply.status, "headers": headers, "body": body}));
    }
    // The order of the answers is not that of the requests.
    responses.reverse();
    Reply::json(200, &json!({ "responses": responses }))
}

fn title(name: &str) -> String {
    name.split('-')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map_or(String::new(), |c| {
                c.to_uppercase().collect::<String>() + letters.as_str()
            })
        })
        .collect::<Vec<_>>()
        .join("-")
}
