//! Entra: tokens for applications by secret, certificate and federated token, and for a person by device code.

mod assertion;
mod device;
mod grants;
pub(crate) mod token;

use super::{Call, Reply, State, decode};
use crate::exchange::Service;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

pub use assertion::Registered;
pub use device::DeviceCodes;
pub use token::Holder;

/// What Entra remembers.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The ids of client assertions, each of which is good once.
    assertions: HashSet<String>,
    /// Federated tokens that an outside provider gave out, by their text.
    pub(crate) federated: HashMap<String, assertion::Federated>,
    /// Device codes and what became of them.
    codes: HashMap<String, device::Pending>,
    /// Refresh tokens; false for one that a newer one replaced.
    refresh_tokens: BTreeMap<String, bool>,
    /// The code with which every session has ended.
    pub(crate) session_over: Option<u32>,
}

/// An error of Entra.
pub(crate) fn refused(status: u16, error: &str, number: u32, text: &str) -> Reply {
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
            let origin = &state.origins[&Service::Login];
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
            &json!({"tenant_discovery_endpoint": format!("{}/{}/v2.0/.well-known/openid-configuration", state.origins[&Service::Login], world.tenant_id)}),
        ),
        [
            tenant,
            "oauth2",
            "v2.0",
            endpoint @ ("token" | "devicecode"),
        ] if call.method == "POST" => {
            if call.target.contains('?') {
                return Reply::empty(400).violating("a query on an endpoint of Entra");
            }
            if *tenant != world.tenant_id {
                return no_such_tenant(tenant);
            }
            let form = match Form::of(call) {
                Ok(form) => form,
                Err(refusal) => return refusal,
            };
            match *endpoint {
                "token" => grants::token(state, &form),
                _ => device::code(state, &form),
            }
        }
        _ => Reply::empty(404).violating("no such path in Entra"),
    }
}

/// The fields of a request.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    fn of(call: &Call) -> Result<Self, Reply> {
        let media = call.header("content-type").unwrap_or_default();
        if !media.starts_with("application/x-www-form-urlencoded") {
            let text = "The request body must be a form.";
            return Err(
                refused(400, "invalid_request", 900_144, text).violating("the request is no form")
            );
        }
        let body = String::from_utf8_lossy(&call.body).into_owned();
        let pairs = body.split('&').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((decode(name, true)?, decode(value, true)?))
        });
        Ok(Self(pairs.collect()))
    }

    /// A field; empty when it is missing.
    pub(crate) fn get(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map_or("", |(_, value)| value)
    }

    /// Refuses fields other than these, and repeated ones.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Reply> {
        for (n, (name, _)) in self.0.iter().enumerate() {
            let twice = self.0[..n].iter().any(|(other, _)| other == name);
            if !known.contains(&name.as_str()) || twice {
                return Err(
                    refused(400, "invalid_request", 900_144, "Unexpected parameter.")
                        .violating(format!("unknown token parameter {name}")),
                );
            }
        }
        Ok(())
    }

    /// The resource of a scope; `person` when the scope may ask for a refresh token too.
    pub(crate) fn resource(&self, state: &State, person: bool) -> Result<String, Reply> {
        let scope = self.get("scope");
        let malformed = || {
            let text = "The provided value for the input parameter 'scope' is not valid.";
            refused(400, "invalid_scope", 70011, text)
                .violating(format!("scope {scope:?} does not end in /.default"))
        };
        let alone = match person {
            true => scope
                .strip_suffix(" offline_access")
                .ok_or_else(malformed)?,
            false => scope,
        };
        let resource = alone.strip_suffix("/.default").ok_or_else(malformed)?;
        if !state.options.cloud.has_resource(resource) {
            let text =
                format!("The resource principal named {resource} was not found in the tenant.");
            return Err(refused(400, "invalid_resource", 500_011, &text)
                .violating(format!("no such resource: {resource}")));
        }
        Ok(resource.to_owned())
    }
}
