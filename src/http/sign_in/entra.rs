//! One exchange with the token service of Entra, and what its answers mean.

use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use super::advice::{Asking, advice, passes};
use super::method::Kind;
use crate::http::describe::describe;
use crate::http::retry::retry_after;
use crate::terminal::clean;

/// The time limit for one request.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest text of Entra's that is shown, in characters.
const LONGEST: usize = 300;
/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;
/// The longest lifetime of a token that is believed. Those of managed identities live for a day.
const LONGEST_LIFETIME: TimeDelta = TimeDelta::days(7);

/// A token, and when it expires.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) secret: SecretString,
    pub(super) expires: DateTime<Utc>,
}

/// Why no token was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The service did not answer, or is in trouble itself; it may ask for a pause.
    Away {
        why: String,
        asked: Option<Duration>,
    },
    /// The service refuses to, and would do so again.
    Refused(Refusal),
}

/// A refusal of the token service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What to do, with Entra's words.
    pub(super) why: String,
    /// The word for it, such as `invalid_grant`; empty when there is none.
    pub(super) error: String,
    /// The AADSTS codes.
    pub(super) codes: Vec<u32>,
}

impl Trouble {
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(Refusal {
            why: why.into(),
            ..Refusal::default()
        })
    }

    pub(super) fn away(why: impl Into<String>) -> Self {
        Self::Away {
            why: why.into(),
            asked: None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { why, .. } => f.write_str(why),
            Self::Refused(refusal) => f.write_str(&refusal.why),
        }
    }
}

/// An answer of a token service.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Sends a request once.
pub(super) async fn exchange(request: reqwest::RequestBuilder) -> Result<Reply, Trouble> {
    let broken = |error: reqwest::Error| Trouble::away(describe(&error.without_url()));
    let mut response = request.timeout(TIMEOUT).send().await.map_err(broken)?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(Trouble::away(format!(
                "the answer is longer than {LONGEST_ANSWER} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply {
        status,
        headers,
        body,
    })
}

impl Reply {
    /// The same answer without these secrets, should the service have repeated what it was sent in an error: as they are,
    /// or percent-encoded as in a form. It takes place before anything is shortened, which could leave a part of them.
    pub(super) fn hiding(mut self, secrets: &[&str]) -> Self {
        if self.status != 200 {
            let mut forms: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
            // A form that is a part of another one would leave the rest of that.
            forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
            self.body = match serde_json::from_slice::<Value>(&self.body) {
                Ok(mut body) => {
                    hide(&mut body, &forms);
                    body.to_string().into_bytes()
                }
                Err(_) => without(&String::from_utf8_lossy(&self.body), &forms).into_bytes(),
            };
        }
        self
    }

    /// The pause that the service asks for.
    pub(super) fn asked(&self) -> Option<Duration> {
        let asked = self.headers.get("retry-after")?.to_str().ok()?;
        retry_after(asked, SystemTime::now())
    }

    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What the answer of Entra means; `None` when it is no error.
    pub(super) fn trouble(&self, asking: Asking<'_>) -> Option<Trouble> {
        let body = self.json();
        let text = |key: &str| body[key].as_str().unwrap_or_default();
        let status = self.status;
        let words = words(text("error_description"));
        match status {
            200 if body.is_object() => return None,
            // A page of a proxy, which may be gone soon.
            200 => {
                return Some(Trouble::Away {
                    why: "the answer is no JSON, as a proxy or a sign-in page sends it".to_owned(),
                    asked: self.asked(),
                });
            }
            _ => {}
        }
        let codes = codes(&body);
        if matches!(status, 408 | 429 | 500..=599) || passes(&codes) {
            let why = match words.is_empty() {
                true => format!("status {status}"),
                false => format!("status {status}: {words}"),
            };
            let asked = self.asked();
            return Some(Trouble::Away { why, asked });
        }
        let error = self::words(text("error"));
        tracing::debug!(
            status,
            error,
            trace = self::words(text("trace_id")),
            correlation = self::words(text("correlation_id")),
            "Entra issues no token"
        );
        let why = match (words.is_empty(), error.is_empty()) {
            (true, true) => {
                format!("status {status}: no reason given; is [endpoints] login right?")
            }
            (true, false) => format!("status {status}: {error}"),
            _ => with_advice(&words, &codes, asking, text("timestamp")),
        };
        Some(Trouble::Refused(Refusal { why, error, codes }))
    }

    /// The token of an answer without an error.
    pub(super) fn token(&self) -> Result<Issued, Trouble> {
        issued(&self.json(), Utc::now()).map_err(Trouble::away)
    }
}

/// A secret as it is, and in the ways in which a form or an address has it.
fn forms(secret: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let address = form.replace('+', "%20");
    let lower = [&form, &address].map(|form| lower_hex(form));
    let [form_lower, address_lower] = lower;
    let all = [secret.to_owned(), form, address, form_lower, address_lower];
    all.into_iter().filter(|form| !form.is_empty()).collect()
}

/// A percent-encoded text with the digits `a` to `f` as small letters.
fn lower_hex(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(part.len().min(2));
        lower.push('%');
        lower.push_str(&digits.to_lowercase());
        lower.push_str(rest);
    }
    lower
}

fn without(text: &str, secrets: &[String]) -> String {
    secrets
        .iter()
        .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

/// Hides the secrets in every text of an answer, where they stand without the escapes of JSON.
fn hide(value: &mut Value, secrets: &[String]) {
    match value {
        Value::String(text) => *text = without(text, secrets),
        Value::Array(values) => values.iter_mut().for_each(|value| hide(value, secrets)),
        Value::Object(values) => values.values_mut().for_each(|value| hide(value, secrets)),
        _ => {}
    }
}

/// The token in the answer of Entra, of instance metadata or of App Service, which write numbers as texts. The error
/// says what is wrong with the answer and holds nothing of it.
pub(super) fn issued(body: &Value, now: DateTime<Utc>) -> Result<Issued, String> {
    let secret = body["access_token"].as_str().unwrap_or_default();
    let lifetime = number(&body["expires_in"]).and_then(TimeDelta::try_seconds);
    let expires = expiry(&body["expires_on"]).or_else(|| now.checked_add_signed(lifetime?));
    checked(secret, expires, now)
}

/// A token that can be used, with an expiry that is believed. `expires` is `None` where the answer does not say it. The
/// error holds nothing of the answer.
pub(super) fn checked(
    secret: &str,
    expires: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Issued, String> {
    // A token goes into a header.
    if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the answer holds no token".to_owned());
    }
    let expires = expires.ok_or("the answer does not say when the token expires")?;
    if expires <= now {
        return Err(
            "the token in the answer has expired; check the clock of this machine".to_owned(),
        );
    }
    Ok(Issued {
        secret: secret.to_owned().into(),
        expires: expires.min(now + LONGEST_LIFETIME),
    })
}

/// A whole number, which may be written as a text.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    }
}

/// A time in seconds since 1970, or in one of the forms that App Service once had.
fn expiry(value: &Value) -> Option<DateTime<Utc>> {
    if let Some(seconds) = number(value) {
        return DateTime::from_timestamp(seconds, 0);
    }
    let text = value.as_str()?.trim();
    ["%m/%d/%Y %H:%M:%S %z", "%m/%d/%Y %I:%M:%S %p %z"]
        .iter()
        .find_map(|form| DateTime::parse_from_str(text, form).ok())
        .map(|time| time.to_utc())
}

/// The AADSTS codes of an error, or else the one that its text begins with.
fn codes(body: &Value) -> Vec<u32> {
    let listed = body["error_codes"].as_array().into_iter().flatten();
    let mut codes: Vec<u32> = listed
        .filter_map(|code| u32::try_from(number(code)?).ok())
        .take(10)
        .collect();
    if codes.is_empty() {
        codes.extend(code_in(
            body["error_description"].as_str().unwrap_or_default(),
        ));
    }
    codes
}

/// The first AADSTS code in a text.
pub(super) fn code_in(text: &str) -> Option<u32> {
    let (_, after) = text.split_once("AADSTS")?;
    let end = after.find(|c: char| !c.is_ascii_digit());
    after[..end.unwrap_or(after.len())].parse().ok()
}

/// A text of Entra's for people: one line without control characters and without anything like a token, up to the trace
/// ids, shortened.
pub(super) fn words(text: &str) -> String {
    let end = ["Trace ID:", "Correlation ID:", "Timestamp:"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    let text = clean(&text[..end.unwrap_or(text.len())]).into_owned();
    let line: Vec<String> = text.split_whitespace().map(without_token).collect();
    let line = line.join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((at, _)) => format!("{}…", &line[..at]),
    }
}

/// A word, with a JWT in it hidden. Every JWT begins with the base64 of `{"`.
fn without_token(word: &str) -> String {
    match word.split_once("eyJ") {
        Some((before, after)) => {
            let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            format!("{before}***{}", after.trim_start_matches(is_of_token))
        }
        None => word.to_owned(),
    }
}

/// What to say when the tenant that was signed in to is not the wanted one; `None` when it is, or when they cannot be
/// compared, since one of them is no id.
pub(super) fn other_tenant(by: Kind, found: &str, wanted: &str) -> Option<String> {
    let [is, should_be] = [found, wanted].map(|tenant| Uuid::try_parse(tenant).ok());
    if is? == should_be? {
        return None;
    }
    let advice = match by {
        Kind::AzureCli => format!("run: az login --tenant {wanted}"),
        _ => "check [tenant] id, or choose an identity of that tenant under [auth]".to_owned(),
    };
    Some(format!(
        "it is signed in to the tenant {}, and [tenant] id is {wanted}; {advice}",
        words(found)
    ))
}

/// Entra's words with what to do about them, for errors that have a known cause.
fn with_advice(words: &str, codes: &[u32], asking: Asking<'_>, timestamp: &str) -> String {
    /// Codes that a wrong clock explains.
    const OF_TIME: &[u32] = &[700_024, 500_133, 50013];
    let advice = codes.iter().find_map(|code| advice(*code, asking));
    let clocks = match codes.iter().any(|code| OF_TIME.contains(code)) {
        true => format!(
            "; this machine says {}, and Entra {}",
            Utc::now().format("%Y-%m-%d %H:%M:%SZ"),
            self::words(timestamp)
        ),
        false => String::new(),
    };
    match advice {
        Some(advice) => format!("{advice}{clocks} ({words})"),
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Audience;

    const ASKING: Asking<'static> = Asking {
        by: Kind::ClientSecret,
        audience: Audience::Graph,
        tenant: "t",
        scope: "s",
    };

    fn trouble(status: u16, retry_after: Option<&str>, body: &str) -> Option<Trouble> {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert("retry-after", value.parse().unwrap());
        }
        let body = body.as_bytes().to_vec();
        Reply {
            status,
            headers,
            body,
        }
        .trouble(ASKING)
    }

    fn refused(status: u16, body: &str) -> String {
        match trouble(status, None, body) {
            Some(Trouble::Refused(refusal)) => refusal.why,
            other => panic!("{other:?}"),
        }
    }

    fn description(text: &str) -> String {
        serde_json::json!({"error": "x", "error_description": text}).to_string()
    }

    #[test]
    fn a_refusal_has_entras_code_and_words_and_what_to_do() {
        let text = "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2";
        assert_eq!(
            refused(401, &description(text)),
            "the client secret is wrong; check LINKTRAIL_CLIENT_SECRET (the secret's value, not its id) (AADSTS7000215: Invalid client secret provided.)"
        );
        let text = "AADSTS70002159: Something\r\n\u{1b}[31m else.\r\nTrace ID: 1";
        assert_eq!(
            refused(400, &description(text)),
            "AADSTS70002159: Something [31m else."
        );
        // The list of codes counts more than the text.
        let listed = serde_json::json!({
            "error": "x", "error_description": "Something else.", "error_codes": [700_016],
        });
        assert!(refused(400, &listed.to_string()).starts_with("there is no such application"));
        assert_eq!(refused(400, "{\"error\":\"bad\"}"), "status 400: bad");
        assert!(refused(404, "<html>").contains("[endpoints] login"));
        let long = refused(400, &description(&"é".repeat(5000)));
        assert_eq!(long.chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_wrong_clock_is_shown_beside_that_of_entra() {
        let body = serde_json::json!({
            "error": "invalid_client",
            "error_description": "AADSTS700024: Client assertion is not within its valid time range.",
            "error_codes": [700_024], "timestamp": "2026-07-23 10:00:00Z",
        });
        let text = refused(401, &body.to_string());
        assert!(text.contains("this machine says 20"), "{text}");
        assert!(text.contains("and Entra 2026-07-23 10:00:00Z"), "{text}");
    }

    #[test]
    fn nothing_like_a_token_is_repeated() {
        let jwt = "eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl";
        let text = refused(
            400,
            &description(&format!("bad assertion '{jwt}' and s3cret!")),
        );
        assert_eq!(text, "bad assertion '***' and s3cret!");
    }

    #[test]
    fn a_secret_that_is_repeated_is_hidden_in_what_is_repeated_alone() {
        let secret = "wrong";
        let text = "AADSTS7000215: Invalid client secret 'wrong' provided.";
        let reply = |status, body: String| Reply {
            status,
            headers: HeaderMap::new(),
            body: body.into_bytes(),
        };
        let trouble = reply(401, description(text))
            .hiding(&[secret, ""])
            .trouble(ASKING);
        assert_eq!(
            trouble.unwrap().to_string(),
            "the client secret is wrong; check LINKTRAIL_CLIENT_SECRET (the secret's value, not its id) (AADSTS7000215: Invalid client secret '***' provided.)"
        );
        // A token is taken as it is.
        let body = serde_json::json!({"access_token": "wrong", "expires_in": 60});
        let issued = reply(200, body.to_string())
            .hiding(&[secret])
            .token()
            .unwrap();
        assert_eq!(
            secrecy::ExposeSecret::expose_secret(&issued.secret),
            "wrong"
        );
    }

    #[test]
    fn a_secret_is_hidden_in_every_form_and_where_the_text_is_cut() {
        let secret = "p q/\"é+";
        let sent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let upper = sent.replace('+', "%20");
        let lower = "p%20q%2f%22%c3%a9%2b";
        let fill = "x".repeat(LONGEST - 3);
        for form in [secret, sent.as_str(), upper.as_str(), lower] {
            let body = description(&format!("'{form}' {fill}"));
            let cut = description(&format!("{fill} {form}"));
            let page = format!("<p>{form}</p>");
            for (body, is_json) in [(body, true), (cut, true), (page, false)] {
                let reply = Reply {
                    status: 400,
                    headers: HeaderMap::new(),
                    body: body.into_bytes(),
                };
                let hidden = reply.hiding(&[secret]);
                let text = String::from_utf8(hidden.body.clone()).unwrap();
                assert!(text.contains("***") && !text.contains("%2"), "{text}");
                let shown = hidden.trouble(ASKING).unwrap().to_string();
                assert!(!shown.contains('q'), "{form}: {shown}");
                assert_eq!(shown.contains('*'), is_json, "{shown}");
            }
        }
    }

    #[test]
    fn trouble_of_its_own_is_waited_for() {
        let asked = Some(Duration::from_secs(7));
        for (status, why) in [
            (503, "status 503"),
            (429, "status 429"),
            (500, "status 500"),
        ] {
            let why = why.to_owned();
            let wanted = Trouble::Away { why, asked };
            assert_eq!(trouble(status, Some("7"), ""), Some(wanted));
        }
        let passing = description("AADSTS90033: A transient error has occurred.");
        for (status, body) in [(200, "<html>"), (400, passing.as_str())] {
            let found = trouble(status, None, body);
            assert!(matches!(found, Some(Trouble::Away { .. })), "{found:?}");
        }
        assert_eq!(trouble(200, None, "{\"access_token\":\"x\"}"), None);
    }

    #[test]
    fn a_token_says_when_it_expires_in_numbers_and_texts() {
        let now = DateTime::from_timestamp(1_784_800_000, 0).unwrap();
        let expires = |times: Value| {
            let mut body = times;
            body["access_token"] = "t".into();
            issued(&body, now).map(|token| token.expires.timestamp())
        };
        for (times, wanted) in [
            (serde_json::json!({"expires_in": 60}), 1_784_800_060),
            (serde_json::json!({"expires_in": "60"}), 1_784_800_060),
            (
                serde_json::json!({"expires_in": "9", "expires_on": "1784800100"}),
                1_784_800_100,
            ),
            (
                serde_json::json!({"expires_on": 1_784_800_100}),
                1_784_800_100,
            ),
            (
                serde_json::json!({"expires_on": "07/23/2026 12:00:00 +00:00"}),
                1_784_808_000,
            ),
            (
                serde_json::json!({"expires_on": "7/23/2026 12:00:00 PM +00:00"}),
                1_784_808_000,
            ),
            (
                serde_json::json!({"expires_in": 1_000_000_000}),
                1_785_404_800,
            ),
        ] {
            assert_eq!(expires(times.clone()), Ok(wanted), "{times}");
        }
        for times in [
            serde_json::json!({}),
            serde_json::json!({"expires_on": "soon"}),
            serde_json::json!({"expires_in": 0}),
            serde_json::json!({"expires_in": i64::MAX}),
            serde_json::json!({"expires_on": "1"}),
        ] {
            assert!(expires(times.clone()).is_err(), "{times}");
        }
        for token in ["", "a b", "a\nb", "é"] {
            let body = serde_json::json!({"access_token": token, "expires_in": 60});
            assert!(issued(&body, now).is_err(), "{token:?}");
        }
    }
}
