//! Finds where a statement reads what several cases say of a node or an edge as if only one had said it.
//!
//! What Neo4j keeps of a property that the schema declares with `by_case` is merged from all cases; its list says what
//! each of them says. With a case, a hunt must take the word of that case, in one of three forms:
//!
//! - a flag: `coalesce($case IN edge.flag_in, edge.flag)`;
//! - each value of a list: `[x IN edge.values WHERE coalesce($case + '/' + x IN edge.values_in, true)]`;
//! - any other value: `CASE WHEN $case IS NULL OR edge.value_in IS NULL THEN edge.value ELSE …`.
//!
//! A property without such a list may be read only if it is no word of a case, as [`SAME`] says.

use std::collections::BTreeSet;

use super::super::cypher::{Token, TokenKind};
use super::super::shape::Shape;
use crate::graph::schema::{COMMON, EDGES, Merge, NODES, Property, ValueKind};
use crate::hunt::CASE;

/// Names of people, which are the same whichever case knows them. Whether one is known at all is the word of a case.
const NAMES: [(&str, &str); 2] = [("User", "name"), ("User", "upn")];

/// What is no word of a case: what a thing is called and what its product says of it, what follows from an id, which
/// tenant a place belongs to, when something was sent or reported, and counts, of which the larger stands.
const SAME: &[(&str, &[&str])] = &[
    (
        "Alert",
        &[
            "name", "severity", "provider", "product", "time", "status", "tactics",
        ],
    ),
    ("Channel", &["name"]),
    ("Chat", &["kind", "topic", "owned"]),
    ("Domain", &["suffix", "unicode"]),
    ("Host", &["name", "os"]),
    (
        "Message",
        &[
            "created",
            "subject",
            "importance",
            "preview",
            "web_url",
            "owned",
        ],
    ),
    ("Team", &["name"]),
    ("Url", &["scheme", "host", "path", "defanged", "lookalike"]),
    ("User", &["mail"]),
    ("CONNECTED_TO", &["count"]),
    ("POSTED_IN", &["at"]),
    ("RECEIVED", &["at"]),
    ("REPLY_TO", &["at"]),
    ("REPORTED", &["at"]),
    ("SENT", &["at"]),
    ("USED", &["count"]),
    ("WARNED_ABOUT", &["count"]),
];

/// Labels and types of what only one case holds.
const OF_ONE_CASE: [&str; 3] = ["Case", "STARTED_FROM", "Verdict"];

/// Looks at single tokens.
pub(super) struct Words<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) shape: &'a Shape,
}

impl Words<'_> {
    /// What is wrong with a property that is read at this token.
    pub(super) fn careless(&self, at: usize) -> Option<String> {
        let name = self.name(at)?;
        let (owner, in_pattern) = self.owner(at)?;
        let labels = owner.and_then(|owner| self.shape.variables.get(owner));
        let Some(labels) = labels else {
            // A map that the statement makes has keys of its own.
            let declared =
                all().find(|(_, property)| property.name == name && property.by_case.is_some());
            let (_, property) = declared.filter(|_| !self.shape.own_keys.contains(name))?;
            return Some(advice(owner.unwrap_or("it"), property));
        };
        let found = properties(labels, name);
        let Some(property) = found.iter().find(|(_, p)| p.by_case.is_some()) else {
            let (label, property) = found.into_iter().find(|(label, p)| !is_same(label, p))?;
            return Some(format!(
                "the `{}` of a `{label}` is merged from all cases: declare it with `by_case` in the schema, or say in \
                 the lint rule why it is no word of a case",
                property.name
            ));
        };
        let (label, property) = *property;
        let owner = owner?;
        let list = property.by_case?;
        let asked = match in_pattern {
            // The pattern finds more; the flag itself is asked after it.
            true => (at + 1..self.tokens.len()).any(|at| self.is_asked(owner, property, list, at)),
            false if self.is_asked(owner, property, list, at) => true,
            false if self.is_tested(at) => {
                self.finds_more(label, property)
                    && (at + 1..self.tokens.len())
                        .any(|at| self.is_asked(owner, property, list, at))
            }
            false => NAMES.contains(&(label, property.name)),
        };
        (!asked).then(|| advice(owner, property))
    }

    /// The variable whose property this token names, and whether it stands in a pattern.
    fn owner(&self, at: usize) -> Option<(Option<&str>, bool)> {
        let before = at.checked_sub(1)?;
        if self.is(before, '.') {
            if self.is(at + 1, '(') || self.is(at + 1, '.') {
                return None;
            }
            return Some((self.name(at.checked_sub(2)?), false));
        }
        let opens = self.is(before, '{') || self.is(before, ',');
        if !opens || !self.is(at + 1, ':') {
            return None;
        }
        let brace = (0..at).rev().find(|at| self.is(*at, '{'))?;
        // `(node:Label {` or `[edge:TYPE {`; after anything else a map begins.
        let open = (0..brace)
            .rev()
            .take_while(|at| self.name(*at).is_some() || "|:([".chars().any(|c| self.is(*at, c)))
            .find(|at| self.is(*at, '(') || self.is(*at, '['))?;
        let labelled = (open..brace).any(|at| self.is(at, ':'));
        labelled.then(|| (self.name(open + 1), true))
    }

    /// True where the value is asked of the case in one of the three forms.
    fn is_asked(&self, owner: &str, property: &Property, list: &str, at: usize) -> bool {
        if self.name(at) != Some(property.name)
            || at < 2
            || !self.is(at - 1, '.')
            || self.name(at - 2) != Some(owner)
        {
            return false;
        }
        if property.kind == ValueKind::Boolean {
            return self.ends(at - 2, &["$case", "IN", owner, ".", list, ","]);
        }
        let wrapped = self.ends(at - 2, &["coalesce", "("]);
        let start = if wrapped { at - 4 } else { at - 2 };
        let whole = [
            "CASE", "WHEN", "$case", "IS", "NULL", "OR", owner, ".", list, "IS", "NULL", "THEN",
        ];
        if self.ends(start, &whole) {
            return true;
        }
        let variable = start.checked_sub(2).and_then(|at| self.name(at));
        let each = [
            "WHERE",
            "coalesce",
            "(",
            "$case",
            "+",
            "''",
            "+",
            variable.unwrap_or_default(),
            "IN",
            owner,
            ".",
            list,
            ",",
            "true",
            ")",
        ];
        let after = if wrapped { at + 5 } else { at + 1 };
        property.kind == ValueKind::Set
            && is_whole(property)
            && variable.is_some()
            && self.begins(after, &each)
    }

    /// True where only the presence of the value is asked for.
    fn is_tested(&self, at: usize) -> bool {
        self.begins(at + 1, &["IS"])
    }

    /// True when the merged value is there as soon as any case has one, so that an index may be asked for it first.
    fn finds_more(&self, label: &str, property: &Property) -> bool {
        let is_name = NAMES.contains(&(label, property.name));
        !is_name && matches!(property.merge, Merge::First | Merge::Union | Merge::Any)
    }

    /// True when these tokens stand right before a position.
    fn ends(&self, end: usize, words: &[&str]) -> bool {
        end.checked_sub(words.len())
            .is_some_and(|start| self.begins(start, words))
    }

    /// True when these tokens stand from a position on; `''` is any text.
    fn begins(&self, start: usize, words: &[&str]) -> bool {
        let is = |(at, word): (usize, &&str)| {
            self.tokens
                .get(start + at)
                .is_some_and(|token| match &token.kind {
                    TokenKind::Parameter(name) => {
                        word.strip_prefix('$') == Some(name.as_str()) && name == CASE
                    }
                    TokenKind::Text => *word == "''",
                    TokenKind::Sign(sign) => word.chars().eq([*sign]),
                    _ => token.name() == Some(*word) || token.is_word(word),
                })
        };
        words.iter().enumerate().all(is)
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.name()
    }

    fn is(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_sign(sign))
    }
}

/// Every property with its label or type.
fn all() -> impl Iterator<Item = (&'static str, &'static Property)> {
    let nodes = NODES
        .iter()
        .flat_map(|spec| spec.properties.iter().map(|p| (spec.label.as_str(), p)));
    let edges = EDGES
        .iter()
        .flat_map(|spec| spec.properties.iter().map(|p| (spec.kind.as_str(), p)));
    nodes.chain(edges)
}

/// The properties of this name that these labels and types have.
fn properties(labels: &BTreeSet<String>, name: &str) -> Vec<(&'static str, &'static Property)> {
    all()
        .filter(|(label, property)| labels.contains(*label) && property.name == name)
        .collect()
}

/// True for what is the same in every case, and for what other rules look after.
fn is_same(label: &str, property: &Property) -> bool {
    let others = matches!(
        property.merge,
        Merge::CasesWith(_) | Merge::InAnyOf(_) | Merge::OfVerdicts
    );
    let listed = SAME
        .iter()
        .any(|(of, names)| *of == label && names.contains(&property.name));
    let common = COMMON.iter().any(|common| common.name == property.name);
    others || listed || common || OF_ONE_CASE.contains(&label)
}

/// True when the merged list holds the values of all cases. That of an edge which outranked another lacks what that one
/// said.
fn is_whole(property: &Property) -> bool {
    let ranked = EDGES.iter().filter(|spec| spec.outranking().is_some());
    !ranked
        .flat_map(|spec| spec.properties)
        .any(|one| one.by_case.is_some() && one.by_case == property.by_case)
}

/// What to write instead.
fn advice(owner: &str, property: &Property) -> String {
    let (name, list) = (property.name, property.by_case.unwrap_or_default());
    let instead = match property.kind {
        ValueKind::Boolean => format!("coalesce($case IN {owner}.{list}, {owner}.{name})"),
        ValueKind::Set if is_whole(property) => {
            format!("[x IN {owner}.{name} WHERE coalesce($case + '/' + x IN {owner}.{list}, true)]")
        }
        _ => format!(
            "CASE WHEN $case IS NULL OR {owner}.{list} IS NULL THEN {owner}.{name} ELSE … END with the entry of that \
             case in `{list}`"
        ),
    };
    format!("write {instead}: without it the value is that of any case")
}
