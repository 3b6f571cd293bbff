//! Finds where a statement reads what cases say of a node without asking which case.
//!
//! A flag is read as `coalesce($case IN url.risky_in, url.risky)`: the word of the case that is asked about, and without
//! one that of any. Other properties that cases merge are looked after in `word.rs`. The severity of a url is that of all cases, so that it is read where no case is given alone; with one it
//! follows from that case's verdicts.

use super::super::cypher::{Token, TokenKind, Unreadable, tokens};
use super::super::shape::Shape;
use super::word::Words;
use crate::graph::Label;
use crate::hunt::CASE;

/// The flags that say `risky_in` which cases they are of.
const FLAGS: [&str; 2] = ["risky", "risky_sender"];

/// A place where no case is asked for, and what to write there.
pub(super) struct Careless {
    pub(super) line: usize,
    pub(super) message: String,
}

/// Every such place in a statement.
///
/// # Errors
/// When it cannot be cut into tokens.
pub(super) fn careless(statement: &str, shape: &Shape) -> Result<Vec<Careless>, Unreadable> {
    let tokens = tokens(statement)?;
    let reader = Reader {
        tokens: &tokens,
        shape,
    };
    let words = Words {
        tokens: &tokens,
        shape,
    };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let message = reader
            .flag(at)
            .or_else(|| reader.rating(at))
            .or_else(|| reader.verdict(at))
            .or_else(|| words.careless(at));
        found.extend(message.map(|message| Careless {
            line: token.line,
            message,
        }));
    }
    Ok(found)
}

struct Reader<'a> {
    tokens: &'a [Token],
    shape: &'a Shape,
}

impl Reader<'_> {
    /// What is wrong with a flag that is read here.
    fn flag(&self, at: usize) -> Option<String> {
        let flag = self.name(at).filter(|name| FLAGS.contains(name))?;
        let wanted = |owner: &str| {
            format!(
                "write coalesce($case IN {owner}.risky_in, {owner}.{flag}): without it the flag is that of any case"
            )
        };
        if self.is(at.checked_sub(1)?, '.') {
            let owner = self.name(at.checked_sub(2)?)?;
            return (!self.asks_for_case(owner, at)).then(|| wanted(owner));
        }
        // In a pattern, `(url:Url {risky: true})`.
        if !self.is(at + 1, ':') || !(self.is(at - 1, '{') || self.is(at - 1, ',')) {
            return None;
        }
        let open = (0..at).rev().find(|at| self.is(*at, '('))?;
        let Some(owner) = self.name(open + 1) else {
            return Some(format!(
                "name the node, and beside the pattern {}",
                wanted("it")
            ));
        };
        let next = |is: &dyn Fn(usize) -> bool| (at + 1..self.tokens.len()).find(|at| is(*at));
        let asked = next(&|at| self.is_flag_of(owner, flag, at));
        let pattern = next(&|at| self.is_pattern_of(owner, flag, at));
        let answered = asked.is_some_and(|asked| pattern.is_none_or(|pattern| asked < pattern));
        (!answered).then(|| format!("beside the pattern, {}", wanted(owner)))
    }

    /// True where the flag stands in a pattern of this variable.
    fn is_pattern_of(&self, owner: &str, flag: &str, at: usize) -> bool {
        let open = || (0..at).rev().find(|at| self.is(*at, '('));
        self.name(at) == Some(flag)
            && self.is(at + 1, ':')
            && open().is_some_and(|open| self.name(open + 1) == Some(owner))
    }

    /// True where `…, owner.flag` ends such a question.
    fn is_flag_of(&self, owner: &str, flag: &str, at: usize) -> bool {
        self.name(at) == Some(flag)
            && at > 2
            && self.is(at - 1, '.')
            && self.name(at - 2) == Some(owner)
            && self.asks_for_case(owner, at)
    }

    /// True when `$case IN owner.risky_in, owner.` stands before the flag; in place of the parameter the id of a case can
    /// stand.
    fn asks_for_case(&self, owner: &str, at: usize) -> bool {
        let Some(start) = at.checked_sub(8) else {
            return false;
        };
        let case = match &self.tokens[start].kind {
            TokenKind::Parameter(name) => name == CASE,
            _ => self.name(start) == Some("id"),
        };
        let list = start + 1;
        case && self.tokens[list].is_word("IN")
            && self.name(list + 1) == Some(owner)
            && self.is(list + 2, '.')
            && self.name(list + 3) == Some("risky_in")
            && self.is(list + 4, ',')
            && self.name(list + 5) == Some(owner)
    }

    /// What is wrong with the severity of a url that is read here.
    fn rating(&self, at: usize) -> Option<String> {
        self.name(at).filter(|name| *name == "severity")?;
        let owner = self
            .name(at.checked_sub(2)?)
            .filter(|_| self.is(at - 1, '.'))?;
        let labels = self.shape.variables.get(owner)?;
        if !labels.contains(Label::Url.as_str()) {
            return None;
        }
        let before = at.checked_sub(7).map(|start| &self.tokens[start..at - 2]);
        let asked = before.is_some_and(|before| {
            matches!(&before[1].kind, TokenKind::Parameter(name) if name == CASE)
                && before[0].is_word("WHEN")
                && before[2].is_word("IS")
                && before[3].is_word("NULL")
                && before[4].is_word("THEN")
        });
        (!asked).then(|| {
            format!("write CASE WHEN $case IS NULL THEN {owner}.severity ELSE … END with the verdicts of that case: the severity is that of all cases")
        })
    }

    /// What is wrong with a verdict that is matched here.
    fn verdict(&self, at: usize) -> Option<String> {
        let label = self
            .name(at)
            .filter(|name| *name == Label::Verdict.as_str())?;
        if !self.is(at.checked_sub(1)?, ':') {
            return None;
        }
        let owner = self.name(at.checked_sub(2)?);
        let asked = owner.is_some_and(|owner| self.count(|at| self.is_case_of(owner, at)) > 0);
        let whole = self.count(|at| self.name(at) == Some("nodes") && self.is(at + 1, '(')) > 0;
        (!asked && !whole)
            .then(|| format!("a {label} belongs to a case: ask for `$case IN x.cases` of it"))
    }

    /// True where a condition on the cases of a variable stands: `IN owner.cases`, or the variable in `x IN [owner]`.
    fn is_case_of(&self, owner: &str, at: usize) -> bool {
        if self.name(at) != Some(owner) || at == 0 {
            return false;
        }
        let alone = self.tokens[at - 1].is_word("IN")
            && self.is(at + 1, '.')
            && self.name(at + 2) == Some("cases");
        let listed = || {
            let mut before = (0..at).rev().take_while(|at| {
                self.is(*at, ',') || self.is(*at, '[') || self.name(*at).is_some()
            });
            before.any(|at| {
                self.is(at, '[')
                    && at > 1
                    && self.tokens[at - 1].is_word("IN")
                    && self.name(at - 2) == Some("x")
            })
        };
        alone || listed()
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.name()
    }

    fn is(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_sign(sign))
    }

    fn count(&self, is: impl Fn(usize) -> bool) -> usize {
        (0..self.tokens.len()).filter(|at| is(*at)).count()
    }
}
