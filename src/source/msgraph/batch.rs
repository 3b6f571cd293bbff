//! `$batch`: up to twenty requests in one envelope, each with its own status.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::limits::ENVELOPE;
use super::{DEADLINE, Graph, LONGEST_ANSWER, SOURCE};
use crate::http::{AnswerFrom, Failure, KEPT_HEADERS, Network, first_pause};
use crate::journal::{Answer, Audience, Auth, Body, Exchange, Limit, NoAnswer, Request};

/// The number of envelopes and single requests at the same time.
const CONCURRENT: usize = 4;

/// After this many requests in a row that Graph did not answer, in spite of all retries, the others are not sent.
const MOST_FAILED: u32 = 5;

/// The retries of a request take longer than this.
const AT_ONCE: Duration = Duration::from_millis(500);

/// How long Graph has not answered the requests of one list.
#[derive(Debug, Default)]
struct Silence {
    state: Mutex<Silent>,
    /// Held by who sends a request after one was not answered, so that the others wait for what becomes of it.
    turn: tokio::sync::Mutex<()>,
}

/// The requests in a row without an answer.
#[derive(Debug, Default)]
struct Silent {
    failed: u32,
    since: Option<Instant>,
    /// What came in place of the last answer.
    said: String,
}

impl Silence {
    /// Counts an answer, or that there was none after all retries. What fails at once, as without a token, costs nothing and
    /// does not count.
    fn hear(&self, answer: &Answer, took: Duration) {
        let said = match answer {
            Answer::Nothing(NoAnswer::Failed(_)) if took < AT_ONCE => return,
            Answer::Nothing(NoAnswer::Failed(why)) => why.clone(),
            Answer::Response { status, .. } if matches!(*status, 408 | 500..) => {
                format!("HTTP {status}")
            }
            // It was not asked, or it answered that it is asked too often.
            Answer::Nothing(_) | Answer::Response { status: 429, .. } => return,
            Answer::Response { .. } => {
                *self.lock() = Silent::default();
                return;
            }
        };
        let mut state = self.lock();
        state.failed += 1;
        state.since.get_or_insert_with(Instant::now);
        state.said = said;
    }

    /// Waits until a request may be sent: at once while Graph answers, and else one at a time. An error says why it is not
    /// sent.
    async fn enter(&self) -> Result<Option<tokio::sync::MutexGuard<'_, ()>>, NoAnswer> {
        let is_silent = self.lock().failed > 0;
        let turn = match is_silent {
            true => Some(self.turn.lock().await),
            false => None,
        };
        match self.given_up() {
            None => Ok(turn),
            Some(why) => Err(why),
        }
    }

    /// Why no more requests are sent; `None` while Graph answers, or may again.
    fn given_up(&self) -> Option<NoAnswer> {
        let state = self.lock();
        let failed = state.failed;
        let is_long = state.since.is_some_and(|since| since.elapsed() >= DEADLINE);
        (failed >= MOST_FAILED || is_long).then(|| {
            NoAnswer::GivenUp(format!(
                "not asked, since Graph had answered none of the {failed} requests before ({}); run the same command again later",
                state.said
            ))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Silent> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        let silence = Silence::default();
        // In the order in which they end: one that waits for a pause holds up no other.
        let fetched: Vec<Vec<(usize, Exchange)>> = stream::iter(envelopes)
            .map(|wanted| self.fetch(requests, wanted, &silence))
            .buffer_unordered(CONCURRENT)
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
        silence: &Silence,
    ) -> Result<Vec<(usize, Exchange)>, Failure> {
        let mut done = Vec::new();
        let Some((_, network, _)) = wanted.first() else {
            return Ok(done);
        };
        // What Graph asked to wait for does not hold up the others.
        let is_paused = |(at, ..): &&Missing<'_>| network.is_paused(&requests[*at].limits);
        let (paused, ready): (Vec<_>, Vec<_>) = wanted.iter().partition(is_paused);
        if ready.len() > 1
            && let Ok(turn) = silence.enter().await
        {
            let pause = self
                .ask_together(requests, network, &ready, silence, &mut done)
                .await?;
            drop(turn);
            tokio::time::sleep(pause).await;
        }
        let settled: HashSet<usize> = done.iter().map(|(at, _)| *at).collect();
        let left = ready.into_iter().chain(paused);
        // Requests without a final answer in the envelope (throttled, failed, left out) are sent singly, with retries.
        for (at, network, before) in left.filter(|(at, ..)| !settled.contains(at)) {
            let request = &requests[*at];
            let turn = silence.enter().await;
            let begun = Instant::now();
            let (when, answer) = match &turn {
                Err(why) => self.client.without_asking(request, why.clone()),
                Ok(_) => self.client.ask(network, request).await?,
            };
            silence.hear(&answer, begun.elapsed());
            drop(turn);
            let exchange = self.client.record(request, before.clone(), when, answer)?;
            done.push((*at, exchange));
        }
        Ok(done)
    }

    /// Sends requests in one envelope, and records the final answers at once, since a pause may follow in which the run is
    /// ended. Returns the longest pause that any of the other answers requires.
    async fn ask_together(
        &self,
        requests: &[Request],
        network: &Network,
        wanted: &[&Missing<'_>],
        silence: &Silence,
        done: &mut Vec<(usize, Exchange)>,
    ) -> Result<Duration, Failure> {
        let envelope = self.envelope(requests, wanted.iter().map(|(at, ..)| *at));
        let begun = Instant::now();
        let (when, answer) = self.client.ask(network, &envelope).await?;
        let mut answers = parse_envelope(&answer);
        if answers.is_empty() {
            silence.hear(&answer, begun.elapsed());
        }
        let mut throttled = Vec::new();
        let mut longest = Duration::ZERO;
        for (at, _, before) in wanted {
            let request = &requests[*at];
            let Some(answer) = answers.remove(at) else {
                continue;
            };
            self.client.heed_pause(network, request, &answer);
            match (answer.status(), first_pause(request, &answer)) {
                // An expired token is renewed when the request is sent singly.
                (Some(401), _) => {}
                (status, Some(pause)) => {
                    // A pause of a limit holds up what is under it.
                    if !network.is_paused(&request.limits) {
                        longest = longest.max(pause);
                    }
                    if status == Some(429) {
                        throttled.extend_from_slice(&request.limits);
                    }
                }
                _ => {
                    silence.hear(&answer, Duration::ZERO);
                    let exchange = self.client.record(request, before.clone(), when, answer)?;
                    done.push((*at, exchange));
                }
            }
        }
        network.slow_down(&throttled);
        Ok(longest)
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
        // Every request in the envelope counts against its limits. What Graph says of the envelope as a whole is about the
        // widest of them, so that one is the last.
        let mut limits: Vec<Limit> = wanted.flat_map(|at| requests[at].limits.clone()).collect();
        let widest = limits.len().min(1);
        limits.rotate_left(widest);
        Request {
            auth: Auth::Entra(Audience::Graph),
            limits,
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

    fn response(status: u16) -> Answer {
        Answer::Response {
            status,
            headers: BTreeMap::new(),
            body: String::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_five_failures_in_a_row_or_fifteen_minutes_the_rest_is_not_sent() {
        let silence = Silence::default();
        let hear = |statuses: &[u16]| {
            statuses
                .iter()
                .for_each(|s| silence.hear(&response(*s), DEADLINE))
        };
        hear(&[503, 503, 503, 503, 404]);
        hear(&[503, 502, 429, 503, 408]);
        assert_eq!(silence.given_up(), None);
        let reset = Answer::Nothing(NoAnswer::Failed("reset".to_owned()));
        silence.hear(&reset, Duration::ZERO);
        assert_eq!(silence.given_up(), None);
        silence.hear(&reset, DEADLINE);
        let why = "not asked, since Graph had answered none of the 5 requests before (reset); run the same command again later";
        assert_eq!(silence.given_up(), Some(NoAnswer::GivenUp(why.to_owned())));

        let silence = Silence::default();
        silence.hear(&response(503), DEADLINE);
        tokio::time::advance(DEADLINE - Duration::from_secs(1)).await;
        assert_eq!(silence.given_up(), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(silence.given_up().is_some());
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
