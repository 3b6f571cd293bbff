//! Entra: `POST /{tenant}/oauth2/v2.0/token` with client credentials.

use super::{Call, Reply, State, Token, decode};
use serde_json::json;
use std::time::Duration;

fn refused(status: u16, error: &str, number: u32, text: &str) -> Reply {
    Reply::json(
        status,
        &json!({
            "error": error,
            "error_description": format!("AADSTS{number}: {text} Trace ID: 11111111-2222-4333-8444-555555555555 Correlation ID: 66666666-7777-4888-9999-000000000000 Timestamp: 2026-10-31 00:00:00Z"),
            "error_codes": [number],
            "timestamp": "2026-10-31 00:00:00Z",
            "trace_id": "11111111-2222-4333-8444-555555555555",
            "correlation_id": "66666666-7777-4888-9999-000000000000",
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}")
        }),
    )
}

fn no_such_tenant(tenant: &str) -> Reply {
    let text =
        format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
    refused(400, "invalid_request", 90002, &text)
}

/// Answers a request to Entra.
pub(crate) fn answer(state: &State, call: &Call) -> Reply {
    let world = &state.world;
    let Some(segments) = call.segments() else {
        return Reply::empty(400).violating("path is no UTF-8");
    };
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match path.as_slice() {
        [tenant, "v2.0", ".well-known", "openid-configuration"] if call.method == "GET" => {
            if *tenant != world.tenant_id {
                return no_such_tenant(tenant);
            }
            let origin = &state.origins[&super::Service::Login];
            Reply::json(
                200,
                &json!({
                    "issuer": format!("{origin}/{tenant}/v2.0"),
                    "authorization_endpoint": format!("{origin}/{tenant}/oauth2/v2.0/authorize"),
                    "token_endpoint": format!("{origin}/{tenant}/oauth2/v2.0/token"),
                    "tenant_region_scope": "EU",
                    "cloud_instance_name": "microsoftonline.com",
                    "msgraph_host": "graph.microsoft.com",
                }),
            )
        }
        ["common", "discovery", "instance"] if call.method == "GET" => Reply::json(
            200,
            &json!({"tenant_discovery_endpoint": format!("{}/{}/v2.0/.well-known/openid-configuration", state.origins[&super::Service::Login], world.tenant_id)}),
        ),
        [tenant, "oauth2", "v2.0", "token"] if call.method == "POST" => {
            if !call.target.ends_with("/token") {
                return Reply::empty(400).violating("a query on the token endpoint");
            }
            if *tenant != world.tenant_id {
                return no_such_tenant(tenant);
            }
            token(state, call)
        }
        _ => Reply::empty(404).violating("no such path in Entra"),
    }
}

fn token(state: &State, call: &Call) -> Reply {
    let world = &state.world;
    let form = call.header("content-type").unwrap_or_default();
    if !form.starts_with("application/x-www-form-urlencoded") {
        return refused(
            400,
            "invalid_request",
            900144,
            "The request body must be a form.",
        )
        .violating("the token request is no form");
    }
    let body = String::from_utf8_lossy(&call.body).into_owned();
    let field = |name: &str| -> Option<String> {
        body.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then(|| decode(value, true)).flatten()
        })
    };
    for (name, _) in body.split('&').filter_map(|p| p.split_once('=')) {
        if !["client_id", "client_secret", "grant_type", "scope"].contains(&name) {
            return refused(400, "invalid_request", 900144, "Unexpected parameter.")
                .violating(format!("unknown token parameter {name}"));
        }
    }
    if field("grant_type").as_deref() != Some("client_credentials") {
        return refused(
            400,
            "unsupported_grant_type",
            70003,
            "The app requested an unsupported grant type.",
        )
        .violating("grant_type is not client_credentials");
    }
    if field("client_id").as_deref() != Some(world.client_id.as_str()) {
        let text = format!(
            "Application with identifier '{}' was not found in the directory.",
            field("client_id").unwrap_or_default()
        );
        return refused(400, "unauthorized_client", 700016, &text);
    }
    if field("client_secret").as_deref() != Some(world.client_secret.as_str()) {
        return refused(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.",
        );
    }
    let scope = field("scope").unwrap_or_default();
    let Some(audience) = scope.strip_suffix("/.default") else {
        return refused(
            400,
            "invalid_scope",
            70011,
            "The provided value for the input parameter 'scope' is not valid.",
        )
        .violating(format!("scope {scope:?} does not end in /.default"));
    };
    if !state.options.cloud.has_resource(audience) {
        let text = format!("The resource principal named {audience} was not found in the tenant.");
        return refused(400, "invalid_resource", 500011, &text)
            .violating(format!("no such resource: {audience}"));
    }
    let token = format!("eyOpaque.{}.{:06}", audience.len(), state.count());
    let lifetime = Duration::from_secs(state.options.token_lifetime);
    let held = Token {
        audience: audience.to_owned(),
        expires: state.clock.now() + lifetime,
    };
    let mut tokens = state
        .tokens
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    tokens.insert(token.clone(), held);
    Reply::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": lifetime.as_secs(),
            "ext_expires_in": lifetime.as_secs(),
            "access_token": token
        }),
    )
}
