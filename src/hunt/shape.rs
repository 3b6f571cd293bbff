//! Finds in the tokens of a statement what it reads, what it returns, and what a hunt must not do.

use std::collections::{BTreeMap, BTreeSet};

use super::cypher::{Token, TokenKind, Unreadable, tokens};
use super::read_only::{self, Forbidden};

/// A name and the line where it occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameAt {
    pub(super) name: String,
    pub(super) line: usize,
}

/// A property that is read, as `owner.name` or `(owner:Label {name: …})`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PropertyRead {
    /// The variable, if the owner is one.
    pub(super) owner: Option<String>,
    /// The labels or types in the same pattern.
    pub(super) labels: Vec<String>,
    pub(super) property: NameAt,
}

/// What a statement reads and returns.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The parameters, in the order of their first use.
    pub(super) parameters: Vec<NameAt>,
    /// The labels of nodes.
    pub(super) labels: Vec<NameAt>,
    /// The types of edges.
    pub(super) types: Vec<NameAt>,
    /// The labels and types of each variable.
    pub(super) variables: BTreeMap<String, BTreeSet<String>>,
    /// The properties of nodes and edges.
    pub(super) reads: Vec<PropertyRead>,
    /// The keys of maps that the statement creates.
    pub(super) own_keys: BTreeSet<String>,
    /// What does more than read the graph.
    pub(super) forbidden: Vec<Forbidden>,
    /// The last RETURN outside of every subquery.
    pub(super) returns: Option<Returns>,
    /// The line of a UNION outside of every subquery.
    pub(super) union: Option<usize>,
}

/// The RETURN clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Returns {
    pub(super) line: usize,
    /// The names of the columns; `None` for `RETURN *`.
    pub(super) columns: Option<Vec<String>>,
    /// The keys of its ORDER BY that are plain names.
    pub(super) ordered_by: Vec<String>,
    /// Whether it has an ORDER BY.
    pub(super) ordered: bool,
}

/// Keywords before a parenthesis that opens a pattern or a group. After any other word it opens the arguments of a
/// function.
const BEFORE_GROUP: &[&str] = &[
    "AND", "BY", "CALL", "CASE", "CONTAINS", "ELSE", "ENDS", "IN", "IS", "LIMIT", "MATCH", "NOT",
    "OR", "RETURN", "SKIP", "STARTS", "THEN", "UNION", "UNWIND", "WHEN", "WHERE", "WITH", "XOR",
    "ALL",
];

/// Keywords before a brace that opens a subquery.
const BEFORE_SUBQUERY: &[&str] = &["CALL", "COLLECT", "COUNT", "EXISTS"];

/// What is inside an open bracket.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bracket {
    /// `(n:Label`, or a group in an expression.
    Node(PatternElement),
    /// `-[r:TYPE`.
    Edge(PatternElement),
    /// Properties of a pattern, `{name: …`.
    Properties(PatternElement),
    /// A map that the statement creates, or a map projection.
    Map,
    /// A subquery, the arguments of a function, a list.
    Other,
}

/// A node or edge of a pattern: its variable and its labels or types, as far as they have been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PatternElement {
    variable: Option<String>,
    labels: Vec<String>,
}

impl Shape {
    /// Reads the shape of a statement; an error when it cannot be cut into tokens.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let tokens = tokens(text)?;
        let mut builder = ShapeBuilder {
            tokens: &tokens,
            open: Vec::new(),
            shape: Self::default(),
        };
        builder.build();
        let mut shape = builder.shape;
        shape.forbidden = read_only::find(text, &tokens);
        shape.find_return(text, &tokens);
        Ok(shape)
    }

    fn find_return(&mut self, text: &str, tokens: &[Token]) {
        let outer = outermost(tokens);
        let Some(start) = outer.iter().rposition(|at| tokens[*at].is_word("RETURN")) else {
            return;
        };
        self.union = outer
            .iter()
            .find(|at| tokens[**at].is_word("UNION"))
            .map(|at| tokens[*at].line);
        let (at, outer) = (outer[start], &outer[start + 1..]);
        let is_name = |at: usize| tokens[at - 1].is_word("AS") || tokens[at - 1].is_sign('.');
        let begins = |at: usize, words: &[&str]| {
            let is_keyword = words.iter().any(|word| tokens[at].is_word(word));
            tokens[at].is_sign(';') || (is_keyword && !is_name(at))
        };
        let clause = |words: &[&str]| {
            let found = outer.iter().find(|at| begins(**at, words));
            found.copied().unwrap_or(tokens.len())
        };
        let distinct = tokens.get(at + 1).is_some_and(|t| t.is_word("DISTINCT"));
        let first = at + 1 + usize::from(distinct);
        let items_end = clause(&["ORDER", "SKIP", "OFFSET", "LIMIT"]);
        let order = clause(&["ORDER"]);
        let order_end = clause(&["SKIP", "OFFSET", "LIMIT"]);
        let items = split(tokens, first, items_end);
        let star = items
            .iter()
            .any(|item| matches!(item, [only] if only.is_sign('*')));
        self.returns = Some(Returns {
            line: tokens[at].line,
            columns: (!star).then(|| items.iter().map(|item| column(text, item)).collect()),
            ordered: tokens
                .get(order)
                .is_some_and(|token| token.is_word("ORDER")),
            ordered_by: split(tokens, (order + 2).min(order_end), order_end)
                .into_iter()
                .filter_map(sort_key)
                .collect(),
        });
    }
}

/// The positions of the tokens outside of all brackets.
fn outermost(tokens: &[Token]) -> Vec<usize> {
    let mut depth = 0usize;
    let mut outer = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Sign('(' | '[' | '{') => depth += 1,
            TokenKind::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ if depth == 0 => outer.push(at),
            _ => {}
        }
    }
    outer
}

/// The parts between the commas outside of all brackets.
fn split(tokens: &[Token], start: usize, end: usize) -> Vec<&[Token]> {
    let tokens = tokens.get(start..end).unwrap_or_default();
    let mut parts = Vec::new();
    let mut from = 0;
    for at in outermost(tokens) {
        if tokens[at].is_sign(',') {
            parts.push(&tokens[from..at]);
            from = at + 1;
        }
    }
    parts.push(&tokens[from..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// The name of a column: its alias, or the expression as it is written.
fn column(text: &str, item: &[Token]) -> String {
    match item {
        [.., alias, name] if alias.is_word("AS") => name.name().unwrap_or_default().to_owned(),
        [only] if only.name().is_some() => only.name().unwrap_or_default().to_owned(),
        [first, .., last] => text[first.span.start..last.span.end].to_owned(),
        [only] => text[only.span.clone()].to_owned(),
        [] => String::new(),
    }
}

fn sort_key(item: &[Token]) -> Option<String> {
    let direction = |token: &Token| {
        ["ASC", "ASCENDING", "DESC", "DESCENDING"]
            .iter()
            .any(|word| token.is_word(word))
    };
    match item {
        [only] => only.name().map(str::to_owned),
        [only, last] if direction(last) => only.name().map(str::to_owned),
        _ => None,
    }
}

struct ShapeBuilder<'a> {
    tokens: &'a [Token],
    open: Vec<Bracket>,
    shape: Shape,
}

impl ShapeBuilder<'_> {
    fn build(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            at = self.token(at);
        }
    }

    fn before(&self, at: usize, back: usize) -> Option<&Token> {
        self.tokens.get(at.checked_sub(back)?)
    }

    /// Reads the token at `at`, and returns the position of the next one to read.
    fn token(&mut self, at: usize) -> usize {
        let token = &self.tokens[at];
        match &token.kind {
            TokenKind::Parameter(name)
                if !self.shape.parameters.iter().any(|p| p.name == *name) =>
            {
                self.shape.parameters.push(NameAt {
                    name: name.clone(),
                    line: token.line,
                });
            }
            TokenKind::Sign('(' | '[' | '{') => {
                let inside = self.opened(at);
                self.open.push(inside);
            }
            TokenKind::Sign(')' | ']' | '}') => {
                self.open.pop();
            }
            TokenKind::Sign(':') => return self.colon(at),
            TokenKind::Sign('.') => self.dot(at),
            _ => {}
        }
        at + 1
    }

    fn opened(&self, at: usize) -> Bracket {
        let before = self.before(at, 1);
        let before_is = |words: &[&str]| {
            before.is_some_and(|token| words.iter().any(|word| token.is_word(word)))
        };
        match self.tokens[at].kind {
            TokenKind::Sign('(') => {
                let is_call = before.and_then(Token::name).is_some() && !before_is(BEFORE_GROUP);
                if is_call {
                    Bracket::Other
                } else {
                    Bracket::Node(self.pattern_element(at))
                }
            }
            TokenKind::Sign('[') if before.is_some_and(|token| token.is_sign('-')) => {
                Bracket::Edge(self.pattern_element(at))
            }
            TokenKind::Sign('{') if before_is(BEFORE_SUBQUERY) || self.scoped_call(at) => {
                Bracket::Other
            }
            TokenKind::Sign('{') => match self.open.last() {
                Some(Bracket::Node(element) | Bracket::Edge(element))
                    if before.is_some_and(|t| {
                        t.name().is_some() || t.is_sign('(') || t.is_sign('[')
                    }) =>
                {
                    Bracket::Properties(element.clone())
                }
                _ => Bracket::Map,
            },
            _ => Bracket::Other,
        }
    }

    /// The pattern element that an opening bracket starts, with its variable.
    fn pattern_element(&self, at: usize) -> PatternElement {
        PatternElement {
            variable: self
                .tokens
                .get(at + 1)
                .and_then(Token::name)
                .map(str::to_owned),
            labels: Vec::new(),
        }
    }

    /// Whether the brace belongs to `CALL (…) {`.
    fn scoped_call(&self, at: usize) -> bool {
        let mut back = 1;
        if !self
            .before(at, back)
            .is_some_and(|token| token.is_sign(')'))
        {
            return false;
        }
        while let Some(token) = self.before(at, back) {
            if token.is_sign('(') {
                return self
                    .before(at, back + 1)
                    .is_some_and(|token| token.is_word("CALL"));
            }
            back += 1;
        }
        false
    }

    /// A colon comes before labels or types, or after the key of a map.
    fn colon(&mut self, at: usize) -> usize {
        let key = self.before(at, 1).and_then(Token::name).map(str::to_owned);
        let starts_item = self
            .before(at, 2)
            .is_some_and(|t| t.is_sign('{') || t.is_sign(','));
        match (self.open.last(), key) {
            (Some(Bracket::Map), Some(key)) if starts_item => {
                self.shape.own_keys.insert(key);
                at + 1
            }
            (Some(Bracket::Properties(element)), Some(key)) if starts_item => {
                let read = PropertyRead {
                    owner: element.variable.clone(),
                    labels: element.labels.clone(),
                    property: NameAt {
                        name: key,
                        line: self.tokens[at].line,
                    },
                };
                self.shape.reads.push(read);
                at + 1
            }
            (_, variable) => self.labels(at + 1, variable),
        }
    }

    /// Reads labels such as `A|B&!C` from `at` on, and returns the position after them.
    fn labels(&mut self, mut at: usize, variable: Option<String>) -> usize {
        // In the list comprehension `[x IN list WHERE x:Label | …]` the bar ends the label.
        let bars = !matches!(self.open.last(), Some(Bracket::Other) | None);
        let is_type = matches!(self.open.last(), Some(Bracket::Edge(_)));
        while let Some(token) = self.tokens.get(at) {
            match &token.kind {
                TokenKind::Sign('!' | '%' | '&' | ':') => {}
                TokenKind::Sign('|') if bars => {}
                TokenKind::Word(name) | TokenKind::Quoted(name) => {
                    let joined = self
                        .before(at, 1)
                        .is_some_and(|t| [':', '|', '&', '!'].iter().any(|sign| t.is_sign(*sign)));
                    if !joined {
                        break;
                    }
                    let (name, line) = (name.clone(), token.line);
                    self.label(name, line, is_type, variable.as_deref());
                }
                _ => break,
            }
            at += 1;
        }
        at
    }

    fn label(&mut self, name: String, line: usize, is_type: bool, variable: Option<&str>) {
        if let Some(Bracket::Node(element) | Bracket::Edge(element)) = self.open.last_mut() {
            element.labels.push(name.clone());
        }
        if let Some(variable) = variable {
            self.shape
                .variables
                .entry(variable.to_owned())
                .or_default()
                .insert(name.clone());
        }
        let named = NameAt { name, line };
        if is_type {
            self.shape.types.push(named);
        } else {
            self.shape.labels.push(named);
        }
    }

    /// Reads `owner.property`, but not `namespace.function(`.
    fn dot(&mut self, at: usize) {
        let Some(property) = self.tokens.get(at + 1).and_then(Token::name) else {
            return;
        };
        let before = self.before(at, 1);
        if matches!(
            before.map(|token| &token.kind),
            Some(TokenKind::Parameter(_))
        ) {
            return;
        }
        let owner = before.and_then(Token::name).map(str::to_owned);
        if self.is_called(at) {
            return;
        }
        let read = PropertyRead {
            owner,
            labels: Vec::new(),
            property: NameAt {
                name: property.to_owned(),
                line: self.tokens[at].line,
            },
        };
        self.shape.reads.push(read);
    }

    /// Whether a dotted name that goes on at `at` is followed by the arguments of a function.
    fn is_called(&self, mut at: usize) -> bool {
        while self.tokens.get(at).is_some_and(|token| token.is_sign('.')) {
            at += 2;
        }
        self.tokens.get(at).is_some_and(|token| token.is_sign('('))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Shape {
        Shape::parse(text).unwrap()
    }

    fn names(of: &[NameAt]) -> Vec<&str> {
        of.iter().map(|named| named.name.as_str()).collect()
    }

    fn reads(text: &str) -> Vec<(Option<String>, String)> {
        shape(text)
            .reads
            .into_iter()
            .map(|read| (read.owner, read.property.name))
            .collect()
    }

    #[test]
    fn labels_types_and_their_variables() {
        let shape = shape(
            "MATCH (u:Url {risky: true})<-[c:CONTAINS|ON_DOMAIN]-(:Message)-[:POSTED_IN]->(p:Channel|Chat)\n\
             WHERE p:Chat OR (u:!Domain) AND all(x IN [u] WHERE x:Team)",
        );
        let labels = [
            "Url", "Message", "Channel", "Chat", "Chat", "Domain", "Team",
        ];
        assert_eq!(names(&shape.labels), labels);
        assert_eq!(names(&shape.types), ["CONTAINS", "ON_DOMAIN", "POSTED_IN"]);
        assert_eq!(
            shape.variables["p"],
            ["Channel", "Chat"].map(str::to_owned).into()
        );
        assert_eq!(
            shape.variables["c"],
            ["CONTAINS", "ON_DOMAIN"].map(str::to_owned).into()
        );
    }

    #[test]
    fn properties_of_patterns_and_variables_but_no_functions() {
        let owned = |owner: &str, name: &str| (Some(owner.to_owned()), name.to_owned());
        assert_eq!(
            reads(
                "MATCH (u:Url {risky: true, id: $a.b}) WHERE datetime.truncate('day', u.first_seen) \
                 RETURN u.host, {own: 1}.own, [1..2], COLLECT { MATCH (v) RETURN v.upn }"
            ),
            [
                owned("u", "risky"),
                owned("u", "id"),
                owned("u", "first_seen"),
                owned("u", "host"),
                (None, "own".to_owned()),
                owned("v", "upn"),
            ]
        );
        assert!(shape("RETURN {own: 1} AS m").own_keys.contains("own"));
    }

    #[test]
    fn columns_and_order_of_the_last_return() {
        let returns = |text: &str| shape(text).returns.unwrap();
        let found = returns(
            "CALL () { MATCH (a) RETURN a AS no ORDER BY no }\nRETURN DISTINCT a.id, count(*) AS n, b, [1, 2] AS l\n\
             ORDER BY n DESC, coalesce(b, 1), b LIMIT 3;",
        );
        assert_eq!(found.line, 2);
        assert_eq!(found.columns.unwrap(), ["a.id", "n", "b", "l"]);
        assert_eq!(found.ordered_by, ["n", "b"]);
        let found = returns("MATCH (a)\nRETURN (a).id, [1], a.limit, 1 AS order\nORDER BY order");
        assert_eq!(
            found.columns.unwrap(),
            ["(a).id", "[1]", "a.limit", "order"]
        );
        assert_eq!(
            (found.line, found.ordered_by),
            (2, vec!["order".to_owned()])
        );
        let found = returns("MATCH (a) RETURN *");
        assert_eq!((found.columns, found.ordered), (None, false));
        assert!(shape("MATCH (a)").returns.is_none());
        assert_eq!(shape("RETURN 1 AS a\nUNION\nRETURN 2 AS a").union, Some(2));
        assert_eq!(
            shape("CALL () { RETURN 1 AS a UNION RETURN 2 AS a } RETURN a").union,
            None
        );
    }
}
