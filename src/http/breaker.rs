//! Pauses the requests to a service that fails, tries it again with one request at a time, and gives it up when it does
//! not answer for too long.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::words::length;
use crate::journal::NoAnswer;
use crate::model::RetryPolicy;

/// The pauses between attempts where the service asks for none.
const PAUSES: RetryPolicy = RetryPolicy {
    first_pause: Duration::from_secs(1),
    longest_pause: Duration::from_secs(30),
    shortest: 0.5,
    attempts: None,
    time: None,
};
/// A pause that the service asked for is said on stderr from this length on.
const LONG: Duration = Duration::from_secs(10);

/// Lets requests to one service through while it answers.
///
/// A failure pauses all requests to the service. After the pause one request tries whether it answers: then all go on,
/// and else the pause is longer. A service that does not answer for as long as the patience lasts is given up.
#[derive(Debug)]
pub struct Breaker {
    /// The name of the service in texts for people.
    title: &'static str,
    /// How long to go on without an answer.
    patience: Duration,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When the first of the failures was seen that no answer came after.
    failing_since: Option<Instant>,
    /// The number of pauses since the last answer.
    pauses: u32,
    /// The number of answers so far.
    answers: u64,
}

#[derive(Debug)]
enum Phase {
    Working,
    Paused {
        until: Instant,
    },
    /// One request is on its way, and the others wait for its result.
    Trying,
    GivenUp(GivenUp),
}

/// Why no request to a service is sent any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// What takes the place of an answer to every request.
    pub why: NoAnswer,
    /// Whether it holds for the whole run. Else the service is tried once more by [`Breaker::try_again`].
    pub is_final: bool,
}

/// The permission to send one request. It is given back with the result; a pass that is dropped tells nothing.
#[derive(Debug)]
pub struct Pass<'b> {
    breaker: &'b Breaker,
    is_trial: bool,
    is_reported: bool,
}

impl Breaker {
    /// A breaker for the service with this name, which is given up after this time without an answer.
    pub fn new(title: &'static str, patience: Duration) -> Self {
        Self {
            title,
            patience,
            state: Mutex::new(State {
                phase: Phase::Working,
                failing_since: None,
                pauses: 0,
                answers: 0,
            }),
            changed: Notify::new(),
        }
    }

    /// How long to go on without an answer.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The number of answers so far.
    pub fn answers(&self) -> u64 {
        self.lock().answers
    }

    /// Waits until a request may be sent.
    ///
    /// # Errors
    /// When the service was given up.
    pub async fn enter(&self) -> Result<Pass<'_>, GivenUp> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let until = {
                let mut state = self.lock();
                match &state.phase {
                    Phase::Working => return Ok(self.pass(false)),
                    Phase::Paused { until } if *until <= Instant::now() => {
                        state.phase = Phase::Trying;
                        return Ok(self.pass(true));
                    }
                    Phase::Paused { until } => Some(*until),
                    Phase::Trying => None,
                    Phase::GivenUp(given_up) => return Err(given_up.clone()),
                }
            };
            match until {
                None => changed.await,
                Some(until) => {
                    let _ = tokio::time::timeout_at(until, changed).await;
                }
            }
        }
    }

    /// Lets one request try a service that was given up for want of an answer. Unless it answers, it is given up again at
    /// once.
    pub fn try_again(&self) {
        let mut state = self.lock();
        if let Phase::GivenUp(GivenUp {
            is_final: false, ..
        }) = &state.phase
        {
            let until = Instant::now();
            state.phase = Phase::Paused { until };
        }
    }

    fn pass(&self, is_trial: bool) -> Pass<'_> {
        Pass {
            breaker: self,
            is_trial,
            is_reported: false,
        }
    }

    /// Pauses the service, or gives it up. Returns whether this failure began a pause, and was not only one of several
    /// requests that were on their way.
    fn pause(&self, is_trial: bool, why: &str, asked: Option<Duration>) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let begins = is_trial || matches!(state.phase, Phase::Working);
        let so_far = match &state.phase {
            Phase::GivenUp(_) => return false,
            Phase::Paused { until } => Some(*until),
            Phase::Working | Phase::Trying => None,
        };
        if !begins && so_far.is_none() {
            return false;
        }
        let since = *state.failing_since.get_or_insert(now);
        let left = self.patience.saturating_sub(now.duration_since(since));
        let (title, patience) = (self.title, length(self.patience));
        let given_up = match asked {
            Some(asked) if asked > left => Some(format!(
                "{title} asks to wait {}, and [intel] patience ends before that; run the same command again later",
                length(asked)
            )),
            _ if left.is_zero() => Some(format!(
                "{title} gave no answer for {patience} ({why}); run the same command again when it answers"
            )),
            _ => None,
        };
        if let Some(why) = given_up {
            tracing::info!("{title} is given up: {why}");
            state.phase = Phase::GivenUp(GivenUp {
                why: NoAnswer::GivenUp(why),
                is_final: false,
            });
        } else {
            state.pauses += u32::from(begins);
            // The last attempt is made when the patience ends.
            let pause = asked.unwrap_or_else(|| PAUSES.pause(state.pauses).min(left));
            let until = (now + pause).max(so_far.unwrap_or(now));
            if begins {
                match asked.filter(|asked| *asked >= LONG) {
                    Some(asked) => tracing::warn!("{title} asks to wait {}", length(asked)),
                    None => tracing::info!("{title} is paused for {}: {why}", length(pause)),
                }
            }
            state.phase = Phase::Paused { until };
        }
        drop(state);
        self.changed.notify_waiters();
        begins
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The service answered.
    pub fn answered(mut self) {
        self.is_reported = true;
        let mut state = self.breaker.lock();
        state.answers += 1;
        state.failing_since = None;
        if self.is_trial && matches!(state.phase, Phase::Trying) {
            state.phase = Phase::Working;
            state.pauses = 0;
        }
        drop(state);
        self.breaker.changed.notify_waiters();
    }

    /// The service did not answer, for this reason, and may ask for a pause. Returns whether this failure began a pause,
    /// and was not only one of several requests that were on their way.
    pub fn failed(mut self, why: &str, asked: Option<Duration>) -> bool {
        self.is_reported = true;
        self.breaker.pause(self.is_trial, why, asked)
    }

    /// No further request may be sent, for this reason.
    pub fn refused(mut self, why: NoAnswer) {
        self.is_reported = true;
        let mut state = self.breaker.lock();
        if !matches!(&state.phase, Phase::GivenUp(given_up) if given_up.is_final) {
            state.phase = Phase::GivenUp(GivenUp {
                why,
                is_final: true,
            });
        }
        drop(state);
        self.breaker.changed.notify_waiters();
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_trial && !self.is_reported {
            let mut state = self.breaker.lock();
            if matches!(state.phase, Phase::Trying) {
                let until = Instant::now();
                state.phase = Phase::Paused { until };
            }
            drop(state);
            self.breaker.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> Breaker {
        Breaker::new("OTX", 600 * SECOND)
    }

    async fn pass(breaker: &Breaker) -> Pass<'_> {
        breaker.enter().await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_is_asked_for_holds_for_all_and_one_tries_after_it() {
        let breaker = breaker();
        let start = Instant::now();
        let four = [(); 4].map(|()| futures::executor::block_on(pass(&breaker)));
        let began = four.map(|pass| pass.failed("429", Some(40 * SECOND)));
        assert_eq!(began, [true, false, false, false]);
        let trial = pass(&breaker).await;
        assert!(start.elapsed() >= 40 * SECOND, "{:?}", start.elapsed());
        // Others wait for the result of the trial.
        let mut other = Box::pin(breaker.enter());
        let early = tokio::time::timeout(300 * SECOND, &mut other).await;
        assert!(early.is_err(), "{early:?}");
        trial.answered();
        other.await.unwrap().answered();
        assert_eq!(breaker.answers(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_without_an_answer_is_given_up_when_the_patience_ends() {
        let breaker = breaker();
        let start = Instant::now();
        let mut attempts = 0;
        let given_up = loop {
            match breaker.enter().await {
                Ok(pass) => assert!(pass.failed("status 503", None)),
                Err(given_up) => break given_up,
            }
            attempts += 1;
        };
        assert_eq!(
            given_up.why.to_string(),
            "given up: OTX gave no answer for 10 minutes (status 503); run the same command again when it answers"
        );
        let took = start.elapsed();
        assert!(took >= 600 * SECOND && took < 610 * SECOND, "{took:?}");
        assert!((20..200).contains(&attempts), "{attempts}");
        // It is tried once in the next round, and given up again or goes on.
        breaker.try_again();
        pass(&breaker).await.failed("status 503", None);
        assert!(breaker.enter().await.is_err());
        breaker.try_again();
        pass(&breaker).await.answered();
        pass(&breaker).await.failed("status 503", None);
        pass(&breaker).await.answered();
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_between_renews_the_patience() {
        let breaker = breaker();
        let start = Instant::now();
        while start.elapsed() < 3000 * SECOND {
            pass(&breaker)
                .await
                .failed("status 503", Some(300 * SECOND));
            pass(&breaker).await.answered();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_longer_than_the_patience_is_named_and_not_waited_for() {
        let breaker = breaker();
        let start = Instant::now();
        pass(&breaker).await.failed("429", Some(3600 * SECOND));
        let given_up = breaker.enter().await.unwrap_err();
        assert!(
            given_up.why.to_string().contains("OTX asks to wait 1 hour"),
            "{given_up:?}"
        );
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_final_and_a_pass_that_is_dropped_holds_up_nobody() {
        let breaker = breaker();
        pass(&breaker).await.failed("x", None);
        drop(pass(&breaker).await);
        let why = || NoAnswer::GivenUp("status 401".to_owned());
        pass(&breaker).await.refused(why());
        breaker.try_again();
        let given_up = breaker.enter().await.unwrap_err();
        assert_eq!((given_up.why, given_up.is_final), (why(), true));
    }
}
