//! Client assertions: signed with a registered certificate, or given out by another identity provider.

use super::{Form, refused};
use crate::service::{Reply, State};
use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use serde_json::Value;

/// What an assertion may be.
const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A certificate that is registered at the application.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The certificate, in PEM.
    pub certificate: String,
    /// Its public key, in PEM.
    pub public_key: String,
}

/// A token of another identity provider.
#[derive(Clone, Debug)]
pub(crate) struct Federated {
    pub(crate) subject: String,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

/// Refuses a client that does not show a good assertion.
pub(super) fn check(state: &State, form: &Form) -> Result<(), Reply> {
    if form.get("client_assertion_type") != KIND {
        let text =
            "The request body must contain the following parameter: 'client_assertion_type'.";
        return Err(refused(400, "invalid_request", 900_144, text)
            .violating("the kind of the assertion is missing"));
    }
    let assertion = form.get("client_assertion");
    let mut memory = state.memory();
    if let Some(federated) = memory.federated.get(assertion) {
        return check_federated(state, federated);
    }
    let malformed = |why: &str| {
        refused(
            401,
            "invalid_client",
            50027,
            "JWT token is invalid or malformed.",
        )
        .violating(format!("a client assertion {why}"))
    };
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return Err(malformed("that is no JWT"));
    };
    let (Some(header), Some(claims), Ok(signature)) = (
        decoded(header),
        decoded(claims),
        URL_SAFE_NO_PAD.decode(signature),
    ) else {
        return Err(malformed("that cannot be decoded"));
    };
    if header["alg"] != "PS256" || header["typ"] != "JWT" {
        return Err(malformed("of another algorithm"));
    }
    let thumbprint = header["x5t#S256"].as_str().unwrap_or_default();
    let registered = state.options.certificates.iter();
    let mut registered = registered.filter(|known| known.thumbprint() == thumbprint);
    let Some(certificate) = registered.next() else {
        let text = format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}']"
        );
        return Err(refused(401, "invalid_client", 700_027, &text));
    };
    let signed = assertion.rsplit_once('.').map_or("", |(signed, _)| signed);
    let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, pem(&certificate.public_key));
    if key.verify(signed.as_bytes(), &signature).is_err() {
        let text = "Client assertion contains an invalid signature. [Reason - The key was found, but use of the key to verify the signature failed.]";
        return Err(refused(401, "invalid_client", 700_027, text)
            .violating("a client assertion with a wrong signature"));
    }
    let world = &state.world;
    let audience = format!(
        "{}/{}/oauth2/v2.0/token",
        state.options.cloud.authority(),
        world.tenant_id
    );
    if claims["aud"] != audience.as_str() {
        return Err(malformed(&format!("for {}", claims["aud"])));
    }
    let client = world.client_id.as_str();
    if claims["iss"] != client || claims["sub"] != client {
        return Err(malformed("of another client"));
    }
    let now = Utc::now().timestamp() + state.options.clock_ahead;
    let (from, to) = (claims["nbf"].as_i64(), claims["exp"].as_i64());
    let (Some(from), Some(to)) = (from, to) else {
        return Err(malformed("without times"));
    };
    if to - from > 600 {
        return Err(malformed("that is good for more than ten minutes"));
    }
    if now + 300 < from || now > to + 300 {
        let text = "Client assertion is not within its valid time range.";
        return Err(refused(401, "invalid_client", 700_024, text));
    }
    let id = claims["jti"].as_str().unwrap_or_default();
    if id.len() < 16 || !memory.assertions.insert(id.to_owned()) {
        return Err(malformed("that was used before, or has no id"));
    }
    Ok(())
}

fn check_federated(state: &State, token: &Federated) -> Result<(), Reply> {
    if token.expires <= Utc::now().timestamp() {
        let text = "Client assertion is not within its valid time range.";
        return Err(refused(401, "invalid_client", 700_024, text));
    }
    if state.options.federated_subject != Some(token.subject.as_str()) {
        let text = format!(
            "No matching federated identity record found for presented assertion subject '{}'.",
            token.subject
        );
        return Err(refused(401, "invalid_client", 700_213, &text));
    }
    Ok(())
}

impl State {
    /// A token of another identity provider.
    pub(crate) fn federated_token(&self, subject: &str, seconds: i64) -> String {
        let expires = Utc::now().timestamp() + seconds;
        let mark = self.options.mark;
        let claims = serde_json::json!({
            "iss": "https://oidc.example", "sub": subject, "aud": "api://AzureADTokenExchange", "exp": expires,
        });
        let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
        let token = format!(
            "{}.{}.{mark}-federated-{}",
            encode(r#"{"typ":"JWT","alg":"RS256"}"#.to_owned()),
            encode(claims.to_string()),
            self.count()
        );
        let federated = Federated {
            subject: subject.to_owned(),
            expires,
        };
        self.memory().federated.insert(token.clone(), federated);
        token
    }
}

impl Registered {
    fn thumbprint(&self) -> String {
        // The visitor's own reading of RFC 8705, section 3.1.
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &pem(&self.certificate));
        URL_SAFE_NO_PAD.encode(digest)
    }
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The bytes of the only section of a PEM text.
fn pem(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    STANDARD
        .decode(lines.collect::<String>())
        .expect("a section in PEM")
}
