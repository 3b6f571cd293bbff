//! `[auth]`: the way to sign in, checked for what it needs and for what belongs to another way.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::{Host, Url};

use super::document::variable;
use super::error::Problems;
use super::reading::{Sections, address};
use super::secret::{self, CLIENT_CERTIFICATE_PASSWORD, CLIENT_SECRET};
use super::sections::MetadataEndpoint;
use crate::http::{
    ClientCertificate, IdentityService, PATIENCE, SignIn, SignInKind, SignInMethod, secret_file,
};
use crate::journal::Audience;
use crate::terminal::clean;

/// The keys of `[auth]` that are not for every way to sign in, with those that they are for.
const KEYS: [(&str, &[SignInKind]); 4] = [
    (
        "client_id",
        &[
            SignInKind::ClientSecret,
            SignInKind::ClientCertificate,
            SignInKind::WorkloadIdentity,
            SignInKind::DeviceCode,
        ],
    ),
    ("client_secret_file", &[SignInKind::ClientSecret]),
    ("client_certificate_file", &[SignInKind::ClientCertificate]),
    ("managed_identity_client_id", &[SignInKind::ManagedIdentity]),
];

/// The longest file with a certificate and its key, in bytes. Chains of certificates have some thousand.
const LONGEST_CERTIFICATE: u64 = 1024 * 1024;

/// The variables by which Azure says which identity an app has.
const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
const IDENTITY_HEADER: &str = "IDENTITY_HEADER";

/// Adds a problem for each key that belongs to another way to sign in than the chosen one.
pub(super) fn check_keys(sections: &Sections, problems: &mut Problems) {
    let Some(chosen) = sections.auth.method else {
        return;
    };
    for (key, methods) in KEYS {
        let Some(written) = sections.written("auth", key) else {
            continue;
        };
        if !methods.contains(&chosen) {
            let of = methods
                .iter()
                .map(|method| format!("\"{}\"", method.as_str()));
            let of: Vec<String> = of.collect();
            problems.add(format!(
                "{written} belongs to method = {}, and the method is \"{}\"; take the key out, or choose its method",
                of.join(", "),
                chosen.as_str()
            ));
        }
    }
    let metadata = sections.written("endpoints", "instance_metadata");
    if let (Some(written), false) = (metadata, chosen == SignInKind::ManagedIdentity) {
        problems.add(format!(
            "{written} belongs to method = \"managed-identity\", and the method is \"{}\"; take the key out",
            chosen.as_str()
        ));
    }
}

/// The way to sign in. What is missing is added to the problems, and the result is then `None`.
pub(super) fn sign_in(sections: &Sections, problems: &mut Problems) -> Option<SignIn> {
    let services = sections.tenant.cloud.services();
    let login = address(sections.endpoints.login.as_ref(), services.login, problems);
    let method = method(sections, problems);
    Some(SignIn {
        method: method?,
        tenant: sections.tenant.id.clone()?,
        login: login?,
        authority: services.login,
        graph_audience: services.graph,
        log_analytics_audience: services.log_analytics_audience,
        audiences: audiences(sections),
        patience: PATIENCE,
    })
}

/// The services that a load asks: Microsoft Graph always, and Log Analytics where there is a workspace.
fn audiences(sections: &Sections) -> Vec<Audience> {
    let workspace = sections.sentinel.workspace_id.as_ref();
    let logs = workspace.map(|_| Audience::LogAnalytics);
    [Audience::Graph].into_iter().chain(logs).collect()
}

fn method(sections: &Sections, problems: &mut Problems) -> Option<SignInMethod> {
    let auth = &sections.auth;
    let Some(method) = auth.method else {
        if !sections.is_rejected("auth", "method") {
            let names = SignInKind::ALL.map(|method| format!("\"{}\"", method.as_str()));
            problems.add(format!(
                "the way to sign in is missing: set method under [auth] in {}, or {}, to one of {}; it is never guessed",
                sections.file_name(),
                variable("auth", "method"),
                names.join(", ")
            ));
        }
        return None;
    };
    match method {
        SignInKind::ClientSecret => {
            let client_id = client_id(sections, problems);
            let secret = client_secret(sections, problems);
            Some(SignInMethod::ClientSecret {
                client_id: client_id?,
                secret: secret?,
            })
        }
        SignInKind::ClientCertificate => {
            let client_id = client_id(sections, problems);
            let certificate = certificate(sections, problems);
            Some(SignInMethod::ClientCertificate {
                client_id: client_id?,
                certificate: certificate?,
            })
        }
        SignInKind::WorkloadIdentity => workload_identity(sections, problems),
        SignInKind::ManagedIdentity => {
            let service = identity_service(sections, problems)?;
            Some(SignInMethod::ManagedIdentity {
                client_id: auth.managed_identity_client_id.clone(),
                service,
            })
        }
        SignInKind::AzureCli => Some(SignInMethod::AzureCli {
            program: azure_cli(problems)?,
            withheld: own_variables(),
            time: SignInMethod::AZURE_CLI_TIME,
        }),
        SignInKind::DeviceCode => Some(SignInMethod::DeviceCode {
            client_id: client_id(sections, problems)?,
        }),
    }
}

fn client_id(sections: &Sections, problems: &mut Problems) -> Option<String> {
    sections.required(
        sections.auth.client_id.as_ref(),
        "auth",
        "client_id",
        "the application (client) id",
        problems,
    )
}

fn client_secret(sections: &Sections, problems: &mut Problems) -> Option<SecretString> {
    let file = sections.auth.client_secret_file.as_deref();
    let secret = problems.check(secret::find(CLIENT_SECRET, file))?;
    if secret.is_none() && !sections.is_rejected("auth", "client_secret_file") {
        problems.add(format!(
            "the application's secret is missing: set {CLIENT_SECRET}, or client_secret_file under [auth] in {}",
            sections.file_name()
        ));
    }
    secret
}

fn certificate(sections: &Sections, problems: &mut Problems) -> Option<ClientCertificate> {
    let password = problems.check(secret::find(CLIENT_CERTIFICATE_PASSWORD, None))?;
    let Some(path) = &sections.auth.client_certificate_file else {
        if !sections.is_rejected("auth", "client_certificate_file") {
            problems.add(format!(
                "the application's certificate is missing: set client_certificate_file under [auth] in {}, or {}, to a PEM file with the certificate and its private key",
                sections.file_name(),
                variable("auth", "client_certificate_file")
            ));
        }
        return None;
    };
    let written = sections.written("auth", "client_certificate_file");
    let start = format!(
        "{}: {}",
        written.unwrap_or_default(),
        clean(&path.to_string_lossy())
    );
    let file = secret_file(path, LONGEST_CERTIFICATE);
    let file = file.map_err(|error| format!("{start} cannot be read: {error}"));
    let file = problems.check(file)?;
    let read = ClientCertificate::read(&file, password.as_ref());
    problems.check(read.map_err(|what| format!("{start} {what}")))
}

/// A workload identity takes what its platform sets, as all clients of Entra do. `[auth] client_id` outranks the
/// variable, and the tenant is the one under investigation.
fn workload_identity(sections: &Sections, problems: &mut Problems) -> Option<SignInMethod> {
    const CLIENT_ID: &str = "AZURE_CLIENT_ID";
    const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
    let by_platform = problems.check(environment(CLIENT_ID))?;
    let client_id = sections.auth.client_id.clone().or(by_platform);
    if client_id.is_none() && !sections.is_rejected("auth", "client_id") {
        problems.add(format!(
            "the application (client) id is missing: set client_id under [auth] in {}, or {}, or {CLIENT_ID}",
            sections.file_name(),
            variable("auth", "client_id")
        ));
    }
    let token_file = problems.check(environment(TOKEN_FILE))?;
    if token_file.is_none() {
        problems.add(format!(
            "the federated token is missing: set {TOKEN_FILE} to the file that holds it, as the platform of a workload identity does"
        ));
    }
    Some(SignInMethod::WorkloadIdentity {
        client_id: client_id?,
        token_file: PathBuf::from(token_file?),
    })
}

/// Who gives tokens to the managed identity of this machine or app. The variables are those that Azure sets.
fn identity_service(sections: &Sections, problems: &mut Problems) -> Option<IdentityService> {
    let endpoint = problems.check(environment(IDENTITY_ENDPOINT))?;
    let header = problems.check(environment(IDENTITY_HEADER))?;
    let is_arc = problems.check(environment("IMDS_ENDPOINT"))?.is_some();
    let is_fabric = problems
        .check(environment("IDENTITY_SERVER_THUMBPRINT"))?
        .is_some();
    let elsewhere = match () {
        () if is_arc && endpoint.is_some() && header.is_none() => Some("Azure Arc"),
        () if is_fabric => Some("Service Fabric"),
        () => None,
    };
    if let Some(place) = elsewhere {
        problems.add(format!(
            "the managed identity of {place} cannot be used, and {IDENTITY_ENDPOINT} says that this is one; choose method = \"client-certificate\", or another, under [auth] in {}",
            sections.file_name()
        ));
        return None;
    }
    match (endpoint, header) {
        (Some(endpoint), Some(header)) => app_service(&endpoint, header, problems),
        (Some(_), None) => {
            problems.add(format!(
                "{IDENTITY_ENDPOINT} is set and {IDENTITY_HEADER} is not; App Service sets both"
            ));
            None
        }
        (None, _) => {
            let set = sections.endpoints.instance_metadata.clone();
            let address = match set {
                Some(address) => address,
                None => {
                    let published = MetadataEndpoint::PUBLISHED.to_owned();
                    problems.check(MetadataEndpoint::try_from(published))?
                }
            };
            Some(IdentityService::InstanceMetadata(address.0))
        }
    }
}

fn app_service(endpoint: &str, header: String, problems: &mut Problems) -> Option<IdentityService> {
    let is_header = header.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_header {
        problems.add(format!(
            "{IDENTITY_HEADER} holds what no header can hold; App Service sets it"
        ));
    }
    // The header is a secret, and goes to nobody outside.
    let url = Url::parse(endpoint).ok().filter(|url| match url.scheme() {
        "https" => true,
        "http" => is_near(url),
        _ => false,
    });
    if url.is_none() {
        problems.add(format!(
            "{IDENTITY_ENDPOINT} is `{}`; it can be an https address, or an http address of this machine or its network, as App Service sets it",
            clean(endpoint)
        ));
    }
    Some(IdentityService::AppService {
        endpoint: url?,
        header: is_header.then_some(header)?.into(),
    })
}

/// True for an address of this machine, or of the network that it stands in.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        None => false,
    }
}

/// A variable that is no setting of linktrail's; `None` when it is not set, or empty.
fn environment(name: &str) -> Result<Option<String>, String> {
    match std::env::var_os(name).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) => match value.into_string() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(format!("{name} is not UTF-8")),
        },
    }
}

/// The names of linktrail's own variables, which hold its secrets.
fn own_variables() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names
        .filter(|name| name.to_string_lossy().starts_with("LINKTRAIL_"))
        .collect()
}

/// The path of `az`. A relative folder in PATH is passed over: what lies in the folder of a case is not to be run.
fn azure_cli(problems: &mut Problems) -> Option<PathBuf> {
    const NAMES: &[&str] = match cfg!(windows) {
        true => &["az.cmd", "az.exe"],
        false => &["az"],
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let found = folders
        .flat_map(|folder| NAMES.iter().map(move |name| folder.join(name)))
        .find(|program| is_program(program));
    if found.is_none() {
        problems.add(
            "method = \"azure-cli\" needs the Azure CLI, and there is no az in PATH; install it, and sign in with az login",
        );
    }
    found
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
