//! Bearer tokens: JWTs that say whom they speak for and what they allow.

use crate::service::{State, Token};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use serde_json::{Value, json};
use std::time::Duration;

/// Permissions that are granted too unless they are withheld.
const MORE: [&str; 2] = ["Organization.Read.All", "ThreatHunting.Read.All"];

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The application, or a managed identity.
    Application,
    /// The person who signs in.
    Person,
}

/// A new token for `resource`, which the services accept.
pub(crate) fn issue(state: &State, resource: &str, holder: Holder) -> (String, Duration) {
    let lifetime = Duration::from_secs(state.options.token_lifetime);
    let grants = grants(state, resource, holder);
    let person = (holder == Holder::Person).then(|| state.person().id.clone());
    let token = match state.options.opaque_tokens {
        true => format!("eyOpaque.{}.{:06}", resource.len(), state.count()),
        false => jwt(state, resource, holder, &grants, lifetime),
    };
    let held = Token {
        audience: resource.to_owned(),
        expires: state.clock.now() + lifetime,
        grants,
        person,
    };
    let mut tokens = state
        .tokens
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    tokens.insert(token.clone(), held);
    (token, lifetime)
}

/// What a token for `resource` allows.
fn grants(state: &State, resource: &str, holder: Holder) -> Vec<String> {
    if resource != state.options.cloud.graph() {
        return vec!["Data.Read".to_owned()];
    }
    let all = [&crate::PERMISSIONS[..], &MORE].concat();
    let granted = match holder {
        Holder::Application => state.options.granted.clone().unwrap_or(all),
        Holder::Person => state.options.scopes.clone(),
    };
    let withheld = &state.options.withheld;
    let kept = granted.iter().filter(|name| !withheld.contains(name));
    kept.map(|name| (*name).to_owned()).collect()
}

/// The claims of real tokens of version 1.0.
fn jwt(
    state: &State,
    resource: &str,
    holder: Holder,
    grants: &[String],
    lifetime: Duration,
) -> String {
    let world = &state.world;
    let now = Utc::now().timestamp();
    let mut claims = json!({
        "aud": resource,
        "iss": format!("https://sts.windows.net/{}/", world.tenant_id),
        "iat": now,
        "nbf": now,
        "exp": now + i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX),
        "appid": world.client_id,
        "app_displayname": "linktrail",
        "tid": world.tenant_id,
        "ver": "1.0",
    });
    match holder {
        Holder::Application => {
            claims["idtyp"] = json!("app");
            claims["oid"] = json!("eeee0000-0000-4000-8000-000000000001");
            // Without a grant the claim is absent.
            if !grants.is_empty() {
                claims["roles"] = json!(grants);
            }
        }
        Holder::Person => {
            let person = state.person();
            claims["idtyp"] = json!("user");
            claims["oid"] = json!(person.id);
            claims["upn"] = json!(person.upn);
            claims["scp"] = json!(grants.join(" "));
            claims["wids"] = json!(["5d6b6bb7-de71-4623-b4af-96380a352509"]);
        }
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "simulated"});
    let signature = URL_SAFE_NO_PAD.encode(format!("signature {}", state.count()));
    format!("{}.{}.{signature}", encode(&header), encode(&claims))
}
