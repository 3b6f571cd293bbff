//! A client certificate: the private key signs the assertion that takes the place of a secret.
//!
//! The assertion is what Microsoft recommends for certificates: a JWT signed with PS256 that names the certificate by
//! `x5t#S256`.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::der::{
    BIT_STRING, CONTEXT_0, Der, GENERALIZED_TIME, OBJECT_IDENTIFIER, SEQUENCE, UTC_TIME,
};
use super::pbes2::{self, Locked};
use super::pem::{self, Section};

/// How long an assertion is good for. Microsoft recommends five to ten minutes.
const ASSERTION_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// The fewest bits of a key that is used.
const FEWEST_BITS: usize = 2048;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// How a PFX file becomes the PEM file that is wanted.
const FROM_PFX: &str = "openssl pkcs12 -in FILE.pfx -out FILE.pem -clcerts -aes256";

/// A certificate with its private key.
#[derive(Clone)]
pub struct ClientCertificate {
    key: Arc<KeyPair>,
    /// The SHA-256 of the certificate, in base64url.
    thumbprint: String,
    expires: DateTime<Utc>,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("thumbprint", &self.thumbprint)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl ClientCertificate {
    /// Reads a PEM file that holds a certificate and its RSA private key, which may be encrypted. Of several
    /// certificates, that of the key is taken.
    ///
    /// # Errors
    /// The text continues after the name of the file, says what to do, and holds nothing of the file.
    pub fn read(file: &[u8], password: Option<&SecretString>) -> Result<Self, String> {
        Self::read_at(file, password, Utc::now())
    }

    fn read_at(
        file: &[u8],
        password: Option<&SecretString>,
        now: DateTime<Utc>,
    ) -> Result<Self, String> {
        let sections = match std::str::from_utf8(file) {
            Ok(text) => pem::sections(text),
            Err(_) => Vec::new(),
        };
        if sections.is_empty() {
            return Err(format!(
                "is no PEM file; make one of a PFX file with: {FROM_PFX}"
            ));
        }
        let key = key(&sections, password)?;
        let certificates: Vec<&[u8]> = sections
            .iter()
            .filter(|section| section.label == "CERTIFICATE")
            .filter_map(|section| section.bytes.as_ref().map(|bytes| bytes.as_slice()))
            .collect();
        if certificates.is_empty() {
            return Err(format!(
                "holds no certificate; the certificate belongs into the same file as its key, as this writes it: {FROM_PFX}"
            ));
        }
        let public_key = key.public_key().as_ref();
        let own = certificates.into_iter().find_map(|certificate| {
            let parts = parts(certificate)?;
            (parts.public_key == public_key).then_some((certificate, parts))
        });
        let Some((certificate, parts)) = own else {
            return Err(
                "holds a private key that does not belong to the certificate; put the two that belong together into it"
                    .to_owned(),
            );
        };
        let day = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M UTC");
        if now > parts.not_after {
            return Err(format!(
                "holds a certificate that expired on {}; make a new one, and upload it under Certificates & secrets of the app registration",
                day(parts.not_after)
            ));
        }
        if now < parts.not_before {
            return Err(format!(
                "holds a certificate that is good from {} on; check the clock of this machine, which says {}",
                day(parts.not_before),
                day(now)
            ));
        }
        Ok(Self {
            key: Arc::new(key),
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(certificate)),
            expires: parts.not_after,
        })
    }

    /// A new assertion that its sender is the application `client_id`, for the token service `audience`. `None` when the
    /// system gives no random numbers.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let mut id = [0; 16];
        fill(&mut id).ok()?;
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": uuid::Builder::from_random_bytes(id).into_uuid().to_string(),
            "nbf": now.timestamp(),
            "iat": now.timestamp(),
            "exp": (now + ASSERTION_LIFETIME).timestamp(),
        });
        let encode = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .key
            .sign(&RSA_PSS_SHA256, &random, message.as_bytes(), &mut signature);
        signed.ok()?;
        Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The one private key of the file.
fn key(sections: &[Section], password: Option<&SecretString>) -> Result<KeyPair, String> {
    let mut keys = sections
        .iter()
        .filter(|section| section.label.ends_with("PRIVATE KEY"));
    let section = keys.next().ok_or_else(|| {
        format!(
            "holds no private key; the key belongs into the same file as the certificate, as this writes it: {FROM_PFX}"
        )
    })?;
    if keys.next().is_some() {
        return Err("holds more than one private key; leave the one of the certificate".to_owned());
    }
    let label = section.label.as_str();
    if section.has_headers {
        return Err(
            "holds a private key that is encrypted in an old form; rewrite it with: openssl pkcs8 -topk8 -v2 aes256 -in OLD.pem -out NEW.pem, and put the certificate beside it"
                .to_owned(),
        );
    }
    let bytes = section
        .bytes
        .as_ref()
        .ok_or_else(|| "holds a private key that is damaged; write the file anew".to_owned())?;
    match label {
        "RSA PRIVATE KEY" => usable(KeyPair::from_der(bytes).ok()),
        "PRIVATE KEY" => pkcs8(bytes),
        "ENCRYPTED PRIVATE KEY" => pkcs8(&unlocked(bytes, password)?),
        _ => Err(not_rsa()),
    }
}

fn unlocked(bytes: &[u8], password: Option<&SecretString>) -> Result<Zeroizing<Vec<u8>>, String> {
    const VARIABLE: &str = "LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD";
    let password = password
        .ok_or_else(|| format!("holds an encrypted private key; set {VARIABLE} to its password"))?;
    match pbes2::decrypt(bytes, password.expose_secret()) {
        Ok(key) => Ok(key),
        Err(Locked::WrongPassword) => Err(format!(
            "holds an encrypted private key, and {VARIABLE} is not its password"
        )),
        Err(Locked::OtherEncryption) => Err(
            "holds a private key whose encryption linktrail does not read; rewrite it with: openssl pkcs8 -topk8 -v2 aes256 -in OLD.pem -out NEW.pem, and put the certificate beside it"
                .to_owned(),
        ),
    }
}

fn pkcs8(bytes: &[u8]) -> Result<KeyPair, String> {
    let algorithm = || {
        let mut info = Der::new(bytes).sequence()?;
        info.number()?;
        info.sequence()?.take(OBJECT_IDENTIFIER)
    };
    match algorithm() {
        Some(RSA) => usable(KeyPair::from_pkcs8(bytes).ok()),
        Some(_) => Err(not_rsa()),
        None => usable(None),
    }
}

fn usable(key: Option<KeyPair>) -> Result<KeyPair, String> {
    key.filter(|key| key.public_modulus_len() * 8 >= FEWEST_BITS)
        .ok_or_else(|| {
            format!(
                "holds a private key that is damaged, or has fewer than {FEWEST_BITS} bits; make a new certificate"
            )
        })
}

fn not_rsa() -> String {
    "holds a private key that is no RSA key, and Entra takes no other; make a new certificate; docs/sign-in.md has the commands"
        .to_owned()
}

/// What is read of a certificate.
struct Parts<'d> {
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    /// The public key, for RSA as PKCS #1 has it.
    public_key: &'d [u8],
}

/// `None` for what is no certificate (RFC 5280).
fn parts(certificate: &[u8]) -> Option<Parts<'_>> {
    let mut certificate = Der::new(certificate).sequence()?;
    let mut signed = certificate.sequence()?;
    let _version = signed.take(CONTEXT_0);
    let (_serial, _algorithm, _issuer) = (signed.next()?, signed.sequence()?, signed.sequence()?);
    let mut validity = signed.sequence()?;
    let not_before = time(validity.next()?)?;
    let not_after = time(validity.next()?)?;
    let _subject = signed.take(SEQUENCE)?;
    let mut key = signed.sequence()?;
    let _algorithm = key.sequence()?;
    // The first byte of a bit string is the number of unused bits.
    let public_key = key.take(BIT_STRING)?.strip_prefix(&[0])?;
    Some(Parts {
        not_before,
        not_after,
        public_key,
    })
}

fn time((tag, text): (u8, &[u8])) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(text).ok()?;
    // Years of two digits are those of 1950 to 2049.
    let text = match tag {
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok()?;
    Some(time.and_utc())
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
