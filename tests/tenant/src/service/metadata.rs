//! Who gives tokens to managed identities: the instance metadata of a machine, and the endpoint of App Service.

use super::login::token::{Holder, issue};
use super::{Call, Reply, State};
use chrono::Utc;
use serde_json::json;

/// The value of `IDENTITY_HEADER`.
pub const IDENTITY_HEADER: &str = "MARKED-identity-header-5e1f";

/// Instance metadata: `GET /metadata/identity/oauth2/token`.
pub(crate) fn instance(state: &State, call: &Call) -> Reply {
    if call.split().0 != "/metadata/identity/oauth2/token" || call.method != "GET" {
        return Reply::empty(404).violating("no such path in instance metadata");
    }
    if call.header("metadata") != Some("true") {
        let text = "Required metadata header not specified";
        return refused("bad_request_102", text);
    }
    if call.header("x-forwarded-for").is_some() || call.header("authorization").is_some() {
        return refused("bad_request_102", "forwarded").violating("a header of a proxy");
    }
    let asked = match Asked::of(call, "2018-02-01") {
        Ok(asked) => asked,
        Err(reply) => return reply,
    };
    if !state.options.cloud.has_resource(&asked.resource) {
        let text = format!(
            "AADSTS50001: The application named {} was not found in the tenant named Contoso.",
            asked.resource
        );
        return refused("invalid_resource", &text);
    }
    if !state.has_identity(asked.client_id.as_deref()) {
        return refused("invalid_request", "Identity not found");
    }
    let (token, lifetime) = issue(state, &asked.resource, Holder::Application);
    let now = Utc::now().timestamp();
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    Reply::json(
        200,
        &json!({
            "access_token": token,
            "client_id": asked.client_id.unwrap_or_else(|| "cccc0000-0000-4000-8000-000000000009".to_owned()),
            "expires_in": seconds.to_string(),
            "expires_on": (now + seconds).to_string(),
            "ext_expires_in": seconds.to_string(),
            "not_before": (now - 300).to_string(),
            "resource": asked.resource,
            "token_type": "Bearer",
        }),
    )
}

/// App Service: `GET /msi/token`.
pub(crate) fn app_service(state: &State, call: &Call) -> Reply {
    if call.split().0 != "/msi/token" || call.method != "GET" {
        return Reply::empty(404).violating("no such path in App Service");
    }
    if call.header("x-identity-header") != Some(IDENTITY_HEADER) {
        return Reply::empty(401);
    }
    let asked = match Asked::of(call, "2019-08-01") {
        Ok(asked) => asked,
        Err(reply) => return reply,
    };
    if !state.has_identity(asked.client_id.as_deref()) {
        return Reply::json(
            400,
            &json!({
                "statusCode": 400,
                "message": "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
                "correlationId": "66666666-7777-4888-9999-000000000000",
            }),
        );
    }
    let (token, lifetime) = issue(state, &asked.resource, Holder::Application);
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    Reply::json(
        200,
        &json!({
            "access_token": token,
            "client_id": asked.client_id,
            "expires_on": (Utc::now().timestamp() + seconds).to_string(),
            "resource": asked.resource,
            "token_type": "Bearer",
        }),
    )
}

fn refused(error: &str, text: &str) -> Reply {
    Reply::json(400, &json!({"error": error, "error_description": text}))
}

/// What is asked for.
struct Asked {
    resource: String,
    client_id: Option<String>,
}

impl Asked {
    fn of(call: &Call, version: &str) -> Result<Self, Reply> {
        let pairs = call.pairs().unwrap_or_default();
        let get = |name: &str| {
            let found = pairs.iter().find(|(found, _)| found == name);
            found.map(|(_, value)| value.clone())
        };
        let unknown = pairs
            .iter()
            .find(|(name, _)| !["api-version", "resource", "client_id"].contains(&name.as_str()));
        if let Some((name, _)) = unknown {
            return Err(refused("invalid_request", "unknown")
                .violating(format!("unknown parameter {name}")));
        }
        if get("api-version").as_deref() != Some(version) {
            return Err(refused("invalid_request", "bad version").violating("another api-version"));
        }
        match get("resource") {
            Some(resource) => Ok(Self {
                resource,
                client_id: get("client_id"),
            }),
            None => Err(refused("invalid_request", "no resource").violating("no resource")),
        }
    }
}

impl State {
    /// Whether the machine has this identity; none for the system-assigned one.
    fn has_identity(&self, client_id: Option<&str>) -> bool {
        match client_id {
            None => self.options.system_identity,
            Some(id) => self.options.user_identities.contains(&id),
        }
    }
}
