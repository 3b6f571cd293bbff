//! Secrets: read from the environment or from a file, never from a flag or from the configuration file.

use std::path::Path;

use secrecy::SecretString;

use crate::intel::PROVIDERS;

/// The secret of the application; alternatives are `LINKTRAIL_CLIENT_SECRET_FILE` and `[auth] client_secret_file`.
pub(super) const CLIENT_SECRET: &str = "LINKTRAIL_CLIENT_SECRET";
/// The password of the private key in `[auth] client_certificate_file`; the alternative is
/// `LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD_FILE`.
pub(super) const CLIENT_CERTIFICATE_PASSWORD: &str = "LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD";
/// The password of Neo4j; the alternative is `LINKTRAIL_NEO4J_PASSWORD_FILE`.
pub(super) const NEO4J_PASSWORD: &str = "LINKTRAIL_NEO4J_PASSWORD";

/// True when a variable holds a secret or names the file of one.
pub(super) fn is_secret(variable: &str) -> bool {
    let name = variable.strip_suffix("_FILE").unwrap_or(variable);
    let keys = PROVIDERS.iter().flat_map(|spec| spec.secrets);
    [CLIENT_SECRET, CLIENT_CERTIFICATE_PASSWORD, NEO4J_PASSWORD]
        .iter()
        .chain(keys)
        .any(|secret| *secret == name)
}

/// Where to put a secret that was written as a setting; `None` if the setting is not a secret.
pub(super) fn place_of(section: &str, key: &str) -> Option<String> {
    match (section, key) {
        ("auth", "client_secret") => Some(format!("{CLIENT_SECRET} or client_secret_file")),
        ("auth", "client_certificate_password") => Some(CLIENT_CERTIFICATE_PASSWORD.to_owned()),
        ("neo4j", "password") => Some(NEO4J_PASSWORD.to_owned()),
        ("intel", key) => {
            let wanted = format!("LINKTRAIL_{}", key.to_uppercase());
            is_secret(&wanted).then_some(wanted)
        }
        _ => None,
    }
}

/// The secret in the variable, or else in the file that `<variable>_FILE` names, or else in the given file. An error
/// says what is wrong with the file, and never contains its content.
pub(super) fn find(variable: &str, file: Option<&Path>) -> Result<Option<SecretString>, String> {
    debug_assert!(is_secret(variable));
    if let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
        return match value.into_string() {
            Ok(value) => Ok(Some(value.into())),
            Err(_) => Err(format!("{variable} is not UTF-8")),
        };
    }
    let named = std::env::var_os(format!("{variable}_FILE")).filter(|value| !value.is_empty());
    let Some(path) = named.as_deref().map(Path::new).or(file) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!(
            "cannot read the file for {variable}, {}: {error}",
            path.display()
        )
    })?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(format!(
            "the file for {variable}, {}, is empty",
            path.display()
        ));
    }
    Ok(Some(text.to_owned().into()))
}
