//! Sign-in to Entra by azure_identity, with the TLS settings of all other requests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::error::{Error as AzureError, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, HttpClient, Request as AzureRequest, Transport,
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::describe::describe;
use crate::journal::Audience;

/// Credentials and addresses for signing in to Entra.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The tenant id.
    pub tenant: String,
    /// The application (client) id.
    pub client_id: String,
    /// The client secret of the application.
    pub client_secret: SecretString,
    /// The address of the token service.
    pub login: Url,
    /// The audience of tokens for Microsoft Graph. It depends on the cloud, and not on `[endpoints]`.
    pub graph_audience: &'static str,
    /// The audience of tokens for Log Analytics.
    pub log_analytics_audience: &'static str,
}

/// Why there is no token. Each text says what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[error("sign-in to Entra failed: {0}")]
pub struct SignInError(String);

/// The tokens for the services of a tenant. azure_identity caches them and renews them before they expire.
#[derive(Debug)]
pub struct Tokens {
    sign_in: SignIn,
    transport: Arc<LoginClient>,
    credentials: Mutex<HashMap<Audience, Arc<ClientSecretCredential>>>,
}

impl Tokens {
    /// Prepares the sign-in. It takes place with the first request that needs a token.
    pub fn new(sign_in: SignIn, http: reqwest::Client) -> Self {
        let transport = Arc::new(LoginClient {
            http,
            sent: AtomicU64::new(0),
        });
        Self {
            sign_in,
            transport,
            credentials: Mutex::default(),
        }
    }

    /// A token for this audience.
    ///
    /// # Errors
    /// When Entra refuses it or cannot be reached.
    pub async fn get(&self, audience: Audience) -> Result<SecretString, SignInError> {
        let resource = match audience {
            Audience::Graph => self.sign_in.graph_audience,
            Audience::LogAnalytics => self.sign_in.log_analytics_audience,
        };
        let credential = self.credential(audience)?;
        let scope = format!("{resource}/.default");
        let token = credential
            .get_token(&[&scope], None)
            .await
            .map_err(|error| SignInError(explain(&error)))?;
        Ok(token.token.secret().to_owned().into())
    }

    /// Discards the token for this audience, after the service refused it.
    pub fn forget(&self, audience: Audience) {
        self.credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&audience);
    }

    /// The number of requests sent to Entra so far, retries included.
    pub fn sent(&self) -> u64 {
        self.transport.sent.load(Ordering::Relaxed)
    }

    fn credential(&self, audience: Audience) -> Result<Arc<ClientSecretCredential>, SignInError> {
        let mut credentials = self
            .credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(credential) = credentials.get(&audience) {
            return Ok(Arc::clone(credential));
        }
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.sign_in.login.to_string();
        let client_options = ClientOptions {
            cloud: Some(Arc::new(cloud.into())),
            transport: Some(Transport::new(
                Arc::clone(&self.transport) as Arc<dyn HttpClient>
            )),
            ..ClientOptions::default()
        };
        let credential = ClientSecretCredential::new(
            &self.sign_in.tenant,
            self.sign_in.client_id.clone(),
            Secret::new(self.sign_in.client_secret.expose_secret().to_owned()),
            Some(ClientSecretCredentialOptions { client_options }),
        )
        .map_err(|error| SignInError(explain(&error)))?;
        credentials.insert(audience, Arc::clone(&credential));
        Ok(credential)
    }
}

/// Explains the error codes of azure_identity that have a known cause. Of other errors only the first line is kept,
/// since the rest is trace ids, correlation ids and times.
fn explain(error: &AzureError) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        texts.push(inner.to_string());
        source = inner.source();
    }
    let all = texts.join(": ");
    let advice = [
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
            "AADSTS53003",
            "conditional access forbids it; ask for an exception for the application",
        ),
    ];
    match advice.iter().find(|(code, _)| all.contains(code)) {
        Some((code, text)) => format!("{text} ({code})"),
        None => {
            let text = texts
                .iter()
                .find(|text| text.contains("AADSTS"))
                .unwrap_or(&all);
            text.lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(300)
                .collect()
        }
    }
}

/// Lets azure_identity send its requests through linktrail's HTTP client and TLS settings.
#[derive(Debug)]
struct LoginClient {
    http: reqwest::Client,
    sent: AtomicU64,
}

#[async_trait]
impl HttpClient for LoginClient {
    async fn execute_request(
        &self,
        request: &AzureRequest,
    ) -> azure_core::Result<AsyncRawResponse> {
        let broken = |error: reqwest::Error| AzureError::new(ErrorKind::Io, describe(&error));
        let method = reqwest::Method::from_bytes(request.method().as_ref().as_bytes())
            .map_err(|error| AzureError::new(ErrorKind::DataConversion, error))?;
        let mut outgoing = self
            .http
            .request(method, request.url().clone())
            .timeout(std::time::Duration::from_secs(60));
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        if let Body::Bytes(bytes) = request.body() {
            outgoing = outgoing.body(bytes.clone());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let response = outgoing.send().await.map_err(broken)?;
        let status = response.status().as_u16().into();
        let mut headers = Headers::new();
        for (name, value) in response.headers() {
            if let Ok(value) = value.to_str() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        let body = response.bytes().await.map_err(broken)?;
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}
