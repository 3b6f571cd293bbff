//! What each case says of a property of a node or an edge that several cases hold.
//!
//! The *word* of a case is its value as a list of texts, an empty one where it says nothing. While the words differ they
//! stand in the list that [`Property::by_case`] names; where they are equal that list is absent, and the property alone
//! says them. So what only one case holds costs nothing, and what an earlier version left without such a list is taken
//! for the word of all its cases.
//!
//! The expressions here are items of a SET of their own. Each reads the cases, its property and its list, and writes the
//! latter two: whatever the items before it wrote, it sees the same.

use super::cases::{CASES, union};
use crate::graph::schema::{Merge, Property, ValueKind};

/// The character between a case and its value, taken from a parameter.
const SLASH: &str = "right($prefix, 1)";

/// The stored element, its type's rank, and the names of one property of it.
pub(super) struct Said<'p> {
    property: &'p Property,
    list_name: &'static str,
    /// The property of the stored element.
    held: String,
    /// Its list.
    list: String,
    /// The cases of the stored element.
    cases: String,
    /// Whether one edge outranks the other, so that the property itself is written elsewhere.
    is_ranked: bool,
}

impl<'p> Said<'p> {
    /// For a property of the element that is bound to `old`; `None` where no case has a word of its own.
    pub(super) fn new(property: &'p Property, old: &str, is_ranked: bool) -> Option<Self> {
        let list_name = property.by_case?;
        Some(Self {
            property,
            list_name,
            held: format!("{old}.`{}`", property.name),
            list: format!("{old}.`{list_name}`"),
            cases: format!("{old}.`{CASES}`"),
            is_ranked,
        })
    }

    /// Whether the item of [`Self::pushed`] writes the property, and not only its list.
    pub(super) fn is_written(&self) -> bool {
        !self.is_ranked
    }

    /// The map of what is written when the case in `$cases` is pushed with `new`.
    pub(super) fn pushed(&self, new: &str) -> String {
        let given = format!("{new}.`{}`", self.property.name);
        let cases = union(&self.cases, "$cases");
        let (held, list) = (&self.held, &self.list);
        if self.property.kind == ValueKind::Boolean {
            let says = format!(
                "CASE WHEN c = $cases[0] THEN coalesce({given}, false) ELSE coalesce(c IN {list}, {held}, false) END"
            );
            return self.flags(&cases, &says, &format!("coalesce({given}, {held})"));
        }
        let words = format!(
            "[c IN cases | CASE WHEN c = $cases[0] THEN {} WHEN {list} IS NULL THEN {} ELSE {} END]",
            self.word(&given),
            self.word(held),
            self.entries()
        );
        let merged = match self.property.merge {
            // What leaves it out removes it.
            Merge::Last => given,
            Merge::First => format!("coalesce({given}, {})", self.kept()),
            _ => self.merged(),
        };
        self.words(&cases, &words, &merged, "size(cases) = 1")
    }

    /// The map of what is written when `$case` is taken out.
    pub(super) fn pruned(&self) -> String {
        let (held, list) = (&self.held, &self.list);
        let cases = format!("[c IN {} WHERE c <> $case]", self.cases);
        let left = if self.property.kind == ValueKind::Boolean {
            self.flags(&cases, &format!("c IN {list}"), held)
        } else {
            let words = format!("[c IN cases | {}]", self.entries());
            let merged = match self.property.merge {
                Merge::First | Merge::Last => self.kept(),
                _ => self.merged(),
            };
            let is_said = format!("size(cases) = 1 AND words[0] = {}", self.word(held));
            self.words(&cases, &words, &merged, &is_said)
        };
        format!("CASE WHEN {list} IS NULL THEN {{}} ELSE {left} END")
    }

    /// For flags: the cases for which `says` holds. `known` is null when nobody knows.
    fn flags(&self, cases: &str, says: &str, known: &str) -> String {
        let (name, list) = (self.property.name, self.list_name);
        format!(
            "head([cases IN [{cases}] | head([said IN [[c IN cases WHERE {says}]] | {{\
             `{name}`: size(said) > 0 OR CASE WHEN {known} IS NOT NULL THEN false END, \
             `{list}`: CASE WHEN NOT size(said) IN [0, size(cases)] THEN said END}}])])"
        )
    }

    /// For other values: the `words` of the cases. Of a ranked edge the list stays until `is_said`, that the property
    /// itself says the word of the only case.
    fn words(&self, cases: &str, words: &str, merged: &str, is_said: &str) -> String {
        let (name, list) = (self.property.name, self.list_name);
        let all = format!(
            "reduce(l = [], i IN range(0, size(cases) - 1) | l + [w IN words[i] | cases[i] + {SLASH} + w])"
        );
        let (written, is_said) = match self.is_ranked {
            true => (String::new(), is_said),
            false => (
                format!("`{name}`: {merged}, "),
                "all(w IN words WHERE w = words[0])",
            ),
        };
        format!(
            "head([cases IN [{cases}] | head([words IN [{words}] | {{\
             {written}`{list}`: CASE WHEN NOT ({is_said}) THEN {all} END}}])])"
        )
    }

    /// The word of a case `c`, from the list.
    fn entries(&self) -> String {
        format!(
            "[e IN {} WHERE e STARTS WITH c + {SLASH} | substring(e, size(c) + 1)]",
            self.list
        )
    }

    /// The word that a value is.
    fn word(&self, value: &str) -> String {
        match self.property.kind {
            ValueKind::Set | ValueKind::Sequence => format!("coalesce({value}, [])"),
            ValueKind::Text => format!("[v IN [{value}] WHERE v IS NOT NULL]"),
            ValueKind::Time | ValueKind::Integer | ValueKind::Number | ValueKind::Boolean => {
                format!("[v IN [{value}] WHERE v IS NOT NULL | toString(v)]")
            }
        }
    }

    /// The value of a word.
    fn value(&self, word: &str) -> String {
        match self.property.kind {
            ValueKind::Set | ValueKind::Sequence => {
                format!("head([w IN [{word}] WHERE size(w) > 0])")
            }
            ValueKind::Text => format!("head({word})"),
            ValueKind::Time => format!("datetime(head({word}))"),
            ValueKind::Integer => format!("toInteger(head({word}))"),
            ValueKind::Number => format!("toFloat(head({word}))"),
            ValueKind::Boolean => format!("toBoolean(head({word}))"),
        }
    }

    /// The value that is held, as long as a case still says it; else that of the newest case with a word.
    fn kept(&self) -> String {
        let word = self.word(&self.held);
        let newest = "last([w IN words WHERE size(w) > 0])";
        format!(
            "CASE WHEN {word} IN words THEN {} ELSE {} END",
            self.held,
            self.value(newest)
        )
    }

    /// The value that all words together make.
    fn merged(&self) -> String {
        match self.property.merge {
            Merge::Sum => "reduce(most = null, w IN words | CASE WHEN toInteger(head(w)) <= most THEN most \
                           ELSE coalesce(toInteger(head(w)), most) END)"
                .to_owned(),
            _ => self.value(
                "reduce(l = [], x IN reduce(all = [], w IN words | all + w) | CASE WHEN x IN l THEN l \
                 ELSE [z IN l WHERE z < x] + x + [z IN l WHERE z > x] END)",
            ),
        }
    }
}
