//! Sign-in, with the TLS settings of all other requests.
//!
//! Each audience has its token, which all requests share. One request at a time signs in, and the others wait for it.
//! When an audience is refused, nobody answers for too long, or the service does not accept the token, that is
//! remembered: further requests fail at once with the same reason.
//!
//! [`method`] says which ways there are to sign in, and a file for each asks once for a token: `azure` for applications,
//! `managed_identity`, `azure_cli` and `device_code`. `entra` reads the answers, and `advice` says what to do about errors.

mod advice;
mod azure;
mod azure_cli;
mod certificate;
mod device_code;
mod entra;
mod file;
mod managed_identity;
mod method;
mod pem;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::permissions::Permissions;
use super::words::length;
use crate::journal::Audience;
use crate::model::{Retries, RetryPolicy, Source};
use advice::Asking;
use azure::Proof;
use azure_cli::AzureCli;
use device_code::{DeviceCode, Line};
use entra::{Issued, Trouble};
use managed_identity::ManagedIdentity;

pub use certificate::ClientCertificate;
pub use file::secret_file;
pub use method::{IdentityService, Kind as SignInKind, Method, PATIENCE, SignIn};

/// A token is renewed this long before it expires.
const RENEWED_BEFORE: Duration = Duration::from_secs(300);
/// How long an attempt to renew a token that is still good is not repeated after it failed.
const AGAIN_AFTER: Duration = Duration::from_secs(20);
/// After the service refused a token, the next one is not replaced for this long: it would be refused too.
const NOT_RENEWED_FOR: Duration = Duration::from_secs(300);

/// Why there is no token. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct SignInError {
    why: String,
    /// Nobody answered, however long it was waited for.
    is_away: bool,
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
    credential: Credential,
    http: reqwest::Client,
    sent: Arc<AtomicU64>,
    waits: AtomicBool,
    audiences: Mutex<HashMap<Audience, Arc<tokio::sync::Mutex<State>>>>,
}

/// What asks for a token, with what it has to remember.
#[derive(Debug)]
enum Credential {
    Application { client_id: String, proof: Proof },
    ManagedIdentity(ManagedIdentity),
    AzureCli(AzureCli),
    DeviceCode(DeviceCode),
}

impl Credential {
    fn new(method: Method) -> Self {
        let application = |client_id, proof| Self::Application { client_id, proof };
        match method {
            Method::ClientSecret { client_id, secret } => {
                application(client_id, Proof::Secret(secret))
            }
            Method::ClientCertificate {
                client_id,
                certificate,
            } => application(client_id, Proof::Certificate(certificate)),
            Method::WorkloadIdentity {
                client_id,
                token_file,
            } => application(client_id, Proof::TokenFile(token_file)),
            Method::ManagedIdentity { client_id, service } => {
                Self::ManagedIdentity(ManagedIdentity::new(client_id, service))
            }
            Method::AzureCli {
                program,
                withheld,
                time,
            } => Self::AzureCli(AzureCli::new(program, withheld, time)),
            Method::DeviceCode { client_id } => Self::DeviceCode(DeviceCode::new(client_id)),
        }
    }
}

/// What is known of one audience.
#[derive(Debug, Default)]
struct State {
    token: Option<Current>,
    generation: u64,
    /// When to ask for a new token again, after the last attempt failed while the old one is still good, or brought one
    /// that expires as soon.
    again_at: Option<Instant>,
    /// The sources whose requests were refused with the tokens so far.
    refused_by: BTreeSet<Source>,
    /// Why there will be no token in this run.
    refused: Option<SignInError>,
}

impl State {
    /// Puts a new token in the place of the old one. Where the service accepted the old one, it accepts the identity, so
    /// that refusals of the new one are about single requests.
    fn replace(&mut self, issued: Issued, replaced_at: Option<Instant>) {
        let old = self.token.as_ref();
        let is_accepted =
            old.is_some_and(|old| old.is_accepted && is_of_same(&old.secret, &issued.secret));
        self.generation += 1;
        self.token = Some(Current {
            secret: issued.secret,
            expires: issued.expires,
            replaced_at,
            is_accepted,
        });
    }
}

/// True when two tokens speak for the same identity, or when one of them does not say for whom.
fn is_of_same(one: &SecretString, other: &SecretString) -> bool {
    let [one, other] = [one, other].map(|token| Permissions::of(token.expose_secret()));
    !one.is_known()
        || !other.is_known()
        || (one.object_id(), one.tenant()) == (other.object_id(), other.tenant())
}

#[derive(Debug)]
struct Current {
    secret: SecretString,
    expires: DateTime<Utc>,
    /// When this token replaced one that the service refused.
    replaced_at: Option<Instant>,
    /// Whether the service has accepted this token, or one before it of the same identity.
    is_accepted: bool,
}

impl Current {
    fn is_good_for(&self, time: Duration) -> bool {
        self.expires > Utc::now() + time
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
            credential: Credential::new(sign_in.method.clone()),
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

    /// True when there is a token for another audience of the configuration than this one, for which there is none because of `error`.
    pub(super) async fn is_signed_in_elsewhere(&self, than: Audience, error: &SignInError) -> bool {
        // Entra is waited for once.
        let patience = match error.is_away {
            true => Duration::ZERO,
            false => self.sign_in.patience,
        };
        for &audience in &self.sign_in.audiences {
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
            // While the old token is good nobody has to wait, and nobody is asked to sign in.
            let patience = if is_good { Duration::ZERO } else { patience };
            let again = Instant::now() + AGAIN_AFTER;
            match self.fetch(audience, patience, !is_good).await {
                Ok(issued) => {
                    state.replace(issued, None);
                    let is_fresh = state.token.as_ref().is_some_and(is_fresh);
                    state.again_at = (!is_fresh).then_some(again);
                }
                Err(_) if is_good => state.again_at = Some(again),
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
            None => Err(self.error("there is no token", false)),
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
            state.refused_by.clear();
        }
    }

    /// The service refused this token for a request of `source`, and said `what`. It is renewed once for all requests
    /// that were sent with it.
    pub(super) async fn refused(
        &self,
        audience: Audience,
        source: Source,
        token: &Token,
        what: &str,
    ) -> Refused {
        let state = self.state(audience);
        let mut state = state.lock().await;
        if let Some(refused) = &state.refused {
            return Refused::Always(refused.clone());
        }
        if state.generation != token.generation {
            return Refused::Renewed;
        }
        state.refused_by.insert(source);
        let replaced = state.token.as_ref().and_then(|current| current.replaced_at);
        if replaced.is_some_and(|at| at.elapsed() < NOT_RENEWED_FOR) {
            let is_accepted = state.token.as_ref().is_some_and(|token| token.is_accepted);
            // Advanced hunting answers 401 for a missing permission too, so that its answers alone say nothing about the
            // token.
            let is_hunting_alone = state.refused_by.iter().all(|by| *by == Source::Hunting);
            if is_accepted || is_hunting_alone {
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
        match self.fetch(audience, self.sign_in.patience, true).await {
            Ok(issued) => {
                state.replace(issued, Some(Instant::now()));
                Refused::Renewed
            }
            Err(refused) => {
                state.refused = Some(refused.clone());
                Refused::Always(refused)
            }
        }
    }

    /// How often a token was asked for so far: requests, retries included, and runs of `az`.
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

    fn error(&self, why: &str, is_away: bool) -> SignInError {
        SignInError {
            why: format!("{}: {why}", self.sign_in.method.kind().failed()),
            is_away,
        }
    }

    /// Fetches a token. When nobody answers, it is asked again as long as the patience lasts.
    /// The future is boxed: every request waits for a token, and hardly any has to fetch one.
    fn fetch(
        &self,
        audience: Audience,
        patience: Duration,
        may_ask: bool,
    ) -> BoxFuture<'_, Result<Issued, SignInError>> {
        Box::pin(self.fetch_with_retries(audience, patience, may_ask))
    }

    async fn fetch_with_retries(
        &self,
        audience: Audience,
        patience: Duration,
        may_ask: bool,
    ) -> Result<Issued, SignInError> {
        let policy = RetryPolicy {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(20),
            shortest: 0.5,
            attempts: None,
            time: Some(patience),
        };
        let mut retries = Retries::begin();
        loop {
            let issued = self.fetch_once(audience, may_ask).await;
            let trouble = match issued.and_then(|issued| self.of_tenant(issued)) {
                Ok(issued) => return Ok(issued),
                Err(trouble) => trouble,
            };
            retries.count();
            let Trouble::Away { why, asked } = trouble else {
                return Err(self.error(&trouble.to_string(), false));
            };
            let Some(pause) = retries.pause(&policy, asked) else {
                let why = match asked {
                    Some(asked) => format!(
                        "{why}, and it asks to wait {}; run the same command again after that",
                        length(asked)
                    ),
                    None => format!("{why}; run the same command again when it answers"),
                };
                return Err(self.error(&why, true));
            };
            if !self.waits.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "{} does not answer ({why}); waiting for it, at most {}",
                    self.sign_in.method.kind().service(),
                    length(patience)
                );
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The token, unless it says that another tenant issued it than the one under investigation.
    fn of_tenant(&self, issued: Issued) -> Result<Issued, Trouble> {
        let permissions = Permissions::of(issued.secret.expose_secret());
        let found = permissions.tenant().unwrap_or_default();
        match entra::other_tenant(self.sign_in.method.kind(), found, &self.sign_in.tenant) {
            Some(why) => Err(Trouble::refused(why)),
            None => Ok(issued),
        }
    }

    /// Asks once for a token. `may_ask` is false when no person should be asked to sign in.
    async fn fetch_once(&self, audience: Audience, may_ask: bool) -> Result<Issued, Trouble> {
        let resource = self.sign_in.resource(audience);
        let scope = format!("{resource}/.default");
        let asking = Asking {
            by: self.sign_in.method.kind(),
            audience,
            tenant: &self.sign_in.tenant,
            scope: &scope,
        };
        let (sign_in, http, sent) = (&self.sign_in, &self.http, &self.sent);
        match &self.credential {
            Credential::Application { client_id, proof } => {
                azure::token(sign_in, client_id, proof, asking, http, sent).await
            }
            Credential::ManagedIdentity(identity) => identity.token(resource, asking, sent).await,
            Credential::AzureCli(cli) => cli.token(asking, sent).await,
            Credential::DeviceCode(person) => {
                let line = Line {
                    sign_in,
                    asking,
                    http,
                    sent,
                };
                person.token(line, may_ask).await
            }
        }
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
mod tests;
