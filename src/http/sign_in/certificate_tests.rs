//! The files of `tests/fixtures/certificates` were written by OpenSSL 3.0; see the README there.

use serde_json::Value;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/certificates/", $name))
    };
}

const CERTIFICATE: &str = fixture!("rsa.crt.pem");
/// What `openssl dgst -sha256` says of the certificate, in base64url.
const THUMBPRINT: &str = "ljlyDtl4q0__O9Qon_hAwJ7SrNcMYc68IXCwSLbTMZw";
const PASSWORD: &str = "marked-password";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn read(file: &str, password: Option<&str>) -> Result<ClientCertificate, String> {
    let password = password.map(|text| SecretString::from(text.to_owned()));
    let now = at("2030-01-01T00:00:00Z");
    ClientCertificate::read_at(file.as_bytes(), password.as_ref(), now)
}

fn error(file: &str, password: Option<&str>) -> String {
    let error = read(file, password).unwrap_err();
    assert!(!error.contains(PASSWORD), "{error}");
    error
}

#[test]
fn a_key_is_read_in_every_form_that_openssl_writes() {
    for (file, password) in [
        (format!("{}{CERTIFICATE}", fixture!("rsa.key.pem")), None),
        (format!("{CERTIFICATE}{}", fixture!("pkcs1.key.pem")), None),
        (fixture!("pkcs12-aes256.pem").to_owned(), Some(PASSWORD)),
        (
            format!("{}{CERTIFICATE}", fixture!("aes128-sha1.key.pem")),
            Some(PASSWORD),
        ),
        (
            format!("{}{CERTIFICATE}", fixture!("aes192-sha512.key.pem")).replace('\n', "\r\n"),
            Some(PASSWORD),
        ),
        (
            format!("{}{CERTIFICATE}", fixture!("3des.key.pem")),
            Some(PASSWORD),
        ),
        (
            format!("{}{CERTIFICATE}", fixture!("scrypt.key.pem")),
            Some(PASSWORD),
        ),
        // Of several certificates that of the key is taken, whatever the order.
        (
            format!(
                "{}{}{CERTIFICATE}",
                fixture!("other.crt.pem"),
                fixture!("rsa.key.pem")
            ),
            None,
        ),
        // A password for a key that needs none does no harm.
        (
            format!("{}{CERTIFICATE}", fixture!("rsa.key.pem")),
            Some(PASSWORD),
        ),
    ] {
        let certificate = read(&file, password).unwrap();
        assert_eq!(certificate.thumbprint, THUMBPRINT);
        assert!(certificate.expires > at("2100-01-01T00:00:00Z"));
    }
}

#[test]
fn an_encrypted_key_needs_its_password() {
    let file = fixture!("pkcs12-aes256.pem");
    let text = error(file, None);
    assert_eq!(
        text,
        "holds an encrypted private key; set LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD to its password"
    );
    for wrong in ["x", "marked-passwor", "marked-password ", "é"] {
        let text = error(file, Some(wrong));
        assert_eq!(
            text,
            "holds an encrypted private key, and LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD is not its password"
        );
    }
}

#[test]
fn what_cannot_be_used_says_how_to_make_what_can() {
    let with = |key: &str| format!("{key}{CERTIFICATE}");
    let rsa = fixture!("rsa.key.pem");
    let ec = format!("{}{}", fixture!("ec.key.pem"), fixture!("ec.crt.pem"));
    let small = format!("{}{}", fixture!("small.key.pem"), fixture!("small.crt.pem"));
    let mismatch = format!("{rsa}{}", fixture!("other.crt.pem"));
    let damaged = rsa.replacen("MII", "M\u{b7}I", 1);
    for (file, wanted) in [
        (
            String::new(),
            "is no PEM file; make one of a PFX file with: openssl pkcs12 -in",
        ),
        ("\u{0}\u{1}0".to_owned(), "is no PEM file"),
        (
            CERTIFICATE.to_owned(),
            "holds no private key; the key belongs into the same file",
        ),
        (
            rsa.to_owned(),
            "holds no certificate; the certificate belongs into the same file",
        ),
        (
            mismatch,
            "holds a private key that does not belong to the certificate",
        ),
        (
            with(&format!("{rsa}{rsa}")),
            "holds more than one private key",
        ),
        (
            with(&damaged),
            "holds a private key that is damaged; write the file anew",
        ),
        (
            with("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "holds a private key that is damaged, or has fewer than 2048 bits",
        ),
        (
            small,
            "holds a private key that is damaged, or has fewer than 2048 bits",
        ),
        (
            ec,
            "holds a private key that is no RSA key, and Entra takes no other",
        ),
        (
            with("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"),
            "that is no RSA key",
        ),
        (
            with(fixture!("traditional.key.pem")),
            "encrypted in an old form; rewrite it with: openssl pkcs8 -topk8 -v2 aes256",
        ),
        (
            with(fixture!("pbes1.key.pem")),
            "whose encryption linktrail does not read; rewrite it with: openssl pkcs8 -topk8 -v2 aes256",
        ),
        // More work than a key is worth.
        (
            with(fixture!("heavy.key.pem")),
            "whose encryption linktrail does not read",
        ),
    ] {
        let text = error(&file, Some(PASSWORD));
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
fn a_certificate_is_good_in_its_time_alone() {
    let file = format!("{}{CERTIFICATE}", fixture!("rsa.key.pem"));
    let read = |now| ClientCertificate::read_at(file.as_bytes(), None, now).unwrap_err();
    let expires = read_expiry(&file);
    let text = read(expires + TimeDelta::seconds(1));
    let day = expires.format("%Y-%m-%d %H:%M UTC");
    assert!(
        text.starts_with(&format!(
            "holds a certificate that expired on {day}; make a new one, and upload it"
        )),
        "{text}"
    );
    let text = read(at("2026-01-01T00:00:00Z"));
    assert!(
        text.contains("check the clock of this machine, which says 2026-01-01 00:00 UTC"),
        "{text}"
    );
}

fn read_expiry(file: &str) -> DateTime<Utc> {
    let now = at("2030-01-01T00:00:00Z");
    let certificate = ClientCertificate::read_at(file.as_bytes(), None, now).unwrap();
    certificate.expires
}

#[test]
fn an_assertion_is_for_one_service_and_good_for_minutes() {
    let file = format!("{}{CERTIFICATE}", fixture!("rsa.key.pem"));
    let certificate = read(&file, None).unwrap();
    let now = at("2030-01-01T00:00:00Z");
    let part = |assertion: &str, n: usize| -> Value {
        let part = assertion.split('.').nth(n).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let one = certificate.assertion("client", "https://a/t", now).unwrap();
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": THUMBPRINT});
    assert_eq!(part(&one, 0), header);
    let claims = part(&one, 1);
    assert_eq!(
        (&claims["aud"], &claims["iss"], &claims["sub"]),
        (&json!("https://a/t"), &json!("client"), &json!("client"))
    );
    let seconds = |name: &str| claims[name].as_i64().unwrap() - now.timestamp();
    assert_eq!(
        (seconds("nbf"), seconds("iat"), seconds("exp")),
        (0, 0, 300)
    );
    let other = certificate.assertion("client", "https://a/t", now).unwrap();
    assert_ne!(part(&other, 1)["jti"], claims["jti"]);
    let shown = format!("{certificate:?}");
    assert!(shown.contains(THUMBPRINT) && shown.len() < 150, "{shown}");
}
