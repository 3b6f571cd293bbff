//! `POST /{tenant}/oauth2/v2.0/token`: each way to get a token.

use super::token::{self, Holder};
use super::{Form, assertion, device, refused};
use crate::service::{Reply, State};
use serde_json::json;

/// Answers a request for a token.
pub(super) fn token(state: &State, form: &Form) -> Reply {
    let answer = match form.get("grant_type") {
        "client_credentials" => client(state, form),
        "urn:ietf:params:oauth:grant-type:device_code" => device_code(state, form),
        "refresh_token" => refresh(state, form),
        other => {
            let text = "The app requested an unsupported grant type.";
            Err(refused(400, "unsupported_grant_type", 70003, text)
                .violating(format!("grant_type is {other:?}")))
        }
    };
    answer.unwrap_or_else(|refusal| refusal)
}

/// Refuses a client that is not registered.
pub(super) fn known_client(state: &State, form: &Form) -> Result<(), Reply> {
    let id = form.get("client_id");
    if id == state.world.client_id {
        return Ok(());
    }
    let text = format!("Application with identifier '{id}' was not found in the directory.");
    Err(refused(400, "unauthorized_client", 700_016, &text))
}

fn client(state: &State, form: &Form) -> Result<Reply, Reply> {
    form.only(&[
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "grant_type",
        "scope",
    ])?;
    known_client(state, form)?;
    if form.get("client_assertion").is_empty() {
        if form.get("client_secret") != state.world.client_secret {
            let text = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.";
            return Err(refused(401, "invalid_client", 7_000_215, text));
        }
    } else {
        assertion::check(state, form)?;
    }
    let resource = form.resource(state, false)?;
    let (token, lifetime) = token::issue(state, &resource, Holder::Application);
    Ok(Reply::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": lifetime.as_secs(),
            "ext_expires_in": lifetime.as_secs(),
            "access_token": token
        }),
    ))
}

fn device_code(state: &State, form: &Form) -> Result<Reply, Reply> {
    form.only(&["client_id", "device_code", "grant_type"])?;
    known_client(state, form)?;
    let resource = device::poll(state, form)?;
    Ok(person(state, &resource))
}

fn refresh(state: &State, form: &Form) -> Result<Reply, Reply> {
    form.only(&["client_id", "refresh_token", "grant_type", "scope"])?;
    known_client(state, form)?;
    let resource = form.resource(state, true)?;
    {
        let mut memory = state.memory();
        if let Some(number) = memory.session_over {
            let text = "The refresh token has expired or was revoked.";
            return Err(refused(400, "invalid_grant", number, text));
        }
        match memory.refresh_tokens.get_mut(form.get("refresh_token")) {
            Some(is_current @ true) => *is_current = false,
            Some(_) => {
                let text = "The refresh token was replaced.";
                return Err(refused(400, "invalid_grant", 70000, text)
                    .violating("a refresh token that a newer one replaced"));
            }
            None => {
                let text = "The refresh token is malformed or invalid.";
                return Err(refused(400, "invalid_grant", 9_002_313, text)
                    .violating("a refresh token that was never given out"));
            }
        }
    }
    Ok(person(state, &resource))
}

/// The tokens of the person who signed in.
fn person(state: &State, resource: &str) -> Reply {
    let (token, lifetime) = token::issue(state, resource, Holder::Person);
    let refresh_token = format!("0.{}-refresh-token-{}", state.options.mark, state.count());
    state
        .memory()
        .refresh_tokens
        .insert(refresh_token.clone(), true);
    Reply::json(
        200,
        &json!({
            "token_type": "Bearer",
            "scope": format!("{resource}/.default"),
            "expires_in": lifetime.as_secs(),
            "ext_expires_in": lifetime.as_secs(),
            "access_token": token,
            "refresh_token": refresh_token,
        }),
    )
}
