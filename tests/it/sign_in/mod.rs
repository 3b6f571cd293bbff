//! Every way to sign in, against the simulated tenant: what it needs, what can go wrong, and what is said about it.

mod azure_cli;
mod certificate;
mod configuration;
mod device_code;
mod managed_identity;
mod permissions;
mod person;
mod process;
mod renewal;
mod secrets;
pub(crate) mod whole;
mod workload_identity;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use linktrail::http::{Client, ClientCertificate, Network, SignIn, SignInMethod};
use linktrail::journal::{Audience, Journal, JournalWriter};
use tempfile::TempDir;
use tenant_sim::{Options, Registered, Service, Tenant, World};

pub(crate) const GRAPH: &str = "https://graph.microsoft.com";
pub(crate) const LOGS: &str = "https://api.loganalytics.io";
/// The requests for a token for Graph and for the logs.
pub(crate) const FOR_GRAPH: &str = "graph\\.microsoft\\.com";
pub(crate) const PASSWORD: &str = "marked-password";
/// The subject of a workload.
pub(crate) const SUBJECT: &str = "system:serviceaccount:ns:sa";

pub(crate) fn tenant(options: Options) -> Tenant {
    Tenant::start(World::small(), options)
}

/// The text of a file among the certificates.
pub(crate) fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/certificates/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

/// The options of a tenant that knows the certificate.
pub(crate) fn registered() -> Options {
    Options {
        certificates: vec![Registered {
            certificate: fixture("rsa.crt.pem"),
            public_key: fixture("rsa.pub.pem"),
        }],
        ..Options::default()
    }
}

/// A client of a tenant, with a journal that stays empty.
pub(crate) struct Room {
    client: Client,
    _folder: TempDir,
}

impl Room {
    /// With little patience.
    pub(crate) fn new(tenant: &Tenant, method: SignInMethod) -> Self {
        Self::with(tenant, method, |_| {})
    }

    pub(crate) fn with(
        tenant: &Tenant,
        method: SignInMethod,
        change: impl FnOnce(&mut SignIn),
    ) -> Self {
        let mut sign_in = SignIn {
            method,
            tenant: tenant.world().tenant_id.clone(),
            login: tenant.endpoint(Service::Login).parse().unwrap(),
            authority: "https://login.microsoftonline.com",
            graph_audience: GRAPH,
            log_analytics_audience: LOGS,
            patience: Duration::from_secs(3),
        };
        change(&mut sign_in);
        let folder = TempDir::new().unwrap();
        let journal = JournalWriter::open(folder.path(), "case").unwrap();
        let network = Network::new(Some(&tenant.ca_file()), Some(sign_in)).unwrap();
        Self {
            client: Client::new(Arc::new(Journal::from(journal)), Some(network)),
            _folder: folder,
        }
    }

    /// Signs in, and gives what the token allows.
    pub(crate) async fn enter(&self, audience: Audience) -> Vec<String> {
        let permissions = self.client.permissions(audience).await.unwrap();
        permissions.held().map(str::to_owned).collect()
    }

    /// Why it is impossible to sign in.
    pub(crate) async fn refusal(&self, audience: Audience) -> String {
        let permissions = self.client.permissions(audience).await;
        permissions.unwrap_err().to_string()
    }

    /// How often a token was asked for.
    pub(crate) fn sent(&self) -> u64 {
        self.client.counts()[&linktrail::model::Source::Login].sent
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

pub(crate) fn client_secret(tenant: &Tenant) -> SignInMethod {
    SignInMethod::ClientSecret {
        client_id: tenant.world().client_id.clone(),
        secret: tenant.world().client_secret.clone().into(),
    }
}

pub(crate) fn client_certificate(tenant: &Tenant) -> SignInMethod {
    let file = fixture("pkcs12-aes256.pem");
    let password = PASSWORD.to_owned().into();
    SignInMethod::ClientCertificate {
        client_id: tenant.world().client_id.clone(),
        certificate: ClientCertificate::read(file.as_bytes(), Some(&password)).unwrap(),
    }
}

pub(crate) fn workload_identity(tenant: &Tenant, token_file: PathBuf) -> SignInMethod {
    SignInMethod::WorkloadIdentity {
        client_id: tenant.world().client_id.clone(),
        token_file,
    }
}

pub(crate) fn device_code(tenant: &Tenant) -> SignInMethod {
    SignInMethod::DeviceCode {
        client_id: tenant.world().client_id.clone(),
    }
}

/// How often something was asked of Entra, by a part of the request.
pub(crate) fn asked(tenant: &Tenant, part: &str) -> usize {
    let all = tenant.requests_to(Service::Login);
    let such = |e: &&tenant_sim::Exchange| e.target.contains(part) || e.body.contains(part);
    all.iter().filter(such).count()
}
