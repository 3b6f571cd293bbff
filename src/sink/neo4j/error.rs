//! The errors of Neo4j, each with a text of one line that says what to do.

use neo4rs::{Error, Neo4jErrorKind};

/// A failure that somebody has to act on. Its text never holds a password. `reason` is the message of the server, the
/// driver or the operating system.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Neo4jError {
    #[error(
        "[neo4j] uri `{uri}`: {reason}; write it as bolt://HOST:7687 or neo4j://HOST:7687, with bolt+s or neo4j+s for TLS and +ssc for TLS with a self-signed certificate"
    )]
    Address { uri: String, reason: String },
    #[error(
        "{address} would carry the password and the graph to another machine in plain text; write bolt+s:// or neo4j+s:// (+ssc for a self-signed certificate) in [neo4j] uri, or set plaintext = true under [neo4j]"
    )]
    Plaintext { address: String },
    #[error(
        "Neo4j at {address} routes to {beyond}, and the password and the graph would go there in plain text; use {direct} in [neo4j] uri to stay on this machine, or neo4j+s://, or set plaintext = true under [neo4j]"
    )]
    RoutedInPlaintext {
        address: String,
        beyond: String,
        direct: String,
    },
    #[error(
        "cannot connect to Neo4j at {address}: {reason}; start it, or set [neo4j] uri or LINKTRAIL_NEO4J_URI"
    )]
    Unreachable { address: String, reason: String },
    #[error(
        "what answers at {address} does not speak Bolt ({reason}); Bolt's port is usually 7687 and Neo4j Browser's 7474, and a server that insists on TLS needs bolt+s or bolt+ssc in [neo4j] uri"
    )]
    NotBolt { address: String, reason: String },
    #[error(
        "TLS with Neo4j at {address} failed: {reason}; use +ssc in [neo4j] uri for a self-signed certificate, and bolt:// or neo4j:// for a server without TLS"
    )]
    Tls { address: String, reason: String },
    #[error(
        "Neo4j refused user `{user}`: wrong user or password; set [neo4j] user and LINKTRAIL_NEO4J_PASSWORD"
    )]
    Credentials { user: String },
    #[error(
        "Neo4j has locked user `{user}` for a while after too many wrong passwords; wait a few seconds and try with the right LINKTRAIL_NEO4J_PASSWORD"
    )]
    LockedOut { user: String },
    #[error(
        "the password of Neo4j user `{user}` must be changed first: run `ALTER CURRENT USER SET PASSWORD FROM 'old' TO 'new'` in Neo4j Browser, then set LINKTRAIL_NEO4J_PASSWORD"
    )]
    PasswordExpired { user: String },
    #[error("Neo4j has no database `{database}`{known}; set [neo4j] database, or create it")]
    DatabaseMissing { database: String, known: String },
    #[error(
        "Neo4j's database `{database}` is not available: {reason}; wait until it is online, or start it"
    )]
    DatabaseUnavailable { database: String, reason: String },
    #[error("Neo4j {version} is too old: linktrail needs Neo4j 5 or newer")]
    TooOld { version: String },
    #[error(
        "Neo4j's database `{database}` is read-only; make it writable, or load into another one"
    )]
    ReadOnly { database: String },
    #[error(
        "Neo4j does not let user `{user}` do that: {reason}; grant it, or use another [neo4j] user"
    )]
    Forbidden { user: String, reason: String },
    #[error(
        "Neo4j has too little memory or time for a transaction of {rows} row(s): {reason}; raise dbms.memory.transaction.total.max, db.memory.transaction.max or db.transaction.timeout"
    )]
    Exhausted { rows: usize, reason: String },
    #[error(
        "{missing} of {rows} edges of type {kind} found no nodes: something deleted nodes of this case while it was being loaded; load it again with `linktrail case push`"
    )]
    Vanished {
        kind: &'static str,
        rows: usize,
        missing: usize,
    },
    #[error(
        "`{statement}` failed: {reason}; remove what stands in its way, then run `linktrail schema apply`"
    )]
    Schema { statement: String, reason: String },
    #[error(
        "lost the connection to Neo4j at {address} and could not restore it in {seconds} s: {reason}; start Neo4j again, then run `linktrail case push`"
    )]
    Lost {
        address: String,
        seconds: u64,
        reason: String,
    },
    #[error("Neo4j answered {code}: {message}")]
    Refused { code: String, message: String },
    #[error("Neo4j at {address}: {reason}")]
    Driver { address: String, reason: String },
}

/// How to react to a failed transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Try again with fewer rows in a transaction.
    Smaller,
    /// Try the same again soon.
    Again,
    /// Try the same again once the server is back.
    Reconnect,
    /// Give up, since somebody has to act.
    Stop,
}

/// Decides how to react to a failure.
pub(super) fn remedy(error: &Error) -> Remedy {
    match error {
        Error::Neo4j(error) => remedy_of_code(error.code(), error.kind()),
        Error::IOError { .. }
        | Error::ConnectionError
        | Error::ConnectionTimedOut
        | Error::ConnectionClosed(_)
        | Error::IncompleteBoltExchange
        | Error::UnexpectedMessage(_)
        | Error::Ignored(_)
        | Error::RequestIgnoredError
        | Error::RoutingTableError(_)
        | Error::RoutingTableRefreshFailed(_)
        | Error::ServerUnavailableError(_) => Remedy::Reconnect,
        // A server that is starting refuses all sign-ins for a moment.
        Error::AuthenticationError(message) if denial(message).is_none() => Remedy::Reconnect,
        _ => Remedy::Stop,
    }
}

fn remedy_of_code(code: &str, kind: Neo4jErrorKind) -> Remedy {
    let mut parts = code.rsplit('.');
    let title = parts.next().unwrap_or_default();
    let area = parts.next().unwrap_or_default();
    match (kind, area, title) {
        (_, _, title)
            if title.contains("OutOfMemory") || title.starts_with("TransactionTimedOut") =>
        {
            Remedy::Smaller
        }
        (_, _, "DatabaseUnavailable" | "NotALeader" | "AuthorizationExpired" | "TokenExpired") => {
            Remedy::Reconnect
        }
        (_, "Transaction", "Terminated" | "LockClientStopped" | "TransactionNotFound") => {
            Remedy::Again
        }
        (Neo4jErrorKind::Transient, ..) => Remedy::Again,
        // A server that is stopping reports these for running transactions.
        (Neo4jErrorKind::Database, "Transaction" | "General", _) => Remedy::Again,
        _ => Remedy::Stop,
    }
}

/// Why a sign-in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denial {
    Wrong,
    TooOften,
}

/// Recognises the reason from the text, since the driver drops the code of a failed sign-in.
pub(super) fn denial(message: &str) -> Option<Denial> {
    let message = message.to_ascii_lowercase();
    if message.contains("too many times") {
        Some(Denial::TooOften)
    } else if message.contains("unauthorized") || message.contains("authentication") {
        Some(Denial::Wrong)
    } else {
        None
    }
}

/// Puts a text from outside on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_call_for_the_right_remedy() {
        for (code, expected) in [
            (
                "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
                Remedy::Smaller,
            ),
            (
                "Neo.TransientError.General.TransactionOutOfMemoryError",
                Remedy::Smaller,
            ),
            (
                "Neo.TransientError.General.OutOfMemoryError",
                Remedy::Smaller,
            ),
            (
                "Neo.ClientError.General.TransactionOutOfMemoryError",
                Remedy::Smaller,
            ),
            (
                "Neo.ClientError.Transaction.TransactionTimedOut",
                Remedy::Smaller,
            ),
            (
                "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
                Remedy::Smaller,
            ),
            (
                "Neo.TransientError.Transaction.DeadlockDetected",
                Remedy::Again,
            ),
            (
                "Neo.TransientError.Transaction.LockAcquisitionTimeout",
                Remedy::Again,
            ),
            ("Neo.TransientError.Transaction.Terminated", Remedy::Again),
            ("Neo.ClientError.Transaction.Terminated", Remedy::Again),
            (
                "Neo.TransientError.Transaction.LockClientStopped",
                Remedy::Again,
            ),
            (
                "Neo.DatabaseError.Transaction.TransactionCommitFailed",
                Remedy::Again,
            ),
            (
                "Neo.TransientError.General.DatabaseUnavailable",
                Remedy::Reconnect,
            ),
            ("Neo.ClientError.Cluster.NotALeader", Remedy::Reconnect),
            (
                "Neo.ClientError.Security.AuthorizationExpired",
                Remedy::Reconnect,
            ),
            ("Neo.ClientError.Security.Unauthorized", Remedy::Stop),
            ("Neo.ClientError.Statement.SyntaxError", Remedy::Stop),
            (
                "Neo.ClientError.Schema.ConstraintValidationFailed",
                Remedy::Stop,
            ),
            ("Neo.DatabaseError.Statement.ExecutionFailed", Remedy::Stop),
            ("nonsense", Remedy::Stop),
            ("", Remedy::Stop),
        ] {
            assert_eq!(
                remedy_of_code(code, Neo4jErrorKind::from(code)),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn a_broken_connection_is_waited_for_and_a_wrong_password_is_not() {
        let io = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        for error in [
            Error::IOError { detail: io },
            Error::ConnectionTimedOut,
            Error::ServerUnavailableError("no writers".into()),
            Error::AuthenticationError("Database 'system' is unavailable.".into()),
        ] {
            assert_eq!(remedy(&error), Remedy::Reconnect, "{error}");
        }
        for message in [
            "The client is unauthorized due to authentication failure.",
            "The client has provided incorrect authentication details too many times in a row.",
        ] {
            let error = Error::AuthenticationError(message.into());
            assert_eq!(remedy(&error), Remedy::Stop, "{error}");
        }
    }

    #[test]
    fn what_the_server_says_becomes_one_line() {
        assert_eq!(one_line("a\n\tb\u{1b}[31m  c\r\n"), "a b [31m c");
    }
}
