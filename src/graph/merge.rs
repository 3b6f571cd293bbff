//! Merges two values of a property by the rule that the schema declares.

use super::property::{Merge, Property, ValueKind};
use super::value::Value;
use crate::model::sorted;

/// The value in the form in which it is stored: a set is sorted and distinct.
pub(super) fn normal(property: &Property, value: Value) -> Value {
    debug_assert!(
        fits(&value, property.kind),
        "{} is {:?}",
        property.name,
        value
    );
    match (value, property.kind) {
        (Value::List(items), ValueKind::Set) => Value::List(sorted(items)),
        (value, _) => value,
    }
}

/// True when a value has the type that the schema declares.
fn fits(value: &Value, kind: ValueKind) -> bool {
    matches!(
        (value, kind),
        (Value::Text(_), ValueKind::Text)
            | (Value::Integer(_), ValueKind::Integer)
            | (Value::Number(_), ValueKind::Number)
            | (Value::Boolean(_), ValueKind::Boolean)
            | (Value::Time(_), ValueKind::Time)
            | (Value::List(_), ValueKind::Set | ValueKind::Sequence)
    )
}

/// Merges `new` into `old` by a rule of the schema.
pub(super) fn combine(old: &mut Value, rule: Merge, new: Value) {
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

    fn merged(kind: ValueKind, merge: Merge, first: Value, second: Value) -> Value {
        let property = Property {
            name: "p",
            kind,
            merge,
            by_case: None,
            doc: "",
        };
        let mut merged = normal(&property, first);
        combine(&mut merged, merge, normal(&property, second));
        merged
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
            merged(ValueKind::Text, Merge::First, a.clone(), b.clone()),
            a,
            "the first stays"
        );
        assert_eq!(
            merged(ValueKind::Text, Merge::Last, a, b.clone()),
            b,
            "the later wins"
        );
        for (first, second) in [(true, false), (false, true)] {
            let (first, second) = (Value::Boolean(first), Value::Boolean(second));
            assert_eq!(
                merged(ValueKind::Boolean, Merge::Any, first, second),
                Value::Boolean(true)
            );
        }
        let sum = |a, b| {
            merged(
                ValueKind::Integer,
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
                merged(
                    ValueKind::Time,
                    Merge::Earliest,
                    first.clone(),
                    second.clone()
                ),
                early
            );
            assert_eq!(merged(ValueKind::Time, Merge::Latest, first, second), late);
        }
    }

    #[test]
    fn sets_are_sorted_and_distinct_and_sequences_keep_their_order() {
        assert_eq!(
            merged(
                ValueKind::Set,
                Merge::Union,
                list(&["b", "a", "b"]),
                list(&["c", "a"])
            ),
            list(&["a", "b", "c"])
        );
        assert_eq!(
            merged(ValueKind::Set, Merge::Last, list(&["z"]), list(&["b", "a"])),
            list(&["a", "b"])
        );
        assert_eq!(
            merged(
                ValueKind::Sequence,
                Merge::First,
                list(&["teams", "safelinks"]),
                list(&["x"])
            ),
            list(&["teams", "safelinks"])
        );
    }
}
