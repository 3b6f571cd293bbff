//! The error of a load whose configuration does not name the tenant's own domains.

use std::time::Duration;

use crate::command::exit::{Failure, UsageError};
use crate::command::services::without_case;
use crate::config::{ConfigError, MissingDomains};
use crate::http::{SignIn, SignInMethod};
use crate::journal::Request;
use crate::source::msgraph;

/// How long to wait for what the tenant says, since the load ends with an error in any case.
const PATIENCE: Duration = Duration::from_secs(15);

/// Turns an error of the configuration into that of the command. When nothing but the internal domains is missing,
/// Microsoft Graph is asked which domains are the tenant's, and the error proposes them. Where it does not say, or a
/// person would have to sign in for that, the error is the general one.
pub(super) async fn failure(error: ConfigError) -> Failure {
    let Some(missing) = error.only_domains() else {
        return error.into();
    };
    // Nobody enters a code for the sake of an error.
    if matches!(missing.sign_in.method, SignInMethod::DeviceCode { .. }) {
        return UsageError(missing.proposing(&[])).into();
    }
    let listed = tokio::time::timeout(PATIENCE, listed(missing)).await;
    UsageError(missing.proposing(&listed.unwrap_or_default())).into()
}

async fn listed(missing: &MissingDomains) -> Vec<String> {
    let sign_in = SignIn {
        patience: Duration::ZERO,
        ..missing.sign_in.clone()
    };
    let Ok(client) = without_case(missing.ca_file.as_deref(), Some(sign_in)) else {
        return Vec::new();
    };
    let request = Request {
        deadline: PATIENCE,
        ..msgraph::organization(&missing.graph)
    };
    match client.send(&request).await {
        Ok(exchange) => msgraph::verified_domains(&exchange.answer),
        Err(error) => {
            tracing::debug!(%error, "the tenant's domains were not asked for");
            Vec::new()
        }
    }
}
