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
use chrono::{DateTime, TimeDelta, Utc};
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::pkcs5::{self, EncryptionScheme};
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::pem::{self, Section};

/// How long an assertion is good for. Microsoft recommends five to ten minutes.
const ASSERTION_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// The fewest bits of a key that is used.
const FEWEST_BITS: usize = 2048;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// The most iterations of PBKDF2 that are computed: some seconds of work. OpenSSL uses 2,048 unless told otherwise.
const MOST_ITERATIONS: u32 = 10_000_000;
/// The most memory that scrypt may take, in bytes. OpenSSL takes 16 MiB unless told otherwise.
const MOST_MEMORY: u64 = 256 << 20;

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
            let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
            let is_own = parsed.public_key().subject_public_key.as_ref() == public_key;
            let validity = parsed.validity();
            let times = (time(validity.not_before)?, time(validity.not_after)?);
            is_own.then_some((certificate, times))
        });
        let Some((certificate, (not_before, not_after))) = own else {
            return Err(
                "holds a private key that does not belong to the certificate; put the two that belong together into it"
                    .to_owned(),
            );
        };
        let day = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M UTC");
        if now > not_after {
            return Err(format!(
                "holds a certificate that expired on {}; make a new one, and upload it under Certificates & secrets of the app registration",
                day(not_after)
            ));
        }
        if now < not_before {
            return Err(format!(
                "holds a certificate that is good from {} on; check the clock of this machine, which says {}",
                day(not_before),
                day(now)
            ));
        }
        Ok(Self {
            key: Arc::new(key),
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(certificate)),
            expires: not_after,
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
        "ENCRYPTED PRIVATE KEY" => pkcs8(unlocked(bytes, password)?.as_bytes()),
        _ => Err(not_rsa()),
    }
}

fn unlocked(bytes: &[u8], password: Option<&SecretString>) -> Result<SecretDocument, String> {
    const VARIABLE: &str = "LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD";
    let password = password
        .ok_or_else(|| format!("holds an encrypted private key; set {VARIABLE} to its password"))?;
    let other = || {
        "holds a private key whose encryption linktrail does not read; rewrite it with: openssl pkcs8 -topk8 -v2 aes256 -in OLD.pem -out NEW.pem, and put the certificate beside it"
            .to_owned()
    };
    let key = EncryptedPrivateKeyInfoRef::try_from(bytes).map_err(|_| other())?;
    if !is_bearable(&key.encryption_algorithm) {
        return Err(other());
    }
    let wrong = || format!("holds an encrypted private key, and {VARIABLE} is not its password");
    let key = match key.decrypt(password.expose_secret()) {
        Ok(key) => key,
        Err(pkcs8::Error::EncryptedPrivateKey(error)) if error != pkcs5::Error::DecryptFailed => {
            return Err(other());
        }
        Err(_) => return Err(wrong()),
    };
    // A wrong password can end in padding that looks right, and then in no key.
    match PrivateKeyInfoRef::try_from(key.as_bytes()) {
        Ok(_) => Ok(key),
        Err(_) => Err(wrong()),
    }
}

/// True for an encryption that is read, when it asks for no more work and memory than a key is worth.
fn is_bearable(scheme: &EncryptionScheme) -> bool {
    match scheme.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(work)) => work.iteration_count <= MOST_ITERATIONS,
        Some(Kdf::Scrypt(work)) => {
            let rows = u64::from(work.block_size).saturating_mul(u64::from(work.parallelization));
            let memory = work.cost_parameter.saturating_mul(rows).saturating_mul(128);
            memory <= MOST_MEMORY
        }
        _ => false,
    }
}

fn pkcs8(bytes: &[u8]) -> Result<KeyPair, String> {
    match PrivateKeyInfoRef::try_from(bytes) {
        Ok(key) if key.algorithm.oid != RSA => Err(not_rsa()),
        _ => usable(KeyPair::from_pkcs8(bytes).ok()),
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

/// The beginning or the end of a certificate's validity.
fn time(time: ASN1Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.timestamp(), 0)
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
