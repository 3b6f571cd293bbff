//! Device codes, as RFC 8628 and Entra have them.

use super::{Form, refused};
use crate::service::{Reply, State};
use serde_json::json;
use std::time::{Duration, Instant};

/// What a person does with a device code.
#[derive(Clone, Debug)]
pub struct DeviceCodes {
    /// How often Entra says that it is waiting before the person is done.
    pub pending: usize,
    /// At which question, counted from 1, it asks to slow down.
    pub slow_down_at: Option<usize>,
    /// What it then answers instead of a token: the word and the code.
    pub refused: Option<(&'static str, u32)>,
    /// The pause that it wants between two questions, in seconds.
    pub interval: u64,
    /// How long a code is good for, in seconds.
    pub expires_in: u64,
    /// Whether the application allows public client flows.
    pub public_client: bool,
}

impl Default for DeviceCodes {
    fn default() -> Self {
        Self {
            pending: 1,
            slow_down_at: None,
            refused: None,
            interval: 1,
            expires_in: 900,
            public_client: true,
        }
    }
}

/// A code that was given out.
#[derive(Debug)]
pub(super) struct Pending {
    resource: String,
    polls: usize,
    interval: Duration,
    last: Instant,
    ends: Instant,
    is_used: bool,
}

/// `POST /{tenant}/oauth2/v2.0/devicecode`.
pub(super) fn code(state: &State, form: &Form) -> Reply {
    let conduct = &state.options.device_codes;
    if let Err(refusal) = form.only(&["client_id", "scope"]) {
        return refusal;
    }
    if let Err(refusal) = super::grants::known_client(state, form) {
        return refusal;
    }
    let resource = match form.resource(state, true) {
        Ok(resource) => resource,
        Err(refusal) => return refusal,
    };
    let number = state.count();
    let device_code = format!("{}-device-code-{number}", state.options.mark);
    let user_code = format!("ABCD{number:05}");
    let pending = Pending {
        resource,
        polls: 0,
        interval: Duration::from_secs(conduct.interval),
        last: Instant::now(),
        ends: Instant::now() + Duration::from_secs(conduct.expires_in),
        is_used: false,
    };
    state.memory().codes.insert(device_code.clone(), pending);
    let address = "https://microsoft.com/devicelogin";
    Reply::json(
        200,
        &json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": address,
            "expires_in": conduct.expires_in,
            "interval": conduct.interval,
            "message": format!("To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate."),
        }),
    )
}

/// What becomes of a device code; the resource once the person has signed in.
pub(super) fn poll(state: &State, form: &Form) -> Result<String, Reply> {
    let conduct = &state.options.device_codes;
    if !conduct.public_client {
        let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(refused(401, "invalid_client", 7_000_218, text));
    }
    let mut memory = state.memory();
    let Some(pending) = memory.codes.get_mut(form.get("device_code")) else {
        let text = "Verification code is invalid.";
        return Err(refused(400, "bad_verification_code", 70018, text)
            .violating("a device code that was never given out"));
    };
    if pending.is_used {
        return Err(
            refused(400, "invalid_grant", 70000, "The code was used already.")
                .violating("a device code that was used already"),
        );
    }
    let early = pending.last.elapsed() + Duration::from_millis(50) < pending.interval;
    pending.last = Instant::now();
    pending.polls += 1;
    let answer = if Instant::now() >= pending.ends {
        Err(refused(
            400,
            "expired_token",
            70019,
            "Verification code expired.",
        ))
    } else if conduct.slow_down_at == Some(pending.polls) {
        pending.interval += Duration::from_secs(5);
        Err(Reply::json(400, &json!({"error": "slow_down"})))
    } else if pending.polls <= conduct.pending {
        let text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
        Err(refused(400, "authorization_pending", 70016, text))
    } else if let Some((word, number)) = conduct.refused {
        Err(refused(400, word, number, "The sign-in did not succeed."))
    } else {
        pending.is_used = true;
        Ok(pending.resource.clone())
    };
    match (answer, early) {
        (Err(reply), true) => Err(reply.violating("a device code was asked for too soon")),
        (answer, _) => answer,
    }
}
