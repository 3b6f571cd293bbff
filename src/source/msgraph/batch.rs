//! `$batch`: up to twenty requests in one envelope, each with its own status.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::limits::ENVELOPE;
use super::{DEADLINE, Graph, LONGEST_ANSWER, SOURCE};
use crate::http::{AnswerFrom, Failure, KEPT_HEADERS, Network, first_pause};
use crate::journal::{Answer, Audience, Auth, Body, Exchange, Limit, Request};

/// The number of envelopes and single requests at the same time.
const CONCURRENT: usize = 4;

/// A request without a recorded answer: its position, the network, and the recorded failure if there is one.
type Missing<'n> = (usize, &'n Network, Option<Exchange>);

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
    /// Sends requests, in envelopes as far as possible, and returns their answers in the same order.
    pub(super) async fn send_all(&self, requests: &[Request]) -> Result<Vec<Exchange>, Failure> {
        let mut answers: Vec<Option<Exchange>> = vec![None; requests.len()];
        let mut missing = Vec::new();
        for (at, request) in requests.iter().enumerate() {
            match self.client.look_up(request)? {
                AnswerFrom::Journal(exchange) => answers[at] = Some(exchange),
                AnswerFrom::Network(network, before) => missing.push((at, network, before)),
            }
        }
        let seconds = by_second(missing, |(at, ..)| &requests[*at].limits);
        let envelopes = seconds.values().flat_map(|second| second.chunks(ENVELOPE));
        let fetched: Vec<Vec<(usize, Exchange)>> = stream::iter(envelopes)
            .map(|wanted| self.fetch(requests, wanted))
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
        wanted: &[Missing<'_>],
    ) -> Result<Vec<(usize, Exchange)>, Failure> {
        let mut done = Vec::new();
        let Some((_, network, _)) = wanted.first() else {
            return Ok(done);
        };
        let answered = match wanted.len() {
            1 => BTreeMap::new(),
            _ => self.ask_together(requests, network, wanted).await?,
        };
        for (at, network, before) in wanted {
            let request = &requests[*at];
            // Requests without a final answer in the envelope (throttled, failed, left out) are sent singly, with
            // retries.
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

    /// Sends requests in one envelope, and returns the final answers by the position of their request. Before it
    /// returns, it waits for the longest pause that any of the other answers requires.
    async fn ask_together(
        &self,
        requests: &[Request],
        network: &Network,
        wanted: &[Missing<'_>],
    ) -> Result<BTreeMap<usize, (DateTime<Utc>, Answer)>, Failure> {
        let envelope = self.envelope(requests, wanted.iter().map(|(at, ..)| *at));
        let (when, answer) = self.client.ask(network, &envelope).await?;
        let mut settled = BTreeMap::new();
        let mut throttled = Vec::new();
        let mut longest = Duration::ZERO;
        for (at, answer) in parse_envelope(&answer) {
            let Some(request) = requests.get(at) else {
                continue;
            };
            match (answer.status(), first_pause(request, &answer)) {
                // An expired token is renewed when the request is sent singly.
                (Some(401), _) => {}
                (status, Some(pause)) => {
                    longest = longest.max(pause);
                    if status == Some(429) {
                        throttled.extend_from_slice(&request.limits);
                    }
                }
                _ => {
                    settled.insert(at, (when, answer));
                }
            }
        }
        network.slow_down(&throttled);
        tokio::time::sleep(longest).await;
        Ok(settled)
    }

    pub(super) fn envelope(
        &self,
        requests: &[Request],
        wanted: impl Iterator<Item = usize> + Clone,
    ) -> Request {
        let base = self.base.as_str();
        let items: Vec<Value> = wanted
            .clone()
            .map(|at| {
                let url = requests[at].url.as_str();
                let mut item = json!({"id": at.to_string(), "method": "GET", "url": url.strip_prefix(base).unwrap_or(url)});
                for (name, value) in &requests[at].headers {
                    item["headers"][name] = json!(value);
                }
                item
            })
            .collect();
        let mut url = self.base.clone();
        crate::model::url::append_path(&mut url, &["$batch"]);
        let body = Body {
            content_type: "application/json",
            text: json!({"requests": items}).to_string(),
        };
        Request {
            auth: Auth::Entra(Audience::Graph),
            // Every request in the envelope counts against its limits.
            limits: wanted.flat_map(|at| requests[at].limits.clone()).collect(),
            deadline: DEADLINE.min(Duration::from_secs(300)),
            longest_answer: LONGEST_ANSWER,
            ..Request::post(SOURCE, url, body)
        }
    }
}

/// Distributes the requests over seconds, since all requests of an envelope are sent at once: each second gets only as
/// many as the limits below an envelope's size allow. So a team with many channels does not delay the other requests.
fn by_second<T>(wanted: Vec<T>, limits: impl Fn(&T) -> &[Limit]) -> BTreeMap<usize, Vec<T>> {
    let mut before: HashMap<String, usize> = HashMap::new();
    let mut seconds: BTreeMap<usize, Vec<T>> = BTreeMap::new();
    for item in wanted {
        let mut second = 0;
        for limit in limits(&item) {
            let rate = limit.rate.max(1.0) as usize;
            if rate < ENVELOPE {
                let before = before.entry(limit.key.clone()).or_default();
                second = second.max(*before / rate);
                *before += 1;
            }
        }
        seconds.entry(second).or_default().push(item);
    }
    seconds
}

/// The answers in an envelope, by the position of their request.
fn parse_envelope(answer: &Answer) -> BTreeMap<usize, Answer> {
    let Answer::Response {
        status: 200, body, ..
    } = answer
    else {
        return BTreeMap::new();
    };
    let Ok(envelope) = serde_json::from_str::<Envelope>(body) else {
        return BTreeMap::new();
    };
    let read = |item: Item| {
        let headers = item.headers.into_iter().filter_map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            KEPT_HEADERS
                .contains(&name.as_str())
                .then_some((name, text))
        });
        let answer = Answer::Response {
            status: item.status,
            headers: headers.collect(),
            body: item.body.to_string(),
        };
        Some((item.id.parse().ok()?, answer))
    };
    envelope.responses.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(key: &str, rate: f64) -> Limit {
        Limit {
            key: key.to_owned(),
            rate,
            burst: 1.0,
            within: None,
        }
    }

    /// A number of channels for each of the teams.
    fn channels(teams: &[(&'static str, usize)]) -> Vec<(&'static str, Vec<Limit>)> {
        let all = teams.iter().flat_map(|(team, count)| vec![*team; *count]);
        all.enumerate()
            .map(|(at, team)| {
                let channel = format!("channel {at}");
                (
                    team,
                    vec![limit("all", 30.0), limit(team, 4.0), limit(&channel, 1.0)],
                )
            })
            .collect()
    }

    fn sizes(seconds: &BTreeMap<usize, Vec<(&str, Vec<Limit>)>>, of: &str) -> Vec<usize> {
        let sizes = seconds.values().map(|second| {
            let same = second
                .iter()
                .filter(|(team, _)| of.is_empty() || *team == of);
            same.count()
        });
        sizes.collect()
    }

    #[test]
    fn no_second_holds_more_of_a_team_than_it_may() {
        let seconds = by_second(channels(&[("a", 9)]), |(_, limits)| limits);
        assert_eq!(sizes(&seconds, "a"), [4, 4, 1]);
    }

    #[test]
    fn a_team_with_many_channels_does_not_hold_up_the_others() {
        let many = channels(&[("a", 9), ("b", 9), ("c", 9), ("d", 9), ("e", 4)]);
        let seconds = by_second(many, |(_, limits)| limits);
        assert_eq!(sizes(&seconds, ""), [20, 16, 4]);
        assert_eq!(sizes(&seconds, "a"), [4, 4, 1]);
    }

    #[test]
    fn what_shares_no_scarce_limit_is_asked_for_together() {
        let users = vec![vec![limit("other", 30.0)]; 45];
        assert_eq!(by_second(users, |limits| limits)[&0].len(), 45);
    }
}
