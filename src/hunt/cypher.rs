//! A tokenizer for Cypher, with as much of the language as is needed to find what a hunt reads and returns.
//!
//! Only the server decides whether a statement is valid, see [`super::lint::verify`].

use std::ops::Range;

/// A word, sign or literal of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// The line of the file, counted from 1.
    pub(super) line: usize,
    /// The position in the text, in bytes.
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword or a name.
    Word(String),
    /// A name in backticks, without them.
    Quoted(String),
    /// A parameter, without its `$`.
    Parameter(String),
    /// A text literal.
    Text,
    /// A number.
    Number,
    /// The range operator `..`.
    Range,
    /// Any other character.
    Sign(char),
}

/// A literal, comment or quoted name without its end, and the line where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfinished {
    pub(super) what: &'static str,
    pub(super) line: usize,
}

impl Token {
    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == TokenKind::Sign(sign)
    }

    /// Whether it is this keyword. Cypher ignores the case of keywords.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(&self.kind, TokenKind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// The name of a variable, label, type, property or function. Which one it is depends on the context.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            TokenKind::Word(name) | TokenKind::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

/// The tokens of a statement, without comments and white space.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Unfinished> {
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
    };
    let mut tokens = Vec::new();
    while let Some(token) = scanner.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.take();
        }
    }

    /// Takes everything up to and including `end`; an error if it does not occur.
    fn take_past(&mut self, end: &str, what: &'static str) -> Result<(), Unfinished> {
        let line = self.line;
        let Some(length) = self.rest().find(end) else {
            return Err(Unfinished { what, line });
        };
        self.line += self.rest()[..length].matches('\n').count();
        self.at += length + end.len();
        Ok(())
    }

    fn skip_blank(&mut self) -> Result<(), Unfinished> {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest().starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if self.rest().starts_with("/*") {
                self.at += 2;
                self.take_past("*/", "comment")?;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Option<Token>, Unfinished> {
        self.skip_blank()?;
        let (line, start) = (self.line, self.at);
        let Some(first) = self.take() else {
            return Ok(None);
        };
        let kind = match first {
            '\'' | '"' => {
                self.text_literal(first, line)?;
                TokenKind::Text
            }
            '`' => TokenKind::Quoted(self.quoted_name()?),
            '$' if self.peek() == Some('`') => {
                self.take();
                TokenKind::Parameter(self.quoted_name()?)
            }
            '$' => {
                self.take_while(in_name);
                TokenKind::Parameter(self.text[start + 1..self.at].to_owned())
            }
            '.' if self.peek() == Some('.') => {
                self.take();
                TokenKind::Range
            }
            c if c.is_ascii_digit() => {
                self.number();
                TokenKind::Number
            }
            c if c.is_alphabetic() || c == '_' => {
                self.take_while(in_name);
                TokenKind::Word(self.text[start..self.at].to_owned())
            }
            c => TokenKind::Sign(c),
        };
        Ok(Some(Token {
            kind,
            line,
            span: start..self.at,
        }))
    }

    fn text_literal(&mut self, quote: char, line: usize) -> Result<(), Unfinished> {
        while let Some(c) = self.take() {
            match c {
                '\\' => {
                    self.take();
                }
                c if c == quote => return Ok(()),
                _ => {}
            }
        }
        Err(Unfinished { what: "text", line })
    }

    /// The rest of a name in backticks. Two backticks in it stand for one.
    fn quoted_name(&mut self) -> Result<String, Unfinished> {
        let mut name = String::new();
        loop {
            let start = self.at;
            self.take_past("`", "name in backticks")?;
            name.push_str(&self.text[start..self.at - 1]);
            if self.peek() != Some('`') {
                return Ok(name);
            }
            self.take();
            name.push('`');
        }
    }

    /// The rest of a number. `1..5` is a range, so its dots do not belong to the number.
    fn number(&mut self) {
        self.take_while(in_name);
        let mut after = self.rest().chars();
        if after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit()) {
            self.take();
            self.take_while(in_name);
        }
    }
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokens(text).unwrap().into_iter().map(|t| t.kind).collect()
    }

    fn word(text: &str) -> TokenKind {
        TokenKind::Word(text.to_owned())
    }

    #[test]
    fn words_signs_and_literals() {
        assert_eq!(
            kinds("RETURN u.id + $case, 'it\\'s' /* no */ // none\n, 1.5, [1..5], `a``b`, $`c d`"),
            [
                word("RETURN"),
                word("u"),
                TokenKind::Sign('.'),
                word("id"),
                TokenKind::Sign('+'),
                TokenKind::Parameter("case".to_owned()),
                TokenKind::Sign(','),
                TokenKind::Text,
                TokenKind::Sign(','),
                TokenKind::Number,
                TokenKind::Sign(','),
                TokenKind::Sign('['),
                TokenKind::Number,
                TokenKind::Range,
                TokenKind::Number,
                TokenKind::Sign(']'),
                TokenKind::Sign(','),
                TokenKind::Quoted("a`b".to_owned()),
                TokenKind::Sign(','),
                TokenKind::Parameter("c d".to_owned()),
            ]
        );
    }

    #[test]
    fn a_token_knows_its_line() {
        let lines: Vec<_> = tokens("a\n/* b\n */ c 'd\n' e")
            .unwrap()
            .into_iter()
            .map(|t| t.line)
            .collect();
        assert_eq!(lines, [1, 3, 3, 4]);
    }

    #[test]
    fn what_does_not_end_is_named() {
        for (text, what, line) in [
            ("a\n'b\n", "text", 2),
            ("\n\n`b", "name in backticks", 3),
            ("/* b", "comment", 1),
        ] {
            assert_eq!(tokens(text), Err(Unfinished { what, line }));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_a_panic(text in "(\\PC|[\n'\"`$/*.\\\\0-9])*") {
            if let Ok(tokens) = tokens(&text) {
                for pair in tokens.windows(2) {
                    prop_assert!(pair[0].span.end <= pair[1].span.start);
                }
            }
        }
    }
}
