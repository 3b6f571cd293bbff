//! Property values and how two of them become one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::model::digest::hex;
use crate::model::{format_time, sorted};

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

/// Most bytes of an id or of an indexed text. A range index of Neo4j 5 takes values up to 8,167 bytes, and one
/// longer value would fail the whole transaction; a url in a message can be longer.
pub const INDEX_LIMIT: usize = 8_000;

impl Value {
    /// Whether it is as good as absent: an empty text or list, or no number.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Number(number) => !number.is_finite(),
            Self::Integer(_) | Self::Boolean(_) | Self::Time(_) => false,
        }
    }

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

/// What stands before the digest in a text that was cut.
const CUT: &str = "…sha256:";

/// Whether a url is one that [`indexable`] has cut. No url holds that character as it is.
pub fn is_cut_url(id: &str) -> bool {
    id.contains(CUT)
}

/// A text as an index can hold it: one over [`INDEX_LIMIT`] keeps its start, and the SHA-256 of all of it keeps
/// it apart from others that start alike.
pub fn indexable(text: String) -> String {
    if text.len() <= INDEX_LIMIT {
        return text;
    }
    let digest = Sha256::digest(text.as_bytes());
    let suffix = format!("{CUT}{}", hex(&digest));
    let end = text.floor_char_boundary(INDEX_LIMIT - suffix.len());
    format!("{}{suffix}", &text[..end])
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

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(kind: Kind, merge: Merge, first: Value, second: Value) -> Value {
        let property = Property {
            name: "p",
            kind,
            merge,
            doc: "",
        };
        let mut into = Properties::new();
        merge_into(&mut into, &property, first);
        merge_into(&mut into, &property, second);
        into.remove("p").unwrap()
    }

    fn list(items: &[&str]) -> Value {
        Value::List(items.iter().map(|item| (*item).to_owned()).collect())
    }

    fn time(text: &str) -> Value {
        Value::Time(text.parse().unwrap())
    }

    #[test]
    fn scalars_follow_their_rule() {
        let (a, b) = (Value::Text("a".into()), Value::Text("b".into()));
        assert_eq!(
            merged(Kind::Text, Merge::First, a.clone(), b.clone()),
            a,
            "the first stays"
        );
        assert_eq!(
            merged(Kind::Text, Merge::Last, a, b.clone()),
            b,
            "the later wins"
        );
        for (first, second) in [(true, false), (false, true)] {
            let (first, second) = (Value::Boolean(first), Value::Boolean(second));
            assert_eq!(
                merged(Kind::Boolean, Merge::Any, first, second),
                Value::Boolean(true)
            );
        }
        let sum = |a, b| {
            merged(
                Kind::Integer,
                Merge::Sum,
                Value::Integer(a),
                Value::Integer(b),
            )
        };
        assert_eq!(sum(2, 3), Value::Integer(5));
        assert_eq!(sum(i64::MAX, 1), Value::Integer(i64::MAX), "never wraps");
    }

    #[test]
    fn moments_keep_the_ends() {
        let (early, late) = (time("2026-10-01T00:00:00Z"), time("2026-10-02T00:00:00Z"));
        for (first, second) in [(early.clone(), late.clone()), (late.clone(), early.clone())] {
            assert_eq!(
                merged(Kind::Time, Merge::Earliest, first.clone(), second.clone()),
                early
            );
            assert_eq!(merged(Kind::Time, Merge::Latest, first, second), late);
        }
    }

    #[test]
    fn sets_are_sorted_and_distinct_and_sequences_keep_their_order() {
        assert_eq!(
            merged(
                Kind::Set,
                Merge::Union,
                list(&["b", "a", "b"]),
                list(&["c", "a"])
            ),
            list(&["a", "b", "c"])
        );
        assert_eq!(
            merged(Kind::Set, Merge::Last, list(&["z"]), list(&["b", "a"])),
            list(&["a", "b"])
        );
        assert_eq!(
            merged(
                Kind::Sequence,
                Merge::First,
                list(&["teams", "safelinks"]),
                list(&["x"])
            ),
            list(&["teams", "safelinks"])
        );
    }

    #[test]
    fn texts_over_the_limit_of_an_index_stay_apart() {
        assert_eq!(indexable("short".into()), "short");
        let whole = "x".repeat(INDEX_LIMIT);
        assert_eq!(indexable(whole.clone()), whole);

        let long = "é".repeat(INDEX_LIMIT);
        let cut = indexable(long.clone());
        assert!(cut.len() <= INDEX_LIMIT);
        assert!(cut.starts_with("éé"));
        assert_eq!(cut, indexable(long.clone()), "the same every time");
        assert_eq!(cut, indexable(cut.clone()), "and once is enough");
        assert_ne!(cut, indexable(long + "!"), "the part cut off counts");
    }
}
