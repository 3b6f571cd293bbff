//! The ways to sign in, and what each of them needs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::certificate::ClientCertificate;
use crate::journal::Audience;

/// How long to wait for Entra when it does not answer.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How to sign in, and for what.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The way to sign in.
    pub method: Method,
    /// The tenant id.
    pub tenant: String,
    /// The address of the token service.
    pub login: Url,
    /// The address that Entra has in this cloud, whatever `login` is: the audience of client assertions.
    pub authority: &'static str,
    /// The audience of tokens for Microsoft Graph. It depends on the cloud, and not on `[endpoints]`.
    pub graph_audience: &'static str,
    /// The audience of tokens for Log Analytics.
    pub log_analytics_audience: &'static str,
    /// The audiences that the configuration has a use for. No other one is signed in to without a request for it.
    pub audiences: Vec<Audience>,
    /// How long to wait for the token service when it does not answer; [`PATIENCE`] outside tests.
    pub patience: Duration,
}

impl SignIn {
    /// True when a person may be behind the tokens, and not an application of its own.
    pub fn may_be_person(&self) -> bool {
        matches!(
            self.method,
            Method::AzureCli { .. } | Method::DeviceCode { .. }
        )
    }

    /// The service that a token is for, in Entra's words.
    pub(super) fn resource(&self, audience: Audience) -> &'static str {
        match audience {
            Audience::Graph => self.graph_audience,
            Audience::LogAnalytics => self.log_analytics_audience,
        }
    }
}

/// A way to sign in, with its credentials.
#[derive(Debug, Clone)]
pub enum Method {
    /// An application with a secret.
    ClientSecret {
        /// The id of the application (client).
        client_id: String,
        /// Its secret.
        secret: SecretString,
    },
    /// An application with a certificate.
    ClientCertificate {
        /// The id of the application (client).
        client_id: String,
        /// Its certificate and key.
        certificate: ClientCertificate,
    },
    /// An application that trusts the tokens of another identity provider, such as a Kubernetes cluster.
    WorkloadIdentity {
        /// The id of the application (client).
        client_id: String,
        /// The file that holds the other provider's token. It is read again for every token, since it is rewritten often.
        token_file: PathBuf,
    },
    /// The identity that Azure gives to the machine or the app.
    ManagedIdentity {
        /// The client id of a user-assigned identity; `None` for the system-assigned one.
        client_id: Option<String>,
        /// Who is asked for its tokens.
        service: IdentityService,
    },
    /// Whoever is signed in to the Azure CLI.
    AzureCli {
        /// The path of `az`.
        program: PathBuf,
        /// Variables that are not given to `az`, since they hold what is not for it.
        withheld: Vec<OsString>,
        /// How long `az` may take; [`Method::AZURE_CLI_TIME`] outside tests.
        time: Duration,
    },
    /// A person who enters a code in a browser.
    DeviceCode {
        /// The id of an application (client) that allows public client flows.
        client_id: String,
    },
}

/// Who gives tokens to a managed identity.
#[derive(Debug, Clone)]
pub enum IdentityService {
    /// The instance metadata of a virtual machine, at this address.
    InstanceMetadata(Url),
    /// The endpoint of App Service, Functions and Container Apps.
    AppService {
        /// The value of `IDENTITY_ENDPOINT`.
        endpoint: Url,
        /// The value of `IDENTITY_HEADER`.
        header: SecretString,
    },
}

/// A way to sign in, without its credentials: the value of `[auth] method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variants of `Method` say it")]
pub enum Kind {
    ClientSecret,
    ClientCertificate,
    WorkloadIdentity,
    ManagedIdentity,
    AzureCli,
    DeviceCode,
}

impl Method {
    /// How long `az` may take. It starts slowly, and asks Entra.
    pub const AZURE_CLI_TIME: Duration = Duration::from_secs(60);

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::ClientSecret { .. } => Kind::ClientSecret,
            Self::ClientCertificate { .. } => Kind::ClientCertificate,
            Self::WorkloadIdentity { .. } => Kind::WorkloadIdentity,
            Self::ManagedIdentity { .. } => Kind::ManagedIdentity,
            Self::AzureCli { .. } => Kind::AzureCli,
            Self::DeviceCode { .. } => Kind::DeviceCode,
        }
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ClientSecret,
        Self::ClientCertificate,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::AzureCli,
        Self::DeviceCode,
    ];

    /// The value of `[auth] method`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecret => "client-secret",
            Self::ClientCertificate => "client-certificate",
            Self::WorkloadIdentity => "workload-identity",
            Self::ManagedIdentity => "managed-identity",
            Self::AzureCli => "azure-cli",
            Self::DeviceCode => "device-code",
        }
    }

    /// Who is asked for a token.
    pub(super) fn service(self) -> &'static str {
        match self {
            Self::ManagedIdentity => "the service of managed identities",
            Self::AzureCli => "the Azure CLI",
            _ => "Entra",
        }
    }

    /// The start of an error.
    pub(super) fn failed(self) -> &'static str {
        match self {
            Self::ManagedIdentity => "sign-in by managed identity failed",
            Self::AzureCli => "sign-in by the Azure CLI failed",
            _ => "sign-in to Entra failed",
        }
    }
}
