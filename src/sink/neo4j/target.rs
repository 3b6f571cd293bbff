//! The server, user and database of a connection, and the translation of the driver's errors with these details.

use neo4rs::Error;

use super::address::Address;
use super::error::{Denial, Neo4jError, denial, one_line};

/// The target of a connection.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) address: Address,
    /// The user who signs in.
    pub(super) user: String,
    pub(super) database: String,
}

impl Target {
    /// Translates a failure of the driver to a [`Neo4jError`].
    pub(super) fn explain(&self, error: Error) -> Neo4jError {
        let address = self.address.to_string();
        match error {
            Error::Neo4j(error) => self.explain_code(error.code(), error.message()),
            Error::ConnectionClosed(failure) => Neo4jError::Unreachable {
                address,
                reason: one_line(&Error::ConnectionClosed(failure).to_string()),
            },
            Error::AuthenticationError(message) => match denial(&message) {
                Some(Denial::Wrong) => Neo4jError::Credentials {
                    user: self.user.clone(),
                },
                Some(Denial::TooOften) => Neo4jError::LockedOut {
                    user: self.user.clone(),
                },
                None => Neo4jError::Unreachable {
                    address,
                    reason: one_line(&message),
                },
            },
            Error::IOError { detail } => self.explain_io(&detail),
            Error::ConnectionTimedOut => Neo4jError::Unreachable {
                address,
                reason: "no answer in time".to_owned(),
            },
            Error::ProtocolMismatch(_) | Error::UnsupportedVersion(..) => Neo4jError::NotBolt {
                address,
                reason: one_line(&error.to_string()),
            },
            Error::ServerUnavailableError(reason) if self.address.routed => {
                Neo4jError::Unreachable {
                    address,
                    reason: format!(
                        "{}; if only the addresses that it names for itself cannot be reached, use {}",
                        one_line(&reason),
                        self.address.direct
                    ),
                }
            }
            other => Neo4jError::Driver {
                address,
                reason: one_line(&other.to_string()),
            },
        }
    }

    fn explain_io(&self, detail: &std::io::Error) -> Neo4jError {
        let address = self.address.to_string();
        let reason = one_line(&detail.to_string());
        // A TLS error of rustls is wrapped in an error of one of these kinds.
        let handshake = matches!(
            detail.kind(),
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
        );
        match (handshake, self.address.tls) {
            (true, true) => Neo4jError::Tls { address, reason },
            (true, false) => Neo4jError::NotBolt { address, reason },
            (false, _) => Neo4jError::Unreachable { address, reason },
        }
    }

    fn explain_code(&self, code: &str, message: &str) -> Neo4jError {
        let message = one_line(message);
        let (user, database) = (self.user.clone(), self.database.clone());
        match code.rsplit('.').next().unwrap_or_default() {
            "Unauthorized" => Neo4jError::Credentials { user },
            "AuthenticationRateLimit" => Neo4jError::LockedOut { user },
            "CredentialsExpired" => Neo4jError::PasswordExpired { user },
            "DatabaseNotFound" => Neo4jError::DatabaseMissing {
                database,
                known: String::new(),
            },
            "DatabaseUnavailable" => Neo4jError::DatabaseUnavailable {
                database,
                reason: message,
            },
            "ForbiddenOnReadOnlyDatabase" | "WriteOnReadOnlyAccessDatabase" => {
                Neo4jError::ReadOnly { database }
            }
            "Forbidden" if message.contains("read-only") || message.contains("read only") => {
                Neo4jError::ReadOnly { database }
            }
            "Forbidden" => Neo4jError::Forbidden {
                user,
                reason: message,
            },
            _ => Neo4jError::Refused {
                code: one_line(code),
                message,
            },
        }
    }
}
