//! The list of cases of a node or an edge, and how sorted lists are united.

use crate::graph::schema::common;

/// The list of the cases that hold a node or an edge.
pub(super) const CASES: &str = common::CASES.name();

/// The union of two sorted lists without duplicates, which is sorted and without duplicates too. Each new value is
/// inserted at its position, so nothing is sorted again if there is no new value.
pub(super) fn union(a: &str, b: &str) -> String {
    format!(
        "CASE WHEN {a} IS NULL THEN {b} WHEN {b} IS NULL THEN {a} ELSE \
         reduce(l = {a}, x IN [y IN {b} WHERE NOT y IN {a}] | \
         [z IN l WHERE z < x] + x + [z IN l WHERE z > x]) END"
    )
}
