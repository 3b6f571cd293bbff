//! Property values and how two of them become one.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use super::schema::{Kind, Merge, Property};

/// The value of a property. An absent property has no value at all: never an empty text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A moment in UTC.
    Time(DateTime<Utc>),
    /// Texts: sorted and distinct, or in an order that means something, as the schema says.
    List(Vec<String>),
}

/// Properties by name, as the schema spells them.
pub type Properties = BTreeMap<&'static str, Value>;

impl Value {
    /// What it holds, for comparison with the schema.
    pub fn fits(&self, kind: Kind) -> bool {
        matches!(
            (self, kind),
            (Self::Text(_), Kind::Text)
                | (Self::Integer(_), Kind::Integer)
                | (Self::Number(_), Kind::Number)
                | (Self::Boolean(_), Kind::Boolean)
                | (Self::Time(_), Kind::Time)
                | (Self::List(_), Kind::Set | Kind::Sequence)
        )
    }

    /// As JSON: times in RFC 3339 with `Z`.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(n) => (*n).into(),
            Self::Number(n) => (*n).into(),
            Self::Boolean(b) => (*b).into(),
            Self::Time(at) => format_time(*at).into(),
            Self::List(items) => items.clone().into(),
        }
    }
}

/// A moment as linktrail writes it: RFC 3339, UTC, as many decimals as it has.
pub fn format_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A list without repetitions, sorted.
pub fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort();
    items.dedup();
    items
}

/// Puts `value` into `into` by the rule that the schema gives for that property.
pub(super) fn merge_into(into: &mut Properties, spec: &Property, value: Value) {
    debug_assert!(value.fits(spec.kind), "{} is {:?}", spec.name, value);
    let value = match (value, spec.kind) {
        (Value::List(items), Kind::Set) => Value::List(sorted(items)),
        (value, _) => value,
    };
    match into.get_mut(spec.name) {
        None => {
            into.insert(spec.name, value);
        }
        Some(old) => combine(old, spec.merge, value),
    }
}

fn combine(old: &mut Value, rule: Merge, new: Value) {
    match (rule, old, new) {
        (Merge::First, ..) => {}
        (Merge::Any, Value::Boolean(old), Value::Boolean(new)) => *old |= new,
        (Merge::Sum, Value::Integer(old), Value::Integer(new)) => *old = old.saturating_add(new),
        (Merge::Earliest, Value::Time(old), Value::Time(new)) => *old = (*old).min(new),
        (Merge::Latest, Value::Time(old), Value::Time(new)) => *old = (*old).max(new),
        (Merge::Union | Merge::Evidence, Value::List(old), Value::List(new)) => {
            old.extend(new);
            *old = sorted(std::mem::take(old));
        }
        (_, old, new) => *old = new,
    }
}
