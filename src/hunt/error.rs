//! The errors of finding, checking and running a hunt.

use std::io;
use std::time::Duration;

use neo4rs::{Neo4jClientErrorKind, Neo4jErrorKind};

use super::header::HeaderError;
use super::parameter::{Parameter, ParameterType};
use super::read_only::Forbidden;
use crate::terminal;

/// Why a hunt has no answer. [`HuntError::is_usage`] separates wrong usage from failure.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are named after what they hold")]
pub enum HuntError {
    /// There is no hunt with this name.
    #[error("there is no hunt `{}`{}", terminal::clean(name), did_you_mean(close))]
    Unknown {
        name: String,
        /// Similar names, the nearest first.
        close: Vec<String>,
    },
    /// No hunt has this tag.
    #[error(
        "no hunt has the tag `{}`{}; the tags are {}",
        terminal::clean(tag),
        did_you_mean(nearest.as_slice()),
        known.join(", ")
    )]
    UnknownTag {
        tag: String,
        /// The most similar tag.
        nearest: Option<String>,
        known: Vec<String>,
    },
    /// The file of a hunt cannot be read.
    #[error("cannot read the hunt {path}: {source}")]
    Unreadable { path: String, source: io::Error },
    /// The header of a file is malformed.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Required parameters were not given.
    #[error("the hunt {hunt} needs {}", needed(parameters))]
    Missing {
        hunt: String,
        parameters: Vec<Parameter>,
    },
    /// The hunt has no such parameter.
    #[error(
        "the hunt {hunt} has no parameter `{}`{}; it takes {}",
        terminal::clean(name),
        did_you_mean(nearest.as_slice()),
        known.join(", ")
    )]
    UnknownParameter {
        hunt: String,
        name: String,
        /// The most similar parameter of the hunt.
        nearest: Option<String>,
        /// All parameters of the hunt.
        known: Vec<String>,
    },
    /// A value does not have the type of its parameter.
    #[error(
        "parameter `{name}` of the hunt {hunt} takes {}, not `{}`",
        kind.expected(),
        terminal::clean(value)
    )]
    BadValue {
        hunt: String,
        name: String,
        kind: ParameterType,
        value: String,
    },
    /// A file returns other columns than it declares.
    #[error("{file} declares the columns {}, and returns {}", declared.join(", "), returned.join(", "))]
    Columns {
        file: String,
        /// The columns in its header.
        declared: Vec<String>,
        /// The columns that the statement returns.
        returned: Vec<String>,
    },
    /// The statement is invalid.
    #[error("{file}: {}", terminal::clean(message))]
    Statement {
        file: String,
        /// The message of the server or the tokenizer, with the line.
        message: String,
    },
    /// The statement does more than read the graph. Nothing of it was sent.
    #[error(
        "{file} does more than read the graph, so nothing was sent: {}",
        terminal::clean(&listed(found))
    )]
    NotReadOnly { file: String, found: Vec<Forbidden> },
    /// The hunt tried to change the graph, which the server refused.
    #[error("{file} writes to the graph; a hunt may only read, so nothing was changed")]
    Writes { file: String },
    /// The hunt exceeded its time limit and was stopped.
    #[error(
        "the hunt {hunt} had no answer after {} and was stopped; narrow it to one case with -p case=ID, or allow it more time",
        seconds(limit)
    )]
    TimedOut { hunt: String, limit: Duration },
    /// Neo4j cannot be reached, or failed.
    #[error("Neo4j: {}{}", terminal::clean(&error.to_string()), hint(error))]
    Neo4j {
        /// The error of the driver.
        #[source]
        error: Box<neo4rs::Error>,
    },
}

impl HuntError {
    /// True for wrong usage, which ends with exit code 2; false for failures, which end with 1.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Unknown { .. }
            | Self::UnknownTag { .. }
            | Self::Unreadable { .. }
            | Self::Header(_)
            | Self::Missing { .. }
            | Self::UnknownParameter { .. }
            | Self::BadValue { .. }
            | Self::Columns { .. }
            | Self::Statement { .. }
            | Self::NotReadOnly { .. }
            | Self::Writes { .. } => true,
            Self::TimedOut { .. } | Self::Neo4j { .. } => false,
        }
    }
}

fn did_you_mean<S: AsRef<str>>(close: &[S]) -> String {
    let names: Vec<&str> = close.iter().map(AsRef::as_ref).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", names.join(" or "))
    }
}

fn listed(found: &[Forbidden]) -> String {
    let one = |Forbidden { what, line, column }: &Forbidden| {
        format!("{what} (line {line}, column {column})")
    };
    found.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn needed(parameters: &[Parameter]) -> String {
    let one = |parameter: &Parameter| {
        let value = parameter.example.clone();
        let value = value.unwrap_or_else(|| parameter.kind.as_str().to_uppercase());
        format!("-p {}={}", parameter.name, shell_word(&value))
    };
    parameters.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A value in the form in which it can be pasted into a shell.
fn shell_word(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
}

fn seconds(limit: &Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

fn hint(error: &neo4rs::Error) -> &'static str {
    match error {
        neo4rs::Error::Neo4j(server) => match server.kind() {
            Neo4jErrorKind::Client(Neo4jClientErrorKind::Security(_)) => {
                "; look at [neo4j] user and LINKTRAIL_NEO4J_PASSWORD"
            }
            Neo4jErrorKind::Client(Neo4jClientErrorKind::FatalDiscovery) => {
                "; look at [neo4j] database"
            }
            _ => "",
        },
        neo4rs::Error::AuthenticationError(_) => {
            "; look at [neo4j] user and LINKTRAIL_NEO4J_PASSWORD"
        }
        neo4rs::Error::IOError { .. }
        | neo4rs::Error::ConnectionError
        | neo4rs::Error::ConnectionTimedOut
        | neo4rs::Error::ProtocolMismatch(_) => {
            "; does Neo4j run at the address that [neo4j] uri names?"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_to_do() {
        let unknown = |close: &[&str]| HuntError::Unknown {
            name: "sum\u{1b}[2J".to_owned(),
            close: close.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(
            unknown(&["summary", "b"]).to_string(),
            "there is no hunt `sum[2J`; did you mean summary or b?"
        );
        assert_eq!(unknown(&[]).to_string(), "there is no hunt `sum[2J`");
        let missing = HuntError::Missing {
            hunt: "h".to_owned(),
            parameters: vec![
                parameter(
                    "url",
                    ParameterType::String,
                    Some("https://a.example/?b=1&c"),
                ),
                parameter("n", ParameterType::Integer, None),
            ],
        };
        assert_eq!(
            missing.to_string(),
            "the hunt h needs -p url='https://a.example/?b=1&c' -p n=INTEGER"
        );
    }

    #[test]
    fn usage_and_failure_are_told_apart() {
        let writes = HuntError::Writes {
            file: "a".to_owned(),
        };
        assert!(writes.is_usage());
        let failed = HuntError::Neo4j {
            error: Box::new(neo4rs::Error::ConnectionError),
        };
        assert!(!failed.is_usage());
        assert!(failed.to_string().ends_with("[neo4j] uri names?"));
    }

    fn parameter(name: &str, kind: ParameterType, example: Option<&str>) -> Parameter {
        Parameter {
            name: name.to_owned(),
            kind,
            required: true,
            default: None,
            example: example.map(str::to_owned),
        }
    }
}
