//! What a service says of the key itself.
//!
//! Look-ups do not always tell: OTX answers them with a wrong key too.

use serde_json::Value;

use super::account::{Account, Allowance, KeyState};
use super::answer::{Reading, refusal};
use super::service::Service;
use super::verdict::{State, Verdict};
use crate::journal::{Answer, NoAnswer};

/// Reads the answer to the call about the key. `secrets` are the environment variables of the key.
pub(super) fn read<S: Service>(answer: &Answer, secrets: &[&str]) -> KeyState {
    let (status, body) = match answer {
        Answer::Nothing(NoAnswer::Failed(why)) => return KeyState::NoAnswer(why.clone()),
        Answer::Nothing(why) => return KeyState::NoAnswer(why.to_string()),
        Answer::Response { status, body, .. } => (*status, body.trim_start_matches('\u{feff}')),
    };
    match (status, serde_json::from_str::<Value>(body)) {
        (200, Ok(body)) => accepted(S::account(&body)),
        (200, Err(_)) => KeyState::NoAnswer(
            "a page or another text instead of JSON, as a proxy or a wrong address sends it"
                .to_owned(),
        ),
        (401..=403, _) => KeyState::Refused(format!(
            "status {status}: {}",
            refusal::<S>(status, secrets)
        )),
        // Whether it is the service that answers so is seen by a look-up.
        (404 | 405 | 501, _) => KeyState::NotTold,
        (429, _) => KeyState::UsedUp(format!(
            "{} answers that there were too many requests",
            S::TITLE
        )),
        _ => KeyState::NoAnswer(format!(
            "status {status}: {}",
            refusal::<S>(status, secrets)
        )),
    }
}

fn accepted(mut account: Account) -> KeyState {
    // Such a quota is none: what is not in the subscription is not counted.
    account.quotas.retain(|quota| quota.allowed > 0);
    let is_used_up = |quota: &&Allowance| quota.used >= quota.allowed;
    match account.quotas.iter().find(is_used_up) {
        Some(Allowance { per, used, allowed }) => {
            KeyState::UsedUp(format!("{used} of {allowed} requests a {per} are used up"))
        }
        None => KeyState::Accepted(account),
    }
}

/// What the answer to a look-up says of the key.
pub(super) fn of_look_up(reading: Reading) -> KeyState {
    match reading {
        Reading::Answer(_) | Reading::Rejected(_) => KeyState::Accepted(Account::default()),
        Reading::Refused(verdict) => KeyState::Refused(verdict.summary),
        Reading::Nothing(Verdict {
            state: State::RateLimited,
            summary,
            ..
        }) => KeyState::UsedUp(summary),
        Reading::Nothing(verdict) => KeyState::NoAnswer(verdict.summary),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{otx::Otx, urlhaus::UrlHaus, virustotal::VirusTotal, xforce::XForce};
    use super::*;

    fn told<S: Service>(status: u16, body: &str) -> KeyState {
        let answer = Answer::Response {
            status,
            headers: BTreeMap::new(),
            body: body.to_owned(),
        };
        read::<S>(&answer, &["LINKTRAIL_X_KEY"])
    }

    fn quotas(state: KeyState) -> Vec<(&'static str, u64, u64)> {
        let KeyState::Accepted(account) = state else {
            panic!("{state:?}");
        };
        let quotas = account.quotas.iter();
        quotas
            .map(|quota| (quota.per, quota.used, quota.allowed))
            .collect()
    }

    #[test]
    fn quotas_are_read_as_each_service_writes_them() {
        for body in [
            r#"{"data":{"attributes":{"quotas":{"api_requests_daily":{"allowed":500,"used":12},"monitor_storage_bytes":{"allowed":0,"used":0}}}}}"#,
            r#"{"data":{"attributes":{"quotas":{"api_requests_daily":{"user":{"allowed":500,"used":12}}}}}}"#,
        ] {
            assert_eq!(quotas(told::<VirusTotal>(200, body)), [("day", 12, 500)]);
        }
        let usage = r#"[{"usageData":{"entitlement":"5000","usage":[{"cycle":"2026-10","usage":"4999"},{"cycle":"2026-11","usage":"7"}]}},
            {"usageData":{"entitlement":100,"usage":[{"cycle":"2026-11","usage":100}]}}, {"usageData":{"entitlement":"unlimited"}}]"#;
        assert_eq!(quotas(told::<XForce>(200, usage)), [("month", 107, 5100)]);
        for other in ["[]", "{}", "null", r#"{"data":[]}"#] {
            assert!(quotas(told::<VirusTotal>(200, other)).is_empty());
            assert!(quotas(told::<XForce>(200, other)).is_empty());
        }
        let named = told::<Otx>(200, "{\"username\":\"a\\u001bb\"}");
        let KeyState::Accepted(account) = named else {
            panic!("{named:?}");
        };
        assert_eq!(account.name.as_deref(), Some("a b"));
    }

    #[test]
    fn a_quota_that_is_used_up_is_told_as_such() {
        let body = r#"{"data":{"attributes":{"quotas":{"api_requests_hourly":{"allowed":240,"used":1},"api_requests_daily":{"allowed":500,"used":500}}}}}"#;
        let none = r#"{"data":{"attributes":{"quotas":{"api_requests_hourly":{"allowed":0,"used":0},"api_requests_daily":{"allowed":500,"used":12}}}}}"#;
        assert_eq!(quotas(told::<VirusTotal>(200, none)), [("day", 12, 500)]);
        let used_up = KeyState::UsedUp("500 of 500 requests a day are used up".to_owned());
        assert_eq!(told::<VirusTotal>(200, body), used_up);
        assert!(matches!(told::<Otx>(429, ""), KeyState::UsedUp(_)));
    }

    #[test]
    fn a_refusal_names_the_variable_and_a_proxy_is_no_answer() {
        for status in [401, 402, 403] {
            let KeyState::Refused(why) = told::<Otx>(status, "{}") else {
                panic!("{status}");
            };
            assert!(why.contains("LINKTRAIL_X_KEY"), "{why}");
        }
        for (status, body) in [(200, "<html>"), (302, ""), (500, "{}"), (503, "")] {
            let state = told::<XForce>(status, body);
            assert!(matches!(state, KeyState::NoAnswer(_)), "{status} {state:?}");
        }
        assert_eq!(told::<XForce>(404, "{}"), KeyState::NotTold);
        assert_eq!(UrlHaus::ACCOUNT, None);
    }
}
