//! `$batch`: up to twenty requests in one envelope, each with a status of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{DEADLINE, Graph, SOURCE};
use crate::source::http::{Failure, Network, Recorded};
use crate::source::{Answer, Audience, Auth, Body, Exchange, Method, Request};

/// Requests in an envelope.
const ENVELOPE: usize = 20;
/// Envelopes and single requests under way at the same time.
const CONCURRENT: usize = 4;

#[derive(Debug, Deserialize)]
struct Envelope {
    responses: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    id: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    body: Value,
}

impl Graph {
    /// Sends requests, as many as possible in one go, and gives their answers in the same order.
    pub(super) async fn send_all(&self, requests: &[Request]) -> Result<Vec<Exchange>, Failure> {
        let mut answers: Vec<Option<Exchange>> = vec![None; requests.len()];
        let mut missing = Vec::new();
        for (at, request) in requests.iter().enumerate() {
            match self.client.recorded(request)? {
                Recorded::Answer(exchange) => answers[at] = Some(exchange),
                Recorded::Ask(network, before) => missing.push((at, network, before)),
            }
        }
        let fetched: Vec<Vec<(usize, Exchange)>> = stream::iter(missing.chunks(ENVELOPE))
            .map(|chunk| self.fetch(requests, chunk))
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        for (at, exchange) in fetched.into_iter().flatten() {
            answers[at] = Some(exchange);
        }
        Ok(answers.into_iter().flatten().collect())
    }

    async fn fetch(
        &self,
        requests: &[Request],
        wanted: &[(usize, &Network, Option<Exchange>)],
    ) -> Result<Vec<(usize, Exchange)>, Failure> {
        let mut done = Vec::new();
        let Some((_, network, _)) = wanted.first() else {
            return Ok(done);
        };
        let envelope = self.envelope(requests, wanted.iter().map(|(at, ..)| *at));
        let answered = match wanted.len() {
            1 => BTreeMap::new(),
            _ => {
                let (at, answer) = self.client.ask(network, &envelope).await?;
                open(&answer)
                    .into_iter()
                    .map(|(index, answer)| (index, (at, answer)))
                    .collect()
            }
        };
        for (at, network, before) in wanted {
            let request = &requests[*at];
            // What the envelope did not settle (throttled, broken, left out) is asked for on its own, with its retries.
            let (when, answer) = match answered.get(at) {
                Some((when, answer)) => (*when, answer.clone()),
                None => self.client.ask(network, request).await?,
            };
            done.push((
                *at,
                self.client.record(request, before.clone(), when, answer)?,
            ));
        }
        Ok(done)
    }

    fn envelope(
        &self,
        requests: &[Request],
        wanted: impl Iterator<Item = usize> + Clone,
    ) -> Request {
        let base = self.base.as_str();
        let items: Vec<Value> = wanted
            .clone()
            .map(|at| {
                let url = requests[at].url.as_str();
                json!({"id": at.to_string(), "method": "GET", "url": url.strip_prefix(base).unwrap_or(url)})
            })
            .collect();
        let mut url = self.base.clone();
        crate::source::append_path(&mut url, &["$batch"]);
        Request {
            source: SOURCE,
            method: Method::Post,
            url,
            headers: Vec::new(),
            auth: Auth::Entra(Audience::Graph),
            body: Some(Body {
                content_type: "application/json",
                text: json!({"requests": items}).to_string(),
            }),
            // Every item counts.
            limits: wanted.flat_map(|at| requests[at].limits.clone()).collect(),
            deadline: DEADLINE.min(Duration::from_secs(300)),
        }
    }
}

/// The answers of an envelope that need no second try, by the position of their request.
fn open(answer: &Answer) -> BTreeMap<usize, Answer> {
    let Answer::Response {
        status: 200, body, ..
    } = answer
    else {
        return BTreeMap::new();
    };
    let Ok(envelope) = serde_json::from_str::<Envelope>(body) else {
        return BTreeMap::new();
    };
    let settled = |item: Item| {
        if matches!(item.status, 401 | 408 | 429) || item.status >= 500 {
            return None;
        }
        let headers = item.headers.into_iter().filter_map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let text = value.as_str()?.to_owned();
            matches!(name.as_str(), "content-type" | "request-id" | "date").then_some((name, text))
        });
        let answer = Answer::Response {
            status: item.status,
            headers: headers.collect(),
            body: item.body.to_string(),
        };
        Some((item.id.parse().ok()?, answer))
    };
    envelope.responses.into_iter().filter_map(settled).collect()
}
