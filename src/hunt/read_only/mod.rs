//! Finds in a statement what does more than read the graph.
//!
//! Neo4j's read-only transactions refuse to write, and nothing else: a statement in one can load a file, send what it
//! read to any address, stop the transactions of others, and list users. Files with hunts are passed around, so
//! `hunt run` refuses such a statement before it is sent.
//!
//! A statement is refused in doubt. A keyword is taken for a clause wherever the grammar might allow one, since a name
//! in backticks is always clear. Procedures, functions of a namespace and the first word are compared with what is
//! allowed, not with what is known to do harm.

use super::cypher::{Place, Token, TokenKind};

/// A part of a statement that does more than read the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// What it is, as it is written in messages.
    pub what: String,
    /// The line of the file, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
}

/// Words of clauses that write, that reach outside of the graph, or that administer the server.
const CLAUSES: &[&str] = &[
    "ALTER",
    "CREATE",
    "DELETE",
    "DENY",
    "DETACH",
    "DROP",
    "FOREACH",
    "GRANT",
    "INSERT",
    "LOAD",
    "MERGE",
    "NODETACH",
    "REMOVE",
    "REVOKE",
    "SET",
    "SHOW",
    "TERMINATE",
    "TRANSACTIONS",
    "USE",
];

/// The first words of statements that read the graph. Those of administration, such as `START DATABASE`, cannot occur
/// elsewhere.
const FIRST_WORDS: &[&str] = &["CALL", "MATCH", "OPTIONAL", "RETURN", "UNWIND", "WITH"];

/// The procedures that a hunt may call.
const PROCEDURES: &[&str] = &[
    "db.labels",
    "db.propertyKeys",
    "db.relationshipTypes",
    "db.schema.nodeTypeProperties",
    "db.schema.relTypeProperties",
    "db.schema.visualization",
];

/// The namespaces of functions that are part of Cypher. Functions of plug-ins always have a namespace too, and some of
/// them send what they are given to a service.
const NAMESPACES: &[&str] = &[
    "date",
    "datetime",
    "duration",
    "localdatetime",
    "localtime",
    "point",
    "time",
    "vector",
];

/// What does more than read the graph, in the order of the text.
pub(super) fn find(text: &str, tokens: &[Token]) -> Vec<Forbidden> {
    let statement = Statement { tokens };
    let first = statement.first_word();
    let mut found = Vec::new();
    let mut report = |at: usize, what: String| {
        if let Some(token) = tokens.get(at) {
            let Place { line, column } = Place::of(text, token.span.start);
            found.push(Forbidden { what, line, column });
        }
    };
    for (at, token) in tokens.iter().enumerate() {
        if let Some(what) = statement.forbidden_at(at) {
            report(at, what);
        } else if at == first && !FIRST_WORDS.iter().any(|word| token.is_word(word)) {
            let word = text.get(token.span.clone()).unwrap_or_default();
            report(at, format!("a statement that begins with `{word}`"));
        }
    }
    found
}

struct Statement<'a> {
    tokens: &'a [Token],
}

impl Statement<'_> {
    /// The token that is `back` positions before `at`.
    fn before(&self, at: usize, back: usize) -> Option<&Token> {
        self.tokens.get(at.checked_sub(back)?)
    }

    /// The position of the first word after `EXPLAIN`, `PROFILE` and `CYPHER` with its options, which change how a
    /// statement runs, and not what it does.
    fn first_word(&self) -> usize {
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            if token.is_word("CYPHER") {
                at += 1;
                at += usize::from(self.kind(at) == Some(&TokenKind::Number));
                while self
                    .tokens
                    .get(at + 1)
                    .is_some_and(|next| next.is_sign('='))
                {
                    at += 3;
                }
            } else if token.is_word("EXPLAIN") || token.is_word("PROFILE") {
                at += 1;
            } else {
                break;
            }
        }
        at
    }

    fn kind(&self, at: usize) -> Option<&TokenKind> {
        self.tokens.get(at).map(|token| &token.kind)
    }

    fn forbidden_at(&self, at: usize) -> Option<String> {
        match self.kind(at)? {
            TokenKind::Word(word) if !self.is_name(at) => self.clause(at, word),
            TokenKind::Sign('(') => self.function(at),
            TokenKind::Sign(';') if at + 1 < self.tokens.len() => {
                Some("more than one statement".to_owned())
            }
            _ => None,
        }
    }

    /// Whether the word at `at` can only be a name, wherever a clause might begin.
    ///
    /// `AS` itself may be the name of a variable, as in `WITH 1 AS AS LOAD CSV …`. So a name after `AS` has to end the
    /// expression, which no clause does with its first word.
    fn is_name(&self, at: usize) -> bool {
        let before = self.before(at, 1);
        let after = self.tokens.get(at + 1);
        let property = before.is_some_and(|t| t.is_sign('.'))
            && self
                .before(at, 2)
                .is_some_and(|t| !matches!(t.kind, TokenKind::Number | TokenKind::Range));
        let label_or_value = before.is_some_and(|t| t.is_sign(':'));
        let key = after.is_some_and(|t| t.is_sign(':'));
        let alias = before.is_some_and(|t| t.is_word("AS"))
            && after.is_none_or(|t| [',', ')', '}', ';'].iter().any(|sign| t.is_sign(*sign)));
        property || label_or_value || key || alias
    }

    fn clause(&self, at: usize, word: &str) -> Option<String> {
        // A keyword has no other letters than those of ASCII. What becomes one in upper case is not worth a doubt.
        let word = word.to_uppercase();
        if word == "LOAD" {
            return Some("`LOAD CSV`".to_owned());
        }
        if word == "CALL" {
            return self.call(at);
        }
        CLAUSES
            .contains(&word.as_str())
            .then(|| format!("`{word}`"))
    }

    /// `CALL` of a procedure, unless it is allowed.
    fn call(&self, at: usize) -> Option<String> {
        let next = self.tokens.get(at + 1);
        if next.is_some_and(|token| token.is_sign('(') || token.is_sign('{')) {
            return None;
        }
        let mut name = String::new();
        let mut at = at + 1;
        while let Some(part) = self.tokens.get(at).and_then(Token::name) {
            name.push_str(part);
            if !self.tokens.get(at + 1).is_some_and(|t| t.is_sign('.')) {
                break;
            }
            name.push('.');
            at += 2;
        }
        (!PROCEDURES.contains(&name.as_str())).then(|| format!("`CALL {name}`"))
    }

    /// The function whose arguments begin at `at`, unless it is one of Cypher's own.
    fn function(&self, at: usize) -> Option<String> {
        let mut name = self.before(at, 1)?.name()?.to_owned();
        let mut back = 2;
        while self.before(at, back).is_some_and(|t| t.is_sign('.')) {
            let owner = self.before(at, back + 1).and_then(Token::name);
            name = format!("{}.{name}", owner.unwrap_or_default());
            back += 2;
        }
        // The name of a procedure has been looked at where its CALL is.
        let procedure = self.before(at, back).is_some_and(|t| t.is_word("CALL"));
        let (namespace, _) = name.split_once('.')?;
        let known = NAMESPACES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(namespace));
        (!procedure && !known).then(|| format!("the function `{name}`"))
    }
}

#[cfg(test)]
mod tests;
