//! Sign-in of an application by azure_identity: with its secret, with a certificate, or with the token of another
//! identity provider. The assertions of the latter two are made here.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::error::{Error as AzureError, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientMethodOptions, ClientOptions, HttpClient,
    Request as AzureRequest, RetryOptions, Transport,
};
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions,
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::advice::Asking;
use super::certificate::ClientCertificate;
use super::entra::{self, Issued, Trouble};
use super::method::SignIn;

/// The longest federated token that is sent, in bytes.
const LONGEST_TOKEN: u64 = 64 * 1024;

/// What an application shows for itself.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    Secret(SecretString),
    Certificate(ClientCertificate),
    TokenFile(PathBuf),
}

/// Asks Entra once for a token for the application `client_id`.
pub(super) async fn token(
    sign_in: &SignIn,
    client_id: &str,
    proof: &Proof,
    asking: Asking<'_>,
    http: &reqwest::Client,
    sent: &Arc<AtomicU64>,
) -> Result<Issued, Trouble> {
    let client = Arc::new(EntraClient {
        http: http.clone(),
        login: sign_in.login.clone(),
        sent: Arc::clone(sent),
        reply: Mutex::default(),
    });
    let options = options(sign_in, Arc::clone(&client));
    let (tenant, client_id) = (sign_in.tenant.clone(), client_id.to_owned());
    let (secret, issued) = match proof {
        Proof::Secret(secret) => {
            let given = Secret::new(secret.expose_secret().to_owned());
            let options = ClientSecretCredentialOptions {
                client_options: options,
            };
            let credential = ClientSecretCredential::new(&tenant, client_id, given, Some(options));
            let issued = match credential {
                Ok(credential) => credential.get_token(&[asking.scope], None).await,
                Err(error) => Err(error),
            };
            (secret.clone(), issued)
        }
        Proof::Certificate(_) | Proof::TokenFile(_) => {
            let assertion = match proof {
                Proof::Certificate(certificate) => {
                    let audience = format!("{}/{tenant}/oauth2/v2.0/token", sign_in.authority);
                    let signed = certificate.assertion(&client_id, &audience, Utc::now());
                    signed.ok_or_else(|| Trouble::refused("the assertion cannot be signed"))?
                }
                Proof::TokenFile(path) => federated_token(path).await?,
                Proof::Secret(_) => String::new(),
            };
            let secret = SecretString::from(assertion);
            let options = ClientAssertionCredentialOptions {
                client_options: options,
            };
            let given = Assertion(secret.clone());
            let credential =
                ClientAssertionCredential::new(tenant, client_id, given, Some(options));
            let issued = match credential {
                Ok(credential) => credential.get_token(&[asking.scope], None).await,
                Err(error) => Err(error),
            };
            (secret, issued)
        }
    };
    let trouble = match (client.reply(), issued) {
        (_, Ok(token)) => return issued_by(&token),
        (Some(Ok(reply)), Err(error)) => {
            let reply = reply.hiding(&[secret.expose_secret()]);
            reply.trouble(asking).unwrap_or_else(|| not_read(&error))
        }
        (Some(Err(trouble)), Err(_)) => trouble,
        (None, Err(error)) => not_sent(&error),
    };
    Err(trouble)
}

fn issued_by(token: &AccessToken) -> Result<Issued, Trouble> {
    let expires = DateTime::from_timestamp(token.expires_on.unix_timestamp(), 0);
    match expires {
        Some(expires) => Ok(Issued {
            secret: token.token.secret().to_owned().into(),
            expires,
        }),
        None => Err(Trouble::away(
            "the answer does not say when the token expires",
        )),
    }
}

fn options(sign_in: &SignIn, client: Arc<EntraClient>) -> ClientOptions {
    let mut cloud = CustomConfiguration::default();
    // azure_identity insists on https; the configuration decides, and allows http on loopback.
    cloud.authority_host = sign_in.login.as_str().replacen("http://", "https://", 1);
    ClientOptions {
        cloud: Some(Arc::new(cloud.into())),
        transport: Some(Transport::new(client)),
        // It is asked again elsewhere, with bounds that hold for all who wait.
        retry: RetryOptions::none(),
        ..ClientOptions::default()
    }
}

/// The token in the file that `AZURE_FEDERATED_TOKEN_FILE` names.
async fn federated_token(path: &std::path::Path) -> Result<String, Trouble> {
    let name = path.display();
    let wrong = |what: String| {
        Trouble::refused(format!(
            "AZURE_FEDERATED_TOKEN_FILE names {}, {what}",
            crate::terminal::clean(&name.to_string())
        ))
    };
    let unreadable = |error: std::io::Error| wrong(format!("which cannot be read: {error}"));
    let length = tokio::fs::metadata(path).await.map_err(unreadable)?.len();
    if length > LONGEST_TOKEN {
        return Err(wrong("which is too long for a token".to_owned()));
    }
    let text = tokio::fs::read_to_string(path).await.map_err(unreadable)?;
    let token = text.trim();
    match token {
        "" => Err(wrong(
            "which is empty; check what writes the token into it".to_owned(),
        )),
        token if token.contains(|c: char| !c.is_ascii_graphic()) => {
            Err(wrong("which holds something else than a token".to_owned()))
        }
        token => Ok(token.to_owned()),
    }
}

/// What an error of azure_identity means that came about without an answer of Entra.
fn not_sent(error: &AzureError) -> Trouble {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    Trouble::refused(entra::words(&innermost.to_string()))
}

/// What an answer means that is no error and that azure_identity cannot read. Its own text shows the answer.
fn not_read(_: &AzureError) -> Trouble {
    Trouble::away("the answer holds no token")
}

/// An assertion that was made before.
#[derive(Debug)]
struct Assertion(SecretString);

#[async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose_secret().to_owned())
    }
}

/// Lets azure_identity send one request through linktrail's HTTP client and TLS settings, and keeps what came of it:
/// the errors of azure_identity tell neither status nor pause.
#[derive(Debug)]
struct EntraClient {
    http: reqwest::Client,
    /// The configured address, which has http on loopback where azure_identity sees https.
    login: Url,
    sent: Arc<AtomicU64>,
    reply: Mutex<Option<Result<entra::Reply, Trouble>>>,
}

impl EntraClient {
    /// What came of the last request; `None` when there was none.
    fn reply(&self) -> Option<Result<entra::Reply, Trouble>> {
        let mut reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner);
        reply.take()
    }
}

#[async_trait]
impl HttpClient for EntraClient {
    async fn execute_request(
        &self,
        request: &AzureRequest,
    ) -> azure_core::Result<AsyncRawResponse> {
        let method = reqwest::Method::from_bytes(request.method().as_ref().as_bytes())
            .map_err(|error| AzureError::new(ErrorKind::DataConversion, error))?;
        let mut url = self.login.clone();
        url.set_path(request.url().path());
        let mut outgoing = self.http.request(method, url);
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        if let Body::Bytes(bytes) = request.body() {
            outgoing = outgoing.body(bytes.clone());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let reply = entra::exchange(outgoing).await;
        let answer = match &reply {
            Ok(reply) => {
                let mut headers = Headers::new();
                for (name, value) in &reply.headers {
                    if let Ok(value) = value.to_str() {
                        headers.insert(name.as_str().to_owned(), value.to_owned());
                    }
                }
                let body = reply.body.clone();
                Ok(AsyncRawResponse::from_bytes(
                    reply.status.into(),
                    headers,
                    body,
                ))
            }
            Err(trouble) => Err(AzureError::new(ErrorKind::Io, trouble.to_string())),
        };
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
        answer
    }
}
