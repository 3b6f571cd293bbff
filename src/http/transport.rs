//! The network: TLS settings, a single attempt at a request, and the parts of its answer that are kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use reqwest::header::HeaderMap;
use secrecy::ExposeSecret;

use super::describe::describe;
use super::error::TransportError;
use super::sign_in::{SignIn, Token, Tokens};
use super::throttle::Throttle;
use crate::journal::{Answer, Auth, Limit, Method, NoAnswer, Request};

/// The response headers that the journal keeps. All others are dropped.
pub(crate) const KEPT_HEADERS: &[&str] = &[
    "content-type",
    "retry-after",
    "date",
    "request-id",
    "client-request-id",
    "x-ms-ags-diagnostic",
];

/// The HTTP client, the tokens and the rate limits. A replay has none of them.
#[derive(Debug)]
pub struct Network {
    http: reqwest::Client,
    pub(super) tokens: Option<Tokens>,
    pub(super) throttle: Throttle,
}

impl Network {
    /// Sets up the HTTP client.
    ///
    /// # Errors
    /// When the certificates in `ca_file` cannot be read.
    pub fn new(ca_file: Option<&Path>, sign_in: Option<SignIn>) -> Result<Self, TransportError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("linktrail/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            // Redirects are not followed, so that tokens and keys are only sent to the configured addresses.
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(30));
        if let Some(path) = ca_file {
            let wrong = |reason: String| TransportError::Certificates {
                path: path.to_owned(),
                reason,
            };
            let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| wrong(error.to_string()))?;
            if certificates.is_empty() {
                return Err(wrong("holds no certificate in PEM form".to_owned()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder
            .build()
            .map_err(|error| TransportError::Tls(describe(&error)))?;
        let tokens = sign_in.map(|sign_in| Tokens::new(sign_in, http.clone()));
        Ok(Self {
            http,
            tokens,
            throttle: Throttle::default(),
        })
    }

    /// Slows down all requests under these limits, after a service answered that there are too many.
    pub(crate) fn slow_down(&self, limits: &[Limit]) {
        self.throttle.slow_down(limits);
    }

    /// True while a service has asked to wait for long with what is under one of these limits.
    pub(crate) fn is_paused(&self, limits: &[Limit]) -> bool {
        self.throttle.pause_of(limits).is_some()
    }

    /// Builds the request for reqwest, including its credentials.
    pub(super) fn prepare(
        &self,
        request: &Request,
        token: Option<&Token>,
    ) -> reqwest::RequestBuilder {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut outgoing = self.http.request(method, request.url.clone());
        for (name, value) in &request.headers {
            outgoing = outgoing.header(*name, value);
        }
        outgoing = match (&request.auth, token) {
            (Auth::None, _) | (Auth::Entra(_), None) => outgoing,
            (Auth::Entra(_), Some(token)) => outgoing.bearer_auth(token.secret.expose_secret()),
            (Auth::Header(name, key), _) => outgoing.header(*name, key.expose_secret()),
            (Auth::Basic { user, password }, _) => {
                outgoing.basic_auth(user.expose_secret(), Some(password.expose_secret()))
            }
        };
        if let Some(body) = &request.body {
            outgoing = outgoing
                .header("content-type", body.content_type)
                .body(body.text.clone());
        }
        outgoing
    }
}

/// Sends a request once and reads its answer, which may have at most `longest` bytes.
pub(super) async fn exchange(request: reqwest::RequestBuilder, longest: usize) -> Answer {
    receive(request, longest)
        .await
        .unwrap_or_else(|reason| Answer::Nothing(NoAnswer::Failed(reason)))
}

async fn receive(request: reqwest::RequestBuilder, longest: usize) -> Result<Answer, String> {
    let mut response = request.send().await.map_err(|error| describe(&error))?;
    let status = response.status().as_u16();
    let headers = kept_headers(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
        if body.len() + chunk.len() > longest {
            return Err(format!("the answer is longer than {longest} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(Answer::Response {
        status,
        headers,
        body,
    })
}

fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |name: &&str| {
        Some((
            (*name).to_owned(),
            headers.get(*name)?.to_str().ok()?.to_owned(),
        ))
    };
    KEPT_HEADERS.iter().filter_map(text).collect()
}
