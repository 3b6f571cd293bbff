//! The requests that azure_identity sends to Entra, and what Entra's errors mean.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::{Error as AzureError, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request as AzureRequest};
use serde::Deserialize;

use super::describe::describe;
use super::retry::retry_after;

/// The time limit for one request.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest text of Entra's that is shown, in characters.
const LONGEST: usize = 300;

/// Why Entra issued no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It did not answer, or is in trouble itself; it may ask for a pause.
    Away {
        why: String,
        asked: Option<Duration>,
    },
    /// It refuses to, and would do so again.
    Refused(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { why, .. } => f.write_str(why),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

/// Lets azure_identity send one request through linktrail's HTTP client and TLS settings, and keeps what came of it:
/// the errors of azure_identity tell neither status nor pause.
#[derive(Debug)]
pub(super) struct EntraClient {
    http: reqwest::Client,
    sent: Arc<AtomicU64>,
    trouble: Mutex<Option<Trouble>>,
}

impl EntraClient {
    /// A client that counts its requests in `sent`.
    pub(super) fn new(http: reqwest::Client, sent: Arc<AtomicU64>) -> Self {
        Self {
            http,
            sent,
            trouble: Mutex::default(),
        }
    }

    /// What the last request failed with; `None` when Entra issued a token.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone()
    }

    fn set(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

#[async_trait]
impl HttpClient for EntraClient {
    async fn execute_request(
        &self,
        request: &AzureRequest,
    ) -> azure_core::Result<AsyncRawResponse> {
        let broken = |error: reqwest::Error| {
            let why = describe(&error);
            self.set(Some(Trouble::Away {
                why: why.clone(),
                asked: None,
            }));
            AzureError::new(ErrorKind::Io, why)
        };
        let method = reqwest::Method::from_bytes(request.method().as_ref().as_bytes())
            .map_err(|error| AzureError::new(ErrorKind::DataConversion, error))?;
        #[cfg_attr(not(test), expect(unused_mut, reason = "tests change it"))]
        let mut url = request.url().clone();
        // azure_identity insists on https, which the services of unit tests do not speak.
        #[cfg(test)]
        url.set_scheme("http")
            .map_err(|()| AzureError::new(ErrorKind::Other, "no url"))?;
        let mut outgoing = self.http.request(method, url).timeout(TIMEOUT);
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        if let Body::Bytes(bytes) = request.body() {
            outgoing = outgoing.body(bytes.clone());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let response = outgoing.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let mut headers = Headers::new();
        for (name, value) in response.headers() {
            if let Ok(value) = value.to_str() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        let asked = response.headers().get("retry-after");
        let asked = asked
            .and_then(|value| value.to_str().ok())
            .and_then(|text| retry_after(text, std::time::SystemTime::now()));
        let body = response.bytes().await.map_err(broken)?;
        self.set(read(status, asked, &body));
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
    }
}

/// The body of an error of Entra.
#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// What an answer of Entra means; `None` when it holds a token.
fn read(status: u16, asked: Option<Duration>, body: &[u8]) -> Option<Trouble> {
    let error: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let words = words(&error.error_description);
    match status {
        200 if serde_json::from_slice::<serde_json::Value>(body).is_ok() => None,
        // A page of a proxy, which may be gone soon.
        200 => Some(Trouble::Away {
            why: "the answer is no JSON, as a proxy or a sign-in page sends it".to_owned(),
            asked,
        }),
        408 | 429 | 500..=599 => Some(Trouble::Away {
            why: match words.is_empty() {
                true => format!("status {status}"),
                false => format!("status {status}: {words}"),
            },
            asked,
        }),
        _ if words.is_empty() => {
            let code = self::words(&error.error);
            let what = if code.is_empty() {
                "no reason given; is [endpoints] login right?"
            } else {
                &code
            };
            Some(Trouble::Refused(format!("status {status}: {what}")))
        }
        _ => Some(Trouble::Refused(with_advice(&words))),
    }
}

/// What an error of azure_identity means that came about without an answer of Entra.
pub(super) fn trouble(error: &AzureError) -> Trouble {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    Trouble::Refused(words(&innermost.to_string()))
}

/// A text of Entra's for people: one line without control characters, up to the trace ids, shortened.
fn words(text: &str) -> String {
    let end = ["Trace ID:", "Correlation ID:", "Timestamp:"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    let text = crate::terminal::clean(&text[..end.unwrap_or(text.len())]).into_owned();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((at, _)) => format!("{}…", &line[..at]),
    }
}

/// Entra's words with what to do about them, for errors that have a known cause.
fn with_advice(words: &str) -> String {
    const ADVICE: [(&str, &str); 8] = [
        (
            "AADSTS7000215",
            "the client secret is wrong; check LINKTRAIL_CLIENT_SECRET (the secret's value, not its id)",
        ),
        (
            "AADSTS7000222",
            "the client secret has expired; make a new one in the app registration",
        ),
        (
            "AADSTS700016",
            "there is no such application in the tenant; check [auth] client_id and [tenant] id",
        ),
        (
            "AADSTS90002",
            "there is no such tenant; check [tenant] id and cloud",
        ),
        ("AADSTS900023", "that is no tenant id; check [tenant] id"),
        (
            "AADSTS500011",
            "the tenant has no such service; check [tenant] cloud",
        ),
        (
            "AADSTS7000112",
            "the application is disabled in the tenant; enable it under Enterprise applications",
        ),
        (
            "AADSTS53003",
            "conditional access forbids it; ask for an exception for the application",
        ),
    ];
    let is_code = |code: &str| {
        let after = words.split_once(code).map(|(_, after)| after);
        after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
    };
    match ADVICE.iter().find(|(code, _)| is_code(code)) {
        Some((_, advice)) => format!("{advice} ({words})"),
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> String {
        match read(status, None, body.as_bytes()) {
            Some(Trouble::Refused(why)) => why,
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
        assert_eq!(refused(400, "{\"error\":\"bad\"}"), "status 400: bad");
        assert!(refused(404, "<html>").contains("[endpoints] login"));
        let long = refused(400, &description(&"é".repeat(5000)));
        assert_eq!(long.chars().count(), LONGEST + 1);
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
            assert_eq!(read(status, asked, b""), Some(Trouble::Away { why, asked }));
        }
        assert!(matches!(
            read(200, None, b"<html>"),
            Some(Trouble::Away { .. })
        ));
        assert_eq!(read(200, None, b"{\"access_token\":\"x\"}"), None);
    }
}
