//! Sign-in to Entra by azure_identity, with the TLS settings of all other requests.
//!
//! Each audience has its token, which all requests share. One request at a time signs in, and the others wait for it.
//! When Entra refuses an audience, does not answer for too long, or the service does not accept the token, that is
//! remembered: further requests fail at once with the same reason.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, HttpClient, RetryOptions, Transport};
use azure_core::time::OffsetDateTime;
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use super::entra::{self, EntraClient, Trouble};
use super::permissions::Permissions;
use super::words::length;
use crate::journal::Audience;
use crate::model::{Retries, RetryPolicy};

/// How long to wait for Entra when it does not answer.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// A token is renewed this long before it expires.
const RENEWED_BEFORE: Duration = Duration::from_secs(300);
/// How long an attempt to renew a token that is still good is not repeated after it failed.
const AGAIN_AFTER: Duration = Duration::from_secs(20);
/// After the service refused a token, the next one is not replaced for this long: it would be refused too.
const NOT_RENEWED_FOR: Duration = Duration::from_secs(300);

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
    /// How long to wait for Entra when it does not answer; [`PATIENCE`] outside tests.
    pub patience: Duration,
}

/// Why there is no token. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct SignInError {
    why: String,
    /// Entra did not answer, however long it was waited for.
    is_away: bool,
}

impl SignInError {
    fn by_entra(why: &str, is_away: bool) -> Self {
        Self {
            why: format!("sign-in to Entra failed: {why}"),
            is_away,
        }
    }
}

/// A token, and which of the tokens of its audience it is.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) secret: SecretString,
    generation: u64,
}

/// The tokens for the services of a tenant.
#[derive(Debug)]
pub struct Tokens {
    sign_in: SignIn,
    http: reqwest::Client,
    sent: Arc<AtomicU64>,
    waits: AtomicBool,
    audiences: Mutex<HashMap<Audience, Arc<tokio::sync::Mutex<State>>>>,
}

/// What is known of one audience.
#[derive(Debug, Default)]
struct State {
    token: Option<Current>,
    generation: u64,
    /// When to ask for a new token again, after the last attempt failed while the old one is still good.
    again_at: Option<Instant>,
    /// Why there will be no token in this run.
    refused: Option<SignInError>,
}

#[derive(Debug)]
struct Current {
    secret: SecretString,
    expires: OffsetDateTime,
    /// When this token replaced one that the service refused.
    replaced_at: Option<Instant>,
    /// Whether the service has accepted this token.
    is_accepted: bool,
}

impl Current {
    fn is_good_for(&self, time: Duration) -> bool {
        self.expires > OffsetDateTime::now_utc() + time
    }
}

/// What to do about a token that the service refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is a new token; send the request again.
    Renewed,
    /// The service accepts the token for other requests, so the answer is about this one.
    OnlyHere,
    /// The service accepts no token.
    Always(SignInError),
}

impl Tokens {
    /// Prepares the sign-in. It takes place with the first request that needs a token.
    pub fn new(sign_in: SignIn, http: reqwest::Client) -> Self {
        Self {
            sign_in,
            http,
            sent: Arc::default(),
            waits: AtomicBool::new(false),
            audiences: Mutex::default(),
        }
    }

    /// A token for this audience.
    ///
    /// # Errors
    /// When Entra refuses it or cannot be reached, or the service refused the tokens before. It stays so for this run.
    pub(super) async fn get(&self, audience: Audience) -> Result<Token, SignInError> {
        self.get_within(audience, self.sign_in.patience).await
    }

    /// What the token for this audience allows. It is fetched when there is none yet.
    ///
    /// # Errors
    /// Those of [`Tokens::get`].
    pub(super) async fn permissions(&self, audience: Audience) -> Result<Permissions, SignInError> {
        let token = self.get(audience).await?;
        Ok(Permissions::of(token.secret.expose_secret()))
    }

    /// True when there is a token for another audience than this one, for which there is none because of `error`.
    pub(super) async fn is_signed_in_elsewhere(&self, than: Audience, error: &SignInError) -> bool {
        // Entra is waited for once.
        let patience = match error.is_away {
            true => Duration::ZERO,
            false => self.sign_in.patience,
        };
        for audience in [Audience::Graph, Audience::LogAnalytics] {
            if audience != than && self.get_within(audience, patience).await.is_ok() {
                return true;
            }
        }
        false
    }

    async fn get_within(
        &self,
        audience: Audience,
        patience: Duration,
    ) -> Result<Token, SignInError> {
        let state = self.state(audience);
        // Whoever comes while a token is fetched waits here.
        let mut state = state.lock().await;
        if let Some(refused) = &state.refused {
            return Err(refused.clone());
        }
        let is_fresh = |current: &Current| current.is_good_for(RENEWED_BEFORE);
        let is_good = is_good(state.token.as_ref());
        let waits = is_good && state.again_at.is_some_and(|at| at > Instant::now());
        if !state.token.as_ref().is_some_and(is_fresh) && !waits {
            // While the old token is good nobody has to wait.
            let patience = if is_good { Duration::ZERO } else { patience };
            match self.fetch(audience, patience).await {
                Ok((secret, expires)) => {
                    state.generation += 1;
                    state.token = Some(Current {
                        secret,
                        expires,
                        replaced_at: None,
                        is_accepted: false,
                    });
                }
                Err(_) if is_good => state.again_at = Some(Instant::now() + AGAIN_AFTER),
                Err(refused) => {
                    state.refused = Some(refused.clone());
                    return Err(refused);
                }
            }
        }
        match &state.token {
            Some(current) => Ok(Token {
                secret: current.secret.clone(),
                generation: state.generation,
            }),
            None => Err(SignInError::by_entra("there is no token", false)),
        }
    }

    /// The service accepted this token.
    pub(super) async fn accepted(&self, audience: Audience, token: &Token) {
        let state = self.state(audience);
        let mut state = state.lock().await;
        if state.generation == token.generation
            && let Some(current) = &mut state.token
        {
            current.is_accepted = true;
        }
    }

    /// The service refused this token, and said `what`. It is renewed once for all requests that were sent with it.
    pub(super) async fn refused(&self, audience: Audience, token: &Token, what: &str) -> Refused {
        let state = self.state(audience);
        let mut state = state.lock().await;
        if let Some(refused) = &state.refused {
            return Refused::Always(refused.clone());
        }
        if state.generation != token.generation {
            return Refused::Renewed;
        }
        let replaced = state.token.as_ref().and_then(|current| current.replaced_at);
        if replaced.is_some_and(|at| at.elapsed() < NOT_RENEWED_FOR) {
            if state
                .token
                .as_ref()
                .is_some_and(|current| current.is_accepted)
            {
                return Refused::OnlyHere;
            }
            let refused = SignInError {
                why: format!(
                    "{} does not accept the token that Entra issues ({what}); check [tenant] id and cloud, and [endpoints]",
                    title(audience)
                ),
                is_away: false,
            };
            state.refused = Some(refused.clone());
            return Refused::Always(refused);
        }
        match self.fetch(audience, self.sign_in.patience).await {
            Ok((secret, expires)) => {
                state.generation += 1;
                state.token = Some(Current {
                    secret,
                    expires,
                    replaced_at: Some(Instant::now()),
                    is_accepted: false,
                });
                Refused::Renewed
            }
            Err(refused) => {
                state.refused = Some(refused.clone());
                Refused::Always(refused)
            }
        }
    }

    /// The number of requests sent to Entra so far, retries included.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn state(&self, audience: Audience) -> Arc<tokio::sync::Mutex<State>> {
        let mut audiences = self
            .audiences
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(audiences.entry(audience).or_default())
    }

    /// Fetches a token. When Entra does not answer, it is asked again as long as the patience lasts.
    async fn fetch(
        &self,
        audience: Audience,
        patience: Duration,
    ) -> Result<(SecretString, OffsetDateTime), SignInError> {
        let policy = RetryPolicy {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(20),
            shortest: 0.5,
            attempts: None,
            time: Some(patience),
        };
        let mut retries = Retries::begin();
        loop {
            let trouble = match self.fetch_once(audience).await? {
                Ok(token) => return Ok(token),
                Err(trouble) => trouble,
            };
            retries.count();
            let Trouble::Away { why, asked } = trouble else {
                return Err(SignInError::by_entra(&trouble.to_string(), false));
            };
            let Some(pause) = retries.pause(&policy, asked) else {
                let why = match asked {
                    Some(asked) => format!(
                        "{why}, and it asks to wait {}; run the same command again after that",
                        length(asked)
                    ),
                    None => format!("{why}; run the same command again when it answers"),
                };
                return Err(SignInError::by_entra(&why, true));
            };
            if !self.waits.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "Entra does not answer ({why}); waiting for it, at most {}",
                    length(patience)
                );
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks Entra once. The outer error is one of the settings.
    async fn fetch_once(
        &self,
        audience: Audience,
    ) -> Result<Result<(SecretString, OffsetDateTime), Trouble>, SignInError> {
        let transport = Arc::new(EntraClient::new(self.http.clone(), Arc::clone(&self.sent)));
        let resource = match audience {
            Audience::Graph => self.sign_in.graph_audience,
            Audience::LogAnalytics => self.sign_in.log_analytics_audience,
        };
        let credential = self.credential(Arc::clone(&transport) as Arc<dyn HttpClient>)?;
        let scope = format!("{resource}/.default");
        Ok(match credential.get_token(&[&scope], None).await {
            Ok(token) => Ok((token.token.secret().to_owned().into(), token.expires_on)),
            Err(error) => Err(transport
                .trouble()
                .unwrap_or_else(|| entra::trouble(&error))),
        })
    }

    fn credential(
        &self,
        transport: Arc<dyn HttpClient>,
    ) -> Result<Arc<ClientSecretCredential>, SignInError> {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.sign_in.login.to_string();
        let client_options = ClientOptions {
            cloud: Some(Arc::new(cloud.into())),
            transport: Some(Transport::new(transport)),
            // It is asked again here, with bounds that hold for all who wait.
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        };
        ClientSecretCredential::new(
            &self.sign_in.tenant,
            self.sign_in.client_id.clone(),
            Secret::new(self.sign_in.client_secret.expose_secret().to_owned()),
            Some(ClientSecretCredentialOptions { client_options }),
        )
        .map_err(|error| SignInError::by_entra(&entra::trouble(&error).to_string(), false))
    }
}

fn is_good(token: Option<&Current>) -> bool {
    token.is_some_and(|current| current.is_good_for(Duration::ZERO))
}

fn title(audience: Audience) -> &'static str {
    match audience {
        Audience::Graph => "Microsoft Graph",
        Audience::LogAnalytics => "Log Analytics",
    }
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;
