//! What is known of a key: whether it is good, and how much of its quota is left.

use serde_json::{Map, Value};

use super::clip::clip;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// The service takes it.
    Accepted(Account),
    /// The service refuses it; for this reason, which says what to do.
    Refused(String),
    /// The service takes it and gives nothing for it now, since a quota is used up; in these words.
    UsedUp(String),
    /// This service has no such call, so that only a look-up can tell, or it answers look-ups with any key.
    NotTold,
    /// There is no answer of the service, for this reason.
    NoAnswer(String),
}

/// What a service says of the owner of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The name of the account, as the service writes it; cleaned and shortened.
    pub name: Option<String>,
    /// The quotas of the key, as far as the service tells them.
    pub quotas: Vec<Allowance>,
}

/// A quota, as the service counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The span of the quota: `hour`, `day` or `month`.
    pub per: &'static str,
    /// The number of requests used up.
    pub used: u64,
    /// The number of requests allowed.
    pub allowed: u64,
}

impl Account {
    /// An account with this name.
    pub(super) fn named(name: Option<&str>) -> Self {
        let name = name.map(|name| clip(name, 60));
        Self {
            name: name.filter(|name| !name.is_empty()),
            quotas: Vec::new(),
        }
    }
}

/// A number that is written as a number or as text.
pub(super) fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The object in a value; an empty one when it is none.
pub(super) fn object(value: Option<&Value>) -> Map<String, Value> {
    value
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}
