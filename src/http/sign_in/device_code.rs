//! Sign-in by device code (RFC 8628): a person enters a code in a browser, and linktrail asks until that has happened.
//!
//! The refresh token serves the other service and the renewals. It is kept in memory only, and replaced by the newer one
//! that each answer brings.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::advice::{Asking, is_of_one_service, is_over};
use super::entra::{self, Issued, Refusal, Reply, Trouble};
use super::method::SignIn;
use crate::http::words::length;
use crate::terminal::{clean, tell};

/// The pause between two questions when Entra names none (RFC 8628, section 3.2), and the shortest one.
const INTERVAL: Duration = Duration::from_secs(5);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// The longest pause between two questions.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
/// What `slow_down` adds to the pause (RFC 8628, section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// How long a code is good for when Entra does not say, and the longest time that is waited for it.
const LIFETIME: Duration = Duration::from_secs(900);
const LONGEST_LIFETIME: Duration = Duration::from_secs(3600);
/// The longest code that is shown, in characters. Those of Entra have nine.
const LONGEST_CODE: usize = 40;

/// Signs a person in.
#[derive(Debug)]
pub(super) struct DeviceCode {
    client_id: String,
    /// Held while a person is asked, so that one code serves all who wait.
    session: Mutex<Session>,
}

#[derive(Debug, Default)]
struct Session {
    refresh_token: Option<SecretString>,
    /// Why nobody is asked again in this run.
    ended: Option<Refusal>,
}

/// What Entra answers when it is asked for a code.
struct Code {
    device_code: SecretString,
    user_code: String,
    address: Url,
    interval: Duration,
    lifetime: Duration,
}

/// What is needed to ask Entra.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) sign_in: &'a SignIn,
    pub(super) asking: Asking<'a>,
    pub(super) http: &'a reqwest::Client,
    pub(super) sent: &'a AtomicU64,
}

impl DeviceCode {
    pub(super) fn new(client_id: String) -> Self {
        Self {
            client_id,
            session: Mutex::default(),
        }
    }

    /// A token from the session, and otherwise from a person. `may_ask` is false while a token is still good, so that
    /// nobody is disturbed without need.
    pub(super) async fn token(&self, line: Line<'_>, may_ask: bool) -> Result<Issued, Trouble> {
        let mut session = self.session.lock().await;
        if let Some(ended) = &session.ended {
            return Err(Trouble::Refused(ended.clone()));
        }
        if let Some(token) = &session.refresh_token {
            let token = token.clone();
            match self.refresh(line, &token, &mut session).await {
                Err(Trouble::Refused(refusal)) if needs_a_person(&refusal) => {
                    if !may_ask {
                        return Err(Trouble::Refused(refusal));
                    }
                    tracing::warn!("the sign-in has to be repeated: {}", refusal.why);
                    session.refresh_token = None;
                }
                answered => return answered,
            }
        }
        if !may_ask {
            return Err(Trouble::refused("somebody has to sign in again"));
        }
        let asked = self.ask(line, &mut session).await;
        if let Err(Trouble::Refused(refusal)) = &asked
            && !is_of_one_service(&refusal.codes)
        {
            session.ended = Some(refusal.clone());
        }
        asked
    }

    async fn refresh(
        &self,
        line: Line<'_>,
        token: &SecretString,
        session: &mut Session,
    ) -> Result<Issued, Trouble> {
        let scope = format!("{} offline_access", line.asking.scope);
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.client_id),
            ("refresh_token", token.expose_secret()),
            ("scope", &scope),
        ];
        let reply = post(line, "token", &form).await?;
        take(
            &reply.hiding(&[token.expose_secret()]),
            line.asking,
            session,
        )
    }

    /// Asks a person, and waits until the code was entered.
    async fn ask(&self, line: Line<'_>, session: &mut Session) -> Result<Issued, Trouble> {
        let scope = format!("{} offline_access", line.asking.scope);
        let form = [("client_id", self.client_id.as_str()), ("scope", &scope)];
        let reply = post(line, "devicecode", &form).await?;
        if let Some(trouble) = reply.trouble(line.asking) {
            return Err(trouble);
        }
        let code = Code::of(&reply.json()).map_err(Trouble::refused)?;
        tell(&prompt(&code, &self.client_id, line.asking));
        self.wait(line, &code, session).await
    }

    async fn wait(
        &self,
        line: Line<'_>,
        code: &Code,
        session: &mut Session,
    ) -> Result<Issued, Trouble> {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", &self.client_id),
            ("device_code", code.device_code.expose_secret()),
        ];
        let end = Instant::now() + code.lifetime;
        let mut interval = code.interval;
        loop {
            if Instant::now() + interval >= end {
                return Err(expired(code));
            }
            tokio::time::sleep(interval).await;
            let answered = match post(line, "token", &form).await {
                Ok(reply) => {
                    let reply = reply.hiding(&[code.device_code.expose_secret()]);
                    take(&reply, line.asking, session)
                }
                Err(trouble) => Err(trouble),
            };
            match answered {
                Ok(issued) => return Ok(issued),
                Err(Trouble::Refused(refusal)) => match refusal.error.as_str() {
                    "authorization_pending" => {}
                    "slow_down" => interval = (interval + SLOW_DOWN).min(LONGEST_INTERVAL),
                    "expired_token" | "code_expired" => return Err(expired(code)),
                    "authorization_declined" | "access_denied" => {
                        return Err(Trouble::Refused(Refusal {
                            why: "the sign-in was declined in the browser; run the same command again, and accept".to_owned(),
                            ..refusal
                        }));
                    }
                    _ => return Err(Trouble::Refused(refusal)),
                },
                // RFC 8628, section 3.5: after a connection failed the pause is doubled.
                Err(Trouble::Away { why, asked }) => {
                    tracing::info!("Entra does not answer ({why}); asking again");
                    interval = asked
                        .unwrap_or(interval * 2)
                        .max(interval)
                        .min(LONGEST_INTERVAL);
                }
            }
        }
    }
}

impl Code {
    fn of(body: &Value) -> Result<Self, String> {
        let text = |key: &str| body[key].as_str().unwrap_or_default();
        let seconds = |key: &str, missing: Duration| {
            let seconds = entra::number(&body[key]).and_then(|n| u64::try_from(n).ok());
            seconds.map_or(missing, Duration::from_secs)
        };
        let user_code = clean(text("user_code")).into_owned();
        let (code, length) = (text("device_code"), user_code.chars().count());
        if code.is_empty() || length == 0 || length > LONGEST_CODE {
            return Err("Entra answers without a code".to_owned());
        }
        let address = ["verification_uri", "verification_url"].map(text);
        let address = address.into_iter().find(|text| !text.is_empty());
        let address = address
            .and_then(|text| Url::parse(text).ok())
            .filter(|url| url.scheme() == "https" && url.username().is_empty())
            .ok_or("Entra names no address at which the code can be entered")?;
        Ok(Self {
            device_code: code.to_owned().into(),
            user_code,
            address,
            interval: seconds("interval", INTERVAL).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL),
            lifetime: seconds("expires_in", LIFETIME).min(LONGEST_LIFETIME),
        })
    }
}

/// What stands on stderr: the code, and beside it what it is for, since a code without that is what a phishing message
/// looks like.
fn prompt(code: &Code, client_id: &str, asking: Asking<'_>) -> String {
    format!(
        "\nTo sign in, open {address} in a browser and enter the code {code}\n  application  {application} (linktrail's [auth] client_id)\n  tenant       {tenant}\n  asks for     {scope}: what the application is registered for there, and to stay signed in while linktrail runs\nThe code is good for {lifetime}. Enter it only if you started linktrail yourself.\n",
        address = code.address,
        code = code.user_code,
        application = clean(client_id),
        tenant = clean(asking.tenant),
        scope = asking.scope,
        lifetime = length(code.lifetime),
    )
}

fn expired(code: &Code) -> Trouble {
    Trouble::refused(format!(
        "nobody signed in within {}, for which the code was good; run the same command again. When the browser showed that it is blocked, the tenant forbids device codes: use method = \"azure-cli\", \"client-secret\" or \"client-certificate\"",
        length(code.lifetime)
    ))
}

/// True when no renewal helps, and a person may.
fn needs_a_person(refusal: &Refusal) -> bool {
    is_over(&refusal.codes)
        || ["invalid_grant", "interaction_required"].contains(&refusal.error.as_str())
            && !is_of_one_service(&refusal.codes)
}

/// The token in an answer. The refresh token beside it takes the place of the one before.
fn take(reply: &Reply, asking: Asking<'_>, session: &mut Session) -> Result<Issued, Trouble> {
    if let Some(trouble) = reply.trouble(asking) {
        return Err(trouble);
    }
    let issued = reply.token()?;
    let refresh_token = reply.json()["refresh_token"].as_str().map(str::to_owned);
    if let Some(token) = refresh_token.filter(|token| !token.is_empty()) {
        session.refresh_token = Some(token.into());
    }
    Ok(issued)
}

async fn post(line: Line<'_>, endpoint: &str, form: &[(&str, &str)]) -> Result<Reply, Trouble> {
    let mut url = line.sign_in.login.clone();
    let path = format!("/{}/oauth2/v2.0/{endpoint}", line.sign_in.tenant);
    url.set_path(&path);
    line.sent.fetch_add(1, Ordering::Relaxed);
    entra::exchange(line.http.post(url).form(form)).await
}
