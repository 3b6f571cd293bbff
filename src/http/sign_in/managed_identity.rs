//! Sign-in by the identity that Azure gives to a machine or an app: instance metadata, and the endpoint of App Service.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chrono::Utc;
use secrecy::ExposeSecret;
use url::Url;

use super::advice::{Asking, advice};
use super::entra::{self, Issued, Reply, Trouble};
use super::method::IdentityService;

/// How long instance metadata may take to answer at all. It is on the same machine; elsewhere nobody answers.
const PROBE: Duration = Duration::from_secs(1);

/// Asks for the tokens of a managed identity.
#[derive(Debug)]
pub(super) struct ManagedIdentity {
    client_id: Option<String>,
    service: IdentityService,
    /// Whether instance metadata has answered before.
    is_found: AtomicBool,
}

impl ManagedIdentity {
    pub(super) fn new(client_id: Option<String>, service: IdentityService) -> Self {
        Self {
            client_id,
            service,
            is_found: AtomicBool::new(false),
        }
    }

    /// Asks once for a token for `resource`.
    pub(super) async fn token(
        &self,
        resource: &str,
        asking: Asking<'_>,
        sent: &AtomicU64,
    ) -> Result<Issued, Trouble> {
        // Both services are on this machine or beside it: no proxy knows them, and none may learn of their tokens.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.map_err(|error| Trouble::refused(error.to_string()))?;
        match &self.service {
            IdentityService::InstanceMetadata(base) => {
                if !self.is_found.load(Ordering::Relaxed) {
                    probe(&client, &address(base), sent).await?;
                    self.is_found.store(true, Ordering::Relaxed);
                }
                let url = self.query(address(base), "2018-02-01", resource);
                sent.fetch_add(1, Ordering::Relaxed);
                let request = client.get(url).header("Metadata", "true");
                let reply = entra::exchange(request).await?;
                self.read(&reply, asking, &[404, 408, 410, 429])
            }
            IdentityService::AppService { endpoint, header } => {
                let url = self.query(endpoint.clone(), "2019-08-01", resource);
                sent.fetch_add(1, Ordering::Relaxed);
                let request = client.get(url);
                let request = request.header("X-IDENTITY-HEADER", header.expose_secret());
                let reply = entra::exchange(request).await?;
                let reply = reply.hiding(&[header.expose_secret()]);
                self.read(&reply, asking, &[408, 429])
            }
        }
    }

    fn query(&self, mut url: Url, version: &str, resource: &str) -> Url {
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("api-version", version);
            query.append_pair("resource", resource);
            if let Some(id) = &self.client_id {
                query.append_pair("client_id", id);
            }
        }
        url
    }

    /// `passing` are the statuses, beside those of 500 and more, after which it is worth asking again.
    fn read(&self, reply: &Reply, asking: Asking<'_>, passing: &[u16]) -> Result<Issued, Trouble> {
        let (status, body) = (reply.status, reply.json());
        if status == 200 && body.is_object() {
            return entra::issued(&body, Utc::now()).map_err(Trouble::away);
        }
        if status >= 500 || passing.contains(&status) {
            return Err(Trouble::Away {
                why: format!("status {status}"),
                asked: reply.asked(),
            });
        }
        let text = |key: &str| entra::words(body[key].as_str().unwrap_or_default());
        let (error, mut words) = (text("error"), text("error_description"));
        if words.is_empty() {
            words = text("message");
        }
        let by_code = entra::code_in(&words).and_then(|code| advice(code, asking));
        let is_missing = words.contains("Identity not found")
            || words.contains("Managed Identity found for specified");
        let what = match (error.as_str(), &self.client_id) {
            _ if status == 200 => {
                "it answers something else than JSON; is this machine on Azure, and no proxy between?"
                    .to_owned()
            }
            _ if is_missing => self.no_identity(),
            ("bad_request_102", _) => {
                "the header Metadata was lost; is a proxy between this machine and its metadata?"
                    .to_owned()
            }
            ("invalid_resource", _) => {
                "the tenant has no such service; check [tenant] cloud".to_owned()
            }
            _ => match by_code {
                Some(advice) => advice,
                None if matches!(status, 401 | 403) => {
                    "it does not accept IDENTITY_HEADER; start the app anew".to_owned()
                }
                None => format!("status {status}"),
            },
        };
        let shown = [error, words].into_iter().rfind(|text| !text.is_empty());
        Err(Trouble::refused(match shown {
            Some(shown) => format!("{what} ({shown})"),
            None => what,
        }))
    }

    fn no_identity(&self) -> String {
        match &self.client_id {
            None => "no managed identity is assigned, or several are; assign one, or say with [auth] managed_identity_client_id which of them is meant".to_owned(),
            Some(id) => format!(
                "the managed identity {} is not assigned; check [auth] managed_identity_client_id, and take it out for the system-assigned identity",
                crate::terminal::clean(id)
            ),
        }
    }
}

fn address(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path("/metadata/identity/oauth2/token");
    url
}

/// Looks whether instance metadata is there. Without the header `Metadata` it answers at once, and with an error.
async fn probe(client: &reqwest::Client, url: &Url, sent: &AtomicU64) -> Result<(), Trouble> {
    sent.fetch_add(1, Ordering::Relaxed);
    let answer = client.get(url.clone()).timeout(PROBE).send().await;
    answer.map(|_| ()).map_err(|_| {
        Trouble::refused(format!(
            "nobody answers at {} within a second; method = \"managed-identity\" works on virtual machines, Kubernetes nodes and apps in Azure alone, and not with Azure Arc; choose another [auth] method elsewhere",
            url.origin().ascii_serialization()
        ))
    })
}
