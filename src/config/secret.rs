//! Secrets: from the environment or from a file, never from a flag.

use std::path::Path;

use secrecy::SecretString;

use super::{ConfigError, wrong};
use crate::intel::PROVIDERS;

/// Secrets by their environment variable, beside those of providers. Each can also stand in a file that
/// `<variable>_FILE` names.
const SECRETS: &[&str] = &["LINKTRAIL_CLIENT_SECRET", "LINKTRAIL_NEO4J_PASSWORD"];

/// Whether a variable holds a secret or names the file of one.
pub(super) fn is_secret(variable: &str) -> bool {
    let name = variable.strip_suffix("_FILE").unwrap_or(variable);
    let keys = PROVIDERS.iter().flat_map(|spec| spec.secrets);
    SECRETS.iter().chain(keys).any(|secret| *secret == name)
}

/// The secret of a variable, else of the file that `<variable>_FILE` names, else of the file given.
pub(super) fn find(
    variable: &str,
    file: Option<&Path>,
) -> Result<Option<SecretString>, ConfigError> {
    debug_assert!(is_secret(variable));
    if let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
        return match value.into_string() {
            Ok(value) => Ok(Some(value.into())),
            Err(_) => wrong(format!("{variable} is not UTF-8")),
        };
    }
    let named = std::env::var_os(format!("{variable}_FILE")).filter(|value| !value.is_empty());
    let Some(path) = named.as_deref().map(Path::new).or(file) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError(format!(
            "cannot read the file for {variable}, {}: {error}",
            path.display()
        ))
    })?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return wrong(format!(
            "the file for {variable}, {}, is empty",
            path.display()
        ));
    }
    Ok(Some(text.to_owned().into()))
}
